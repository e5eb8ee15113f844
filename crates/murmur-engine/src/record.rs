//! Phase 7: what the step leaves on disk.
//!
//! A [`Recorder`] writes the step into the journal, or holds it against a journal that has it already, or does nothing.
//! Tables are made from the journal when a run ends (`tables.rs`).

use murmur_core::{Probability, Step};
use murmur_journal::{JournalReader, JournalWriter, Shard, Tables};

use crate::apply::Applied;
use crate::difference::Difference;
use crate::history::{Encoded, RecordedStep, encode, table_name};
use crate::measure::Measure;
use crate::{EngineError, World};

/// Where steps go.
pub(crate) enum Recorder {
    /// Nowhere.
    Off,
    /// Into the journal of the run.
    Writing(JournalWriter),
    /// They are in a journal already: its decisions are taken again, and what comes out must be the same.
    Replaying(Replay),
}

/// A journal that is carried out again.
pub(crate) struct Replay {
    pub(crate) journal: JournalReader,
    /// Where the steps are recorded once more, with the exposures of all agents.
    pub(crate) into: Option<JournalWriter>,
}

impl Recorder {
    /// What the journal being replayed holds of `step`; `None` when nothing is replayed.
    pub(crate) fn recorded(&mut self, step: Step) -> Result<Option<RecordedStep>, EngineError> {
        match self {
            Self::Off | Self::Writing(_) => Ok(None),
            Self::Replaying(replay) => {
                let batches = replay.journal.step(step, Tables::All)?;
                Ok(Some(RecordedStep { step, batches }))
            }
        }
    }
}

/// Writes the step, or compares it with `recorded`.
pub(crate) fn record(
    recorder: &mut Recorder,
    recorded: Option<&RecordedStep>,
    world: &World,
    now: Step,
    applied: &Applied,
    measures: &[Measure],
) -> Result<(), EngineError> {
    let _span = tracing::info_span!("record").entered();
    let batches = |share| encode(world, applied, measures, share);
    match recorder {
        Recorder::Off => Ok(()),
        Recorder::Writing(journal) => write(journal, now, &batches(world.exposures_kept())),
        Recorder::Replaying(replay) => {
            if let Some(recorded) = recorded {
                compare(recorded, &batches(world.exposures_kept()))?;
            }
            match &mut replay.into {
                Some(journal) => write(journal, now, &batches(Probability::of(1.0))),
                None => Ok(()),
            }
        }
    }
}

/// Adds the batches of a step to the journal and commits it.
fn write(journal: &mut JournalWriter, now: Step, batches: &[Encoded]) -> Result<(), EngineError> {
    for batch in batches {
        journal.append(batch.table, batch.shard, batch.rows, &batch.payload)?;
    }
    Ok(journal.commit(now)?)
}

/// Holds what came out against what was recorded, batch by batch.
fn compare(recorded: &RecordedStep, again: &[Encoded]) -> Result<(), Difference> {
    let before: Vec<_> = recorded.batches.iter().collect();
    for (then, now) in before.iter().zip(again) {
        if (then.table, then.shard) != (now.table, now.shard) {
            let what = format!("recorded {} rows of table {}", then.rows, table_name(then.table));
            return Err(difference(recorded.step, now.table, now.shard, what));
        }
        if then.payload != now.payload {
            return Err(difference(
                recorded.step,
                now.table,
                now.shard,
                first_difference(then.rows, then.payload, now),
            ));
        }
    }
    match (before.get(again.len()), again.get(before.len())) {
        (Some(missing), _) => {
            let what = format!("{} recorded rows do not come out", missing.rows);
            Err(difference(recorded.step, missing.table, missing.shard, what))
        }
        (None, Some(extra)) => {
            let what = format!("{} rows come out that were not recorded", extra.rows);
            Err(difference(recorded.step, extra.table, extra.shard, what))
        }
        (None, None) => Ok(()),
    }
}

fn difference(step: Step, table: murmur_journal::TableId, shard: Shard, what: String) -> Difference {
    let shard = match shard {
        Shard::Public => None,
        Shard::Private(shard) => Some(shard),
    };
    Difference { step, table: table_name(table), shard, what }
}

fn first_difference(rows: u32, payload: &[u8], again: &Encoded) -> String {
    if rows != again.rows {
        return format!("{rows} rows recorded, {} now", again.rows);
    }
    crate::history::describe_difference(again, payload)
}
