//! Does keeping every reply cost anything beside the model? A ledger of 300-byte replies: append, make last, read again,
//! find by hash.
//!
//! `cargo bench -p murmur-benches --bench replies`

#![allow(clippy::print_stdout, reason = "a bench prints its answer")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use murmur_benches::{figure, peak_memory, readable, reset_peak_memory, timed};
use murmur_core::{AgentId, Step};
use murmur_journal::{Durability, LedgerEntry, ReplyIndex, ReplyKey, ReplyLedger, StepReplies};
use serde_json::value::RawValue;

const STEPS: u32 = 50;
/// Calls in a step.
const CALLS: u32 = 10_000;
const SHARDS: u32 = 64;
/// Bytes of a result.
const PAYLOAD: usize = 300;

fn main() {
    let run = tempfile::tempdir().expect("a temporary folder");
    let index = run.path().join("index");
    let text = "x".repeat(PAYLOAD - 2);
    let payload = RawValue::from_string(format!("\"{text}\"")).expect("it is JSON");
    let mut entry = LedgerEntry { key: key(0, 0), hash: 0, payload };
    let mut ledger = ReplyLedger::open(run.path(), Durability::AtSync).expect("the folder can be used");
    let calls = || (0..STEPS).flat_map(|step| (0..CALLS).map(move |agent| key(step, agent)));
    let appended = timed(|| {
        for key in calls() {
            (entry.key, entry.hash) = (key, hash(key));
            ledger.append((key.agent.0 % SHARDS) as u8, &entry).expect("there is room");
        }
    });
    rate("append, an entry a write", appended.time);
    figure("  bytes an entry", &format!("{:.1}", bytes(run.path()) as f64 / f64::from(STEPS * CALLS)));
    figure("  and to the disk", &readable(timed(|| ledger.sync().expect("there is room")).time));
    drop(ledger);

    reset_peak_memory();
    let opened = timed(|| StepReplies::open(run.path()).expect("it was written"));
    rate("read through, sums checked", opened.time);
    let replies = opened.value;
    let read = timed(|| {
        replies.steps().map(|step| replies.step(step).expect("it was written").len()).sum::<usize>()
    });
    assert_eq!(read.value, (STEPS * CALLS) as usize);
    rate("read step by step", read.time);
    if let Some(peak) = peak_memory() {
        figure("  peak memory", &format!("{:.0} MB", peak as f64 / 1e6));
    }
    let resumed = timed(|| ReplyLedger::entries_from(run.path(), Step(STEPS - 1)).expect("it was written"));
    assert_eq!(resumed.value.len(), CALLS as usize);
    figure("the entries of the last step alone", &readable(resumed.time));

    let sources = [run.path().to_owned()];
    let open = || ReplyIndex::open(&index, &sources, |_| true).expect("it was written");
    let built = timed(open);
    rate("build the index", built.time);
    figure("  bytes an entry", &format!("{:.1}", bytes(&index) as f64 / f64::from(STEPS * CALLS)));
    let found = timed(|| {
        calls().filter(|&key| built.value.find(hash(key)).expect("it was written").is_some()).count()
    });
    assert_eq!(found.value, (STEPS * CALLS) as usize);
    rate("find", found.time);
    let missed = timed(|| {
        calls().filter(|&key| built.value.find(!hash(key)).expect("it was written").is_some()).count()
    });
    assert_eq!(missed.value, 0);
    rate("find nothing", missed.time);
    drop(built);
    figure("open the index again", &readable(timed(open).time));
}

fn key(step: u32, agent: u32) -> ReplyKey {
    ReplyKey { step: Step(step), agent: AgentId(agent), call: 0 }
}

/// A hash that scatters.
fn hash(key: ReplyKey) -> u128 {
    let number = u64::from(key.step.0) << 32 | u64::from(key.agent.0);
    u128::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn rate(name: &str, time: Duration) {
    figure(name, &format!("{:.0} /s", f64::from(STEPS * CALLS) / time.as_secs_f64()));
}

/// The bytes of all files below a folder.
fn bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("it is there").map(|entry| entry.expect("it is there"));
    entries
        .map(|entry| match entry.metadata().expect("it is there") {
            data if data.is_dir() => bytes(&entry.path()),
            data => data.len(),
        })
        .sum()
}
