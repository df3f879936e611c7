//! What ties a driver to the handles of its client, and to where flag state comes from.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::audience::Audience;
use super::driver::Command;
use super::poll::Poller;
use super::stream::Streamer;
use crate::cache::Cache;
use crate::error::Result;
use crate::http::{HttpFetch, Limiter};
use crate::snapshot::Made;
use crate::status::{Source, Status};
use crate::store::Store;

/// What a driver shares with the handles of its client.
pub(crate) struct Links {
    pub(crate) store: Store,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) stop: CancellationToken,
    pub(crate) settled: watch::Sender<Option<Result<()>>>,
    pub(crate) status: Arc<watch::Sender<Status>>,
    pub(crate) cache: Option<Cache>,
    pub(crate) audience: Arc<Audience>,
    /// What is forced upon flag state from the disk; the sources see to theirs.
    pub(crate) forced: Option<Arc<Made>>,
    /// For a client that was offline until now: whether its flag state is from the disk.
    pub(crate) resumed: Option<bool>,
}

/// Where flag state comes from.
pub(crate) struct Sources {
    pub(crate) poller: Arc<Poller>,
    pub(crate) limiter: Arc<Limiter>,
    /// Absent when the caller fetches.
    pub(crate) http: Option<Arc<HttpFetch>>,
    /// Present in streaming mode.
    pub(crate) streamer: Option<Arc<Streamer>>,
    /// What flag state from here counts as.
    pub(crate) origin: Source,
}

impl Sources {
    /// Lets go of connections; the next requests begin on new ones.
    pub(super) fn disconnect(&self) {
        if let Some(http) = &self.http {
            http.renew();
        }
    }
}
