//! When to fetch, stream, wait and answer, as a pure state machine: time and randomness are arguments.
//!
//! Polls, stream, and the settling of the first load run side by side. A *series* is one fetch with its retries.
//!
//! # The polls
//!
//! | state | input | effect | next state |
//! |---|---|---|---|
//! | `Created` | `Start` | fetch | `Fetching` 0 |
//! | `Fetching` n | `Polled(Ok)` | series ends | `Waiting` |
//! | `Fetching` n | `Polled(Ok)`, outdated meanwhile | fetch | `Fetching` n |
//! | `Fetching` n | `Polled(Err)`, may pass, n < retries | | `BackingOff` n + 1 |
//! | `Fetching` n | `Polled(Err)`, otherwise | series ends | `Waiting` |
//! | `Fetching` n, `BackingOff` n | `Refresh` | joins the series | the same |
//! | `BackingOff` n | its time has come, or `Reconnect` | fetch | `Fetching` n |
//! | `Waiting` | its time has come, by either clock; `Refresh`, `Reconnect`, `NewCredential`, `Outdated` | fetch | `Fetching` 0 |
//! | `Created` | `Broke`: the task broke | fetch | `Fetching` 0 |
//! | any other | `Broke` | series ends | `Waiting` |
//! | any | `Offline` | drop, series ends, first load settles | `Created`, offline |
//! | `Created`, offline | `Online` | fetch | `Fetching` 0 |
//! | the same | `Refresh`, `Reconnect`, `Broke` | series ends | the same |
//! | the same | anything else but `Close` | | the same |
//! | any | `Close` | series ends | `Closed` |
//!
//! `Waiting` lasts an interval, varied by a tenth, and at least what a `Retry-After` asked for:
//!
//! | mode | the stream | interval |
//! |---|---|---|
//! | polling | | `updateInterval`; with 0 none, but the default one while there is no flag state at all |
//! | streaming | none yet: the server has not answered; or silent, and to be confirmed | `updateInterval`, 30 s at most |
//! | streaming | healthy, or broken for less than `maxStreamRetries` attempts | `safetyPollIntervalMs` |
//! | streaming | broken for longer: polling has joined in | `updateInterval`, 30 s at most |
//! | streaming | not offered by the server | `updateInterval`, or 30 s |
//!
//! The wall clock ends it too, so that a machine that slept polls when it wakes. All else goes by the monotonic clock.
//!
//! # The stream
//!
//! | state | input | effect | next state |
//! |---|---|---|---|
//! | `Off` | the first successful poll, in streaming mode | open | `Attempting` |
//! | `Attempting` | `Delivered` | | `Streaming` |
//! | `Attempting`, silent for `connectTimeoutMs` + 30 s | tick | a poll, unless one was sent since and succeeded | the same |
//! | the same | a poll that was sent since succeeds | | `Streaming`, failures forgotten |
//! | `Streaming` | `Delivered` | | `Streaming`; failures are forgotten 30 s after the first message |
//! | `Attempting`, `Streaming` | `Ended(Idle)`, or the machine slept | open | `Attempting`, trusted if it was healthy |
//! | `Attempting`, `Streaming` | `Ended(Failed)` | | `BackingOff` |
//! | the same | a 501; or the third foreign 404 running, with polls succeeding | | `Absent` |
//! | `BackingOff` | its time has come | open | `Attempting` |
//! | `Absent` | an hour has passed | open | `Attempting` |
//! | any but `Off` | `Reconnect`, `NewCredential` | open | `Attempting` |
//! | any | `Offline` | drop | `Off` |
//! | any | `Close`, `Broke` | drop | `Closed`, `BackingOff` |
//!
//! A trusted attempt counts as the healthy stream that it takes over from. After `maxStreamRetries` failed attempts
//! without a message, polling joins in with a poll at once; the first message, or the confirmation, retires it.
//!
//! # The first load
//!
//! It settles once, at the first of:
//!
//! | what | with a seed and `fallback` | `fallback` | `fail` |
//! |---|---|---|---|
//! | flag state from the disk, or of `bootstrap` | success, at once | success, at once | success, at once |
//! | `Polled(Ok)` | success | success | success |
//! | `Polled(Err)`, first time | success | | |
//! | `connectTimeoutMs` | success | | |
//! | `Polled(Err)`, series ends | success | success | that error |
//! | `initTimeoutMs` | success | success | `InitTimeout`, caused by the last error |
//! | `Offline` | success | success | success |
//! | `Close` | `Closed` | `Closed` | `Closed` |
//!
//! # Staleness
//!
//! Flag state is stale when the server said nothing for `staleAfterMs` (by default three times the interval in force),
//! when a poll says 404, and when it came from the disk, until the server is heard again: a poll that succeeds, or a
//! message on the stream. It ages only online, from the moment of going there.

mod first_load;
mod freshness;
mod input;
mod offline;
mod policy;
mod poll;
mod report;
mod stream;

use std::time::Duration;

use first_load::FirstLoad;
use freshness::Freshness;
pub(super) use input::{Attempt, Effects, End, Failure, Input, Now};
pub(crate) use policy::Policy;
use poll::{Poll, Series};
pub(super) use stream::Absence;
use stream::Stream;

use super::backoff;
use crate::config::FetchMode;
use crate::error::{Error, ErrorKind};

