//! A CSV file with a header row, read record by record with the line on which each begins.
//!
//! Lines are counted here, from the records' own newlines, because the `csv` crate's positions count blank lines
//! before a record as part of it.

use std::io::{Chain, Read};
use std::path::Path;

use csv::{ByteRecord, StringRecord, Terminator};

use crate::DataError;
use crate::input::{self, TextReader};

/// An open CSV file, after its header.
pub(crate) struct CsvFile<'p> {
    path: &'p Path,
    reader: csv::Reader<Chain<TextReader, &'static [u8]>>,
    columns: Vec<String>,
    record: StringRecord,
}

/// One record, with as many cells as the header has columns.
pub(crate) struct Row<'r> {
    /// The line of the file, from 1, on which the record begins.
    pub(crate) line: u64,
    /// The cells, in the order of the columns.
    pub(crate) cells: &'r StringRecord,
}

impl<'p> CsvFile<'p> {
    /// Opens `path` and reads its header. Spaces around the names of columns are dropped.
    ///
    /// # Errors
    /// When the file cannot be read, is empty or its header is not UTF-8.
    pub(crate) fn open(path: &'p Path) -> Result<Self, DataError> {
        // The newline added ends the last record where the file does not; after one it is a blank line.
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(input::open(path)?.chain(&b"\n"[..]));
        let mut file = Self { path, reader, columns: Vec::new(), record: StringRecord::new() };
        if file.read_record()?.is_none() {
            return Err(DataError::whole(path, "the file is empty; expected a header row"));
        }
        file.columns = file.record.iter().map(|name| name.trim().to_owned()).collect();
        Ok(file)
    }

    /// The names of the columns; those of unnamed columns are empty.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The place of the first column called `name`. An unnamed column is never found.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name && !name.is_empty())
    }

    /// The places of columns that the file must have.
    ///
    /// # Errors
    /// Names all that are missing, and those the file has.
    pub(crate) fn require<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], DataError> {
        let missing: Vec<&str> = names.into_iter().filter(|name| self.column(name).is_none()).collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 { "column" } else { "columns" };
            let message =
                format!("missing {noun} {}; the file has {}", quoted(&missing), quoted(&self.columns));
            return Err(DataError::whole(self.path, message));
        }
        Ok(names.map(|name| self.column(name).expect("checked above")))
    }

    /// The next record, or `None` at the end. Blank lines are no records.
    ///
    /// # Errors
    /// When the file cannot be read, or the record is not UTF-8 or has not one cell per column.
    pub(crate) fn read_row(&mut self) -> Result<Option<Row<'_>>, DataError> {
        let Some(line) = self.read_record()? else { return Ok(None) };
        let (found, expected) = (self.record.len(), self.columns.len());
        if found != expected {
            let message = format!("{found} fields where the header has {expected}");
            return Err(DataError::at_line(self.path, line, message));
        }
        Ok(Some(Row { line, cells: &self.record }))
    }

    /// Reads the next record into `self.record` and gives the line on which it begins.
    fn read_record(&mut self) -> Result<Option<u64>, DataError> {
        let mut bytes = std::mem::take(&mut self.record).into_byte_record();
        let earliest = self.reader.position().line();
        let more = self.reader.read_byte_record(&mut bytes).map_err(|error| self.failure(error))?;
        if !more {
            return Ok(None);
        }
        // Every record is followed by a newline, unless an open quote swallowed it.
        let line = self.reader.position().line() - 1 - newlines(&bytes);
        if line < earliest {
            return Err(DataError::at_line(
                self.path,
                earliest,
                "a quoted field is not closed by the end of the file",
            ));
        }
        self.record = StringRecord::from_byte_record(bytes).map_err(|error| {
            let column = error.utf8_error().field();
            let name = self.columns.get(column).cloned().unwrap_or_else(|| (column + 1).to_string());
            DataError::at_line(self.path, line, format!("column `{name}` is not valid UTF-8"))
        })?;
        Ok(Some(line))
    }

    fn failure(&self, error: csv::Error) -> DataError {
        let message = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(source) => DataError::io(self.path, source),
            _ => DataError::whole(self.path, message),
        }
    }
}

fn newlines(record: &ByteRecord) -> u64 {
    record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// `` `a`, `b` ``, without the unnamed.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let named = names.iter().map(AsRef::as_ref).filter(|name| !name.is_empty());
    named.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let without_path =
            |error: DataError| error.to_string().replace(&format!("{}: ", file.path().display()), "");
        let mut csv = CsvFile::open(file.path()).map_err(without_path)?;
        let mut rows = Vec::new();
        while let Some(row) = csv.read_row().map_err(without_path)? {
            rows.push(format!("{} {}", row.line, row.cells.iter().collect::<Vec<_>>().join("|")));
        }
        Ok(rows)
    }

    #[test]
    fn rows_carry_the_line_on_which_they_begin() {
        let cases: [(&[u8], &[&str]); 7] = [
            (b"a,b\n", &[]),
            (b"a,b\n1,2\n3,4\n", &["2 1|2", "3 3|4"]),
            (b"a,b\n1,2\n3,4", &["2 1|2", "3 3|4"]),
            (b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n", &["2 1|2", "3 3|4"]),
            (b"\n\na,b\n\n1,2\n\n\n3,4\n", &["5 1|2", "8 3|4"]),
            (b"a,b\n1,\"x\n\ny\"\n3,4\n", &["2 1|x\n\ny", "5 3|4"]),
            (b"a,b\r\n1,\"x\r\ny\"\r\n3,\"\"\"q\"\"\"", &["2 1|x\ny", "4 3|\"q\""]),
        ];
        for (content, expected) in cases {
            assert_eq!(read(content).unwrap(), expected, "{}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn faults_name_their_line() {
        let cases: [(&[u8], &str); 6] = [
            (b"", "the file is empty; expected a header row"),
            (b"\n\n", "the file is empty; expected a header row"),
            (b"a,b\n1,\"x\ny\"\n3\n", "line 4: 1 fields where the header has 2"),
            (b"a,b\n1,2\n3,\xff\n", "line 3: column `b` is not valid UTF-8"),
            (b"a,\xff\n", "line 1: column `2` is not valid UTF-8"),
            (b"a,b\n1,2\n3,\"x\ny\n", "line 3: a quoted field is not closed by the end of the file"),
        ];
        for (content, expected) in cases {
            assert_eq!(read(content).unwrap_err(), expected);
        }
    }

    #[test]
    fn missing_columns_are_named_together() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ",a,b\n").unwrap();
        let csv = CsvFile::open(file.path()).unwrap();
        assert_eq!(csv.require(["b", "a"]).unwrap(), [2, 1]);
        let message = csv.require(["x", "a", "y"]).unwrap_err().to_string();
        assert!(message.ends_with("missing columns `x`, `y`; the file has `a`, `b`"), "{message}");
    }
}
