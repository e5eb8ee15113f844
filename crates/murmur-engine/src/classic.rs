//! Classical models at work: independent runs of a model of opinions or of diffusion, without a platform.
//!
//! Runs share nothing but the configuration and its graph file, so all threads carry them out at once. What came of
//! them is told in the order of their seeds, and is the same on any number of threads.

mod diffusion;
mod estimate;
mod opinions;
mod output;
mod ties;

use std::path::Path;

use murmur_data::Warning;
use rayon::prelude::*;
use serde::Serialize;

pub use self::diffusion::{CountsRow, DiffusionRun, DiffusionRuns};
pub use self::estimate::Estimate;
pub use self::opinions::{OpinionCluster, OpinionRun, OpinionRuns, OpinionState, OpinionsRow};

use self::output::Files;
use self::ties::Crowd;
use crate::EngineError;
use crate::config::{ClassicConfig, Model};

/// What came of all runs of a classical model.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassicReport {
    /// The model's name in the configuration.
    pub model: String,
    /// The number of agents.
    pub agents: u32,
    /// The runs, and what they have in common.
    #[serde(flatten)]
    pub outcome: ClassicOutcome,
    /// What was mended in the graph file.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// The runs of a model of either family.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum ClassicOutcome {
    /// Of a model of opinions.
    Opinions(OpinionRuns),
    /// Of a model of diffusion.
    Diffusion(Box<DiffusionRuns>),
}

/// Carries out the runs that a checked configuration describes. With `out`, a new folder, it holds their series, the
/// last states of their agents and the summary.
///
/// # Errors
/// When the graph file cannot be read, the graph's parameters cannot be met by so many agents, an agent named in the
/// configuration is not there, something is at `out`, or the disk cannot be written; then nothing is left at `out`.
pub fn run_classic(config: &ClassicConfig, out: Option<&Path>) -> Result<ClassicReport, EngineError> {
    let mut files = out.map(|out| Files::create(out, config)).transpose()?;
    let crowd = Crowd::of(config)?;
    let outcome = match &config.model {
        Model::Opinions(model) => {
            let run = |seed| opinions::run(config, model, &crowd, seed);
            ClassicOutcome::Opinions(OpinionRuns::of(run_all(config, run, &mut files)?))
        }
        Model::Diffusion(model) => {
            let run = |seed| diffusion::run(config, *model, &crowd, seed);
            ClassicOutcome::Diffusion(Box::new(DiffusionRuns::of(model, run_all(config, run, &mut files)?)))
        }
    };
    let report =
        ClassicReport { model: config.model.kind(), agents: crowd.agents, outcome, warnings: crowd.warnings };
    if let Some(files) = files {
        files.finish(&report)?;
    }
    Ok(report)
}

/// Something that came of one run, and is written down with the last state of its agents.
trait Told: Send {
    /// That state.
    type Agents: Send;

    /// Writes the rows of the run with this number.
    fn write(&self, agents: &Self::Agents, number: u32, files: &mut Files) -> Result<(), EngineError>;
}

/// The runs of all seeds. As many as there are threads are under way at once, so that few last states are held.
fn run_all<T: Told>(
    config: &ClassicConfig,
    run: impl Fn(u64) -> Result<(T, T::Agents), EngineError> + Sync,
    files: &mut Option<Files>,
) -> Result<Vec<T>, EngineError> {
    let numbers: Vec<u32> = (0..config.run.runs).collect();
    let mut all = Vec::with_capacity(numbers.len());
    for batch in numbers.chunks(rayon::current_num_threads()) {
        let seeds = batch.par_iter().map(|&number| run(config.run.seed + u64::from(number)));
        let ended: Vec<Result<(T, T::Agents), EngineError>> = seeds.collect();
        for (&number, ended) in batch.iter().zip(ended) {
            let (told, agents) = ended?;
            if let Some(files) = files {
                told.write(&agents, number, files)?;
            }
            all.push(told);
        }
    }
    Ok(all)
}
