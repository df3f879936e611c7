//! What the handles of one client have in common: its flag state, its connection, its background task.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::runtime;
use super::shared::{self, Terms};
use crate::cache::Cache;
use crate::config::{Config, FetchMode};
use crate::error::{Error, ErrorKind, Result, SnapshotReason};
use crate::http::{Fetch, HttpFetch, Limiter};
use crate::snapshot::Snapshot;
use crate::status::{Connection, Event, LogLevel, Observer, Status};
use crate::store::{Store, store};
use crate::sync::{Audience, Command, Driver, Journal, Links, Listener, Policy, Poller, Sources, Streamer};

/// Messages name this instead of a host when the caller fetches.
const CALLERS_FETCH: &str = "the fetcher";

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// What the handles of one client have in common.
pub(super) struct Core {
    pub(super) store: Store,
    pub(super) status: Arc<watch::Sender<Status>>,
    pub(super) settled: watch::Receiver<Option<Result<()>>>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) stop: CancellationToken,
    pub(super) ended: CancellationToken,
    pub(super) runtime: &'static Handle,
    /// Weakly, for its connections are the background task's. Dangling when the caller fetches.
    pub(super) http: Weak<HttpFetch>,
    /// What every handle is told when it is made.
    pub(super) dangers: Vec<String>,
    /// What was agreed on, where further handles may join.
    pub(super) terms: Option<Terms>,
    handles: AtomicUsize,
}

/// A client that is ready to be started: nothing runs yet, and nobody was told anything.
pub(super) struct Prepared {
    pub(super) core: Arc<Core>,
    driver: Driver,
    seed: Option<Snapshot>,
    audience: Arc<Audience>,
}

impl Prepared {
    /// Checks what can be checked. With `terms`, further handles may join.
    pub(super) fn new(config: &Config, fetch: Option<Arc<dyn Fetch>>, terms: Option<Terms>) -> Result<Self> {
        let seed = seed(config)?;
        let sources = sources(config, fetch)?;
        let runtime = runtime::shared()?;
        let policy = if terms.is_some() { Policy::for_handles(config) } else { Policy::new(config) };
        let http = sources.http.as_ref().map_or_else(Weak::new, Arc::downgrade);
        let dangers = sources.http.as_ref().map(|http| http.warnings().to_vec()).unwrap_or_default();
        let (writer, store) = store();
        let audience = Arc::new(Audience::default());
        let status = Arc::new(watch::Sender::new(Status::default()));
        let (settle, settled) = watch::channel(None);
        let (commands, asked) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let links = Links {
            store: store.clone(),
            commands: asked,
            stop: stop.clone(),
            settled: settle,
            status: Arc::clone(&status),
            cache: cache(config, Arc::clone(&audience)),
            audience: Arc::clone(&audience),
        };
        let journal = Journal::new(Some(Arc::clone(&audience) as Arc<dyn Observer>));
        let driver = Driver::new(links, writer, sources, journal, policy);
        let (ended, handles) = (CancellationToken::new(), AtomicUsize::new(1));
        let core = Core { store, status, settled, commands, stop, ended, runtime, http, dangers, terms, handles };
        Ok(Self { core: Arc::new(core), driver, seed, audience })
    }

    /// Starts the background task; the first handle's listener is told everything.
    pub(super) fn start(mut self, listener: Option<Arc<Listener>>) {
        if let Some(listener) = listener {
            self.audience.begin(listener);
        }
        if let Some(seed) = self.seed {
            self.driver.plant(seed);
        }
        let live = Live::new(self.core.ended.clone());
        self.core.runtime.spawn(async move {
            self.driver.run().await;
            drop(live);
        });
    }
}

impl Core {
    /// Makes room for one more handle; `false` when the last one was closed.
    pub(super) fn join(&self) -> bool {
        let one_more = |handles: usize| (handles > 0).then_some(handles + 1);
        self.handles.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }

    /// Lets a handle go. The last one ends the client, whose background task tells that; else its listener is told.
    pub(super) fn leave(&self, listener: Option<Arc<Listener>>) {
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            if self.terms.is_some() {
                shared::forget(self);
            }
            self.end();
        } else if let Some(listener) = listener {
            // A task that has ended has told everyone.
            let _ = self.commands.send(Command::Leave(listener));
        }
    }

    fn end(&self) {
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

/// The number of clients whose background task has not ended; handles that share one count once.
#[must_use]
pub fn live_clients() -> usize {
    LIVE.load(Ordering::Acquire)
}

/// Where flag state comes from: the server, or the caller's own fetch function.
fn sources(config: &Config, fetch: Option<Arc<dyn Fetch>>) -> Result<Sources> {
    let limiter = Limiter::new();
    if let Some(fetch) = fetch {
        config.refuse_streaming()?;
        let poller = Arc::new(Poller::new(config, fetch, CALLERS_FETCH));
        return Ok(Sources { poller, limiter, http: None, streamer: None });
    }
    let http = Arc::new(HttpFetch::new(config)?);
    let place = http.place().to_owned();
    let streams = config.fetch_mode == FetchMode::Streaming;
    let streamer = streams.then(|| Arc::new(Streamer::new(config, Arc::clone(&http), Arc::clone(&limiter))));
    let poller = Arc::new(Poller::new(config, Arc::clone(&http) as Arc<dyn Fetch>, &place));
    Ok(Sources { poller, limiter, http: Some(http), streamer })
}

fn seed(config: &Config) -> Result<Option<Snapshot>> {
    let Some(text) = &config.snapshot else { return Ok(None) };
    if text.len() / 4 * 3 > config.max_snapshot_bytes {
        return Err(Error::new(ErrorKind::Snapshot(SnapshotReason::TooLarge)));
    }
    Snapshot::import(text, &config.namespace, config.server_compatibility).map(Some)
}

/// The last good flag state on disk, if the options ask for it; its troubles are warnings.
fn cache(config: &Config, audience: Arc<Audience>) -> Option<Cache> {
    Cache::new(config, move |message| audience.event(Event::Log { level: LogLevel::Warn, message }))
}
