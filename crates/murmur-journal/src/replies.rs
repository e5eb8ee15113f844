//! The reply ledger: what every call of a run came to, kept under step, agent and call number before anybody reads it.
//!
//! It is the folder `replies/` of the run, with a file of JSON lines per shard of agents, made when its first entry
//! comes. An entry is with the system when [`ReplyLedger::append`] returns, so a killed process loses none; a line that
//! was being written then is cut off by the next [`ReplyLedger::open`]. What a reply says is not known here.
//!
//! Invariants: of two entries with the same key the first in the file stands. A file grows at its end only. Its lines
//! are in the order of steps, unless lines were taken out and asked for again; readers need no order.

mod index;
mod line;
mod reader;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use murmur_core::{AgentId, Step};
use serde_json::value::RawValue;

use crate::layout::sync_folder;
use crate::lock::lock;
use crate::{Durability, JournalError};

pub use index::ReplyIndex;
pub use reader::StepReplies;

/// Names a call. Ordered by step, then agent, then number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplyKey {
    /// The step in which it was asked.
    pub step: Step,
    /// The agent it was asked for.
    pub agent: AgentId,
    /// Which of the agent's calls in that step it is, from 0.
    pub call: u16,
}

/// What a call came to.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    /// The call.
    pub key: ReplyKey,
    /// The hash of the request.
    pub hash: u128,
    /// The final result, a reply or a failure.
    pub payload: Box<RawValue>,
}

/// Where an entry lies in a ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The shard, hence the file.
    pub shard: u8,
    /// Where its line begins, in bytes.
    pub offset: u64,
    /// The bytes of its line, without the end of line.
    pub length: u32,
}

/// The ledger of a run, open for writing.
#[derive(Debug)]
pub struct ReplyLedger {
    dir: PathBuf,
    durability: Durability,
    shards: BTreeMap<u8, ShardFile>,
    /// Files were made whose names may not be on the disk yet.
    is_unnamed: bool,
    torn: u64,
    scratch: Vec<u8>,
}

impl ReplyLedger {
    /// Opens the ledger of the run in the folder `run`, and cuts off the last line of each file where it is not whole.
    /// Nothing is made before the first entry.
    ///
    /// # Errors
    /// When another process writes the ledger, or the disk cannot be read or written. Damage elsewhere than at the end
    /// is found by those who read.
    pub fn open(run: &Path, durability: Durability) -> Result<Self, JournalError> {
        let dir = folder(run);
        let mut ledger = Self {
            dir,
            durability,
            shards: BTreeMap::new(),
            is_unnamed: false,
            torn: 0,
            scratch: Vec::new(),
        };
        for shard in shards(&ledger.dir)? {
            let mut file = ShardFile::open(&ledger.dir, shard)?;
            ledger.torn += file.cut_torn().map_err(JournalError::io(&shard_path(&ledger.dir, shard)))?;
            ledger.shards.insert(shard, file);
        }
        Ok(ledger)
    }

    /// Bytes of torn lines that [`Self::open`] cut off.
    pub fn torn_bytes(&self) -> u64 {
        self.torn
    }

    /// Adds an entry to the file of `shard` by one write: it is with the system when this returns. All entries of an
    /// agent belong to the same shard.
    ///
    /// # Errors
    /// When the payload is larger than 1 GiB, or the disk cannot be written. What was written before is kept, and the
    /// entry may be added again.
    pub fn append(&mut self, shard: u8, entry: &LedgerEntry) -> Result<Place, JournalError> {
        let path = shard_path(&self.dir, shard);
        self.scratch.clear();
        line::put(&mut self.scratch, entry);
        self.scratch.push(b'\n');
        if self.scratch.len() > line::MAX_BYTES {
            let (bytes, limit) = (self.scratch.len(), line::MAX_BYTES);
            return Err(JournalError::ReplyTooLarge { path, key: entry.key, bytes, limit });
        }
        if !self.shards.contains_key(&shard) {
            fs::create_dir_all(&self.dir).map_err(JournalError::io(&self.dir))?;
            self.shards.insert(shard, ShardFile::open(&self.dir, shard)?);
            self.is_unnamed = true;
        }
        let file = self.shards.get_mut(&shard).expect("it was made where it was missing");
        let offset = file.append(&self.scratch).map_err(JournalError::io(&path))?;
        Ok(Place { shard, offset, length: (self.scratch.len() - 1) as u32 })
    }

