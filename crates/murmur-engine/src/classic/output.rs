//! What `murmur classic` writes: a folder of `series.csv`, `agents.csv` and `summary.json`, whole or not at all.

use std::fs;
use std::path::Path;

use murmur_data::table::{Column, Form, Kind, TableFolder, TableWriter};
use murmur_data::{DataError, Output};

use super::ClassicReport;
use crate::EngineError;
use crate::config::{ClassicConfig, Model};

/// The files under way.
pub(super) struct Files {
    output: Output,
    pub(super) series: TableWriter,
    pub(super) agents: TableWriter,
}

impl Files {
    /// Begins the new folder `out`.
    pub(super) fn create(out: &Path, config: &ClassicConfig) -> Result<Self, EngineError> {
        let output = Output::at(out)?;
        let path = output.partial();
        fs::create_dir(path).map_err(|source| DataError::io(path, source))?;
        let (series, agents) = match config.model {
            Model::Opinions(_) => (
                &[
                    ("mean", Kind::F64),
                    ("variance", Kind::F64),
                    ("clusters", Kind::U32),
                    ("largest_cluster", Kind::F64),
                ],
                [("first", Kind::F64), ("last", Kind::F64)],
            ),
            Model::Diffusion(_) => (
                &[
                    ("susceptible", Kind::U32),
                    ("active", Kind::U32),
                    ("removed", Kind::U32),
                    ("reached", Kind::U32),
                ],
                [("state", Kind::Category), ("parent", Kind::OptU32)],
            ),
        };
        let table = |name: &str, second: &str, columns: &[(&str, Kind)]| {
            let keys = [("run", Kind::U32), (second, Kind::U32)];
            let columns = keys.iter().chain(columns).map(|&(name, kind)| Column::new(name, kind)).collect();
            TableWriter::create(TableFolder { path, form: Form::Csv }, name, columns)
        };
        let series = table("series", "round", series)?;
        let agents = table("agents", "agent", &agents)?;
        Ok(Self { output, series, agents })
    }

    /// Ends the tables, writes the summary and gives the folder its name.
    pub(super) fn finish(self, report: &ClassicReport) -> Result<(), EngineError> {
        self.series.finish()?;
        self.agents.finish()?;
        let path = self.output.partial().join("summary.json");
        let mut text = serde_json::to_string_pretty(report).expect("a report has a JSON form");
        text.push('\n');
        fs::write(&path, text).map_err(|source| DataError::io(&path, source))?;
        Ok(self.output.keep()?)
    }
}
