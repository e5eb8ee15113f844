//! What the benches share: figures are printed one a line, times are medians, and memory is the process's peak.

#![allow(clippy::print_stdout)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Prints a figure: its name, and its value with its unit.
pub fn figure(name: &str, value: &str) {
    println!("{name:<58} {value:>14}");
}

/// A time in the unit that suits it.
pub fn readable(time: Duration) -> String {
    match time.as_nanos() {
        nanos @ 0..10_000 => format!("{nanos} ns"),
        nanos @ 10_000..1_000_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        nanos @ 1_000_000..1_000_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        nanos => format!("{:.2} s", nanos as f64 / 1e9),
    }
}

/// What a piece of work gave, and how long it took.
pub struct Timed<T> {
    /// The result.
    pub value: T,
    /// Time on the wall.
    pub time: Duration,
}

/// Does `work` once.
pub fn timed<T>(work: impl FnOnce() -> T) -> Timed<T> {
    let start = Instant::now();
    let value = black_box(work());
    Timed { value, time: start.elapsed() }
}

/// The median of the times that `work` takes for each of `inputs`.
///
/// # Panics
/// When there are no inputs.
pub fn median<I, T>(inputs: impl IntoIterator<Item = I>, mut work: impl FnMut(I) -> T) -> Duration {
    let mut times: Vec<Duration> =
        inputs.into_iter().map(|input| timed(|| black_box(work(input))).time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Forgets the process's peak of memory so far, where the system can (Linux).
pub fn reset_peak_memory() {
    // Elsewhere, or without the right to, the peak goes on counting from the start of the process.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The process's peak of resident memory in bytes, where the system tells (Linux).
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
