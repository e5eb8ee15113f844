//! A writer of replies that is killed, or that finds the disk full, loses no entry.
//!
//! The test binary starts itself again as the writer: what has an environment variable to say where it shall write, is
//! one.

#![allow(clippy::print_stdout, reason = "a writer reports what it has written")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use murmur_core::{AgentId, Step};
use murmur_journal::{Durability, JournalError, LedgerEntry, ReplyKey, ReplyLedger};
use serde_json::value::RawValue;

/// Names the run's folder to a writer.
const DIR: &str = "MURMUR_TEST_REPLIES";

/// The entries of the writers that are killed or run out of room.
fn nth(i: u32) -> LedgerEntry {
    let key = ReplyKey { step: Step(i / 500), agent: AgentId(i % 500), call: 0 };
    let text = format!("\"{}\"", format!("reply {i} ").repeat(30));
    LedgerEntry { key, hash: u128::from(i), payload: RawValue::from_string(text).unwrap() }
}

fn shard(i: u32) -> u8 {
    (i % 500 % 3) as u8
}

const ENTRIES: u32 = 100_000;

fn open(run: &Path) -> ReplyLedger {
    ReplyLedger::open(run, Durability::AtSync).unwrap()
}

fn go_on(ledger: &mut ReplyLedger, from: u32) -> Result<(), (u32, JournalError)> {
    (from..ENTRIES).try_for_each(|i| match ledger.append(shard(i), &nth(i)) {
        Ok(_) => {
            println!("{i}");
            Ok(())
        }
        Err(error) => Err((i, error)),
    })
}

fn given() -> Option<PathBuf> {
    env::var_os(DIR).map(PathBuf::from)
}

/// How to start the test `name` of this binary as a writer into the run `dir`.
fn writer(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--include-ignored"]).env(DIR, dir).stdout(Stdio::null());
    command
}

/// Checks that the run holds the first entries, and says how many.
fn check_prefix(run: &Path) -> u32 {
    let mut held = 0;
    for entry in ReplyLedger::read(run).unwrap() {
        let expected = nth(held);
        assert_eq!((entry.key, entry.hash), (expected.key, expected.hash));
        assert_eq!(entry.payload.get(), expected.payload.get());
        held += 1;
    }
    held
}

#[test]
#[ignore = "a writer for the test that kills it"]
fn writes_until_killed() {
    if let Some(dir) = given() {
        let held = check_prefix(&dir);
        go_on(&mut open(&dir), held).unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_reported() {
    let root = tempfile::tempdir().unwrap();
    let (run, told) = (root.path().join("run"), root.path().join("told"));
    let mut before = 0;
    for round in 0..12_u64 {
        let mut command = writer("writes_until_killed", &run);
        let mut child = command.stdout(fs::File::create(&told).unwrap()).spawn().unwrap();
        while reported(&told).is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 7 % 12 * 1_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let held = check_prefix(&run);
        let last = reported(&told).unwrap();
        assert!(before <= last && last < held, "{before} held before, {last} reported, {held} held");
        before = held;
    }
    assert!(before < ENTRIES, "every kill fell into a run");
}

/// The last entry that a writer reported.
fn reported(told: &Path) -> Option<u32> {
    let text = fs::read_to_string(told).unwrap();
    // The last line may be half a number, and the first are those of the test's own.
    text.rsplit_once('\n').and_then(|(whole, _)| whole.lines().last()?.parse().ok())
}

#[test]
#[ignore = "a writer for the test that gives it little room"]
fn writes_until_there_is_no_room() {
    let Some(dir) = given() else { return };
    let mut ledger = open(&dir);
    let (failed, error) = go_on(&mut ledger, 0).unwrap_err();
    let expected = dir.join(format!("replies/{:02}.jsonl", shard(failed)));
    assert!(matches!(&error, JournalError::Full(path) if *path == expected), "{error}");
    assert!(error.to_string().contains("free some"), "{error}");
    assert_eq!(check_prefix(&dir), failed);
    // Each file is filled, and takes no more of these, but a smaller one in the place of the half-written line.
    let mut held = failed;
    held += (failed + 1..ENTRIES).filter(|&i| ledger.append(shard(i), &nth(i)).is_ok()).count() as u32;
    let small = |i| LedgerEntry { payload: RawValue::from_string("0".to_owned()).unwrap(), ..nth(i) };
    let fitting =
        (ENTRIES..ENTRIES + 3).filter(|&i| ledger.append(shard(i), &small(i)).is_ok()).count() as u32;
    assert!(fitting > 0);
    assert_eq!(ReplyLedger::read(&dir).unwrap().len() as u32, held + fitting);
}

#[test]
fn a_limit_on_the_size_of_files_loses_no_entry() {
    let root = tempfile::tempdir().unwrap();
    // 300 or 600 KB, as the shell counts; the signal that comes with it ignored, as a full disk sends none.
    let script = "trap '' XFSZ; ulimit -f 600; exec \"$@\"";
    let writer = writer("writes_until_there_is_no_room", root.path());
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(writer.get_program()).args(writer.get_args()).env(DIR, root.path());
    assert!(shell.stdout(Stdio::null()).status().unwrap().success());
    let held = ReplyLedger::read(root.path()).unwrap().len();
    let ledger = open(root.path());
    assert_eq!(ReplyLedger::read(root.path()).unwrap().len(), held);
    assert!(held > 500, "{held}, {}", ledger.torn_bytes());
}
