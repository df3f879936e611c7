//! How long to wait before a failed request is repeated. Pure: time and randomness are arguments.

use std::time::{Duration, SystemTime};

use crate::config::Retry;

/// The longest `Retry-After` that is obeyed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// The wait before repetition `retry` (from 1): the base delay, doubled each time, up to the longest delay.
///
/// `random` in `0..1` takes up to half of it away when jitter is on.
pub(super) fn delay(policy: &Retry, retry: u32, random: f64) -> Duration {
    let doublings = retry.saturating_sub(1).min(31);
    let delay = policy.base_delay.saturating_mul(1 << doublings).min(policy.max_delay);
    if policy.jitter { delay.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0) } else { delay }
}

/// The wait before repetition `retry` (from 1) of something that a whole fleet may lose at once: anything from nothing to
/// the delay.
pub(super) fn full_jitter(policy: &Retry, retry: u32, random: f64) -> Duration {
    let delay = delay(&Retry { jitter: false, ..*policy }, retry, 0.0);
    if policy.jitter { delay.mul_f64(random.clamp(0.0, 1.0)) } else { delay }
}

/// A wait between polls: the interval, longer or shorter by up to a tenth, so that a fleet does not poll in step.
pub(super) fn vary(interval: Duration, random: f64) -> Duration {
    interval.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

/// Reads a `Retry-After` header: seconds or an HTTP date, at most five minutes. `None` when it is neither.
pub(super) fn retry_after(header: &str, wall: Duration) -> Option<Duration> {
    let text = header.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(SystemTime::UNIX_EPOCH).ok()?.saturating_sub(wall)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(jitter: bool) -> Retry {
        Retry { jitter, ..Retry::default() }
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let seconds: Vec<u64> = (1..=8).map(|retry| delay(&policy(false), retry, 0.7).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(delay(&policy(false), u32::MAX, 0.0), Duration::from_secs(30));
        let small = Retry { base_delay: Duration::from_secs(60), ..policy(false) };
        assert_eq!(delay(&small, 1, 0.0), Duration::from_secs(30));
    }

    #[test]
    fn jitter_takes_up_to_a_half() {
        for (random, expected) in [(0.0, 4000), (0.5, 3000), (1.0, 2000), (7.0, 2000), (-1.0, 4000)] {
            assert_eq!(delay(&policy(true), 3, random).as_millis(), expected, "{random}");
        }
    }

    #[test]
    fn full_jitter_takes_any_part() {
        for (random, expected) in [(0.0, 0), (0.5, 2000), (1.0, 4000)] {
            assert_eq!(full_jitter(&policy(true), 3, random).as_millis(), expected, "{random}");
            assert_eq!(full_jitter(&policy(false), 3, random).as_millis(), 4000, "{random}");
        }
    }

    #[test]
    fn a_poll_wait_varies_by_a_tenth() {
        let interval = Duration::from_secs(100);
        for (random, expected) in [(0.0, 90.0), (0.5, 100.0), (1.0, 110.0)] {
            assert!((vary(interval, random).as_secs_f64() - expected).abs() < 1e-6, "{random}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_capped() {
        let wall = Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (header, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("300", Some(300)),
            ("301", Some(300)),
            ("99999999999999999999999999", Some(300)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 09:49:37 GMT", Some(300)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(header, wall), expected.map(Duration::from_secs), "{header:?}");
        }
    }
}
