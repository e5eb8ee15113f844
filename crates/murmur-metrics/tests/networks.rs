//! Networks whose measures are known or undefined, and random ones against the definitions applied pair by pair.

use std::collections::BTreeSet;

use murmur_graph::Undirected;
use murmur_metrics::{NetworkSummary, OpinionMoved, OpinionNetworkTracker, opinion_network};
use proptest::prelude::*;

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9,
        _ => a == b,
    }
}

/// A small graph with a label and an opinion per node.
#[derive(Clone, Debug)]
struct Sample {
    edges: Vec<[u32; 2]>,
    labels: Vec<u32>,
    opinions: Vec<f64>,
}

impl Sample {
    fn new(edges: &[[u32; 2]], labels: &[u32], opinions: &[f64]) -> Self {
        Self { edges: edges.to_vec(), labels: labels.to_vec(), opinions: opinions.to_vec() }
    }

    fn graph(&self) -> Undirected {
        Undirected::from_edges(self.labels.len() as u32, &self.edges)
    }

    fn measure(&self) -> NetworkSummary {
        NetworkSummary::of(&self.graph(), Some(&self.labels), Some(&self.opinions))
    }

    fn sign_e_i_index(&self) -> Option<f64> {
        opinion_network(&self.graph(), &self.opinions).e_i_index
    }
}

/// The values in the order of [`NetworkSummary`]'s fields, and the E-I index of signs last.
fn values(sample: &Sample) -> [Option<f64>; 9] {
    let summary = sample.measure();
    [
        summary.modularity,
        summary.label_assortativity,
        summary.opinion_assortativity,
        summary.e_i_index,
        summary.degree_assortativity,
        summary.average_clustering,
        Some(summary.transitivity),
        summary.neighbour_opinion_correlation,
        sample.sign_e_i_index(),
    ]
}

#[test]
fn known_and_undefined_values() {
    let check = |name: &str, sample: Sample, expected: [Option<f64>; 9]| {
        let values = values(&sample);
        assert!(values.iter().zip(&expected).all(|(&a, &b)| close(a, b)), "{name}: {values:?}");
    };
    const NO: Option<f64> = None;
    let is = Some;
    check("empty", Sample::new(&[], &[], &[]), [NO, NO, NO, NO, NO, NO, is(0.0), NO, NO]);
    check(
        "isolated nodes",
        Sample::new(&[], &[0, 1], &[-1.0, 1.0]),
        [NO, NO, NO, NO, NO, is(0.0), is(0.0), NO, NO],
    );
    check(
        "one edge",
        Sample::new(&[[0, 1]], &[0, 1], &[-0.3, 0.1]),
        [is(-0.5), is(-1.0), is(-1.0), is(1.0), NO, is(0.0), is(0.0), is(-1.0), is(1.0)],
    );
    check(
        "triangle of equals, beside others",
        Sample::new(&[[1, 2], [2, 3], [3, 1]], &[1, 0, 0, 0], &[-0.9, 0.1, 0.1, 0.1]),
        [is(0.0), NO, NO, is(-1.0), NO, is(0.75), is(1.0), NO, is(-1.0)],
    );
    check(
        "star with an unlike hub",
        Sample::new(&[[0, 1], [0, 2], [0, 3]], &[1, 0, 0, 0], &[1.0, -1.0, -1.0, -1.0]),
        [is(-0.5), is(-1.0), is(-1.0), is(1.0), is(-1.0), is(0.0), is(0.0), is(-1.0), is(1.0)],
    );
    // The neighbours' means are all 0.2, up to rounding.
    check(
        "path with its middle in between",
        Sample::new(&[[0, 1], [1, 2]], &[0, 1, 2], &[0.1, 0.2, 0.3]),
        [is(-0.375), is(-0.6), is(0.0), is(1.0), is(-1.0), is(0.0), is(0.0), NO, is(-1.0)],
    );
    // The two correlations are from NumPy's corrcoef.
    check(
        "zero is a group of its own",
        Sample::new(&[[0, 1], [1, 2], [2, 3], [3, 4]], &[0; 5], &[-1.0, 0.0, -0.0, 0.5, 0.25]),
        [
            is(0.0),
            NO,
            is(0.155_778_894_472_361_8),
            is(-1.0),
            is(-1.0 / 3.0),
            is(0.0),
            is(0.0),
            is(0.243_916_363_345_496_6),
            is(0.0),
        ],
    );
}

