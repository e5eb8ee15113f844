//! What agents believe of each topic.

use murmur_core::{AgentId, Purpose, Stance, Step, Stream, TopicId, heap};
use serde::{Deserialize, Serialize};

/// How opinions are spread over a population whose file holds none.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InitialOpinions {
    /// Evenly over [-1, 1].
    #[default]
    Uniform,
    /// Around 0 with a standard deviation of 0.4, cut at -1 and 1.
    Moderate,
    /// Two camps of equal size around -0.6 and 0.6 with a standard deviation of 0.2, cut at -1 and 1.
    Polarized,
}

impl InitialOpinions {
    fn draw(self, draws: &mut Stream) -> Stance {
        let value = match self {
            Self::Uniform => 2.0 * draws.uniform() - 1.0,
            Self::Moderate => 0.4 * draws.normal(),
            Self::Polarized => {
                let camp = if draws.chance(0.5) { 0.6 } else { -0.6 };
                camp + 0.2 * draws.normal()
            }
        };
        Stance::clamped(value as f32)
    }
}

/// The opinions of all agents on all topics: private state, which only reading changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Beliefs {
    topics: usize,
    opinions: Vec<Stance>,
}

impl Beliefs {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        heap::of_column(&self.opinions)
    }

    /// Draws the opinions of `agents` on `topics`, each from its agent's own stream.
    pub fn draw(agents: u32, topics: usize, initial: InitialOpinions, seed: u64) -> Self {
        let opinions = (0..agents)
            .flat_map(|agent| {
                let mut draws = Stream::new(seed, Purpose::Opinion, Step(0), AgentId(agent));
                (0..topics).map(move |_| initial.draw(&mut draws))
            })
            .collect();
        Self { topics, opinions }
    }

    /// The opinions of `agent`, one per topic.
    pub fn of(&self, agent: AgentId) -> &[Stance] {
        &self.opinions[agent.index() * self.topics..][..self.topics]
    }

    /// The opinions of all agents, agent after agent, each one per topic.
    pub fn all(&self) -> &[Stance] {
        &self.opinions
    }

    /// Replaces the opinions of all agents.
    ///
    /// # Panics
    /// When there are not as many as before.
    pub fn set_all(&mut self, opinions: Vec<Stance>) {
        assert_eq!(opinions.len(), self.opinions.len(), "one opinion per agent and topic");
        self.opinions = opinions;
    }

    /// Replaces the opinions of `agent`, one per topic.
    pub fn set(&mut self, agent: AgentId, opinions: &[Stance]) {
        self.opinions[agent.index() * self.topics..][..self.topics].copy_from_slice(opinions);
    }

    /// The opinions of all agents on `topic`, in the order of agents.
    pub fn column(&self, topic: TopicId) -> impl ExactSizeIterator<Item = Stance> + '_ {
        self.opinions.iter().skip(topic.index()).step_by(self.topics).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opinions_are_drawn_with_their_theoretical_mean_and_variance() {
        let check = |initial, variance: f64| {
            let beliefs = Beliefs::draw(20_000, 2, initial, 5);
            for topic in [TopicId(0), TopicId(1)] {
                let column: Vec<f64> = beliefs.column(topic).map(f64::from).collect();
                let mean = column.iter().sum::<f64>() / 20_000.0;
                let spread = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
                assert!(
                    mean.abs() < 0.03 && (spread - variance).abs() < 0.02,
                    "{initial:?}: {mean} {spread}"
                );
            }
        };
        check(InitialOpinions::Uniform, 1.0 / 3.0);
        check(InitialOpinions::Moderate, 0.157);
        check(InitialOpinions::Polarized, 0.396);
    }

    #[test]
    fn an_agents_opinions_do_not_depend_on_how_many_others_there_are() {
        let few = Beliefs::draw(3, 2, InitialOpinions::Uniform, 5);
        let many = Beliefs::draw(100, 2, InitialOpinions::Uniform, 5);
        assert_eq!(few.of(AgentId(2)), many.of(AgentId(2)));
    }
}
