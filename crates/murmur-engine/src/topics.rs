//! The topics of a run, and which of them a text is near to.

use murmur_agents::{AnchorTexts, Anchors, Interests, Lexicon, StanceReader};
use murmur_core::{AgentId, Purpose, Step, Stream, TopicId};
use murmur_recsys::dot;
use murmur_store::{Phrasebook, Vocabulary};

use crate::config::TopicConfig;
use crate::embedding::Embedding;
use crate::{Config, EngineError};

/// From this cosine on a text counts as being about a topic: texts that have nothing in common reach it rarely, by the
/// hashed embedder (twice its standard error) as by the static one.
const NEAR: f32 = 0.25;

/// The vocabularies with their vectors.
#[derive(Debug)]
pub(crate) struct Topics {
    pub(crate) vocabularies: Vec<Vocabulary>,
    vectors: Vec<Box<[f32]>>,
}

impl Topics {
    pub(crate) fn new(config: &Config, embedding: &Embedding) -> Result<Self, EngineError> {
        let vocabularies: Vec<Vocabulary> = config
            .topic
            .iter()
            .map(|topic| {
                let name = topic.name.clone();
                let words = if topic.words.is_empty() { vec![name.clone()] } else { topic.words.clone() };
                Vocabulary { name, words }
            })
            .collect();
        let texts: Vec<String> =
            vocabularies.iter().map(|topic| format!("{} {}", topic.name, topic.words.join(" "))).collect();
        let vectors = embedding.embed_all(&texts)?;
        Ok(Self { vocabularies, vectors })
    }

    /// What tells where a text stands, for each topic.
    ///
    /// # Errors
    /// When a text cannot be embedded.
    pub(crate) fn stance_readers(
        &self,
        config: &Config,
        embedding: &Embedding,
        phrasebook: &Phrasebook,
    ) -> Result<Vec<StanceReader>, EngineError> {
        if config.model.is_empty() {
            return Ok(Vec::new());
        }
        let anchors = |pro: &[String], con: &[String]| -> Result<Anchors, EngineError> {
            Ok(Anchors::new(&embedding.embed_all(pro)?, &embedding.embed_all(con)?))
        };
        let reader = |(topic, words): (TopicId, &TopicConfig)| {
            let about: Vec<&str> =
                self.vocabularies[topic.index()].words.iter().map(String::as_str).collect();
            let [pro, con] = [&words.words_for, &words.words_against]
                .map(|words| words.iter().map(String::as_str).collect::<Vec<&str>>());
            let own = anchors(&words.texts_for, &words.texts_against)?;
            let common = AnchorTexts::of_phrasebook(phrasebook, topic);
            let common = anchors(&common.pro, &common.con)?;
            let has_own = !words.texts_for.is_empty() && !words.texts_against.is_empty();
            let anchors = if has_own { common.and(&own) } else { common };
            Ok(StanceReader::new(&config.stance, Lexicon::new(&pro, &con, &about), anchors))
        };
        (0..).map(TopicId).zip(&config.topic).map(reader).collect()
    }

    /// The topic that a text is about, if it is near to one.
    pub(crate) fn of_text(&self, vector: &[f32]) -> Option<TopicId> {
        let (topic, cosine) = self.nearest(vector)?;
        (cosine >= NEAR).then_some(topic)
    }

    /// The topics that somebody described by this vector cares about: those near to it, or else the nearest. `None` for
    /// somebody of whom nothing is said that any topic has to do with.
    pub(crate) fn of_person(&self, vector: &[f32]) -> Option<Interests> {
        if vector.iter().all(|&x| x == 0.0) {
            return None;
        }
        let near = self.cosines(vector).filter(|(_, cosine)| *cosine >= NEAR);
        let interests = near.fold(Interests::default(), |all, (topic, _)| all.with(topic));
        match self.nearest(vector) {
            Some((topic, cosine)) if interests.is_empty() => (cosine > 0.0).then(|| interests.with(topic)),
            _ => Some(interests),
        }
    }

    /// One topic at random, for an agent of whom nothing is said.
    pub(crate) fn any(&self, seed: u64, agent: AgentId) -> Interests {
        let mut draws = Stream::new(seed, Purpose::Population, Step(0), agent);
        Interests::default().with(TopicId(draws.below(self.vectors.len() as u32) as u16))
    }

    fn nearest(&self, vector: &[f32]) -> Option<(TopicId, f32)> {
        // Of equally near topics the first.
        self.cosines(vector).reduce(|best, other| if other.1 > best.1 { other } else { best })
    }

    fn cosines<'a>(&'a self, vector: &'a [f32]) -> impl Iterator<Item = (TopicId, f32)> + 'a {
        (0..).map(TopicId).zip(self.vectors.iter().map(move |topic| dot(topic, vector)))
    }
}
