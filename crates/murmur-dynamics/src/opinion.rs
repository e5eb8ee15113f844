//! How opinions move: the rule by which one agent takes in what it read ([`OpinionModel`]), and the classical models,
//! in which agents hear each other without a platform ([`Classic`]).
//!
//! Opinions lie in [-1, 1] everywhere. Models from the literature that are written for [0, 1] are stretched: their
//! distances are doubled here.

mod classic;
mod rule;
mod summary;

pub use classic::{Change, Classic, ClassicError, ClassicModel, Ended};
pub use rule::{Heard, OpinionModel};
pub use summary::{Cluster, clusters, mean, variance};

/// What is wrong with a parameter, if it is not from `low` to `high`: its key, what was expected and found.
fn outside(key: &str, value: f64, low: f64, high: f64) -> Option<String> {
    let fault = || format!("{key}: expected a number from {low} to {high}, found {value}");
    (!(low..=high).contains(&value)).then(fault)
}

/// What is wrong with the two distances of assimilation and repulsion, if anything is.
fn distances_fault(acceptance: f64, rejection: f64) -> Option<String> {
    let reversed =
        || format!("rejection: expected a distance not below acceptance ({acceptance}), found {rejection}");
    outside("acceptance", acceptance, 0.0, 2.0)
        .or_else(|| outside("rejection", rejection, 0.0, 2.0))
        .or_else(|| (rejection < acceptance).then(reversed))
}
