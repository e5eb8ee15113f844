//! A writer that is killed, or that finds the disk full, loses no committed step.
//!
//! The test binary starts itself again as the writer: what has an environment variable to say where it shall write, is
//! one.

#![allow(clippy::print_stderr, reason = "a test says how it went, or that it was passed over")]

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Row, check_prefix, files, noise, row, write};
use murmur_core::Step;
use murmur_journal::{Durability, JournalError, JournalReader, JournalWriter, Settings, Shard};

const SETTINGS: Settings = Settings { segment_bytes: 100_000, durability: Durability::AtSync };

/// Names the journal's folder to a writer.
const DIR: &str = "MURMUR_TEST_JOURNAL";
/// Names a file that a writer may remove to have room.
const BALLAST: &str = "MURMUR_TEST_BALLAST";

const STEPS: u32 = 150;

/// Many small batches; and now and then one larger than the writer's buffer.
fn run(step: u32) -> Vec<Row> {
    let mut rows = vec![row(1, Shard::Public, 7, noise(step, 700))];
    rows.extend(
        (0..64_u8).map(|shard| row(2, Shard::Private(shard), 20, noise(step + u32::from(shard), 80))),
    );
    if step % 30 == 29 {
        rows.push(row(3, Shard::Private(0), 1, noise(step, 1_200_000)));
    }
    rows
}

/// Opens the journal, or begins it.
fn open(dir: &Path) -> JournalWriter {
    match JournalWriter::open(dir, SETTINGS) {
        Ok((writer, _)) => writer,
        Err(JournalError::Missing(_)) => JournalWriter::create(dir, SETTINGS).unwrap(),
        Err(error) => panic!("{error}"),
    }
}

/// Writes the steps that are missing.
fn go_on(writer: &mut JournalWriter) -> Result<(), JournalError> {
    let next = writer.last_step().map_or(0, |last| last.0 + 1);
    (next..STEPS).try_for_each(|step| write(writer, step, &run(step)))
}

fn undisturbed() -> (tempfile::TempDir, JournalReader) {
    let dir = tempfile::tempdir().unwrap();
    go_on(&mut open(dir.path())).unwrap();
    let reader = JournalReader::open(dir.path()).unwrap();
    (dir, reader)
}

/// The folder that a writer was given; nothing where this process is no writer.
fn given(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from)
}

/// How to start the test `name` of this binary as a writer into `dir`.
fn writer(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--include-ignored"]).env(DIR, dir).stdout(Stdio::null());
    command
}

#[test]
#[ignore = "a writer for the tests that kill it"]
fn writes_until_killed() {
    if let Some(dir) = given(DIR) {
        go_on(&mut open(&dir)).unwrap();
    }
}

/// Kills a writer `rounds` times, after another delay each time, and goes on.
fn kill(rounds: u32) {
    let (whole, mut reference) = undisturbed();
    reference.verify().unwrap();
    let root = tempfile::tempdir().unwrap();
    let (mut within_a_run, mut before) = (0, 0);
    let mut dir = root.path().join("0");
    for round in 0..rounds {
        if before == STEPS {
            assert!(files(&dir) == files(whole.path()), "the files differ from those of an undisturbed run");
            dir = root.path().join(round.to_string());
            before = 0;
        }
        let mut child = writer("writes_until_killed", &dir).spawn().unwrap();
        let delay = u64::from(noise(round, 1)[0]) * 120;
        std::thread::sleep(Duration::from_micros(2_000 + delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let reader = match JournalReader::open(&dir) {
            Err(JournalError::Missing(_)) => continue,
            opened => opened.unwrap(),
        };
        let steps = reader.steps().len() as u32;
        assert!(steps >= before, "{before} steps were committed, {steps} are left");
        if let Some(last) = reader.last_step() {
            assert_eq!(reader.digest(), reference.digest_at(last).unwrap());
        }
        assert_eq!(check_prefix(&dir, run), steps);
        within_a_run += u32::from(steps > before && steps < STEPS);
        before = steps;
    }
    assert!(writer("writes_until_killed", &dir).status().unwrap().success());
    assert!(files(&dir) == files(whole.path()), "the files differ from those of an undisturbed run");
    eprintln!("{within_a_run} of {rounds} kills fell between the first and the last commit");
    assert!(within_a_run >= rounds / 10, "{within_a_run} of {rounds}");
}

#[test]
fn a_killed_writer_loses_no_committed_step() {
    kill(20);
}

#[test]
#[ignore = "some seconds longer than its little sister"]
fn a_writer_killed_a_hundred_times_loses_no_committed_step() {
    kill(100);
}

#[test]
#[ignore = "a writer for the tests that give it little room"]
fn writes_until_there_is_no_room() {
    let Some(dir) = given(DIR) else { return };
    let mut writer = open(&dir);
    let error = go_on(&mut writer).unwrap_err();
    assert!(matches!(&error, JournalError::Full(path) if path.starts_with(&dir)), "{error}");
    assert!(matches!(writer.commit(Step(0)), Err(JournalError::Unfinished)));
    let steps = writer.last_step().map_or(0, |last| last.0 + 1);
    assert!(0 < steps && steps < STEPS, "{steps}");
    assert_eq!(check_prefix(&dir, run), steps);
    // With room again, the same process can go on.
    if let Some(ballast) = given(BALLAST) {
        fs::remove_file(ballast).unwrap();
        writer.abandon();
        go_on(&mut writer).unwrap();
        let (whole, _) = undisturbed();
        assert!(files(&dir) == files(whole.path()), "the files differ from those of an undisturbed run");
    }
}

/// Runs `script` in a shell, where `"$@"` is the writer.
fn under(script: &str, shell: &mut Command, writer: &Command) -> bool {
    let words = writer.get_args();
    shell.args(["-c", script, "sh"]).arg(writer.get_program()).args(words);
    for (name, value) in writer.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.stdout(Stdio::null()).status().unwrap().success()
}

#[test]
fn a_limit_on_the_size_of_files_loses_no_committed_step() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("journal");
    // 300 or 600 KB, as the shell counts; the signal that comes with it ignored, as a full disk sends none.
    let script = "trap '' XFSZ; ulimit -f 600; exec \"$@\"";
    assert!(under(script, &mut Command::new("sh"), &writer("writes_until_there_is_no_room", &dir)));
    assert!(check_prefix(&dir, run) > 0);
    assert!(writer("writes_until_killed", &dir).status().unwrap().success());
    let (whole, _) = undisturbed();
    assert!(files(&dir) == files(whole.path()), "the files differ from those of an undisturbed run");
}

#[test]
fn a_full_disk_loses_no_committed_step() {
    let root = tempfile::tempdir().unwrap();
    // A small disk of its own, seen by nobody else.
    let alone = || {
        let mut shell = Command::new("unshare");
        shell.args(["--map-root-user", "--mount", "sh"]).stderr(Stdio::inherit());
        shell
    };
    let mount = format!("mount -t tmpfs -o size=12m tmpfs '{}'", root.path().display());
    if !alone().args(["-c", &mount]).status().is_ok_and(|status| status.success()) {
        eprintln!("passed over: no disk can be mounted here");
        return;
    }
    let ballast = root.path().join("ballast");
    let script = format!("{mount} && head -c 11000000 /dev/zero > '{}' && exec \"$@\"", ballast.display());
    let mut writer = writer("writes_until_there_is_no_room", &root.path().join("journal"));
    writer.env(BALLAST, &ballast).env("TMPDIR", env::temp_dir());
    assert!(under(&script, &mut alone(), &writer));
}
