//! The log of commits: after its header one record a step, each written by one call.
//!
//! A record is: its length (u16), step (u32), number of batches (u32), digest of everything up to here (u128), number
//! of lanes (u16), for each lane its segment (u32) and the segment's length (u64), and the XXH3 of all that (u64);
//! little-endian. A step's batches in a lane lie in one segment: from where the lane stood before, or from the
//! beginning of a new segment, to where it stands now.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use murmur_core::Step;
use xxhash_rust::xxh3::xxh3_64;

use crate::layout::{FileKind, HEADER_BYTES, Header, Position, Segment, commits_path};
use crate::{Digest, JournalError};

/// The header of the log.
pub(crate) const COMMITS_HEADER: Header = Header { kind: FileKind::Commits, lane: 0, number: 0 };

/// Length of a record without its lanes.
const FIXED: usize = 2 + 4 + 4 + 16 + 2 + 8;
const PER_LANE: usize = 4 + 8;

/// One step's commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Commit {
    pub(crate) step: Step,
    pub(crate) batches: u32,
    /// Of everything up to this step.
    pub(crate) digest: Digest,
    /// Where each lane stands after the step.
    pub(crate) lanes: Vec<Position>,
}

impl Commit {
    /// Length of the record.
    fn bytes(&self) -> usize {
        FIXED + PER_LANE * self.lanes.len()
    }

    /// Appends the record.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(u16::try_from(self.bytes()).expect("a journal has a few thousand lanes").to_le_bytes());
        out.extend(self.step.0.to_le_bytes());
        out.extend(self.batches.to_le_bytes());
        out.extend(self.digest.0.to_le_bytes());
        out.extend((self.lanes.len() as u16).to_le_bytes());
        for lane in &self.lanes {
            out.extend(lane.number.to_le_bytes());
            out.extend(lane.length.to_le_bytes());
        }
        let sum = xxh3_64(&out[start..]);
        out.extend(sum.to_le_bytes());
    }

    /// The record at the beginning of `bytes` and its length; `None` when it is not whole.
    fn take(bytes: &[u8]) -> Option<(Self, usize)> {
        let length = usize::from(u16::from_le_bytes(*bytes.first_chunk()?));
        let record = bytes.get(..length).filter(|_| length >= FIXED)?;
        let (body, sum) = record.split_last_chunk()?;
        if xxh3_64(body) != u64::from_le_bytes(*sum) {
            return None;
        }
        let mut fields = Fields(&body[2..]);
        let step = Step(u32::from_le_bytes(fields.next()?));
        let batches = u32::from_le_bytes(fields.next()?);
        let digest = Digest(u128::from_le_bytes(fields.next()?));
        let lanes = (0..u16::from_le_bytes(fields.next()?))
            .map(|_| {
                Some(Position {
                    number: u32::from_le_bytes(fields.next()?),
                    length: u64::from_le_bytes(fields.next()?),
                })
            })
            .collect::<Option<_>>()?;
        fields.0.is_empty().then_some((Self { step, batches, digest, lanes }, length))
    }

    /// Where a lane stands after the step.
    pub(crate) fn lane(&self, lane: usize) -> Position {
        self.lanes.get(lane).copied().unwrap_or_default()
    }

    /// The bytes that each lane gained since `before`, in lane order.
    pub(crate) fn gained(&self, before: Option<&Self>) -> impl Iterator<Item = (Segment, Range<u64>)> {
        self.lanes.iter().enumerate().filter_map(move |(lane, &now)| {
            let then = before.map_or_else(Position::default, |before| before.lane(lane));
            let start = if now.number == then.number { then.length } else { 0 };
            let start = start.max(HEADER_BYTES as u64);
            let segment = Segment { lane: lane as u16, number: now.number };
            (start < now.length).then_some((segment, start..now.length))
        })
    }
}

/// Fixed-size fields one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn next<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

/// What follows the last whole commit of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tail {
    /// Nothing, or a part of a commit that was being written.
    Torn,
    /// Something that is no commit of this step, with whole commits after it.
    Damaged(Step),
}

/// A log of commits as read.
#[derive(Debug)]
pub(crate) struct CommitLog {
    pub(crate) commits: Vec<Commit>,
    /// Bytes behind the last commit.
    pub(crate) torn: u64,
}

/// Where the log ends that holds these commits and no more.
pub(crate) fn end_of(commits: &[Commit]) -> u64 {
    (HEADER_BYTES + commits.iter().map(Commit::bytes).sum::<usize>()) as u64
}

/// The error for a journal without a log of commits. Segments are made after the log, so where there are some, it was
/// there once.
pub(crate) fn missing(dir: &Path) -> JournalError {
    let is_segment = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|end| end == "seg");
    let has_segments = std::fs::read_dir(dir).is_ok_and(|entries| entries.flatten().any(|e| is_segment(&e)));
    match has_segments {
        true => JournalError::Unreadable {
            path: commits_path(dir),
            expected: "the log of commits, which its segments need",
        },
        false => JournalError::Missing(dir.to_owned()),
    }
}

