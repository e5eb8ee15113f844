//! Measures of spread, polarization, mixing and attention, each after its published definition (`docs/metrics.md`).
//!
//! Invariants: nothing here reads a clock or a file, and nothing but [`division`] draws random numbers, which are keyed; every
//! sum runs in a fixed order or is exact, whatever the number of threads. A value that is not defined for its input is `None`, never NaN.

mod cascade;
mod dip;
pub mod division;
mod forecast;
mod network;
mod opinions;
mod platform;

pub use cascade::{CascadeSummary, CascadeTracker, Spread, spread_of, structural_virality};
pub use forecast::normalized_rmse;
pub use network::{
    Clustering, LabelMixing, NetworkSummary, OpinionMoved, OpinionNetwork, OpinionNetworkTracker, clustering,
    degree_assortativity, label_mixing, opinion_network,
};
pub use opinions::{OpinionSummary, SortedOpinions};
pub use platform::{ActionCounts, gini};
