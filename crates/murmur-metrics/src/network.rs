//! How a network mixes: whom opinions, labels and degrees connect, and how closely neighbours are knit.
//!
//! All measures are of an undirected, unweighted graph without self-loops and multiple edges. Sums over edges run over
//! both ends of each, which gives the same ratios.

mod clustering;
mod mixing;
mod tracker;

use murmur_graph::UndirectedView;
use serde::Serialize;

pub use clustering::{Clustering, clustering};
pub use mixing::{LabelMixing, OpinionNetwork, degree_assortativity, label_mixing, opinion_network};
pub(crate) use mixing::{Moments, Pair};
pub use tracker::{OpinionMoved, OpinionNetworkTracker};

/// What `murmur measure network` reports. The names in JSON are those of the reference values.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct NetworkSummary {
    /// Number of nodes.
    pub nodes: u32,
    /// See [`LabelMixing::modularity`].
    pub modularity: Option<f64>,
    /// See [`LabelMixing::assortativity`].
    pub label_assortativity: Option<f64>,
    /// See [`OpinionNetwork::assortativity`].
    pub opinion_assortativity: Option<f64>,
    /// See [`LabelMixing::e_i_index`].
    pub e_i_index: Option<f64>,
    /// See [`degree_assortativity`].
    pub degree_assortativity: Option<f64>,
    /// See [`Clustering::average`].
    pub average_clustering: Option<f64>,
    /// See [`Clustering::transitivity`].
    pub transitivity: f64,
    /// See [`OpinionNetwork::neighbour_correlation`].
    pub neighbour_opinion_correlation: Option<f64>,
}

impl NetworkSummary {
    /// Measures `graph`, with a group number (as for [`label_mixing`]) and a finite opinion per node where there are
    /// any; what needs those that are missing is `None`.
    ///
    /// # Panics
    /// When there are labels or opinions, but not one per node.
    pub fn of(graph: &impl UndirectedView, labels: Option<&[u32]>, opinions: Option<&[f64]>) -> Self {
        let labels = labels.map(|labels| label_mixing(graph, labels));
        let opinions = opinions.map(|opinions| opinion_network(graph, opinions));
        let clustering = clustering(graph);
        Self {
            nodes: graph.nodes(),
            modularity: labels.and_then(|mixing| mixing.modularity),
            label_assortativity: labels.and_then(|mixing| mixing.assortativity),
            opinion_assortativity: opinions.and_then(|mixing| mixing.assortativity),
            e_i_index: labels.and_then(|mixing| mixing.e_i_index),
            degree_assortativity: degree_assortativity(graph),
            average_clustering: clustering.average,
            transitivity: clustering.transitivity,
            neighbour_opinion_correlation: opinions.and_then(|mixing| mixing.neighbour_correlation),
        }
    }
}

/// Number of neighbours of every node.
fn degrees(graph: &impl UndirectedView) -> Vec<u32> {
    let degree = |node| {
        let mut degree = 0;
        graph.for_each_neighbour(node, &mut |_| degree += 1);
        degree
    };
    (0..graph.nodes()).map(degree).collect()
}
