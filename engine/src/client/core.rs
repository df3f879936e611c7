//! What the handles of one client have in common: its flag state, its connection, its background task.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::local::Asleep;
use super::seed::Seed;
use super::shared::{self, Terms};
use super::{local, runtime, seed, sources};
use crate::cache::Cache;
use crate::config::Config;
use crate::error::Result;
use crate::http::{Fetch, HttpFetch};
use crate::source::Files;
use crate::status::{Connection, Event, LogLevel, Observer, Status};
use crate::store::{Store, StoreWriter, store};
use crate::sync::{Audience, Command, Driver, Journal, Links, Listener, Policy, Sources};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// What the handles of one client have in common.
pub(super) struct Core {
    pub(super) store: Store,
    pub(super) status: Arc<watch::Sender<Status>>,
    pub(super) settled: watch::Receiver<Option<Result<()>>>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) stop: CancellationToken,
    pub(super) ended: CancellationToken,
    /// Absent until a client that starts offline uses the network.
    pub(super) task: OnceLock<Task>,
    pub(super) asleep: Asleep,
    pub(super) audience: Arc<Audience>,
    /// What every handle is told when it is made.
    pub(super) dangers: Vec<String>,
    /// What was agreed on, where further handles may join.
    pub(super) terms: Option<Terms>,
    handles: AtomicUsize,
}

/// What the handles need of the background task.
pub(super) struct Task {
    pub(super) runtime: &'static Handle,
    /// Weakly, for its connections are the background task's. Dangling when the caller fetches.
    pub(super) http: Weak<HttpFetch>,
    /// The feature files that are in the place of a server.
    files: Option<Arc<Files>>,
}

/// What the background task is made of but for its connections.
pub(super) struct Launch {
    pub(super) config: Config,
    pub(super) fetch: Option<Arc<dyn Fetch>>,
    pub(super) journal: Journal,
    pub(super) writer: StoreWriter,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) settled: watch::Sender<Option<Result<()>>>,
}

/// A client that is ready to be started: nothing runs yet, and nobody was told anything.
pub(super) struct Prepared {
    pub(super) core: Arc<Core>,
    /// Of a client that starts offline nothing is left to be started.
    rest: Option<(Launch, Sources, Option<Seed>)>,
}

impl Prepared {
    /// Checks what can be checked. With `terms`, further handles may join.
    pub(super) fn new(config: Config, fetch: Option<Arc<dyn Fetch>>, terms: Option<Terms>) -> Result<Self> {
        let mut dangers = Vec::new();
        let config = seed::with_overrides(config, &mut dangers)?;
        let mut seed = Seed::of(&config)?;
        let mut sources = None;
        let task = OnceLock::new();
        let audience = Arc::new(Audience::default());
        if config.offline {
            seed = Some(local::seed(seed, &config, &mut dangers)?);
        } else {
            let (made, ready) = connect(&config, fetch.clone(), &audience)?;
            dangers.extend(made.http.iter().flat_map(|http| http.warnings()).cloned());
            sources = Some(made);
            // Nobody else knows of it yet.
            let _ = task.set(ready);
        }
        let (writer, store) = store();
        let (settle, settled) = watch::channel(None);
        let (commands, asked) = mpsc::unbounded_channel();
        let journal = Journal::new(Some(Arc::clone(&audience) as Arc<dyn Observer>));
        let launch = Launch { config, fetch, journal, writer, commands: asked, settled: settle };
        let core = Arc::new(Core {
            store,
            status: Arc::default(),
            settled,
            commands,
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
            task,
            asleep: Asleep::default(),
            audience,
            dangers,
            terms,
            handles: AtomicUsize::new(1),
        });
        let Some(sources) = sources else {
            if let Some(seed) = seed {
                core.sleep(launch, seed);
            }
            return Ok(Self { core, rest: None });
        };
        Ok(Self { core, rest: Some((launch, sources, seed)) })
    }

    /// Starts the background task; the first handle's listener is told everything.
    pub(super) fn start(self, listener: Option<Arc<Listener>>) {
        let Some((mut launch, sources, seed)) = self.rest else {
            if let Some(listener) = listener {
                self.core.listen(listener);
            }
            return;
        };
        if let Some(listener) = listener {
            self.core.audience.begin(listener);
        }
        if let Some(seed) = seed {
            self.core.plant(seed, &mut launch);
            launch.journal.event(Event::Ready);
        }
        if let Some(task) = self.core.task.get() {
            self.core.run(launch, sources, task, None);
        }
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
            self.dismiss(listener);
        }
    }

    /// Puts what the client starts from in force.
    pub(super) fn plant(&self, seed: Seed, launch: &mut Launch) {
        let Seed { snapshot, etag, source } = seed;
        launch.journal.warnings(snapshot.warnings());
        self.status.send_modify(|status| status.describe(&snapshot, source));
        launch.writer.install(snapshot, etag);
    }

    /// Starts the background task. `resumed` is that of [`Links`].
    pub(super) fn run(&self, launch: Launch, sources: Sources, task: &Task, resumed: Option<bool>) {
        let Launch { config, journal, writer, commands, settled, .. } = launch;
        let links = Links {
            store: self.store.clone(),
            commands,
            stop: self.stop.clone(),
            settled,
            status: Arc::clone(&self.status),
            cache: cache(&config, Arc::clone(&self.audience)),
            audience: Arc::clone(&self.audience),
            forced: config.forced(),
            resumed,
        };
        let mut policy = if self.terms.is_some() { Policy::for_handles(&config) } else { Policy::new(&config) };
        if resumed.is_some() {
            policy.seed();
        }
        let driver = Driver::new(links, writer, sources, journal, policy);
        let live = Live::new(self.ended.clone());
        task.runtime.spawn(async move {
            driver.run().await;
            drop(live);
        });
        if let Some(files) = task.files.as_ref().filter(|files| files.are_watched()) {
            task.runtime.spawn(Arc::clone(files).watch(self.commands.downgrade(), self.stop.clone()));
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
        self.say_goodbye();
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

/// Everything of a background task that can fail.
pub(super) fn connect(
    config: &Config,
    fetch: Option<Arc<dyn Fetch>>,
    audience: &Arc<Audience>,
) -> Result<(Sources, Task)> {
    let files = Files::new(config, Some(Arc::clone(audience) as Arc<dyn Observer>));
    let sources = sources::of(config, fetch, files.clone())?;
    let http = sources.http.as_ref().map_or_else(Weak::new, Arc::downgrade);
    Ok((sources, Task { runtime: runtime::shared()?, http, files }))
}

/// The last good flag state on disk, if the options ask for it; its troubles are warnings.
fn cache(config: &Config, audience: Arc<Audience>) -> Option<Cache> {
    Cache::new(config, move |message| audience.event(Event::Log { level: LogLevel::Warn, message }))
}
