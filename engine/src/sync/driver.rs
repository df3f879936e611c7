//! The task behind a client: the only one, with the only `select!`.

mod command;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(crate) use command::{Command, Reply};

use super::backoff;
use super::clock::{self, Clock};
use super::faults::Faults;
use super::flight::{Polling, landing, next_news};
use super::journal::Journal;
use super::links::{Links, Sources};
use super::load::Loaded;
use super::machine::{Attempt, Effects, End, Failure, Input, Machine, Now, Policy};
use super::order::Order;
use super::panic::contain_async;
use super::poll::Outcome;
use super::stream::{Message, News, NextNews, Reading};
use crate::cache::Restored;
use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::{Change, Snapshot};
use crate::status::{Changed, Connection, Event, Source};
use crate::store::{Installed, StoreWriter};

/// How often a long wait looks at the wall clock, to notice that the machine slept.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The way that flag state comes.
enum Channel {
    Poll,
    Stream,
}

/// Owns everything that changes: the state machine, what is under way, the right to install.
pub(crate) struct Driver {
    links: Links,
    writer: StoreWriter,
    sources: Sources,
    journal: Journal,
    machine: Machine,
    poll: Option<Polling>,
    stream: Option<NextNews>,
    order: Order,
    waiting: Vec<Reply>,
    faults: Faults,
    /// What was put in force and is told once the status says so, too.
    untold: Option<Event>,
    /// What went wrong and is told once the status says so, too.
    untold_failure: Option<(Channel, Error)>,
    /// What was in force before, until the news is told: taking it apart takes a while.
    replaced: Option<Arc<Installed>>,
    clock: Clock,
}

impl Driver {
    pub(crate) fn new(links: Links, writer: StoreWriter, sources: Sources, journal: Journal, policy: Policy) -> Self {
        Self {
            links,
            writer,
            sources,
            journal,
            machine: Machine::new(policy),
            poll: None,
            stream: None,
            order: Order::default(),
            waiting: Vec::new(),
            faults: Faults::default(),
            untold: None,
            untold_failure: None,
            replaced: None,
            clock: Clock::start(),
        }
    }

    /// Runs until the client is closed; a panic on the way is told and survived.
    pub(crate) async fn run(mut self) {
        let mut broken = None;
        while let Err(error) = contain_async(self.serve(broken.take())).await {
            self.poll = None;
            self.stream = None;
            self.journal.broke(&error);
            broken = Some(error);
        }
        self.poll = None;
        self.stream = None;
        self.take_in_the_last();
        self.step(Input::Close, Err(ErrorKind::Closed.into()));
        self.journal.event(Event::Closed);
        if let Some(cache) = &self.links.cache {
            cache.flush().await;
        }
    }

    /// Puts the flag state in force that an earlier client left on disk; `false` when there is none.
    async fn restore(&mut self) -> bool {
        let Some(cache) = &self.links.cache else { return false };
        let loading = cache.load(SystemTime::UNIX_EPOCH + self.clock.now().wall);
        let loading = self.links.stop.run_until_cancelled(loading);
        let Some(Some(Restored { snapshot, etag, .. })) = loading.await else { return false };
        let snapshot = snapshot.forced_by(self.links.forced.as_deref());
        self.put_in_force(snapshot, etag, None, Source::Cache);
        true
    }

    async fn serve(&mut self, broken: Option<Error>) {
        match broken {
            None => {
                let cached = match self.links.resumed {
                    Some(cached) => cached,
                    None => self.restore().await,
                };
                self.step(Input::Start { cached }, Ok(false));
            }
            Some(error) => {
                let outcome = self.failed(&error);
                self.step(Input::Broke(error), outcome);
            }
        }
        loop {
            let wake = self.wake();
            tokio::select! {
                biased;
                () = self.links.stop.cancelled() => return,
                // Before the answer, so that everyone who asked while the request was in flight shares it.
                command = self.links.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                // Before the poll, so that what arrived first is installed first.
                (news, reading) = next_news(&mut self.stream) => self.heard(news, reading),
                outcome = landing(&mut self.poll) => self.landed(outcome),
                () = tokio::time::sleep(wake) => self.step(Input::Tick, Ok(false)),
            }
        }
    }

