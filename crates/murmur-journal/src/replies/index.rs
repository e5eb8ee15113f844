//! Finding replies by the hash of their request, in the ledger of a run and in those of others.
//!
//! The index is a folder with a sled database (hash → where the line lies) and `sources.json` (how far which file was
//! read). It is derived: it may be deleted at any time, is made again where it does not fit the ledgers, and reads on in
//! those that have grown. The database is flushed before `sources.json` is written, so a stop in between only means
//! that some lines are read twice.
//!
//! Invariant: of several entries with the same hash the one in the first source is found, of those the first by shard
//! and place: which one does not depend on when they were indexed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::line::Line;
use super::reader::{Lines, Start, read_at};
use super::{LedgerEntry, Place, folder, shard_path, shards};
use crate::JournalError;
use crate::lock::lock;

/// The form of the database and of `sources.json`. Another one is made again.
const FORMAT: u16 = 1;

/// An index over the ledgers of some runs.
#[derive(Debug)]
pub struct ReplyIndex {
    /// The ledgers' folders, the run's own first.
    sources: Vec<PathBuf>,
    keep: fn(&RawValue) -> bool,
    dir: PathBuf,
    db: Database,
    /// Entries put in since the database was flushed.
    unflushed: AtomicU32,
    /// Held as long as this lives.
    _lock: File,
}

/// After so many entries the database is flushed, so that it does not hold them all in memory.
const MOST_UNFLUSHED: u32 = 1 << 17;

type Database = sled::Db<1024>;

impl ReplyIndex {
    /// Opens the index in the folder `dir`, which is made if need be, over the ledgers of the runs in the folders
    /// `sources`, the run's own first; and indexes what is new in them. Only results that `keep` says yes to are found.
    /// (Under another rule the index must be deleted first.)
    ///
    /// # Errors
    /// When another process has the index open, a run's folder is not there, a line of a ledger is damaged, or the disk
    /// cannot be read or written.
    pub fn open(dir: &Path, sources: &[PathBuf], keep: fn(&RawValue) -> bool) -> Result<Self, JournalError> {
        fs::create_dir_all(dir).map_err(JournalError::io(dir))?;
        let lock = open_locked(dir)?;
        let absolute = |run: &PathBuf| Ok(folder(&run.canonicalize().map_err(JournalError::io(run))?));
        let sources: Vec<PathBuf> = sources.iter().map(absolute).collect::<Result<_, _>>()?;
        let known = Known::read(dir).filter(|known| known.fits(&sources));
        let (db, mut known) = match known.and_then(|known| Some((database(dir).ok()?, known))) {
            Some(opened) => opened,
            None => (begin(dir)?, Known::new(&sources)),
        };
        let index =
            Self { sources, keep, dir: dir.to_owned(), db, unflushed: AtomicU32::new(0), _lock: lock };
        for (number, source) in known.sources.iter_mut().enumerate() {
            index.catch_up(number as u16, source)?;
        }
        index.db.flush().map_err(JournalError::io(dir))?;
        known.write(dir)?;
        Ok(index)
    }

    /// Indexes what was not there when a source was last read.
    fn catch_up(&self, number: u16, source: &mut Source) -> Result<(), JournalError> {
        let ledger = &self.sources[usize::from(number)];
        for shard in shards(ledger)? {
            let at = match source.shards.iter().position(|known| known.shard == shard) {
                Some(at) => at,
                None => {
                    source.shards.push(ShardRead { shard, offset: 0, line: 1, tail: 0 });
                    source.shards.len() - 1
                }
            };
            let read = &mut source.shards[at];
            let path = shard_path(ledger, shard);
            let start = Start { offset: read.offset, line: read.line };
            let end = Lines::open(ledger, shard, start)?.for_each(|found| {
                let payload = found.content.payload().map_err(|expected| JournalError::DamagedReply {
                    path: path.clone(),
                    line: found.at.line,
                    expected,
                })?;
                if !(self.keep)(&payload) {
                    return Ok(());
                }
                let (offset, length) = (found.at.offset, found.bytes.len() as u32 - 1);
                self.put(found.content.hash, Entry { source: number, place: Place { shard, offset, length } })
            })?;
            if end != start {
                (read.offset, read.line) = (end.offset, end.line);
                read.tail = tail(&path, end.offset).map_err(JournalError::io(&path))?;
            }
        }
        Ok(())
    }

    /// The result of a request with this hash, if there is one.
    ///
    /// # Errors
    /// When the ledger no longer has the line that was indexed, or the disk cannot be read.
    pub fn find(&self, hash: u128) -> Result<Option<Box<RawValue>>, JournalError> {
        let Some(value) = self.db.get(hash.to_be_bytes()).map_err(JournalError::io(&self.dir))? else {
            return Ok(None);
        };
        let stale = || JournalError::StaleIndex(self.dir.clone());
        let Entry { source, place } = Entry::decode(&value).ok_or_else(stale)?;
        let path = shard_path(self.sources.get(usize::from(source)).ok_or_else(stale)?, place.shard);
        let bytes = read_at(&path, place.offset, u64::from(place.length)).map_err(JournalError::io(&path))?;
        let line = Line::parse(&bytes).ok().filter(|line| line.hash == hash).ok_or_else(stale)?;
        line.payload().map(Some).map_err(|_| stale())
    }

