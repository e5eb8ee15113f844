//! Writing a journal: batches, then the commit of their step; and recovery of what a stopped process left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use murmur_core::Step;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use crate::batch::{Entry, MAX_PAYLOAD, Stored, chain, put_frame};
use crate::commit::{COMMITS_HEADER, Commit, CommitLog, end_of, missing};
use crate::layout::{HEADER_BYTES, Position, Segment, commits_path, sync_folder};
use crate::lock::lock;
use crate::{Batch, Digest, JournalError, Shard, TableId};

/// When a commit reaches the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// With [`JournalWriter::sync`]. Until then a commit is with the system: it outlives the process, not a power cut.
    AtSync,
    /// Each commit by itself.
    EachStep,
}

/// How a journal is written. None of this changes its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// A lane goes on in a new segment once its present one has this many bytes.
    pub segment_bytes: u64,
    /// When a commit reaches the disk.
    pub durability: Durability,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 256 << 20, durability: Durability::AtSync }
    }
}

/// What was found when a journal was opened, and what of it was cut off because its step was never committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// The last committed step.
    pub last_step: Option<Step>,
    /// Bytes behind the last commit in the log of commits.
    pub commit_bytes: u64,
    /// Bytes of batches.
    pub batch_bytes: u64,
}

/// Writes a journal. There is one for a journal at a time.
#[derive(Debug)]
pub struct JournalWriter {
    dir: PathBuf,
    settings: Settings,
    /// Holds the lock.
    commits: File,
    /// Where the next commit goes.
    commits_end: u64,
    last_step: Option<Step>,
    digest: Digest,
    /// Lane 0 is the public one.
    lanes: Vec<Lane>,
    packer: Packer,
    /// The batches of the step being written.
    entries: Vec<Entry>,
    state: State,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Writing,
    /// Something of the step being written is lost.
    Failed,
}

impl JournalWriter {
    /// Makes an empty journal in the folder `dir`, which is made if need be.
    ///
    /// # Errors
    /// When a journal is there already or the disk cannot be written.
    pub fn create(dir: &Path, settings: Settings) -> Result<Self, JournalError> {
        let path = commits_path(dir);
        fs::create_dir_all(dir).map_err(JournalError::io(dir))?;
        check_none(dir)?;
        // By a rename, so that the log has its header whenever it is there.
        let partial = dir.join("commits.partial");
        let mut commits = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(JournalError::io(&partial))?;
        take(&commits, dir)?;
        // Whoever held the lock until now may have made the journal, of this very file.
        check_none(dir)?;
        commits
            .write_all(&COMMITS_HEADER.encode())
            .and_then(|()| commits.sync_all())
            .and_then(|()| fs::rename(&partial, &path))
            .and_then(|()| sync_folder(dir))
            .map_err(JournalError::io(&path))?;
        Self::start(dir, settings, commits)
    }

    /// Opens the journal in the folder `dir` to go on behind its last committed step, and cuts off what lies behind it.
    ///
    /// # Errors
    /// When there is no journal, another process writes it, a later version wrote it, its commits are damaged or
    /// segments lack what was committed, or the disk cannot be written.
    pub fn open(dir: &Path, settings: Settings) -> Result<(Self, Recovered), JournalError> {
        Self::start(dir, settings, open_locked(dir)?)?.recover(None)
    }

    /// Like [`Self::open`], but drops `step` and all later steps, damaged or not: to go on from an earlier checkpoint.
    ///
    /// # Errors
    /// See [`Self::open`]; damage from `step` on is none.
    pub fn open_before(
        dir: &Path,
        step: Step,
        settings: Settings,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::start(dir, settings, open_locked(dir)?)?.recover(Some(step))
    }

    /// A writer at the beginning of a journal. What is there already is for [`Self::recover`].
    fn start(dir: &Path, settings: Settings, commits: File) -> Result<Self, JournalError> {
        let packer = Packer::new().map_err(JournalError::io(dir))?;
        Ok(Self {
            dir: dir.to_owned(),
            settings,
            commits,
            commits_end: HEADER_BYTES as u64,
            last_step: None,
            digest: Digest::default(),
            lanes: (0..LANES).map(|lane| Lane::new(dir, lane, Position::default())).collect(),
            packer,
            entries: Vec::new(),
            state: State::Writing,
            scratch: Vec::new(),
        })
    }

