//! The [`Client`]: one namespace kept current in the background and evaluated in place.

mod bootstrap;
mod launch;
mod local;
mod runtime;
mod seed;

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

pub use launch::live_clients;
use launch::{Launch, Task};
use local::Asleep;
use seed::Seed;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Authentication, Config, ErrorStrategy};
use crate::error::{ErrorKind, Result};
use crate::evaluate::{self, BatchItem, BooleanEvaluation, Request, VariantEvaluation};
use crate::http::Fetch;
use crate::snapshot::Snapshot;
pub use crate::status::{Changed, Connection, Event, LogLevel, Observer, Source, Status};
use crate::store::{Store, store};
use crate::sync::{Command, Journal, Reply};
pub use crate::sync::{contained, silence_panics};

/// How long [`Client::close`] waits for the background task.
const CLOSE_LIMIT: Duration = Duration::from_millis(80);

/// A handle on one namespace of flags; clones share it. Dropping the last one closes the client.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    store: Store,
    status: Arc<watch::Sender<Status>>,
    settled: watch::Receiver<Option<Result<()>>>,
    commands: mpsc::UnboundedSender<Command>,
    stop: CancellationToken,
    ended: CancellationToken,
    strategy: ErrorStrategy,
    /// Set once there is one: a client that starts offline has none.
    task: OnceLock<Task>,
    asleep: Asleep,
}

/// One flag of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagSummary {
    /// Its key.
    pub key: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its type as the server names it.
    pub type_name: String,
    /// Its description, if it has one.
    pub description: Option<String>,
}

impl Client {
    /// Checks the options, loads their snapshot if there is one, and starts the background task, unless the options say
    /// [`offline`](Config::offline): then there is flag state at once, and neither a thread nor a socket.
    ///
    /// Returns at once; [`ready`](Self::ready) waits for the first load. May be called on any thread, inside a runtime
    /// or outside. `fetch` replaces the built-in requests; `observer` is told what happens.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] and [`ErrorKind::Snapshot`] for what cannot be used; [`ErrorKind::Panic`] when the system
    /// gives us no threads.
    pub fn start(config: Config, fetch: Option<Arc<dyn Fetch>>, observer: Option<Arc<dyn Observer>>) -> Result<Self> {
        config.validate()?;
        let journal = Journal::new(observer.clone());
        let config = seed::with_overrides(config, &journal)?;
        let given = Seed::of(&config)?;
        let (writer, store) = store();
        let (settle, settled) = watch::channel(None);
        let (commands, asked) = mpsc::unbounded_channel();
        let client = Inner {
            store,
            status: Arc::default(),
            settled,
            commands,
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
            strategy: config.error_strategy,
            task: OnceLock::new(),
            asleep: Asleep::default(),
        };
        let mut launch = Launch { config, fetch, observer, journal, writer, commands: asked, settled: settle };
        if launch.config.offline {
            let seed = local::seed(given, &launch)?;
            let cached = seed.source == Source::Cache;
            client.plant(seed, &mut launch);
            client.sleep(launch, cached);
        } else {
            let prepared = launch.prepare()?;
            if let Some(seed) = given {
                client.plant(seed, &mut launch);
            }
            let task = launch.go(prepared, &client, None);
            // Nobody else has set it.
            let _ = client.task.set(task);
        }
        Ok(Self(Arc::new(client)))
    }

    /// Waits until the first load has settled: loaded, failed for good, out of retries, or out of time.
    ///
    /// # Errors
    /// Under [`ErrorStrategy::Fail`] the error of the first load, [`ErrorKind::InitTimeout`] when it took too long; the
    /// caller then closes the client. Under [`ErrorStrategy::Fallback`] none of these. [`ErrorKind::Closed`] under both.
    pub async fn ready(&self) -> Result<()> {
        let mut settled = self.0.settled.clone();
        let result = settled.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
        self.open()?;
        result.unwrap_or_else(|| Err(ErrorKind::Closed.into()))
    }

    /// Fetches now, or joins the fetch that is going on with its retries; `true` when a flag may answer differently.
    ///
    /// # Errors
    /// Under [`ErrorStrategy::Fail`] the error of the fetch, while under [`ErrorStrategy::Fallback`] that is
    /// `Ok(false)`. [`ErrorKind::Closed`] under both.
    pub async fn refresh(&self) -> Result<bool> {
        self.ask(Command::Refresh).await
    }

    /// Waits until there is flag state, whatever its source, and however long the first load takes.
    ///
    /// # Errors
    /// [`ErrorKind::InitTimeout`] after `timeout`, [`ErrorKind::Closed`] when the client is closed first.
    pub async fn wait_ready(&self, timeout: Duration) -> Result<()> {
        let there = |status: &Status| status.source != Source::None || status.connection == Connection::Closed;
        let mut status = self.0.status.subscribe();
        let Some(task) = self.0.task.get().filter(|_| !there(&status.borrow())) else { return self.open() };
        let waited = task.runtime.spawn(async move {
            tokio::time::timeout(timeout, async move { status.wait_for(there).await.map(|_| ()) }).await
        });
        match waited.await {
            Ok(Err(_)) => Err(ErrorKind::InitTimeout(timeout).into()),
            _ => self.open(),
        }
    }

