//! When to fetch, wait and answer, as a pure state machine: time and randomness are arguments.
//!
//! A *series* is one fetch with its retries. Two things run side by side: the schedule, and the settling of the
//! first load.
//!
//! # The schedule
//!
//! | state | input | effect | next state |
//! |---|---|---|---|
//! | `Created` | `Start` | fetch | `Fetching` 0 |
//! | `Fetching` n | `Succeeded` | series ends | `Waiting` |
//! | `Fetching` n | `Failed`, may pass, n < retries | | `BackingOff` n + 1 |
//! | `Fetching` n | `Failed`, otherwise | series ends | `Waiting` |
//! | `Fetching` n | `Refresh` | joins the series | `Fetching` n |
//! | `BackingOff` n | its time has come | fetch | `Fetching` n |
//! | `BackingOff` n | `Refresh` | joins the series | `BackingOff` n |
//! | `Waiting` | its time has come, by either clock | fetch | `Fetching` 0 |
//! | `Waiting` | `Refresh` | fetch | `Fetching` 0 |
//! | any other | `Failed`: the task broke | series ends | `Waiting` |
//! | any | `Close` | | `Closed` |
//! | `Closed` | any | | `Closed` |
//!
//! `Waiting` lasts the update interval, varied by a tenth, and at least what a `Retry-After` asked for. With polling
//! off it has no end, unless there is no flag state at all: then the default interval goes on until there is.
//! The wall clock ends it too, so that a machine that slept polls when it wakes. Retries and the first load's
//! deadlines go by the monotonic clock alone.
//!
//! # The first load
//!
//! It settles once, at the first of:
//!
//! | what | with a seed and `fallback` | `fallback` | `fail` |
//! |---|---|---|---|
//! | `Succeeded` | success | success | success |
//! | `Failed`, first time | success | | |
//! | `connectTimeoutMs` | success | | |
//! | `Failed`, series ends | success | success | that error |
//! | `initTimeoutMs` | success | success | `InitTimeout`, caused by the last error |
//! | `Close` | `Closed` | `Closed` | `Closed` |

use std::time::Duration;

use super::backoff;
use crate::config::{Config, ErrorStrategy, Retry};
use crate::error::{Error, ErrorKind, Result};
use crate::status::Connection;

/// What the machine needs to know of the options.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    update_interval: Option<Duration>,
    retry: Retry,
    init_timeout: Duration,
    /// How long a first load may keep a caller waiting who has a seed to fall back on.
    early_timeout: Option<Duration>,
    strategy: ErrorStrategy,
    seeded: bool,
}

impl Policy {
    pub(crate) fn new(config: &Config) -> Self {
        let seeded = config.snapshot.is_some();
        let early = seeded && config.error_strategy == ErrorStrategy::Fallback;
        Self {
            update_interval: config.update_interval,
            retry: config.retry,
            init_timeout: config.init_timeout,
            early_timeout: early.then_some(config.connect_timeout),
            strategy: config.error_strategy,
            seeded,
        }
    }
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// Since any fixed moment; may stand still while the machine sleeps.
    pub(super) monotonic: Duration,
    /// Since 1970; may jump.
    pub(super) wall: Duration,
}

#[derive(Debug)]
pub(super) enum Input {
    Start,
    /// Time has passed; whatever is due happens.
    Tick,
    Refresh,
    Succeeded,
    Failed(Failure),
    Close,
}

/// A failed request, and how long the server asked to be left alone.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) retry_after: Option<Duration>,
}

/// What the driver has to do now.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Send a request. Never asked while one is in flight.
    pub(super) fetch: bool,
    /// Answer everyone who waits for a refresh with this request's outcome.
    pub(super) series_ended: bool,
    /// Answer everyone who waits for the first load.
    pub(super) settled: Option<Result<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Created,
    Fetching { retries: u32 },
    BackingOff { retries: u32, until: Duration },
    Waiting { until: Option<Now> },
    Closed,
}

#[derive(Debug)]
enum FirstLoad {
    Pending { deadline: Duration, early: Option<Duration>, last_error: Option<Error> },
    Settled,
}

#[derive(Debug)]
pub(super) struct Machine {
    policy: Policy,
    state: State,
    first_load: FirstLoad,
    answered: bool,
    failing: bool,
}

