//! The world and the seven phases of a step.
//!
//! A step is `activate → recommend → observe → decide → apply → measure → record`, once, for everybody; each word is a
//! module here with one function of that name, and [`Simulation::step`] calls them in this order. The world is
//! read-only until `apply`.
//!
//! Invariants: no result depends on the number of threads, on the order of a hash map or on a clock; every random draw
//! is keyed.

pub mod config;

mod activate;
mod aligned;
mod apply;
mod ask;
mod backlog;
mod batch_results;
mod checkpoint;
mod classic;
mod decide;
mod difference;
mod division;
mod embedding;
mod error;
mod estimate;
mod export;
mod facts;
mod history;
mod inner;
mod inspect;
mod interventions;
mod language;
mod looker;
mod measure;
mod memory;
mod model_totals;
mod observe;
mod picture;
mod planted;
mod recommend;
mod record;
mod runs;
mod script;
mod series;
mod setup;
mod shards;
mod sharing;
mod simulation;
mod summary;
mod tables;
mod topics;
mod trips;
mod votes;
mod world;

pub use aligned::AlignedSeries;
pub use ask::{AskAnswer, AskRequest};
pub use batch_results::BatchTaken;
pub use classic::{
    ClassicOutcome, ClassicReport, CountsRow, DiffusionRun, DiffusionRuns, Estimate, OpinionCluster,
    OpinionRun, OpinionRuns, OpinionState, OpinionsRow, run_classic,
};
pub use config::{Config, ConfigError, Override};
pub use difference::{Difference, first_difference};
pub use division::{Division, DivisionAt, DivisionRequest, DivisionRow, Group, Sides};
pub use error::EngineError;
pub use estimate::{EstimateRequest, ModelEstimate, Spread, estimate};
pub use export::{ExportFormat, ExportRequest, Exported, Names};
pub use inspect::{
    AgentPage, Branching, CascadeCard, CommentCard, Deed, FeedRow, Inspection, OpinionMove, OpinionPath,
    Overview, PostCard, PostPage, TableSize, TreeRow, Who,
};
pub use memory::MemoryUse;
pub use picture::{FirstOpinions, OpinionFrames, Picture};
pub use runs::{ForkRequest, Opened, Run};
pub use script::{LineResult, Named};
pub use series::{Points, Series};
pub use setup::Addition;
pub use simulation::{Simulation, StepReport};
pub use summary::{CascadeTotals, ModelSummary, OpinionChange, Summary, WatchedPoint, WatchedSeries};
pub use world::World;
