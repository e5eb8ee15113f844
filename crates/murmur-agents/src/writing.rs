//! What behavioural agents write: previous posts where a persona has some, else phrases of the phrasebook.

use murmur_core::{AgentId, Draft, Phrase, Slant, Stance, Stream, Text, TopicId};

use crate::{Beliefs, Population};

/// Makes drafts in an agent's voice; they have no vectors yet.
pub struct Writer<'a> {
    /// Who writes.
    pub population: &'a Population,
    /// What they believe: a text leans the way its author does.
    pub beliefs: &'a Beliefs,
}

impl Writer<'_> {
    /// A post of the agent's own: one of its previous posts if it has any, else a phrase on one of its interests.
    /// `None` for an agent with neither.
    pub fn post(&self, agent: AgentId, draws: &mut Stream) -> Option<Draft> {
        let previous = self.population.previous_posts(agent);
        if !previous.is_empty() {
            let post = &previous[draws.below(previous.len() as u32) as usize];
            return Some(self.draft(agent, Text::Own(post.text.clone()), post.topic));
        }
        let interests = self.population.interests(agent);
        if interests.is_empty() {
            return None;
        }
        let nth = draws.below(interests.len()) as usize;
        let topic = interests.topics().nth(nth).expect("below the number of interests");
        Some(self.phrase(agent, topic, draws))
    }

    /// The agent's answer to a text on `topic`; without a topic it answers on one of its interests.
    pub fn reply(&self, agent: AgentId, topic: Option<TopicId>, draws: &mut Stream) -> Option<Draft> {
        match topic {
            Some(topic) => Some(self.phrase(agent, topic, draws)),
            None => self.post(agent, draws),
        }
    }

    fn phrase(&self, agent: AgentId, topic: TopicId, draws: &mut Stream) -> Draft {
        let slant = Slant::of(self.stance(agent, topic));
        let template = draws.next_u32() as u8;
        let phrase = Phrase { topic, slant, template, picks: draws.next_u32().to_le_bytes() };
        self.draft(agent, Text::Phrase(phrase), Some(topic))
    }

    fn draft(&self, agent: AgentId, text: Text, topic: Option<TopicId>) -> Draft {
        let stance = topic.map_or(Stance::default(), |topic| self.stance(agent, topic));
        Draft { text, topic, stance, vector: Box::default() }
    }

    fn stance(&self, agent: AgentId, topic: TopicId) -> Stance {
        self.beliefs.of(agent)[topic.index()]
    }
}
