//! Phase 7: what the step leaves on disk.
//!
//! [`Recorder`] turns events, exposures and measures into tables as they come (`growing_tables`), and the final state
//! into tables at the end (`final_tables`). `docs/tables.md` describes their columns.

mod final_tables;
mod growing_tables;

use std::path::PathBuf;

use murmur_core::Step;
use murmur_data::DataError;
use murmur_journal::RunFolder;

use crate::World;
use crate::apply::Applied;
use crate::measure::{Measure, Meter};
use crate::summary::Start;
use final_tables::FinalTables;
use growing_tables::{EventTable, ExposureTable, MetricTable};

/// Adds the step to the tables.
pub(crate) fn record(
    recorder: &mut Option<Recorder>,
    world: &World,
    now: Step,
    applied: &Applied,
    measures: Vec<Measure>,
) -> Result<(), DataError> {
    let _span = tracing::info_span!("record").entered();
    let Some(recorder) = recorder else { return Ok(()) };
    recorder.events.add(applied)?;
    recorder.exposures.add(world, now, &applied.exposures)?;
    recorder.metrics.add(world, now, measures)
}

/// The tables of a run while it runs.
pub(crate) struct Recorder {
    folder: PathBuf,
    events: EventTable,
    exposures: ExposureTable,
    metrics: MetricTable,
}

impl Recorder {
    /// Begins the tables in the run folder.
    pub(crate) fn new(folder: &RunFolder) -> Result<Self, DataError> {
        let folder = folder.tables();
        Ok(Self {
            events: EventTable::new(&folder)?,
            exposures: ExposureTable::new(&folder)?,
            metrics: MetricTable::new(&folder)?,
            folder,
        })
    }

    /// Ends the tables that grew with the run and writes those of the final state.
    pub(crate) fn finish(self, world: &World, meter: &Meter, start: &Start) -> Result<(), DataError> {
        self.events.finish()?;
        self.exposures.finish()?;
        self.metrics.finish()?;
        let tables = FinalTables { folder: &self.folder, world, meter, start };
        tables.agents()?;
        tables.posts()?;
        tables.comments()?;
        tables.cascades()
    }
}
