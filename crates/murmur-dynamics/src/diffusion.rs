//! How things spread from agent to agent: [`DiffusionModel`] names the models, [`Spread`] runs one in its classical form,
//! [`DiffusionModel::on_platform`] is its rule for one agent of a simulated platform.
//!
//! `docs/models.md` has the rules with their sources, and what differs between the two forms.

mod maki_thompson;
mod model;
mod passing;
mod people;
mod platform;
mod spread;
mod thresholds;

pub use model::{DiffusionModel, DrawnThreshold, Threshold};
pub use platform::{Encounter, Move, Standing};
pub use spread::{Counts, DiffusionError, Spread};
