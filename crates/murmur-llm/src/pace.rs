//! How many requests an endpoint gets at once: additive increase, multiplicative decrease.
//!
//! The limit grows until the server is overloaded (429, 5xx, no answer in time), or until doubling it has brought less
//! than a tenth more throughput: then the requests only wait in the server's queue. Throughput is the requests in
//! flight over their mean latency (Little's law), so this is a rule about latency. A latency limit alone would not do:
//! an engine that batches gets slower with every request, and fuller.

use std::time::Duration;

/// Requests in flight at the beginning, within the bounds.
const START: usize = 16;
/// Fewest replies that are judged.
const LEAST_REPLIES: usize = 8;
/// Fewest requests of which a quarter does not fail by chance. It is a quarter of those sent, not of those that have
/// ended, since refusals come before replies.
const LEAST_SENT: usize = 64;

/// The limit of one endpoint.
#[derive(Debug)]
pub(crate) struct Pace {
    least: usize,
    most: usize,
    limit: usize,
    /// Until the first decrease the limit doubles.
    doubles: bool,
    /// What the next limits are compared with.
    reference: Option<Measure>,
    window: Window,
    /// Counts windows.
    epoch: u32,
}

/// What a limit brought.
#[derive(Clone, Copy, Debug)]
struct Measure {
    limit: usize,
    /// Replies a second.
    throughput: f64,
}

/// The outcomes of the requests that were sent since the limit was last set.
#[derive(Default, Debug)]
struct Window {
    sent: usize,
    replies: usize,
    overloads: usize,
    latencies: Duration,
    /// There was too little to send, so that throughput says nothing about the limit.
    starved: bool,
}

/// The window in which a request was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Epoch(u32);

impl Pace {
    pub(crate) fn new(least: usize, most: usize) -> Self {
        let limit = START.clamp(least, most);
        Self { least, most, limit, doubles: true, reference: None, window: Window::default(), epoch: 0 }
    }

