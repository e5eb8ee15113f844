//! What the journal holds of a step, and how it is read back.
//!
//! Two public tables: `events` (who did what, and what came of it) and `measures`. Five private ones, cut into
//! [`SHARDS`] shards by agent: `turns` (who was active and how many rows of its feed it read), `exposures` (which rows
//! these were, of the agents whose exposures are kept), `opinions` (those that changed), `calls` (to language models) and
//! `answers` (to surveys). Vectors of texts are not
//! kept: the same text gives the same vector. `docs/journal.md` describes the columns.

mod calls;
mod events;
mod measures;
mod private;

use murmur_core::{Probability, Step};
use murmur_journal::columns::ColumnError;
use murmur_journal::{Shard, StepBatches, TableId};

use crate::World;
use crate::apply::Applied;
use crate::facts::{AnswerRecord, CallRecord, Exposure, Turn};
use crate::measure::Measure;

pub(crate) use events::{RecordedEvent, RecordedOutcome};
pub(crate) use measures::RecordedMeasure;
pub(crate) use private::RecordedOpinions;

/// Public tables have the low numbers.
const EVENTS: TableId = TableId(0);
const MEASURES: TableId = TableId(1);
const TURNS: TableId = TableId(16);
const EXPOSURES: TableId = TableId(17);
const OPINIONS: TableId = TableId(18);
const CALLS: TableId = TableId(19);
const ANSWERS: TableId = TableId(20);

/// One table (and shard) of a step, ready for the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Encoded {
    pub(crate) table: TableId,
    pub(crate) shard: Shard,
    pub(crate) rows: u32,
    pub(crate) payload: Vec<u8>,
}

/// The name of a table in messages.
pub(crate) fn table_name(table: TableId) -> &'static str {
    match table {
        EVENTS => "events",
        MEASURES => "measures",
        TURNS => "turns",
        EXPOSURES => "exposures",
        OPINIONS => "opinions",
        CALLS => "calls",
        ANSWERS => "answers",
        _ => "an unknown table",
    }
}

/// The batches of a step in canonical order, without empty ones.
///
/// Exposures are kept for the share `exposures` of agents.
pub(crate) fn encode(
    world: &World,
    applied: &Applied,
    measures: &[Measure],
    exposures: Probability,
) -> Vec<Encoded> {
    let mut batches = vec![events::encode(&applied.events), measures::encode(measures)];
    batches.extend(private::encode_turns(&applied.turns));
    batches.extend(private::encode_exposures(world, &applied.exposures, exposures));
    batches.extend(private::encode_opinions(&applied.opinions));
    batches.extend(calls::encode_calls(&applied.calls));
    batches.extend(calls::encode_answers(&applied.answers));
    batches.retain(|batch| batch.rows > 0);
    batches
}

/// A step as the journal holds it.
pub(crate) struct RecordedStep {
    pub(crate) step: Step,
    pub(crate) batches: StepBatches,
}

/// Why a whole batch makes no sense: it was written by another version, or by hand.
#[derive(Debug, thiserror::Error)]
#[error("step {step}, table {table}: {what}; the journal was written by another version or changed by hand")]
pub struct HistoryError {
    step: Step,
    table: &'static str,
    what: String,
}

impl RecordedStep {
    /// The table of what was done, for whoever wants it alone.
    pub(crate) const EVENTS: TableId = EVENTS;
    /// The table of what was measured.
    pub(crate) const MEASURES: TableId = MEASURES;
    /// The table of calls to language models.
    pub(crate) const CALLS: TableId = CALLS;
    /// The table of who was active.
    pub(crate) const TURNS: TableId = TURNS;
    /// The table of what was read.
    pub(crate) const EXPOSURES: TableId = EXPOSURES;
    /// The table of the opinions that changed.
    pub(crate) const OPINIONS: TableId = OPINIONS;
    /// Every table, in the order of the journal.
    pub(crate) const ALL: [TableId; 7] = [EVENTS, MEASURES, TURNS, EXPOSURES, OPINIONS, CALLS, ANSWERS];

    /// What was done, in order.
    pub(crate) fn events(&self, world: &World) -> Result<Vec<RecordedEvent>, HistoryError> {
        let topics = world.config.topic.len();
        self.public(EVENTS, |rows, payload| events::decode(rows, payload, topics))
    }

    /// What was measured.
    pub(crate) fn measures(&self) -> Result<Vec<RecordedMeasure>, HistoryError> {
        self.public(MEASURES, measures::decode)
    }

    /// Who was active, ascending.
    pub(crate) fn turns(&self) -> Result<Vec<Turn>, HistoryError> {
        let mut turns = self.private(TURNS, private::decode_turns)?;
        turns.sort_unstable_by_key(|turn| turn.agent);
        Ok(turns)
    }

