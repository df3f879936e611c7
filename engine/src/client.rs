//! The [`Client`]: one namespace kept current in the background and evaluated in place.

mod bootstrap;
mod core;
mod handle;
mod init;
mod local;
mod runtime;
mod seed;
mod shared;
mod sources;

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use self::core::Prepared;
pub use self::core::live_clients;
use self::handle::Inner;
use crate::config::{Authentication, Config, ErrorStrategy};
use crate::error::{ErrorKind, Result};
use crate::evaluate::{self, BatchItem, BooleanEvaluation, Request, VariantEvaluation};
use crate::http::Fetch;
use crate::snapshot::Snapshot;
pub use crate::status::{Changed, Connection, Event, LogLevel, Observer, Source, Status};
use crate::store::Store;
use crate::sync::{Command, Listener, Reply};
pub use crate::sync::{contained, silence_panics};

/// How long [`Client::close`] waits for the background task.
const CLOSE_LIMIT: Duration = Duration::from_millis(80);

/// A handle on one namespace of flags; clones are the same handle. Dropping the last of them closes it.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

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
        let prepared = Prepared::new(config.clone(), fetch, None)?;
        Ok(Self::first(prepared, None, &config, observer.map(Listener::new)))
    }

    /// Waits until the first load has settled: loaded, failed for good, out of retries, or out of time.
    ///
    /// # Errors
    /// Under [`ErrorStrategy::Fail`] the error of the first load, [`ErrorKind::InitTimeout`] when it took too long; the
    /// caller then closes the client. Under [`ErrorStrategy::Fallback`] none of these. [`ErrorKind::Closed`] under both.
    pub async fn ready(&self) -> Result<()> {
        if let Some(init) = &self.0.init {
            return self.first_load(init).await;
        }
        let mut settled = self.0.core.settled.clone();
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
        let (mut status, closed) = (self.0.core.status.subscribe(), self.0.closed.clone());
        let there = |status: &Status| status.source != Source::None || status.connection == Connection::Closed;
        let Some(task) = self.0.core.task.get().filter(|_| !there(&status.borrow())) else { return self.open() };
        let waited = task.runtime.spawn(async move {
            let waiting = closed.run_until_cancelled(status.wait_for(there));
            tokio::time::timeout(timeout, waiting).await.is_err()
        });
        match waited.await {
            Ok(true) => Err(ErrorKind::InitTimeout(timeout).into()),
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
        let core = &self.0.core;
        if core.keep_authentication(&authentication) {
            shared::identify(core, &authentication);
            return Ok(());
        }
        let Some(http) = core.task.get().and_then(|task| task.http.upgrade()) else { return Ok(()) };
        http.update_authentication(&authentication)?;
        shared::identify(core, &authentication);
        core.commands.send(Command::NewCredential).map_err(|_| ErrorKind::Closed.into())
    }

    /// [Shuts down](Self::shut_down) and waits, less than 100 ms, until the background task has ended, or has told this
    /// handle's observer the last where others go on. Idempotent.
    pub async fn close(&self) {
        self.shut_down();
        let core = &self.0.core;
        let ended = if core.stop.is_cancelled() { core.ended.clone() } else { self.0.left.clone() };
        let Some(task) = core.task.get() else { return };
        let bounded = task.runtime.spawn(async move { tokio::time::timeout(CLOSE_LIMIT, ended.cancelled()).await });
        // Late or not, there is nothing more to do.
        let _ = bounded.await;
    }

    /// Ends evaluating; the last handle also releases the snapshot and tells the background task to end. Idempotent,
    /// never blocks, and may be called from an [`Observer`].
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
        let status = self.0.core.status.borrow().clone();
        if self.0.store.is_closed() { status.closed() } else { status }
    }

    /// The status and its changes: those of all handles together, whose last one closes it.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.core.status.subscribe()
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
    /// A client that has not used the network yet has no threads: its calls end where they begin, and there is nothing to
    /// be aborted.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        let (mut future, core) = (Box::pin(future), &self.0.core);
        if core.is_asleep() && future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return None;
        }
        Some(core.task.get()?.runtime.spawn(future).abort_handle())
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<bool> {
        self.open()?;
        if self.0.core.is_asleep() {
            return Ok(false);
        }
        let (reply, answer) = oneshot::channel();
        self.0.core.commands.send(command(reply)).map_err(|_| ErrorKind::Closed)?;
        let answer = self.0.closed.run_until_cancelled(answer);
        let result = answer.await.ok_or(ErrorKind::Closed)?.map_err(|_| ErrorKind::Closed)?;
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
