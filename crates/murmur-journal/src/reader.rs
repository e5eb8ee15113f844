//! Reading a journal, also one that is being written: nothing is changed, and only what is committed is seen.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use murmur_core::Step;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

use crate::batch::{Entry, Frame, MAX_PAYLOAD, Packing, chain};
use crate::commit::{Commit, CommitLog, end_of};
use crate::layout::{Segment, commits_path};
use crate::{Batch, Digest, JournalError, Shard, TableId};

/// Which tables of a step are wanted. Others are checked but not unpacked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tables<'a> {
    /// All of them.
    All,
    /// These.
    Only(&'a [TableId]),
}

impl Tables<'_> {
    fn wants(self, table: TableId) -> bool {
        match self {
            Self::All => true,
            Self::Only(tables) => tables.contains(&table),
        }
    }
}

/// Reads the steps that were committed when it was opened.
pub struct JournalReader {
    dir: PathBuf,
    commits: Vec<Commit>,
    /// The segment last read.
    open: Option<(Segment, File)>,
    unpacker: Decompressor<'static>,
    lane: Vec<u8>,
    unpacked: Vec<u8>,
}

impl std::fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalReader").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl JournalReader {
    /// Opens the journal in the folder `dir`.
    ///
    /// # Errors
    /// When there is no journal, a later version wrote it, its commits are damaged, or segments lack what was committed.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        Self::read(dir, None)
    }

    /// Opens the steps before `step` alone: later ones may be damaged.
    ///
    /// # Errors
    /// As [`Self::open`]; damage from `step` on is none.
    pub fn open_before(dir: &Path, step: Step) -> Result<Self, JournalError> {
        Self::read(dir, Some(step))
    }

    fn read(dir: &Path, keep_before: Option<Step>) -> Result<Self, JournalError> {
        let log = CommitLog::read(dir, keep_before)?;
        log.check_segments(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            commits: log.commits,
            open: None,
            unpacker: Decompressor::new().map_err(JournalError::io(dir))?,
            lane: Vec::new(),
            unpacked: Vec::new(),
        })
    }

    /// The committed steps, in order and without gaps.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Step> + use<> {
        let first = self.commits.first().map_or(0, |commit| commit.step.0);
        (first..first + self.commits.len() as u32).map(Step)
    }

    /// The last committed step.
    pub fn last_step(&self) -> Option<Step> {
        self.commits.last().map(|commit| commit.step)
    }

    /// The digest of the content of all committed steps. Journals with equal steps have equal digests, however the
    /// batches are spread over files.
    pub fn digest(&self) -> Digest {
        self.commits.last().map_or_else(Digest::default, |commit| commit.digest)
    }

    /// The digest of the content up to and with `step`.
    ///
    /// # Errors
    /// When the journal has no such step.
    pub fn digest_at(&self, step: Step) -> Result<Digest, JournalError> {
        Ok(self.commits[self.index(step)?].digest)
    }

    /// The batches of `step` that belong to `tables`.
    ///
    /// # Errors
    /// When the journal has no such step, or it is damaged or cannot be read.
    pub fn step(&mut self, step: Step, tables: Tables<'_>) -> Result<StepBatches, JournalError> {
        let index = self.index(step)?;
        let commit = self.commits[index].clone();
        let before = index.checked_sub(1).map(|before| self.commits[before].clone());
        let mut found = StepBatches { step, bytes: Vec::new(), places: Vec::new() };
        let mut batches = 0;
        for (segment, range) in commit.gained(before.as_ref()) {
            self.read_range(step, segment, range.clone())?;
            let mut at = 0;
            while at < self.lane.len() {
                let damaged = |expected| JournalError::Damaged {
                    path: segment.path(&self.dir),
                    offset: range.start + at as u64,
                    step,
                    expected,
                };
                let frame =
                    Frame::parse(&self.lane, at).ok_or_else(|| damaged("a batch with a correct checksum"))?;
                batches += 1;
                if tables.wants(frame.table) {
                    let stored = &self.lane[frame.stored.clone()];
                    let payload = match frame.packing {
                        Packing::Plain => stored,
                        Packing::Zstd => unpack(&mut self.unpacker, stored, &mut self.unpacked)
                            .ok_or_else(|| damaged("content compressed by zstd"))?,
                    };
                    found.push(&frame, payload);
                }
                at = frame.end;
            }
        }
        if batches != commit.batches {
            return Err(self.wrong_commit(index, "as many batches as are there"));
        }
        found.places.sort_unstable_by_key(|place| (place.table, place.shard));
        Ok(found)
    }

    /// Reads everything and compares it with the digests of the commits.
    ///
    /// # Errors
    /// On the first step that is damaged or cannot be read.
    pub fn verify(&mut self) -> Result<(), JournalError> {
        let mut digest = Digest::default();
        let mut scratch = Vec::new();
        for index in 0..self.commits.len() {
            let Commit { step, digest: expected, .. } = self.commits[index];
            let entries: Vec<Entry> = self.step(step, Tables::All)?.iter().map(Entry::of).collect();
            digest = chain(digest, step, &entries, &mut scratch);
            if digest != expected {
                return Err(self.wrong_commit(index, "the digest of the batches that are there"));
            }
        }
        Ok(())
    }

    fn index(&self, step: Step) -> Result<usize, JournalError> {
        let first = self.commits.first().map(|commit| commit.step);
        first
            .and_then(|first| step.0.checked_sub(first.0))
            .map(|index| index as usize)
            .filter(|&index| index < self.commits.len())
            .ok_or_else(|| JournalError::NoStep {
                path: self.dir.clone(),
                step,
                first,
                last: self.last_step(),
            })
    }

    /// The error for a commit that says something else than its batches.
    fn wrong_commit(&self, index: usize, expected: &'static str) -> JournalError {
        JournalError::Damaged {
            path: commits_path(&self.dir),
            offset: end_of(&self.commits[..index]),
            step: self.commits[index].step,
            expected,
        }
    }

    /// Fills `self.lane` with a part of a segment.
    fn read_range(&mut self, step: Step, segment: Segment, range: Range<u64>) -> Result<(), JournalError> {
        let path = segment.path(&self.dir);
        let mut file = match self.open.take() {
            Some((open, file)) if open == segment => file,
            _ => File::open(&path).map_err(JournalError::io(&path))?,
        };
        self.lane.clear();
        let read = file
            .seek(SeekFrom::Start(range.start))
            .and_then(|_| (&mut file).take(range.end - range.start).read_to_end(&mut self.lane))
            .map_err(JournalError::io(&path))?;
        self.open = Some((segment, file));
        if (read as u64) < range.end - range.start {
            let offset = range.start + read as u64;
            return Err(JournalError::Damaged { path, offset, step, expected: "more bytes" });
        }
        Ok(())
    }
}

