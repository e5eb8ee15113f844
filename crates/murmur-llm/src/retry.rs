//! How long to wait before a request is sent again.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;

/// The wait after the first failure, unless another is configured.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// However long a server asks to wait, a run does not stand still for longer.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// The wait after failure number `failures` (from 1): it doubles each time, and is never shorter than what the server
/// `asked` for.
pub(crate) fn wait(failures: u32, asked: Option<Duration>) -> Duration {
    doubled(FIRST, failures).max(asked.unwrap_or_default())
}

/// The wait after failure number `failures` (from 1) if that after the first is `first`, shortened by up to a half as
/// `draw` says, so that requests that failed together do not come again together.
pub(crate) fn jittered(first: Duration, failures: u32, draw: u64) -> Duration {
    doubled(first, failures).mul_f64(1.0 - 0.5 * (draw as f64 / u64::MAX as f64))
}

fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST)
}

/// What `Retry-After` asks for, at most 5 minutes. Only its form in seconds is read, the other one being a date.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    let seconds = (seconds >= 0.0).then(|| seconds.min(LONGEST_ASKED.as_secs_f64()))?;
    Some(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_30_s() {
        let seconds: Vec<f64> = (1..=8).map(|failures| wait(failures, None).as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(wait(u32::MAX, None), LONGEST);
        assert_eq!(wait(1, Some(Duration::from_secs(40))).as_secs(), 40);
        assert_eq!(wait(3, Some(Duration::from_secs(1))).as_secs(), 2);
    }

    #[test]
    fn jitter_leaves_out_up_to_a_half() {
        let check = |failures, draw, milliseconds: f64| {
            let found = jittered(Duration::from_millis(200), failures, draw).as_secs_f64() * 1e3;
            assert!((found - milliseconds).abs() < 1e-3, "{found} ms for {milliseconds}");
        };
        check(1, 0, 200.0);
        check(3, 0, 800.0);
        check(3, u64::MAX, 400.0);
        check(3, u64::MAX / 2, 600.0);
        check(99, 0, 30_000.0);
        check(99, u64::MAX, 15_000.0);
    }

    #[test]
    fn hostile_retry_after_is_bounded_or_passed_over() {
        let check = |value: &str, expected: Option<u64>| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(asked(&headers), expected.map(Duration::from_secs), "{value}");
        };
        check("7", Some(7));
        check("1e300", Some(300));
        check("inf", Some(300));
        check("-1", None);
        check("NaN", None);
        check("Wed, 21 Oct 2015 07:28:00 GMT", None);
    }
}
