//! Bytes become a snapshot that is ready to be installed, off the threads that drive the connections.

use std::sync::Arc;

use bytes::Bytes;

use super::panic::contain;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::{Change, Compatibility, Made, Snapshot};
use crate::store::Installed;

/// How flag state is read.
#[derive(Clone)]
pub(super) struct Manner {
    compatibility: Option<Compatibility>,
    forced: Option<Arc<Made>>,
}

impl Manner {
    pub(super) fn new(config: &Config) -> Self {
        Self { compatibility: config.server_compatibility, forced: config.forced() }
    }
}

/// A snapshot and what belongs to it.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    /// What the next request sends as `If-None-Match`.
    pub(super) etag: Option<String>,
    /// What it changes; `None` when it is the first.
    pub(super) change: Option<Change>,
}

impl Loaded {
    /// Whether any flag may answer differently than before.
    pub(super) fn changes(&self) -> bool {
        self.change.as_ref().is_none_or(|change| !change.is_empty())
    }

    /// Reads a body and compares it with the snapshot that it is to replace.
    pub(super) fn read(
        body: &[u8],
        etag: Option<String>,
        manner: &Manner,
        installed: Option<&Installed>,
    ) -> Result<Self> {
        let snapshot = Snapshot::parse(body, manner.compatibility)?.forced_by(manner.forced.as_deref());
        let change = installed.map(|installed| snapshot.changed_since(&installed.snapshot));
        let etag = snapshot.digest().map(str::to_owned).or(etag).filter(|etag| !etag.is_empty());
        Ok(Self { snapshot, etag, change })
    }
}

/// Runs `work` on a body where it may take its time; its errors name `place`.
pub(super) async fn off_thread<T: Send + 'static>(
    body: Bytes,
    place: &Arc<str>,
    work: impl FnOnce(&Bytes) -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(move || contain(|| work(&body))).await {
        Ok(Ok(Ok(loaded))) => Ok(loaded),
        Ok(Ok(Err(error))) => Err(error.with_context(Arc::clone(place))),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::new(ErrorKind::Panic).with_context(Arc::clone(place))),
    }
}
