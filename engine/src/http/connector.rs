//! What stands before every connection: the limiter, and a turn where one connection may do for all.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::Connection;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::limiter;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The time within which a pool hands out a connection that was made for all.
const SETTLING: Duration = Duration::from_secs(1);

/// The longest wait for somebody else's connection; a quarter of the time for connecting where that is less.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// When a connection that many requests share was made last.
    shared: Mutex<Option<Instant>>,
    /// Each request needs a connection of its own.
    exclusive: AtomicBool,
}

/// A connection that was not made: its request got another one.
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
            shared: Mutex::new(None),
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
        let turn = tokio::time::timeout(self.patience, self.settled_turn()).await;
        if !is_wanted() {
            return Err(Superseded.into());
        }
        if self.exclusive.load(Ordering::Acquire) {
            drop(turn);
            return connect.await;
        }
        let connection = connect.await?;
        if connection.connected().is_negotiated_h2() {
            *lock(&self.shared) = Some(now());
        } else {
            self.exclusive.store(true, Ordering::Release);
        }
        Ok(connection)
    }

    /// A turn at a moment when no connection is about to be handed out to all who wait.
    async fn settled_turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        loop {
            let turn = self.turn.acquire().await?;
            let settled = lock(&self.shared).map(|made| made + SETTLING);
            match settled.filter(|settled| *settled > now()) {
                Some(settled) => {
                    drop(turn);
                    tokio::time::sleep_until(settled).await;
                }
                None => return Ok(turn),
            }
        }
    }
}

/// Whether the request still waits for this connection, and not a pool that would keep it for later.
fn is_wanted() -> bool {
    CONNECTING.try_with(|_| ()).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "measures how old a connection is, and decides over nothing else")]
fn now() -> Instant {
    Instant::now()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests start tasks and read the clock")]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use hyper_util::client::legacy::connect::Connected;

    use super::*;
    use crate::http::Limiter;

    /// A connection that many requests share, or not.
    #[derive(Debug)]
    struct Fake {
        shared: bool,
    }

    impl Connection for Fake {
        fn connected(&self) -> Connected {
            if self.shared { Connected::new().negotiated_h2() } else { Connected::new() }
        }
    }

    /// Connects after a while; counts.
    #[derive(Clone)]
    struct Connector {
        shared: bool,
        made: Arc<AtomicUsize>,
    }

    impl Connector {
        fn new(shared: bool) -> Self {
            Self { shared, made: Arc::default() }
        }

        fn made(&self) -> usize {
            self.made.load(Ordering::SeqCst)
        }
    }

    impl Service<()> for Connector {
        type Response = Fake;
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<Fake, BoxError>> + Send>>;

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _request: ()) -> Self::Future {
            let (shared, made) = (self.shared, Arc::clone(&self.made));
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                made.fetch_add(1, Ordering::SeqCst);
                Ok(Fake { shared })
            })
        }
    }

    async fn connect(mut gated: Gated<Connector>) -> Result<Fake, BoxError> {
        std::future::poll_fn(|context| gated.poll_ready(context)).await?;
        gated.call(()).await
    }

    /// A request that still waits for its connection.
    async fn wanting(gated: Gated<Connector>) -> Result<Fake, BoxError> {
        noting(Arc::default(), connect(gated)).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_connection_is_made_where_it_does_for_all() {
        let connector = Connector::new(true);
        let gated = Gate::new(true, Duration::from_secs(60)).layer(connector.clone());
        let first = tokio::spawn(wanting(gated.clone()));
        tokio::task::yield_now().await;
        // Their requests are served by the pool before it is their turn.
        let others: Vec<_> = (0..10).map(|_| tokio::spawn(connect(gated.clone()))).collect();
        assert!(first.await.unwrap().is_ok());
        for other in others {
            assert!(other.await.unwrap().is_err());
        }
        assert_eq!(connector.made(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_too_soon_for_the_pool_waits_and_connects_when_that_was_in_vain() {
        let connector = Connector::new(true);
        let gated = Gate::new(true, Duration::from_secs(60)).layer(connector.clone());
        let mut made = Vec::new();
        for _ in 0..3 {
            wanting(gated.clone()).await.unwrap();
            made.push(now());
        }
        assert!(made.windows(2).all(|two| two[1] - two[0] >= SETTLING));
        assert_eq!(connector.made(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn all_are_made_where_each_request_needs_its_own() {
        for may_share in [true, false] {
            let connector = Connector::new(false);
            let gated = Gate::new(may_share, Duration::from_secs(60)).layer(connector.clone());
            let begun = now();
            let connecting: Vec<_> = (0..10).map(|_| tokio::spawn(wanting(gated.clone()))).collect();
            for connecting in connecting {
                assert!(connecting.await.unwrap().is_ok());
            }
            assert_eq!(connector.made(), 10);
            assert!(begun.elapsed() < Duration::from_millis(250), "the others wait for the first at most");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_too_long_holds_nobody_up_for_ever() {
        let connector = Connector::new(true);
        let gated = Gate::new(true, Duration::from_millis(40)).layer(connector.clone());
        let (first, second) = tokio::join!(wanting(gated.clone()), wanting(gated));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(connector.made(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limiter_holds_back_before_the_time_for_connecting_runs_and_the_request_is_noted() {
        let limiter = Limiter::new();
        let connector = Connector::new(false);
        let mut gated = Gate::new(false, Duration::from_secs(60)).layer(connector.clone());
        let connecting = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&connecting);
        let request = async {
            let begun = now();
            for _ in 0..10 {
                limiter::connecting().await;
            }
            assert_eq!(begun.elapsed(), Duration::ZERO);
            noting(noted, std::future::poll_fn(|context| gated.poll_ready(context))).await.unwrap();
            assert!(begun.elapsed() >= Duration::from_secs(10));
            assert_eq!(limiter::connections(), 11);
            assert_eq!(connector.made(), 0);
            gated.call(()).await.unwrap();
        };
        limiter.attempt(false, false, request).await;
        assert!(connecting.load(Ordering::SeqCst));
        assert_eq!(connector.made(), 1);
    }
}
