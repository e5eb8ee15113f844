//! `murmur measure`: the measures of a run, on users' own data.

use std::path::PathBuf;

use clap::Subcommand;
use murmur_data::Warning;
use murmur_data::measured::{read_cascades, read_network, read_opinions};
use murmur_graph::Undirected;
use murmur_metrics::{CascadeSummary, NetworkSummary, OpinionSummary, spread_of};
use serde_json::Value;

use crate::failure::{Failure, print, tell};

#[derive(Subcommand)]
pub(crate) enum MeasureCommand {
    /// Scale, depth, maximum breadth and structural virality of repost trees.
    ///
    /// FILE is a CSV with columns child, parent and time; a root has an empty parent. One root gives an object, several
    /// give an array.
    Cascade {
        /// CSV with columns child, parent, time.
        file: PathBuf,
    },
    /// Mean, variance, bimodality, dip, polarization and pairwise distance of opinions.
    ///
    /// FILE is a CSV with a column opinion, each in [-1, 1].
    Opinions {
        /// CSV with a column opinion.
        file: PathBuf,
    },
    /// Modularity, assortativity, E-I index, clustering and neighbour correlation of a network.
    ///
    /// Edges are taken as undirected, without self-loops and duplicates.
    Network {
        /// CSV with columns source, target.
        edges: PathBuf,
        /// CSV with column node, and label or opinion or both.
        #[arg(long)]
        nodes: PathBuf,
    },
}

pub(crate) fn measure(command: &MeasureCommand) -> Result<(), Failure> {
    let report = match command {
        MeasureCommand::Cascade { file } => {
            let cascades = read_cascades(file)?;
            let summaries: Vec<CascadeSummary> = cascades
                .into_iter()
                .map(|cascade| CascadeSummary { spread: spread_of(&cascade.parents), root: cascade.root })
                .collect();
            match &summaries[..] {
                [only] => json(only),
                several => json(several),
            }
        }
        MeasureCommand::Opinions { file } => json(&OpinionSummary::of(read_opinions(file)?)),
        MeasureCommand::Network { edges, nodes } => {
            let network = read_network(edges, nodes)?;
            warn(&network.warnings);
            let graph = Undirected::from_edges(network.nodes, &network.edges);
            let labels = network.labels.as_deref();
            json(&NetworkSummary::of(&graph, labels, network.opinions.as_deref()))
        }
    };
    print(&format!("{report:#}\n"))
}

fn json(report: &(impl serde::Serialize + ?Sized)) -> Value {
    serde_json::to_value(report).expect("a report has a JSON form")
}

/// Says on standard error what was mended in an input.
pub(crate) fn warn(warnings: &[Warning]) {
    for warning in warnings {
        tell(&format!("warning: {} {}", warning.count, warning.what));
    }
}
