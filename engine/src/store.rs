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

/// Reads the snapshot in force; cheap to clone, takes no lock. Clones belong to one handle and are closed together.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// Whether the handle was closed that reads here; others may go on.
    is_shut: Arc<AtomicBool>,
}

/// Replaces the snapshot in force; there is one per client.
#[derive(Debug)]
pub struct StoreWriter(Arc<Shared>);

/// Makes an empty store and its only writer.
#[must_use]
pub fn store() -> (StoreWriter, Store) {
    let shared = Arc::new(Shared::default());
    (StoreWriter(Arc::clone(&shared)), Store { shared, is_shut: Arc::default() })
}

impl Store {
    /// The snapshot in force, if one was ever installed and the client is open.
    #[must_use]
    pub fn load(&self) -> Guard<Option<Arc<Installed>>> {
        if self.is_shut.load(Ordering::Acquire) { Guard::from_inner(None) } else { self.shared.installed.load() }
    }

    /// The snapshot in force, kept alive by the caller.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`], and [`ErrorKind::NotReady`] before the first one was installed.
    pub fn installed(&self) -> Result<Arc<Installed>> {
        match &*self.load() {
            Some(installed) => Ok(Arc::clone(installed)),
            None if self.is_closed() => Err(ErrorKind::Closed.into()),
            None => Err(ErrorKind::NotReady.into()),
        }
    }

    /// Whether the client was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_shut.load(Ordering::Acquire) || self.shared.closed.load(Ordering::Acquire)
    }

    /// Whether the snapshot in force counts as stale.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.shared.stale.load(Ordering::Relaxed)
    }

    /// Says so. Only the task that keeps the snapshot current knows.
    #[cfg(feature = "sync")]
    pub(crate) fn set_stale(&self, stale: bool) {
        self.shared.stale.store(stale, Ordering::Relaxed);
    }

    /// The same flag state for another handle, which is closed by itself.
    #[cfg(feature = "sync")]
    pub(crate) fn handle(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_shut: Arc::default() }
    }

    /// Ends reading at once, for this handle alone; `false` when that was done before.
    #[cfg(feature = "sync")]
    pub(crate) fn shut(&self) -> bool {
        !self.is_shut.swap(true, Ordering::AcqRel)
    }

    /// Ends reading at once, for every handle, and releases the snapshot. Idempotent.
    #[cfg(feature = "sync")]
    pub(crate) fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.installed.store(None);
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
