//! What stands before every connection: the limiter, and a turn where one connection may do for all.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::Connection;
use tokio::sync::Semaphore;
use tower_layer::Layer;
use tower_service::Service;

use super::limiter;

type BoxError = Box<dyn StdError + Send + Sync>;

/// How long a request that found a connection being made has until its pool hands that one out.
const SETTLING: Duration = Duration::from_millis(250);

/// The longest wait for somebody else's connection.
const PATIENCE: Duration = Duration::from_secs(1);

tokio::task_local! {
    static CONNECTING: Arc<AtomicBool>;
}

/// Runs a request; `connecting` is set when it begins to make a connection.
///
/// A pool races a new connection against one that becomes free, and goes on with the loser in a task of its own, where
/// this is not seen. Both begin in the task of the request, and begin by this.
pub(super) async fn noting<T>(connecting: Arc<AtomicBool>, request: impl Future<Output = T>) -> T {
    CONNECTING.scope(connecting, request).await
}

/// The gate to the connections of one pool.
#[derive(Clone)]
pub(super) struct Gate {
    turns: Arc<Turns>,
}

/// Over HTTP/2 one connection does for all, so that it is made by one while the others wait, and not by all at once.
struct Turns {
    turn: Semaphore,
    patience: Duration,
    /// Connections that many requests share, made so far.
    shared: AtomicU64,
    /// Each request needs a connection of its own.
    exclusive: AtomicBool,
}

/// A connection that was not made, for a better one is there.
#[derive(Debug)]
struct Superseded;

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another connection took its place")
    }
}

impl StdError for Superseded {}

impl Gate {
    /// `may_share` says that the server may turn out to speak HTTP/2.
    pub(super) fn new(may_share: bool, connect_timeout: Duration) -> Self {
        let turns = Turns {
            turn: Semaphore::new(1),
            patience: PATIENCE.min(connect_timeout / 4),
            shared: AtomicU64::new(0),
            exclusive: AtomicBool::new(!may_share),
        };
        Self { turns: Arc::new(turns) }
    }
}

impl Turns {
    async fn take<C: Connection>(&self, connect: impl Future<Output = Result<C, BoxError>>) -> Result<C, BoxError> {
        if self.exclusive.load(Ordering::Acquire) {
            return connect.await;
        }
        let before = self.shared.load(Ordering::Acquire);
        let _turn = tokio::time::timeout(self.patience, self.turn.acquire()).await;
        if self.shared.load(Ordering::Acquire) != before {
            tokio::time::sleep(SETTLING).await;
            return Err(Superseded.into());
        }
        let connection = connect.await?;
        if connection.connected().is_negotiated_h2() {
            self.shared.fetch_add(1, Ordering::AcqRel);
        } else {
            self.exclusive.store(true, Ordering::Release);
        }
        Ok(connection)
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { inner, turns: Arc::clone(&self.turns), admission: Mutex::new(None) }
    }
}

/// Makes connections once there is room for them.
pub(super) struct Gated<S> {
    inner: S,
    turns: Arc<Turns>,
    /// In a mutex that nobody waits for, because the pool wants services that can be shared.
    admission: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl<S: Clone> Clone for Gated<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), turns: Arc::clone(&self.turns), admission: Mutex::new(None) }
    }
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Connection + Send,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    /// Waits for the limiter here, where the time for connecting does not run yet.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let admission = self.admission.get_mut().unwrap_or_else(PoisonError::into_inner);
        let waiting = admission.get_or_insert_with(|| {
            let _ = CONNECTING.try_with(|connecting| connecting.store(true, Ordering::Release));
            Box::pin(limiter::connecting())
        });
        ready!(waiting.as_mut().poll(context));
        self.inner.poll_ready(context).map(|ready| {
            *admission = None;
            ready
        })
    }

    fn call(&mut self, request: R) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let turns = Arc::clone(&self.turns);
        Box::pin(async move { turns.take(async move { inner.call(request).await }).await })
    }
}
