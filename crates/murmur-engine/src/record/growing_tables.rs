//! Tables that get rows at every step: events, exposures and metrics.

use std::path::Path;

use murmur_core::{ActionKind, Outcome, Refusal, Step};
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableWriter};
use murmur_recsys::Source;

use crate::World;
use crate::apply::{Applied, Exposure};
use crate::measure::{Measure, Scope, keeps_exposures};

/// Rows that are gathered before they are written.
const ROWS_PER_GROUP: usize = 500_000;

/// `events`: every action and what came of it.
pub(super) struct EventTable {
    writer: TableWriter,
    rows: EventRows,
}

#[derive(Default)]
struct EventRows {
    step: Vec<u32>,
    agent: Vec<u32>,
    action: Vec<u8>,
    post: Vec<Option<u32>>,
    target: Vec<Option<u32>>,
    outcome: Vec<u8>,
    comment: Vec<Option<u32>>,
    group: Vec<Option<u32>>,
    made_post: Vec<Option<u32>>,
    made_comment: Vec<Option<u32>>,
    record: Vec<Option<u32>>,
    text: Vec<Option<Box<str>>>,
}

impl EventTable {
    pub(super) fn new(folder: &Path) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("agent_id", Kind::U32),
            Column::new("action", Kind::Category),
            Column::new("post_id", Kind::OptU32),
            Column::new("comment_id", Kind::OptU32),
            Column::new("target_id", Kind::OptU32),
            Column::new("group_id", Kind::OptU32),
            Column::new("outcome", Kind::Category),
            Column::new("made_post_id", Kind::OptU32),
            Column::new("made_comment_id", Kind::OptU32),
            Column::new("made_record_id", Kind::OptU32),
            Column::new("text", Kind::OptText),
        ];
        Ok(Self { writer: TableWriter::create(folder, "events", columns)?, rows: EventRows::default() })
    }

    pub(super) fn add(&mut self, applied: &Applied) -> Result<(), DataError> {
        let rows = &mut self.rows;
        for event in &applied.events {
            rows.step.push(event.step.0);
            rows.agent.push(event.agent.0);
            rows.action.push(event.action.kind() as u8);
            rows.post.push(event.action.post().map(|post| post.get()));
            rows.target.push(event.action.target().map(|agent| agent.0));
            rows.comment.push(event.action.comment().map(|comment| comment.get()));
            rows.group.push(event.action.group().map(|group| group.get()));
            rows.outcome.push(outcome_code(&event.outcome));
            rows.made_post.push(match event.outcome {
                Outcome::Posted(post) => Some(post.get()),
                _ => None,
            });
            rows.made_comment.push(match event.outcome {
                Outcome::Commented(comment) => Some(comment.get()),
                _ => None,
            });
            rows.record.push(record_id(&event.outcome));
            rows.text.push(event.action.words().filter(|words| !words.is_empty()).map(Into::into));
        }
        if self.rows.step.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let actions = ActionKind::ALL.map(ActionKind::name);
        let mut outcomes = vec!["done"];
        outcomes.extend(Refusal::ALL.map(Refusal::name));
        let rows = std::mem::take(&mut self.rows);
        let texts: Vec<Option<&str>> = rows.text.iter().map(Option::as_deref).collect();
        self.writer.write(&[
            ColumnData::U32(&rows.step),
            ColumnData::U32(&rows.agent),
            ColumnData::Category { codes: &rows.action, names: &actions },
            ColumnData::OptU32(&rows.post),
            ColumnData::OptU32(&rows.comment),
            ColumnData::OptU32(&rows.target),
            ColumnData::OptU32(&rows.group),
            ColumnData::Category { codes: &rows.outcome, names: &outcomes },
            ColumnData::OptU32(&rows.made_post),
            ColumnData::OptU32(&rows.made_comment),
            ColumnData::OptU32(&rows.record),
            ColumnData::OptText(&texts),
        ])
    }

    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}

