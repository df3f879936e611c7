//! The one stream of a client.

use std::time::Duration;

use super::{Failure, Now, Policy};
use crate::sync::backoff;

/// How long a stream has to go on after a message before its backoff starts anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// Answers in a row that deny the endpoint before it counts as missing.
const STRIKES: u32 = 3;

/// How often a server without streams is asked again.
const ABSENT_FOR: Duration = Duration::from_secs(3600);

/// What a refused stream says about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sync) enum Absence {
    /// Nothing: any failure.
    #[default]
    Unlikely,
    /// A 404 that is not Flipt's own.
    Possible,
    /// A 501.
    Certain,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Off,
    /// Asked for, and nothing was delivered yet. A trusted attempt takes over from a healthy stream.
    Attempting {
        since: Duration,
        trusted: bool,
        unconfirmed: bool,
    },
    Streaming {
        healthy_at: Duration,
    },
    BackingOff {
        until: Duration,
    },
    Absent {
        until: Now,
    },
}

#[derive(Debug)]
pub(super) struct Stream {
    state: State,
    /// Failures that the backoff goes by.
    failures: u32,
    /// Failed attempts since the last message.
    pub(super) without_data: u32,
    delivered: bool,
    strikes: u32,
    first_strike: Duration,
    pub(super) supported: Option<bool>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            state: State::Off,
            failures: 0,
            without_data: 0,
            delivered: false,
            strikes: 0,
            first_strike: Duration::ZERO,
            supported: None,
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.state == State::Off
    }

    pub(super) fn is_healthy(&self) -> bool {
        matches!(self.state, State::Streaming { .. } | State::Attempting { trusted: true, .. })
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent { .. })
    }

    /// Whether a stream worked, or was tried in vain.
    pub(super) fn is_known(&self) -> bool {
        self.delivered || self.without_data > 0
    }

    /// Whether polls are needed beside it.
    pub(super) fn is_broken(&self, policy: &Policy) -> bool {
        !self.is_healthy() && self.without_data > 0 && self.without_data >= policy.max_stream_retries
    }

    pub(super) fn attempt(&mut self, trusted: bool, now: Now) {
        self.state = State::Attempting { since: now.monotonic, trusted, unconfirmed: false };
    }

    /// The stream is ended on purpose, to be opened anew: it was silent for long, or the caller wants it.
    pub(super) fn renew(&mut self, now: Now) {
        self.settle(now);
        let trusted = self.is_healthy();
        self.attempt(trusted, now);
    }

    /// Begins with a clean slate.
    pub(super) fn forgive(&mut self) {
        self.failures = 0;
        self.strikes = 0;
    }

    pub(super) fn delivered(&mut self, now: Now) {
        self.settle(now);
        let healthy_at = match self.state {
            State::Streaming { healthy_at } => healthy_at,
            _ => now.monotonic + HEALTHY_AFTER,
        };
        self.works(healthy_at);
    }

    /// The server has nothing to tell, and a poll has shown that there is nothing.
    pub(super) fn confirmed(&mut self, now: Now) {
        self.failures = 0;
        self.works(now.monotonic);
    }

    fn works(&mut self, healthy_at: Duration) {
        self.state = State::Streaming { healthy_at };
        self.without_data = 0;
        self.strikes = 0;
        self.delivered = true;
        self.supported = Some(true);
    }

    /// The moment at which a silent attempt needs a poll's word that all is well.
    pub(super) fn confirms_at(&self, policy: &Policy) -> Option<Duration> {
        match self.state {
            State::Attempting { since, trusted: false, unconfirmed: false } => Some(since + policy.confirm_after),
            _ => None,
        }
    }

    /// That moment has come.
    pub(super) fn ask_confirmation(&mut self) {
        if let State::Attempting { unconfirmed, .. } = &mut self.state {
            *unconfirmed = true;
        }
    }

    pub(super) fn is_unconfirmed(&self) -> bool {
        matches!(self.state, State::Attempting { unconfirmed: true, .. })
    }

    /// Whether a poll that was sent at `sent` speaks for the attempt that had its time.
    pub(super) fn is_confirmed_by(&self, sent: Option<Duration>) -> bool {
        let State::Attempting { since, unconfirmed: true, .. } = self.state else { return false };
        sent.is_some_and(|sent| sent > since)
    }

    pub(super) fn failed(&mut self, failure: &Failure, policy: &Policy, now: Now, random: f64) {
        self.settle(now);
        let was_absent = self.supported == Some(false);
        self.failures = self.failures.saturating_add(1);
        self.without_data = self.without_data.saturating_add(1);
        match failure.absence {
            Absence::Unlikely => self.strikes = 0,
            Absence::Possible if self.strikes == 0 => {
                self.strikes = 1;
                self.first_strike = now.monotonic;
            }
            Absence::Possible => self.strikes += 1,
            Absence::Certain => self.strikes = STRIKES,
        }
        if failure.absence == Absence::Certain || (was_absent && failure.absence == Absence::Possible) {
            return self.give_up(now);
        }
        let delay = backoff::full_jitter(&policy.retry, self.failures, random);
        let delay = delay.max(failure.retry_after.unwrap_or_default());
        self.state = State::BackingOff { until: now.monotonic + delay };
    }

    /// Whether the endpoint was denied often enough; a poll's success since the first time then settles it.
    pub(super) fn seems_absent(&self) -> bool {
        self.strikes >= STRIKES && !self.is_absent()
    }

    pub(super) fn is_absent_by(&self, sent: Option<Duration>) -> bool {
        self.seems_absent() && sent.is_some_and(|sent| sent >= self.first_strike)
    }

    pub(super) fn give_up(&mut self, now: Now) {
        let until = Now { monotonic: now.monotonic + ABSENT_FOR, wall: now.wall + ABSENT_FOR };
        self.state = State::Absent { until };
        self.supported = Some(false);
        self.strikes = 0;
        self.without_data = 0;
        self.failures = 0;
    }

    pub(super) fn due(&self) -> Option<Duration> {
        match self.state {
            State::BackingOff { until } => Some(until),
            State::Absent { until } => Some(until.monotonic),
            State::Off | State::Attempting { .. } | State::Streaming { .. } => None,
        }
    }

    pub(super) fn is_due(&self, now: Now) -> bool {
        match self.state {
            State::BackingOff { until } => now.monotonic >= until,
            State::Absent { until } => now.monotonic >= until.monotonic || now.wall >= until.wall,
            State::Off | State::Attempting { .. } | State::Streaming { .. } => false,
        }
    }

    /// Forgets earlier failures once the stream was healthy for long enough.
    fn settle(&mut self, now: Now) {
        if matches!(self.state, State::Streaming { healthy_at } if now.monotonic >= healthy_at) {
            self.failures = 0;
        }
    }
}