/// A wall clock that runs ahead of the other one by this much means that the machine slept.
const SLEPT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Machine {
    policy: Policy,
    poll: Poll,
    stream: Stream,
    first_load: FirstLoad,
    freshness: Freshness,
    /// The time of the last input.
    last: Now,
    cached: bool,
    offline: bool,
    closed: bool,
}

impl Machine {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            poll: Poll::new(policy.retry),
            stream: Stream::new(),
            first_load: FirstLoad::Settled,
            freshness: Freshness::new(false, Duration::ZERO),
            policy,
            last: Now::default(),
            cached: false,
            offline: false,
            closed: false,
        }
    }

    pub(super) fn on(&mut self, input: Input, now: Now, random: f64) -> Effects {
        let mut effects = Effects::default();
        if self.closed {
            return effects;
        }
        if self.offline {
            self.on_offline(input, now, &mut effects);
            self.last = now;
            return effects;
        }
        let polling_joined = self.polls_beside();
        match input {
            Input::Start { cached } => self.start(cached, now, &mut effects),
            Input::Tick => self.tick(now, &mut effects),
            Input::Refresh if self.poll.is_waiting() => self.fetch(now, Attempt::Regular, &mut effects),
            Input::Refresh => {}
            Input::Reconnect => {
                self.fetch(now, Attempt::Regular, &mut effects);
                self.reopen(now, &mut effects);
            }
            Input::NewCredential => {
                self.hasten_poll(now, &mut effects);
                self.reopen(now, &mut effects);
            }
            Input::Polled(Ok(())) => self.answered(now, random, &mut effects),
            Input::Polled(Err(failure)) => self.poll_failed(failure, now, random, &mut effects),
            Input::Outdated if self.poll.ask_again() => self.fetch(now, Attempt::Repeated, &mut effects),
            Input::Outdated => {}
            Input::Delivered => {
                self.stream.delivered(now);
                self.freshness.heard(now.monotonic);
            }
            Input::Ended(End::Idle) => self.renew_stream(now, &mut effects),
            Input::Ended(End::Failed(failure)) => self.stream_failed(&failure, now, random, &mut effects),
            Input::Broke(error) => self.broke(error, now, random, &mut effects),
            Input::Offline => self.go_offline(&mut effects),
            Input::Online => {}
            Input::Close => self.close(&mut effects),
        }
        self.last = now;
        if self.offline {
            return effects;
        }
        if polling_joined != self.polls_beside() && self.poll.is_waiting() {
            self.change_pace(now, random, &mut effects);
        }
        self.freshness.tick(self.policy.stale_after(self.interval()), self.has_state(), now.monotonic);
        effects
    }

    /// The monotonic time of the next [`Input::Tick`], if one is needed.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        if self.closed || self.offline {
            return None;
        }
        let confirmation = self.stream.confirms_at(&self.policy);
        let stale = self.freshness.due(self.policy.stale_after(self.interval())).filter(|_| self.has_state());
        [self.poll.due(), self.stream.due(), confirmation, self.first_load.due(), stale].into_iter().flatten().min()
    }

    /// Whether the wall clock may end the wait sooner than [`next_tick`](Self::next_tick) says.
    pub(super) fn watches_wall_clock(&self) -> bool {
        !self.closed && !self.offline && (self.poll.is_waiting() && self.poll.due().is_some() || !self.stream.is_off())
    }

    fn streams(&self) -> bool {
        self.policy.mode == FetchMode::Streaming && !self.stream.is_off()
    }

    /// Whether polls do the work of a stream that is broken or not offered.
    fn polls_beside(&self) -> bool {
        self.streams() && (self.stream.is_absent() || self.stream.is_broken(&self.policy) || self.was_absent())
    }

    /// Whether the hourly question is under way; nothing changes until it is answered.
    fn was_absent(&self) -> bool {
        self.stream.supported == Some(false)
    }

    fn has_state(&self) -> bool {
        self.poll.answered || self.policy.seeded || self.cached
    }

    /// The interval in force.
    fn interval(&self) -> Option<Duration> {
        match self.policy.mode {
            FetchMode::Polling => self.policy.polling_interval(self.has_state()),
            FetchMode::Streaming if self.was_absent() => Some(self.policy.absent_interval()),
            FetchMode::Streaming if self.stream.is_healthy() => Some(self.policy.safety_poll_interval),
            FetchMode::Streaming if self.stream.is_off() || self.stream.is_unconfirmed() || self.polls_beside() => {
                Some(self.policy.beside_interval())
            }
            FetchMode::Streaming => Some(self.policy.safety_poll_interval),
        }
    }

    fn start(&mut self, cached: bool, now: Now, effects: &mut Effects) {
        self.cached = cached;
        self.freshness = Freshness::new(cached, now.monotonic);
        self.first_load = FirstLoad::begin(&self.policy, now.monotonic);
        self.fetch(now, Attempt::Regular, effects);
        if cached || self.policy.bootstrapped {
            effects.settled = self.first_load.settle(Ok(()), &self.policy);
        }
    }

    fn tick(&mut self, now: Now, effects: &mut Effects) {
        effects.settled = self.first_load.tick(&self.policy, now.monotonic);
        if self.slept(now) && !self.stream.is_off() && self.stream.due().is_none() {
            self.renew_stream(now, effects);
            self.hasten_poll(now, effects);
        }
        if self.poll.is_due(now) {
            self.fetch(now, self.poll_attempt(), effects);
        }
        if self.stream.is_due(now) {
            self.stream.attempt(false, now);
            effects.open = Some(Attempt::Repeated);
        }
        if self.stream.confirms_at(&self.policy).is_some_and(|at| now.monotonic >= at) {
            self.stream.ask_confirmation();
            self.confirm(now);
            if !self.stream.is_healthy() {
                self.hasten_poll(now, effects);
            }
        }
    }

    fn slept(&self, now: Now) -> bool {
        let wall = now.wall.saturating_sub(self.last.wall);
        wall > now.monotonic.saturating_sub(self.last.monotonic) + SLEPT
    }

    fn reopen(&mut self, now: Now, effects: &mut Effects) {
        if !self.stream.is_off() {
            self.stream.renew(now);
            self.stream.forgive();
            effects.open = Some(Attempt::Regular);
        }
    }

    fn answered(&mut self, now: Now, random: f64, effects: &mut Effects) {
        let series = self.poll.succeeded();
        self.freshness.heard(now.monotonic);
        effects.settled = self.first_load.settle(Ok(()), &self.policy);
        if self.policy.mode == FetchMode::Streaming && self.stream.is_off() {
            self.stream.attempt(false, now);
            effects.open = Some(Attempt::Regular);
        }
        self.confirm(now);
        if self.stream.is_absent_by(self.poll.succeeded) {
            self.stream.give_up(now);
        }
        match series {
            Series::GoesOn => self.fetch(now, Attempt::Repeated, effects),
            Series::Over => {
                effects.series_ended = true;
                self.wait(now, random);
            }
        }
    }

    /// A silent attempt is healthy when it had its time and a poll says that there is nothing to tell.
    fn confirm(&mut self, now: Now) {
        if self.stream.is_confirmed_by(self.poll.succeeded) {
            self.stream.confirmed(now);
        }
    }

    fn poll_failed(&mut self, failure: Failure, now: Now, random: f64, effects: &mut Effects) {
        let is_over = self.poll.failed(&failure, now, random) == Series::Over;
        if is_over {
            effects.series_ended = true;
            self.wait(now, random);
        }
        if *failure.error.kind() == ErrorKind::Status(404) {
            self.freshness.gone();
        }
        effects.settled = self.first_load.failed(&failure.error, is_over, &self.policy);
    }

    fn stream_failed(&mut self, failure: &Failure, now: Now, random: f64, effects: &mut Effects) {
        self.stream.failed(failure, &self.policy, now, random);
        if self.stream.is_absent_by(self.poll.succeeded) {
            self.stream.give_up(now);
        } else if self.stream.seems_absent() {
            self.hasten_poll(now, effects);
        }
    }

    fn broke(&mut self, error: Error, now: Now, random: f64, effects: &mut Effects) {
        if self.poll.is_created() {
            return self.start(false, now, effects);
        }
        let failure = Failure::new(error, None);
        if !self.stream.is_off() {
            self.stream.failed(&failure, &self.policy, now, random);
        }
        self.poll_failed(failure, now, random, effects);
    }

    fn close(&mut self, effects: &mut Effects) {
        self.closed = true;
        effects.series_ended = true;
        effects.settled = self.first_load.settle(Err(ErrorKind::Closed.into()), &self.policy);
    }

    fn renew_stream(&mut self, now: Now, effects: &mut Effects) {
        self.stream.renew(now);
        effects.open = Some(Attempt::Repeated);
    }

    /// Polls at once, unless a poll is under way or in backoff already, or the server asked to be left alone.
    fn hasten_poll(&mut self, now: Now, effects: &mut Effects) {
        if self.poll.is_waiting() && self.poll.may_hurry(now) {
            self.fetch(now, Attempt::Repeated, effects);
        }
    }

    fn fetch(&mut self, now: Now, attempt: Attempt, effects: &mut Effects) {
        self.poll.fetch(now);
        effects.fetch = Some(attempt);
    }

    fn poll_attempt(&self) -> Attempt {
        if self.poll.is_failing() { Attempt::Repeated } else { Attempt::Regular }
    }

    fn wait(&mut self, now: Now, random: f64) {
        let wait = self.interval().map(|interval| backoff::vary(interval, random));
        self.poll.wait(wait, now);
    }

    /// Polling has joined in, which it does at once, or has retired.
    fn change_pace(&mut self, now: Now, random: f64, effects: &mut Effects) {
        if self.polls_beside() && self.poll.may_hurry(now) {
            self.fetch(now, Attempt::Repeated, effects);
        } else {
            self.wait(now, random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ErrorStrategy, Retry};
    use crate::error::{StreamReason, TransportReason};
    use crate::status::Connection;

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
        Input::Polled(Err(Failure::new(kind.into(), retry_after.map(Duration::from_secs))))
    }

    fn machine(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let config = Config { retry: Retry { jitter: false, ..Retry::default() }, ..Config::default() };
        let mut policy = Policy::new(&config);
        adjust(&mut policy);
        Machine::new(policy)
    }

    fn started(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = machine(adjust);
        assert!(machine.on(Input::Start { cached: false }, at(0.0), EVEN).fetch.is_some());
        machine
    }

    fn loaded(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = started(adjust);
        assert!(matches!(machine.on(Input::Polled(Ok(())), at(0.0), EVEN).settled, Some(Ok(()))));
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
            let effects = machine.on(Input::Polled(Ok(())), at(0.0), random);
            assert!(effects.series_ended);
            assert_eq!(machine.connection(), Connection::Polling);
            assert!((machine.next_tick().unwrap().as_secs_f64() - due).abs() < 1e-6);
            assert!(tick(&mut machine, due - 0.1).fetch.is_none());
            assert!(tick(&mut machine, due + 0.1).fetch.is_some());
            assert!(tick(&mut machine, due + 500.0).fetch.is_none(), "one request in flight");
        }
    }

    #[test]
    fn retries_a_passing_failure_and_then_keeps_the_schedule_for_ever() {
        let mut machine = loaded(|_| {});
        let mut now = 0.0;
        for _series in 0..50 {
            now += 120.0;
            assert!(tick(&mut machine, now).fetch.is_some());
            for wait in [1.0, 2.0, 4.0] {
                let effects = machine.on(passing(), at(now), EVEN);
                assert!(!effects.series_ended && effects.fetch.is_none());
                assert_eq!(machine.connection(), Connection::Reconnecting);
                assert!(tick(&mut machine, now + wait - 0.01).fetch.is_none());
                now += wait;
                assert!(tick(&mut machine, now).fetch.is_some());
            }
            assert!(machine.on(passing(), at(now), EVEN).series_ended);
        }
        assert!(tick(&mut machine, now + 120.0).fetch.is_some());
        machine.on(Input::Polled(Ok(())), at(now + 120.0), EVEN);
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
            assert!(tick(&mut machine, 120.0).fetch.is_some());
            assert!(machine.on(failed(kind, None), at(120.0), EVEN).series_ended);
            assert!(tick(&mut machine, 239.0).fetch.is_none());
            assert!(tick(&mut machine, 240.0).fetch.is_some());
        }
    }

    #[test]
    fn retry_after_lengthens_both_kinds_of_wait() {
        let mut machine = loaded(|policy| policy.update_interval = Some(Duration::from_secs(10)));
        assert!(tick(&mut machine, 10.0).fetch.is_some());
        machine.on(failed(ErrorKind::Status(429), Some(60)), at(10.0), EVEN);
        assert!(tick(&mut machine, 69.9).fetch.is_none());
        assert!(tick(&mut machine, 70.0).fetch.is_some());
        machine.on(failed(ErrorKind::Status(429), Some(0)), at(70.0), EVEN);
        assert!(tick(&mut machine, 71.9).fetch.is_none(), "the backoff is the least wait");
        assert!(tick(&mut machine, 72.0).fetch.is_some());
        assert!(machine.on(failed(ErrorKind::Status(500), Some(40)), at(72.0), EVEN).series_ended);
        assert!(tick(&mut machine, 111.9).fetch.is_none());
        assert!(tick(&mut machine, 112.0).fetch.is_some());
    }

    #[test]
    fn refreshes_share_a_series() {
        let mut machine = loaded(|_| {});
        assert!(machine.on(Input::Refresh, at(1.0), EVEN).fetch.is_some());
        assert!(machine.on(Input::Refresh, at(1.1), EVEN).fetch.is_none());
        machine.on(passing(), at(1.2), EVEN);
        let effects = machine.on(Input::Refresh, at(1.3), EVEN);
        assert!(effects.fetch.is_none() && !effects.series_ended, "a refresh does not cut a backoff short");
        assert!(tick(&mut machine, 2.2).fetch.is_some());
        assert!(machine.on(Input::Polled(Ok(())), at(2.3), EVEN).series_ended);
        assert!(tick(&mut machine, 121.0).fetch.is_none(), "the schedule starts anew");
    }

    #[test]
    fn polling_off_waits_for_refreshes_only() {
        let mut machine = loaded(manual);
        assert_eq!(machine.connection(), Connection::Polling);
        assert_eq!(machine.next_tick(), None);
        assert!(!machine.watches_wall_clock());
        assert!(tick(&mut machine, 1e6).fetch.is_none());
        assert!(machine.on(Input::Refresh, at(1e6), EVEN).fetch.is_some());
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
        assert!(tick(&mut machine, 120.0).fetch.is_some());
        machine.on(Input::Polled(Ok(())), at(120.0), EVEN);
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
        assert!(machine.on(Input::Tick, woken, EVEN).fetch.is_some());
        let mut machine = loaded(|_| {});
        let set_back = Now { monotonic: at(120.0).monotonic, wall: Duration::ZERO };
        assert!(machine.on(Input::Tick, set_back, EVEN).fetch.is_some(), "a clock that was set back delays nothing");
    }

    #[test]
    fn offline_nothing_is_sent_and_nothing_is_due() {
        for adjust in [(|_| {}) as fn(&mut Policy), |policy| policy.mode = FetchMode::Streaming] {
            let mut machine = loaded(adjust);
            machine.on(Input::Delivered, at(1.0), EVEN);
            machine.on(Input::Refresh, at(2.0), EVEN);
            let effects = machine.on(Input::Offline, at(3.0), EVEN);
            assert!(effects.disconnect && effects.series_ended && effects.fetch.is_none() && effects.open.is_none());
            assert!(machine.is_offline());
            assert_eq!((machine.connection(), machine.polling_active()), (Connection::Offline, false));
            assert_eq!((machine.next_tick(), machine.next_attempt()), (None, None));
            assert!(!machine.watches_wall_clock());
            for input in [Input::Refresh, Input::Reconnect, Input::Broke(ErrorKind::Panic.into())] {
                let effects = machine.on(input, at(4.0), EVEN);
                assert!(effects.series_ended && effects.fetch.is_none() && effects.open.is_none());
            }
            for input in [Input::Tick, Input::NewCredential, Input::Offline, Input::Outdated, passing()] {
                let effects = machine.on(input, at(1e6), EVEN);
                assert!(!effects.series_ended && effects.fetch.is_none() && effects.open.is_none());
            }
            assert_eq!((machine.connection(), machine.is_stale()), (Connection::Offline, false));
            assert_eq!(machine.failed_attempts(), 0);
        }
    }

    #[test]
    fn going_online_begins_with_a_clean_slate() {
        let mut machine = loaded(|policy| policy.mode = FetchMode::Streaming);
        for _failure in 0..8 {
            machine.on(Input::Ended(End::Failed(Failure::new(ErrorKind::Status(503).into(), None))), at(1.0), EVEN);
        }
        machine.on(Input::Offline, at(2.0), EVEN);
        let effects = machine.on(Input::Online, at(1e6), EVEN);
        assert_eq!(effects.fetch, Some(Attempt::Regular));
        assert_eq!((machine.connection(), machine.failed_attempts()), (Connection::Connecting, 0));
        assert!(!machine.is_stale(), "the time offline does not count");
        let effects = machine.on(Input::Polled(Ok(())), at(1e6), EVEN);
        assert!(effects.series_ended && effects.open.is_some() && effects.settled.is_none());
        assert!(machine.on(Input::Online, at(1e6), EVEN).fetch.is_none(), "it is online already");
        let mut machine = loaded(|_| {});
        machine.on(Input::Offline, at(2.0), EVEN);
        machine.on(Input::Online, at(1000.0), EVEN);
        machine.on(lasting(), at(1000.0), EVEN);
        tick(&mut machine, 1361.0);
        assert!(machine.is_stale(), "there is flag state, and it ages again");
    }

    #[test]
    fn going_offline_settles_the_first_load_and_closing_ends_it_all() {
        let mut machine = started(|_| {});
        assert_eq!(code(&machine.on(Input::Offline, at(0.1), EVEN)), "ok");
        assert!(machine.on(Input::Close, at(0.2), EVEN).series_ended);
        assert_eq!((machine.connection(), machine.is_offline()), (Connection::Closed, true));
        assert!(machine.on(Input::Online, at(0.3), EVEN).fetch.is_none());
    }

    #[test]
    fn backing_off_goes_by_the_monotonic_clock() {
        let mut machine = started(|_| {});
        machine.on(passing(), at(0.0), EVEN);
        assert!(!machine.watches_wall_clock());
        let jumped = Now { monotonic: at(0.5).monotonic, wall: at(3600.0).wall };
        let effects = machine.on(Input::Tick, jumped, EVEN);
        assert!(effects.fetch.is_none());
        assert_eq!(code(&effects), "pending");
    }

    #[test]
    fn the_first_load_settles_with_the_first_success() {
        let mut machine = started(|_| {});
        assert_eq!(machine.connection(), Connection::Connecting);
        assert_eq!(code(&machine.on(passing(), at(0.1), EVEN)), "pending");
        assert_eq!(machine.connection(), Connection::Connecting);
        assert!(tick(&mut machine, 1.1).fetch.is_some());
        assert_eq!(code(&machine.on(Input::Polled(Ok(())), at(1.2), EVEN)), "ok");
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
                assert!(tick(&mut machine, now).fetch.is_some(), "the retries go on behind");
                assert_eq!(code(&machine.on(passing(), at(now), EVEN)), "pending");
            }
            assert!(tick(&mut machine, 7.0).fetch.is_some());
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
            assert!(effects.fetch.is_none() && !effects.series_ended, "the request goes on");
            assert!(machine.on(Input::Polled(Ok(())), at(due + 1.0), EVEN).series_ended);
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
            assert!(effects.series_ended && effects.fetch.is_none());
            assert_eq!(code(&effects), if pending { "FLIPT_CLIENT_CLOSED" } else { "pending" });
            assert_eq!(machine.connection(), Connection::Closed);
            assert_eq!(machine.next_tick(), None);
            for input in [
                Input::Start { cached: false },
                Input::Tick,
                Input::Refresh,
                Input::Polled(Ok(())),
                lasting(),
                Input::Close,
            ] {
                let effects = machine.on(input, at(1e6), EVEN);
                assert!(effects.fetch.is_none() && !effects.series_ended && effects.settled.is_none());
            }
        }
    }

    #[test]
    fn a_broken_task_settles_what_waits_and_keeps_the_schedule() {
        let mut machine = started(|_| {});
        machine.on(passing(), at(0.0), EVEN);
        let effects = machine.on(Input::Broke(ErrorKind::Panic.into()), at(0.5), EVEN);
        assert!(effects.series_ended && effects.fetch.is_none());
        assert_eq!(code(&effects), "FLIPT_INTERNAL_PANIC");
        assert!(tick(&mut machine, 120.5).fetch.is_some());
    }

    fn streaming(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = started(|policy| {
            policy.mode = FetchMode::Streaming;
            adjust(policy);
        });
        assert_eq!(machine.on(Input::Polled(Ok(())), at(0.0), EVEN).open, Some(Attempt::Regular));
        assert_eq!(machine.connection(), Connection::Connecting);
        machine
    }

    fn delivering(adjust: impl FnOnce(&mut Policy)) -> Machine {
        let mut machine = streaming(adjust);
        machine.on(Input::Delivered, at(0.0), EVEN);
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Streaming, false));
        machine
    }

    fn ended(absence: Absence) -> Input {
        let failure = Failure::new(ErrorKind::Stream(StreamReason::Ended).into(), None);
        Input::Ended(End::Failed(Failure { absence, ..failure }))
    }

    fn poll_succeeds(machine: &mut Machine, seconds: f64) -> Effects {
        machine.on(Input::Polled(Ok(())), at(seconds), EVEN)
    }

    /// The time at which the machine next opens a stream, answering every poll on the way.
    fn next_open(machine: &mut Machine) -> f64 {
        for _ in 0..1000 {
            let due = machine.next_tick().expect("something is planned").as_secs_f64();
            let effects = tick(machine, due);
            if effects.fetch.is_some() {
                poll_succeeds(machine, due);
            }
            if effects.open.is_some() {
                return due;
            }
        }
        panic!("no stream is opened");
    }

    #[test]
    fn a_stream_is_opened_after_the_first_load_only() {
        let mut machine = started(|policy| policy.mode = FetchMode::Streaming);
        assert!(machine.on(lasting(), at(0.0), EVEN).open.is_none());
        assert!(tick(&mut machine, 30.0).fetch.is_some(), "polls go on, at 30 s at most");
        assert_eq!(poll_succeeds(&mut machine, 30.0).open, Some(Attempt::Regular));
    }

    #[test]
    fn a_healthy_stream_has_a_slow_poll_beside_it() {
        let mut machine = delivering(|_| {});
        assert_eq!(machine.stream_supported(), Some(true));
        assert!(tick(&mut machine, 299.0).fetch.is_none());
        assert_eq!(tick(&mut machine, 300.0).fetch, Some(Attempt::Regular));
        poll_succeeds(&mut machine, 300.0);
        assert_eq!(machine.connection(), Connection::Streaming);
    }

    #[test]
    fn every_end_of_a_stream_backs_off() {
        let mut machine = delivering(|_| {});
        let mut now = 0.0;
        for wait in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            machine.on(ended(Absence::Unlikely), at(now), EVEN);
            let opened = next_open(&mut machine);
            assert!((opened - now - wait).abs() < 1e-6, "{wait}");
            now = opened;
        }
    }

    #[test]
    fn polling_joins_in_and_the_first_message_retires_it() {
        let mut machine = streaming(|_| {});
        let mut now = 0.0;
        for failures in 1..=4 {
            assert!(machine.on(ended(Absence::Unlikely), at(now), EVEN).fetch.is_none());
            assert_eq!((machine.connection(), machine.polling_active()), (Connection::Reconnecting, false));
            assert_eq!(machine.failed_attempts(), failures);
            now = next_open(&mut machine);
        }
        assert_eq!(machine.on(ended(Absence::Unlikely), at(now), EVEN).fetch, Some(Attempt::Repeated));
        poll_succeeds(&mut machine, now);
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Polling, true));
        assert_eq!(machine.poll.due(), Some(Duration::from_secs_f64(now + 30.0)));
        machine.on(failed(ErrorKind::Status(500), None), at(now), EVEN);
        assert_eq!(machine.connection(), Connection::Reconnecting);
        machine.on(Input::Polled(Ok(())), at(now), EVEN);
        tick(&mut machine, now + 16.0);
        machine.on(Input::Delivered, at(now + 17.0), EVEN);
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Streaming, false));
        assert_eq!(machine.failed_attempts(), 0);
        assert_eq!(machine.poll.due(), Some(Duration::from_secs_f64(now + 317.0)));
    }

    #[test]
    fn polling_beside_is_never_slower_than_half_a_minute() {
        for (interval, expected) in [(None, 30.0), (Some(120.0), 30.0), (Some(5.0), 5.0)] {
            let mut machine = streaming(|policy| {
                policy.update_interval = interval.map(Duration::from_secs_f64);
                policy.max_stream_retries = 0;
            });
            assert!(machine.on(ended(Absence::Unlikely), at(0.0), EVEN).fetch.is_some());
            poll_succeeds(&mut machine, 0.0);
            assert_eq!(machine.poll.due(), Some(Duration::from_secs_f64(expected)));
        }
    }

    #[test]
    fn the_backoff_starts_anew_after_a_message_and_thirty_healthy_seconds() {
        for (healthy, wait) in [(29.0, 4.0), (30.0, 1.0)] {
            let mut machine = streaming(|_| {});
            machine.on(ended(Absence::Unlikely), at(0.0), EVEN);
            tick(&mut machine, 1.0);
            machine.on(ended(Absence::Unlikely), at(1.0), EVEN);
            tick(&mut machine, 3.0);
            machine.on(Input::Delivered, at(3.0), EVEN);
            machine.on(Input::Delivered, at(20.0), EVEN);
            machine.on(ended(Absence::Unlikely), at(3.0 + healthy), EVEN);
            assert!((next_open(&mut machine) - 3.0 - healthy - wait).abs() < 1e-6, "{healthy}");
        }
    }

    #[test]
    fn a_server_that_delivers_and_ends_is_left_alone_longer_and_longer_without_polling() {
        let mut machine = delivering(|_| {});
        let mut now = 0.0;
        for _ in 0..20 {
            machine.on(ended(Absence::Unlikely), at(now), EVEN);
            assert!(!machine.polling_active());
            now = next_open(&mut machine);
            machine.on(Input::Delivered, at(now), EVEN);
        }
        machine.on(ended(Absence::Unlikely), at(now), EVEN);
        assert!(next_open(&mut machine) - now > 29.0);
    }

    #[test]
    fn a_silent_stream_is_confirmed_by_a_poll() {
        let mut machine = streaming(|_| {});
        assert!(tick(&mut machine, 34.0).fetch.is_none());
        assert_eq!(tick(&mut machine, 35.0).fetch, Some(Attempt::Repeated));
        assert_eq!(machine.connection(), Connection::Connecting);
        poll_succeeds(&mut machine, 35.1);
        assert_eq!((machine.connection(), machine.failed_attempts()), (Connection::Streaming, 0));
        assert_eq!(machine.poll.due(), Some(Duration::from_secs_f64(335.1)));
    }

    #[test]
    fn a_poll_that_a_caller_wanted_meanwhile_confirms_it_as_well() {
        let mut machine = streaming(|_| {});
        assert!(machine.on(Input::Refresh, at(10.0), EVEN).fetch.is_some());
        poll_succeeds(&mut machine, 10.0);
        assert_eq!(machine.connection(), Connection::Connecting);
        assert!(tick(&mut machine, 35.0).fetch.is_none());
        assert_eq!(machine.connection(), Connection::Streaming);
    }

    #[test]
    fn a_silent_stream_whose_confirmation_fails_is_asked_about_at_the_pace_of_polling() {
        let mut machine = streaming(|_| {});
        assert!(tick(&mut machine, 35.0).fetch.is_some());
        machine.on(lasting(), at(35.0), EVEN);
        assert_eq!(machine.connection(), Connection::Connecting);
        assert!(tick(&mut machine, 64.0).fetch.is_none());
        assert!(tick(&mut machine, 65.0).fetch.is_some());
        poll_succeeds(&mut machine, 65.0);
        assert_eq!(machine.connection(), Connection::Streaming);
    }

    #[test]
    fn a_confirmation_resets_the_backoff_and_retires_polling() {
        let mut machine = streaming(|policy| policy.max_stream_retries = 1);
        machine.on(ended(Absence::Unlikely), at(0.0), EVEN);
        poll_succeeds(&mut machine, 0.0);
        assert!(machine.polling_active());
        assert!(tick(&mut machine, 1.0).open.is_some());
        tick(&mut machine, 30.0);
        poll_succeeds(&mut machine, 30.0);
        assert!(tick(&mut machine, 36.0).fetch.is_none(), "a poll was sent since the stream was asked for");
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Streaming, false));
        machine.on(ended(Absence::Unlikely), at(37.0), EVEN);
        assert_eq!(next_open(&mut machine), 38.0);
    }

    #[test]
    fn hours_of_silence_are_neither_failure_nor_polling() {
        let mut machine = delivering(|_| {});
        for number in 1..=100 {
            let now = f64::from(number) * 600.0;
            while machine.next_tick().unwrap() < Duration::from_secs_f64(now) {
                let due = machine.next_tick().unwrap().as_secs_f64();
                assert!(tick(&mut machine, due).fetch.is_some());
                poll_succeeds(&mut machine, due);
            }
            let effects = machine.on(Input::Ended(End::Idle), at(now), EVEN);
            assert_eq!((effects.open, effects.fetch), (Some(Attempt::Repeated), None));
            assert_eq!((machine.connection(), machine.polling_active()), (Connection::Streaming, false));
            assert_eq!(machine.failed_attempts(), 0);
            assert!(!machine.is_stale());
        }
    }

    #[test]
    fn a_501_ends_streaming_for_an_hour() {
        let mut machine = streaming(|_| {});
        assert!(machine.on(ended(Absence::Certain), at(0.0), EVEN).fetch.is_some(), "polling joins in at once");
        poll_succeeds(&mut machine, 0.0);
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Polling, true));
        assert_eq!(machine.stream_supported(), Some(false));
        assert_eq!(machine.poll.due(), Some(Duration::from_secs(120)));
        assert_eq!(next_open(&mut machine), 3600.0);
        assert!(machine.polling_active(), "until the question is answered");
        machine.on(ended(Absence::Possible), at(3600.0), EVEN);
        assert_eq!(next_open(&mut machine), 7200.0);
        machine.on(Input::Delivered, at(7201.0), EVEN);
        assert_eq!((machine.connection(), machine.stream_supported()), (Connection::Streaming, Some(true)));
        assert!(!machine.polling_active());
    }

    #[test]
    fn three_foreign_404s_end_streaming_once_a_poll_has_succeeded_beside_them() {
        let mut machine = streaming(|_| {});
        let mut now = 0.1;
        for _ in 0..2 {
            assert!(machine.on(ended(Absence::Possible), at(now), EVEN).fetch.is_none());
            now = next_open(&mut machine);
        }
        assert!(machine.on(ended(Absence::Possible), at(now), EVEN).fetch.is_some());
        assert_eq!(machine.stream_supported(), None);
        poll_succeeds(&mut machine, now);
        assert_eq!(machine.stream_supported(), Some(false));
        assert_eq!((machine.connection(), machine.polling_active()), (Connection::Polling, true));
    }

    #[test]
    fn other_failures_in_between_and_flipts_own_404_prove_nothing() {
        let mut machine = streaming(|_| {});
        let mut now = 0.1;
        for round in 0..12 {
            let absence = if round % 3 == 2 { Absence::Unlikely } else { Absence::Possible };
            machine.on(ended(absence), at(now), EVEN);
            now = next_open(&mut machine);
            assert_eq!(machine.stream_supported(), None);
        }
    }

    #[test]
    fn a_stream_waits_as_long_as_the_server_asks() {
        let mut machine = streaming(|_| {});
        let failure = Failure::new(ErrorKind::Status(503).into(), Some(Duration::from_secs(50)));
        machine.on(Input::Ended(End::Failed(failure)), at(0.0), EVEN);
        assert_eq!(next_open(&mut machine), 50.0);
    }

    #[test]
    fn a_caller_can_have_everything_anew() {
        let mut machine = streaming(|_| {});
        machine.on(ended(Absence::Unlikely), at(0.0), EVEN);
        let effects = machine.on(Input::Reconnect, at(0.1), EVEN);
        assert_eq!((effects.fetch, effects.open), (Some(Attempt::Regular), Some(Attempt::Regular)));
        let mut machine = loaded(|_| {});
        let effects = machine.on(Input::Reconnect, at(0.1), EVEN);
        assert_eq!((effects.fetch, effects.open), (Some(Attempt::Regular), None));
        let mut machine = started(|_| {});
        machine.on(passing(), at(0.0), EVEN);
        assert!(machine.on(Input::Reconnect, at(0.1), EVEN).fetch.is_some(), "a backoff is not waited for");
    }

    #[test]
    fn a_machine_that_slept_opens_a_new_stream() {
        let mut machine = delivering(|_| {});
        tick(&mut machine, 10.0);
        let woken = Now { monotonic: at(11.0).monotonic, wall: at(100.0).wall };
        let effects = machine.on(Input::Tick, woken, EVEN);
        assert!(effects.open.is_some() && effects.fetch.is_some());
        assert_eq!(machine.connection(), Connection::Streaming);
    }

    #[test]
    fn what_is_known_to_be_outdated_is_asked_for_again_at_once() {
        let mut machine = delivering(|_| {});
        assert_eq!(machine.on(Input::Outdated, at(1.0), EVEN).fetch, Some(Attempt::Repeated));
        machine.on(Input::Outdated, at(1.1), EVEN);
        let effects = poll_succeeds(&mut machine, 1.2);
        assert!(effects.fetch.is_some() && !effects.series_ended);
        assert!(poll_succeeds(&mut machine, 1.3).series_ended);
    }

    #[test]
    fn state_is_stale_after_three_intervals_without_an_answer() {
        for (mut machine, after) in [
            (loaded(|_| {}), Some(360.0)),
            (loaded(|policy| policy.stale_after = Some(Duration::from_secs(7))), Some(7.0)),
            (loaded(manual), None),
            (delivering(|_| {}), Some(900.0)),
        ] {
            let Some(after) = after else {
                assert_eq!(machine.next_tick(), None);
                continue;
            };
            tick(&mut machine, after - 0.1);
            assert!(!machine.is_stale());
            tick(&mut machine, after);
            assert!(machine.is_stale());
            machine.on(Input::Polled(Ok(())), at(after + 1.0), EVEN);
            assert!(!machine.is_stale());
        }
    }

    #[test]
    fn a_namespace_that_is_gone_is_stale_at_once() {
        let mut machine = delivering(|_| {});
        tick(&mut machine, 300.0);
        machine.on(failed(ErrorKind::Status(404), None), at(300.0), EVEN);
        assert!(machine.is_stale());
        assert_eq!(machine.connection(), Connection::Streaming);
        machine.on(Input::Delivered, at(400.0), EVEN);
        assert!(!machine.is_stale());
        let mut machine = started(|_| {});
        machine.on(failed(ErrorKind::Status(404), None), at(0.0), EVEN);
        assert!(!machine.is_stale(), "there is no state");
    }

    #[test]
    fn state_from_the_disk_is_ready_at_once_and_stale_until_the_server_speaks() {
        let mut machine = machine(|_| {});
        let effects = machine.on(Input::Start { cached: true }, at(0.0), EVEN);
        assert!(effects.fetch.is_some());
        assert_eq!(code(&effects), "ok");
        assert!(machine.is_stale());
        machine.on(passing(), at(0.1), EVEN);
        assert!(machine.is_stale());
        machine.on(Input::Polled(Ok(())), at(1.0), EVEN);
        assert!(!machine.is_stale());
    }

    #[test]
    fn a_bootstrap_is_ready_at_once_whatever_the_server_does() {
        let mut machine = machine(|policy| (policy.seeded, policy.bootstrapped) = (true, true));
        let effects = machine.on(Input::Start { cached: false }, at(0.0), EVEN);
        assert!(effects.fetch.is_some());
        assert_eq!(code(&effects), "ok");
        assert!(!machine.is_stale());
        let effects = machine.on(failed(ErrorKind::Status(401), None), at(1.0), EVEN);
        assert!(effects.settled.is_none(), "it settles once");
    }

    #[test]
    fn a_task_that_breaks_before_its_start_starts() {
        let mut machine = machine(|_| {});
        assert!(machine.on(Input::Broke(ErrorKind::Panic.into()), at(0.0), EVEN).fetch.is_some());
        assert_eq!(code(&tick(&mut machine, 10.0)), "FLIPT_INIT_TIMEOUT");
    }

    #[test]
    fn a_broken_task_opens_its_stream_again() {
        let mut machine = delivering(|_| {});
        machine.on(Input::Broke(ErrorKind::Panic.into()), at(5.0), EVEN);
        assert_eq!(machine.connection(), Connection::Reconnecting);
        assert_eq!(next_open(&mut machine), 6.0);
    }
}
