//! What opinions, emotions and beliefs add to a step.
//!
//! `cargo bench -p murmur-benches --bench inner`. Worlds of 100,000 agents, alike but for what reading does to them, take
//! steps in turn, so that a slow moment of the machine falls on all; each world's median step is compared with that of the
//! world in which opinions are fixed.

use std::time::Duration;

use murmur_agents::{ClaimConfig, SyntheticConfig};
use murmur_benches::{figure, readable, timed};
use murmur_core::{Probability, Stance};
use murmur_engine::config::{GraphConfig, PopulationConfig, SeedPost, SyntheticPopulation, TopicConfig};
use murmur_engine::{Config, Simulation};
use murmur_graph::GraphModel;
use murmur_graph::generate::Homophilous;

/// Steps before the clock starts: the pool of posts fills.
const WARM_UP: u32 = 20;
const STEPS: u32 = 40;

/// What each world has, in TOML.
const WORLDS: [(&str, &str); 10] = [
    ("fixed", "[opinion.model]\nkind = \"fixed\""),
    ("degroot", "[opinion.model]\nkind = \"degroot\""),
    ("friedkin-johnsen", "[opinion.model]\nkind = \"friedkin-johnsen\""),
    ("bounded-confidence", "[opinion.model]\nkind = \"bounded-confidence\""),
    ("hegselmann-krause", "[opinion.model]\nkind = \"hegselmann-krause\"\nconfidence = 0.6"),
    ("assimilation-repulsion", "[opinion.model]\nkind = \"assimilation-repulsion\""),
    ("voter", "[opinion.model]\nkind = \"voter\""),
    ("majority", "[opinion.model]\nkind = \"majority\""),
    ("fixed, with emotions", "[opinion.model]\nkind = \"fixed\"\n[emotion]\nenabled = true"),
    ("all: bounded confidence, emotions, a claim", "[emotion]\nenabled = true"),
];

fn world(name: &str, toml: &str) -> Simulation {
    let traits = SyntheticConfig {
        activity: Probability::of(0.05),
        hours: vec![1.0; 24],
        activity_spread: 0.0,
        ..SyntheticConfig::default()
    };
    let topic = |name: &str| TopicConfig {
        name: name.to_owned(),
        words: vec![format!("{name} news")],
        ..TopicConfig::default()
    };
    let own: Config = toml::from_str(toml).expect("the bench's own configuration");
    let mut config = Config {
        topic: vec![topic("health"), topic("sport"), topic("politics")],
        population: PopulationConfig::Synthetic(SyntheticPopulation { size: Some(100_000), traits }),
        graph: GraphConfig::Generated(GraphModel::Homophilous(Homophilous::default())),
        ..own
    };
    if name.starts_with("all") {
        let claim = "name = \"cure\"\ntruth = false";
        let claim: ClaimConfig = toml::from_str(claim).expect("the bench's own claim");
        config.claim = vec![claim];
        config.seed_post = vec![SeedPost {
            name: None,
            author: 0,
            step: 0,
            topic: "health".to_owned(),
            stance: Stance::clamped(-1.0),
            text: "It cures all.".to_owned(),
            claim: Some("cure".to_owned()),
            asserts: true,
        }];
    }
    config.run.steps = WARM_UP + STEPS;
    // The population as a whole is measured outside the steps that count.
    config.metrics.every = Some(WARM_UP + STEPS);
    config.check().expect("the bench's own configuration");
    let mut simulation = Simulation::new(config).expect("no input files");
    for _ in 0..WARM_UP {
        simulation.step().expect("nothing is written");
    }
    simulation
}

fn middle(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn main() {
    let mut worlds = WORLDS.map(|(name, toml)| world(name, toml));
    let mut times: [Vec<Duration>; WORLDS.len()] = Default::default();
    let mut active = 0;
    for _ in 0..STEPS {
        for (simulation, times) in worlds.iter_mut().zip(&mut times) {
            let step = timed(|| simulation.step().expect("nothing is written"));
            active = step.value.active;
            times.push(step.time);
        }
    }
    figure("active in the last step", &active.to_string());
    let fixed = middle(&times[0]);
    for ((name, _), times) in WORLDS.iter().zip(&times) {
        let median = middle(times);
        let more = 100.0 * (median.div_duration_f64(fixed) - 1.0);
        figure(&format!("{name}: median step"), &format!("{} ({more:+.1} %)", readable(median)));
    }
}
