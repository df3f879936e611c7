//! Requests to the snapshot endpoint and the stream: bytes in, bytes out. Knows no snapshots and no schedule.

mod auth;
mod body;
mod connector;
mod dns;
mod failure;
mod fetch;
mod limiter;
mod pool;
mod proxy;
mod redirect;
mod request;
mod stream;
mod tls;
mod way;

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
pub use dns::{Lookup, Resolver};
pub use fetch::HttpFetch;
pub(crate) use limiter::Limiter;
pub(crate) use stream::{Opening, StreamBody};

use crate::error::Result;

/// Where snapshot bodies come from: the built-in [`HttpFetch`], or a function of the caller.
///
/// Schedule, retries, deadlines and conditional requests belong to the client and are the same for every implementation.
pub trait Fetch: Send + Sync + 'static {
    /// Makes one request. Dropping the future cancels it.
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_>;

    /// Whether each attempt ends at the request's deadline by itself; the client sees to that otherwise.
    fn keeps_deadlines(&self) -> bool {
        false
    }
}

/// What [`Fetch::fetch`] returns.
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<FetchResponse>> + Send + 'a>>;

/// One request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchRequest {
    /// To be sent as `If-None-Match`, byte for byte.
    pub etag: Option<String>,
}

/// One response, of whatever status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchResponse {
    /// The HTTP status.
    pub status: u16,
    /// The `ETag` header as it came.
    pub etag: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The body, decompressed; empty unless the status is 200.
    pub body: Bytes,
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests start tasks")]
mod tests;
