//! The [`Client`]: one namespace kept current in the background and evaluated in place.

mod runtime;
mod sources;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;
use crate::config::{Authentication, Config, ErrorStrategy};
use crate::error::{Error, ErrorKind, Result, SnapshotReason};
use crate::evaluate::{self, BatchItem, BooleanEvaluation, Request, VariantEvaluation};
use crate::http::{Fetch, HttpFetch};
use crate::snapshot::Snapshot;
use crate::source::Files;
pub use crate::status::{Changed, Connection, Event, LogLevel, Observer, Source, Status};
use crate::store::{Store, StoreWriter, store};
use crate::sync::{Command, Driver, Journal, Links, Policy, Reply};
pub use crate::sync::{contained, silence_panics};

/// How long [`Client::close`] waits for the background task.
const CLOSE_LIMIT: Duration = Duration::from_millis(80);

static LIVE: AtomicUsize = AtomicUsize::new(0);

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
    runtime: &'static Handle,
    /// Weakly, for its connections are the background task's. Dangling when the caller fetches.
    http: Weak<HttpFetch>,
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
    /// Checks the options, loads their snapshot if there is one, and starts the background task.
    ///
    /// Returns at once; [`ready`](Self::ready) waits for the first load. May be called on any thread, inside a runtime
    /// or outside. `fetch` replaces the built-in requests; `observer` is told what happens.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] and [`ErrorKind::Snapshot`] for what cannot be used; [`ErrorKind::Panic`] when the system
    /// gives us no threads.
    pub fn start(config: Config, fetch: Option<Arc<dyn Fetch>>, observer: Option<Arc<dyn Observer>>) -> Result<Self> {
        config.validate()?;
        let seed = seed(&config)?;
        let files = Files::new(&config, observer.clone());
        let sources = sources::of(&config, fetch, files.clone())?;
        let http = sources.http.as_ref().map_or_else(Weak::new, Arc::downgrade);
        let runtime = runtime::shared()?;
        let (writer, store) = store();
        let cache = cache(&config, observer.clone());
        let mut journal = Journal::new(observer);
        if let Some(http) = &sources.http {
            journal.dangers(http.warnings());
        }
        let status = Arc::new(watch::Sender::new(Status::default()));
        if let Some(seed) = seed {
            plant(seed, &writer, &status, &mut journal);
        }
        let (settle, settled) = watch::channel(None);
        let (commands, asked) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let links = Links {
            store: store.clone(),
            commands: asked,
            stop: stop.clone(),
            settled: settle,
            status: Arc::clone(&status),
            cache,
        };
        let driver = Driver::new(links, writer, sources, journal, Policy::new(&config));
        let ended = CancellationToken::new();
        let live = Live::new(ended.clone());
        runtime.spawn(async move {
            driver.run().await;
            drop(live);
        });
        if let Some(files) = files.filter(|files| files.are_watched()) {
            runtime.spawn(files.watch(commands.downgrade(), stop.clone()));
        }
        let strategy = config.error_strategy;
        Ok(Self(Arc::new(Inner { store, status, settled, commands, stop, ended, strategy, runtime, http })))
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
        let mut status = self.0.status.subscribe();
        let there = |status: &Status| status.source != Source::None || status.connection == Connection::Closed;
        let waited = self.0.runtime.spawn(async move {
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
        let Some(http) = self.0.http.upgrade() else { return Ok(()) };
        http.update_authentication(&authentication)?;
        self.0.commands.send(Command::NewCredential).map_err(|_| ErrorKind::Closed.into())
    }

    /// [Shuts down](Self::shut_down) and waits, less than 100 ms, until the background task has ended. Idempotent.
    pub async fn close(&self) {
        self.shut_down();
        let ended = self.0.ended.clone();
        let bounded = self.0.runtime.spawn(async move { tokio::time::timeout(CLOSE_LIMIT, ended.cancelled()).await });
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
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.0.runtime.spawn(future).abort_handle()
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<bool> {
        self.open()?;
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
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// The number of clients whose background task has not ended.
#[must_use]
pub fn live_clients() -> usize {
    LIVE.load(Ordering::Acquire)
}

/// The engine's clock: nanoseconds since a moment that is fixed for the process.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn monotonic_nanos() -> u64 {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let elapsed = ANCHOR.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

/// Counts a background task for as long as it lives, however it ends.
struct Live(CancellationToken);

impl Live {
    fn new(ended: CancellationToken) -> Self {
        LIVE.fetch_add(1, Ordering::AcqRel);
        Self(ended)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::AcqRel);
        self.0.cancel();
    }
}

fn seed(config: &Config) -> Result<Option<Snapshot>> {
    let Some(text) = &config.snapshot else { return Ok(None) };
    if text.len() / 4 * 3 > config.max_snapshot_bytes {
        return Err(Error::new(ErrorKind::Snapshot(SnapshotReason::TooLarge)));
    }
    Snapshot::import(text, &config.namespace, config.server_compatibility).map(Some)
}

/// The last good flag state on disk, if the options ask for it; its troubles are warnings.
fn cache(config: &Config, observer: Option<Arc<dyn Observer>>) -> Option<Cache> {
    Cache::new(config, move |message| {
        if let Some(observer) = &observer {
            observer.event(Event::Log { level: LogLevel::Warn, message });
        }
    })
}

/// Puts the snapshot of the options in force. It has no ETag: no server vouched for it.
fn plant(seed: Snapshot, writer: &StoreWriter, status: &watch::Sender<Status>, journal: &mut Journal) {
    journal.warnings(seed.warnings());
    status.send_modify(|status| {
        status.source = Source::Snapshot;
        status.flag_count = seed.flags().len();
        status.digest = seed.digest().map(str::to_owned);
        status.snapshot_bytes = seed.text().len();
    });
    writer.install(seed, None);
    journal.event(Event::Ready);
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
