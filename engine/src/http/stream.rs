use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;

use super::failure;
use super::pool::Seat;
use crate::error::Result;

/// What the server made of the wish for a stream.
pub(crate) enum Opening {
    /// It streams.
    Open(StreamBody),
    /// It answered with another status than 200.
    Refused {
        /// The status.
        status: u16,
        /// The `Retry-After` header.
        retry_after: Option<String>,
        /// Whether the body is an error of Flipt's, and not a page of whatever stands in between.
        from_flipt: bool,
    },
}

/// The body of a stream as it arrives, decompressed.
pub(crate) struct StreamBody {
    response: Response,
    /// Counts on its connection for as long as it lasts.
    _seat: Arc<Seat>,
    way: String,
}

impl StreamBody {
    pub(super) fn new(response: Response, seat: Arc<Seat>, way: String) -> Self {
        Self { response, _seat: seat, way }
    }

    /// The next bytes; `None` at the orderly end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.response.chunk().await.map_err(|error| failure::of_body(error, &self.way))
    }
}

/// The largest body of a refusal that is looked at.
const REFUSAL_BYTES: usize = 64 * 1024;

/// The longest that such a body is waited for.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// Whether a body is one of Flipt's errors: an object with a `code`, by itself or under `error`.
pub(super) async fn is_flipts(response: Response) -> bool {
    let body = tokio::time::timeout(REFUSAL_TIME, refusal(response)).await;
    let Ok(Some(body)) = body else { return false };
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(&body) else { return false };
    value.get("error").unwrap_or(&value).get("code").is_some_and(serde_json::Value::is_number)
}

async fn refusal(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > REFUSAL_BYTES {
            return None;
        }
    }
    Some(body)
}
