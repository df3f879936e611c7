//! The task behind a client: the only one, with the only `select!`.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::backoff;
use super::journal::Journal;
use super::machine::{Effects, Failure, Input, Machine, Now, Policy};
use super::panic::contain_async;
use super::poll::{Loaded, Outcome, Poller};
use crate::cache::{Cache, Restored};
use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::Snapshot;
use crate::status::{Connection, Source, Status};
use crate::store::{Store, StoreWriter};

/// How often a long wait looks at the wall clock, to notice that the machine slept.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Someone who waits for a refresh; `true` when it changed the flags.
pub(crate) type Refresh = oneshot::Sender<Result<bool>>;

/// What a driver shares with the handles of its client.
pub(crate) struct Links {
    pub(crate) store: Store,
    pub(crate) refreshes: mpsc::UnboundedReceiver<Refresh>,
    pub(crate) stop: CancellationToken,
    pub(crate) settled: watch::Sender<Option<Result<()>>>,
    pub(crate) status: Arc<watch::Sender<Status>>,
    pub(crate) cache: Option<Cache>,
}

/// Owns everything that changes: the state machine, the request in flight, the right to install.
pub(crate) struct Driver {
    links: Links,
    writer: StoreWriter,
    poller: Arc<Poller>,
    journal: Journal,
    machine: Machine,
    in_flight: Option<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
    waiting: Vec<Refresh>,
    started: Instant,
}

impl Driver {
    #[expect(clippy::disallowed_methods, reason = "the driver is the clock of the state machine")]
    pub(crate) fn new(links: Links, writer: StoreWriter, poller: Poller, journal: Journal, policy: Policy) -> Self {
        Self {
            links,
            writer,
            poller: Arc::new(poller),
            journal,
            machine: Machine::new(policy),
            in_flight: None,
            waiting: Vec::new(),
            started: Instant::now(),
        }
    }

    /// Runs until the client is closed; a panic on the way is told and survived.
    pub(crate) async fn run(mut self) {
        self.restore().await;
        let mut input = Some(Input::Start);
        while let Err(error) = contain_async(self.serve(input.take())).await {
            self.in_flight = None;
            self.journal.broke(&error);
            input = Some(Input::Failed(Failure { error, retry_after: None }));
        }
        self.step(Input::Close, Err(ErrorKind::Closed.into()));
        if let Some(cache) = &self.links.cache {
            cache.flush().await;
        }
    }

    /// Puts the flag state in force that an earlier client left on disk. It counts as the first load.
    async fn restore(&mut self) {
        let Some(cache) = &self.links.cache else { return };
        let loading = cache.load(SystemTime::UNIX_EPOCH + self.now().wall);
        let Some(Some(restored)) = self.links.stop.run_until_cancelled(loading).await else { return };
        let Restored { snapshot, etag, .. } = restored;
        self.put_in_force(snapshot, etag, Source::Cache);
        self.links.status.send_modify(|status| status.stale = true);
        self.links.settled.send_replace(Some(Ok(())));
    }

    async fn serve(&mut self, first: Option<Input>) {
        if let Some(input) = first {
            let outcome = match &input {
                Input::Failed(failure) => self.note_failure(&failure.error),
                _ => Ok(false),
            };
            self.step(input, outcome);
        }
        loop {
            let wake = self.wake();
            tokio::select! {
                biased;
                () = self.links.stop.cancelled() => return,
                // Before the answer, so that everyone who asked while the request was in flight shares it.
                refresh = self.links.refreshes.recv() => match refresh {
                    Some(refresh) => {
                        self.waiting.push(refresh);
                        self.step(Input::Refresh, Ok(false));
                    }
                    None => return,
                },
                outcome = landing(&mut self.in_flight) => self.landed(outcome),
                () = tokio::time::sleep(wake) => self.step(Input::Tick, Ok(false)),
            }
        }
    }

    /// The request in flight has come to its end.
    fn landed(&mut self, outcome: Outcome) {
        self.in_flight = None;
        match outcome {
            Outcome::NotModified => {
                self.confirm();
                self.note_success();
                self.step(Input::Succeeded, Ok(false));
            }
            Outcome::Loaded(loaded) => {
                let changed = loaded.changed;
                self.install(loaded);
                self.note_success();
                self.step(Input::Succeeded, Ok(changed));
            }
            Outcome::Failed { error, retry_after } => {
                let wall = self.now().wall;
                let retry_after = retry_after.and_then(|header| backoff::retry_after(&header, wall));
                self.journal.failed(&error);
                let result = self.note_failure(&error);
                self.step(Input::Failed(Failure { error, retry_after }), result);
            }
        }
    }

