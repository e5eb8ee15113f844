//! Personas made up: interests, hours and productivity drawn for any number of agents.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream, TopicId};
use murmur_store::Vocabulary;
use serde::{Deserialize, Serialize};

use crate::{Hours, Interests, Persona};

/// How synthetic agents differ.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Mean number of topics that an agent cares about, at least 1.
    pub topics_per_agent: f64,
    /// Mean probability that an agent is active within 3 minutes, over agents and hours.
    pub activity: Probability,
    /// The same for the core accounts of a graph of kind `homophilous`, the first `graph.core_accounts` agents. Default: as
    /// for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_activity: Option<Probability>,
    /// Relative activity in each of the 24 hours of the day, from midnight; scaled to a mean of 1.
    pub hours: Vec<f64>,
    /// Standard deviation of the logarithm of an agent's activity: 0 (all agents alike) to 3.
    pub activity_spread: f64,
    /// Standard deviation of the logarithm of an agent's productivity: 0 (all agents alike) to 3.
    pub productivity_spread: f64,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            topics_per_agent: 1.5,
            activity: Probability::of(0.02),
            core_activity: None,
            hours: vec![
                0.45, 0.25, 0.15, 0.1, 0.1, 0.15, 0.35, 0.7, 1.0, 1.1, 1.15, 1.2, 1.35, 1.25, 1.15, 1.15,
                1.2, 1.3, 1.4, 1.55, 1.75, 1.8, 1.5, 0.9,
            ],
            activity_spread: 0.8,
            productivity_spread: 1.0,
        }
    }
}

impl SyntheticConfig {
    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        let bad_hour = |&hour: &f64| !hour.is_finite() || hour < 0.0;
        if self.hours.len() != 24 || self.hours.iter().any(bad_hour) || self.hours.iter().sum::<f64>() == 0.0
        {
            return Some(format!(
                "population.traits.hours: expected 24 numbers from 0 up, not all 0, found {:?}",
                self.hours
            ));
        }
        let number = |key: &str, value: f64, least: f64, most: f64| {
            (!(least..=most).contains(&value)).then(|| {
                format!("population.traits.{key}: expected a number from {least} to {most}, found {value}")
            })
        };
        number("topics_per_agent", self.topics_per_agent, 1.0, 64.0)
            .or_else(|| number("activity_spread", self.activity_spread, 0.0, 3.0))
            .or_else(|| number("productivity_spread", self.productivity_spread, 0.0, 3.0))
    }
}

/// Makes personas, each a function of the seed and its agent alone.
pub struct Synthesizer<'a> {
    /// How agents differ.
    pub config: &'a SyntheticConfig,
    /// The topics of the run; at most [`Interests::MOST_TOPICS`].
    pub topics: &'a [Vocabulary],
    /// Number of core accounts, the first agents.
    pub core_accounts: u32,
    /// The seed of the run.
    pub seed: u64,
}

impl Synthesizer<'_> {
    /// The persona of `agent`, without a vector yet. Its label is the topic it cares about most.
    pub fn persona(&self, agent: AgentId) -> Persona {
        let mut draws = Stream::new(self.seed, Purpose::Population, Step(0), agent);
        let activity = log_normal(&mut draws, self.config.activity_spread);
        let productivity = log_normal(&mut draws, self.config.productivity_spread) as f32;
        let topics = self.topics_of(&mut draws);
        let interests = topics.iter().fold(Interests::default(), |all, &topic| all.with(topic));
        let bio = self.bio(&topics);
        Persona {
            user_name: format!("user{agent}").into(),
            name: format!("User {agent}").into(),
            interests,
            hours: Some(self.hours(agent, activity)),
            productivity,
            label: topics.first().map(|topic| self.topics[topic.index()].name.as_str().into()),
            previous_posts: Vec::new(),
            vector: Box::default(),
            bio: bio.into(),
            character: None,
        }
    }

    /// 1 + Poisson distinct topics, the favourite first.
    fn topics_of(&self, draws: &mut Stream) -> Vec<TopicId> {
        let count = 1 + draws.poisson(self.config.topics_per_agent - 1.0) as usize;
        let mut topics: Vec<TopicId> = (0..self.topics.len() as u16).map(TopicId).collect();
        draws.shuffle(&mut topics);
        topics.truncate(count);
        topics
    }

    fn bio(&self, topics: &[TopicId]) -> String {
        let said: Vec<String> = topics
            .iter()
            .map(|topic| {
                let vocabulary = &self.topics[topic.index()];
                format!("{} ({})", vocabulary.name, vocabulary.words.join(", "))
            })
            .collect();
        if said.is_empty() {
            "Here to look around.".to_owned()
        } else {
            format!("Here for {}.", said.join(" and "))
        }
    }

    /// Hours of an agent that is `activity` times as active as those of its kind.
    fn hours(&self, agent: AgentId, activity: f64) -> Hours {
        let of_core = self.config.core_activity.filter(|_| agent.0 < self.core_accounts);
        let mean = self.config.hours.iter().sum::<f64>() / 24.0;
        let base = of_core.unwrap_or(self.config.activity).get() * activity / mean;
        std::array::from_fn(|hour| Probability::of((base * self.config.hours[hour]).min(1.0)))
    }
}

