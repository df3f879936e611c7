//! The schedule of polls.

use std::time::Duration;

use super::{Failure, Now};
use crate::config::Retry;
use crate::sync::backoff;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Created,
    Fetching { retries: u32 },
    BackingOff { retries: u32, until: Duration },
    Waiting { until: Option<Now> },
}

/// What became of a series of fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    /// It goes on with another fetch, now or later.
    GoesOn,
    /// It is over; the next wait is to be set.
    Over,
}

#[derive(Debug)]
pub(super) struct Poll {
    state: State,
    retry: Retry,
    /// What was answered is known to be outdated already.
    ask_again: bool,
    /// Failed fetches since the last success.
    pub(super) failures: u32,
    /// Whether any fetch has succeeded.
    pub(super) answered: bool,
    /// When the last successful fetch was sent, and the one in flight.
    pub(super) succeeded: Option<Duration>,
    sent: Duration,
    /// Until then the server asked to be left alone.
    not_before: Duration,
}

impl Poll {
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            state: State::Created,
            retry,
            ask_again: false,
            failures: 0,
            answered: false,
            succeeded: None,
            sent: Duration::ZERO,
            not_before: Duration::ZERO,
        }
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn is_created(&self) -> bool {
        self.state == State::Created
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    pub(super) fn fetch(&mut self, now: Now) {
        let retries = match self.state {
            State::BackingOff { retries, .. } | State::Fetching { retries } => retries,
            State::Created | State::Waiting { .. } => 0,
        };
        self.sent = now.monotonic;
        self.ask_again = false;
        self.state = State::Fetching { retries };
    }

    /// A fetch is wanted after the one in flight, or now.
    pub(super) fn ask_again(&mut self) -> bool {
        self.ask_again = matches!(self.state, State::Fetching { .. });
        self.is_waiting()
    }

    pub(super) fn succeeded(&mut self) -> Series {
        self.failures = 0;
        self.answered = true;
        self.succeeded = Some(self.sent);
        if self.ask_again { Series::GoesOn } else { Series::Over }
    }

    /// `retry` is false for what cannot be mended by trying again soon.
    pub(super) fn failed(&mut self, failure: &Failure, now: Now, random: f64) -> Series {
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.monotonic + failure.retry_after.unwrap_or_default();
        let State::Fetching { retries } = self.state else { return Series::Over };
        if !failure.error.retryable() || retries >= self.retry.max_retries {
            return Series::Over;
        }
        let retries = retries + 1;
        let until = (now.monotonic + backoff::delay(&self.retry, retries, random)).max(self.not_before);
        self.state = State::BackingOff { retries, until };
        Series::GoesOn
    }

    pub(super) fn may_hurry(&self, now: Now) -> bool {
        now.monotonic >= self.not_before
    }

    /// The next fetch is due after `wait`, by whichever clock gets there first; `None` means never.
    pub(super) fn wait(&mut self, wait: Option<Duration>, now: Now) {
        let asked = self.not_before.saturating_sub(now.monotonic);
        let until = wait.map(|wait| wait.max(asked));
        let until = until.map(|wait| Now { monotonic: now.monotonic + wait, wall: now.wall + wait });
        self.state = State::Waiting { until };
    }

    pub(super) fn due(&self) -> Option<Duration> {
        match self.state {
            State::BackingOff { until, .. } => Some(until),
            State::Waiting { until } => until.map(|until| until.monotonic),
            State::Created | State::Fetching { .. } => None,
        }
    }

    pub(super) fn is_due(&self, now: Now) -> bool {
        match self.state {
            State::BackingOff { until, .. } => now.monotonic >= until,
            State::Waiting { until: Some(until) } => now.monotonic >= until.monotonic || now.wall >= until.wall,
            State::Created | State::Fetching { .. } | State::Waiting { until: None } => false,
        }
    }
}
