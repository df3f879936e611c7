use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::panic::contain;
use crate::config::Config;
use crate::error::{Error, ErrorKind, ResponseReason, Result, TransportReason};
use crate::http::{Fetch, FetchRequest, FetchResponse};
use crate::snapshot::{Compatibility, Snapshot};
use crate::store::Installed;

/// Makes conditional requests and reads their answers.
pub(crate) struct Poller {
    fetch: Arc<dyn Fetch>,
    place: Arc<str>,
    compatibility: Option<Compatibility>,
    timeout: Duration,
    max_bytes: usize,
}

/// What one request came to.
pub(super) enum Outcome {
    /// The server has nothing newer than what is installed.
    NotModified,
    /// The server sent a snapshot.
    Loaded(Loaded),
    /// Nothing usable arrived.
    Failed {
        error: Error,
        /// The `Retry-After` header, if the server sent one.
        retry_after: Option<String>,
    },
}

/// A snapshot and what belongs to it.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    /// What the next request sends as `If-None-Match`.
    pub(super) etag: Option<String>,
    /// Whether any flag may answer differently than in the snapshot before.
    pub(super) changed: bool,
}

impl Poller {
    /// `place` is what messages name as the other side.
    pub(crate) fn new(config: &Config, fetch: Arc<dyn Fetch>, place: &str) -> Self {
        Self {
            fetch,
            place: place.into(),
            compatibility: config.server_compatibility,
            timeout: config.request_timeout,
            max_bytes: config.max_snapshot_bytes,
        }
    }

    /// One conditional request; each attempt at it is bounded by the request timeout from its start to its last byte.
    pub(super) async fn poll(self: Arc<Self>, installed: Option<Arc<Installed>>) -> Outcome {
        let etag = installed.as_ref().and_then(|installed| installed.etag.clone());
        let conditional = etag.is_some();
        let request = self.fetch.fetch(FetchRequest { etag });
        let answer = match self.fetch.keeps_deadlines() {
            true => Ok(request.await),
            false => tokio::time::timeout(self.timeout, request).await,
        };
        let failed = |error, retry_after| Outcome::Failed { error, retry_after };
        match answer {
            Err(_) => failed(self.error(ErrorKind::Transport(TransportReason::Timeout)), None),
            Ok(Err(error)) => failed(error, None),
            Ok(Ok(response)) => match response.status {
                304 if conditional => Outcome::NotModified,
                200 => self.read(response, installed).await.map_or_else(|error| failed(error, None), Outcome::Loaded),
                status => failed(self.error(ErrorKind::Status(status)), response.retry_after),
            },
        }
    }

    async fn read(&self, response: FetchResponse, installed: Option<Arc<Installed>>) -> Result<Loaded> {
        let FetchResponse { etag, content_type, body, .. } = response;
        if body.len() > self.max_bytes {
            return Err(self.error(ErrorKind::Response(ResponseReason::TooLarge)));
        }
        if content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html")) {
            return Err(self.error(ErrorKind::Response(ResponseReason::Html)));
        }
        let compatibility = self.compatibility;
        let parsing = tokio::task::spawn_blocking(move || contain(|| parse(&body, etag, compatibility, installed)));
        match parsing.await {
            Ok(Ok(Ok(loaded))) => Ok(loaded),
            Ok(Ok(Err(error))) => Err(error.with_context(Arc::clone(&self.place))),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.error(ErrorKind::Panic)),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_context(Arc::clone(&self.place))
    }
}

fn parse(
    body: &Bytes,
    etag: Option<String>,
    compatibility: Option<Compatibility>,
    installed: Option<Arc<Installed>>,
) -> Result<Loaded> {
    let snapshot = Snapshot::parse(body, compatibility)?;
    let changed = installed.is_none_or(|installed| !snapshot.changed_since(&installed.snapshot).is_empty());
    let etag = snapshot.digest().map(str::to_owned).or(etag).filter(|etag| !etag.is_empty());
    Ok(Loaded { snapshot, etag, changed })
}
