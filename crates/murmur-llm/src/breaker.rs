//! A circuit breaker: an endpoint that fails again and again is left alone for a while.

use std::time::{Duration, Instant};

/// Failures in a row that open it.
const MOST_FAILURES: u32 = 5;
/// How long it stays open the first time; twice as long each time that a probe fails.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Closed while all is well; open while nothing is sent; then one request is let through to probe.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// How often it has opened since the last success.
    rests: u32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Closed,
    Open { until: Instant },
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
            State::Open { until } => now >= until,
            State::Probing => false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// When it lets a request through again, if it is open.
    pub(crate) fn opens_until(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            _ => None,
        }
    }

    /// A request is sent.
    pub(crate) fn begin(&mut self) {
        if let State::Open { .. } = self.state {
            self.state = State::Probing;
        }
    }

    /// The probe, if one was sent, was dropped and will have no result.
    pub(crate) fn abandon_probe(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }

    /// A request has been answered.
    pub(crate) fn success(&mut self) {
        *self = Self::new();
    }

    /// A request has failed by the server's fault, which `asked` to be left alone for so long.
    pub(crate) fn failure(&mut self, now: Instant, asked: Option<Duration>) {
        self.failures += 1;
        let opens = match self.state {
            State::Closed => self.failures >= MOST_FAILURES,
            State::Probing => true,
            // One that was sent before it opened.
            State::Open { .. } => false,
        };
        if opens {
            let rest = FIRST_REST.saturating_mul(1 << self.rests.min(16)).min(LONGEST_REST);
            self.state = State::Open { until: now + rest.max(asked.unwrap_or_default()) };
            self.rests += 1;
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
            breaker.failure(start, None);
        }
        breaker.success();
        for _ in 0..4 {
            breaker.failure(start, None);
        }
        assert!(breaker.admits(start), "not in a row");
        breaker.failure(start, None);
        assert_eq!((breaker.admits(start), breaker.opens_until()), (false, Some(second(1))));
        breaker.failure(start, Some(Duration::from_secs(90)));
        assert!(breaker.admits(second(1)), "one that was sent before does not count");

        breaker.begin();
        assert!(!breaker.admits(second(1)), "one probe is enough");
        breaker.failure(second(1), None);
        assert_eq!(breaker.opens_until(), Some(second(3)));
        breaker.begin();
        breaker.failure(second(3), Some(Duration::from_secs(7)));
        assert_eq!(breaker.opens_until(), Some(second(10)));
        breaker.begin();
        breaker.abandon_probe(second(11));
        assert!(breaker.admits(second(11)));
        breaker.begin();
        breaker.success();
        assert!(breaker.is_closed() && breaker.admits(second(10)));
    }
}
