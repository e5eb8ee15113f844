//! Calibration: at most three parameters are fitted to observed cascades, and judged on cascades that the fit has not seen.
//!
//! Each cascade is a small platform of its own (`start.rs`). Its first step holds the tree as it was observed at minute
//! `from`; from there on agents act by the configuration, and the tree that comes of it is held against the observed one
//! until minute `until`. Every candidate sees the same seeds. `docs/calibration.md` has the method and what it found.

mod baselines;
mod error;
mod fit;
mod judge;
mod output;
mod plan;
mod profile;
mod recover;
mod search;
mod simulate;
mod split;
mod start;

use std::path::Path;

use murmur_data::cascades::{ObservedCascade, read_observed_cascades};
use serde::Serialize;

pub use error::CalibrationError;
pub use judge::{Contestant, Judgement, Skill, TestRow};
pub use output::{write_calibration, write_recovery};
pub use plan::{ParameterPlan, Plan, RecoverPlan, Scale, StartPlan};
pub use profile::{Identified, Profile, ProfilePoint};
pub use recover::{Recovered, Recovery};
pub use search::{Evaluation, Fit};
pub use split::Split;

use simulate::Simulator;

/// What is measured of a cascade, in the order in which all results hold it.
pub const MEASURES: [&str; 3] = ["scale", "depth", "max_breadth"];

/// A value for each of [`MEASURES`].
pub type PerMeasure<T> = [T; MEASURES.len()];

/// What a calibration came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Calibration {
    /// What was asked.
    pub plan: Plan,
    /// Which cascades were fitted to, and which judge.
    pub split: Split,
    /// The search.
    pub fit: Fit,
    /// Along each parameter, the others held at the best value found.
    pub profiles: Vec<Profile>,
    /// How it does on the cascades that it was not fitted to.
    pub judgement: Judgement,
}

/// Fits the plan's parameters to one half of its cascades and judges them on the other. `watch` is told of every
/// evaluation.
///
/// # Errors
/// See [`CalibrationError`].
pub fn calibrate(plan: &Plan, watch: &mut dyn FnMut(&Evaluation)) -> Result<Calibration, CalibrationError> {
    let (cascades, split) = cascades_of(plan)?;
    let simulator = Simulator::new(plan)?;
    let training = split.training_of(&cascades, plan);
    let test = split.test_of(&cascades, plan);
    let fit = fit::fit(plan, &simulator, &training, watch)?;
    let profiles = profile::profiles(plan, &simulator, &training, &fit)?;
    let judgement = judge::judge(plan, &simulator, &training, &test, &fit.best)?;
    Ok(Calibration { plan: plan.clone(), split, fit, profiles, judgement })
}

/// Simulates cascades under the plan's `[recover]` values, from the observed trees of the training half, and fits to them.
///
/// # Errors
/// See [`CalibrationError`].
pub fn recover(plan: &Plan, watch: &mut dyn FnMut(&Evaluation)) -> Result<Recovery, CalibrationError> {
    let (cascades, split) = cascades_of(plan)?;
    recover::recover(plan, &split.training_of(&cascades, plan), watch)
}

/// The cascades of the plan's file and their halves.
fn cascades_of(plan: &Plan) -> Result<(Vec<ObservedCascade>, Split), CalibrationError> {
    let cascades = read_observed_cascades(&plan.cascades)?;
    let split = Split::draw(&cascades, plan)?;
    Ok((cascades, split))
}

/// Reads a plan; see [`Plan::load`].
///
/// # Errors
/// See [`CalibrationError`].
pub fn load_plan(path: &Path) -> Result<Plan, CalibrationError> {
    Plan::load(path)
}