    /// The poll in flight has come to its end.
    fn landed(&mut self, outcome: Outcome) {
        let generation = self.poll.take().and_then(|poll| poll.generation);
        match outcome {
            Outcome::NotModified => {
                self.confirm();
                self.polled(false);
            }
            Outcome::Loaded(loaded) if generation == self.generation() => {
                let changes = loaded.changes();
                self.order.polled(loaded.etag.as_deref());
                self.install(loaded);
                self.polled(changes);
            }
            // Something was installed since the request was sent; only a new answer can tell which of the two is newer.
            Outcome::Loaded(loaded) => {
                if loaded.etag.is_none() || loaded.etag != self.etag() {
                    self.step(Input::Outdated, Ok(false));
                }
                self.polled(false);
            }
            Outcome::Failed { error, retry_after } => {
                let failure = self.failure(error, retry_after);
                self.untold_failure = Some((Channel::Poll, failure.error.clone()));
                let result = self.failed(&failure.error);
                self.step(Input::Polled(Err(failure)), result);
            }
        }
    }

    /// The stream has brought something, or has ended.
    fn heard(&mut self, news: News, reading: Option<Reading>) {
        self.stream = reading.map(|reading| -> NextNews { Box::pin(reading.next()) });
        match news {
            News::Message(message) => {
                let mut outdated = false;
                match message {
                    Message::Current => self.order.caught_up(),
                    Message::Loaded(loaded) if self.order.is_newer(loaded.etag.as_deref()) => self.install(*loaded),
                    // Only a poll can tell.
                    Message::Loaded(_) => outdated = true,
                }
                self.journal.streamed();
                self.faults.stream_mended();
                self.succeeded();
                self.step(Input::Delivered, Ok(false));
                if outdated {
                    self.step(Input::Outdated, Ok(false));
                }
            }
            News::Idle => self.step(Input::Ended(End::Idle), Ok(false)),
            News::Failed { error, retry_after, absence } => {
                let failure = Failure { absence, ..self.failure(error, retry_after) };
                self.untold_failure = Some((Channel::Stream, failure.error.clone()));
                self.faults.stream_failed(&failure.error);
                self.step(Input::Ended(End::Failed(failure)), Ok(false));
            }
        }
    }

    fn failure(&self, error: Error, retry_after: Option<String>) -> Failure {
        let wall = self.clock.now().wall;
        Failure::new(error, retry_after.and_then(|header| backoff::retry_after(&header, wall)))
    }

    fn polled(&mut self, changed: bool) {
        self.journal.succeeded();
        self.faults.poll_mended();
        self.succeeded();
        self.links.status.send_if_modified(|status| {
            status.requests += 1;
            status.failures = 0;
            false
        });
        self.step(Input::Polled(Ok(())), Ok(changed));
    }

    fn succeeded(&mut self) {
        let wall = self.clock.now().wall;
        self.links.status.send_if_modified(|status| {
            status.last_success_at = SystemTime::UNIX_EPOCH.checked_add(wall);
            false
        });
    }

    fn failed(&mut self, error: &Error) -> Result<bool> {
        self.faults.poll_failed(error);
        self.links.status.send_if_modified(|status| {
            status.requests += 1;
            status.failures = status.failures.saturating_add(1);
            false
        });
        Err(error.clone())
    }

    /// Installs what the server sent, and keeps it on disk.
    fn install(&mut self, loaded: Loaded) {
        let Loaded { snapshot, etag, change } = loaded;
        self.put_in_force(snapshot, etag, change, self.sources.origin);
        if let (Some(cache), Ok(installed)) = (&self.links.cache, self.links.store.installed()) {
            cache.save(installed, SystemTime::UNIX_EPOCH + self.clock.now().wall);
        }
    }

    /// Puts flag state in force, and tells of it.
    fn put_in_force(&mut self, snapshot: Snapshot, etag: Option<String>, change: Option<Change>, source: Source) {
        let flags = snapshot.flags().len();
        let digest = snapshot.digest().map(str::to_owned);
        let bytes = snapshot.text().len();
        let warnings = snapshot.warnings().to_vec();
        self.replaced = self.writer.install(snapshot, etag);
        let mut first = false;
        self.links.status.send_if_modified(|status| {
            first = status.source == Source::None;
            status.source = source;
            status.flag_count = flags;
            status.digest.clone_from(&digest);
            status.snapshot_bytes = bytes;
            false
        });
        self.journal.installed(flags, &warnings);
        let at = SystemTime::UNIX_EPOCH + self.clock.now().wall;
        let change = change.filter(|change| !change.is_empty()).map(Arc::new);
        self.untold = match change {
            _ if first => Some(Event::Ready),
            Some(change) => Some(Event::Changed(Changed { change, digest, source, at })),
            None => None,
        };
    }