    /// Goes to the last commit (before `keep_before`) and cuts off what lies behind it.
    fn recover(mut self, keep_before: Option<Step>) -> Result<(Self, Recovered), JournalError> {
        let log = CommitLog::read(&self.dir, keep_before)?;
        log.check_segments(&self.dir)?;
        self.commits_end = end_of(&log.commits);
        if let Some(last) = log.commits.last() {
            self.last_step = Some(last.step);
            self.digest = last.digest;
            let lanes = last.lanes.len().max(LANES);
            self.lanes = (0..lanes).map(|lane| Lane::new(&self.dir, lane, last.lane(lane))).collect();
        }
        // The commits first: a stop between the two leaves batches without a commit, which the next start cuts off.
        if log.torn > 0 {
            self.commits
                .set_len(end_of(&log.commits))
                .and_then(|()| self.commits.sync_data())
                .map_err(JournalError::io(&commits_path(&self.dir)))?;
        }
        let batch_bytes = cut_segments(&self.dir, &self.lanes)?;
        let recovered = Recovered { last_step: self.last_step, commit_bytes: log.torn, batch_bytes };
        Ok((self, recovered))
    }

    /// The last committed step.
    pub fn last_step(&self) -> Option<Step> {
        self.last_step
    }

    /// The digest of all committed content.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Adds the rows of one table (and shard) to the step being written, in any order. No rows are no batch.
    ///
    /// # Errors
    /// When the payload is larger than 1 GiB or the disk cannot be written. The step can then only be abandoned.
    ///
    /// # Panics
    /// On the private shard 255: shards are numbered 0 to 254.
    pub fn append(
        &mut self,
        table: TableId,
        shard: Shard,
        rows: u32,
        payload: &[u8],
    ) -> Result<(), JournalError> {
        self.check_state()?;
        if rows == 0 {
            return Ok(());
        }
        let result = self.try_append(Batch { table, shard, rows, payload });
        self.fail_with(result)
    }

    fn try_append(&mut self, batch: Batch<'_>) -> Result<(), JournalError> {
        let Batch { table, shard, rows, payload } = batch;
        if payload.len() > MAX_PAYLOAD {
            return Err(JournalError::TooLarge { table, bytes: payload.len(), limit: MAX_PAYLOAD });
        }
        self.entries.push(Entry::of(batch));
        let lane = &mut self.lanes[lane_of(shard)];
        lane.begin(self.settings.segment_bytes)?;
        put_frame(&mut lane.buffer, table, shard, rows, self.packer.pack(payload));
        if lane.buffer.len() >= BUFFER_BYTES { lane.flush() } else { Ok(()) }
    }

    /// Commits the batches added since the last commit as those of `step`. When this returns, they are kept even if
    /// the process is killed.
    ///
    /// # Errors
    /// When `step` is not the next one, a table's shard has two batches, or the disk cannot be written. The step can
    /// then only be abandoned.
    pub fn commit(&mut self, step: Step) -> Result<(), JournalError> {
        self.check_state()?;
        let result = self.try_commit(step);
        self.fail_with(result)
    }

    fn try_commit(&mut self, step: Step) -> Result<(), JournalError> {
        if let Some(expected) = self.last_step.map(|last| Step(last.0.saturating_add(1)))
            && expected != step
        {
            return Err(JournalError::OutOfOrder { expected, got: step });
        }
        self.entries.sort_unstable();
        let place = |entry: &Entry| (entry.table, entry.shard);
        if let Some(pair) = self.entries.windows(2).find(|pair| place(&pair[0]) == place(&pair[1])) {
            let (table, shard) = place(&pair[0]);
            return Err(JournalError::Twice { table, shard });
        }
        for lane in &mut self.lanes {
            lane.flush()?;
        }
        if self.settings.durability == Durability::EachStep {
            self.sync_lanes()?;
        }
        let digest = chain(self.digest, step, &self.entries, &mut self.scratch);
        self.write_commit(&Commit {
            step,
            batches: self.entries.len() as u32,
            digest,
            lanes: self.lanes.iter().map(|lane| lane.written).collect(),
        })?;
        self.digest = digest;
        self.last_step = Some(step);
        self.entries.clear();
        self.lanes.iter_mut().for_each(Lane::commit);
        Ok(())
    }

    fn write_commit(&mut self, commit: &Commit) -> Result<(), JournalError> {
        self.scratch.clear();
        commit.put(&mut self.scratch);
        let durability = self.settings.durability;
        // A former try that failed may have left a part of a commit here: hence the seek.
        self.commits
            .seek(SeekFrom::Start(self.commits_end))
            .and_then(|_| self.commits.write_all(&self.scratch))
            .and_then(|()| match durability {
                Durability::EachStep => self.commits.sync_data(),
                Durability::AtSync => Ok(()),
            })
            .map_err(JournalError::io(&commits_path(&self.dir)))?;
        self.commits_end += self.scratch.len() as u64;
        Ok(())
    }

