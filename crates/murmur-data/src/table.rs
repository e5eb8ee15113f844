//! Writes tables of typed columns as Parquet files.
//!
//! The same columns give the same file, byte for byte. A table under way is `NAME.parquet.partial`; it becomes
//! `NAME.parquet` by a rename when it is finished, so a file of that name is always whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use crate::DataError;

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
    writer: SerializedFileWriter<File>,
}

impl TableWriter {
    /// Begins the table `name` in the folder `dir`, which exists.
    ///
    /// # Errors
    /// [`DataError::Io`] when the file cannot be created.
    pub fn create(dir: &Path, name: &str, columns: Vec<Column>) -> Result<Self, DataError> {
        let whole = dir.join(format!("{name}.parquet"));
        let partial = dir.join(format!("{name}.parquet.partial"));
        let file = File::create(&partial).map_err(|source| DataError::io(&partial, source))?;
        let writer = begin(file, name, &columns).map_err(|error| failure(&partial, error))?;
        Ok(Self { partial, whole, columns, writer })
    }

    /// Appends rows, as one row group: some 100,000 rows and more at a time make small, fast files.
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
        write_row_group(&mut self.writer, data).map_err(|error| failure(&self.partial, error))
    }

    /// Ends the file, brings it to the disk and gives it its name.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn finish(self) -> Result<(), DataError> {
        let Self { partial, whole, writer, .. } = self;
        let file = writer.into_inner().map_err(|error| failure(&partial, error))?;
        let named = file.sync_all().and_then(|()| std::fs::rename(&partial, whole));
        named.map_err(|source| DataError::io(&partial, source))
    }
}

fn begin(file: File, name: &str, columns: &[Column]) -> Result<SerializedFileWriter<File>, ParquetError> {
    let fields = columns.iter().map(schema_of).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder(name).with_fields(fields).build()?;
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("murmur ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in columns.iter().filter(|column| matches!(column.kind, Kind::U32 | Kind::OptU32)) {
        // What a chunk falls back to when it has too many different values for a dictionary.
        let path = ColumnPath::from(column.name.as_str());
        properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build()))
}

fn schema_of(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let unsigned = Some(LogicalType::integer(32, false));
    let (physical, logical) = match column.kind {
        Kind::U32 | Kind::OptU32 => (Physical::INT32, unsigned),
        Kind::F32 => (Physical::FLOAT, None),
        Kind::F64 | Kind::OptF64 => (Physical::DOUBLE, None),
        Kind::Text | Kind::OptText | Kind::Category => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let repetition = match column.kind {
        Kind::OptU32 | Kind::OptF64 | Kind::OptText => Repetition::OPTIONAL,
        Kind::U32 | Kind::F32 | Kind::F64 | Kind::Text | Kind::Category => Repetition::REQUIRED,
    };
    let builder = Type::primitive_type_builder(&column.name, physical);
    builder.with_logical_type(logical).with_repetition(repetition).build().map(Arc::new)
}

fn write_row_group(
    writer: &mut SerializedFileWriter<File>,
    data: &[ColumnData<'_>],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for data in data {
        let mut column = group.next_column()?.expect("the schema has a column for each slice");
        write_column(&mut column, data)?;
        column.close()?;
    }
    group.close().map(|_| ())
}

fn write_column(column: &mut SerializedColumnWriter<'_>, data: &ColumnData<'_>) -> Result<(), ParquetError> {
    match *data {
        ColumnData::U32(rows) => {
            let rows: Vec<i32> = rows.iter().map(|&row| row.cast_signed()).collect();
            required::<Int32Type>(column, &rows)
        }
        ColumnData::OptU32(rows) => {
            let present: Vec<i32> = rows.iter().flatten().map(|&row| row.cast_signed()).collect();
            optional::<Int32Type, _>(column, rows, &present)
        }
        ColumnData::F32(rows) => required::<FloatType>(column, rows),
        ColumnData::F64(rows) => required::<DoubleType>(column, rows),
        ColumnData::OptF64(rows) => {
            let present: Vec<f64> = rows.iter().flatten().copied().collect();
            optional::<DoubleType, _>(column, rows, &present)
        }
        ColumnData::Text(rows) => required::<ByteArrayType>(column, &byte_arrays(rows.iter().copied())),
        ColumnData::OptText(rows) => {
            optional::<ByteArrayType, _>(column, rows, &byte_arrays(rows.iter().flatten().copied()))
        }
        ColumnData::Category { codes, names } => {
            let names = byte_arrays(names.iter().copied());
            let rows: Vec<ByteArray> = codes.iter().map(|&code| names[usize::from(code)].clone()).collect();
            required::<ByteArrayType>(column, &rows)
        }
    }
}

fn required<T: DataType>(column: &mut SerializedColumnWriter<'_>, rows: &[T::T]) -> Result<(), ParquetError> {
    column.typed::<T>().write_batch(rows, None, None).map(|_| ())
}

/// Writes the values that are `present` among `rows`.
fn optional<T: DataType, R>(
    column: &mut SerializedColumnWriter<'_>,
    rows: &[Option<R>],
    present: &[T::T],
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.is_some())).collect();
    column.typed::<T>().write_batch(present, Some(&levels), None).map(|_| ())
}

/// The texts as slices of one buffer, which costs one allocation instead of one each.
fn byte_arrays<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Vec<ByteArray> {
    let buffer = ByteArray::from(texts.clone().flat_map(str::bytes).collect::<Vec<u8>>());
    let mut start = 0;
    let slice = |text: &str| {
        let slice = buffer.slice(start, text.len());
        start += text.len();
        slice
    };
    texts.map(slice).collect()
}

fn failure(path: &Path, error: ParquetError) -> DataError {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => DataError::io(path, *source),
            Err(other) => DataError::whole(path, other.to_string()),
        },
        other => DataError::whole(path, other.to_string()),
    }
}