    /// The server has nothing newer than what is in force.
    fn confirm(&self) {
        if let (Some(cache), Some(installed)) = (&self.links.cache, &*self.links.store.load()) {
            cache.confirmed(installed, SystemTime::UNIX_EPOCH + self.clock.now().wall);
        }
    }

    fn generation(&self) -> Option<u64> {
        self.links.store.load().as_ref().map(|installed| installed.generation)
    }

    fn etag(&self) -> Option<String> {
        self.links.store.load().as_ref().and_then(|installed| installed.etag.clone())
    }

    /// Lets the machine decide, publishes the status, then answers those who wait for what just happened.
    fn step(&mut self, input: Input, outcome: Result<bool>) {
        let now = self.clock.now();
        let effects = self.machine.on(input, now, clock::random());
        if effects.disconnect {
            self.disconnect();
        }
        self.publish(now);
        if let Some(event) = self.untold.take() {
            self.journal.event(event);
        }
        self.replaced = None;
        self.apply(effects, outcome);
    }

    /// Nothing is under way any more, and nothing counts as an error.
    fn disconnect(&mut self) {
        self.poll = None;
        self.stream = None;
        self.sources.disconnect();
        self.faults = Faults::default();
        self.links.status.send_if_modified(|status| {
            status.failures = 0;
            false
        });
    }

    /// Writes the status, and then tells of it: whoever hears of something finds it there.
    fn publish(&mut self, now: Now) {
        let machine = &self.machine;
        if machine.connection() == Connection::Streaming || machine.stream_supported() == Some(false) {
            self.faults.stream_mended();
        }
        let last_error = self.faults.last();
        let previous = self.journal.told_status();
        let wall = |at: Duration| now.wall.checked_add(at.saturating_sub(now.monotonic));
        let mut current = None;
        self.links.status.send_if_modified(|status| {
            if self.links.store.is_closed() {
                *status = std::mem::take(status).closed();
            } else {
                status.connection = machine.connection();
                status.polling_active = machine.polling_active();
                status.stream_supported = machine.stream_supported();
                status.attempt = machine.failed_attempts();
                let next = machine.next_attempt().and_then(wall);
                status.next_attempt_at = next.and_then(|next| SystemTime::UNIX_EPOCH.checked_add(next));
                status.stale = machine.is_stale();
                self.links.store.set_stale(status.stale);
                status.last_error = last_error;
            }
            current = status.differs(&previous).then(|| status.clone());
            true
        });
        match self.untold_failure.take() {
            Some((Channel::Poll, error)) => self.journal.failed(&error),
            Some((Channel::Stream, error)) => self.journal.stream_failed(&error),
            None => {}
        }
        if let Some(current) = current {
            self.journal.status(Arc::new(current));
        }
    }

    fn apply(&mut self, effects: Effects, outcome: Result<bool>) {
        if let Some(result) = effects.settled {
            self.links.settled.send_replace(Some(result));
        }
        if effects.series_ended {
            self.sources.limiter.restore();
            for reply in self.waiting.drain(..) {
                // Whoever stopped waiting needs no answer.
                let _ = reply.send(outcome.clone());
            }
        }
        if let Some(attempt) = effects.fetch {
            self.fetch(attempt);
        }
        if let (Some(attempt), Some(streamer)) = (effects.open, &self.sources.streamer) {
            self.order.opened();
            self.stream = Some(Arc::clone(streamer).open(attempt, self.links.store.clone()));
        }
    }

    fn fetch(&mut self, attempt: Attempt) {
        let installed = self.links.store.load().clone();
        let generation = installed.as_ref().map(|installed| installed.generation);
        let (poller, limiter) = (Arc::clone(&self.sources.poller), Arc::clone(&self.sources.limiter));
        let outcome = Box::pin(async move {
            limiter.attempt(attempt == Attempt::Repeated, true, async { poller.poll(installed).await }).await
        });
        self.poll = Some(Polling { outcome, generation });
    }

    fn wake(&self) -> Duration {
        let tick = self.machine.next_tick().map(|at| at.saturating_sub(self.clock.now().monotonic));
        let heartbeat = self.machine.watches_wall_clock().then_some(HEARTBEAT);
        [tick, heartbeat].into_iter().flatten().min().unwrap_or(Duration::MAX)
    }
}