    /// Forgets the step being written. Needed to go on after an error, and possible at any time.
    pub fn abandon(&mut self) {
        self.entries.clear();
        self.lanes.iter_mut().for_each(Lane::abandon);
        self.state = State::Writing;
    }

    /// Brings all that is committed to the disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.sync_lanes()?;
        self.commits.sync_data().map_err(JournalError::io(&commits_path(&self.dir)))
    }

    fn sync_lanes(&mut self) -> Result<(), JournalError> {
        self.lanes.iter_mut().try_for_each(Lane::sync)?;
        if self.lanes.iter().any(|lane| lane.named == Named::AtSystem) {
            sync_folder(&self.dir).map_err(JournalError::io(&self.dir))?;
            self.lanes.iter_mut().for_each(|lane| lane.named = Named::OnDisk);
        }
        Ok(())
    }

    /// Drops `step` and all later steps, and the step being written.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn truncate_from(self, step: Step) -> Result<(Self, Recovered), JournalError> {
        let Self { dir, settings, commits, .. } = self;
        Self::start(&dir, settings, commits)?.recover(Some(step))
    }

    fn check_state(&self) -> Result<(), JournalError> {
        match self.state {
            State::Writing => Ok(()),
            State::Failed => Err(JournalError::Unfinished),
        }
    }

    /// Keeps a step that lost something from being committed.
    fn fail_with(&mut self, result: Result<(), JournalError>) -> Result<(), JournalError> {
        if result.is_err() {
            self.state = State::Failed;
        }
        result
    }
}

/// Cuts off what lies behind the lanes' committed positions, and tells how much that was.
fn cut_segments(dir: &Path, lanes: &[Lane]) -> Result<u64, JournalError> {
    let mut cut = 0;
    for segment in Segment::list(dir)? {
        let path = segment.path(dir);
        let committed =
            lanes.get(usize::from(segment.lane)).map_or_else(Position::default, |lane| lane.committed);
        if segment.number < committed.number {
            continue;
        }
        let keep = if segment.number == committed.number { committed.length } else { 0 };
        let length = fs::metadata(&path).map_err(JournalError::io(&path))?.len();
        cut += length.saturating_sub(keep);
        if keep == 0 {
            fs::remove_file(&path).map_err(JournalError::io(&path))?;
        } else if length > keep {
            OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(keep))
                .map_err(JournalError::io(&path))?;
        }
    }
    Ok(cut)
}

fn check_none(dir: &Path) -> Result<(), JournalError> {
    if commits_path(dir).exists() {
        return Err(JournalError::Exists(dir.to_owned()));
    }
    match missing(dir) {
        JournalError::Missing(_) => Ok(()),
        damaged => Err(damaged),
    }
}

fn open_locked(dir: &Path) -> Result<File, JournalError> {
    let path = commits_path(dir);
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(missing(dir));
        }
        opened => opened.map_err(JournalError::io(&path))?,
    };
    take(&file, dir)?;
    Ok(file)
}

/// Takes the journal in `dir` for this process.
fn take(commits: &File, dir: &Path) -> Result<(), JournalError> {
    match lock(commits) {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalError::InUse(dir.to_owned())),
        Err(source) => Err(JournalError::Io { path: commits_path(dir), source }),
    }
}

/// The public lane and the private one.
const LANES: usize = 2;

fn lane_of(shard: Shard) -> usize {
    match shard {
        Shard::Public => 0,
        Shard::Private(_) => 1,
    }
}

/// A lane's buffer is written when it has this many bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// A sequence of segments that is only ever appended to.
#[derive(Debug)]
struct Lane {
    dir: PathBuf,
    lane: u16,
    /// Up to here the last commit reaches.
    committed: Position,
    /// Up to here the system has it.
    written: Position,
    /// What comes next.
    buffer: Vec<u8>,
    /// The present segment, once something was written to it.
    file: Option<File>,
    named: Named,
}

/// Where the names of a lane's segments are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Named {
    /// Not on the disk yet, perhaps.
    AtSystem,
    OnDisk,
}

impl Lane {
    fn new(dir: &Path, lane: usize, at: Position) -> Self {
        Self {
            dir: dir.to_owned(),
            lane: lane as u16,
            committed: at,
            written: at,
            buffer: Vec::new(),
            file: None,
            // A former process may have made them just before it ended.
            named: Named::AtSystem,
        }
    }

