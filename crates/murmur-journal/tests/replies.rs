//! The reply ledger against a plain model: nothing that was appended is lost, torn ends are cut off, damage is named.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use murmur_core::{AgentId, Step};
use murmur_journal::{Durability, JournalError, LedgerEntry, ReplyKey, ReplyLedger, StepReplies};
use serde_json::value::RawValue;

fn entry(step: u32, agent: u32, call: u16, result: &str) -> LedgerEntry {
    let key = ReplyKey { step: Step(step), agent: AgentId(agent), call };
    let payload = RawValue::from_string(format!("{{\"text\":{}}}", serde_json::to_string(result).unwrap()));
    LedgerEntry { key, hash: u128::from(step) << 64 | u128::from(agent), payload: payload.unwrap() }
}

fn shard(agent: u32) -> u8 {
    (agent % 3) as u8
}

fn open(run: &Path) -> ReplyLedger {
    ReplyLedger::open(run, Durability::AtSync).unwrap()
}

fn append(ledger: &mut ReplyLedger, entry: &LedgerEntry) {
    ledger.append(shard(entry.key.agent.0), entry).unwrap();
}

fn append_all(run: &Path, entries: &[LedgerEntry]) {
    let mut ledger = open(run);
    for entry in entries {
        ledger.append(0, entry).unwrap();
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

/// What can be compared of entries.
fn plain(entries: &[LedgerEntry]) -> Vec<(ReplyKey, u128, String)> {
    entries.iter().map(|entry| (entry.key, entry.hash, entry.payload.get().to_owned())).collect()
}

/// A run of four steps, five agents and up to two calls each, with texts of all sorts.
fn some() -> Vec<LedgerEntry> {
    let texts = ["plain", "", "two\nlines", "\"}\u{2028}🦀,\"sum\":\"0\"}", "{\"step\":9}"];
    (0..40)
        .filter(|i| i % 3 != 2)
        .map(|i| entry(i / 10, 7 - i % 5, (i % 10 / 5) as u16, texts[i as usize % 5]))
        .collect()
}

fn write(run: &Path, entries: &[LedgerEntry]) {
    let mut ledger = open(run);
    entries.iter().for_each(|entry| append(&mut ledger, entry));
    ledger.sync().unwrap();
}

/// The entries in the order in which they are read.
fn sorted(entries: &[LedgerEntry], keep: impl Fn(ReplyKey) -> bool) -> Vec<(ReplyKey, u128, String)> {
    let mut first = BTreeMap::new();
    for entry in plain(entries).into_iter().filter(|entry| keep(entry.0)) {
        first.entry(entry.0).or_insert(entry);
    }
    first.into_values().collect()
}

#[test]
fn entries_come_back_in_the_order_of_keys() {
    let run = tempfile::tempdir().unwrap();
    assert!(ReplyLedger::read(run.path()).unwrap().is_empty());
    drop(open(run.path()));
    assert!(is_empty(run.path()), "nothing is made before the first entry");
    write(run.path(), &some());
    assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), sorted(&some(), |_| true));
    for first in 0..6 {
        let read = ReplyLedger::entries_from(run.path(), Step(first)).unwrap();
        assert_eq!(plain(&read), sorted(&some(), |key| key.step.0 >= first));
    }
    let replies = StepReplies::open(run.path()).unwrap();
    assert_eq!(replies.steps().collect::<Vec<_>>(), [Step(0), Step(1), Step(2), Step(3)]);
    for step in 0..6 {
        let read = replies.step(Step(step)).unwrap();
        assert_eq!(plain(&read), sorted(&some(), |key| key.step.0 == step));
    }
}

#[test]
fn a_ledger_that_shrank_while_it_was_read_is_no_shorter_step() {
    let run = tempfile::tempdir().unwrap();
    append_all(run.path(), &some());
    let replies = StepReplies::open(run.path()).unwrap();
    let path = run.path().join("replies/00.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(&path, lines[..lines.len() - 1].concat()).unwrap();
    assert!(replies.step(Step(0)).is_ok());
    assert!(matches!(replies.step(Step(3)), Err(JournalError::Io { path: named, .. }) if named == path));
}

#[test]
fn a_place_is_where_the_line_lies() {
    let run = tempfile::tempdir().unwrap();
    let mut ledger = open(run.path());
    for entry in some() {
        let place = ledger.append(5, &entry).unwrap();
        let bytes = fs::read(run.path().join("replies/05.jsonl")).unwrap();
        let (line, end) = bytes[place.offset as usize..].split_at(place.length as usize);
        assert_eq!(end, b"\n");
        let json: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(json["agent"], entry.key.agent.0);
        assert_eq!(json["hash"], format!("{:032x}", entry.hash));
    }
}

#[test]
fn of_two_entries_with_a_key_the_first_stands() {
    let run = tempfile::tempdir().unwrap();
    write(run.path(), &[entry(1, 2, 0, "first"), entry(1, 5, 0, "other"), entry(1, 2, 0, "second")]);
    write(run.path(), &[entry(2, 2, 0, "later"), entry(1, 2, 0, "third")]);
    let expected = [entry(1, 2, 0, "first"), entry(1, 5, 0, "other"), entry(2, 2, 0, "later")];
    assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), plain(&expected));
}

