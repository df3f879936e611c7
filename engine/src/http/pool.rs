//! Connections that clients with equal settings share, in the whole process.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Proxy, Url};

use super::connector::{self, Gate};
use super::dns::Resolver;
use super::tls::Tls;
use super::{proxy, redirect, request};
use crate::config::{Config, ProxyUrl};
use crate::error::{Error, ErrorKind, Result, TransportReason};
use crate::redact::Secret;

/// A server allows 250 on a connection, and more than it allows would wait for one another.
const STREAMS_PER_CONNECTION: usize = 100;

/// HTTP/1.1 connections that are kept after a request.
const IDLE: usize = 8;

/// Below the idle limits of most of what stands in between.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// What one response may send before it is read; a connection has room for all its streams, so that none holds up others.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 100 * STREAM_WINDOW;

static POOLS: Mutex<Vec<Weak<Pool>>> = Mutex::new(Vec::new());

/// What decides over a connection. Clients whose routes are equal share connections.
#[derive(Clone)]
pub(super) struct Route {
    origin: String,
    secure: bool,
    tls: Arc<Tls>,
    proxy: Option<ProxyUrl>,
    connect_timeout: Duration,
    resolver: Resolver,
}

/// What connections are used for; the two never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Requests that are answered.
    Polls,
    /// Responses that never end.
    Streams,
}

/// The connections of one route; gone with the last seat.
struct Pool {
    route: Route,
    purpose: Purpose,
    current: Mutex<Generation>,
}

/// The connections that requests begin on, until they are given up for new ones.
#[derive(Clone)]
struct Generation {
    number: u64,
    client: Client,
}

/// One client's share of a pool.
pub(super) struct Seat {
    pool: Arc<Pool>,
    /// The generation that this client's last request was on.
    used: AtomicU64,
}

/// One request's way through a pool.
pub(super) struct Passage {
    seat: Arc<Seat>,
    generation: Generation,
    connecting: Arc<AtomicBool>,
}

impl Route {
    /// The way to a server.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] with what cannot be used of `tlsConfig` or `proxy`.
    pub(super) fn new(config: &Config, server: &Url, resolver: Resolver, warnings: &mut Vec<String>) -> Result<Self> {
        let proxy = proxy::choose(config, server, warnings)?;
        let secure = server.scheme() == "https";
        let needs_roots = secure || proxy.as_ref().is_some_and(ProxyUrl::is_secure);
        let tls = Tls::shared(config, needs_roots, warnings)?;
        let origin = server.origin().ascii_serialization();
        Ok(Self { origin, secure, tls, proxy, connect_timeout: config.connect_timeout, resolver })
    }

    /// The proxy on the way, if there is one.
    pub(super) fn proxy(&self) -> Option<&ProxyUrl> {
        self.proxy.as_ref()
    }

    /// Whether a proxy reads the requests and answers them, instead of passing bytes on.
    pub(super) fn is_forwarded(&self) -> bool {
        self.proxy.is_some() && !self.secure
    }

    fn client(&self, purpose: Purpose) -> Result<Client> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.config())
            .connector_layer(Gate::new(self.secure, self.connect_timeout))
            .dns_resolver(self.resolver.clone())
            .redirect(redirect::same_origin())
            .retry(reqwest::retry::never())
            .user_agent(request::USER_AGENT)
            .referer(false)
            .no_proxy()
            .gzip(true)
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(KEEP_ALIVE)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .pool_max_idle_per_host(IDLE);
        let builder = match purpose {
            Purpose::Polls => builder,
            // A connection counts as idle from the last stream's beginning, however long that one goes on.
            Purpose::Streams => builder.pool_idle_timeout(None),
        };
        let builder = match &self.proxy {
            Some(proxy) => builder.proxy(through(proxy)?),
            None => builder,
        };
        builder.build().map_err(|_| unusable())
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin
            && Arc::ptr_eq(&self.tls, &other.tls)
            && self.proxy == other.proxy
            && self.connect_timeout == other.connect_timeout
            && self.resolver.is_same(&other.resolver)
    }
}

fn through(proxy: &ProxyUrl) -> Result<Proxy> {
    let through = Proxy::all(proxy.address()).map_err(|_| unusable())?;
    let Some(credentials) = proxy.authorization().map(Secret::expose) else { return Ok(through) };
    let mut header = HeaderValue::from_str(credentials).map_err(|_| unusable())?;
    header.set_sensitive(true);
    Ok(through.custom_http_auth(header))
}

fn unusable() -> Error {
    Error::new(ErrorKind::Transport(TransportReason::Connection)).with_context("no HTTP set-up")
}

impl Purpose {
    fn seats(self) -> usize {
        match self {
            Self::Polls => usize::MAX,
            Self::Streams => STREAMS_PER_CONNECTION,
        }
    }
}

impl Pool {
    fn new(route: &Route, purpose: Purpose) -> Result<Self> {
        let first = Generation { number: 1, client: route.client(purpose)? };
        Ok(Self { route: route.clone(), purpose, current: Mutex::new(first) })
    }

    /// Lets requests begin on new connections, unless others have seen to that already. Those that are on their way end
    /// undisturbed.
    fn renew(&self, number: u64) {
        let mut current = lock(&self.current);
        if current.number != number {
            return;
        }
        // Without another client the old one has to do.
        let Ok(client) = self.route.client(self.purpose) else { return };
        let old = std::mem::replace(&mut *current, Generation { number: number + 1, client });
        drop(current);
        drop(old);
    }
}

impl Seat {
    /// A share of the connections of a route, made when there is none with room.
    pub(super) fn take(route: &Route, purpose: Purpose) -> Result<Arc<Self>> {
        let mut pools = lock(&POOLS);
        // The one that is looked at counts itself.
        let has_room = |pool: &Arc<Pool>| {
            pool.purpose == purpose && pool.route == *route && Arc::strong_count(pool) <= purpose.seats()
        };
        let pool = match pools.iter().filter_map(Weak::upgrade).find(has_room) {
            Some(pool) => pool,
            None => {
                let pool = Arc::new(Pool::new(route, purpose)?);
                pools.retain(|pool| pool.strong_count() > 0);
                pools.push(Arc::downgrade(&pool));
                pool
            }
        };
        Ok(Arc::new(Self { pool, used: AtomicU64::new(0) }))
    }

    /// The way for a request that is about to be sent.
    pub(super) fn passage(self: &Arc<Self>) -> Passage {
        let generation = lock(&self.pool.current).clone();
        self.used.store(generation.number, Ordering::Release);
        Passage { seat: Arc::clone(self), generation, connecting: Arc::default() }
    }

    /// Whether the two are in one pool.
    #[cfg(test)]
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pool, &other.pool)
    }

    /// Gives up the connections that this client's last request was on.
    pub(super) fn renew(&self) {
        self.pool.renew(self.used.load(Ordering::Acquire));
    }
}

impl Passage {
    pub(super) fn client(&self) -> &Client {
        &self.generation.client
    }

    /// Runs the request.
    pub(super) async fn run<T>(&self, request: impl Future<Output = T>) -> T {
        connector::noting(Arc::clone(&self.connecting), request).await
    }

    /// Whether the request found a connection that was open before.
    pub(super) fn found_open(&self) -> bool {
        !self.connecting.load(Ordering::Acquire)
    }

    /// Lets no further request begin on the connection that this one found and that may be dead.
    pub(super) fn give_up(&self) {
        if self.found_open() {
            self.seat.pool.renew(self.generation.number);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
