//! What is committed comes back, what is not is cut off, and what is damaged is told.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Row, append, check_prefix, files, noise, row, rows_of, write};
use murmur_core::Step;
use murmur_journal::{
    Durability, JournalError, JournalReader, JournalWriter, Recovered, Settings, Shard, TableId, Tables,
};
use proptest::prelude::*;

/// Segments of a few batches.
const SMALL: Settings = Settings { segment_bytes: 200, durability: Durability::AtSync };

const STEPS: u32 = 7;

/// A small run, in canonical order: a public table, a private one in three shards, one that is compressed, and a step
/// without anything.
fn run(step: u32) -> Vec<Row> {
    if step == 3 {
        return Vec::new();
    }
    let mut rows = vec![row(1, Shard::Public, 1 + step, noise(step, 20))];
    rows.extend((0..3).map(|shard| row(2, Shard::Private(shard), 2, noise(step * 3 + u32::from(shard), 5))));
    rows.push(row(9, Shard::Private(0), 100, vec![step as u8; 100]));
    rows
}

fn written(dir: &Path) {
    let mut writer = JournalWriter::create(dir, SMALL).unwrap();
    for step in 0..STEPS {
        write(&mut writer, step, &run(step)).unwrap();
    }
}

/// A fresh folder; in memory where the system has a place for that, since these tests wait for the disk a thousand times.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Puts files into a fresh folder.
fn folder_of(files: &BTreeMap<String, Vec<u8>>) -> tempfile::TempDir {
    let dir = scratch();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// Where commit, and each file, stood after each number of steps.
fn history() -> Vec<BTreeMap<String, Vec<u8>>> {
    let dir = scratch();
    let mut writer = JournalWriter::create(dir.path(), SMALL).unwrap();
    let mut history = vec![files(dir.path())];
    for step in 0..STEPS {
        write(&mut writer, step, &run(step)).unwrap();
        history.push(files(dir.path()));
    }
    history
}

/// Opens the journal, checks that it holds the first `steps` steps, and that going on leads to `whole`.
fn check_recovery(dir: &Path, steps: u32, whole: &BTreeMap<String, Vec<u8>>) -> Recovered {
    let (writer, recovered) = JournalWriter::open(dir, SMALL).unwrap();
    assert_eq!(recovered.last_step, steps.checked_sub(1).map(Step));
    go_on(writer, dir, steps, whole);
    recovered
}

fn go_on(mut writer: JournalWriter, dir: &Path, steps: u32, whole: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(check_prefix(dir, run), steps);
    for step in steps..STEPS {
        write(&mut writer, step, &run(step)).unwrap();
    }
    assert!(files(dir) == *whole, "the files differ from those of an undisturbed run");
}

#[test]
fn any_cut_of_what_a_step_wrote_recovers_to_the_step_before() {
    let history = history();
    let whole = &history[STEPS as usize];
    for (steps, pair) in history.windows(2).enumerate() {
        let [before, after] = pair else { unreachable!("windows of two") };
        // Batches are there in part, the commit not at all; or all batches and the commit in part.
        for (name, bytes) in after {
            let (base, length) = match name.as_str() {
                "commits.log" => (after, bytes.len() - 1),
                _ => (before, bytes.len()),
            };
            let kept = before.get(name).map_or(0, Vec::len);
            for cut in kept..=length.max(kept) {
                let mut state = base.clone();
                state.insert(name.clone(), bytes[..cut].to_vec());
                let dir = folder_of(&state);
                let lost = cut - kept;
                let recovered = check_recovery(dir.path(), steps as u32, whole);
                match name.as_str() {
                    "commits.log" => assert_eq!(recovered.commit_bytes, lost as u64),
                    _ => assert_eq!((recovered.commit_bytes, recovered.batch_bytes), (0, lost as u64)),
                }
            }
        }
    }
}

#[test]
fn any_cut_of_committed_batches_is_told_and_the_steps_before_are_kept() {
    let whole = &history()[STEPS as usize];
    for (name, bytes) in whole.iter().filter(|(name, _)| *name != "commits.log") {
        for cut in 0..bytes.len() {
            let mut state = whole.clone();
            state.insert(name.clone(), bytes[..cut].to_vec());
            let dir = folder_of(&state);
            let error = JournalReader::open(dir.path()).unwrap_err();
            let again = JournalWriter::open(dir.path(), SMALL).unwrap_err();
            assert_eq!(error.to_string(), again.to_string());
            let step = damaged_step(&error, dir.path(), name);
            assert_eq!(files(dir.path()), state, "nothing is changed");
            let (writer, _) = JournalWriter::open_before(dir.path(), step, SMALL).unwrap();
            go_on(writer, dir.path(), step.0, whole);
        }
    }
}

/// The step in which the file `name` is said to be damaged.
fn damaged_step(error: &JournalError, dir: &Path, name: &str) -> Step {
    match error {
        JournalError::Damaged { path, offset, step, .. } => {
            assert_eq!(path, &dir.join(name));
            assert!(error.to_string().contains(&format!("at byte {offset}, in step {step}")), "{error}");
            *step
        }
        other => panic!("expected damage in {name}, got: {other}"),
    }
}

#[test]
fn every_flipped_byte_is_noticed_and_the_steps_before_are_kept() {
    let whole = &history()[STEPS as usize];
    let mut flips = 0;
    for (name, bytes) in whole {
        for at in 0..bytes.len() {
            let mut state = whole.clone();
            state.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            let dir = folder_of(&state);
            let read = JournalReader::open(dir.path()).and_then(|mut reader| {
                reader.verify()?;
                Ok(reader.last_step())
            });
            let kept = match read {
                // The header of the commits: nothing can be said of the rest.
                Err(JournalError::Unreadable { .. }) if name == "commits.log" && at < 20 => continue,
                Err(error) => damaged_step(&error, dir.path(), name).0,
                // The last commit can as well be one that was being written. That it is gone is told.
                Ok(last) => {
                    assert_eq!((name.as_str(), last), ("commits.log", Some(Step(STEPS - 2))), "byte {at}");
                    let (_, recovered) = JournalWriter::open(dir.path(), SMALL).unwrap();
                    assert!(recovered.commit_bytes > 0);
                    STEPS - 1
                }
            };
            let (writer, _) = JournalWriter::open_before(dir.path(), Step(kept), SMALL).unwrap();
            go_on(writer, dir.path(), kept, whole);
            flips += 1;
        }
    }
    assert!(flips > 800, "{flips}");
}

#[test]
fn reading_changes_nothing_and_sees_only_what_is_committed() {
    let dir = scratch();
    let large = vec![row(1, Shard::Private(1), 1, noise(1, 3 << 20))];
    let mut writer = JournalWriter::create(dir.path(), SMALL).unwrap();
    assert_eq!(check_prefix(dir.path(), run), 0);
    write(&mut writer, 0, &run(0)).unwrap();
    // More than the buffer holds: part of it is in the file.
    append(&mut writer, &large).unwrap();
    fs::OpenOptions::new()
        .append(true)
        .open(dir.path().join("commits.log"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"torn"))
        .unwrap();
    let before = files(dir.path());
    assert!(before["0001-00000.seg"].len() > 1 << 20);
    assert_eq!(check_prefix(dir.path(), run), 1);
    assert_eq!(files(dir.path()), before);
    let (_, recovered) = {
        drop(writer);
        JournalWriter::open(dir.path(), SMALL).unwrap()
    };
    assert_eq!((recovered.last_step, recovered.commit_bytes), (Some(Step(0)), 4));
    assert!(recovered.batch_bytes > 1 << 20);
}

#[test]
fn the_order_of_batches_and_the_files_do_not_matter_to_the_digest() {
    let digest = |settings, reversed: bool| {
        let dir = scratch();
        let mut writer = JournalWriter::create(dir.path(), settings).unwrap();
        for step in 0..STEPS {
            let mut rows = run(step);
            // Rows that are none are no batch.
            rows.push(row(3, Shard::Public, 0, Vec::new()));
            if reversed {
                rows.reverse();
            }
            write(&mut writer, step, &rows).unwrap();
        }
        writer.sync().unwrap();
        let reader = JournalReader::open(dir.path()).unwrap();
        assert_eq!(reader.digest(), writer.digest());
        assert_eq!(reader.digest_at(Step(STEPS - 1)).unwrap(), writer.digest());
        assert_ne!(reader.digest_at(Step(STEPS - 2)).unwrap(), writer.digest());
        assert_eq!(check_prefix(dir.path(), run), STEPS);
        writer.digest()
    };
    let expected = digest(SMALL, false);
    assert_eq!(digest(SMALL, true), expected);
    assert_eq!(digest(Settings::default(), false), expected);
    assert_eq!(digest(Settings { durability: Durability::EachStep, ..SMALL }, true), expected);
}

#[test]
fn tables_and_single_batches_can_be_picked() {
    let dir = scratch();
    written(dir.path());
    let mut reader = JournalReader::open(dir.path()).unwrap();
    for (tables, wanted) in [(&[][..], &[][..]), (&[TableId(2)], &[2]), (&[TableId(9), TableId(1)], &[1, 9])]
    {
        let found = rows_of(&reader.step(Step(4), Tables::Only(tables)).unwrap());
        let expected: Vec<Row> = run(4).into_iter().filter(|row| wanted.contains(&row.table.0)).collect();
        assert_eq!(found, expected);
    }
    let step = reader.step(Step(4), Tables::All).unwrap();
    let expected = run(4).into_iter().find(|row| row.shard == Shard::Private(1)).unwrap();
    assert_eq!(step.get(TableId(2), Shard::Private(1)).unwrap().payload, expected.payload);
    assert_eq!(step.get(TableId(2), Shard::Private(3)), None);
    let error = reader.step(Step(STEPS), Tables::All).unwrap_err();
    assert!(error.to_string().ends_with("holds no step 7: it has steps 0 to 6"), "{error}");
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let dir = scratch();
    let path = dir.path().join("journal");
    assert!(matches!(JournalReader::open(&path), Err(JournalError::Missing(_))));
    assert!(matches!(JournalWriter::open(&path, SMALL), Err(JournalError::Missing(_))));
    let mut writer = JournalWriter::create(&path, SMALL).unwrap();
    assert!(matches!(JournalWriter::create(&path, SMALL), Err(JournalError::Exists(_))));
    assert!(matches!(JournalWriter::open(&path, SMALL), Err(JournalError::InUse(_))));

    write(&mut writer, 5, &run(5)).unwrap();
    append(&mut writer, &run(6)).unwrap();
    let error = writer.commit(Step(7)).unwrap_err();
    assert_eq!(error.to_string(), "step 7 cannot be committed: the next step is 6");
    // The step lost its commit: it can only be given up.
    assert!(matches!(writer.commit(Step(6)), Err(JournalError::Unfinished)));
    assert!(matches!(append(&mut writer, &run(6)), Err(JournalError::Unfinished)));
    writer.abandon();
    append(&mut writer, &run(6)).unwrap();
    append(&mut writer, &run(6)[..1]).unwrap();
    assert!(matches!(
        writer.commit(Step(6)),
        Err(JournalError::Twice { table: TableId(1), shard: Shard::Public })
    ));
    writer.abandon();
    write(&mut writer, 6, &run(6)).unwrap();
    drop(writer);

    let mut reader = JournalReader::open(&path).unwrap();
    assert_eq!(reader.steps().collect::<Vec<_>>(), [Step(5), Step(6)]);
    assert_eq!(rows_of(&reader.step(Step(6), Tables::All).unwrap()), run(6));
    reader.verify().unwrap();
    JournalWriter::open(&path, SMALL).unwrap();
}

/// What is done to a journal.
#[derive(Clone, Debug)]
enum Doing {
    Commit(Vec<Row>),
    Abandon(Vec<Row>),
    Reopen,
    TruncateFrom(usize),
}

fn some_rows() -> impl Strategy<Value = Vec<Row>> {
    let shard = prop_oneof![Just(Shard::Public), (0..3_u8).prop_map(Shard::Private)];
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        (any::<u8>(), 0..2_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    prop::collection::btree_map((0..4_u8, shard), (1..9_u32, payload), 0..9).prop_map(|batches| {
        let row = |((table, shard), (rows, payload))| row(table, shard, rows, payload);
        batches.into_iter().map(row).collect()
    })
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        6 => some_rows().prop_map(Doing::Commit),
        1 => some_rows().prop_map(Doing::Abandon),
        1 => Just(Doing::Reopen),
        1 => (0..12_usize).prop_map(Doing::TruncateFrom),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_journal_holds_what_a_list_would(doings in prop::collection::vec(doing(), 0..20), segment_bytes in 0_u64..3_000) {
        let settings = Settings { segment_bytes, durability: Durability::AtSync };
        let dir = scratch();
        let mut writer = JournalWriter::create(dir.path(), settings).unwrap();
        let mut model: Vec<Vec<Row>> = Vec::new();
        for doing in doings {
            match doing {
                Doing::Commit(rows) => {
                    write(&mut writer, model.len() as u32, &rows).unwrap();
                    model.push(rows);
                }
                Doing::Abandon(rows) => {
                    append(&mut writer, &rows).unwrap();
                    writer.abandon();
                }
                Doing::Reopen => {
                    drop(writer);
                    writer = JournalWriter::open(dir.path(), settings).unwrap().0;
                }
                Doing::TruncateFrom(step) => {
                    writer = writer.truncate_from(Step(step as u32)).unwrap().0;
                    model.truncate(step);
                }
            }
            prop_assert_eq!(writer.last_step(), model.len().checked_sub(1).map(|last| Step(last as u32)));
            prop_assert_eq!(check_prefix(dir.path(), |step| model[step as usize].clone()), model.len() as u32);
        }
        drop(writer);
        let undisturbed = scratch();
        let mut writer = JournalWriter::create(undisturbed.path(), settings).unwrap();
        for (step, rows) in model.iter().enumerate() {
            write(&mut writer, step as u32, rows).unwrap();
        }
        prop_assert!(files(dir.path()) == files(undisturbed.path()));
    }
}
