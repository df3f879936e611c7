//! Where the current snapshot lives: one [`StoreWriter`] replaces it, every [`Store`] reads it without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::{ArcSwapOption, Guard};

use crate::error::{ErrorKind, Result};
use crate::snapshot::Snapshot;

/// Generations are unique in the process and never reused.
static NEXT_GENERATION: AtomicU64 = AtomicU64::new(1);

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many installed snapshots are in memory, for tests of what is released.
#[must_use]
pub fn live_snapshots() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// A snapshot in force, together with what belongs to it and to nothing else.
#[derive(Debug)]
pub struct Installed {
    /// Unique in the process, different for every installed snapshot.
    pub generation: u64,
    /// What to send as `If-None-Match`: the body's digest, else the response's ETag as it came.
    pub etag: Option<String>,
    /// The flags.
    pub snapshot: Snapshot,
}

impl Installed {
    fn new(snapshot: Snapshot, etag: Option<String>) -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self { generation: NEXT_GENERATION.fetch_add(1, Ordering::Relaxed), etag, snapshot }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Shared {
    installed: ArcSwapOption<Installed>,
    closed: AtomicBool,
    stale: AtomicBool,
}

/// Reads the snapshot in force; cheap to clone, takes no lock.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

/// Replaces the snapshot in force; there is one per client.
#[derive(Debug)]
pub struct StoreWriter(Arc<Shared>);

/// Makes an empty store and its only writer.
#[must_use]
pub fn store() -> (StoreWriter, Store) {
    let shared = Arc::new(Shared::default());
    (StoreWriter(Arc::clone(&shared)), Store(shared))
}

impl Store {
    /// The snapshot in force, if one was ever installed and the client is open.
    #[must_use]
    pub fn load(&self) -> Guard<Option<Arc<Installed>>> {
        self.0.installed.load()
    }

    /// The snapshot in force, kept alive by the caller.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`], and [`ErrorKind::NotReady`] before the first one was installed.
    pub fn installed(&self) -> Result<Arc<Installed>> {
        match self.0.installed.load_full() {
            Some(installed) => Ok(installed),
            None if self.is_closed() => Err(ErrorKind::Closed.into()),
            None => Err(ErrorKind::NotReady.into()),
        }
    }

    /// Whether the client was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Whether the snapshot in force counts as stale.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.stale.load(Ordering::Relaxed)
    }

    /// Says so. Only the task that keeps the snapshot current knows.
    #[cfg(feature = "sync")]
    pub(crate) fn set_stale(&self, stale: bool) {
        self.0.stale.store(stale, Ordering::Relaxed);
    }

    /// Ends reading at once and releases the snapshot. Idempotent; only `Client::close` calls it.
    #[cfg(feature = "sync")]
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.installed.store(None);
    }
}

impl StoreWriter {
    /// Puts a snapshot and its ETag in force together, and returns what was in force before: taking a large one apart
    /// may wait. Does nothing once the store is closed.
    pub fn install(&self, snapshot: Snapshot, etag: Option<String>) -> Option<Arc<Installed>> {
        let replaced = self.0.installed.swap(Some(Arc::new(Installed::new(snapshot, etag))));
        if self.0.closed.load(Ordering::Acquire) {
            self.0.installed.store(None);
        }
        replaced
    }
}
