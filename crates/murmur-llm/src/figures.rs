//! Live figures of a model's calls, for whoever watches a run. No result depends on them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::CallFailure;
use crate::account::Spent;
use crate::chat::Usage;

/// Counters that the scheduler keeps and any thread may read.
#[derive(Debug)]
pub struct Figures {
    since: Instant,
    in_flight: AtomicUsize,
    capacity: AtomicUsize,
    endpoints: AtomicUsize,
    healthy: AtomicUsize,
    replies: AtomicU64,
    attempts: AtomicU64,
    input_tokens: AtomicU64,
    cached_tokens: AtomicU64,
    output_tokens: AtomicU64,
    money_nanos: AtomicU64,
    failed_attempts: [AtomicU64; CallFailure::KINDS],
    failures: [AtomicU64; CallFailure::KINDS],
    endpoints_fault: Mutex<Option<String>>,
    last_failure: Mutex<Option<CallFailure>>,
}

/// The figures at one moment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Snapshot {
    /// Time since the scheduler was made.
    pub elapsed: Duration,
    /// Requests in flight.
    pub in_flight: usize,
    /// Requests that may be in flight now, at all healthy endpoints together.
    pub capacity: usize,
    /// Endpoints.
    pub endpoints: usize,
    /// Those of them that are not left alone because they failed again and again.
    pub healthy: usize,
    /// Replies.
    pub replies: u64,
    /// Requests sent, retries included.
    pub attempts: u64,
    /// Input tokens of the replies.
    pub input_tokens: u64,
    /// Those of them from prefix caches.
    pub cached_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Cost of the replies, in billionths.
    pub money_nanos: u64,
    /// Attempts that failed, by kind ([`CallFailure::NAMES`]).
    pub failed_attempts: [u64; CallFailure::KINDS],
    /// Calls that failed for good, by kind.
    pub failures: [u64; CallFailure::KINDS],
    /// Why `endpoints_file` could not be used when it was last read; the endpoints from before stay.
    pub endpoints_fault: Option<String>,
    /// How the last attempt that failed did.
    pub last_failure: Option<CallFailure>,
}

impl Snapshot {
    /// Share of the capacity that is in use, 0 to 1.
    pub fn utilisation(&self) -> f64 {
        (self.in_flight as f64 / self.capacity.max(1) as f64).min(1.0)
    }

    /// Input and output tokens a second since an `earlier` moment.
    pub fn tokens_per_second(&self, earlier: &Self) -> f64 {
        let tokens = |snapshot: &Self| snapshot.input_tokens + snapshot.output_tokens;
        let seconds = self.elapsed.saturating_sub(earlier.elapsed).as_secs_f64();
        tokens(self).saturating_sub(tokens(earlier)) as f64 / seconds.max(1e-9)
    }
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self {
            since: Instant::now(),
            in_flight: AtomicUsize::new(0),
            capacity: AtomicUsize::new(0),
            endpoints: AtomicUsize::new(0),
            healthy: AtomicUsize::new(0),
            replies: AtomicU64::new(0),
            attempts: AtomicU64::new(0),
            input_tokens: AtomicU64::new(0),
            cached_tokens: AtomicU64::new(0),
            output_tokens: AtomicU64::new(0),
            money_nanos: AtomicU64::new(0),
            failed_attempts: Default::default(),
            failures: Default::default(),
            endpoints_fault: Mutex::new(None),
            last_failure: Mutex::new(None),
        }
    }

    /// What has happened so far.
    pub fn snapshot(&self) -> Snapshot {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            elapsed: self.since.elapsed(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            capacity: self.capacity.load(Ordering::Relaxed),
            endpoints: self.endpoints.load(Ordering::Relaxed),
            healthy: self.healthy.load(Ordering::Relaxed),
            replies: count(&self.replies),
            attempts: count(&self.attempts),
            input_tokens: count(&self.input_tokens),
            cached_tokens: count(&self.cached_tokens),
            output_tokens: count(&self.output_tokens),
            money_nanos: count(&self.money_nanos),
            failed_attempts: self.failed_attempts.each_ref().map(count),
            failures: self.failures.each_ref().map(count),
            endpoints_fault: self.endpoints_fault.lock().map_or(None, |fault| fault.clone()),
            last_failure: self.last_failure.lock().map_or(None, |failure| failure.clone()),
        }
    }

    pub(crate) fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self, requests: usize) {
        self.in_flight.store(requests, Ordering::Relaxed);
    }

    pub(crate) fn servers(&self, endpoints: usize, healthy: usize, capacity: usize) {
        self.endpoints.store(endpoints, Ordering::Relaxed);
        self.healthy.store(healthy, Ordering::Relaxed);
        self.capacity.store(capacity, Ordering::Relaxed);
    }

    pub(crate) fn reply(&self, usage: Usage, cost: Spent) {
        self.replies.fetch_add(1, Ordering::Relaxed);
        self.input_tokens.fetch_add(usage.input.into(), Ordering::Relaxed);
        self.cached_tokens.fetch_add(usage.cached.into(), Ordering::Relaxed);
        self.output_tokens.fetch_add(usage.output.into(), Ordering::Relaxed);
        self.money_nanos.fetch_add(cost.money_nanos, Ordering::Relaxed);
    }

    pub(crate) fn failed_attempt(&self, failure: &CallFailure) {
        self.failed_attempts[failure.kind()].fetch_add(1, Ordering::Relaxed);
        if let Ok(mut last) = self.last_failure.lock() {
            *last = Some(failure.clone());
        }
    }

    pub(crate) fn failure(&self, failure: &CallFailure) {
        self.failures[failure.kind()].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn endpoints_fault(&self, fault: Option<String>) {
        if let Ok(mut last) = self.endpoints_fault.lock() {
            *last = fault;
        }
    }
}
