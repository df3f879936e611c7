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
            _ if self.failing => Connection::Reconnecting,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TransportReason;

    const EVEN: f64 = 0.5;

    fn at(seconds: f64) -> Now {
        let now = Duration::from_secs_f64(seconds);
        Now { monotonic: now, wall: Duration::from_secs(1_700_000_000) + now }
    }

    fn passing() -> Input {
        failed(ErrorKind::Status(503), None)
    }

    fn lasting() -> Input {
        failed(ErrorKind::Status(401), None)
    }

    fn failed(kind: ErrorKind, retry_after: Option<u64>) -> Input {
        Input::Failed(Failure { error: kind.into(), retry_after: retry_after.map(Duration::from_secs) })
    }

    fn machine(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let config = Config { retry: Retry { jitter: false, ..Retry::default() }, ..Config::default() };
        let mut policy = Policy::new(&config);
        adjust(&mut policy);
        Machine::new(policy)
    }

    fn started(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = machine(adjust);
        assert!(machine.on(Input::Start, at(0.0), EVEN).fetch);
        machine
    }

    fn loaded(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = started(adjust);
        assert!(matches!(machine.on(Input::Succeeded, at(0.0), EVEN).settled, Some(Ok(()))));
        machine
    }

    fn tick(machine: &mut Machine, seconds: f64) -> Effects {
        machine.on(Input::Tick, at(seconds), EVEN)
    }

    fn code(effects: &Effects) -> &'static str {
        match &effects.settled {
            None => "pending",
            Some(Ok(())) => "ok",
            Some(Err(error)) => error.code(),
        }
    }

    /// Without polling there is no wait that ends by itself.
    fn manual(policy: &mut Policy) {
        policy.update_interval = None;
    }

    fn fallback(policy: &mut Policy) {
        policy.strategy = ErrorStrategy::Fallback;
    }

    fn seeded_fallback(policy: &mut Policy) {
        fallback(policy);
        policy.seeded = true;
        policy.early_timeout = Some(Duration::from_secs(5));
    }

    #[test]
    fn polls_at_the_interval_varied_by_a_tenth() {
        for (random, due) in [(0.0, 108.0), (0.5, 120.0), (1.0, 132.0)] {
            let mut machine = started(|_| {});
            let effects = machine.on(Input::Succeeded, at(0.0), random);
            assert!(effects.series_ended);
            assert_eq!(machine.connection(), Connection::Polling);
            assert!((machine.next_tick().unwrap().as_secs_f64() - due).abs() < 1e-6);
            assert!(!tick(&mut machine, due - 0.1).fetch);
            assert!(tick(&mut machine, due + 0.1).fetch);
            assert!(!tick(&mut machine, due + 500.0).fetch, "one request in flight");
        }
    }

    #[test]
    fn retries_a_passing_failure_and_then_keeps_the_schedule_for_ever() {
        let mut machine = loaded(|_| {});
        let mut now = 0.0;
        for _series in 0..50 {
            now += 120.0;
            assert!(tick(&mut machine, now).fetch);
            for wait in [1.0, 2.0, 4.0] {
                let effects = machine.on(passing(), at(now), EVEN);
                assert!(!effects.series_ended && !effects.fetch);
                assert_eq!(machine.connection(), Connection::Reconnecting);
                assert!(!tick(&mut machine, now + wait - 0.01).fetch);
                now += wait;
                assert!(tick(&mut machine, now).fetch);
            }
            assert!(machine.on(passing(), at(now), EVEN).series_ended);
        }
        assert!(tick(&mut machine, now + 120.0).fetch);
        machine.on(Input::Succeeded, at(now + 120.0), EVEN);
        assert_eq!(machine.connection(), Connection::Polling);
    }

    #[test]
    fn a_lasting_failure_waits_for_the_regular_schedule() {
        for kind in [
            ErrorKind::Status(401),
            ErrorKind::Status(403),
            ErrorKind::Status(404),
            ErrorKind::Status(500),
            ErrorKind::Transport(TransportReason::Tls),
        ] {
            let mut machine = loaded(|_| {});
            assert!(tick(&mut machine, 120.0).fetch);
            assert!(machine.on(failed(kind, None), at(120.0), EVEN).series_ended);
            assert!(!tick(&mut machine, 239.0).fetch);
            assert!(tick(&mut machine, 240.0).fetch);
        }
    }

    #[test]
    fn retry_after_lengthens_both_kinds_of_wait() {
        let mut machine = loaded(|policy| policy.update_interval = Some(Duration::from_secs(10)));
        assert!(tick(&mut machine, 10.0).fetch);
        machine.on(failed(ErrorKind::Status(429), Some(60)), at(10.0), EVEN);
        assert!(!tick(&mut machine, 69.9).fetch);
        assert!(tick(&mut machine, 70.0).fetch);
        machine.on(failed(ErrorKind::Status(429), Some(0)), at(70.0), EVEN);
        assert!(!tick(&mut machine, 71.9).fetch, "the backoff is the least wait");
        assert!(tick(&mut machine, 72.0).fetch);
        assert!(machine.on(failed(ErrorKind::Status(500), Some(40)), at(72.0), EVEN).series_ended);
        assert!(!tick(&mut machine, 111.9).fetch);
        assert!(tick(&mut machine, 112.0).fetch);
    }

    #[test]
    fn refreshes_share_a_series() {
        let mut machine = loaded(|_| {});
        assert!(machine.on(Input::Refresh, at(1.0), EVEN).fetch);
        assert!(!machine.on(Input::Refresh, at(1.1), EVEN).fetch);
        machine.on(passing(), at(1.2), EVEN);
        let effects = machine.on(Input::Refresh, at(1.3), EVEN);
        assert!(!effects.fetch && !effects.series_ended, "a refresh does not cut a backoff short");
        assert!(tick(&mut machine, 2.2).fetch);
        assert!(machine.on(Input::Succeeded, at(2.3), EVEN).series_ended);
        assert!(!tick(&mut machine, 121.0).fetch, "the schedule starts anew");
    }

    #[test]
    fn polling_off_waits_for_refreshes_only() {
        let mut machine = loaded(manual);
        assert_eq!(machine.connection(), Connection::Polling);
        assert_eq!(machine.next_tick(), None);
        assert!(!machine.watches_wall_clock());
        assert!(!tick(&mut machine, 1e6).fetch);
        assert!(machine.on(Input::Refresh, at(1e6), EVEN).fetch);
        assert!(machine.on(lasting(), at(1e6), EVEN).series_ended);
        assert_eq!(machine.next_tick(), None);
    }

    #[test]
    fn polling_off_still_tries_until_there_is_flag_state() {
        let mut machine = started(|policy| {
            manual(policy);
            fallback(policy);
        });
        assert_eq!(code(&machine.on(lasting(), at(0.0), EVEN)), "ok");
        assert!(tick(&mut machine, 120.0).fetch);
        machine.on(Input::Succeeded, at(120.0), EVEN);
        assert_eq!(machine.next_tick(), None);
        let mut machine = started(|policy| {
            manual(policy);
            seeded_fallback(policy);
        });
        machine.on(lasting(), at(0.0), EVEN);
        assert_eq!(machine.next_tick(), None, "a seed is flag state");
    }

    #[test]
    fn a_machine_that_slept_polls_when_it_wakes() {
        let mut machine = loaded(|_| {});
        assert!(machine.watches_wall_clock());
        let woken = Now { monotonic: at(3.0).monotonic, wall: at(3600.0).wall };
        assert!(machine.on(Input::Tick, woken, EVEN).fetch);
        let mut machine = loaded(|_| {});
        let set_back = Now { monotonic: at(120.0).monotonic, wall: Duration::ZERO };
        assert!(machine.on(Input::Tick, set_back, EVEN).fetch, "a clock that was set back delays nothing");
    }

    #[test]
    fn backing_off_goes_by_the_monotonic_clock() {
        let mut machine = started(|_| {});
        machine.on(passing(), at(0.0), EVEN);
        assert!(!machine.watches_wall_clock());
        let jumped = Now { monotonic: at(0.5).monotonic, wall: at(3600.0).wall };
        let effects = machine.on(Input::Tick, jumped, EVEN);
        assert!(!effects.fetch);
        assert_eq!(code(&effects), "pending");
    }

    #[test]
    fn the_first_load_settles_with_the_first_success() {
        let mut machine = started(|_| {});
        assert_eq!(machine.connection(), Connection::Connecting);
        assert_eq!(code(&machine.on(passing(), at(0.1), EVEN)), "pending");
        assert_eq!(machine.connection(), Connection::Connecting);
        assert!(tick(&mut machine, 1.1).fetch);
        assert_eq!(code(&machine.on(Input::Succeeded, at(1.2), EVEN)), "ok");
        assert_eq!(code(&tick(&mut machine, 10.0)), "pending", "once");
    }

    #[test]
    fn the_first_load_settles_when_nothing_can_mend_it() {
        for (adjust, expected) in [
            ((|_| {}) as fn(&mut Policy), "FLIPT_SERVER_UNAUTHENTICATED"),
            (|policy| policy.seeded = true, "FLIPT_SERVER_UNAUTHENTICATED"),
            (fallback, "ok"),
            (seeded_fallback, "ok"),
        ] {
            assert_eq!(code(&started(adjust).on(lasting(), at(0.1), EVEN)), expected);
        }
    }

    #[test]
    fn the_first_load_settles_when_the_retries_are_used_up() {
        for (adjust, first, last) in [
            ((|_| {}) as fn(&mut Policy), "pending", "FLIPT_SERVER_FAILED"),
            (fallback, "pending", "ok"),
            (seeded_fallback, "ok", "pending"),
        ] {
            let mut machine = started(adjust);
            assert_eq!(code(&machine.on(passing(), at(0.0), EVEN)), first);
            for now in [1.0, 3.0] {
                assert!(tick(&mut machine, now).fetch, "the retries go on behind");
                assert_eq!(code(&machine.on(passing(), at(now), EVEN)), "pending");
            }
            assert!(tick(&mut machine, 7.0).fetch);
            let effects = machine.on(passing(), at(7.0), EVEN);
            assert!(effects.series_ended);
            assert_eq!(code(&effects), last);
        }
    }

    #[test]
    fn the_first_load_settles_when_its_time_is_up() {
        for (adjust, due, expected) in [
            ((|_| {}) as fn(&mut Policy), 10.0, "FLIPT_INIT_TIMEOUT"),
            (fallback, 10.0, "ok"),
            (seeded_fallback, 5.0, "ok"),
        ] {
            let mut machine = started(adjust);
            assert_eq!(machine.next_tick(), Some(Duration::from_secs_f64(due)));
            assert_eq!(code(&tick(&mut machine, due - 0.01)), "pending");
            let effects = tick(&mut machine, due);
            assert_eq!(code(&effects), expected);
            assert!(!effects.fetch && !effects.series_ended, "the request goes on");
            assert!(machine.on(Input::Succeeded, at(due + 1.0), EVEN).series_ended);
            assert_eq!(machine.connection(), Connection::Polling);
        }
    }

    #[test]
    fn running_out_of_time_is_caused_by_the_last_error() {
        let mut machine = started(|policy| policy.init_timeout = Duration::from_millis(500));
        machine.on(passing(), at(0.1), EVEN);
        let error = tick(&mut machine, 0.5).settled.unwrap().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InitTimeout(Duration::from_millis(500)));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.downcast_ref::<Error>().unwrap().code(), "FLIPT_SERVER_FAILED");
    }

    #[test]
    fn closing_ends_everything_in_every_state() {
        let backing_off = || {
            let mut machine = started(fallback);
            machine.on(passing(), at(0.0), EVEN);
            machine
        };
        for mut machine in [machine(|_| {}), started(|_| {}), backing_off(), loaded(|_| {})] {
            let pending = matches!(machine.first_load, FirstLoad::Pending { .. });
            let effects = machine.on(Input::Close, at(1.0), EVEN);
            assert!(effects.series_ended && !effects.fetch);
            assert_eq!(code(&effects), if pending { "FLIPT_CLIENT_CLOSED" } else { "pending" });
            assert_eq!(machine.connection(), Connection::Closed);
            assert_eq!(machine.next_tick(), None);
            for input in [Input::Start, Input::Tick, Input::Refresh, Input::Succeeded, lasting(), Input::Close] {
                let effects = machine.on(input, at(1e6), EVEN);
                assert!(!effects.fetch && !effects.series_ended && effects.settled.is_none());
            }
        }
    }

    #[test]
    fn a_broken_task_settles_what_waits_and_keeps_the_schedule() {
        let mut machine = started(|_| {});
        machine.on(passing(), at(0.0), EVEN);
        let effects = machine.on(failed(ErrorKind::Panic, None), at(0.5), EVEN);
        assert!(effects.series_ended && !effects.fetch);
        assert_eq!(code(&effects), "FLIPT_INTERNAL_PANIC");
        assert!(tick(&mut machine, 120.5).fetch);
    }
}