    /// Lets an entry be found that was appended to the run's own ledger since the index was opened.
    ///
    /// # Errors
    /// When the disk cannot be read or written.
    pub fn note(&self, entry: &LedgerEntry, place: Place) -> Result<(), JournalError> {
        match (self.keep)(&entry.payload) {
            true => self.put(entry.hash, Entry { source: 0, place }),
            false => Ok(()),
        }
    }

    fn put(&self, hash: u128, entry: Entry) -> Result<(), JournalError> {
        let new = entry.encode();
        let first = |old: Option<&[u8]>| match old {
            Some(old) if *old < new[..] => Some(old.to_vec()),
            _ => Some(new.to_vec()),
        };
        self.db.update_and_fetch(hash.to_be_bytes(), first).map_err(JournalError::io(&self.dir))?;
        if self.unflushed.fetch_add(1, Ordering::Relaxed) == MOST_UNFLUSHED {
            self.unflushed.store(0, Ordering::Relaxed);
            self.db.flush().map_err(JournalError::io(&self.dir))?;
        }
        Ok(())
    }
}

/// What the database has for a hash. Its bytes are ordered as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry {
    source: u16,
    place: Place,
}

impl Entry {
    fn encode(self) -> [u8; 15] {
        let Place { shard, offset, length } = self.place;
        let mut bytes = [0; 15];
        bytes[..2].copy_from_slice(&self.source.to_be_bytes());
        bytes[2] = shard;
        bytes[3..11].copy_from_slice(&offset.to_be_bytes());
        bytes[11..].copy_from_slice(&length.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (source, rest) = bytes.split_first_chunk()?;
        let ([shard], rest) = rest.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes(rest.try_into().ok()?);
        let place = Place { shard: *shard, offset: u64::from_be_bytes(*offset), length };
        Some(Self { source: u16::from_be_bytes(*source), place })
    }
}

/// How far the files of the sources were read.
#[derive(Serialize, Deserialize)]
struct Known {
    format: u16,
    sources: Vec<Source>,
}

#[derive(Serialize, Deserialize)]
struct Source {
    /// The ledger's folder.
    folder: PathBuf,
    shards: Vec<ShardRead>,
}

#[derive(Serialize, Deserialize)]
struct ShardRead {
    shard: u8,
    /// Read up to here, in bytes.
    offset: u64,
    /// The number of the line there, from 1.
    line: u64,
    /// The fingerprint of the bytes before it, see [`tail`].
    tail: u64,
}

impl Known {
    fn new(folders: &[PathBuf]) -> Self {
        let source = |folder: &PathBuf| Source { folder: folder.clone(), shards: Vec::new() };
        Self { format: FORMAT, sources: folders.iter().map(source).collect() }
    }

    fn path(dir: &Path) -> PathBuf {
        dir.join("sources.json")
    }

    /// What was known, if it can be read.
    fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path(dir)).ok()?).ok()
    }

    /// Whether it is about these ledgers, and they have only grown.
    fn fits(&self, folders: &[PathBuf]) -> bool {
        self.format == FORMAT
            && self.sources.iter().map(|source| &source.folder).eq(folders)
            && self.sources.iter().all(|source| source.shards.iter().all(|read| read.fits(&source.folder)))
    }

    fn write(&self, dir: &Path) -> Result<(), JournalError> {
        let path = Self::path(dir);
        let partial = dir.join("sources.partial");
        let json =
            serde_json::to_vec_pretty(self).map_err(io::Error::from).map_err(JournalError::io(&path))?;
        fs::write(&partial, json).and_then(|()| fs::rename(&partial, &path)).map_err(JournalError::io(&path))
    }
}

impl ShardRead {
    fn fits(&self, folder: &Path) -> bool {
        tail(&shard_path(folder, self.shard), self.offset).is_ok_and(|tail| tail == self.tail)
    }
}

/// A fingerprint of the last bytes before `offset`, at most 4,096.
fn tail(path: &Path, offset: u64) -> io::Result<u64> {
    let length = offset.min(4096);
    Ok(xxh3_64(&read_at(path, offset - length, length)?))
}

fn open_locked(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(JournalError::io(&path))?;
    match lock(&file).map_err(JournalError::io(&path))? {
        true => Ok(file),
        false => Err(JournalError::IndexInUse(dir.to_owned())),
    }
}

fn database(dir: &Path) -> io::Result<Database> {
    // Without a thread in the background, which may hold the database's lock for longer than the database lives.
    sled::Config::new().path(dir.join("sled")).cache_capacity_bytes(64 << 20).flush_every_ms(None).open()
}

/// An empty database in place of what is there.
fn begin(dir: &Path) -> Result<Database, JournalError> {
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    gone(fs::remove_file(Known::path(dir)))
        .and_then(|()| gone(fs::remove_dir_all(dir.join("sled"))))
        .and_then(|()| database(dir))
        .map_err(JournalError::io(dir))
}
