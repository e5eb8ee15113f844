//! What a scaling table was measured on.

use std::fs;
use std::thread;
use std::time::Instant;

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::memory::line;

/// The machine, as far as the system tells (Linux).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Murmur's version.
    pub murmur: String,
    /// When the measurements began, such as `2026-11-24T10:00:00Z`.
    pub began: String,
    /// The processor's name.
    pub processor: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Caches of the first core, such as `L2 2048K`.
    pub caches: Vec<String>,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Bytes a second that all cores together read and wrote while they copied what no cache holds, the best of five times.
    pub copied_per_second: f64,
    /// The system and its release.
    pub system: String,
    /// How many threads wanted to run, on average over the last minute, before anything was measured.
    pub load: Option<f64>,
}

impl Machine {
    /// This machine. Takes about a second, since its memory is measured.
    pub fn describe() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = read("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok());
        Self {
            murmur: env!("CARGO_PKG_VERSION").to_owned(),
            began: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            processor: read("/proc/cpuinfo").and_then(|text| {
                let name = text.lines().find_map(|line| line.strip_prefix("model name"))?;
                Some(name.trim_start_matches([' ', '\t', ':']).to_owned())
            }),
            cores,
            caches: (0..8).filter_map(cache).collect(),
            memory_bytes: read("/proc/meminfo").and_then(|text| line(&text, "MemTotal:")),
            copied_per_second: copied_per_second(cores),
            system: format!("{} {release}", std::env::consts::OS).trim().to_owned(),
            load,
        }
    }
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// A data cache of the first core.
fn cache(index: u32) -> Option<String> {
    let of = |what: &str| read(&format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}"));
    let kind = of("type")?;
    (kind != "Instruction").then(|| Some(format!("L{} {}", of("level")?, of("size")?)))?
}

/// Bytes a second that `threads` threads read and write when each copies 64 MiB, the best of five times.
fn copied_per_second(threads: usize) -> f64 {
    const WORDS: usize = 1 << 23;
    let copy = || {
        let (from, mut to) = (vec![1u64; WORDS], vec![0u64; WORDS]);
        let began = Instant::now();
        for _ in 0..4 {
            to.copy_from_slice(std::hint::black_box(&from));
            std::hint::black_box(&mut to);
        }
        (4 * 2 * WORDS * size_of::<u64>()) as f64 / began.elapsed().as_secs_f64()
    };
    let round = || -> f64 {
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(copy)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or(0.0)).sum()
        })
    };
    (0..5).map(|_| round()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_copies_more_than_a_hundred_megabytes_a_second() {
        let machine = Machine::describe();
        assert!(machine.cores >= 1 && machine.began.ends_with('Z'));
        assert!(machine.copied_per_second > 1e8, "{}", machine.copied_per_second);
    }
}