    /// What was read, of the agents whose exposures are kept, by agent and rank.
    pub(crate) fn exposures(&self, world: &World) -> Result<Vec<Exposure>, HistoryError> {
        let turns = self.turns()?;
        let mut exposures = self.private_by_shard(EXPOSURES, |shard, payload| {
            private::decode_exposures(world, &turns, shard, payload)
        })?;
        exposures.sort_by_key(|exposure| (exposure.agent, exposure.rank));
        Ok(exposures)
    }

    /// Opinions that changed.
    pub(crate) fn opinions(&self) -> Result<Vec<RecordedOpinions>, HistoryError> {
        self.private(OPINIONS, private::decode_opinions)
    }

    /// Calls to language models, by agent and number.
    pub(crate) fn calls(&self) -> Result<Vec<CallRecord>, HistoryError> {
        let mut calls = self.private(CALLS, calls::decode_calls)?;
        calls.sort_by_key(|call| (call.agent, call.number));
        Ok(calls)
    }

    /// Answers to surveys, by survey and agent.
    pub(crate) fn answers(&self) -> Result<Vec<AnswerRecord>, HistoryError> {
        let mut answers = self.private(ANSWERS, calls::decode_answers)?;
        answers.sort_by_key(|answer| (answer.survey, answer.agent));
        Ok(answers)
    }

    fn public<T>(
        &self,
        table: TableId,
        decode: impl FnOnce(usize, &[u8]) -> Result<Vec<T>, Malformed>,
    ) -> Result<Vec<T>, HistoryError> {
        let Some(batch) = self.batches.get(table, Shard::Public) else { return Ok(Vec::new()) };
        decode(batch.rows as usize, batch.payload).map_err(|fault| self.error(table, fault))
    }

    fn private<T>(
        &self,
        table: TableId,
        decode: impl Fn(usize, &[u8]) -> Result<Vec<T>, Malformed>,
    ) -> Result<Vec<T>, HistoryError> {
        let batches = self.batches.iter().filter(|batch| batch.table == table);
        let decoded: Result<Vec<Vec<T>>, Malformed> =
            batches.map(|batch| decode(batch.rows as usize, batch.payload)).collect();
        decoded.map(|parts| parts.into_iter().flatten().collect()).map_err(|fault| self.error(table, fault))
    }

    fn private_by_shard<T>(
        &self,
        table: TableId,
        decode: impl Fn(u8, &[u8]) -> Result<Vec<T>, Malformed>,
    ) -> Result<Vec<T>, HistoryError> {
        let mut rows = Vec::new();
        for batch in self.batches.iter().filter(|batch| batch.table == table) {
            if let Shard::Private(shard) = batch.shard {
                rows.extend(decode(shard, batch.payload).map_err(|fault| self.error(table, fault))?);
            }
        }
        Ok(rows)
    }

    fn error(&self, table: TableId, fault: Malformed) -> HistoryError {
        HistoryError { step: self.step, table: table_name(table), what: fault.0 }
    }
}

/// What does not make sense in a batch.
pub(crate) struct Malformed(String);

impl From<ColumnError> for Malformed {
    fn from(error: ColumnError) -> Self {
        Self(error.to_string())
    }
}

impl From<&str> for Malformed {
    fn from(what: &str) -> Self {
        Self(what.to_owned())
    }
}

/// In words, the first row in which a batch of as many rows differs from what was recorded.
pub(crate) fn describe_difference(again: &Encoded, recorded: &[u8]) -> String {
    let rows = again.rows as usize;
    let decode = |payload: &[u8]| -> Result<Vec<String>, Malformed> {
        Ok(match again.table {
            EVENTS => debug_rows(events::decode(rows, payload, usize::MAX)?),
            MEASURES => debug_rows(measures::decode(rows, payload)?),
            TURNS => debug_rows(private::decode_turns(rows, payload)?),
            OPINIONS => debug_rows(private::decode_opinions(rows, payload)?),
            CALLS => debug_rows(calls::decode_calls(rows, payload)?),
            ANSWERS => debug_rows(calls::decode_answers(rows, payload)?),
            EXPOSURES => debug_rows(private::decode_reads(rows, payload)?),
            _ => Vec::new(),
        })
    };
    match (decode(recorded), decode(&again.payload)) {
        (Ok(then), Ok(now)) => match then.iter().zip(&now).position(|(then, now)| then != now) {
            Some(row) => format!("row {row}: recorded {}, now {}", then[row], now[row]),
            None => "the same rows in another form".to_owned(),
        },
        (Err(fault), _) | (_, Err(fault)) => fault.0,
    }
}

fn debug_rows<T: std::fmt::Debug>(rows: Vec<T>) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}
