//! Reading a ledger step by step, and copying its beginning.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use murmur_core::Step;

use super::line::Line;
use super::{LedgerEntry, folder, shard_path, shards};
use crate::JournalError;
use crate::layout::sync_folder;

/// Lines of one step that follow each other in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    shard: u8,
    /// In bytes.
    offset: u64,
    /// In bytes.
    length: u64,
    /// The number of the first line in the file, from 1.
    line: u64,
}

/// A ledger to be read step by step: in memory is where each step lies, and the entries of one step.
#[derive(Debug)]
pub struct StepReplies {
    dir: PathBuf,
    /// In the order of shards, then of their files.
    steps: BTreeMap<Step, Vec<Run>>,
}

impl StepReplies {
    /// Reads through the ledger of the run in the folder `run` to learn where each step lies. A run without a ledger has
    /// no steps here. A last line that is not whole counts for nothing.
    ///
    /// # Errors
    /// When another line is damaged (the error names it), or the disk cannot be read.
    pub fn open(run: &Path) -> Result<Self, JournalError> {
        let dir = folder(run);
        let mut steps = BTreeMap::<Step, Vec<Run>>::new();
        for shard in shards(&dir)? {
            Lines::open(&dir, shard, Start::default())?.for_each(|found| {
                let Found { at: Start { offset, line }, bytes, content } = found;
                let length = bytes.len() as u64;
                let runs = steps.entry(content.key.step).or_default();
                match runs.last_mut() {
                    Some(run) if run.shard == shard && run.offset + run.length == offset => {
                        run.length += length
                    }
                    _ => runs.push(Run { shard, offset, length, line }),
                }
                Ok(())
            })?;
        }
        Ok(Self { dir, steps })
    }

    /// The steps that have entries, ascending.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step> + '_ {
        self.steps.keys().copied()
    }

    /// The entries of `step`, in the order of keys, each key once.
    ///
    /// # Errors
    /// When the ledger was changed since it was opened, or the disk cannot be read.
    pub fn step(&self, step: Step) -> Result<Vec<LedgerEntry>, JournalError> {
        let mut entries = Vec::new();
        for run in self.steps.get(&step).into_iter().flatten() {
            let path = shard_path(&self.dir, run.shard);
            let bytes = read_at(&path, run.offset, run.length).map_err(JournalError::io(&path))?;
            for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(run.line..) {
                let entry =
                    Line::parse(line.strip_suffix(b"\n").unwrap_or(line)).and_then(|line| line.entry());
                entries.push(entry.map_err(damaged(&path, number))?);
            }
        }
        // A stable sort: of the same key the first comes first.
        entries.sort_by_key(|entry: &LedgerEntry| entry.key);
        entries.dedup_by_key(|entry| entry.key);
        Ok(entries)
    }
}

/// Where a line begins in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Start {
    /// In bytes.
    pub(super) offset: u64,
    /// Its number, from 1.
    pub(super) line: u64,
}

impl Default for Start {
    fn default() -> Self {
        Self { offset: 0, line: 1 }
    }
}

/// A whole line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Found<'a> {
    pub(super) at: Start,
    /// With the end of line.
    pub(super) bytes: &'a [u8],
    pub(super) content: Line<'a>,
}

/// The lines of a file, from some place on.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    at: Start,
}

impl Lines {
    /// Reads the file of `shard` from a line on.
    pub(super) fn open(dir: &Path, shard: u8, at: Start) -> Result<Self, JournalError> {
        let path = shard_path(dir, shard);
        let open = || -> io::Result<_> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(at.offset))?;
            Ok(BufReader::with_capacity(1 << 18, file))
        };
        let file = open().map_err(JournalError::io(&path))?;
        Ok(Self { path, file, at })
    }

    /// Hands every whole line to `take`, and returns where the next one will begin.
    pub(super) fn for_each(
        mut self,
        mut take: impl FnMut(Found<'_>) -> Result<(), JournalError>,
    ) -> Result<Start, JournalError> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            self.file.read_until(b'\n', &mut bytes).map_err(JournalError::io(&self.path))?;
            match bytes.strip_suffix(b"\n").ok_or("an end of line").and_then(Line::parse) {
                Ok(content) => take(Found { at: self.at, bytes: &bytes, content })?,
                // There is none, or it was being written.
                Err(_) if self.is_over()? => return Ok(self.at),
                Err(expected) => return Err(damaged(&self.path, self.at.line)(expected)),
            }
            self.at.offset += bytes.len() as u64;
            self.at.line += 1;
        }
    }

    fn is_over(&mut self) -> Result<bool, JournalError> {
        Ok(self.file.fill_buf().map_err(JournalError::io(&self.path))?.is_empty())
    }
}

/// So many bytes of a file, all of them.
pub(super) fn read_at(path: &Path, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    match file.take(length).read_to_end(&mut bytes)? as u64 == length {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The error for a line that is not as it should be.
fn damaged(path: &Path, line: u64) -> impl FnOnce(&'static str) -> JournalError + '_ {
    move |expected| JournalError::DamagedReply { path: path.to_owned(), line, expected }
}

/// Copies the lines of the steps before `end` between folders of ledgers.
pub(super) fn copy_before(from: &Path, to: &Path, end: Step) -> Result<(), JournalError> {
    let shards = shards(from)?;
    if shards.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(to).map_err(JournalError::io(to))?;
    for shard in shards {
        let path = shard_path(to, shard);
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let mut out = BufWriter::with_capacity(1 << 18, file.map_err(JournalError::io(&path))?);
        Lines::open(from, shard, Start::default())?.for_each(|found| match found.content.key.step < end {
            true => out.write_all(found.bytes).map_err(JournalError::io(&path)),
            false => Ok(()),
        })?;
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(JournalError::io(&path))?;
    }
    sync_folder(to).map_err(JournalError::io(to))
}
