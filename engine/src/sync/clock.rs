//! Where the state machine's time and randomness come from.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Instant, SystemTime};

use super::machine::Now;

/// Both clocks of one driver.
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the state machine is given")]
    pub(super) fn start() -> Self {
        Self { started: Instant::now() }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that the state machine is given")]
    pub(super) fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { monotonic: self.started.elapsed(), wall }
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// A number in `0..1`, for jitter.
pub(super) fn random() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the upper 53 bits fit a float exactly")]
    let bits = (RandomState::new().build_hasher().finish() >> 11) as f64;
    bits / (1u64 << 53) as f64
}
