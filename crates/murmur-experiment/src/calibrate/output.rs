//! What a calibration writes: a folder of JSON and CSV files, whole or not at all.

use std::fs;
use std::path::Path;

use murmur_data::table::{Column, ColumnData, Form, Kind, TableFolder, TableWriter};
use murmur_data::{DataError, Output};
use serde::Serialize;

use super::{Calibration, Evaluation, Judgement, MEASURES, ParameterPlan, Plan, Profile, Recovery};

/// Writes `calibration.json`, `evaluations.csv`, `profiles.csv`, `test.csv` and `forecasts.csv` to the new folder `out`.
///
/// # Errors
/// When something is there, or the disk fails.
pub fn write_calibration(out: &Path, calibration: &Calibration) -> Result<(), DataError> {
    write(out, "calibration", calibration, |folder| {
        evaluations(folder, &calibration.plan.parameter, &calibration.fit.evaluations)?;
        profiles(folder, &calibration.profiles)?;
        test_rows(folder, &calibration.judgement)?;
        forecasts(folder, &calibration.plan, &calibration.judgement)
    })
}

/// Writes `recovery.json`, `evaluations.csv` and `profiles.csv` to the new folder `out`.
///
/// # Errors
/// As [`write_calibration`].
pub fn write_recovery(out: &Path, recovery: &Recovery) -> Result<(), DataError> {
    write(out, "recovery", recovery, |folder| {
        evaluations(folder, &recovery.plan.parameter, &recovery.fit.evaluations)?;
        profiles(folder, &recovery.profiles)
    })
}

fn write(
    out: &Path,
    name: &str,
    results: &impl Serialize,
    tables: impl FnOnce(TableFolder<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let output = Output::at(out)?;
    let path = output.partial();
    fs::create_dir(path).map_err(|source| DataError::io(path, source))?;
    tables(TableFolder { path, form: Form::Csv })?;
    let file = path.join(format!("{name}.json"));
    let mut text = serde_json::to_string_pretty(results).expect("results have a JSON form");
    text.push('\n');
    fs::write(&file, text).map_err(|source| DataError::io(&file, source))?;
    output.keep()
}

fn table(
    folder: TableFolder<'_>,
    name: &str,
    columns: Vec<Column>,
    data: &[ColumnData<'_>],
) -> Result<(), DataError> {
    let mut writer = TableWriter::create(folder, name, columns)?;
    writer.write(data)?;
    writer.finish()
}

fn evaluations(
    folder: TableFolder<'_>,
    parameters: &[ParameterPlan],
    evaluations: &[Evaluation],
) -> Result<(), DataError> {
    let numbers: Vec<u32> = evaluations.iter().map(|evaluation| evaluation.number).collect();
    let losses: Vec<f64> = evaluations.iter().map(|evaluation| evaluation.loss).collect();
    let values: Vec<Vec<f64>> = (0..parameters.len())
        .map(|place| evaluations.iter().map(|evaluation| evaluation.values[place]).collect())
        .collect();
    let mut columns = vec![Column::new("evaluation", Kind::U32), Column::new("loss", Kind::F64)];
    columns.extend(parameters.iter().map(|parameter| Column::new(parameter.key.as_str(), Kind::F64)));
    let mut data = vec![ColumnData::U32(&numbers), ColumnData::F64(&losses)];
    data.extend(values.iter().map(|values| ColumnData::F64(values)));
    table(folder, "evaluations", columns, &data)
}

fn profiles(folder: TableFolder<'_>, profiles: &[Profile]) -> Result<(), DataError> {
    let points: Vec<_> = profiles
        .iter()
        .flat_map(|profile| profile.points.iter().map(move |point| (profile, point)))
        .collect();
    let keys: Vec<&str> = points.iter().map(|(profile, _)| profile.key.as_str()).collect();
    let column = |value: &dyn Fn(usize) -> f64| (0..points.len()).map(value).collect::<Vec<f64>>();
    let values = column(&|row| points[row].1.value);
    let losses = column(&|row| points[row].1.loss);
    let excesses = column(&|row| points[row].1.excess);
    let errors = column(&|row| points[row].1.error);
    let told: Vec<u32> = points.iter().map(|(_, point)| u32::from(point.told_apart)).collect();
    let columns = vec![
        Column::new("parameter", Kind::Text),
        Column::new("value", Kind::F64),
        Column::new("loss", Kind::F64),
        Column::new("excess", Kind::F64),
        Column::new("standard_error", Kind::F64),
        Column::new("told_apart", Kind::U32),
    ];
    let data = [
        ColumnData::Text(&keys),
        ColumnData::F64(&values),
        ColumnData::F64(&losses),
        ColumnData::F64(&excesses),
        ColumnData::F64(&errors),
        ColumnData::U32(&told),
    ];
    table(folder, "profiles", columns, &data)
}

fn test_rows(folder: TableFolder<'_>, judgement: &Judgement) -> Result<(), DataError> {
    let rows = &judgement.rows;
    let cascades: Vec<u32> = rows.iter().map(|row| row.cascade as u32).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let contestants: Vec<&str> = rows.iter().map(|row| row.contestant).collect();
    let errors: Vec<Vec<Option<f64>>> =
        (0..MEASURES.len()).map(|measure| rows.iter().map(|row| row.nrmse[measure]).collect()).collect();
    let mut columns = vec![
        Column::new("cascade", Kind::U32),
        Column::new("name", Kind::Text),
        Column::new("contestant", Kind::Text),
    ];
    columns.extend(MEASURES.map(|measure| Column::new(measure, Kind::OptF64)));
    let mut data = vec![ColumnData::U32(&cascades), ColumnData::Text(&names), ColumnData::Text(&contestants)];
    data.extend(errors.iter().map(|errors| ColumnData::OptF64(errors)));
    table(folder, "test", columns, &data)
}

fn forecasts(folder: TableFolder<'_>, plan: &Plan, judgement: &Judgement) -> Result<(), DataError> {
    let (mut cascades, mut minutes) = (Vec::new(), Vec::new());
    for curve in &judgement.curves {
        for minute in plan.from + 1..=plan.until {
            cascades.push(curve.cascade as u32);
            minutes.push(minute);
        }
    }
    let mut columns = vec![Column::new("cascade", Kind::U32), Column::new("minute", Kind::U32)];
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (measure, name) in MEASURES.iter().enumerate() {
        for what in ["observed", "simulated"] {
            columns.push(Column::new(format!("{name}_{what}"), Kind::F64));
            let of = |curve: &super::judge::TestCurve| match what {
                "observed" => curve.observed[measure].clone(),
                _ => curve.simulated[measure].clone(),
            };
            values.push(judgement.curves.iter().flat_map(of).collect());
        }
    }
    let mut data = vec![ColumnData::U32(&cascades), ColumnData::U32(&minutes)];
    data.extend(values.iter().map(|values| ColumnData::F64(values)));
    table(folder, "forecasts", columns, &data)
}
