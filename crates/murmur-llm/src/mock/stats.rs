//! What a mock server has done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::config::Tokens;
use super::faults::FaultKind;
use super::slots::SlotFigures;

/// Figures of a mock server since its start, as `/stats` gives them. Requests are those for completions and
/// embeddings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MockStats {
    /// Requests that have come.
    pub requests: u64,
    /// Of these, not yet answered: waiting, running, or never to be answered.
    pub in_flight: usize,
    /// Most in flight at once.
    pub peak_in_flight: usize,
    /// Waiting for a slot.
    pub waiting: usize,
    /// Having a slot.
    pub running: usize,
    /// Slots there are.
    pub slots: usize,
    /// Seconds of all slots that generations have taken, of those that have ended.
    pub busy_slot_seconds: f64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Faults made on purpose, by name; those that did not occur are left out.
    pub faults: BTreeMap<String, u64>,
    /// Requests whose client went away before its answer began.
    pub abandoned: u64,
    /// Input tokens of successful answers.
    pub input_tokens: u64,
    /// Output tokens of successful answers.
    pub output_tokens: u64,
}

/// The counters behind [`MockStats`].
pub(crate) struct Counters {
    started: Instant,
    requests: AtomicU64,
    in_flight: AtomicUsize,
    peak_in_flight: AtomicUsize,
    by_status: Mutex<BTreeMap<u16, u64>>,
    faults: [AtomicU64; FaultKind::ALL.len()],
    abandoned: AtomicU64,
    input_tokens: AtomicU64,
    output_tokens: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            requests: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            peak_in_flight: AtomicUsize::new(0),
            by_status: Mutex::default(),
            faults: [const { AtomicU64::new(0) }; FaultKind::ALL.len()],
            abandoned: AtomicU64::new(0),
            input_tokens: AtomicU64::new(0),
            output_tokens: AtomicU64::new(0),
        }
    }

    /// Counts a request, which is in flight until the result is dropped.
    pub(crate) fn arrive(self: &Arc<Self>) -> Flight {
        self.requests.fetch_add(1, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.peak_in_flight.fetch_max(now, Relaxed);
        Flight { counters: self.clone(), is_settled: false }
    }

    /// Counts a fault.
    pub(crate) fn fail(&self, kind: FaultKind) {
        self.faults[kind as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn stats(&self, slots: usize, figures: &SlotFigures) -> MockStats {
        let faults = FaultKind::ALL.into_iter().zip(&self.faults);
        MockStats {
            requests: self.requests.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            peak_in_flight: self.peak_in_flight.load(Relaxed),
            waiting: figures.waiting,
            running: figures.running,
            slots,
            busy_slot_seconds: figures.busy.as_secs_f64(),
            seconds: self.started.elapsed().as_secs_f64(),
            by_status: self.by_status.lock().expect("nothing panics with the lock").clone(),
            faults: faults
                .map(|(kind, count)| (kind.name().to_owned(), count.load(Relaxed)))
                .filter(|&(_, count)| count > 0)
                .collect(),
            abandoned: self.abandoned.load(Relaxed),
            input_tokens: self.input_tokens.load(Relaxed),
            output_tokens: self.output_tokens.load(Relaxed),
        }
    }
}

/// A request in flight.
pub(crate) struct Flight {
    counters: Arc<Counters>,
    is_settled: bool,
}

impl Flight {
    /// Counts the request's answer.
    pub(crate) fn settle(&mut self, status: u16, tokens: Tokens) {
        self.is_settled = true;
        *self.counters.by_status.lock().expect("nothing panics with the lock").entry(status).or_default() +=
            1;
        self.counters.input_tokens.fetch_add(tokens.input as u64, Relaxed);
        self.counters.output_tokens.fetch_add(tokens.output as u64, Relaxed);
    }

    /// There will be no answer, and that is the server's doing.
    pub(crate) fn leave_open(&mut self) {
        self.is_settled = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.counters.in_flight.fetch_sub(1, Relaxed);
        if !self.is_settled {
            self.counters.abandoned.fetch_add(1, Relaxed);
        }
    }
}
