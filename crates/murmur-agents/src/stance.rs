//! Where a text that a language model wrote stands on its topic: read off its words, its vector, or both.
//!
//! None of these understands what it reads. How often each is right is in `docs/memory.md`.

mod lexicon;

use murmur_core::{Phrase, Slant, Stance, TopicId};
use murmur_store::Phrasebook;
use serde::{Deserialize, Serialize};

pub use lexicon::Lexicon;

/// How the stance of a text is found that does not come with one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StanceConfig {
    /// How.
    pub method: StanceMethod,
    /// What the difference between the cosines with the texts for and against is multiplied by. The default suits `both`
    /// with the embedder that is part of the program; with `anchors` alone about 15 does.
    pub gain: f64,
}

/// How the stance of a text is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StanceMethod {
    /// By words of approval and disapproval.
    Lexicon,
    /// By how near its vector is to those of texts for and against the topic.
    Anchors,
    /// By the sum of these two.
    #[default]
    Both,
    /// By asking the model.
    Model,
}

impl Default for StanceConfig {
    fn default() -> Self {
        Self { method: StanceMethod::default(), gain: 4.0 }
    }
}

impl StanceConfig {
    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        let is_fine = self.gain > 0.0 && self.gain <= 1000.0;
        (!is_fine).then(|| format!("stance.gain: expected a number above 0, up to 1000, found {}", self.gain))
    }
}

/// Reads the stances of texts on one topic.
#[derive(Clone, Debug)]
pub struct StanceReader {
    config: StanceConfig,
    lexicon: Lexicon,
    anchors: Anchors,
}

impl StanceReader {
    /// A reader for the topic of this lexicon and these anchors.
    pub fn new(config: &StanceConfig, lexicon: Lexicon, anchors: Anchors) -> Self {
        Self { config: config.clone(), lexicon, anchors }
    }

    /// The stance of a text with this unit vector. With [`StanceMethod::Model`], which is for the caller to ask, this is
    /// what [`StanceMethod::Both`] gives, for a model that does not answer.
    pub fn read(&self, text: &str, vector: &[f32]) -> Stance {
        let by_words = || self.lexicon.stance(text);
        let by_vector = || self.anchors.stance(vector, self.config.gain);
        match self.config.method {
            StanceMethod::Lexicon => by_words(),
            StanceMethod::Anchors => by_vector(),
            StanceMethod::Both | StanceMethod::Model => Stance::clamped(by_words().get() + by_vector().get()),
        }
    }
}

/// Texts for and against a topic, whose vectors are its anchors.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnchorTexts {
    /// Texts fully for it.
    pub pro: Vec<String>,
    /// Texts fully against it.
    pub con: Vec<String>,
}

impl AnchorTexts {
    /// The phrasebook's sentences of the two strong slants about `topic`: for each of its words every template.
    pub fn of_phrasebook(book: &Phrasebook, topic: TopicId) -> Self {
        let words = book.topics()[topic.index()].words.len().min(8) as u8;
        let sentences = |slant| {
            let picks = (0..words).flat_map(|word| (0..6).map(move |template| (template, word)));
            picks
                .map(|(template, word)| {
                    // The same openers on both sides, so that they make no difference.
                    let picks = [template, word, word.wrapping_add(1), 0];
                    book.render(&Phrase { topic, slant, template, picks })
                })
                .collect()
        };
        Self { pro: sentences(Slant::StronglyFor), con: sentences(Slant::StronglyAgainst) }
    }
}

/// What tells texts for a topic from texts against it: the mean vector of the former less that of the latter.
///
/// The stance of a text is `gain` times the inner product of its vector with that, within [-1, 1]: the difference between
/// its mean cosines with the texts for and against. (Own; a topic's own part is in both means, and so drops out.)
#[derive(Clone, PartialEq, Debug)]
pub struct Anchors {
    direction: Box<[f32]>,
}

impl Anchors {
    /// Anchors from the unit vectors of texts for (`pro`) and against (`con`) a topic, all of the same length. A side
    /// without any is nowhere.
    pub fn new<V: AsRef<[f32]>>(pro: &[V], con: &[V]) -> Self {
        let length = pro.iter().chain(con).map(|vector| vector.as_ref().len()).max().unwrap_or(0);
        let mut direction = vec![0.0; length];
        for (side, sign) in [(pro, 1.0), (con, -1.0)] {
            let share = sign / side.len().max(1) as f32;
            for vector in side {
                direction.iter_mut().zip(vector.as_ref()).for_each(|(sum, x)| *sum += share * x);
            }
        }
        Self { direction: direction.into() }
    }

    /// The stance of a text with this unit vector.
    pub fn stance(&self, vector: &[f32], gain: f64) -> Stance {
        let difference = self.direction.iter().zip(vector).fold(0.0, |sum, (a, b)| sum + a * b);
        Stance::clamped(gain as f32 * difference)
    }

    /// Anchors halfway between these and others, such as those of a topic's own texts.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.direction.iter_mut().zip(&other.direction).for_each(|(x, other)| *x = 0.5 * (*x + other));
        self
    }
}

#[cfg(test)]
mod tests {
    use murmur_store::Vocabulary;

    use super::*;

    #[test]
    fn anchors_give_the_difference_of_mean_cosines() {
        let anchors = Anchors::new(&[[1.0, 0.0], [0.6, 0.8]], &[[0.0, 1.0]]);
        let check = |vector: [f32; 2], gain, expected: f32| {
            assert!((anchors.stance(&vector, gain).get() - expected).abs() < 1e-6, "{vector:?}");
        };
        check([1.0, 0.0], 1.0, 0.8);
        check([0.0, 1.0], 1.0, -0.6);
        check([0.0, 1.0], 0.5, -0.3);
        check([1.0, 0.0], 2.0, 1.0);
        check([f32::NAN, 0.0], 1.0, 0.0);
        assert_eq!(Anchors::new::<[f32; 2]>(&[], &[]).stance(&[1.0, 0.0], 1.0), Stance::default());
        let other = Anchors::new(&[[0.0, 1.0]], &[[0.0, 1.0]]);
        assert!((anchors.and(&other).stance(&[1.0, 0.0], 1.0).get() - 0.4).abs() < 1e-6);
    }

    #[test]
    fn the_phrasebooks_anchors_differ_in_their_slant_alone() {
        let words = ["dose", "trial"].map(str::to_owned).into();
        let book = Phrasebook::new(vec![Vocabulary { name: "the vaccine".to_owned(), words }]);
        let texts = AnchorTexts::of_phrasebook(&book, TopicId(0));
        assert_eq!((texts.pro.len(), texts.con.len()), (12, 12));
        assert_eq!(texts.pro[0], "Honestly, the vaccine is the best thing in years, thanks to dose.");
        assert_eq!(texts.con[0], "Honestly, the vaccine is a disgrace, and dose proves it.");
        assert_eq!(texts.con[7], "Look, nobody should trust the vaccine after trial and dose.");
    }

    #[test]
    fn a_gain_is_a_positive_number() {
        assert_eq!(StanceConfig::default().fault(), None);
        for gain in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let fault = StanceConfig { gain, ..StanceConfig::default() }.fault().unwrap();
            assert!(fault.starts_with("stance.gain: expected a number above 0"), "{fault}");
        }
    }
}
