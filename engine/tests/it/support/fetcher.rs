use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flipt_engine::http::{Fetch, FetchFuture, FetchRequest, FetchResponse};
use tokio::sync::watch;

type Script = dyn Fn(usize, FetchRequest) -> FetchFuture<'static> + Send + Sync;

/// A caller's fetch function: is told the number of the call, from 1.
pub(crate) struct Scripted {
    script: Box<Script>,
    calls: AtomicUsize,
    seen: watch::Sender<usize>,
}

impl Scripted {
    pub(crate) fn new(
        script: impl Fn(usize, FetchRequest) -> FetchFuture<'static> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), calls: AtomicUsize::new(0), seen: watch::Sender::new(0) })
    }

    pub(crate) fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) async fn called(&self, count: usize) {
        self.seen.subscribe().wait_for(|seen| *seen >= count).await.unwrap();
    }
}

impl Fetch for Scripted {
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = (self.script)(call, request);
        self.seen.send_replace(call);
        answer
    }
}

/// A 200 response with a body.
pub(crate) fn answer(body: Vec<u8>) -> FetchResponse {
    FetchResponse { status: 200, body: body.into(), ..FetchResponse::default() }
}