    /// Requests that may be in flight.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A request is sent.
    pub(crate) fn send(&mut self) -> Epoch {
        self.window.sent += 1;
        self.epoch()
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.epoch)
    }

    /// There is nothing to send although the limit would allow it.
    pub(crate) fn starve(&mut self) {
        self.window.starved = true;
    }

    /// A request has been answered after `latency`.
    pub(crate) fn reply(&mut self, epoch: Epoch, latency: Duration) {
        if epoch == self.epoch() {
            self.window.replies += 1;
            self.window.latencies += latency;
            self.judge();
        }
    }

    /// A request has failed because the server has too much to do, or seems to.
    pub(crate) fn overload(&mut self, epoch: Epoch) {
        if epoch == self.epoch() {
            self.window.overloads += 1;
            self.judge();
        }
    }

    /// Sets the limit when enough requests that were sent under it have ended.
    fn judge(&mut self) {
        // Servers fail now and then for reasons of their own.
        if self.window.overloads * 4 > self.window.sent.max(LEAST_SENT) {
            return self.decrease(self.limit / 2);
        }
        if self.window.replies < self.limit.max(LEAST_REPLIES) {
            return;
        }
        if self.window.starved {
            return self.set(self.limit);
        }
        let latency = (self.window.latencies.as_secs_f64() / self.window.replies as f64).max(1e-6);
        let now = Measure { limit: self.limit, throughput: self.limit as f64 / latency };
        match self.reference {
            None => self.reference = Some(now),
            Some(half) if now.limit < 2 * half.limit => {}
            // To a little less than where it came from, so that it finds its way down when the server gets weaker.
            Some(half) if now.throughput < 1.1 * half.throughput => {
                return self.decrease(self.limit * 9 / 20);
            }
            Some(_) => self.reference = Some(now),
        }
        self.set(if self.doubles { self.limit * 2 } else { self.limit + (self.limit / 16).max(1) });
    }

    fn decrease(&mut self, limit: usize) {
        self.doubles = false;
        self.reference = None;
        self.set(limit);
    }

    fn set(&mut self, limit: usize) {
        self.limit = limit.clamp(self.least, self.most);
        self.window = Window::default();
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits that the pace settles on (least and most of the last windows) at a server whose latency in seconds and
    /// share of overloads depend on the requests in flight.
    fn settle(pace: &mut Pace, latency: fn(f64) -> f64, overloads: fn(f64) -> f64) -> (usize, usize) {
        let mut seen = Vec::new();
        let mut owed = 0.0;
        for _ in 0..400 {
            let epoch = pace.epoch();
            let in_flight = pace.limit() as f64;
            while pace.epoch() == epoch {
                pace.send();
                owed += overloads(in_flight);
                match owed >= 1.0 {
                    true => {
                        owed -= 1.0;
                        pace.overload(epoch);
                    }
                    false => pace.reply(epoch, Duration::from_secs_f64(latency(in_flight))),
                }
            }
            seen.push(pace.limit());
        }
        let last = &seen[200..];
        (*last.iter().min().unwrap(), *last.iter().max().unwrap())
    }

    fn never(_: f64) -> f64 {
        0.0
    }

    #[test]
    fn a_server_with_slots_is_kept_full_with_a_short_queue() {
        let mut pace = Pace::new(1, 4096);
        let (least, most) = settle(&mut pace, |n| 0.05 * (n / 64.0).max(1.0), never);
        assert!(least >= 50 && (128..=300).contains(&most), "{least} to {most}");
        let (least, most) = settle(&mut pace, |n| 0.05 * (n / 8.0).max(1.0), never);
        assert!(least >= 5 && (16..=40).contains(&most), "weaker: {least} to {most}");
        let (least, most) = settle(&mut pace, |n| 0.05 * (n / 500.0).max(1.0), never);
        assert!(least >= 400 && (1000..=2300).contains(&most), "stronger: {least} to {most}");
    }

    #[test]
    fn a_batching_engine_is_filled_although_it_gets_slower() {
        // Twice as many requests take 1.5 times as long, up to 128.
        let latency = |n: f64| n.min(128.0).powf(0.585) * (n / 128.0).max(1.0);
        let (least, most) = settle(&mut Pace::new(1, 4096), latency, never);
        assert!(least >= 90 && (128..=560).contains(&most), "{least} to {most}");
    }

    #[test]
    fn overloads_halve_the_limit_and_rare_failures_do_not() {
        // The server answers 429 to whatever is beyond 20.
        let beyond = |n: f64| ((n - 20.0) / n).max(0.0);
        let (least, most) = settle(&mut Pace::new(1, 4096), |_| 0.05, beyond);
        assert!(least >= 10 && most <= 32, "{least} to {most}");
        let (least, most) = settle(&mut Pace::new(1, 64), |_| 0.05, |_| 0.1);
        assert_eq!((least, most), (64, 64));
        let (least, most) = settle(&mut Pace::new(3, 64), |_| 0.05, |_| 1.0);
        assert_eq!((least, most), (3, 3));
    }

    #[test]
    fn what_was_sent_before_a_change_does_not_count_after_it() {
        let mut pace = Pace::new(1, 64);
        let before = pace.send();
        for _ in 0..32 {
            pace.overload(before);
        }
        assert_eq!(pace.limit(), 8);
    }

    #[test]
    fn too_little_work_leaves_the_limit_alone() {
        let mut pace = Pace::new(1, 64);
        for _ in 0..1000 {
            pace.starve();
            pace.reply(pace.epoch(), Duration::from_millis(1));
        }
        assert_eq!(pace.limit(), 16);
    }

    #[test]
    fn failures_by_chance_do_not_add_up_although_they_come_before_replies() {
        let mut pace = Pace::new(1, 64);
        let mut draws = (0_u64..).map(|i| xxhash_rust::xxh3::xxh3_64(&i.to_le_bytes()).is_multiple_of(10));
        let mut least = usize::MAX;
        for window in 0..2000 {
            let epoch = pace.epoch();
            // As many as the limit are in flight: those that fail at once have made room for others.
            let mut working = 0;
            while working < pace.limit().max(LEAST_REPLIES) && pace.epoch() == epoch {
                pace.send();
                match draws.next() {
                    Some(true) => pace.overload(epoch),
                    _ => working += 1,
                }
            }
            (0..working).for_each(|_| pace.reply(epoch, Duration::from_millis(50)));
            if window > 100 {
                least = least.min(pace.limit());
            }
        }
        assert!(least >= 24, "{least}");
    }
}
