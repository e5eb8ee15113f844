//! A rate a minute, kept by a bucket that fills steadily.

use std::time::{Duration, Instant};

/// A bucket that holds one second's worth. Whoever finds something in it may take more than there is; the next waits
/// until the debt is paid. So the rate holds over time, and one request may be larger than the bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn per_minute(rate: f64, now: Instant) -> Self {
        let per_second = rate / 60.0;
        Self { per_second, level: per_second, at: now }
    }

    /// How long there is nothing to take; zero if there is.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        self.level += now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        self.level = self.level.min(self.per_second);
        self.at = now;
        match self.level > 0.0 {
            true => Duration::ZERO,
            // A little more than the debt, so that there is something in it then. A day bounds what a Duration takes.
            false => Duration::from_secs_f64((-self.level / self.per_second + 1e-3).min(86_400.0)),
        }
    }

    /// Takes `amount`, or gives some back if it is negative.
    pub(crate) fn take(&mut self, amount: f64) {
        self.level -= amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_minute_the_rate_holds_for_small_and_large_requests() {
        let check = |rate: f64, amount: f64| {
            let start = Instant::now();
            let mut bucket = Bucket::per_minute(rate, start);
            let (mut now, mut taken) = (start, 0.0);
            while now < start + Duration::from_secs(60) {
                match bucket.wait(now) {
                    Duration::ZERO => {
                        bucket.take(amount);
                        taken += amount;
                    }
                    wait => now += wait,
                }
            }
            let burst = rate / 60.0 + amount;
            assert!((rate * 0.95..=rate + burst).contains(&taken), "{taken} at {rate} in lots of {amount}");
        };
        check(6000.0, 1.0);
        check(30.0, 1.0);
        check(90_000.0, 4000.0);
    }

    #[test]
    fn what_is_given_back_can_be_taken() {
        let start = Instant::now();
        let mut bucket = Bucket::per_minute(60.0, start);
        bucket.take(10.0);
        assert!(bucket.wait(start) > Duration::from_secs(8));
        bucket.take(-9.5);
        assert_eq!(bucket.wait(start), Duration::ZERO);
    }
}
