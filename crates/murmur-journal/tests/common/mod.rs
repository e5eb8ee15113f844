//! A made-up run: what its steps hold, and how to write them and compare.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use murmur_core::Step;
use murmur_journal::{JournalError, JournalReader, JournalWriter, Shard, StepBatches, TableId, Tables};

/// A batch as the test knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Row {
    pub(crate) table: TableId,
    pub(crate) shard: Shard,
    pub(crate) rows: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn row(table: u8, shard: Shard, rows: u32, payload: Vec<u8>) -> Row {
    Row { table: TableId(table), shard, rows, payload }
}

/// Bytes that do not compress.
pub(crate) fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) | 1 << 40;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

/// Appends the batches, without a commit.
pub(crate) fn append(writer: &mut JournalWriter, rows: &[Row]) -> Result<(), JournalError> {
    rows.iter().try_for_each(|row| writer.append(row.table, row.shard, row.rows, &row.payload))
}

/// Appends and commits a step.
pub(crate) fn write(writer: &mut JournalWriter, step: u32, rows: &[Row]) -> Result<(), JournalError> {
    append(writer, rows)?;
    writer.commit(Step(step))
}

pub(crate) fn rows_of(batches: &StepBatches) -> Vec<Row> {
    batches
        .iter()
        .map(|batch| Row {
            table: batch.table,
            shard: batch.shard,
            rows: batch.rows,
            payload: batch.payload.to_vec(),
        })
        .collect()
}

/// Checks that the journal in `dir` holds the first steps of the run `expected`, and says how many.
pub(crate) fn check_prefix(dir: &Path, expected: impl Fn(u32) -> Vec<Row>) -> u32 {
    let mut reader = JournalReader::open(dir).unwrap();
    let steps: Vec<Step> = reader.steps().collect();
    for (index, &step) in steps.iter().enumerate() {
        assert_eq!(step, Step(index as u32));
        assert!(rows_of(&reader.step(step, Tables::All).unwrap()) == expected(step.0), "step {step} differs");
    }
    reader.verify().unwrap();
    steps.len() as u32
}

/// All files of a folder with their content.
pub(crate) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    }
    files
}
