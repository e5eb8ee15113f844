//! What was measured, as rows of a table.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Active, Cell, Machine, ScalingPlan};
use crate::timing::{StepTiming, Stretch, median};

/// What the repeats of a cell came to. Medians are over all their steps after the warm-up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Number of agents.
    pub agents: u32,
    /// What was asked for: a share, or a number.
    pub asked: String,
    /// Median of the agents active in a step.
    pub active: f64,
    /// Number of threads.
    pub threads: u16,
    /// Runs that were measured.
    pub repeats: usize,
    /// Median seconds of a step.
    pub step_seconds: f64,
    /// Median seconds of a step without waiting for models.
    pub engine_seconds: f64,
    /// Median seconds of a step in which it waited for models.
    pub model_seconds: f64,
    /// Seconds of the longest step.
    pub worst_seconds: f64,
    /// Median seconds of the phase that makes feeds.
    pub recommend_seconds: f64,
    /// Median seconds of the phase in which agents decide.
    pub decide_seconds: f64,
    /// Median seconds of making the world.
    pub setup_seconds: f64,
    /// Events a second, without exposures, over all steps after the warm-up.
    pub events_per_second: f64,
    /// Most bytes that a process held; none where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// A cell that was not measured.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Skipped {
    /// The cell.
    pub cell: Cell,
    /// Why not.
    pub why: String,
}

/// A table with what it was measured on: the file `bench.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScalingResults {
    /// The machine.
    pub machine: Machine,
    /// What was to be measured.
    pub plan: ScalingPlan,
    /// What was.
    pub rows: Vec<Row>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
}

impl Row {
    /// The row of runs of one cell; none without steps that count.
    pub(super) fn of(cell: &Cell, stretches: &[&Stretch], warm_up: u32) -> Option<Self> {
        let steps: Vec<&StepTiming> =
            stretches.iter().flat_map(|stretch| &stretch.steps).filter(|step| step.step >= warm_up).collect();
        let middle = |of: &dyn Fn(&StepTiming) -> f64| {
            median(&mut steps.iter().map(|step| of(step)).collect::<Vec<_>>())
        };
        let phase = |name: &str| middle(&|step| step.phases.get(name).copied().unwrap_or(0.0));
        let setups = stretches.iter().filter_map(|stretch| stretch.seconds.get("setup").copied());
        let seconds: f64 = steps.iter().map(|step| step.seconds).sum();
        let events: usize = steps.iter().map(|step| step.events).sum();
        Some(Self {
            agents: cell.agents,
            asked: cell.active.to_string(),
            active: middle(&|step| step.active as f64)?,
            threads: cell.threads,
            repeats: stretches.len(),
            step_seconds: middle(&|step| step.seconds)?,
            engine_seconds: middle(&StepTiming::engine_seconds)?,
            model_seconds: middle(&|step| step.model_seconds)?,
            worst_seconds: steps.iter().map(|step| step.seconds).fold(0.0, f64::max),
            recommend_seconds: phase("recommend")?,
            decide_seconds: phase("decide")?,
            setup_seconds: median(&mut setups.collect::<Vec<_>>()).unwrap_or(0.0),
            events_per_second: events as f64 / seconds.max(f64::MIN_POSITIVE),
            peak_bytes: stretches.iter().filter_map(|stretch| stretch.peak_bytes).max(),
        })
    }
}

impl ScalingResults {
    /// The results in `folder`; none if there are none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join("bench.json")) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Rows of what was asked for with so many threads, by number of agents ascending.
    pub fn rows_of(&self, active: Active, threads: u16) -> Vec<&Row> {
        let asked = active.to_string();
        let mut rows: Vec<&Row> =
            self.rows.iter().filter(|row| row.asked == asked && row.threads == threads).collect();
        rows.sort_by_key(|row| row.agents);
        rows
    }

    /// Writes `bench.csv` and `bench.json` into `folder`, each at once or not at all.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        for row in &self.rows {
            csv.serialize(row).map_err(io::Error::other)?;
        }
        let csv = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        for (name, content) in [("bench.csv", csv), ("bench.json", serde_json::to_vec_pretty(self)?)] {
            let partial = folder.join(format!("{name}.partial"));
            fs::write(&partial, content)?;
            fs::rename(partial, folder.join(name))?;
        }
        Ok(())
    }
}
