use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::load::{Loaded, Manner, off_thread};
use crate::config::Config;
use crate::error::{Error, ErrorKind, ResponseReason, Result, TransportReason};
use crate::http::{Fetch, FetchRequest, FetchResponse};
use crate::store::Installed;

/// Makes conditional requests and reads their answers.
pub(crate) struct Poller {
    fetch: Arc<dyn Fetch>,
    place: Arc<str>,
    manner: Manner,
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

impl Poller {
    /// `place` is what messages name as the other side.
    pub(crate) fn new(config: &Config, fetch: Arc<dyn Fetch>, place: &str) -> Self {
        Self {
            fetch,
            place: place.into(),
            manner: Manner::new(config),
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
        let manner = self.manner.clone();
        let read = move |body: &Bytes| Loaded::read(body, etag, &manner, installed.as_deref());
        off_thread(body, &self.place, read).await
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_context(Arc::clone(&self.place))
    }
}
