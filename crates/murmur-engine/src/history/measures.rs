//! The `measures` table: what the step's metrics came to.

use murmur_journal::Shard;
use murmur_journal::columns::{ColumnReader, ColumnWriter};

use super::{Encoded, MEASURES, Malformed};
use crate::measure::{Measure, Scope};

/// A measure as the journal keeps it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RecordedMeasure {
    /// The place in [`Scope::NAMES`].
    pub(crate) scope: u8,
    pub(crate) subject: Option<String>,
    pub(crate) name: String,
    pub(crate) value: Option<f64>,
}

pub(super) fn encode(measures: &[Measure]) -> Encoded {
    let scopes: Vec<u8> = measures.iter().map(|measure| measure.scope as u8).collect();
    let with_subject: Vec<u8> = measures.iter().map(|measure| measure.subject.is_some().into()).collect();
    let defined: Vec<u8> = measures.iter().map(|measure| measure.value.is_some().into()).collect();
    let values: Vec<u64> = measures
        .iter()
        .filter_map(|measure| measure.value)
        .map(|value| value.to_bits().swap_bytes())
        .collect();
    let mut columns = ColumnWriter::new();
    columns.u8s(&scopes);
    columns.u8s(&with_subject);
    columns.texts(measures.iter().filter_map(|measure| measure.subject.as_deref()));
    columns.texts(measures.iter().map(|measure| measure.name));
    columns.u8s(&defined);
    // Bytes swapped, counts have short varints.
    columns.u64s(&values);
    let payload = columns.bytes().to_vec();
    Encoded { table: MEASURES, shard: Shard::Public, rows: measures.len() as u32, payload }
}

pub(super) fn decode(rows: usize, payload: &[u8]) -> Result<Vec<RecordedMeasure>, Malformed> {
    let ones = |flags: &[u8]| flags.iter().filter(|&&flag| flag == 1).count();
    let mut columns = ColumnReader::new(payload);
    let scopes = columns.u8s(rows, Scope::NAMES.len() as u8 - 1)?;
    let with_subject = columns.u8s(rows, 1)?;
    let mut subjects = columns.texts(ones(&with_subject))?.into_iter();
    let names = columns.texts(rows)?;
    let defined = columns.u8s(rows, 1)?;
    let mut values = columns.u64s(ones(&defined))?.into_iter();
    columns.finish()?;
    Ok((0..rows)
        .map(|row| RecordedMeasure {
            scope: scopes[row],
            subject: if with_subject[row] == 1 { subjects.next().map(str::to_owned) } else { None },
            name: names[row].to_owned(),
            value: if defined[row] == 1 {
                values.next().map(|bits| f64::from_bits(bits.swap_bytes()))
            } else {
                None
            },
        })
        .collect())
}
