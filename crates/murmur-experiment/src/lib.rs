//! Experiments: the same world under different conditions, many times, compared with uncertainty; and calibration, the
//! search for the parameters under which simulations look like what was observed.
//!
//! The unit of analysis is the run. The arms of a replicate share its seed, and with it every random draw that their
//! conditions leave alone, so that arms are compared in pairs.
//!
//! An experiment's way: `design` (the file) → `plan` (arms, seeds, checks) → `work` (runs, and their outcomes in `folder`)
//! → `collect` (comparisons, by `statistics`) → `tables`.

pub mod calibrate;
mod collect;
mod design;
mod error;
mod folder;
mod memory;
mod names;
mod outcome;
mod plan;
mod results;
pub mod scaling;
mod share;
pub mod statistics;
mod tables;
mod timing;
mod work;

pub use collect::{Collected, collect};
pub use design::{DesignFile, FactorConfig, Keep, LevelConfig, OutcomeConfig, Summary};
pub use error::ExperimentError;
pub use folder::Folder;
pub use memory::{Held, held};
pub use plan::{Arm, Changes, Experiment, Outcome, Pair};
pub use results::{
    ArmMean, ArmSeries, Comparison, Contrast, Correlation, FactorLevels, Interval, OutcomeRow, ReplyShare,
    Results,
};
pub use share::Share;
pub use tables::write_results;
pub use timing::{Seconds, StepTiming, Stretch, StructureBytes, median, read_timings};
pub use work::{Notice, Progressed, Work, carry_out};
