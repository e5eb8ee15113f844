//! What agents feel and which claims they believe, over the whole population and by group.

use murmur_agents::{ClaimConfig, Level, Mood, credence};
use murmur_core::{Step, TopicId};
use rayon::prelude::*;

use super::{Groups, Measure, Scope};
use crate::World;
use crate::config::TopicConfig;

/// The most groups by which beliefs in claims are measured: the first that agents show.
const MOST_GROUPS: usize = 32;

/// What is felt about each topic, where emotions are simulated.
pub(super) fn emotions(world: &World, now: Step) -> Vec<Measure> {
    if !world.emotions.config().enabled {
        return Vec::new();
    }
    let next = Step(now.0 + 1);
    let of_topic = |(place, topic): (usize, &TopicConfig)| {
        let mut totals = MoodTotals::default();
        for agent in world.population.agents() {
            totals.add(world.emotions.mood(agent, TopicId(place as u16), next, &world.clock));
        }
        totals.list(&topic.name)
    };
    world.config.topic.par_iter().enumerate().flat_map_iter(of_topic).collect()
}

/// Sums over all agents, in their order.
#[derive(Default)]
struct MoodTotals {
    agents: u64,
    arousal: f64,
    valence: f64,
    /// Agents at each level.
    levels: [u64; Level::ALL.len()],
}

impl MoodTotals {
    fn add(&mut self, mood: Mood) {
        self.agents += 1;
        self.arousal += f64::from(mood.arousal);
        self.valence += f64::from(mood.valence);
        self.levels[mood.level() as usize] += 1;
    }

    fn list(&self, topic: &str) -> [Measure; 5] {
        let agents = self.agents as f64;
        let [calm, moderate, intense] = self.levels.map(|count| count as f64 / agents);
        [
            ("arousal_mean", self.arousal / agents),
            ("valence_mean", self.valence / agents),
            ("calm_share", calm),
            ("moderate_share", moderate),
            ("intense_share", intense),
        ]
        .map(|(name, value)| Measure {
            scope: Scope::Emotion,
            subject: Some(topic.to_owned()),
            name,
            value: Some(value),
        })
    }
}

/// Who believes each claim and who has met it, over all agents and by group.
pub(super) fn claims(world: &World, groups: Option<&Groups>) -> Vec<Measure> {
    let of_claim = |(place, claim): (usize, &ClaimConfig)| {
        let count = groups.map_or(0, |groups| groups.names.len().min(MOST_GROUPS));
        let mut totals = vec![ClaimTotals::default(); 1 + count];
        for agent in world.population.agents() {
            let credence = credence(world.credences.of(agent)[place]);
            let is_exposed = world.credences.exposed(place).contains(agent);
            totals[0].add(credence, is_exposed);
            let group = groups.map(|groups| 1 + groups.of_agent[agent.index()] as usize);
            if let Some(total) = group.and_then(|group| totals.get_mut(group)) {
                total.add(credence, is_exposed);
            }
        }
        let mut measures = Vec::new();
        totals[0].list(&claim.name, &mut measures);
        for (group, totals) in groups.iter().flat_map(|groups| &groups.names).zip(&totals[1..]) {
            totals.list(&format!("{}/{group}", claim.name), &mut measures);
        }
        measures
    };
    world.config.claim.par_iter().enumerate().flat_map_iter(of_claim).collect()
}

/// Sums over the agents of a group, in their order.
#[derive(Clone, Copy, Default)]
struct ClaimTotals {
    agents: u64,
    credence: f64,
    believers: u64,
    exposed: u64,
}

impl ClaimTotals {
    fn add(&mut self, credence: f64, is_exposed: bool) {
        self.agents += 1;
        self.credence += credence;
        self.believers += u64::from(credence > 0.5);
        self.exposed += u64::from(is_exposed);
    }

    fn list(&self, subject: &str, measures: &mut Vec<Measure>) {
        let agents = self.agents as f64;
        let values = [
            ("credence_mean", self.credence / agents),
            ("believers_share", self.believers as f64 / agents),
            ("exposed_share", self.exposed as f64 / agents),
        ];
        measures.extend(values.map(|(name, value)| Measure {
            scope: Scope::Claim,
            subject: Some(subject.to_owned()),
            name,
            value: Some(value),
        }));
    }
}
