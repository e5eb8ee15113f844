//! Reads columns of a run's Parquet tables.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use parquet::basic::{Repetition, Type as Physical};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::ReportError;

/// Rows that are unpacked at a time.
const ROWS_AT_ONCE: usize = 65_536;

/// A table of a run.
pub(crate) struct TableFile {
    path: PathBuf,
    reader: SerializedFileReader<File>,
}

impl TableFile {
    /// The table `name` in a folder of tables; none if it is not there.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Option<Self>, ReportError> {
        let path = folder.join(format!("{name}.parquet"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ReportError::io(&path)(error)),
        };
        let reader = SerializedFileReader::new(file).map_err(|error| ReportError::malformed(&path, error))?;
        Ok(Some(Self { path, reader }))
    }

    /// Its number of rows.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    fn malformed(&self, message: impl ToString) -> ReportError {
        ReportError::malformed(&self.path, message)
    }

    /// Calls `take` with each row's number and value in the column `name`.
    fn each<T: DataType>(
        &self,
        name: &str,
        physical: Physical,
        mut take: impl FnMut(usize, Option<&T::T>),
    ) -> Result<(), ReportError> {
        let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
        let place = schema.columns().iter().position(|column| column.name() == name);
        let place = place.ok_or_else(|| self.malformed(format!("expected a column {name}, found none")))?;
        let column = schema.column(place);
        if column.physical_type() != physical {
            return Err(self.malformed(format!("column {name}: expected {physical}, found another type")));
        }
        let optional = column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
        let mut row = 0;
        let mut read = || -> parquet::errors::Result<()> {
            let (mut values, mut levels) = (Vec::new(), Vec::new());
            for group in 0..self.reader.num_row_groups() {
                let group = self.reader.get_row_group(group)?;
                let mut reader = get_typed_column_reader::<T>(group.get_column_reader(place)?);
                loop {
                    values.clear();
                    levels.clear();
                    let defined = optional.then_some(&mut levels);
                    let (rows, ..) = reader.read_records(ROWS_AT_ONCE, defined, None, &mut values)?;
                    if rows == 0 {
                        break;
                    }
                    let mut present = values.iter();
                    for place in 0..rows {
                        let is_there = !optional || levels.get(place) == Some(&1);
                        take(row, if is_there { present.next() } else { None });
                        row += 1;
                    }
                }
            }
            Ok(())
        };
        read().map_err(|error| self.malformed(error))
    }

    /// Calls `take` with each row's number and value in a column of whole numbers; 0 where it is empty.
    pub(crate) fn each_u32(&self, name: &str, mut take: impl FnMut(usize, u32)) -> Result<(), ReportError> {
        self.each::<Int32Type>(name, Physical::INT32, |row, value| {
            take(row, value.map_or(0, |value| value.cast_unsigned()));
        })
    }

    /// Calls `take` with each row's number and text.
    pub(crate) fn each_text(
        &self,
        name: &str,
        mut take: impl FnMut(usize, Option<&str>),
    ) -> Result<(), ReportError> {
        self.each::<ByteArrayType>(name, Physical::BYTE_ARRAY, |row, value: Option<&ByteArray>| {
            take(row, value.and_then(|bytes| str::from_utf8(bytes.data()).ok()));
        })
    }

    /// A column of whole numbers; 0 where it is empty.
    pub(crate) fn u32s(&self, name: &str) -> Result<Vec<u32>, ReportError> {
        let mut column = Vec::with_capacity(self.rows());
        self.each_u32(name, |_, value| column.push(value))?;
        Ok(column)
    }

    /// A column of single-precision numbers.
    pub(crate) fn f32s(&self, name: &str) -> Result<Vec<f32>, ReportError> {
        let mut column = Vec::with_capacity(self.rows());
        self.each::<FloatType>(name, Physical::FLOAT, |_, value| {
            column.push(value.copied().unwrap_or(f32::NAN));
        })?;
        Ok(column)
    }

    /// A column of double-precision numbers.
    pub(crate) fn f64s(&self, name: &str) -> Result<Vec<f64>, ReportError> {
        let mut column = Vec::with_capacity(self.rows());
        self.each::<DoubleType>(name, Physical::DOUBLE, |_, value| {
            column.push(value.copied().unwrap_or(f64::NAN));
        })?;
        Ok(column)
    }
}

#[cfg(test)]
mod tests {
    use murmur_data::table::{Column, ColumnData, Form, Kind, TableFolder, TableWriter};

    use super::*;

    #[test]
    fn columns_are_read_as_they_were_written_over_several_groups() {
        let folder = tempfile::tempdir().unwrap();
        let columns = vec![
            Column::new("id", Kind::U32),
            Column::new("parent", Kind::OptU32),
            Column::new("stance", Kind::F32),
            Column::new("words", Kind::OptText),
        ];
        let place = TableFolder { path: folder.path(), form: Form::Parquet };
        let mut writer = TableWriter::create(place, "posts", columns).unwrap();
        for _ in 0..2 {
            writer
                .write(&[
                    ColumnData::U32(&[1, u32::MAX]),
                    ColumnData::OptU32(&[None, Some(7)]),
                    ColumnData::F32(&[0.5, -1.0]),
                    ColumnData::OptText(&[Some("a"), None]),
                ])
                .unwrap();
        }
        writer.finish().unwrap();
        let table = TableFile::open(folder.path(), "posts").unwrap().unwrap();
        assert_eq!(table.rows(), 4);
        assert_eq!(table.u32s("id").unwrap(), [1, u32::MAX, 1, u32::MAX]);
        assert_eq!(table.u32s("parent").unwrap(), [0, 7, 0, 7]);
        assert_eq!(table.f32s("stance").unwrap(), [0.5, -1.0, 0.5, -1.0]);
        let mut words = Vec::new();
        table.each_text("words", |row, text| words.push((row, text.map(str::to_owned)))).unwrap();
        assert_eq!(words[2], (2, Some("a".to_owned())));
        assert_eq!(words[3], (3, None));
        assert!(table.u32s("stance").is_err());
        assert!(table.u32s("no such").unwrap_err().to_string().contains("no such"));
        assert!(TableFile::open(folder.path(), "agents").unwrap().is_none());
    }
}