/// Unpacks into `room`; `None` when that is not what a writer packed.
fn unpack<'a>(unpacker: &mut Decompressor<'_>, stored: &[u8], room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let length = usize::try_from(get_frame_content_size(stored).ok()??).ok()?;
    if length > MAX_PAYLOAD {
        return None;
    }
    room.clear();
    room.reserve(length);
    let unpacked: io::Result<usize> = unpacker.decompress_to_buffer(stored, room);
    (unpacked.ok()? == length).then_some(room)
}

/// The batches of a step in canonical order: by table, then by shard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepBatches {
    step: Step,
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    table: TableId,
    shard: Shard,
    rows: u32,
    payload: Range<usize>,
    disk_bytes: u64,
}

impl StepBatches {
    fn push(&mut self, frame: &Frame, payload: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend(payload);
        let &Frame { table, shard, rows, .. } = frame;
        let disk_bytes = (frame.end - frame.start) as u64;
        self.places.push(Place { table, shard, rows, payload: start..self.bytes.len(), disk_bytes });
    }

    /// The bytes that a table's batches take on the disk, with what frames them.
    pub fn disk_bytes(&self, table: TableId) -> u64 {
        self.places.iter().filter(|place| place.table == table).map(|place| place.disk_bytes).sum()
    }

    /// The step.
    pub fn step(&self) -> Step {
        self.step
    }

    /// The batches, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Batch<'_>> {
        self.places.iter().map(|place| self.batch(place))
    }

    /// The batch of a table's shard, where there is one.
    pub fn get(&self, table: TableId, shard: Shard) -> Option<Batch<'_>> {
        let found = self.places.binary_search_by_key(&(table, shard), |place| (place.table, place.shard));
        found.ok().map(|index| self.batch(&self.places[index]))
    }

    fn batch(&self, place: &Place) -> Batch<'_> {
        let &Place { table, shard, rows, ref payload, .. } = place;
        Batch { table, shard, rows, payload: &self.bytes[payload.clone()] }
    }
}
