//! Results on disk: `results.json`, and each table as CSV and Parquet under `results/`.

use std::fs;
use std::path::{Path, PathBuf};

use murmur_data::table::{Column, ColumnData, Form, Kind, TableFolder, TableWriter};

use crate::results::{Interval, Results};
use crate::{Experiment, ExperimentError, Folder};

/// Writes the results into the experiment's folder; returns the folder of the tables.
///
/// # Errors
/// When the disk cannot be written.
pub fn write_results(
    experiment: &Experiment,
    folder: &Folder,
    results: &Results,
) -> Result<PathBuf, ExperimentError> {
    let path = folder.path().join("results");
    fs::create_dir_all(&path).map_err(ExperimentError::io(&path))?;
    for form in [Form::Csv, Form::Parquet] {
        let folder = TableFolder { path: &path, form };
        outcomes(experiment, results).write(folder, "outcomes")?;
        comparisons(results).write(folder, "comparisons")?;
        correlations(results).write(folder, "correlations")?;
        series(results).write(folder, "series")?;
        replies(results).write(folder, "replies")?;
    }
    folder.write_json(Path::new("results.json"), results)?;
    Ok(path)
}

/// A table held as columns.
#[derive(Default)]
struct Table<'a> {
    columns: Vec<(String, Values<'a>)>,
}

enum Values<'a> {
    U32(Vec<u32>),
    U64(Vec<u64>),
    Float(Vec<Option<f64>>),
    Text(Vec<&'a str>),
}

impl<'a> Table<'a> {
    fn texts(&mut self, name: impl Into<String>, values: impl Iterator<Item = &'a str>) {
        self.columns.push((name.into(), Values::Text(values.collect())));
    }

    fn u32s(&mut self, name: &str, values: impl Iterator<Item = u32>) {
        self.columns.push((name.to_owned(), Values::U32(values.collect())));
    }

    fn u64s(&mut self, name: &str, values: impl Iterator<Item = u64>) {
        self.columns.push((name.to_owned(), Values::U64(values.collect())));
    }

    fn floats(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<f64>>) {
        self.columns.push((name.into(), Values::Float(values.collect())));
    }

    fn write(&self, folder: TableFolder<'_>, name: &str) -> Result<(), ExperimentError> {
        let column = |(name, values): &(String, Values<'_>)| {
            let kind = match values {
                Values::U32(_) => Kind::U32,
                Values::U64(_) => Kind::U64,
                Values::Float(_) => Kind::OptF64,
                Values::Text(_) => Kind::Text,
            };
            Column::new(name, kind)
        };
        let mut table = TableWriter::create(folder, name, self.columns.iter().map(column).collect())?;
        let data: Vec<ColumnData<'_>> = self
            .columns
            .iter()
            .map(|(_, values)| match values {
                Values::U32(values) => ColumnData::U32(values),
                Values::U64(values) => ColumnData::U64(values),
                Values::Float(values) => ColumnData::OptF64(values),
                Values::Text(values) => ColumnData::Text(values),
            })
            .collect();
        table.write(&data)?;
        Ok(table.finish()?)
    }
}

/// A row for each run and outcome, with a column for each factor.
fn outcomes<'a>(experiment: &'a Experiment, results: &'a Results) -> Table<'a> {
    let rows = &results.rows;
    let mut table = Table::default();
    table.texts("experiment", rows.iter().map(|_| results.name.as_str()));
    table.u32s("replicate", rows.iter().map(|row| row.replicate));
    table.u64s("seed", rows.iter().map(|row| row.seed));
    table.texts("arm", rows.iter().map(|row| row.arm.as_str()));
    for (place, factor) in experiment.factors.iter().enumerate() {
        let level = |arm: &str| {
            let own = experiment.arms.iter().find(|own| own.name == arm);
            own.map_or("", |own| factor.levels[own.levels[place]].as_str())
        };
        // A factor may be called as another column is.
        table.texts(format!("factor_{}", factor.name), rows.iter().map(|row| level(&row.arm)));
    }
    table.texts("outcome", rows.iter().map(|row| row.outcome.as_str()));
    table.floats("value", rows.iter().map(|row| row.value));
    table
}

fn comparisons(results: &Results) -> Table<'_> {
    let rows = &results.comparisons;
    let mut table = Table::default();
    table.texts("outcome", rows.iter().map(|row| row.outcome.as_str()));
    table.texts("factor", rows.iter().map(|row| row.factor.as_str()));
    table.texts("arm", rows.iter().map(|row| row.arm.as_str()));
    table.texts("against", rows.iter().map(|row| row.against.as_str()));
    table.u32s("pairs", rows.iter().map(|row| row.pairs));
    table.floats("difference", rows.iter().map(|row| row.difference));
    let contrasts = [
        ("paired", rows.iter().map(|row| row.paired).collect::<Vec<_>>()),
        ("unpaired", rows.iter().map(|row| row.unpaired).collect()),
    ];
    for (how, contrasts) in contrasts {
        let low = |interval: Option<Interval>| interval.map(|interval| interval.low);
        let high = |interval: Option<Interval>| interval.map(|interval| interval.high);
        table.floats(format!("{how}_t_low"), contrasts.iter().map(|own| low(own.t)));
        table.floats(format!("{how}_t_high"), contrasts.iter().map(|own| high(own.t)));
        table.floats(format!("{how}_bootstrap_low"), contrasts.iter().map(|own| low(own.bootstrap)));
        table.floats(format!("{how}_bootstrap_high"), contrasts.iter().map(|own| high(own.bootstrap)));
        table.floats(format!("{how}_p"), contrasts.iter().map(|own| own.p));
        table.floats(format!("{how}_p_corrected"), contrasts.iter().map(|own| own.p_corrected));
        table.floats(format!("{how}_effect"), contrasts.iter().map(|own| own.effect));
    }
    table.floats("narrowing", rows.iter().map(|row| row.narrowing));
    table.floats("correlation", rows.iter().map(|row| row.correlation));
    table
}

fn correlations(results: &Results) -> Table<'_> {
    let rows = &results.correlations;
    let mut table = Table::default();
    table.texts("outcome", rows.iter().map(|row| row.outcome.as_str()));
    table.texts("arm", rows.iter().map(|row| row.arm.as_str()));
    table.texts("against", rows.iter().map(|row| row.against.as_str()));
    table.u32s("steps_since_treatment", rows.iter().map(|row| row.steps));
    table.floats("correlation", rows.iter().map(|row| row.correlation));
    table
}

fn series(results: &Results) -> Table<'_> {
    let points = || results.series.iter().flat_map(|own| (0..own.steps.len()).map(move |place| (own, place)));
    let mut table = Table::default();
    table.texts("outcome", points().map(|(own, _)| own.outcome.as_str()));
    table.texts("arm", points().map(|(own, _)| own.arm.as_str()));
    table.u32s("step", points().map(|(own, place)| own.steps[place]));
    table.floats("mean", points().map(|(own, place)| own.mean[place]));
    table.floats("low", points().map(|(own, place)| own.low[place]));
    table.floats("high", points().map(|(own, place)| own.high[place]));
    table
}

fn replies(results: &Results) -> Table<'_> {
    let rows = &results.replies;
    let mut table = Table::default();
    table.u32s("replicate", rows.iter().map(|row| row.replicate));
    table.texts("arm", rows.iter().map(|row| row.arm.as_str()));
    table.texts("against", rows.iter().map(|row| row.against.as_str()));
    table.u64s("requests", rows.iter().map(|row| row.requests));
    table.u64s("shared", rows.iter().map(|row| row.shared));
    table
}
