//! Tables about language models: `calls` and `answers`.

use murmur_core::Step;
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableFolder, TableWriter};
use murmur_prompt::survey::Answer;

use crate::World;
use crate::config::AnswerForm;
use crate::facts::{AnswerRecord, CallPurpose, CallRecord, Verdict};

/// `calls`: a call to a language model, for what, and what became of it, a row.
pub(super) struct CallTable(TableWriter);

impl CallTable {
    pub(super) fn new(folder: TableFolder<'_>) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("agent_id", Kind::U32),
            Column::new("call", Kind::U32),
            Column::new("model", Kind::Text),
            Column::new("purpose", Kind::Category),
            Column::new("verdict", Kind::Category),
            Column::new("input_tokens", Kind::U32),
            Column::new("output_tokens", Kind::U32),
            Column::new("request", Kind::Text),
        ];
        Ok(Self(TableWriter::create(folder, "calls", columns)?))
    }

    pub(super) fn add(&mut self, world: &World, step: Step, calls: &[CallRecord]) -> Result<(), DataError> {
        if calls.is_empty() {
            return Ok(());
        }
        let numbers = |of: fn(&CallRecord) -> u32| calls.iter().map(of).collect::<Vec<u32>>();
        let codes = |of: fn(&CallRecord) -> u8| calls.iter().map(of).collect::<Vec<u8>>();
        let models: Vec<&str> = calls
            .iter()
            .map(|call| world.config.model[usize::from(call.model)].server.name.as_str())
            .collect();
        let requests: Vec<String> = calls.iter().map(|call| call.hash.to_string()).collect();
        self.0.write(&[
            ColumnData::U32(&vec![step.0; calls.len()]),
            ColumnData::U32(&numbers(|call| call.agent.0)),
            ColumnData::U32(&numbers(|call| call.number.into())),
            ColumnData::Text(&models),
            ColumnData::Category { codes: &codes(|call| call.purpose as u8), names: &CallPurpose::NAMES },
            ColumnData::Category { codes: &codes(|call| call.verdict), names: &Verdict::names() },
            ColumnData::U32(&numbers(|call| call.input)),
            ColumnData::U32(&numbers(|call| call.output)),
            ColumnData::Text(&requests.iter().map(String::as_str).collect::<Vec<&str>>()),
        ])
    }

    pub(super) fn finish(self) -> Result<(), DataError> {
        self.0.finish()
    }
}

/// `answers`: what an agent answered to a survey, a row. Of a choice `value` is its place from 1.
pub(super) struct AnswerTable(TableWriter);

impl AnswerTable {
    pub(super) fn new(folder: TableFolder<'_>) -> Result<Self, DataError> {
        let columns = vec![
            Column::new("step", Kind::U32),
            Column::new("survey", Kind::Text),
            Column::new("agent_id", Kind::U32),
            Column::new("answer", Kind::OptText),
            Column::new("value", Kind::OptF64),
        ];
        Ok(Self(TableWriter::create(folder, "answers", columns)?))
    }

    pub(super) fn add(&mut self, world: &World, step: Step, rows: &[AnswerRecord]) -> Result<(), DataError> {
        if rows.is_empty() {
            return Ok(());
        }
        let survey = |row: &AnswerRecord| &world.config.survey[usize::from(row.survey)];
        let names: Vec<&str> = rows.iter().map(|row| survey(row).name.as_str()).collect();
        let agents: Vec<u32> = rows.iter().map(|row| row.agent.0).collect();
        let texts: Vec<Option<&str>> = rows
            .iter()
            .map(|row| match (&row.answer, &survey(row).answer) {
                (Some(Answer::Text(text)), _) => Some(&**text),
                (Some(Answer::Choice(place)), AnswerForm::Choice(form)) => {
                    form.choices.get(*place).map(String::as_str)
                }
                _ => None,
            })
            .collect();
        let values: Vec<Option<f64>> = rows
            .iter()
            .map(|row| match row.answer {
                Some(Answer::Choice(place)) => Some(place as f64 + 1.0),
                Some(Answer::Scale(value)) => Some(value.into()),
                _ => None,
            })
            .collect();
        self.0.write(&[
            ColumnData::U32(&vec![step.0; rows.len()]),
            ColumnData::Text(&names),
            ColumnData::U32(&agents),
            ColumnData::OptText(&texts),
            ColumnData::OptF64(&values),
        ])
    }

    pub(super) fn finish(self) -> Result<(), DataError> {
        self.0.finish()
    }
}
