//! Whether the flag state may be outdated.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Freshness {
    /// When the server was last heard; the start counts.
    heard: Duration,
    /// The server says that it does not know the namespace any more.
    gone: bool,
    /// The state came from the disk, and the server has not spoken yet.
    unconfirmed: bool,
    stale: bool,
}

impl Freshness {
    /// At the start.
    pub(super) fn new(unconfirmed: bool, now: Duration) -> Self {
        Self { heard: now, gone: false, unconfirmed, stale: unconfirmed }
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn heard(&mut self, now: Duration) {
        *self = Self::new(false, now);
    }

    /// Time begins to count again.
    pub(super) fn resume(&mut self, now: Duration) {
        self.heard = now;
    }

    pub(super) fn gone(&mut self) {
        self.gone = true;
    }

    /// `after` is the age at which state is stale; `None` means never.
    pub(super) fn tick(&mut self, after: Option<Duration>, has_state: bool, now: Duration) {
        let outdated = after.is_some_and(|after| now >= self.heard + after);
        self.stale = has_state && (self.gone || self.unconfirmed || outdated);
    }

    pub(super) fn due(&self, after: Option<Duration>) -> Option<Duration> {
        if self.stale { None } else { after.map(|after| self.heard + after) }
    }
}
