//! Tables as Parquet files: columns compressed by zstd, categories and repeated texts as dictionaries.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::{Column, ColumnData, Kind};
use crate::DataError;

/// A Parquet file being written.
pub(super) struct ParquetFile(SerializedFileWriter<File>);

impl ParquetFile {
    pub(super) fn begin(file: File, path: &Path, name: &str, columns: &[Column]) -> Result<Self, DataError> {
        begin(file, name, columns).map(Self).map_err(|error| failure(path, error))
    }

    /// Appends rows as one row group.
    pub(super) fn write(&mut self, path: &Path, data: &[ColumnData<'_>]) -> Result<(), DataError> {
        write_row_group(&mut self.0, data).map_err(|error| failure(path, error))
    }

    /// Ends the file.
    pub(super) fn finish(self, path: &Path) -> Result<File, DataError> {
        self.0.into_inner().map_err(|error| failure(path, error))
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
    let unsigned = |bits| Some(LogicalType::integer(bits, false));
    let (physical, logical) = match column.kind {
        Kind::U32 | Kind::OptU32 => (Physical::INT32, unsigned(32)),
        Kind::U64 => (Physical::INT64, unsigned(64)),
        Kind::F32 => (Physical::FLOAT, None),
        Kind::F64 | Kind::OptF64 => (Physical::DOUBLE, None),
        Kind::Text | Kind::OptText | Kind::Category => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let repetition = match column.kind {
        Kind::OptU32 | Kind::OptF64 | Kind::OptText => Repetition::OPTIONAL,
        Kind::U32 | Kind::U64 | Kind::F32 | Kind::F64 | Kind::Text | Kind::Category => Repetition::REQUIRED,
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
        ColumnData::U64(rows) => {
            let rows: Vec<i64> = rows.iter().map(|&row| row.cast_signed()).collect();
            required::<Int64Type>(column, &rows)
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
