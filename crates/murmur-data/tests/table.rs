//! Tables: what is written is what the Parquet reader reads, always the same bytes, and never half a file.

use std::fs::File;
use std::path::Path;

use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Form, Kind, TableFolder, TableWriter};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

const KINDS: [(&str, Kind); 9] = [
    ("u32", Kind::U32),
    ("opt_u32", Kind::OptU32),
    ("u64", Kind::U64),
    ("f32", Kind::F32),
    ("f64", Kind::F64),
    ("opt_f64", Kind::OptF64),
    ("text", Kind::Text),
    ("opt_text", Kind::OptText),
    ("category", Kind::Category),
];

fn parquet(path: &Path) -> TableFolder<'_> {
    TableFolder { path, form: Form::Parquet }
}

fn every_kind() -> Vec<Column> {
    KINDS.map(|(name, kind)| Column::new(name, kind)).into()
}

/// Three rows of every kind of column.
fn three_rows() -> [ColumnData<'static>; 9] {
    [
        ColumnData::U32(&[0, 7, u32::MAX]),
        ColumnData::OptU32(&[None, Some(u32::MAX), Some(0)]),
        ColumnData::U64(&[0, 7, u64::MAX]),
        ColumnData::F32(&[0.5, -1.0, f32::MAX]),
        ColumnData::F64(&[0.1, -0.0, f64::MIN_POSITIVE]),
        ColumnData::OptF64(&[Some(0.1), None, None]),
        ColumnData::Text(&["", "ü\n\"", "a"]),
        ColumnData::OptText(&[Some(""), None, Some("🧠")]),
        ColumnData::Category { codes: &[1, 0, 1], names: &["like", "repost"] },
    ]
}

fn write_every_kind(dir: &Path) {
    let mut table = TableWriter::create(parquet(dir), "all", every_kind()).unwrap();
    table.write(&three_rows()).unwrap();
    table.write(&three_rows().map(|column| none_of(&column))).unwrap();
    table.write(&three_rows()).unwrap();
    table.finish().unwrap();
}

fn none_of(column: &ColumnData<'_>) -> ColumnData<'static> {
    match column {
        ColumnData::U32(_) => ColumnData::U32(&[]),
        ColumnData::OptU32(_) => ColumnData::OptU32(&[]),
        ColumnData::U64(_) => ColumnData::U64(&[]),
        ColumnData::F32(_) => ColumnData::F32(&[]),
        ColumnData::F64(_) => ColumnData::F64(&[]),
        ColumnData::OptF64(_) => ColumnData::OptF64(&[]),
        ColumnData::Text(_) => ColumnData::Text(&[]),
        ColumnData::OptText(_) => ColumnData::OptText(&[]),
        ColumnData::Category { .. } => ColumnData::Category { codes: &[], names: &[] },
    }
}

/// The rows of a table as `name=value` pairs, typed as the reader sees them.
fn rows_of(path: &Path) -> Vec<Vec<(String, Field)>> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        row.unwrap().get_column_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    })
    .collect()
}

#[test]
fn every_kind_of_column_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    write_every_kind(dir.path());
    let text = |text: &str| Field::Str(text.to_owned());
    let expected = [
        [
            Field::UInt(0),
            Field::Null,
            Field::ULong(0),
            Field::Float(0.5),
            Field::Double(0.1),
            Field::Double(0.1),
            text(""),
            text(""),
            text("repost"),
        ],
        [
            Field::UInt(7),
            Field::UInt(u32::MAX),
            Field::ULong(7),
            Field::Float(-1.0),
            Field::Double(-0.0),
            Field::Null,
            text("ü\n\""),
            Field::Null,
            text("like"),
        ],
        [
            Field::UInt(u32::MAX),
            Field::UInt(0),
            Field::ULong(u64::MAX),
            Field::Float(f32::MAX),
            Field::Double(f64::MIN_POSITIVE),
            Field::Null,
            text("a"),
            text("🧠"),
            text("repost"),
        ],
    ];
    let named =
        expected.map(|row| KINDS.map(|(name, _)| name.to_owned()).into_iter().zip(row).collect::<Vec<_>>());
    let rows = rows_of(&dir.path().join("all.parquet"));
    assert_eq!(rows, [named.clone(), named].concat());
}

