//! SIR, independent cascades and thresholds against NDlib, whose results `scripts/ndlib_reference.py` wrote down.

use std::collections::BTreeMap;

use murmur_core::{AgentId, Follow};
use murmur_dynamics::Contacts;
use murmur_dynamics::diffusion::{DiffusionModel, Spread};
use murmur_graph::FollowGraph;
use rayon::prelude::*;
use serde::Deserialize;

const RUNS: u64 = 6000;

/// Means may differ by this many of their standard errors.
const ERRORS: f64 = 4.0;

#[derive(Deserialize)]
struct Reference {
    iterations: Vec<u32>,
    graphs: BTreeMap<String, Description>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Description {
    kind: String,
    nodes: u32,
    directed: bool,
    #[serde(default)]
    neighbours: u32,
    #[serde(default)]
    edges: Vec<[u32; 2]>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    graph: String,
    model: DiffusionModel,
    seeds: Vec<u32>,
    runs: u32,
    active: Series,
    removed: Series,
    reached: Single,
}

#[derive(Deserialize)]
struct Series {
    mean: Vec<f64>,
    error: Vec<f64>,
}

#[derive(Deserialize)]
struct Single {
    mean: f64,
    error: f64,
}

impl Description {
    /// An edge from u to v carries from u to v, so v follows u.
    fn build(&self) -> FollowGraph {
        let edges = match self.kind.as_str() {
            "ring" => (0..self.nodes)
                .flat_map(|node| (1..=self.neighbours / 2).map(move |away| [node, away]))
                .map(|[node, away]| [node, (node + away) % self.nodes])
                .collect(),
            "complete" => (0..self.nodes).flat_map(|v| (0..v).map(move |u| [u, v])).collect(),
            _ => self.edges.clone(),
        };
        let follow = |[from, to]: [u32; 2]| Follow { follower: AgentId(to), followee: AgentId(from) };
        let back = edges.iter().filter(|_| !self.directed).map(|&[u, v]| follow([v, u]));
        FollowGraph::from_edges(self.nodes, edges.iter().copied().map(follow).chain(back).collect()).graph
    }
}

/// Active and removed agents at each of `iterations`, and all that were reached.
fn run(case: &Case, contacts: Contacts<'_>, iterations: &[u32], seed: u64) -> Vec<f64> {
    let seeds: Vec<AgentId> = case.seeds.iter().copied().map(AgentId).collect();
    let mut spread = Spread::new(case.model, contacts, &seeds, seed).expect("the case is valid");
    let mut found = Vec::new();
    for &iteration in iterations {
        let counts = spread.run(iteration);
        found.extend([f64::from(counts.active), f64::from(counts.removed)]);
    }
    spread.run(u32::MAX);
    found.push(f64::from(spread.ever_reached()));
    found
}

/// Mean and its standard error of each place of the runs' results.
fn means_and_errors(runs: &[Vec<f64>]) -> Vec<[f64; 2]> {
    let number = runs.len() as f64;
    (0..runs[0].len())
        .map(|place| {
            let mean = runs.iter().map(|run| run[place]).sum::<f64>() / number;
            let squares = runs.iter().map(|run| (run[place] - mean).powi(2)).sum::<f64>();
            [mean, (squares / (number - 1.0).max(1.0) / number).sqrt()]
        })
        .collect()
}

fn check(case: &Case, contacts: Contacts<'_>, iterations: &[u32]) {
    let runs = if case.runs == 1 { 1 } else { RUNS };
    let runs: Vec<Vec<f64>> =
        (0..runs).into_par_iter().map(|seed| run(case, contacts, iterations, seed)).collect();
    let active = case.active.mean.iter().zip(&case.active.error);
    let removed = case.removed.mean.iter().zip(&case.removed.error);
    let expected: Vec<(&f64, &f64)> = active
        .zip(removed)
        .flat_map(|(a, r)| [a, r])
        .chain([(&case.reached.mean, &case.reached.error)])
        .collect();
    assert_eq!(expected.len(), 2 * iterations.len() + 1);
    for (place, ([mean, error], (their_mean, their_error))) in
        means_and_errors(&runs).into_iter().zip(expected).enumerate()
    {
        // The file has six decimal places.
        let tolerance = ERRORS * error.hypot(*their_error) + 1e-6;
        assert!(
            (mean - their_mean).abs() <= tolerance,
            "{}, number {place}: {mean}, NDlib {their_mean}, tolerance {tolerance}",
            case.name
        );
    }
}

#[test]
fn models_get_as_far_as_ndlibs_do() {
    let reference: Reference =
        serde_json::from_str(include_str!("reference/ndlib.json")).expect("the reference is valid");
    let graphs: BTreeMap<&str, FollowGraph> =
        reference.graphs.iter().map(|(name, description)| (name.as_str(), description.build())).collect();
    assert!(reference.cases.len() > 20);
    for case in &reference.cases {
        let graph = &graphs[case.graph.as_str()];
        check(case, Contacts::Graph(graph), &reference.iterations);
        if case.graph == "complete" {
            check(case, Contacts::WellMixed(graph.agents()), &reference.iterations);
        }
    }
}
