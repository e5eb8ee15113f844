//! Tables with rows of every step: events, exposures and metrics.

use std::borrow::Cow;

use murmur_core::{Action, ActionKind, Refusal, Step};
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableFolder, TableWriter};
use murmur_journal::{JournalReader, Tables};
use murmur_store::Naming;

use super::TableSources;
use super::calls::{AnswerTable, CallTable};
use super::interventions::InterventionTable;
use crate::facts::{Exposure, ReadFrom};
use crate::history::{RecordedEvent, RecordedMeasure, RecordedStep};
use crate::measure::Scope;
use crate::{EngineError, World};

/// Rows that are gathered before they are written.
const ROWS_PER_GROUP: usize = 500_000;

/// The tables of the history.
pub(super) struct HistoryTables<'a>(pub(super) &'a TableSources<'a>);

impl HistoryTables<'_> {
    /// Writes the tables of all steps before the end.
    pub(super) fn write(&self, journal: &mut JournalReader) -> Result<(), EngineError> {
        let &TableSources { folder, naming, world, end, .. } = self.0;
        let mut events = EventTable::new(folder)?;
        let mut exposures = ExposureTable::new(folder)?;
        let mut metrics = MetricTable::new(folder)?;
        let mut interventions = InterventionTable::new(folder);
        // What a configuration has not, its tables have not.
        let has_models = !world.config.model.is_empty();
        let mut calls = if has_models { Some(CallTable::new(folder)?) } else { None };
        let has_surveys = !world.config.survey.is_empty();
        let mut answers = if has_surveys { Some(AnswerTable::new(folder)?) } else { None };
        for step in journal.steps().take_while(|&step| step < end) {
            let recorded = RecordedStep { step, batches: journal.step(step, Tables::All)? };
            let done = recorded.events(world)?;
            interventions.add(step, &done)?;
            events.add(step, done, naming)?;
            exposures.add(step, &recorded.exposures(world)?)?;
            metrics.add(world, step, recorded.measures()?)?;
            if let Some(calls) = &mut calls {
                calls.add(world, step, &recorded.calls()?)?;
            }
            if let Some(answers) = &mut answers {
                answers.add(world, step, &recorded.answers()?)?;
            }
        }
        events.finish()?;
        interventions.finish()?;
        exposures.finish()?;
        metrics.finish()?;
        calls.map_or(Ok(()), CallTable::finish)?;
        Ok(answers.map_or(Ok(()), AnswerTable::finish)?)
    }
}

/// The words in an action that nobody publishes, under a naming.
fn words_of<'a>(action: &'a Action, naming: &Naming) -> Option<Cow<'a, str>> {
    let words = action.words().filter(|words| !words.is_empty())?;
    Some(match action {
        Action::SearchPosts(_) | Action::SearchUser(_) => naming.query(words),
        _ => naming.words(words),
    })
}

/// `events`: every action and what came of it.
struct EventTable {
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
    fn new(folder: TableFolder<'_>) -> Result<Self, DataError> {
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

    fn add(&mut self, step: Step, events: Vec<RecordedEvent>, naming: &Naming) -> Result<(), DataError> {
        let rows = &mut self.rows;
        for RecordedEvent { agent, action, outcome, .. } in events {
            rows.step.push(step.0);
            rows.agent.push(agent.0);
            rows.action.push(action.kind() as u8);
            rows.post.push(action.post().map(|post| post.get()));
            rows.target.push(action.target().map(|agent| agent.0));
            rows.comment.push(action.comment().map(|comment| comment.get()));
            rows.group.push(action.group().map(|group| group.get()));
            rows.outcome.push(outcome.refusal().map_or(0, |refusal| 1 + refusal as u8));
            rows.made_post.push(outcome.post());
            rows.made_comment.push(outcome.comment());
            rows.record.push(outcome.record());
            rows.text.push(words_of(&action, naming).map(|words| words.into_owned().into()));
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

    fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}

/// `exposures`: who read what, for the agents whose exposures are kept, by step, agent and rank.
struct ExposureTable {
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
    fn new(folder: TableFolder<'_>) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("agent_id", Kind::U32),
            Column::new("post_id", Kind::U32),
            Column::new("rank", Kind::U32),
            Column::new("source", Kind::Category),
        ];
        Ok(Self { writer: TableWriter::create(folder, "exposures", columns)?, rows: ExposureRows::default() })
    }

    fn add(&mut self, step: Step, exposures: &[Exposure]) -> Result<(), DataError> {
        let rows = &mut self.rows;
        for exposure in exposures {
            rows.step.push(step.0);
            rows.agent.push(exposure.agent.0);
            rows.post.push(exposure.post.get());
            rows.rank.push(exposure.rank);
            rows.source.push(exposure.source.code());
        }
        if self.rows.step.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let sources = ReadFrom::names();
        let rows = std::mem::take(&mut self.rows);
        self.writer.write(&[
            ColumnData::U32(&rows.step),
            ColumnData::U32(&rows.agent),
            ColumnData::U32(&rows.post),
            ColumnData::U32(&rows.rank),
            ColumnData::Category { codes: &rows.source, names: &sources },
        ])
    }

    fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}

/// `metrics`: one measure of one subject at the end of one step a row.
struct MetricTable {
    writer: TableWriter,
    rows: Vec<MetricRow>,
}

struct MetricRow {
    step: u32,
    minute: u32,
    measure: RecordedMeasure,
}

impl MetricTable {
    fn new(folder: TableFolder<'_>) -> Result<Self, DataError> {
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

    fn add(&mut self, world: &World, step: Step, measures: Vec<RecordedMeasure>) -> Result<(), DataError> {
        let minute = world.clock.minute(step).0;
        self.rows.extend(measures.into_iter().map(|measure| MetricRow { step: step.0, minute, measure }));
        if self.rows.len() >= ROWS_PER_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        let rows = std::mem::take(&mut self.rows);
        let steps: Vec<u32> = rows.iter().map(|row| row.step).collect();
        let minutes: Vec<u32> = rows.iter().map(|row| row.minute).collect();
        let scopes: Vec<u8> = rows.iter().map(|row| row.measure.scope).collect();
        let subjects: Vec<Option<&str>> = rows.iter().map(|row| row.measure.subject.as_deref()).collect();
        let names: Vec<&str> = rows.iter().map(|row| row.measure.name.as_str()).collect();
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

    fn finish(mut self) -> Result<(), DataError> {
        self.flush()?;
        self.writer.finish()
    }
}
