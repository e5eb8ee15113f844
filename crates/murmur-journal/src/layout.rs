//! Names and headers of the files of a journal, and where in them a lane stands.
//!
//! Every file begins with the same 20 bytes, in every version of the format: magic (8), format (u16), lane (u16),
//! number (u32), and the lower half of the XXH3 of these (u32); all little-endian.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::JournalError;

/// The format that this version writes, and the latest it reads.
pub(crate) const FORMAT: u16 = 1;

/// Length of the header of every file.
pub(crate) const HEADER_BYTES: usize = 20;

/// The log of commits in a journal's folder.
pub(crate) fn commits_path(dir: &Path) -> PathBuf {
    dir.join("commits.log")
}

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileKind {
    Commits,
    Segment,
    Checkpoint,
}

impl FileKind {
    fn magic(self) -> [u8; 8] {
        match self {
            Self::Commits => *b"murm-com",
            Self::Segment => *b"murm-seg",
            Self::Checkpoint => *b"murm-chk",
        }
    }
}

/// The beginning of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) kind: FileKind,
    /// The lane of a segment, else 0.
    pub(crate) lane: u16,
    /// The number of a segment within its lane, the step of a checkpoint, else 0.
    pub(crate) number: u32,
}

impl Header {
    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&self.kind.magic());
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.lane.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.number.to_le_bytes());
        let sum = short_checksum(&bytes[..16]);
        bytes[16..].copy_from_slice(&sum);
        bytes
    }

    /// Whether `path` begins with this header.
    pub(crate) fn check(self, path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
        let unreadable = |expected| JournalError::Unreadable { path: path.to_owned(), expected };
        let head = bytes.first_chunk::<HEADER_BYTES>().ok_or_else(|| unreadable("a header of 20 bytes"))?;
        if short_checksum(&head[..16]) != head[16..] {
            return Err(unreadable("a header with a correct checksum"));
        }
        let found = u16::from_le_bytes([head[8], head[9]]);
        if head[..8] == self.kind.magic() && found > FORMAT {
            return Err(JournalError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        if *head == self.encode() { Ok(()) } else { Err(unreadable("the header that belongs to its name")) }
    }

    /// Whether the file at `path` begins with this header.
    pub(crate) fn check_file(self, path: &Path) -> Result<(), JournalError> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        File::open(path)
            .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut bytes))
            .map_err(JournalError::io(path))?;
        self.check(path, &bytes)
    }
}

/// A checksum for what is small.
pub(crate) fn short_checksum(bytes: &[u8]) -> [u8; 4] {
    // The lower half of a good 64-bit hash is a good 32-bit hash.
    (xxh3_64(bytes) as u32).to_le_bytes()
}

/// A segment file: `LANE-NUMBER.seg`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Segment {
    pub(crate) lane: u16,
    pub(crate) number: u32,
}

impl Segment {
    pub(crate) fn path(self, dir: &Path) -> PathBuf {
        dir.join(format!("{:04}-{:05}.seg", self.lane, self.number))
    }

    pub(crate) fn header(self) -> Header {
        Header { kind: FileKind::Segment, lane: self.lane, number: self.number }
    }

    /// The segments in a folder, by name alone.
    pub(crate) fn list(dir: &Path) -> Result<Vec<Self>, JournalError> {
        let mut segments = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(JournalError::io(dir))? {
            let name = entry.map_err(JournalError::io(dir))?.file_name();
            segments.extend(name.to_str().and_then(Self::parse));
        }
        segments.sort_unstable();
        Ok(segments)
    }

    fn parse(name: &str) -> Option<Self> {
        let (lane, number) = name.strip_suffix(".seg")?.split_once('-')?;
        Some(Self { lane: lane.parse().ok()?, number: number.parse().ok()? })
    }
}

/// Where a lane stands: its current segment and how much of it is written. A length of 0 means that the segment does
/// not exist yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Position {
    pub(crate) number: u32,
    pub(crate) length: u64,
}

/// Makes new names and renames in a folder last.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