#[test]
fn what_needs_a_missing_column_is_undefined() {
    let graph = Undirected::from_edges(3, &[[0, 1], [1, 2], [2, 0]]);
    let summary = NetworkSummary::of(&graph, None, None);
    assert_eq!(summary.average_clustering, Some(1.0));
    assert_eq!((summary.modularity, summary.label_assortativity, summary.e_i_index), (None, None, None));
    assert_eq!((summary.opinion_assortativity, summary.neighbour_opinion_correlation), (None, None));
}

#[test]
fn single_precision_opinions_are_measured_alike() {
    let opinions = [-0.5f32, 0.25, 0.75, -0.125];
    let graph = Undirected::from_edges(4, &[[0, 1], [1, 2], [2, 3], [0, 2]]);
    assert_eq!(opinion_network(&graph, &opinions), opinion_network(&graph, &opinions.map(f64::from)));
}

/// Pearson's correlation of the pairs; `None` when either side is constant but for rounding.
fn pearson(pairs: &[[f64; 2]]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean = |side: usize| pairs.iter().map(|pair| pair[side]).sum::<f64>() / n;
    let means = [mean(0), mean(1)];
    let product = |a: usize, b: usize| {
        pairs.iter().map(|pair| (pair[a] - means[a]) * (pair[b] - means[b])).sum::<f64>()
    };
    let (xx, yy) = (product(0, 0), product(1, 1));
    (xx > 1e-20 && yy > 1e-20).then(|| product(0, 1) / (xx * yy).sqrt())
}

/// The same values from the definitions.
fn plain_values(sample: &Sample) -> [Option<f64>; 9] {
    let nodes = sample.labels.len();
    let linked = |a: usize, b: usize| {
        let pair = [a as u32, b as u32];
        a != b && sample.edges.iter().any(|&[c, d]| [c, d] == pair || [d, c] == pair)
    };
    let neighbours = |node: usize| (0..nodes).filter(move |&other| linked(node, other));
    let degree = |node: usize| neighbours(node).count() as f64;
    let ends: Vec<[usize; 2]> = (0..nodes).flat_map(|a| neighbours(a).map(move |b| [a, b])).collect();
    let over_ends =
        |of: &dyn Fn(usize) -> f64| pearson(&ends.iter().map(|end| end.map(of)).collect::<Vec<_>>());
    let e_i_of = |differ: &dyn Fn(usize, usize) -> bool| {
        let external = ends.iter().filter(|&&[a, b]| differ(a, b)).count() as f64;
        let internal = ends.len() as f64 - external;
        (!ends.is_empty()).then(|| (external - internal) / (external + internal))
    };

    let share = |label_a: u32, label_b: u32| {
        let joining = |&&[a, b]: &&[usize; 2]| sample.labels[a] == label_a && sample.labels[b] == label_b;
        ends.iter().filter(joining).count() as f64 / ends.len() as f64
    };
    let marginal = |label: u32| (0..LABELS).map(|other| share(label, other)).sum::<f64>();
    let trace = (0..LABELS).map(|label| share(label, label)).sum::<f64>();
    let expected = (0..LABELS).map(|label| marginal(label).powi(2)).sum::<f64>();
    let modularity = (!ends.is_empty()).then_some(trace - expected);

    let mean_around =
        |node: usize| neighbours(node).map(|at| sample.opinions[at]).sum::<f64>() / degree(node);
    let own_and_around: Vec<[f64; 2]> = (0..nodes)
        .filter(|&node| degree(node) > 0.0)
        .map(|node| [sample.opinions[node], mean_around(node)])
        .collect();

    let (mut local, mut closed, mut open) = (0.0, 0.0, 0.0);
    for node in 0..nodes {
        let pairs = degree(node) * (degree(node) - 1.0) / 2.0;
        let triangles = neighbours(node)
            .flat_map(|a| neighbours(node).map(move |b| [a, b]))
            .filter(|&[a, b]| a < b && linked(a, b));
        let triangles = triangles.count() as f64;
        local += if pairs > 0.0 { triangles / pairs } else { 0.0 };
        closed += triangles;
        open += pairs;
    }
    let sign = |node: usize| sample.opinions[node].partial_cmp(&0.0);
    [
        modularity,
        modularity.filter(|_| expected < 1.0 - 1e-12).map(|excess| excess / (1.0 - expected)),
        over_ends(&|node| sample.opinions[node]),
        e_i_of(&|a, b| sample.labels[a] != sample.labels[b]),
        over_ends(&degree),
        (nodes > 0).then(|| local / nodes as f64),
        Some(if open > 0.0 { closed / open } else { 0.0 }),
        pearson(&own_and_around),
        e_i_of(&|a, b| sign(a) != sign(b)),
    ]
}