    /// To be called before a step is committed to the journal: with [`Durability::EachStep`] its entries are on the disk
    /// then.
    ///
    /// # Errors
    /// See [`Self::sync`].
    pub fn end_step(&mut self) -> Result<(), JournalError> {
        match self.durability {
            Durability::AtSync => Ok(()),
            Durability::EachStep => self.sync(),
        }
    }

    /// Brings all entries to the disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        for (&shard, file) in self.shards.iter_mut().filter(|(_, file)| file.is_dirty) {
            file.file.sync_data().map_err(JournalError::io(&shard_path(&self.dir, shard)))?;
            file.is_dirty = false;
        }
        if self.is_unnamed {
            let run = self.dir.parent().unwrap_or(&self.dir);
            sync_folder(&self.dir).and_then(|()| sync_folder(run)).map_err(JournalError::io(&self.dir))?;
            self.is_unnamed = false;
        }
        Ok(())
    }

    /// All entries of the run in the folder `run`, in the order of keys. See [`StepReplies`] for those that are too many
    /// to be held at once.
    ///
    /// # Errors
    /// See [`StepReplies::open`].
    pub fn read(run: &Path) -> Result<Vec<LedgerEntry>, JournalError> {
        Self::entries_from(run, Step(0))
    }

    /// The entries of `first` and all later steps, in the order of keys.
    ///
    /// # Errors
    /// See [`StepReplies::open`].
    pub fn entries_from(run: &Path, first: Step) -> Result<Vec<LedgerEntry>, JournalError> {
        let replies = StepReplies::open(run)?;
        let mut entries = Vec::new();
        for step in replies.steps().filter(|&step| step >= first) {
            entries.append(&mut replies.step(step)?);
        }
        Ok(entries)
    }

    /// Copies the entries of the steps before `end` from the run in the folder `from` to the one in `to`, which has no
    /// ledger yet, and brings them to the disk: for a fork.
    ///
    /// # Errors
    /// When an entry is damaged, `to` has a ledger, or the disk cannot be read or written.
    pub fn copy_before(from: &Path, to: &Path, end: Step) -> Result<(), JournalError> {
        reader::copy_before(&folder(from), &folder(to), end)
    }
}

/// A file of a ledger, open for writing by this process alone.
#[derive(Debug)]
struct ShardFile {
    file: File,
    /// Up to here there are whole lines.
    end: u64,
    /// A write failed: there may be more behind `end`.
    is_torn: bool,
    /// Something was written that may not be on the disk.
    is_dirty: bool,
}

impl ShardFile {
    fn open(dir: &Path, shard: u8) -> Result<Self, JournalError> {
        let path = shard_path(dir, shard);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(JournalError::io(&path))?;
        if !lock(&file).map_err(JournalError::io(&path))? {
            return Err(JournalError::InUse(dir.to_owned()));
        }
        let end = file.metadata().map_err(JournalError::io(&path))?.len();
        Ok(Self { file, end, is_torn: false, is_dirty: false })
    }

    /// Cuts off the last line where it is not whole, and tells how long it was.
    fn cut_torn(&mut self) -> io::Result<u64> {
        let whole = line::whole_length(&mut self.file)?;
        let torn = self.end - whole;
        if torn > 0 {
            self.file.set_len(whole)?;
            self.file.sync_data()?;
            self.end = whole;
        }
        Ok(torn)
    }

    /// Writes a line and tells where it begins.
    fn append(&mut self, line: &[u8]) -> io::Result<u64> {
        if self.is_torn {
            self.file.set_len(self.end)?;
        }
        (self.is_torn, self.is_dirty) = (true, true);
        self.file.write_all(line)?;
        self.is_torn = false;
        let offset = self.end;
        self.end += line.len() as u64;
        Ok(offset)
    }
}

/// The ledger's folder in that of its run.
fn folder(run: &Path) -> PathBuf {
    run.join("replies")
}

/// The file of a shard.
fn shard_path(dir: &Path, shard: u8) -> PathBuf {
    dir.join(format!("{shard:02}.jsonl"))
}

/// The shards that have a file, ascending. None where there is no folder.
fn shards(dir: &Path) -> Result<Vec<u8>, JournalError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(JournalError::io(dir))?,
    };
    let mut shards = Vec::new();
    for entry in entries {
        let name = entry.map_err(JournalError::io(dir))?.file_name();
        let shard = name.to_str().and_then(|name| name.strip_suffix(".jsonl")?.parse::<u8>().ok());
        // What has another form of the number is nobody's file.
        shards.extend(shard.filter(|&shard| shard_path(dir, shard).file_name() == Some(&name)));
    }
    shards.sort_unstable();
    Ok(shards)
}
