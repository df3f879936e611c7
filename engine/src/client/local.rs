//! A client without a server: flag state, status and events in the caller's thread, and nothing behind it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use tokio::sync::watch;

use super::Client;
use super::core::{Core, Launch, connect};
use super::seed::Seed;
use crate::cache;
use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::snapshot::{Made, Snapshot};
use crate::status::{Changed, Connection, Event, Source};
use crate::sync::{Command, Listener, wall};

/// What of a client sleeps that has not used the network yet. Empty for one that has, and for one that is closed.
#[derive(Default)]
pub(super) struct Asleep(Mutex<Option<Sleeper>>);

struct Sleeper {
    launch: Launch,
    /// Whether the flag state is from the disk.
    cached: bool,
}

impl Asleep {
    fn lock(&self) -> MutexGuard<'_, Option<Sleeper>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The flag state of a client that starts offline: what the options bring, else what is on disk, else none.
pub(super) fn seed(given: Option<Seed>, config: &Config, dangers: &mut Vec<String>) -> Result<Seed> {
    if let Some(seed) = given {
        return Ok(seed);
    }
    if let Some(restored) = cache::read(config, wall(), |text| dangers.push(text)) {
        let seed = Seed { snapshot: restored.snapshot, etag: restored.etag, source: Source::Cache };
        return Ok(seed.forced(config));
    }
    dangers
        .push("the client is offline and starts without flag state: there is neither bootstrap nor cache".to_owned());
    Seed::empty(config)
}

impl Core {
    /// Whether no task was started yet.
    pub(super) fn is_asleep(&self) -> bool {
        self.task.get().is_none()
    }

    /// Starts without a task.
    pub(super) fn sleep(&self, mut launch: Launch, seed: Seed) {
        let cached = seed.source == Source::Cache;
        self.plant(seed, &mut launch);
        self.status.send_modify(|status| {
            status.connection = Connection::Offline;
            status.stale = cached;
        });
        self.store.set_stale(cached);
        launch.journal.status(Arc::new(self.status.borrow().clone()));
        launch.settled.send_replace(Some(Ok(())));
        *self.asleep.lock() = Some(Sleeper { launch, cached });
    }

    /// Takes in a listener that comes later than the first.
    pub(super) fn listen(&self, listener: Arc<Listener>) {
        if self.is_asleep() {
            let status = Arc::new(self.status.borrow().clone());
            self.audience.join(listener, &status, true);
        } else {
            // A task that has ended needs no listeners.
            let _ = self.commands.send(Command::Join(listener));
        }
    }

    /// Lets a listener go whose handle was closed while others go on.
    pub(super) fn dismiss(&self, listener: Arc<Listener>) {
        if self.is_asleep() {
            let status = Arc::new(self.status.borrow().clone());
            self.audience.leave(&listener, &status);
        } else {
            // A task that has ended has told everyone.
            let _ = self.commands.send(Command::Leave(listener));
        }
    }