const LABELS: u32 = 3;

/// Graphs of up to 12 nodes; loops and repeated edges are in the list, and opinions are often tied or 0.
fn samples() -> impl Strategy<Value = Sample> {
    (1..12u32).prop_flat_map(|nodes| {
        let opinion = prop_oneof![-1.0..1.0f64, (-2..=2i32).prop_map(|half| f64::from(half) / 2.0)];
        let column = nodes as usize;
        (
            prop::collection::vec([0..nodes, 0..nodes], 0..40),
            prop::collection::vec(0..LABELS, column),
            prop::collection::vec(opinion, column),
        )
            .prop_map(|(edges, labels, opinions)| Sample { edges, labels, opinions })
    })
}

proptest! {
    #[test]
    fn random_networks_agree_with_the_definitions(sample in samples()) {
        let (values, plain) = (values(&sample), plain_values(&sample));
        prop_assert!(values.iter().zip(&plain).all(|(&a, &b)| close(a, b)), "{values:?} instead of {plain:?}");
    }
}

/// A change of a network: an edge comes or goes, or an opinion moves.
#[derive(Clone, Copy, Debug)]
enum Change {
    Edge([u32; 2]),
    Opinion(OpinionMoved),
}

const TRACKED_NODES: u32 = 7;
const TRACKED_TOPICS: usize = 2;

fn a_change() -> impl Strategy<Value = Change> {
    let node = 0..TRACKED_NODES;
    let opinion = prop_oneof![Just(0.0), Just(1.0), -1.0..1.0f64];
    prop_oneof![
        [node.clone(), node.clone()].prop_map(Change::Edge),
        (node, 0..TRACKED_TOPICS, opinion).prop_map(|(node, topic, opinion)| Change::Opinion(OpinionMoved {
            node,
            topic,
            opinion
        })),
    ]
}

proptest! {
    /// After every batch of changes the tracker has what measuring the whole network anew gives.
    #[test]
    fn a_tracked_network_is_the_one_measured_anew(
        batches in prop::collection::vec(prop::collection::vec(a_change(), 0..6), 1..8),
    ) {
        let graph_of = |edges: &BTreeSet<[u32; 2]>| {
            Undirected::from_edges(TRACKED_NODES, &edges.iter().copied().collect::<Vec<_>>())
        };
        let mut edges = BTreeSet::new();
        let mut opinions = vec![0.5; TRACKED_NODES as usize * TRACKED_TOPICS];
        let mut tracker =
            OpinionNetworkTracker::new(&graph_of(&edges), TRACKED_TOPICS, opinions.iter().copied());
        for batch in batches {
            let (mut moved, mut rewired) = (Vec::new(), Vec::new());
            for change in batch {
                match change {
                    Change::Edge([a, b]) => {
                        let edge = [a.min(b), a.max(b)];
                        if !edges.remove(&edge) {
                            edges.insert(edge);
                        }
                        rewired.extend(edge);
                    }
                    Change::Opinion(change) => {
                        opinions[change.node as usize * TRACKED_TOPICS + change.topic] = change.opinion;
                        moved.push(change);
                    }
                }
            }
            let graph = graph_of(&edges);
            tracker.update(&graph, &moved, rewired.into_iter());
            for topic in 0..TRACKED_TOPICS {
                let column: Vec<f64> = opinions[topic..].iter().step_by(TRACKED_TOPICS).copied().collect();
                let (tracked, measured) = (tracker.measure(topic), opinion_network(&graph, &column));
                prop_assert!(close(tracked.assortativity, measured.assortativity));
                prop_assert!(close(tracked.neighbour_correlation, measured.neighbour_correlation));
                prop_assert_eq!(tracked.e_i_index, measured.e_i_index);
            }
            let anew = OpinionNetworkTracker::new(&graph, TRACKED_TOPICS, opinions.iter().copied());
            prop_assert!(tracker == anew, "the way there does not matter");
        }
    }
}