    /// Gives up the connections, waits for no backoff, asks the server now and opens the stream anew.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub async fn reconnect(&self) -> Result<()> {
        self.ask(Command::Reconnect).await.map(|_| ())
    }

    /// Puts other credentials in force; an empty list means none. The server is asked with them at once, and a stream is
    /// opened anew.
    ///
    /// The credential that worked last stays as fallback for [`Config::credential_grace_period`]. Has no effect on a
    /// client whose caller fetches.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] for tokens that cannot be sent; the credentials in force then stay. [`ErrorKind::Closed`].
    pub fn update_authentication(&self, authentication: Vec<Authentication>) -> Result<()> {
        Authentication::validate(&authentication)?;
        self.open()?;
        if self.keep_authentication(&authentication) {
            return Ok(());
        }
        let Some(http) = self.0.task.get().and_then(|task| task.http.upgrade()) else { return Ok(()) };
        http.update_authentication(&authentication)?;
        self.0.commands.send(Command::NewCredential).map_err(|_| ErrorKind::Closed.into())
    }

    /// [Shuts down](Self::shut_down) and waits, less than 100 ms, until the background task has ended. Idempotent.
    pub async fn close(&self) {
        self.shut_down();
        let ended = self.0.ended.clone();
        let Some(task) = self.0.task.get() else { return };
        let bounded = task.runtime.spawn(async move { tokio::time::timeout(CLOSE_LIMIT, ended.cancelled()).await });
        // Late or not, there is nothing more to do.
        let _ = bounded.await;
    }

    /// Ends evaluating, releases the snapshot and tells the background task to end. Idempotent, never blocks, and may
    /// be called from an [`Observer`].
    pub fn shut_down(&self) {
        self.0.shut_down();
    }

    /// Where this client's snapshot is read.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The status at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status.borrow().clone()
    }

    /// The status and its changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.status.subscribe()
    }

    /// Evaluates a boolean flag on the snapshot in force.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`], [`ErrorKind::NotReady`], and those of [`evaluate::boolean`].
    pub fn evaluate_boolean(&self, request: &Request<'_>) -> Result<BooleanEvaluation<'static>> {
        self.with_snapshot(|snapshot| evaluate::boolean(snapshot, request).map(BooleanEvaluation::into_owned))?
    }

    /// Evaluates a variant flag on the snapshot in force.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`], [`ErrorKind::NotReady`], and those of [`evaluate::variant`].
    pub fn evaluate_variant(&self, request: &Request<'_>) -> Result<VariantEvaluation<'static>> {
        self.with_snapshot(|snapshot| evaluate::variant(snapshot, request).map(VariantEvaluation::into_owned))?
    }

    /// Evaluates several flags on one snapshot, in order; a flag that fails is an item of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] and [`ErrorKind::NotReady`].
    pub fn evaluate_batch<'a>(
        &self,
        requests: impl IntoIterator<Item = Request<'a>>,
    ) -> Result<Vec<BatchItem<'static>>> {
        self.with_snapshot(|snapshot| {
            evaluate::batch(snapshot, requests).into_iter().map(BatchItem::into_owned).collect()
        })
    }

    /// Lists the flags in force, in the snapshot's order.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] and [`ErrorKind::NotReady`].
    pub fn flags(&self) -> Result<Vec<FlagSummary>> {
        self.with_snapshot(|snapshot| {
            let summary = |flag: &crate::snapshot::Flag| FlagSummary {
                key: flag.key().to_owned(),
                enabled: flag.enabled(),
                type_name: flag.type_name().to_owned(),
                description: flag.description().map(str::to_owned),
            };
            snapshot.flags().iter().map(summary).collect()
        })
    }

    /// The snapshot in force as portable text, fit for [`Config::snapshot`].
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] and [`ErrorKind::NotReady`].
    pub fn export_snapshot(&self) -> Result<String> {
        self.with_snapshot(Snapshot::export)
    }

    /// Runs a future on the engine's own threads, for bindings that settle promises from there. Aborting it drops it.
    ///
    /// A client that has not used the network yet has no threads: its futures end where they begin, and there is
    /// nothing to be aborted. One that goes on takes the client online.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        let mut future = Box::pin(future);
        if self.0.is_asleep() && future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return None;
        }
        Some(self.0.task.get()?.runtime.spawn(future).abort_handle())
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<bool> {
        self.open()?;
        if self.0.is_asleep() {
            return Ok(false);
        }
        let (reply, answer) = oneshot::channel();
        self.0.commands.send(command(reply)).map_err(|_| ErrorKind::Closed)?;
        let result = answer.await.map_err(|_| ErrorKind::Closed)?;
        self.open()?;
        match result {
            Err(error) if self.0.strategy == ErrorStrategy::Fail || *error.kind() == ErrorKind::Closed => Err(error),
            result => Ok(result.unwrap_or(false)),
        }
    }

    fn open(&self) -> Result<()> {
        if self.0.store.is_closed() { Err(ErrorKind::Closed.into()) } else { Ok(()) }
    }

    fn with_snapshot<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> Result<T> {
        match &*self.0.store.load() {
            Some(installed) => Ok(read(&installed.snapshot)),
            None => {
                self.open()?;
                Err(ErrorKind::NotReady.into())
            }
        }
    }
}

impl Inner {
    fn shut_down(&self) {
        self.store.close();
        self.status.send_if_modified(|status| {
            let first = status.connection != Connection::Closed;
            if first {
                *status = std::mem::take(status).closed();
            }
            first
        });
        self.stop.cancel();
        self.say_goodbye();
    }

    /// Whether no task was started yet.
    fn is_asleep(&self) -> bool {
        self.task.get().is_none()
    }

    /// Puts what the client starts from in force.
    fn plant(&self, seed: Seed, launch: &mut Launch) {
        let Seed { snapshot, etag, source } = seed;
        launch.journal.warnings(snapshot.warnings());
        self.status.send_modify(|status| status.describe(&snapshot, source));
        launch.writer.install(snapshot, etag);
        launch.journal.event(Event::Ready);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// The engine's clock: nanoseconds since a moment that is fixed for the process.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn monotonic_nanos() -> u64 {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let elapsed = ANCHOR.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
