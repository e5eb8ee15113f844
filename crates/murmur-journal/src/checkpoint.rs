//! Checkpoints: the state in which a step begins, as one compressed file that appears by a rename.
//!
//! A file `checkpoints/STEP.ckpt` is: the header of all files (its number is the step), the length of the payload
//! (u64), the payload compressed by zstd, and the XXH3 of all that (u64); little-endian.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use murmur_core::Step;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::JournalError;
use crate::layout::{FileKind, HEADER_BYTES, Header, sync_folder};

/// The state in which a step begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The step that comes next.
    pub step: Step,
    /// The state, as it was handed over.
    pub payload: Vec<u8>,
}

/// The checkpoint to go on from.
#[derive(Debug)]
pub struct Latest {
    /// The latest one that is whole, if any.
    pub checkpoint: Option<Checkpoint>,
    /// Later ones that could not be used, and why: worth a warning.
    pub passed_over: Vec<JournalError>,
}

const LEVEL: i32 = 1;

fn folder(run: &Path) -> PathBuf {
    run.join("checkpoints")
}

fn path_of(run: &Path, step: Step) -> PathBuf {
    folder(run).join(format!("{step}.ckpt"))
}

fn header(step: Step) -> Header {
    Header { kind: FileKind::Checkpoint, lane: 0, number: step.0 }
}

/// Writes the state in which `step` begins into the run folder `run`, and to the disk.
///
/// # Errors
/// When the disk cannot be written; a former checkpoint of that step is left as it was.
pub fn write_checkpoint(run: &Path, step: Step, payload: &[u8]) -> Result<(), JournalError> {
    let folder = folder(run);
    let target = path_of(run, step);
    let partial = folder.join(format!("{step}.partial"));
    let written = fs::create_dir_all(&folder)
        .and_then(|()| write_whole(&partial, step, payload))
        .and_then(|()| fs::rename(&partial, &target))
        .and_then(|()| sync_folder(&folder));
    if written.is_err() {
        // The error that led here says what matters; what cannot be removed either is no news.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(JournalError::io(&target))
}

fn write_whole(path: &Path, step: Step, payload: &[u8]) -> io::Result<()> {
    let mut out = Summed { file: BufWriter::new(File::create(path)?), sum: Xxh3Default::new() };
    out.write_all(&header(step).encode())?;
    out.write_all(&(payload.len() as u64).to_le_bytes())?;
    let mut packed = zstd::Encoder::new(out, LEVEL)?;
    packed.write_all(payload)?;
    let mut out = packed.finish()?;
    let sum = out.sum.digest();
    out.write_all(&sum.to_le_bytes())?;
    out.file.into_inner()?.sync_all()
}

/// Sums up what is written.
struct Summed {
    file: BufWriter<File>,
    sum: Xxh3Default,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The steps that have a checkpoint in the run folder `run`, by name alone, in order.
///
/// # Errors
/// When the folder cannot be read. Without a folder there are none.
pub fn checkpoints(run: &Path) -> Result<Vec<Step>, JournalError> {
    let folder = folder(run);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(JournalError::io(&folder))?,
    };
    let mut steps = Vec::new();
    for entry in entries {
        let name = entry.map_err(JournalError::io(&folder))?.file_name();
        let step = name.to_str().and_then(|name| name.strip_suffix(".ckpt")?.parse().ok());
        steps.extend(step.map(Step));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The latest checkpoint of a step up to `at_most`. Damaged ones are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn latest_checkpoint(run: &Path, at_most: Step) -> Result<Latest, JournalError> {
    let mut latest = Latest { checkpoint: None, passed_over: Vec::new() };
    for step in checkpoints(run)?.into_iter().rev().filter(|&step| step <= at_most) {
        match read_checkpoint(run, step) {
            Ok(checkpoint) => {
                latest.checkpoint = Some(checkpoint);
                break;
            }
            Err(error) => latest.passed_over.push(error),
        }
    }
    Ok(latest)
}

/// The checkpoint of `step`.
///
/// # Errors
/// When it is not there, damaged, of a later version, or cannot be read.
pub fn read_checkpoint(run: &Path, step: Step) -> Result<Checkpoint, JournalError> {
    let path = path_of(run, step);
    let unreadable = |expected| JournalError::Unreadable { path: path.clone(), expected };
    let bytes = fs::read(&path).map_err(JournalError::io(&path))?;
    header(step).check(&path, &bytes)?;
    let (body, sum) = bytes.split_last_chunk().ok_or_else(|| unreadable("a checksum"))?;
    if xxh3_64(body) != u64::from_le_bytes(*sum) {
        return Err(unreadable("content with a correct checksum"));
    }
    let (length, packed) = body
        .get(HEADER_BYTES..)
        .and_then(|rest| rest.split_first_chunk())
        .ok_or_else(|| unreadable("the length of its content"))?;
    // What is read with a correct checksum is what was written: the length can be trusted.
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| unreadable("content that fits"))?;
    let payload =
        zstd::bulk::decompress(packed, length).map_err(|_| unreadable("content compressed by zstd"))?;
    Ok(Checkpoint { step, payload })
}

/// Removes the checkpoints of the run folder `run` that need not be kept: the last two stay, every tenth of those
/// made each `every` steps, and that of the step `start`, where the run's own steps begin.
///
/// # Errors
/// When the folder cannot be read or a file not be removed.
///
/// # Panics
/// When `every` is 0.
pub fn prune_checkpoints(run: &Path, every: u32, start: Step) -> Result<(), JournalError> {
    for step in superfluous(&checkpoints(run)?, every).filter(|&step| step != start) {
        let path = path_of(run, step);
        fs::remove_file(&path).map_err(JournalError::io(&path))?;
    }
    remove_partial(&folder(run))
}

/// Removes checkpoints that a killed process left half-written.
fn remove_partial(folder: &Path) -> Result<(), JournalError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(JournalError::io(folder))?,
    };
    for entry in entries {
        let path = entry.map_err(JournalError::io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "partial") {
            fs::remove_file(&path).map_err(JournalError::io(&path))?;
        }
    }
    Ok(())
}

