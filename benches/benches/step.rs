//! How long a step takes, and on what it depends: the number of active agents, not of all agents.
//!
//! `cargo bench -p murmur-benches --bench step`. Worlds of 10,000 and 100,000 agents with 20 follows each take steps in
//! turn, so that a slow moment of the machine falls on both; medians are printed. The population as a whole is measured
//! at its cadence, every 20 steps, and costs its own line.

use std::time::Duration;

use murmur_agents::SyntheticConfig;
use murmur_benches::{figure, readable, timed};
use murmur_core::Probability;
use murmur_engine::config::{GraphConfig, PopulationConfig, SyntheticPopulation, TopicConfig};
use murmur_engine::{Config, Simulation};
use murmur_graph::GraphModel;
use murmur_graph::generate::Homophilous;

/// Steps before the clock starts: the pool of posts fills.
const WARM_UP: u32 = 40;
const STEPS: u32 = 60;
const CADENCE: u32 = 20;

fn world(agents: u32, activity: f64) -> Simulation {
    let traits = SyntheticConfig {
        activity: Probability::of(activity),
        hours: vec![1.0; 24],
        activity_spread: 0.0,
        ..SyntheticConfig::default()
    };
    let topic = |name: &str| TopicConfig {
        name: name.to_owned(),
        words: vec![format!("{name} news")],
        ..TopicConfig::default()
    };
    let mut config = Config {
        topic: vec![topic("health"), topic("sport"), topic("politics")],
        population: PopulationConfig::Synthetic(SyntheticPopulation { size: Some(agents), traits }),
        graph: GraphConfig::Generated(GraphModel::Homophilous(Homophilous::default())),
        ..Config::default()
    };
    config.run.steps = WARM_UP + STEPS;
    config.metrics.every = Some(CADENCE);
    config.check().expect("the bench's own configuration");
    let mut simulation = Simulation::new(config).expect("no input files");
    for _ in 0..WARM_UP {
        simulation.step().expect("nothing is written");
    }
    simulation
}

/// What the steps of a world took.
#[derive(Default)]
struct Steps {
    /// Steps without the population's measures.
    plain: Vec<Duration>,
    /// Steps with them.
    measured: Vec<Duration>,
    active: Vec<usize>,
}

impl Steps {
    fn take(&mut self, simulation: &mut Simulation) {
        let step = timed(|| simulation.step().expect("nothing is written"));
        let measures_all = step.value.step.0.is_multiple_of(CADENCE) || simulation.is_finished();
        if measures_all { &mut self.measured } else { &mut self.plain }.push(step.time);
        self.active.push(step.value.active);
    }

    /// Prints the figures; returns the median step.
    fn print(&self, what: &str) -> Duration {
        let plain = middle(&self.plain);
        figure(&format!("{what}: active in a step"), &middle(&self.active).to_string());
        figure(&format!("{what}: median step"), &readable(plain));
        let population = middle(&self.measured).saturating_sub(plain);
        figure(&format!("{what}: measuring everybody adds"), &readable(population));
        plain
    }
}

fn middle<T: Ord + Copy>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn main() {
    let mut worlds = [world(100_000, 0.1), world(100_000, 0.01), world(10_000, 0.1)];
    let mut steps: [Steps; 3] = Default::default();
    for _ in 0..STEPS {
        for (simulation, steps) in worlds.iter_mut().zip(&mut steps) {
            steps.take(simulation);
        }
    }
    let [dense, sparse, small] = &mut steps;
    dense.print("100,000 agents, 10 % active");
    let sparse = sparse.print("100,000 agents,  1 % active");
    let small = small.print(" 10,000 agents, 10 % active");
    figure(
        "100,000 against 10,000 agents, as many active",
        &format!("{:.2} times", sparse.div_duration_f64(small)),
    );
}