    /// What a task would say at its end. An observer that closes the client while it is told something leaves that to
    /// whoever is telling.
    pub(super) fn say_goodbye(&self) {
        if !self.store.is_closed() {
            return;
        }
        let mut asleep = match self.asleep.0.try_lock() {
            Ok(asleep) => asleep,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(mut sleeper) = asleep.take() else { return };
        drop(asleep);
        let status = self.status.borrow().clone();
        sleeper.launch.journal.status(Arc::new(status));
        sleeper.launch.journal.event(Event::Closed);
    }

    /// Keeps credentials for a client that may use the network later; `false` for any other.
    pub(super) fn keep_authentication(&self, authentication: &[Authentication]) -> bool {
        self.with_sleeper(|asleep| match asleep {
            Some(sleeper) => {
                sleeper.launch.config.authentication = authentication.to_vec();
                true
            }
            None => false,
        })
    }

    /// Runs something on a client that sleeps, and then what an observer asked for meanwhile.
    fn with_sleeper<T>(&self, work: impl FnOnce(&mut Option<Sleeper>) -> T) -> T {
        let done = work(&mut self.asleep.lock());
        self.say_goodbye();
        done
    }

    /// Starts the task of a client that has none; `false` for any other.
    fn wake(&self) -> Result<bool> {
        self.with_sleeper(|asleep| {
            let Some(sleeper) = asleep else { return Ok(false) };
            let (sources, task) = connect(&sleeper.launch.config, sleeper.launch.fetch.clone(), &self.audience)?;
            let Some(Sleeper { mut launch, cached }) = asleep.take() else { return Ok(false) };
            if let Some(http) = &sources.http {
                launch.journal.warnings(http.warnings());
            }
            // Whoever waited for the first load is not told of another one.
            launch.settled = watch::Sender::new(None);
            let task = self.task.get_or_init(|| task);
            self.run(launch, sources, task, Some(cached));
            Ok(true)
        })
    }

    fn replace(&self, sleeper: &mut Sleeper, snapshot: Snapshot) -> bool {
        let Launch { config, journal, writer, .. } = &mut sleeper.launch;
        let snapshot = snapshot.forced_by(config.forced().as_deref());
        let change = self.store.load().as_ref().map(|old| snapshot.changed_since(&old.snapshot)).unwrap_or_default();
        let digest = snapshot.digest().map(str::to_owned);
        self.status.send_modify(|status| {
            status.describe(&snapshot, Source::Bootstrap);
            status.stale = false;
        });
        self.store.set_stale(false);
        journal.installed(snapshot.flags().len(), snapshot.warnings());
        sleeper.cached = false;
        let replaced = writer.install(snapshot, None);
        let changes = !change.is_empty();
        if changes {
            let changed = Changed { change: Arc::new(change), digest, source: Source::Bootstrap, at: wall() };
            journal.event(Event::Changed(changed));
        }
        drop(replaced);
        changes
    }
}

impl Client {
    /// Puts flag state in force on a client that was [started offline](Config::offline) and has not used the network
    /// since; tells of the change in the calling thread, with the new state in force. `true` when a flag may answer
    /// differently.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`]; [`ErrorKind::Options`] for every other client.
    pub fn install(&self, snapshot: Snapshot) -> Result<bool> {
        self.open()?;
        self.0.core.with_sleeper(|asleep| match asleep {
            Some(sleeper) => Ok(self.0.core.replace(sleeper, snapshot)),
            None => Err(online()),
        })
    }

    /// Puts flags in force as [`install`](Self::install) does, from what [`Made::compose`] reads.
    ///
    /// # Errors
    /// Those of [`install`](Self::install), and [`ErrorKind::Options`] naming every value that makes no flag.
    pub fn install_made(&self, entries: &str) -> Result<bool> {
        let made = Made::compose(entries).map_err(|problems| Error::new(ErrorKind::Options(problems)))?;
        let namespace = self.0.store.installed()?.snapshot.namespace().to_owned();
        self.install(Snapshot::made(&namespace, &made)?)
    }

    /// Tells the client, with all its handles, not to use the network, or to use it again. Resolves when the server has
    /// answered, or at once when there is nothing to ask.
    ///
    /// Offline the flag state stays in force, nothing is sent, no connection is open and no timer runs; a
    /// [`refresh`](Self::refresh) is `Ok(false)`, a [`reconnect`](Self::reconnect) does nothing.
    ///
    /// # Errors
    /// Of going online those of [`refresh`](Self::refresh), and those of [`start`](Self::start) for a client that has
    /// not used the network yet. [`ErrorKind::Closed`].
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        self.open()?;
        if offline && self.0.core.is_asleep() {
            return Ok(());
        }
        let woken = !offline && self.0.core.wake()?;
        let asked = match woken {
            true => self.refresh().await,
            false => self.ask(|reply| Command::Offline(offline, reply)).await,
        };
        asked.map(|_| ())
    }
}

fn online() -> Error {
    Error::new(ErrorKind::Options(vec![Problem {
        field: "offline".to_owned(),
        received: "a client that uses the network".to_owned(),
        allowed: "a client that was started offline".to_owned(),
        suggestion: None,
    }]))
}
