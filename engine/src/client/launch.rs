//! The background task before it runs, and its start.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Inner, runtime};
use crate::cache::Cache;
use crate::config::{Config, FetchMode};
use crate::error::Result;
use crate::http::{Fetch, HttpFetch, Limiter};
use crate::status::{Event, LogLevel, Observer};
use crate::store::StoreWriter;
use crate::sync::{Command, Driver, Journal, Links, Policy, Poller, Sources, Streamer};

/// Messages name this instead of a host when the caller fetches.
const CALLERS_FETCH: &str = "the fetcher";

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The number of clients whose background task has not ended.
#[must_use]
pub fn live_clients() -> usize {
    LIVE.load(Ordering::Acquire)
}

/// Everything that the background task is made of.
pub(super) struct Launch {
    pub(super) config: Config,
    pub(super) fetch: Option<Arc<dyn Fetch>>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) journal: Journal,
    pub(super) writer: StoreWriter,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) settled: watch::Sender<Option<Result<()>>>,
}

/// What a client needs to know of its background task.
pub(super) struct Task {
    pub(super) runtime: &'static Handle,
    /// Weakly, for its connections are the background task's. Dangling when the caller fetches.
    pub(super) http: Weak<HttpFetch>,
}

/// What can fail of a start.
pub(super) struct Prepared {
    sources: Sources,
    runtime: &'static Handle,
}

impl Launch {
    pub(super) fn prepare(&self) -> Result<Prepared> {
        let sources = sources(&self.config, self.fetch.clone())?;
        Ok(Prepared { sources, runtime: runtime::shared()? })
    }

    /// Starts the task. `resumed` is that of [`Links`].
    pub(super) fn go(self, prepared: Prepared, client: &Inner, resumed: Option<bool>) -> Task {
        let Prepared { sources, runtime } = prepared;
        let Self { config, observer, journal, writer, commands, settled, .. } = self;
        let http = sources.http.as_ref().map_or_else(Weak::new, Arc::downgrade);
        if let Some(http) = &sources.http {
            journal.dangers(http.warnings());
        }
        let links = Links {
            store: client.store.clone(),
            commands,
            stop: client.stop.clone(),
            settled,
            status: Arc::clone(&client.status),
            cache: cache(&config, observer),
            forced: config.forced(),
            resumed,
        };
        let mut policy = Policy::new(&config);
        if resumed.is_some() {
            policy.seed();
        }
        let driver = Driver::new(links, writer, sources, journal, policy);
        let live = Live::new(client.ended.clone());
        runtime.spawn(async move {
            driver.run().await;
            drop(live);
        });
        Task { runtime, http }
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

/// The last good flag state on disk, if the options ask for it; its troubles are warnings.
fn cache(config: &Config, observer: Option<Arc<dyn Observer>>) -> Option<Cache> {
    Cache::new(config, move |message| {
        if let Some(observer) = &observer {
            observer.event(Event::Log { level: LogLevel::Warn, message });
        }
    })
}