#[test]
fn every_kind_of_column_reads_as_csv() {
    let dir = tempfile::tempdir().unwrap();
    let folder = TableFolder { path: dir.path(), form: Form::Csv };
    let mut table = TableWriter::create(folder, "all", every_kind()).unwrap();
    table.write(&three_rows()).unwrap();
    table.write(&three_rows().map(|column| none_of(&column))).unwrap();
    table.finish().unwrap();
    let expected = "u32,opt_u32,u64,f32,f64,opt_f64,text,opt_text,category\n\
        0,,0,0.5,0.1,0.1,\"\",\"\",repost\n\
        7,4294967295,7,-1,-0,,\"ü\n\"\"\",,like\n\
        4294967295,0,18446744073709551615,340282350000000000000000000000000000000,";
    let written = std::fs::read_to_string(dir.path().join("all.csv")).unwrap();
    assert!(written.starts_with(expected), "{written}");
    assert!(written.ends_with(",,a,🧠,repost\n"), "{written}");
    let mut read = csv::Reader::from_path(dir.path().join("all.csv")).unwrap();
    assert_eq!(read.records().map(|record| record.unwrap().len()).collect::<Vec<_>>(), [9, 9, 9]);
}

#[test]
fn many_different_values_read_back() {
    // More than a dictionary holds, so that the second encoding is used too.
    let values: Vec<u32> = (0..400_000).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
    let texts: Vec<String> = values.iter().map(|value| format!("text {value}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let dir = tempfile::tempdir().unwrap();
    let columns = vec![Column::new("value", Kind::U32), Column::new("text", Kind::Text)];
    let mut table = TableWriter::create(parquet(dir.path()), "many", columns).unwrap();
    table.write(&[ColumnData::U32(&values), ColumnData::Text(&texts)]).unwrap();
    table.finish().unwrap();
    let rows = rows_of(&dir.path().join("many.parquet"));
    assert_eq!(rows.len(), values.len());
    for ((row, &value), &text) in rows.iter().zip(&values).zip(&texts) {
        assert_eq!((&row[0].1, &row[1].1), (&Field::UInt(value), &Field::Str(text.to_owned())));
    }
}

#[test]
fn a_table_may_have_no_rows() {
    let dir = tempfile::tempdir().unwrap();
    TableWriter::create(parquet(dir.path()), "none", every_kind()).unwrap().finish().unwrap();
    assert_eq!(rows_of(&dir.path().join("none.parquet")), Vec::<Vec<(String, Field)>>::new());
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_every_kind(one.path());
    write_every_kind(two.path());
    let bytes = |dir: &Path| std::fs::read(dir.join("all.parquet")).unwrap();
    assert_eq!(bytes(one.path()), bytes(two.path()));
}

#[test]
fn the_file_names_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    write_every_kind(dir.path());
    let reader = SerializedFileReader::new(File::open(dir.path().join("all.parquet")).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some(concat!("murmur ", env!("CARGO_PKG_VERSION"))));
    assert_eq!(metadata.key_value_metadata(), None);
}

#[test]
fn a_table_has_its_name_only_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (partial, whole) = (dir.path().join("all.parquet.partial"), dir.path().join("all.parquet"));
    let mut table = TableWriter::create(parquet(dir.path()), "all", every_kind()).unwrap();
    table.write(&three_rows()).unwrap();
    assert!(partial.exists() && !whole.exists());
    drop(table);
    assert!(!whole.exists());
    write_every_kind(dir.path());
    assert!(!partial.exists() && whole.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = TableWriter::create(parquet(&dir.path().join("absent")), "all", every_kind()).err().unwrap();
    let expected = dir.path().join("absent/all.parquet.partial");
    assert!(matches!(error, DataError::Io { path, .. } if path == expected));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let partial = dir.path().join("all.parquet.partial");
    // A device that accepts nothing stands in for the disk.
    std::os::unix::fs::symlink("/dev/full", &partial).unwrap();
    let mut table = TableWriter::create(parquet(dir.path()), "all", every_kind()).unwrap();
    let error = table.write(&three_rows()).and_then(|()| table.finish()).unwrap_err();
    assert!(
        matches!(&error, DataError::Io { path, source } if *path == partial && source.kind() == std::io::ErrorKind::StorageFull),
        "{error:?}"
    );
    assert!(!dir.path().join("all.parquet").exists());
}

#[test]
#[should_panic(expected = "rows of column `b`")]
fn columns_of_different_lengths_are_a_bug() {
    let dir = tempfile::tempdir().unwrap();
    let columns = vec![Column::new("a", Kind::U32), Column::new("b", Kind::U32)];
    let mut table = TableWriter::create(parquet(dir.path()), "uneven", columns).unwrap();
    let _ = table.write(&[ColumnData::U32(&[1]), ColumnData::U32(&[1, 2])]);
}

#[test]
#[should_panic(expected = "column `a`")]
fn a_slice_of_another_kind_is_a_bug() {
    let dir = tempfile::tempdir().unwrap();
    let mut table =
        TableWriter::create(parquet(dir.path()), "other", vec![Column::new("a", Kind::U32)]).unwrap();
    let _ = table.write(&[ColumnData::F64(&[1.0])]);
}
