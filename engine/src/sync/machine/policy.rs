//! What the machine needs to know of the options.

use std::time::Duration;

use crate::config::{Config, ErrorStrategy, FetchMode, Retry};

/// Polling in place of a stream is never slower than this.
const BESIDE_AT_MOST: Duration = Duration::from_secs(30);

/// The silence beyond connecting after which a poll has to confirm a stream.
const CONFIRM_AFTER: Duration = Duration::from_secs(30);

/// Flag state is stale after so many intervals without an answer, unless the options say otherwise.
const STALE_INTERVALS: u32 = 3;

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(super) mode: FetchMode,
    pub(super) update_interval: Option<Duration>,
    /// Whether it is worth asking again without a reason. Files say themselves when they have changed.
    pub(super) asks_unprompted: bool,
    pub(super) safety_poll_interval: Duration,
    pub(super) max_stream_retries: u32,
    pub(super) confirm_after: Duration,
    pub(super) retry: Retry,
    pub(super) init_timeout: Duration,
    /// How long a first load may keep a caller waiting who has a seed to fall back on.
    pub(super) early_timeout: Option<Duration>,
    pub(super) strategy: ErrorStrategy,
    pub(super) seeded: bool,
    /// Whether what the client starts from counts as its first load.
    pub(super) bootstrapped: bool,
    pub(super) stale_after: Option<Duration>,
}

impl Policy {
    pub(crate) fn new(config: &Config) -> Self {
        let seeded = config.snapshot.is_some() || config.bootstrap.is_some();
        let early = seeded && config.error_strategy == ErrorStrategy::Fallback;
        Self {
            mode: config.fetch_mode,
            update_interval: config.update_interval.filter(|_| config.source.is_none()),
            asks_unprompted: config.source.is_none(),
            safety_poll_interval: config.safety_poll_interval,
            max_stream_retries: config.max_stream_retries,
            confirm_after: config.connect_timeout + CONFIRM_AFTER,
            retry: config.retry,
            init_timeout: config.init_timeout,
            early_timeout: early.then_some(config.connect_timeout),
            strategy: config.error_strategy,
            seeded,
            bootstrapped: config.bootstrap.is_some(),
            stale_after: config.stale_after.filter(|_| config.source.is_none()),
        }
    }

    /// There is flag state from the start.
    pub(crate) fn seed(&mut self) {
        self.seeded = true;
    }

    /// For several handles: each decides for itself what the outcome of the first load means, and how long it waits.
    pub(crate) fn for_handles(config: &Config) -> Self {
        const NEVER: Duration = Duration::from_secs(u32::MAX as u64);
        Self { init_timeout: NEVER, early_timeout: None, strategy: ErrorStrategy::Fail, ..Self::new(config) }
    }

    /// Without streaming; with polling off it goes on until there is flag state.
    pub(super) fn polling_interval(&self, has_state: bool) -> Option<Duration> {
        self.update_interval.or_else(|| (!has_state && self.asks_unprompted).then_some(Config::DEFAULT_UPDATE_INTERVAL))
    }

    /// Beside a broken stream, and before there is one.
    pub(super) fn beside_interval(&self) -> Duration {
        self.absent_interval().min(BESIDE_AT_MOST)
    }

    /// In place of a stream that the server does not offer.
    pub(super) fn absent_interval(&self) -> Duration {
        self.update_interval.unwrap_or(BESIDE_AT_MOST)
    }

    /// `interval` is the one in force.
    pub(super) fn stale_after(&self, interval: Option<Duration>) -> Option<Duration> {
        let polls = self.mode == FetchMode::Streaming || self.update_interval.is_some();
        let usual = interval.filter(|_| polls).map(|interval| interval.saturating_mul(STALE_INTERVALS));
        self.stale_after.or(usual)
    }
}