impl CommitLog {
    /// Reads the log of the journal in `dir`, with `keep_before` only the steps before it.
    pub(crate) fn read(dir: &Path, keep_before: Option<Step>) -> Result<Self, JournalError> {
        let path = commits_path(dir);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(dir)),
            read => read.map_err(JournalError::io(&path))?,
        };
        COMMITS_HEADER.check(&path, &bytes)?;
        let (mut log, tail) = Self::parse(&bytes);
        if let Tail::Damaged(step) = tail
            && keep_before.is_none_or(|keep_before| step < keep_before)
        {
            let expected = "a commit with a correct checksum";
            return Err(JournalError::Damaged { path, offset: end_of(&log.commits), step, expected });
        }
        if let Some(step) = keep_before {
            log.commits.retain(|commit| commit.step < step);
        }
        log.torn = bytes.len() as u64 - end_of(&log.commits);
        Ok(log)
    }

    fn parse(bytes: &[u8]) -> (Self, Tail) {
        let mut log = Self { commits: Vec::new(), torn: 0 };
        let mut at = HEADER_BYTES;
        while let Some((commit, length)) = Commit::take(&bytes[at..])
            && log.next_step().is_none_or(|next| next == commit.step)
        {
            at += length;
            log.commits.push(commit);
        }
        // A stop while writing leaves a part of one commit, or after a power cut anything but commits. A whole commit
        // behind it means that what lies between was whole, too.
        let later = (at..bytes.len()).find_map(|later| Commit::take(&bytes[later..]));
        let tail = later.map_or(Tail::Torn, |(later, _)| {
            // Where none is known before it, one is missing at least.
            Tail::Damaged(log.next_step().unwrap_or(Step(later.step.0.saturating_sub(1))))
        });
        (log, tail)
    }

    /// The step that would be committed next, where one was committed.
    fn next_step(&self) -> Option<Step> {
        self.commits.last().map(|commit| Step(commit.step.0.saturating_add(1)))
    }

    /// Checks that each segment of the commits is there, begins as it should and is long enough.
    pub(crate) fn check_segments(&self, dir: &Path) -> Result<(), JournalError> {
        let mut before: Option<&Commit> = None;
        for commit in &self.commits {
            for (lane, &now) in commit.lanes.iter().enumerate() {
                let then = before.map_or_else(Position::default, |before| before.lane(lane));
                if now.length > 0 && (then.length == 0 || now.number != then.number) {
                    let segment = Segment { lane: lane as u16, number: now.number };
                    self.check_segment(dir, segment, commit.step)?;
                }
            }
            before = Some(commit);
        }
        Ok(())
    }

    /// Checks a segment whose first committed batch is of step `first`.
    fn check_segment(&self, dir: &Path, segment: Segment, first: Step) -> Result<(), JournalError> {
        let path = segment.path(dir);
        let damaged =
            |offset, step, expected| JournalError::Damaged { path: path.clone(), offset, step, expected };
        let length = match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged(0, first, "the file to exist"));
            }
            found => found.map_err(JournalError::io(&path))?.len(),
        };
        match segment.header().check_file(&path) {
            Err(JournalError::Unreadable { expected, .. }) => return Err(damaged(0, first, expected)),
            checked => checked?,
        }
        let beyond = |commit: &&Commit| {
            let at = commit.lane(usize::from(segment.lane));
            at.number == segment.number && at.length > length
        };
        match self.commits.iter().find(beyond) {
            Some(commit) => Err(damaged(length, commit.step, "more bytes")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commits(count: u32) -> Vec<Commit> {
        (0..count)
            .map(|i| Commit {
                step: Step(5 + i),
                batches: i,
                digest: Digest(u128::from(i) << 100),
                lanes: (0..=i % 3)
                    .map(|lane| Position { number: lane, length: u64::from(i) << 33 })
                    .collect(),
            })
            .collect()
    }

    fn file(commits: &[Commit]) -> Vec<u8> {
        let mut bytes = COMMITS_HEADER.encode().to_vec();
        commits.iter().for_each(|commit| commit.put(&mut bytes));
        bytes
    }

    /// Where each commit ends in the file.
    fn ends(commits: &[Commit]) -> Vec<u64> {
        (1..=commits.len()).map(|count| file(&commits[..count]).len() as u64).collect()
    }

    #[test]
    fn commits_come_back_and_what_is_torn_is_told() {
        let expected = commits(6);
        let bytes = file(&expected);
        let ends = ends(&commits(6));
        for cut in HEADER_BYTES..=bytes.len() {
            let (log, tail) = CommitLog::parse(&bytes[..cut]);
            let whole = ends.iter().filter(|&&end| end <= cut as u64).count();
            assert_eq!(log.commits, expected[..whole]);
            assert_eq!(tail, Tail::Torn);
            assert_eq!(end_of(&log.commits), if whole == 0 { 20 } else { ends[whole - 1] });
        }
    }

    #[test]
    fn a_hole_between_commits_is_damage() {
        let bytes = file(&commits(6));
        let ends = ends(&commits(6));
        for at in HEADER_BYTES..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x40;
            let (log, tail) = CommitLog::parse(&flipped);
            let whole = ends.iter().filter(|&&end| end <= at as u64).count();
            assert_eq!(log.commits.len(), whole);
            let expected = if whole < 5 { Tail::Damaged(Step(5 + whole as u32)) } else { Tail::Torn };
            assert_eq!(tail, expected, "byte {at}");
        }
    }

    #[test]
    fn a_missing_step_is_damage() {
        let mut some = commits(3);
        some.remove(1);
        let (log, tail) = CommitLog::parse(&file(&some));
        assert_eq!((log.commits.len(), tail), (1, Tail::Damaged(Step(6))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            prop_assert!(Commit::take(&bytes).is_none_or(|(_, length)| length <= bytes.len()));
        }
    }
}
