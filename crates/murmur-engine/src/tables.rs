//! The tables of a run, made from its journal and its final state.
//!
//! `tables/history.rs` makes those with rows of every step (events, exposures, metrics; with `tables/calls.rs` calls and
//! answers, with `tables/interventions.rs` what interventions decided) from the journal alone,
//! `tables/final_state.rs` those of the world as it stands at the end (agents, posts, comments, cascades), `tables/network.rs`
//! a sample of its follow graph, `tables/votes.rs` that of a voting experiment.
//! `docs/tables.md` describes their columns.

mod calls;
mod final_state;
mod history;
mod interventions;
mod network;
mod votes;

use murmur_core::Step;
use murmur_data::table::TableFolder;
use std::path::Path;

use murmur_journal::JournalReader;
use murmur_store::Naming;

use crate::measure::Meter;
use crate::summary::Start;
use crate::{EngineError, World};

use final_state::FinalTables;
use history::HistoryTables;

/// What tables are made from, and what they are made into.
pub(crate) struct TableSources<'a> {
    pub(crate) folder: TableFolder<'a>,
    pub(crate) naming: &'a Naming,
    /// As after the last step before `end`, like `meter`.
    pub(crate) world: &'a World,
    pub(crate) meter: &'a Meter,
    pub(crate) start: &'a Start,
    /// Steps below this one have rows.
    pub(crate) end: Step,
}

/// Writes every table.
pub(crate) fn write(sources: &TableSources<'_>, journal: &mut JournalReader) -> Result<(), EngineError> {
    HistoryTables(sources).write(journal)?;
    let tables = FinalTables(sources);
    tables.agents()?;
    tables.posts()?;
    tables.comments()?;
    tables.cascades()?;
    votes::write(sources)?;
    let World { public, config, .. } = sources.world;
    Ok(network::write(sources.folder, &public.graph.follows, config.run.seed)?)
}

/// Whether every table that any finished run has is in `folder`.
pub(crate) fn are_there(folder: &Path) -> bool {
    let names = ["agents", "posts", "comments", "events", "exposures", "metrics", "cascades", "network"];
    names.iter().all(|name| folder.join(format!("{name}.parquet")).exists())
}
