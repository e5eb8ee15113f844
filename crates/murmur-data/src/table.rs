//! Writes tables of typed columns as Parquet or CSV files.
//!
//! The same columns give the same file, byte for byte. A table under way is `NAME.parquet.partial` (`NAME.csv.partial`);
//! it becomes `NAME.parquet` by a rename when it is finished, so a file of that name is always whole.

mod csv;
mod parquet;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::DataError;
use csv::CsvRows;
use parquet::ParquetFile;

/// The form of a table's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Parquet, compressed by zstd.
    Parquet,
    /// CSV as in RFC 4180, but with bare newlines between rows: a header, then a line for each row. What is missing is
    /// an empty field, a text without characters is `""`.
    Csv,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// A folder that takes tables of one form.
#[derive(Clone, Copy, Debug)]
pub struct TableFolder<'a> {
    /// The folder, which exists.
    pub path: &'a Path,
    /// The form of its files.
    pub form: Form,
}

/// A column of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

impl Column {
    /// A column called `name`.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// The type of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Unsigned 32-bit integers.
    U32,
    /// Unsigned 32-bit integers, some missing.
    OptU32,
    /// Unsigned 64-bit integers.
    U64,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 64-bit floats, some missing.
    OptF64,
    /// Texts.
    Text,
    /// Texts, some missing.
    OptText,
    /// Texts out of a few, such as kinds and names.
    Category,
}

/// Some rows of a column.
#[derive(Clone, Copy, Debug)]
pub enum ColumnData<'a> {
    /// Of a [`Kind::U32`].
    U32(&'a [u32]),
    /// Of a [`Kind::OptU32`].
    OptU32(&'a [Option<u32>]),
    /// Of a [`Kind::U64`].
    U64(&'a [u64]),
    /// Of a [`Kind::F32`].
    F32(&'a [f32]),
    /// Of a [`Kind::F64`].
    F64(&'a [f64]),
    /// Of a [`Kind::OptF64`].
    OptF64(&'a [Option<f64>]),
    /// Of a [`Kind::Text`].
    Text(&'a [&'a str]),
    /// Of a [`Kind::OptText`].
    OptText(&'a [Option<&'a str>]),
    /// Of a [`Kind::Category`].
    Category {
        /// Per row, the place of its text in `names`.
        codes: &'a [u8],
        /// The texts.
        names: &'a [&'a str],
    },
}

impl ColumnData<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::U32(_) => Kind::U32,
            Self::OptU32(_) => Kind::OptU32,
            Self::U64(_) => Kind::U64,
            Self::F32(_) => Kind::F32,
            Self::F64(_) => Kind::F64,
            Self::OptF64(_) => Kind::OptF64,
            Self::Text(_) => Kind::Text,
            Self::OptText(_) => Kind::OptText,
            Self::Category { .. } => Kind::Category,
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::U32(rows) => rows.len(),
            Self::OptU32(rows) => rows.len(),
            Self::U64(rows) => rows.len(),
            Self::F32(rows) => rows.len(),
            Self::F64(rows) => rows.len(),
            Self::OptF64(rows) => rows.len(),
            Self::Text(rows) => rows.len(),
            Self::OptText(rows) => rows.len(),
            Self::Category { codes, .. } => codes.len(),
        }
    }
}

/// A table being written.
///
/// Dropped before [`finish`](Self::finish) it leaves its `.partial` file, which the next table of the name replaces.
pub struct TableWriter {
    partial: PathBuf,
    whole: PathBuf,
    columns: Vec<Column>,
    rows: Rows,
}

/// The rows of a table on their way into a file.
enum Rows {
    Parquet(ParquetFile),
    Csv(CsvRows),
}

impl TableWriter {
    /// Begins the table `name` in a folder.
    ///
    /// # Errors
    /// [`DataError::Io`] when the file cannot be created.
    pub fn create(folder: TableFolder<'_>, name: &str, columns: Vec<Column>) -> Result<Self, DataError> {
        let extension = folder.form.extension();
        let whole = folder.path.join(format!("{name}.{extension}"));
        let partial = folder.path.join(format!("{name}.{extension}.partial"));
        let file = File::create(&partial).map_err(|source| DataError::io(&partial, source))?;
        let rows = match folder.form {
            Form::Parquet => Rows::Parquet(ParquetFile::begin(file, &partial, name, &columns)?),
            Form::Csv => {
                Rows::Csv(CsvRows::begin(file, &columns).map_err(|source| DataError::io(&partial, source))?)
            }
        };
        Ok(Self { partial, whole, columns, rows })
    }

    /// Appends rows; in Parquet as one row group: some 100,000 rows and more at a time make small, fast files.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    ///
    /// # Panics
    /// When the data are not one slice per column, of its kind and all equally long, or a category's code has no name.
    pub fn write(&mut self, data: &[ColumnData<'_>]) -> Result<(), DataError> {
        assert_eq!(data.len(), self.columns.len(), "one slice per column");
        let rows = data.first().map_or(0, ColumnData::rows);
        for (column, data) in self.columns.iter().zip(data) {
            assert_eq!(data.kind(), column.kind, "column `{}`", column.name);
            assert_eq!(data.rows(), rows, "rows of column `{}`", column.name);
        }
        if rows == 0 {
            return Ok(());
        }
        match &mut self.rows {
            Rows::Parquet(file) => file.write(&self.partial, data),
            Rows::Csv(file) => file.write(data, rows).map_err(|source| DataError::io(&self.partial, source)),
        }
    }

    /// Ends the file, brings it to the disk and gives it its name.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn finish(self) -> Result<(), DataError> {
        let Self { partial, whole, rows, .. } = self;
        let file = match rows {
            Rows::Parquet(file) => file.finish(&partial)?,
            Rows::Csv(file) => file.finish().map_err(|source| DataError::io(&partial, source))?,
        };
        let named = file.sync_all().and_then(|()| std::fs::rename(&partial, whole));
        named.map_err(|source| DataError::io(&partial, source))
    }
}
