//! Scaling: what a step costs over numbers of agents, shares of them that are active, and threads.
//!
//! A plan's way: [`ScalingPlan`] (the grid) → [`Bench`] (each cell is a run in a process of its own, since the most memory
//! that was held is a process's, and nothing of one cell warms the next) → [`Row`]s, which repeats of a cell share →
//! `bench.csv` and `bench.json` with the [`Machine`] they were measured on.

mod machine;
mod measure;
mod plan;
mod results;

pub use machine::Machine;
pub use measure::{Bench, CellNotice, Scaled, ScalingError};
pub use plan::{Active, Cell, ScalingPlan};
pub use results::{Row, ScalingResults, Skipped};
