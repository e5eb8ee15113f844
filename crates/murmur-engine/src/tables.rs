//! The tables of a run, made from its journal and its final state.
//!
//! `tables/history.rs` makes those with rows of every step (events, exposures, metrics) from the journal alone,
//! `tables/final_state.rs` those of the world as it stands at the end (agents, posts, comments, cascades).
//! `docs/tables.md` describes their columns.

mod final_state;
mod history;

use std::path::Path;

use murmur_journal::JournalReader;

use crate::measure::Meter;
use crate::summary::Start;
use crate::{EngineError, World};

use final_state::FinalTables;

/// Writes every table into `folder`. `world` and `meter` are as after the journal's last step.
pub(crate) fn write(
    folder: &Path,
    journal: &mut JournalReader,
    world: &World,
    meter: &Meter,
    start: &Start,
) -> Result<(), EngineError> {
    history::write(folder, journal, world)?;
    let tables = FinalTables { folder, world, meter, start };
    tables.agents()?;
    tables.posts()?;
    tables.comments()?;
    tables.cascades()?;
    Ok(())
}
