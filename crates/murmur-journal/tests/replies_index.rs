//! The index of replies against a plain model: what it finds is what a search through the ledgers would find first.

use std::fs;
use std::path::{Path, PathBuf};

use murmur_core::{AgentId, Step};
use murmur_journal::{Durability, JournalError, LedgerEntry, ReplyIndex, ReplyKey, ReplyLedger};
use serde_json::value::RawValue;

fn entry(step: u32, agent: u32, hash: u128, result: &str) -> LedgerEntry {
    let key = ReplyKey { step: Step(step), agent: AgentId(agent), call: 0 };
    LedgerEntry { key, hash, payload: RawValue::from_string(result.to_owned()).unwrap() }
}

fn append(run: &Path, entries: &[LedgerEntry]) {
    let mut ledger = ReplyLedger::open(run, Durability::AtSync).unwrap();
    for entry in entries {
        ledger.append((entry.key.agent.0 % 4) as u8, entry).unwrap();
    }
}

/// Failures are numbers here.
fn is_success(payload: &RawValue) -> bool {
    payload.get().starts_with('"')
}

/// Two runs and the folder of an index, none of them made.
struct Folders {
    root: tempfile::TempDir,
}

impl Folders {
    fn new() -> Self {
        let folders = Self { root: tempfile::tempdir().unwrap() };
        folders.runs().iter().for_each(|run| fs::create_dir(run).unwrap());
        folders
    }

    fn runs(&self) -> [PathBuf; 2] {
        [self.root.path().join("own"), self.root.path().join("other")]
    }

    fn index(&self) -> PathBuf {
        self.root.path().join("index")
    }

    fn open(&self) -> ReplyIndex {
        ReplyIndex::open(&self.index(), &self.runs(), is_success).unwrap()
    }

    /// Checks what an index finds against all lines of the ledgers in the order of sources, shards and lines.
    fn check(&self, index: &ReplyIndex) {
        let mut lines = Vec::new();
        for run in self.runs() {
            for shard in 0..4 {
                let text =
                    fs::read_to_string(run.join(format!("replies/{shard:02}.jsonl"))).unwrap_or_default();
                lines.extend(
                    text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()),
                );
            }
        }
        for hash in 0..100_u128 {
            let expected = lines
                .iter()
                .find(|line| line["hash"] == format!("{hash:032x}") && line["result"].is_string())
                .map(|line| line["result"].to_string());
            let found = index.find(hash).unwrap().map(|payload| payload.get().to_owned());
            assert_eq!(found, expected, "{hash}");
        }
    }
}

/// Entries whose hashes repeat, some of them failures.
fn some(from: u32, name: &str) -> Vec<LedgerEntry> {
    (from..from + 40)
        .map(|i| {
            let text = if i % 5 == 0 { i.to_string() } else { format!("\"{name} {i}\"") };
            entry(i / 10, i * 7 % 13, u128::from(i * 31 % 90), &text)
        })
        .collect()
}

#[test]
fn an_index_finds_the_first_success_and_catches_up() {
    let folders = Folders::new();
    let [own, other] = folders.runs();
    let index = folders.open();
    folders.check(&index);
    drop(index);
    append(&other, &some(20, "other"));
    folders.check(&folders.open());
    append(&own, &some(0, "own"));
    folders.check(&folders.open());
    append(&other, &some(60, "other again"));
    folders.check(&folders.open());
    folders.check(&folders.open());
    // It is derived.
    fs::remove_dir_all(folders.index()).unwrap();
    folders.check(&folders.open());
}

#[test]
fn an_entry_that_was_noted_is_found() {
    let folders = Folders::new();
    let [own, other] = folders.runs();
    append(&other, &some(0, "other"));
    let index = folders.open();
    let mut ledger = ReplyLedger::open(&own, Durability::AtSync).unwrap();
    for entry in some(30, "own") {
        let place = ledger.append((entry.key.agent.0 % 4) as u8, &entry).unwrap();
        index.note(&entry, place).unwrap();
    }
    folders.check(&index);
    drop((index, ledger));
    folders.check(&folders.open());
}

#[test]
fn a_ledger_that_shrank_or_changed_is_indexed_again() {
    let folders = Folders::new();
    let [own, other] = folders.runs();
    append(&own, &some(0, "own"));
    append(&other, &some(0, "other"));
    folders.check(&folders.open());
    let file = own.join("replies/01.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(&file, lines[1..].concat()).unwrap();
    folders.check(&folders.open());
    // As long as before, with another content.
    fs::remove_dir_all(own.join("replies")).unwrap();
    append(&own, &some(0, "owl"));
    folders.check(&folders.open());
    fs::remove_dir_all(other.join("replies")).unwrap();
    folders.check(&folders.open());
}

#[test]
fn other_sources_are_indexed_again() {
    let folders = Folders::new();
    let [own, other] = folders.runs();
    append(&own, &[entry(0, 0, 1, "\"own\"")]);
    append(&other, &[entry(0, 0, 1, "\"other\""), entry(0, 0, 2, "\"other\"")]);
    let find = |sources: &[&PathBuf], hash| {
        let sources: Vec<PathBuf> = sources.iter().map(|&source| source.clone()).collect();
        let index = ReplyIndex::open(&folders.index(), &sources, is_success).unwrap();
        index.find(hash).unwrap().map(|payload| payload.get().to_owned())
    };
    assert_eq!(find(&[&own, &other], 1).as_deref(), Some("\"own\""));
    assert_eq!(find(&[&other, &own], 1).as_deref(), Some("\"other\""));
    assert_eq!(find(&[&own], 1).as_deref(), Some("\"own\""));
    assert_eq!(find(&[&own], 2), None);
}

#[test]
fn a_broken_index_is_made_again() {
    let folders = Folders::new();
    append(&folders.runs()[0], &some(0, "own"));
    folders.check(&folders.open());
    fs::write(folders.index().join("sources.json"), "{").unwrap();
    folders.check(&folders.open());
    fs::remove_dir_all(folders.index().join("sled")).unwrap();
    fs::write(folders.index().join("sled"), "no folder").unwrap();
    assert!(matches!(
        ReplyIndex::open(&folders.index(), &folders.runs(), is_success),
        Err(JournalError::Io { .. })
    ));
}

#[test]
fn what_cannot_be_used_is_named() {
    let folders = Folders::new();
    let [own, _] = folders.runs();
    append(&own, &some(0, "own"));
    let index = folders.open();
    let error = ReplyIndex::open(&folders.index(), &folders.runs(), is_success).unwrap_err();
    assert!(matches!(error, JournalError::IndexInUse(_)), "{error}");
    // The ledger is changed under the open index.
    let file = own.join("replies/01.jsonl");
    let found =
        some(0, "own").into_iter().find(|entry| entry.key.agent.0 % 4 == 1 && is_success(&entry.payload));
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("own", "owl")).unwrap();
    let error = index.find(found.unwrap().hash).unwrap_err();
    assert!(error.to_string().contains("delete the folder"), "{error}");
    drop(index);
    let error = ReplyIndex::open(&folders.index(), &folders.runs(), is_success).unwrap_err();
    assert!(matches!(error, JournalError::DamagedReply { line: 1, .. }), "{error}");
    let missing = folders.root.path().join("nowhere");
    let error = ReplyIndex::open(&folders.index(), &[missing], is_success).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}