    fn install(&mut self, loaded: Loaded) {
        self.put_in_force(loaded.snapshot, loaded.etag, Source::Server);
        if let (Some(cache), Ok(installed)) = (&self.links.cache, self.links.store.installed()) {
            cache.save(installed, SystemTime::UNIX_EPOCH + self.now().wall);
        }
    }

    fn put_in_force(&mut self, snapshot: Snapshot, etag: Option<String>, source: Source) {
        let flags = snapshot.flags().len();
        let digest = snapshot.digest().map(str::to_owned);
        let warnings = snapshot.warnings().to_vec();
        self.writer.install(snapshot, etag);
        self.links.status.send_if_modified(|status| {
            status.source = source;
            status.flag_count = flags;
            status.digest = digest;
            false
        });
        self.journal.installed(flags, &warnings);
    }

    /// The server has nothing newer than what is in force.
    fn confirm(&self) {
        if let (Some(cache), Some(installed)) = (&self.links.cache, &*self.links.store.load()) {
            cache.confirmed(installed, SystemTime::UNIX_EPOCH + self.now().wall);
        }
    }

    fn note_success(&mut self) {
        let wall = self.now().wall;
        self.journal.succeeded();
        self.links.status.send_if_modified(|status| {
            status.requests += 1;
            status.failures = 0;
            status.last_error = None;
            status.stale = false;
            status.last_success_at = SystemTime::UNIX_EPOCH.checked_add(wall);
            false
        });
    }

    fn note_failure(&mut self, error: &Error) -> Result<bool> {
        self.links.status.send_if_modified(|status| {
            status.requests += 1;
            status.failures = status.failures.saturating_add(1);
            status.last_error = Some(error.clone());
            false
        });
        Err(error.clone())
    }

    /// Lets the machine decide, publishes the status, then answers those who wait for what just happened.
    fn step(&mut self, input: Input, outcome: Result<bool>) {
        let quiet = matches!(input, Input::Tick | Input::Refresh);
        let effects = self.machine.on(input, self.now(), random());
        if !quiet {
            self.publish();
        }
        self.apply(effects, outcome);
    }

    fn publish(&self) {
        let connection = self.machine.connection();
        self.links.status.send_modify(|status| {
            if self.links.store.is_closed() {
                *status = status.clone().closed();
            } else {
                status.connection = connection;
            }
        });
    }

    fn apply(&mut self, effects: Effects, outcome: Result<bool>) {
        if let Some(result) = effects.settled {
            // The flag state of the cache may have settled it before.
            self.links.settled.send_if_modified(|settled| {
                let is_first = settled.is_none();
                if is_first {
                    *settled = Some(result);
                }
                is_first
            });
        }
        if effects.series_ended {
            for refresh in self.waiting.drain(..) {
                // Whoever stopped waiting needs no answer.
                let _ = refresh.send(outcome.clone());
            }
        }
        if effects.fetch {
            let installed = self.links.store.load().clone();
            self.in_flight = Some(Box::pin(Arc::clone(&self.poller).poll(installed)));
        }
    }

    fn wake(&self) -> Duration {
        let tick = self.machine.next_tick().map(|at| at.saturating_sub(self.now().monotonic));
        match tick {
            Some(wait) if self.machine.watches_wall_clock() => wait.min(HEARTBEAT),
            Some(wait) => wait,
            None => Duration::MAX,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the driver is the clock of the state machine")]
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now { monotonic: self.started.elapsed(), wall }
    }
}

/// The outcome of the request in flight; pending for ever when there is none.
async fn landing(in_flight: &mut Option<Pin<Box<dyn Future<Output = Outcome> + Send>>>) -> Outcome {
    match in_flight {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

/// A number in `0..1`, for jitter.
fn random() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the upper 53 bits fit a float exactly")]
    let bits = (RandomState::new().build_hasher().finish() >> 11) as f64;
    bits / (1u64 << 53) as f64
}

impl Status {
    /// What remains to be said once the client is closed.
    pub(crate) fn closed(self) -> Self {
        Self { connection: Connection::Closed, source: Source::None, digest: None, flag_count: 0, ..self }
    }
}
