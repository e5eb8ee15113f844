//! Tables as CSV files.
//!
//! Written here and not by the `csv` crate, which cannot tell a missing text from an empty one.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::{Column, ColumnData};

/// The rows of a CSV file being written.
pub(super) struct CsvRows(BufWriter<File>);

impl CsvRows {
    /// Writes the header.
    pub(super) fn begin(file: File, columns: &[Column]) -> io::Result<Self> {
        let mut out = BufWriter::new(file);
        for (place, column) in columns.iter().enumerate() {
            separate(&mut out, place)?;
            text(&mut out, &column.name)?;
        }
        out.write_all(b"\n")?;
        Ok(Self(out))
    }

    pub(super) fn write(&mut self, data: &[ColumnData<'_>], rows: usize) -> io::Result<()> {
        for row in 0..rows {
            for (place, column) in data.iter().enumerate() {
                separate(&mut self.0, place)?;
                cell(&mut self.0, column, row)?;
            }
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(self) -> io::Result<File> {
        self.0.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn separate(out: &mut impl Write, place: usize) -> io::Result<()> {
    if place > 0 { out.write_all(b",") } else { Ok(()) }
}

/// Floats are written with the fewest digits that give them back.
fn cell(out: &mut impl Write, column: &ColumnData<'_>, row: usize) -> io::Result<()> {
    match *column {
        ColumnData::U32(rows) => write!(out, "{}", rows[row]),
        ColumnData::OptU32(rows) => rows[row].map_or(Ok(()), |value| write!(out, "{value}")),
        ColumnData::U64(rows) => write!(out, "{}", rows[row]),
        ColumnData::F32(rows) => write!(out, "{}", rows[row]),
        ColumnData::F64(rows) => write!(out, "{}", rows[row]),
        ColumnData::OptF64(rows) => rows[row].map_or(Ok(()), |value| write!(out, "{value}")),
        ColumnData::Text(rows) => text(out, rows[row]),
        ColumnData::OptText(rows) => rows[row].map_or(Ok(()), |value| text(out, value)),
        ColumnData::Category { codes, names } => text(out, names[usize::from(codes[row])]),
    }
}

fn text(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}