#[test]
fn entries_of_earlier_steps_may_come_late() {
    let run = tempfile::tempdir().unwrap();
    let mut entries = some();
    entries.reverse();
    write(run.path(), &entries);
    assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), sorted(&some(), |_| true));
}

#[test]
fn a_file_cut_at_any_byte_keeps_its_whole_lines_and_grows_on() {
    let source = tempfile::tempdir().unwrap();
    let entries: Vec<_> = some().into_iter().take(6).collect();
    append_all(source.path(), &entries);
    let whole = fs::read(source.path().join("replies/00.jsonl")).unwrap();
    let last = entry(9, 1, 0, "behind the cut");
    let run = tempfile::tempdir().unwrap();
    let path = run.path().join("replies/00.jsonl");
    fs::create_dir(run.path().join("replies")).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
        // Those who only read pass the torn line over, too.
        assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), sorted(&entries[..lines], |_| true));
        let mut ledger = open(run.path());
        let kept = whole[..cut].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        assert_eq!(ledger.torn_bytes(), (cut - kept) as u64, "cut at {cut}");
        ledger.append(0, &last).unwrap();
        let mut expected = entries[..lines].to_vec();
        expected.push(last.clone());
        assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), sorted(&expected, |_| true));
    }
}

#[test]
fn a_torn_end_longer_than_the_window_is_cut_off() {
    let run = tempfile::tempdir().unwrap();
    write(run.path(), &[entry(0, 0, 0, "kept"), entry(0, 3, 0, &"long ".repeat(100_000))]);
    let path = run.path().join("replies/00.jsonl");
    let length = fs::metadata(&path).unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
    assert!(open(run.path()).torn_bytes() > 500_000);
    assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), plain(&[entry(0, 0, 0, "kept")]));
}

#[test]
fn a_damaged_line_is_named_and_may_be_deleted() {
    let run = tempfile::tempdir().unwrap();
    append_all(run.path(), &some());
    let path = run.path().join("replies/00.jsonl");
    let whole = fs::read(&path).unwrap();
    let mut line = 1;
    for at in 0..whole.len() {
        let is_last = at + 1 == whole.len() || line == some().len();
        if at % 7 == 0 && !is_last {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            let error = ReplyLedger::read(run.path()).unwrap_err();
            assert!(
                matches!(&error, JournalError::DamagedReply { path: named, line: found, .. }
                    if *named == path && *found == line as u64),
                "byte {at} in line {line}: {error}"
            );
            assert!(error.to_string().contains("delete the line"), "{error}");
        }
        line += usize::from(whole[at] == b'\n');
    }
    let mut lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    lines.remove(4);
    fs::write(&path, lines.concat()).unwrap();
    let missing = some()[4].clone();
    let read = ReplyLedger::read(run.path()).unwrap();
    assert_eq!(plain(&read), sorted(&some(), |key| key != missing.key));
    open(run.path()).append(0, &missing).unwrap();
    assert_eq!(plain(&ReplyLedger::read(run.path()).unwrap()), sorted(&some(), |_| true));
}

#[test]
fn a_fork_gets_the_entries_of_the_steps_it_shares() {
    let from = tempfile::tempdir().unwrap();
    write(from.path(), &some());
    OpenOptions::new()
        .append(true)
        .open(from.path().join("replies/00.jsonl"))
        .and_then(|mut file| file.write_all(b"{\"step\":1,"))
        .unwrap();
    for end in 0..5 {
        let to = tempfile::tempdir().unwrap();
        ReplyLedger::copy_before(from.path(), to.path(), Step(end)).unwrap();
        assert_eq!(plain(&ReplyLedger::read(to.path()).unwrap()), sorted(&some(), |key| key.step.0 < end));
        assert_eq!(open(to.path()).torn_bytes(), 0);
        assert!(ReplyLedger::copy_before(from.path(), to.path(), Step(end)).is_err(), "it has a ledger");
    }
    let (none, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ReplyLedger::copy_before(none.path(), to.path(), Step(5)).unwrap();
    assert!(is_empty(to.path()));
}

#[test]
fn a_ledger_has_one_writer() {
    let run = tempfile::tempdir().unwrap();
    let mut first = open(run.path());
    append(&mut first, &entry(0, 0, 0, "mine"));
    assert!(matches!(ReplyLedger::open(run.path(), Durability::AtSync), Err(JournalError::InUse(_))));
    assert_eq!(ReplyLedger::read(run.path()).unwrap().len(), 1, "others may read");
    drop(first);
    open(run.path());
}
