//! A circuit breaker: an endpoint that fails again and again is left alone for a while.
//!
//! A server that says how long it wants to be left alone (`Retry-After`) is not broken but busy: it gets that time, and
//! then requests as before. One that is silent or broken gets a single request, to see whether it is mended.

use std::time::{Duration, Instant};

/// Failures in a row that open it, if no more requests are in flight: of many that are sent at once, those that fail
/// are the first to end.
const MOST_FAILURES: usize = 5;
/// How long an endpoint is left alone the first time; twice as long each time, until it answers.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Whether an endpoint may be sent requests.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    /// Failures since the last success.
    failures: usize,
    /// How often it was left alone since the last success.
    rests: u32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    /// All is well.
    Closed,
    /// Nothing is sent, as the server asked.
    Resting { until: Instant },
    /// Nothing is sent, then a probe.
    Open { until: Instant },
    /// A probe is on its way.
    Probing,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { state: State::Closed, failures: 0, rests: 0 }
    }

    /// Whether a request may be sent.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Resting { until } | State::Open { until } => now >= until,
            State::Probing => false,
        }
    }

    /// Whether requests may be sent without waiting for anything.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether the endpoint seems broken.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Probing)
    }

    /// Whether it has been left alone, and has not answered well since.
    pub(crate) fn is_out(&self) -> bool {
        self.rests > 0
    }

    /// When it lets requests through again, if it does not now.
    pub(crate) fn opens_until(&self) -> Option<Instant> {
        match self.state {
            State::Resting { until } | State::Open { until } => Some(until),
            State::Closed | State::Probing => None,
        }
    }

    /// A request is sent. Says whether it is a probe.
    pub(crate) fn begin(&mut self) -> bool {
        let is_probe = matches!(self.state, State::Open { .. });
        self.state = if is_probe { State::Probing } else { State::Closed };
        is_probe
    }

    /// The probe, if one was sent, has no result.
    pub(crate) fn abandon_probe(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }

    /// A request has been answered.
    pub(crate) fn success(&mut self) {
        let state = match self.state {
            // One that was sent before does not shorten what the server asked for.
            State::Resting { .. } => self.state,
            _ => State::Closed,
        };
        *self = Self { state, ..Self::new() };
    }

    /// A request has failed by the server's fault, which `asked` to be left alone for so long, while `in_flight` others
    /// are in flight.
    pub(crate) fn failure(&mut self, now: Instant, asked: Option<Duration>, in_flight: usize) {
        self.failures = self.failures.saturating_add(1);
        let opens = match self.state {
            State::Closed => self.failures >= MOST_FAILURES.max(in_flight),
            State::Probing => true,
            // One that was sent before it opened.
            State::Resting { .. } | State::Open { .. } => false,
        };
        if opens {
            let rest = FIRST_REST.saturating_mul(1 << self.rests.min(16)).min(LONGEST_REST);
            self.rests = self.rests.saturating_add(1);
            self.state = match asked {
                Some(asked) => State::Resting { until: now + asked.max(rest) },
                None => State::Open { until: now + rest },
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_probe_through() {
        let start = Instant::now();
        let second = |s| start + Duration::from_secs(s);
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            breaker.failure(start, None, 0);
        }
        breaker.success();
        for _ in 0..4 {
            breaker.failure(start, None, 0);
        }
        assert!(breaker.admits(start), "not in a row");
        breaker.failure(start, None, 0);
        assert_eq!((breaker.admits(start), breaker.opens_until()), (false, Some(second(1))));
        breaker.failure(start, Some(Duration::from_secs(90)), 0);
        assert!(breaker.admits(second(1)), "one that was sent before does not count");

        assert!(breaker.begin());
        assert!(!breaker.admits(second(1)), "one probe is enough");
        breaker.failure(second(1), None, 0);
        assert_eq!(breaker.opens_until(), Some(second(3)));
        breaker.begin();
        breaker.abandon_probe(second(11));
        assert!(breaker.admits(second(11)) && breaker.is_open() && breaker.is_out());
        assert!(breaker.begin());
        breaker.success();
        assert!(breaker.is_closed() && breaker.admits(second(10)) && !breaker.is_out());
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_and_is_not_broken() {
        let start = Instant::now();
        let second = |s| start + Duration::from_secs(s);
        let asked = Some(Duration::from_secs(7));
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            breaker.failure(start, asked, 0);
        }
        assert!(breaker.is_closed(), "others may be answered");
        breaker.failure(start, asked, 0);
        assert!(breaker.is_out() && !breaker.is_open() && !breaker.is_closed());
        breaker.success();
        assert_eq!((breaker.admits(second(6)), breaker.opens_until()), (false, Some(second(7))));
        assert!(!breaker.is_out(), "something has been answered");

        assert!(breaker.admits(second(7)) && !breaker.begin());
        assert!(breaker.admits(second(7)), "not only one");
        for _ in 0..5 {
            breaker.failure(second(7), asked, 0);
        }
        breaker.begin();
        breaker.failure(second(14), Some(Duration::ZERO), 0);
        assert_eq!(
            breaker.opens_until(),
            Some(second(16)),
            "one more is enough, and at least twice the first rest"
        );
    }

    #[test]
    fn what_fails_at_once_does_not_outvote_what_is_in_flight() {
        let mut breaker = Breaker::new();
        for _ in 0..19 {
            breaker.failure(Instant::now(), None, 20);
        }
        assert!(breaker.is_closed());
        breaker.failure(Instant::now(), None, 20);
        assert!(breaker.is_open());
    }
}
