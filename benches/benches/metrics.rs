//! What do the costly metrics cost at the sizes they are taken at?
//!
//!     cargo bench -p murmur-benches --bench metrics

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use murmur_core::Follow;
use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_graph::{FollowGraph, Projection, Undirected};
use murmur_metrics::{OpinionSummary, opinion_network, spread_of};

const REPEATS: usize = 9;

/// Prints the median time of `work`.
fn measure<T>(what: &str, mut work: impl FnMut() -> T) {
    let mut millis: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    println!("{what:<60} {:8.1} ms", millis[REPEATS / 2]);
}

fn main() {
    let mut draws = Stream::new(1, Purpose::Graph, Step(0), AgentId(0));

    const NODES: u32 = 1_000_000;
    let parents: Vec<_> = (0..NODES).map(|node| (node > 0).then(|| draws.below(node))).collect();
    measure("spread of a random tree of 1M nodes", || spread_of(&parents));

    let opinions: Vec<f64> = (0..NODES).map(|_| 2.0 * draws.uniform() - 1.0).collect();
    measure("summary of 1M opinions", || OpinionSummary::of(opinions.iter().copied()));

    const AGENTS: u32 = 100_000;
    const EDGES: usize = 2_000_000;
    let opinions = &opinions[..AGENTS as usize];
    let edges: Vec<[u32; 2]> = (0..EDGES).map(|_| [draws.below(AGENTS), draws.below(AGENTS)]).collect();
    let undirected = Undirected::from_edges(AGENTS, &edges);
    measure("opinions on a graph of 100k nodes and 2M edges", || opinion_network(&undirected, opinions));

    let follow = |&[a, b]: &[u32; 2]| Follow { follower: AgentId(a), followee: AgentId(b) };
    let follows = FollowGraph::from_edges(AGENTS, edges.iter().map(follow).collect()).graph;
    measure("the same on the projection of 2M follows", || opinion_network(&Projection(&follows), opinions));
}
