//! Experiments: the same world under different conditions, many times, compared with uncertainty; and calibration, the
//! search for the parameters under which simulations look like what was observed.
//!
//! The unit of analysis is the run. The arms of a replicate share its seed, and with it every random draw that their
//! conditions leave alone, so that arms are compared in pairs.

pub mod calibrate;
mod results;

pub use results::{
    ArmMean, ArmSeries, Comparison, Contrast, Correlation, FactorLevels, Interval, OutcomeRow, ReplyShare,
    Results,
};
