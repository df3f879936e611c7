use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::rotation::Now;

/// A token is renewed so long before it expires, or a tenth of what it has left when it is first seen if that is less.
const AHEAD: Duration = Duration::from_secs(60);

/// When a token should be renewed, by whichever clock gets there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    due: Now,
    end: Duration,
}

impl Lifetime {
    /// Of a token that expires so long after 1970. One that has expired already has none: another would be of no
    /// longer life, and the server decides.
    pub(super) fn new(expires: Duration, now: Now) -> Option<Self> {
        let left = expires.checked_sub(now.wall).filter(|left| !left.is_zero())?;
        let until_due = left - AHEAD.min(left / 10);
        let end = now.monotonic.checked_add(left)?;
        Some(Self { due: Now { monotonic: now.monotonic + until_due, wall: now.wall + until_due }, end })
    }

    pub(super) fn is_due(&self, now: Now) -> bool {
        now.monotonic >= self.due.monotonic || now.wall >= self.due.wall
    }

    /// After a vain attempt the next one is due half-way to the end; after that, with each request.
    pub(super) fn postpone(&mut self, now: Now) {
        let half = self.end.saturating_sub(now.monotonic) / 2;
        self.due = Now { monotonic: now.monotonic + half, wall: now.wall + half };
    }
}

/// When a JSON web token expires, since 1970. Its signature is the server's business.
pub(super) fn expiry(token: &str) -> Option<Duration> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
    let payload = ENGINE.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn now(monotonic: f64, wall: f64) -> Now {
        Now { monotonic: seconds(monotonic), wall: seconds(wall) }
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_is_renewed_a_minute_or_a_tenth_ahead() {
        for (left, due) in [(3_600.0, 3_540.0), (601.0, 541.0), (600.0, 540.0), (100.0, 90.0), (2.0, 1.8)] {
            let lifetime = Lifetime::new(seconds(1_000.0 + left), now(50.0, 1_000.0)).unwrap();
            let just_before = due - 0.001;
            assert!(!lifetime.is_due(now(50.0 + just_before, 1_000.0 + just_before)), "{left}");
            assert!(lifetime.is_due(now(50.0 + due, 1_000.0)), "{left}: the wall clock was set back");
            assert!(lifetime.is_due(now(50.0, 1_000.0 + due)), "{left}: the machine slept");
        }
    }

    #[test]
    fn a_token_that_has_expired_by_the_clock_of_this_machine_is_left_to_the_server() {
        assert_eq!(Lifetime::new(seconds(1_000.0), now(0.0, 1_000.0)), None);
        assert_eq!(Lifetime::new(seconds(1.0), now(0.0, 1_000.0)), None);
        assert_eq!(Lifetime::new(Duration::MAX, now(1.0, 0.0)), None);
    }

    #[test]
    fn a_vain_attempt_is_repeated_half_way_to_the_end() {
        let mut lifetime = Lifetime::new(seconds(1_600.0), now(0.0, 1_000.0)).unwrap();
        lifetime.postpone(now(540.0, 1_540.0));
        assert!(!lifetime.is_due(now(569.0, 1_569.0)));
        assert!(lifetime.is_due(now(570.0, 1_570.0)));
        lifetime.postpone(now(700.0, 1_700.0));
        assert!(lifetime.is_due(now(700.0, 1_700.0)));
    }

    #[test]
    fn the_expiry_of_a_jwt_is_read_and_anything_else_has_none() {
        for (token, expected) in [
            (jwt(r#"{"exp":1700000000}"#), Some(seconds(1_700_000_000.0))),
            (jwt(r#"{"iss":"x","exp":1.5}"#), Some(seconds(1.5))),
            (jwt(r#"{"exp":"1700000000"}"#), None),
            (jwt(r#"{"exp":-1}"#), None),
            (jwt(r#"{"exp":1e300}"#), None),
            (jwt("{}"), None),
            (jwt("[]"), None),
            (jwt("no JSON"), None),
            ("opaque".to_owned(), None),
            ("a.!.c".to_owned(), None),
            (String::new(), None),
            (
                format!("e30.{}.x", base64::engine::general_purpose::URL_SAFE.encode(r#"{"exp":12}"#)),
                Some(seconds(12.0)),
            ),
        ] {
            assert_eq!(expiry(&token), expected, "{token}");
        }
    }
}