    fn segment(&self) -> Segment {
        Segment { lane: self.lane, number: self.written.number }
    }

    /// Makes ready for a batch: a step begins a new segment where the present one is full, and a segment begins with
    /// its header.
    fn begin(&mut self, segment_bytes: u64) -> Result<(), JournalError> {
        let step_begins = self.written == self.committed && self.buffer.is_empty();
        if step_begins && self.written.length >= segment_bytes {
            // The finished segment is out of reach of a later sync.
            self.sync()?;
            self.file = None;
            self.written = Position { number: self.written.number + 1, length: 0 };
        }
        if self.written.length == 0 && self.buffer.is_empty() {
            self.buffer.extend(self.segment().header().encode());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let path = self.segment().path(&self.dir);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                self.named = Named::AtSystem;
                OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(self.written.length == 0)
                    .open(&path)
                    .map_err(JournalError::io(&path))?
            }
        };
        // A former try that failed may have left something here: hence the seek.
        file.seek(SeekFrom::Start(self.written.length))
            .and_then(|_| file.write_all(&self.buffer))
            .map_err(JournalError::io(&path))?;
        self.file = Some(file);
        self.written.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn commit(&mut self) {
        self.committed = self.written;
    }

    fn abandon(&mut self) {
        if self.written.number != self.committed.number {
            self.file = None;
        }
        self.written = self.committed;
        self.buffer.clear();
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        if self.written.length == 0 {
            return Ok(());
        }
        let path = self.segment().path(&self.dir);
        // Without a file open, what a former process wrote may still be on its way.
        let synced = match &self.file {
            Some(file) => file.sync_data(),
            None => File::open(&path).and_then(|file| file.sync_data()),
        };
        synced.map_err(JournalError::io(&path))
    }
}

/// Compresses payloads where that pays, without allocating once it is warm.
struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

/// Below this a try costs more than it gains: a frame alone takes about 13 bytes, and packed columns are dense.
const MIN_PACKED: usize = 128;

/// Faster levels pack these columns hardly worse, slower ones hardly better.
const LEVEL: i32 = 1;

impl Packer {
    fn new() -> io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, packed: Vec::new() })
    }

    fn pack<'a>(&'a mut self, payload: &'a [u8]) -> Stored<'a> {
        if payload.len() < MIN_PACKED {
            return Stored::Plain(payload);
        }
        // With less room than this, the result would depend on how much there is.
        self.packed.clear();
        self.packed.reserve(compress_bound(payload.len()));
        match self.compressor.compress_to_buffer(payload, &mut self.packed) {
            Ok(length) if length < payload.len() => Stored::Zstd(&self.packed),
            _ => Stored::Plain(payload),
        }
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JournalReader;

    #[test]
    fn a_journal_of_a_later_version_is_refused_and_left_alone() {
        for name in ["commits.log", "0000-00000.seg"] {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = JournalWriter::create(dir.path(), Settings::default()).unwrap();
            writer.append(TableId(1), Shard::Public, 1, b"row").unwrap();
            writer.commit(Step(0)).unwrap();
            drop(writer);
            let path = dir.path().join(name);
            crate::test::raise_format(&path);
            let before = fs::read(&path).unwrap();
            let newer = |error| matches!(error, JournalError::Newer { found: 2, known: 1, path: named } if named == path);
            assert!(newer(JournalWriter::open(dir.path(), Settings::default()).unwrap_err()));
            assert!(newer(JournalReader::open(dir.path()).unwrap_err()));
            assert_eq!(fs::read(&path).unwrap(), before);
        }
    }

    #[test]
    fn nothing_is_allocated_for_a_batch_once_warm() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = JournalWriter::create(dir.path(), Settings::default()).unwrap();
        let rooms = |writer: &JournalWriter| {
            let lanes: Vec<usize> = writer.lanes.iter().map(|lane| lane.buffer.capacity()).collect();
            (lanes, writer.packer.packed.capacity(), writer.entries.capacity(), writer.scratch.capacity())
        };
        let mut step = |step| {
            for shard in 0..64 {
                writer.append(TableId(1), Shard::Private(shard), 20, &[shard; 80]).unwrap();
            }
            writer.commit(Step(step)).unwrap();
            rooms(&writer)
        };
        let warm = step(0);
        for later in 1..5 {
            assert_eq!(step(later), warm);
        }
    }
}
