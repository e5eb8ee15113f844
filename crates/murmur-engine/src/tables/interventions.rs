//! The table of what interventions decided.

use murmur_core::{Action, Effect, Ruling, Step};
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableFolder, TableWriter};

use crate::history::RecordedEvent;

/// `interventions`: one decision a row, in the order in which they were carried out. A run without any has no such table.
pub(super) struct InterventionTable<'a> {
    folder: TableFolder<'a>,
    writer: Option<TableWriter>,
}

impl<'a> InterventionTable<'a> {
    pub(super) fn new(folder: TableFolder<'a>) -> Self {
        Self { folder, writer: None }
    }

    pub(super) fn add(&mut self, step: Step, events: &[RecordedEvent]) -> Result<(), DataError> {
        let ruling = |event: &'_ RecordedEvent| match &event.action {
            Action::Moderate(ruling) => Some((event.agent.0, (**ruling).clone())),
            _ => None,
        };
        let (agents, rulings): (Vec<u32>, Vec<Ruling>) = events.iter().filter_map(ruling).unzip();
        if rulings.is_empty() {
            return Ok(());
        }
        let steps = vec![step.0; rulings.len()];
        let names: Vec<&str> = rulings.iter().map(|ruling| &*ruling.by).collect();
        let codes: Vec<u8> = rulings.iter().map(|ruling| ruling.effect.code()).collect();
        let posts: Vec<Option<u32>> =
            rulings.iter().map(|ruling| ruling.effect.post().map(|post| post.get())).collect();
        let values: Vec<Option<f64>> =
            rulings.iter().map(|ruling| ruling.effect.value().map(f64::from)).collect();
        let labels: Vec<Option<&str>> = rulings.iter().map(|ruling| label_of(&ruling.effect)).collect();
        let reasons: Vec<&str> = rulings.iter().map(|ruling| &*ruling.reason).collect();
        self.writer()?.write(&[
            ColumnData::U32(&steps),
            ColumnData::Text(&names),
            ColumnData::Category { codes: &codes, names: &Effect::NAMES },
            ColumnData::U32(&agents),
            ColumnData::OptU32(&posts),
            ColumnData::OptF64(&values),
            ColumnData::OptText(&labels),
            ColumnData::Text(&reasons),
        ])
    }

    fn writer(&mut self) -> Result<&mut TableWriter, DataError> {
        if self.writer.is_none() {
            let columns = vec![
                Column::new("step", Kind::U32),
                Column::new("intervention", Kind::Text),
                Column::new("decision", Kind::Category),
                Column::new("agent_id", Kind::U32),
                Column::new("post_id", Kind::OptU32),
                Column::new("value", Kind::OptF64),
                Column::new("label", Kind::OptText),
                Column::new("reason", Kind::Text),
            ];
            self.writer = Some(TableWriter::create(self.folder, "interventions", columns)?);
        }
        Ok(self.writer.as_mut().expect("it was just made"))
    }

    pub(super) fn finish(self) -> Result<(), DataError> {
        self.writer.map_or(Ok(()), TableWriter::finish)
    }
}

fn label_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Label(_, label) => Some(label),
        _ => None,
    }
}