/// Of `steps`, in order, those whose checkpoints need not be kept.
fn superfluous(steps: &[Step], every: u32) -> impl Iterator<Item = Step> {
    let older = &steps[..steps.len().saturating_sub(2)];
    older.iter().copied().filter(move |step| !step.0.is_multiple_of(every.saturating_mul(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(step: u32) -> Vec<u8> {
        (0..5_000_u32).flat_map(|i| (i / 3 * step).to_le_bytes()).collect()
    }

    #[test]
    fn the_last_two_and_every_tenth_are_kept() {
        fn check(steps: &[u32], every: u32, kept: &[u32]) {
            let steps: Vec<Step> = steps.iter().copied().map(Step).collect();
            let gone: Vec<Step> = superfluous(&steps, every).collect();
            let left: Vec<u32> =
                steps.iter().filter(|step| !gone.contains(step)).map(|step| step.0).collect();
            assert_eq!(left, kept);
        }
        check(&[], 5, &[]);
        check(&[5], 5, &[5]);
        check(&[0, 5, 10], 5, &[0, 5, 10]);
        check(&[5, 10, 15], 5, &[10, 15]);
        check(&[0, 10, 45, 50, 55, 60, 65, 70], 5, &[0, 50, 65, 70]);
        // A stop between two of them left one at 63.
        check(&[50, 60, 63, 65], 5, &[50, 63, 65]);
    }

    #[test]
    fn the_latest_whole_checkpoint_is_found() {
        let run = tempfile::tempdir().unwrap();
        assert!(latest_checkpoint(run.path(), Step(9)).unwrap().checkpoint.is_none());
        for step in [2, 10, 9] {
            write_checkpoint(run.path(), Step(step), &payload(step)).unwrap();
        }
        for (at_most, expected) in [(1, None), (2, Some(2)), (9, Some(9)), (99, Some(10))] {
            let latest = latest_checkpoint(run.path(), Step(at_most)).unwrap();
            let expected = expected.map(|step| Checkpoint { step: Step(step), payload: payload(step) });
            assert_eq!(latest.checkpoint, expected);
            assert!(latest.passed_over.is_empty());
        }
        prune_checkpoints(run.path(), 1, Step(0)).unwrap();
        assert_eq!(checkpoints(run.path()).unwrap(), [Step(9), Step(10)]);
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let run = tempfile::tempdir().unwrap();
        write_checkpoint(run.path(), Step(1), b"early").unwrap();
        write_checkpoint(run.path(), Step(2), b"a state of some length, of some length").unwrap();
        let path = path_of(run.path(), Step(2));
        let whole = fs::read(&path).unwrap();
        let flips = (0..whole.len()).map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        });
        let cuts = (0..whole.len()).map(|end| whole[..end].to_vec());
        for bytes in flips.chain(cuts) {
            fs::write(&path, bytes).unwrap();
            let latest = latest_checkpoint(run.path(), Step(2)).unwrap();
            assert_eq!(latest.checkpoint.unwrap().payload, b"early");
            assert!(latest.passed_over[0].to_string().contains("2.ckpt is damaged"));
        }
    }

    #[test]
    fn a_checkpoint_of_a_later_version_is_passed_over_with_its_reason() {
        let run = tempfile::tempdir().unwrap();
        write_checkpoint(run.path(), Step(2), b"state").unwrap();
        let path = path_of(run.path(), Step(2));
        crate::test::raise_format(&path);
        let latest = latest_checkpoint(run.path(), Step(2)).unwrap();
        assert!(latest.checkpoint.is_none());
        assert!(matches!(latest.passed_over[..], [JournalError::Newer { found: 2, known: 1, .. }]));
    }
}