impl Machine {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, state: State::Created, first_load: FirstLoad::Settled, answered: false, failing: false }
    }

    pub(super) fn on(&mut self, input: Input, now: Now, random: f64) -> Effects {
        let mut effects = Effects::default();
        match (self.state, input) {
            (State::Closed, _) => {}
            (_, Input::Close) => {
                self.state = State::Closed;
                effects.series_ended = true;
                self.settle(&mut effects, Err(ErrorKind::Closed.into()));
            }
            (State::Created, Input::Start) => {
                self.first_load = FirstLoad::Pending {
                    deadline: now.monotonic + self.policy.init_timeout,
                    early: self.policy.early_timeout.map(|timeout| now.monotonic + timeout),
                    last_error: None,
                };
                self.fetch(0, &mut effects);
            }
            (State::Fetching { .. }, Input::Succeeded) => {
                self.answered = true;
                self.failing = false;
                effects.series_ended = true;
                self.wait(Duration::ZERO, now, random);
                self.settle(&mut effects, Ok(()));
            }
            (State::Fetching { retries }, Input::Failed(failure)) => {
                self.failed(retries, failure, now, random, &mut effects);
            }
            (_, Input::Failed(failure)) => self.failed(u32::MAX, failure, now, random, &mut effects),
            (State::Waiting { .. }, Input::Refresh) => self.fetch(0, &mut effects),
            (_, Input::Tick) => self.tick(now, &mut effects),
            _ => {}
        }
        effects
    }

    /// The monotonic time of the next [`Input::Tick`], if one is needed.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        let schedule = match self.state {
            State::BackingOff { until, .. } => Some(until),
            State::Waiting { until } => until.map(|until| until.monotonic),
            State::Created | State::Fetching { .. } | State::Closed => None,
        };
        let first_load = match &self.first_load {
            FirstLoad::Pending { deadline, early, .. } => Some(early.map_or(*deadline, |early| early.min(*deadline))),
            FirstLoad::Settled => None,
        };
        [schedule, first_load].into_iter().flatten().min()
    }

    /// Whether the wall clock may end the wait sooner than [`next_tick`](Self::next_tick) says.
    pub(super) fn watches_wall_clock(&self) -> bool {
        matches!(self.state, State::Waiting { until: Some(_) })
    }

    pub(super) fn connection(&self) -> Connection {
        match self.state {
            State::Closed => Connection::Closed,
            _ if !self.answered => Connection::Connecting,
            _ if self.failing => Connection::Retrying,
            _ if self.policy.update_interval.is_none() => Connection::Idle,
            _ => Connection::Polling,
        }
    }

    fn fetch(&mut self, retries: u32, effects: &mut Effects) {
        self.state = State::Fetching { retries };
        effects.fetch = true;
    }

    fn failed(&mut self, retries: u32, failure: Failure, now: Now, random: f64, effects: &mut Effects) {
        self.failing = true;
        let asked = failure.retry_after.unwrap_or_default();
        let again = failure.error.retryable() && retries < self.policy.retry.max_retries;
        if again {
            let retries = retries + 1;
            let delay = backoff::delay(&self.policy.retry, retries, random).max(asked);
            self.state = State::BackingOff { retries, until: now.monotonic + delay };
        } else {
            effects.series_ended = true;
            self.wait(asked, now, random);
        }
        let gives_up = match &mut self.first_load {
            FirstLoad::Pending { early, last_error, .. } => {
                *last_error = Some(failure.error.clone());
                early.is_some() || !again
            }
            FirstLoad::Settled => false,
        };
        if gives_up {
            self.settle(effects, Err(failure.error));
        }
    }

    fn wait(&mut self, at_least: Duration, now: Now, random: f64) {
        let has_state = self.answered || self.policy.seeded;
        let interval = self.policy.update_interval.or_else(|| (!has_state).then_some(Config::DEFAULT_UPDATE_INTERVAL));
        let until = interval.map(|interval| {
            let wait = backoff::vary(interval, random).max(at_least);
            Now { monotonic: now.monotonic + wait, wall: now.wall + wait }
        });
        self.state = State::Waiting { until };
    }

    fn tick(&mut self, now: Now, effects: &mut Effects) {
        if let FirstLoad::Pending { deadline, early, last_error } = &self.first_load {
            let early = early.is_some_and(|early| now.monotonic >= early);
            if early || now.monotonic >= *deadline {
                let timeout = Error::new(ErrorKind::InitTimeout(self.policy.init_timeout));
                let timeout = match last_error.clone() {
                    Some(error) => timeout.with_source(error),
                    None => timeout,
                };
                self.settle(effects, Err(timeout));
            }
        }
        match self.state {
            State::BackingOff { retries, until } if now.monotonic >= until => self.fetch(retries, effects),
            State::Waiting { until: Some(until) } if now.monotonic >= until.monotonic || now.wall >= until.wall => {
                self.fetch(0, effects);
            }
            _ => {}
        }
    }

    fn settle(&mut self, effects: &mut Effects, result: Result<()>) {
        if matches!(std::mem::replace(&mut self.first_load, FirstLoad::Settled), FirstLoad::Settled) {
            return;
        }
        let forgiven = self.policy.strategy == ErrorStrategy::Fallback && self.state != State::Closed;
        effects.settled = Some(if forgiven { Ok(()) } else { result });
    }
}
