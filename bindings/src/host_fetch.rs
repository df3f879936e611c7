//! The caller's own fetcher as the engine's [`Fetch`]: the request goes to JavaScript, the answer comes back by its id.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use flipt_engine::http::{Fetch, FetchRequest, FetchResponse};
use flipt_engine::{Error, ErrorKind};
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::waiting::Waiting;

pub(crate) type Answer = Result<FetchResponse, Error>;
/// What the fetcher is called with: the request's id and its ETag.
pub(crate) type FetchArgs = FnArgs<(u32, Option<String>)>;

/// What a fetcher's response came to.
#[napi(object, object_to_js = false)]
pub struct Fetched {
    /// The HTTP status.
    pub status: Option<u32>,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Option<Uint8Array>,
    /// Why there is no response.
    pub error: Option<String>,
}

/// The engine's form of an answer.
pub(crate) fn answer(fetched: Fetched) -> Answer {
    let status = fetched.status.and_then(|status| u16::try_from(status).ok());
    match (fetched.error, status) {
        (None, Some(status)) => Ok(FetchResponse {
            status,
            etag: fetched.etag,
            content_type: fetched.content_type,
            retry_after: fetched.retry_after,
            body: fetched.body.map(|body| bytes::Bytes::copy_from_slice(&body)).unwrap_or_default(),
        }),
        (error, _) => {
            let context = error.unwrap_or_else(|| "its response has no status".to_owned());
            Err(Error::new(ErrorKind::Fetcher).with_context(context))
        }
    }
}

/// Asks the host's `fetch`.
pub(crate) struct HostFetch {
    pub(crate) waiting: Arc<Waiting<Answer>>,
    fetch: ThreadsafeFunction<FetchArgs, (), FetchArgs, Status, false, true>,
    abort: ThreadsafeFunction<u32, (), u32, Status, false, true>,
}

impl HostFetch {
    pub(crate) fn new(fetch: &Function<'_, FetchArgs, ()>, abort: &Function<'_, u32, ()>) -> napi::Result<Self> {
        Ok(Self {
            waiting: Arc::default(),
            fetch: fetch.build_threadsafe_function().weak::<true>().build()?,
            abort: abort.build_threadsafe_function().weak::<true>().build()?,
        })
    }
}

impl Fetch for HostFetch {
    fn fetch(&self, request: FetchRequest) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            #[cfg(feature = "test-hooks")]
            crate::hooks::fault("fetch");
            let (id, answer) = self.waiting.begin();
            let _abandoned = Abandoned { fetch: self, id };
            let status = self.fetch.call((id, request.etag).into(), ThreadsafeFunctionCallMode::NonBlocking);
            if status != Status::Ok {
                return Err(Error::new(ErrorKind::Fetcher).with_context("its environment has ended"));
            }
            answer.await.unwrap_or_else(|_| Err(ErrorKind::Closed.into()))
        })
    }
}

/// Tells the host when a request is given up before it was answered.
struct Abandoned<'a> {
    fetch: &'a HostFetch,
    id: u32,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if self.fetch.waiting.abandon(self.id) {
            let _ = self.fetch.abort.call(self.id, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
