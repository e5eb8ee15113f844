//! What do the measures of division cost, at 10 thousand agents and at a million?
//!
//!     cargo bench -p murmur-benches --bench division [AGENTS…]

#![allow(clippy::print_stdout)]

use std::time::Instant;

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_graph::generate::Homophilous;
use murmur_graph::{FollowGraph, GraphModel, generate};
use murmur_metrics::division::{
    Copies, DivisionSettings, Partition, Ties, communities, divide_network, reading,
};

fn main() {
    let given: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![10_000, 1_000_000] } else { given };
    for agents in sizes {
        measure(agents);
    }
}

/// Prints how long `work` took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    println!(
        "{what:<60} {:8.1} s, at most {:5.2} GB so far",
        start.elapsed().as_secs_f64(),
        peak_gigabytes()
    );
    made
}

/// The most memory that the process has had, as Linux tells; 0 elsewhere.
fn peak_gigabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0.0) / 1e6
}

fn measure(agents: u32) {
    let interests: Vec<u64> = (0..agents).map(|agent| 1 << (agent % 2)).collect();
    let model = GraphModel::Homophilous(Homophilous::default());
    let graph = generate(&model, agents, &interests, 1).expect("so many agents can be drawn").graph;
    println!("{agents} agents, {} follows", graph.follow_count());
    let partition = sides(agents);
    let ties = timed("ties of the follow graph", || ties_of(&graph));
    drop(graph);
    let settings = DivisionSettings { rewirings: 0, ..Default::default() };
    timed("communities of the whole", || communities(&ties.undirected(), 1));
    timed("the network, without rewiring", || {
        divide_network(&ties, std::slice::from_ref(&partition), &settings)
    });
    let settings = DivisionSettings { rewirings: 100, ..Default::default() };
    let found = timed("the network, 100 rewirings", || {
        divide_network(&ties, std::slice::from_ref(&partition), &settings)
    });
    println!(
        "  {:?}\n  {:?}\n  {:?}",
        found.sample, found.community_modularity, found.partitions[0].controversy
    );

    let mut draws = Stream::new(2, Purpose::Graph, Step(0), AgentId(0));
    let copies: Vec<[u32; 2]> =
        (0..20 * agents).map(|_| [draws.below(agents), draws.below(agents)]).collect();
    let makers: Vec<u32> = (0..agents).map(|item| (item + 1) % agents).collect();
    let stances = partition.leanings.as_deref();
    let copies = Copies { copies: &copies, makers: &makers, stances, groups: &partition.groups };
    timed("20 reads per agent, 100 rewirings", || reading(&copies, &settings));
}

fn ties_of(graph: &FollowGraph) -> Ties {
    let follows = |agent| graph.followees(AgentId(agent)).iter().map(move |followee| [agent, followee.0]);
    Ties::new((0..graph.agents()).flat_map(follows).collect())
}

/// Sides that go with interests, by three in four.
fn sides(agents: u32) -> Partition {
    let mut draws = Stream::new(3, Purpose::Graph, Step(0), AgentId(0));
    let leaning = |agent: u32| {
        let own = if draws.chance(0.75) { agent % 2 } else { 1 - agent % 2 };
        (if own == 0 { -1.0 } else { 1.0 }) * draws.uniform() as f32
    };
    Partition::by_sign((0..agents).map(leaning).collect())
}
