//! Communities, found by the Leiden algorithm.

use std::collections::BTreeMap;

use leiden_rs::{GraphData, GraphDataBuilder, Leiden, LeidenConfig, LeidenOutput, Partition};
use murmur_graph::{Undirected, UndirectedView};

use crate::label_mixing;

/// A partition of a graph's nodes by who is tied to whom.
#[derive(Clone, PartialEq, Debug)]
pub struct Communities {
    /// The community of each node, numbered from 0 in the order in which nodes show them.
    pub of: Vec<u32>,
    /// How many there are.
    pub count: u32,
    /// Modularity of the partition. `None` without edges.
    pub modularity: Option<f64>,
}

/// What merging must add to modularity to be worth going on for.
const LEAST_GAIN: f64 = 1e-9;

/// The communities of an undirected graph, so chosen as to make modularity (at resolution 1) large, by the Leiden
/// algorithm (Traag, Waltman and van Eck, Scientific Reports 9, 2019). The same seed gives the same communities.
///
/// The library's runs end when no part of a community gains by moving, which leaves communities that whole would gain by
/// joining. So its communities become the nodes of a smaller graph, and where some of those join, a run begins from there.
pub fn communities(graph: &Undirected, seed: u64) -> Communities {
    let data = data_of(graph);
    let leiden = Leiden::new(LeidenConfig { seed: Some(seed), ..LeidenConfig::default() });
    let mut found = leiden.run(&data).expect(SOUND);
    loop {
        let joined = joined(&leiden, graph, &found);
        if joined.quality <= found.quality + LEAST_GAIN {
            break;
        }
        let place = |&community: &usize| joined.partition.community_of(community);
        let start = found.partition.as_slice().iter().map(place).collect();
        found = leiden.run_with_initial_partition(&data, Partition::from_membership(start)).expect(SOUND);
    }
    let of: Vec<u32> = found.partition.as_slice().iter().map(|&community| community as u32).collect();
    let modularity = label_mixing(graph, &of).modularity;
    Communities { count: found.partition.num_communities() as u32, of, modularity }
}

/// Why nothing that can go wrong with the library does.
const SOUND: &str = "nodes are in range, weights positive, settings the library's own";

fn data_of(graph: &Undirected) -> GraphData {
    let nodes = graph.nodes();
    let mut builder = GraphDataBuilder::new(nodes as usize);
    for node in 0..nodes {
        for &neighbour in graph.neighbours(node).iter().filter(|&&neighbour| neighbour > node) {
            builder.add_edge(node as usize, neighbour as usize, 1.0).expect(SOUND);
        }
    }
    builder.build().expect(SOUND)
}

/// The communities of the communities of `found`.
fn joined(leiden: &Leiden, graph: &Undirected, found: &LeidenOutput) -> LeidenOutput {
    let community = |node: u32| found.partition.community_of(node as usize);
    let mut weights: BTreeMap<[usize; 2], u64> = BTreeMap::new();
    for node in 0..graph.nodes() {
        for &neighbour in graph.neighbours(node).iter().filter(|&&neighbour| neighbour > node) {
            let [a, b] = [community(node), community(neighbour)];
            *weights.entry([a.min(b), a.max(b)]).or_default() += 1;
        }
    }
    let mut builder = GraphDataBuilder::new(found.partition.num_communities());
    for ([a, b], weight) in weights {
        builder.add_edge(a, b, weight as f64).expect(SOUND);
    }
    leiden.run(&builder.build().expect(SOUND)).expect(SOUND)
}