/// The row of a table of its own kind (likes, follows, groups, messages, …) that an action made or took away.
fn record_id(outcome: &Outcome) -> Option<u32> {
    match outcome {
        Outcome::Recorded(row) => Some(row.get()),
        Outcome::Grouped(group) => Some(group.get()),
        Outcome::Sent(sent) => Some(sent.message.get()),
        _ => None,
    }
}

/// 0 for an action that took effect, else 1 and the reason's place.
fn outcome_code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Refused(refusal) => 1 + *refusal as u8,
        _ => 0,
    }
}

/// `exposures`: who read what, for the agents whose exposures are kept.
pub(super) struct ExposureTable {
    writer: TableWriter,
    rows: ExposureRows,
}

#[derive(Default)]
struct ExposureRows {
    step: Vec<u32>,
    agent: Vec<u32>,
    post: Vec<u32>,
    rank: Vec<u32>,
    source: Vec<u8>,
}

impl ExposureTable {
    pub(super) fn new(folder: &Path) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("agent_id", Kind::U32),
            Column::new("post_id", Kind::U32),
            Column::new("rank", Kind::U32),
            Column::new("source", Kind::Category),
        ];
        Ok(Self { writer: TableWriter::create(folder, "exposures", columns)?, rows: ExposureRows::default() })
    }

    pub(super) fn add(&mut self, world: &World, now: Step, exposures: &[Exposure]) -> Result<(), DataError> {
        let share = world.config.tables.exposures.get();
        let rows = &mut self.rows;
        for exposure in exposures.iter().filter(|e| keeps_exposures(world.seed(), e.agent, share)) {
            rows.step.push(now.0);
            rows.agent.push(exposure.agent.0);
            rows.post.push(exposure.post.get());
            rows.rank.push(exposure.rank);
            rows.source.push(exposure.source as u8);
        }
        if self.rows.step.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let sources = Source::ALL.map(Source::name);
        let rows = std::mem::take(&mut self.rows);
        self.writer.write(&[
            ColumnData::U32(&rows.step),
            ColumnData::U32(&rows.agent),
            ColumnData::U32(&rows.post),
            ColumnData::U32(&rows.rank),
            ColumnData::Category { codes: &rows.source, names: &sources },
        ])
    }

    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}

/// `metrics`: one measure of one subject at the end of one step a row.
pub(super) struct MetricTable {
    writer: TableWriter,
    rows: Vec<MetricRow>,
}

struct MetricRow {
    step: u32,
    minute: u32,
    measure: Measure,
}

impl MetricTable {
    pub(super) fn new(folder: &Path) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("minute", Kind::U32),
            Column::new("scope", Kind::Category),
            Column::new("subject", Kind::OptText),
            Column::new("metric", Kind::Text),
            Column::new("value", Kind::OptF64),
        ];
        Ok(Self { writer: TableWriter::create(folder, "metrics", columns)?, rows: Vec::new() })
    }

    pub(super) fn add(&mut self, world: &World, now: Step, measures: Vec<Measure>) -> Result<(), DataError> {
        let minute = world.clock.minute(now).0;
        self.rows.extend(measures.into_iter().map(|measure| MetricRow { step: now.0, minute, measure }));
        if self.rows.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let rows = std::mem::take(&mut self.rows);
        let steps: Vec<u32> = rows.iter().map(|row| row.step).collect();
        let minutes: Vec<u32> = rows.iter().map(|row| row.minute).collect();
        let scopes: Vec<u8> = rows.iter().map(|row| row.measure.scope as u8).collect();
        let subjects: Vec<Option<&str>> = rows.iter().map(|row| row.measure.subject.as_deref()).collect();
        let names: Vec<&str> = rows.iter().map(|row| row.measure.name).collect();
        let values: Vec<Option<f64>> = rows.iter().map(|row| row.measure.value).collect();
        self.writer.write(&[
            ColumnData::U32(&steps),
            ColumnData::U32(&minutes),
            ColumnData::Category { codes: &scopes, names: &Scope::NAMES },
            ColumnData::OptText(&subjects),
            ColumnData::Text(&names),
            ColumnData::OptF64(&values),
        ])
    }

    pub(super) fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}
