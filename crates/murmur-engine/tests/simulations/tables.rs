//! Small simulations from TOML, and their tables read back.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use murmur_engine::{Config, Simulation, Summary};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

/// The checked configuration in `toml`.
pub(crate) fn config(toml: &str) -> Config {
    let config: Config = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    config.check().unwrap_or_else(|error| panic!("{error}\n{toml}"));
    config
}

/// A finished run with its tables.
pub(crate) struct Run {
    /// Keeps the folder until the tables are read.
    folder: tempfile::TempDir,
    /// What `finish` returned.
    pub(crate) summary: Summary,
}

impl Run {
    /// Runs `config` to its end; `watch` looks at the simulation before the first step and after each.
    pub(crate) fn watched(config: Config, mut watch: impl FnMut(&Simulation)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut simulation = Simulation::new(config).unwrap();
        simulation.record_to(&folder.path().join("run")).unwrap();
        watch(&simulation);
        while !simulation.is_finished() {
            simulation.step().unwrap();
            watch(&simulation);
        }
        let summary = simulation.finish().unwrap();
        Self { folder, summary }
    }

    /// Runs `config` to its end.
    pub(crate) fn of(config: Config) -> Self {
        Self::watched(config, |_| {})
    }

    /// The run on disk.
    pub(crate) fn opened(&self) -> murmur_engine::Run {
        murmur_engine::Run::open(&self.folder.path().join("run")).unwrap()
    }

    /// The digest of its journal.
    pub(crate) fn digest(&self) -> String {
        self.opened().digest().unwrap()
    }

    /// The rows of a table.
    pub(crate) fn table(&self, name: &str) -> Vec<Row> {
        rows_of(&self.folder.path().join(format!("run/tables/{name}.parquet")))
    }
}

/// One row of a table, by column.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row(BTreeMap<String, Field>);

/// The rows of a table file.
pub(crate) fn rows_of(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| Row(row.unwrap().get_column_iter().map(|(k, v)| (k.clone(), v.clone())).collect()))
        .collect()
}

impl Row {
    /// A whole number.
    pub(crate) fn number(&self, column: &str) -> u32 {
        self.optional(column).unwrap_or_else(|| panic!("{column} is null"))
    }

    /// A whole number or null.
    pub(crate) fn optional(&self, column: &str) -> Option<u32> {
        match &self.0[column] {
            Field::UInt(value) => Some(*value),
            Field::Null => None,
            other => panic!("{column}: {other:?}"),
        }
    }

    /// A number with a fraction, or null.
    pub(crate) fn value(&self, column: &str) -> Option<f64> {
        match &self.0[column] {
            Field::Double(value) => Some(*value),
            Field::Float(value) => Some(f64::from(*value)),
            Field::Null => None,
            other => panic!("{column}: {other:?}"),
        }
    }

    /// A text; empty for null.
    pub(crate) fn text(&self, column: &str) -> &str {
        match &self.0[column] {
            Field::Str(text) => text,
            Field::Null => "",
            other => panic!("{column}: {other:?}"),
        }
    }
}