/// A log-normal number of mean 1 whose logarithm has standard deviation `spread`.
fn log_normal(draws: &mut Stream, spread: f64) -> f64 {
    libm::exp(spread * draws.normal() - spread * spread / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn personas(config: &SyntheticConfig, count: u32) -> Vec<Persona> {
        let topics: Vec<Vocabulary> = ["tea", "bees", "rain"]
            .map(|name| Vocabulary { name: name.to_owned(), words: vec![name.to_owned()] })
            .to_vec();
        let synthesizer = Synthesizer { config, topics: &topics, core_accounts: 4, seed: 3 };
        (0..count).map(|agent| synthesizer.persona(AgentId(agent))).collect()
    }

    #[test]
    fn activity_has_the_configured_mean_and_follows_the_hours() {
        let config = SyntheticConfig { activity_spread: 0.5, ..Default::default() };
        let personas = personas(&config, 20_000);
        let mean_at = |hour: usize| {
            personas.iter().map(|p| p.hours.unwrap()[hour].get()).sum::<f64>() / personas.len() as f64
        };
        let means: Vec<f64> = (0..24).map(mean_at).collect();
        let mean = means.iter().sum::<f64>() / 24.0;
        assert!((mean / 0.02 - 1.0).abs() < 0.03, "{mean}");
        assert!((means[21] / means[3] / 18.0 - 1.0).abs() < 1e-9, "{means:?}");
    }

    #[test]
    fn core_accounts_are_as_active_as_is_said_of_them() {
        let core_activity = Some(Probability::of(0.1));
        let config = SyntheticConfig { core_activity, activity_spread: 0.0, ..Default::default() };
        let mean = |persona: &Persona| persona.hours.unwrap().iter().map(|p| p.get()).sum::<f64>() / 24.0;
        let means: Vec<f64> = personas(&config, 6).iter().map(mean).collect();
        for (mean, expected) in means.iter().zip([0.1, 0.1, 0.1, 0.1, 0.02, 0.02]) {
            assert!((mean / expected - 1.0).abs() < 1e-9, "{means:?}");
        }
    }

    #[test]
    fn interests_are_at_least_one_and_never_more_than_there_are() {
        let config = SyntheticConfig { topics_per_agent: 2.5, ..Default::default() };
        let personas = personas(&config, 5_000);
        assert!(personas.iter().all(|p| (1..=3).contains(&p.interests.len())));
        assert!(personas.iter().all(|p| p.label.is_some()));
    }

    #[test]
    fn faults_name_the_key() {
        let check = |config: SyntheticConfig, expected: &str| {
            assert!(config.fault().unwrap().starts_with(expected), "{:?}", config.fault());
        };
        check(
            SyntheticConfig { hours: vec![1.0; 23], ..Default::default() },
            "population.traits.hours: expected 24",
        );
        check(
            SyntheticConfig { topics_per_agent: 0.5, ..Default::default() },
            "population.traits.topics_per_agent",
        );
        check(
            SyntheticConfig { activity_spread: f64::NAN, ..Default::default() },
            "population.traits.activity_spread",
        );
        assert_eq!(SyntheticConfig::default().fault(), None);
    }
}
