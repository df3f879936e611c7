use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, Url};
use tokio::time::timeout;

use super::auth::{Authorizer, HttpExchange};
use super::dns::{Resolver, is_loopback};
use super::pool::{Purpose, Route, Seat};
use super::stream::{Opening, StreamBody, is_flipts};
use super::way::Way;
use super::{Fetch, FetchFuture, FetchRequest, FetchResponse, body, failure, limiter, request};
use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Result, TransportReason};
use crate::redact::SafeUrl;

/// The built-in [`Fetch`]: HTTP/1.1 or HTTP/2 by ALPN, gzip, our own TLS trust, through a proxy where one is wanted.
///
/// Clients with equal settings share connections. It bounds connecting, each attempt and the body's size.
pub struct HttpFetch {
    route: Route,
    polls: Arc<Seat>,
    stream: Mutex<Option<Arc<Seat>>>,
    authorizer: Authorizer,
    headers: HeaderMap,
    url: Url,
    stream_url: Url,
    place: String,
    way: String,
    max_body: usize,
    request_timeout: Duration,
    warnings: Vec<String>,
}

/// What is sent, but for the credential.
struct Outgoing {
    url: Url,
    headers: HeaderMap,
}

impl HttpFetch {
    /// Prepares the requests of a client; reads the certificates and keys that its options name.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] for texts that cannot be sent and for what cannot be used of `tlsConfig` and `proxy`,
    /// [`TransportReason::Tls`] when TLS cannot be set up.
    pub fn new(config: &Config) -> Result<Self> {
        Self::with_resolver(config, Resolver::system())
    }

    /// The same with another way to find the addresses of hosts than asking the operating system.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_resolver(config: &Config, resolver: Resolver) -> Result<Self> {
        let url = request::snapshot_url(config)?;
        let mut warnings = Vec::new();
        let route = Route::new(config, &url, resolver, &mut warnings)?;
        let place = SafeUrl::new(&url).host_and_port();
        if !config.authentication.is_empty() && url.scheme() == "http" && !is_this_machine(&url) {
            warnings.push(format!("credentials are sent without encryption, over plain http, to {place}"));
        }
        let way = match route.proxy() {
            Some(proxy) => format!("{place} through the proxy {}", proxy.place()),
            None => place.clone(),
        };
        let polls = Seat::take(&route, Purpose::Polls)?;
        let headers = request::headers(config)?;
        let exchange = HttpExchange::new(Arc::clone(&polls), headers.clone(), request::exchange_url(config)?, &way);
        Ok(Self {
            polls,
            stream: Mutex::default(),
            authorizer: Authorizer::new(config, Arc::new(exchange))?,
            headers,
            stream_url: request::stream_url(config)?,
            max_body: config.max_snapshot_bytes,
            request_timeout: config.request_timeout,
            route,
            url,
            place,
            way,
            warnings,
        })
    }

    /// Host and port, as messages name them.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is dangerous or ignored in the settings, each in a line for a log.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Lets the next requests of this client begin on new connections. Those on their way end undisturbed, also those of
    /// other clients.
    pub fn renew(&self) {
        self.polls.renew();
        if let Some(seat) = &*self.stream.lock().unwrap_or_else(PoisonError::into_inner) {
            seat.renew();
        }
    }

    /// Puts other credentials in force, beginning with the next request.
    pub(crate) fn update_authentication(&self, authentication: &[Authentication]) -> Result<()> {
        self.authorizer.replace(authentication)
    }

    async fn request(&self, request: FetchRequest) -> Result<FetchResponse> {
        let mut outgoing = Outgoing { url: self.url.clone(), headers: self.headers.clone() };
        // An ETag that cannot be a header cannot have been one; the request then goes unconditionally.
        if let Some(etag) = request.etag.and_then(|etag| HeaderValue::from_bytes(etag.as_bytes()).ok()) {
            outgoing.headers.insert(IF_NONE_MATCH, etag);
        }
        self.authorized(|credential| async {
            let mut way = Way::new(&self.polls);
            let late =
                || Err(Error::new(ErrorKind::Transport(TransportReason::Timeout)).with_context(self.way.as_str()));
            let answer = timeout(self.request_timeout, self.answer(&outgoing, &mut way, credential)).await;
            let answer = way.ended(answer.unwrap_or_else(|_| late()))?;
            Ok((answer.status, answer))
        })
        .await
    }

    async fn answer(
        &self,
        outgoing: &Outgoing,
        way: &mut Way,
        credential: Option<HeaderValue>,
    ) -> Result<FetchResponse> {
        let response = self.send(outgoing, way, credential).await?;
        let status = response.status().as_u16();
        let [etag, content_type, retry_after] = [ETAG, CONTENT_TYPE, RETRY_AFTER].map(|name| header(&response, &name));
        let body = match status {
            200 => body::read(response, self.max_body, &self.way).await?,
            401 => {
                body::discard(response).await;
                bytes::Bytes::new()
            }
            _ => bytes::Bytes::new(),
        };
        Ok(FetchResponse { status, etag, content_type, retry_after, body })
    }

    /// Asks for a stream; pending until the server writes its first message, which may take hours.
    pub(crate) async fn open_stream(&self, digest: Option<&str>) -> Result<Opening> {
        let mut url = self.stream_url.clone();
        if let Some(digest) = digest {
            url.query_pairs_mut().append_pair("digest", digest);
        }
        let outgoing = Outgoing { url, headers: self.headers.clone() };
        self.authorized(|credential| async {
            let opening = self.open(&outgoing, credential).await?;
            let status = match &opening {
                Opening::Open(_) => 200,
                Opening::Refused { status, .. } => *status,
            };
            Ok((status, opening))
        })
        .await
    }

    async fn open(&self, outgoing: &Outgoing, credential: Option<HeaderValue>) -> Result<Opening> {
        let seat = self.stream_seat()?;
        let mut way = Way::new(&seat);
        let response = self.send(outgoing, &mut way, credential).await;
        let response = way.ended(response)?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(Opening::Open(StreamBody::new(response, seat, self.way.clone())));
        }
        let retry_after = header(&response, &RETRY_AFTER);
        let from_flipt = is_flipts(response).await;
        // A client without a stream keeps no place from others, and no connection open.
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Opening::Refused { status, retry_after, from_flipt })
    }

    fn stream_seat(&self) -> Result<Arc<Seat>> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = match &*stream {
            Some(seat) => Arc::clone(seat),
            None => Seat::take(&self.route, Purpose::Streams)?,
        };
        *stream = Some(Arc::clone(&seat));
        Ok(seat)
    }

    /// Makes a request with the client's credential, and again with another one for as long as the server refuses it
    /// and there is another.
    async fn authorized<T, F>(&self, attempt: impl Fn(Option<HeaderValue>) -> F) -> Result<T>
    where
        F: Future<Output = Result<(u16, T)>>,
    {
        let mut ticket = self.authorizer.ticket().await?;
        loop {
            let (status, answer) = attempt(ticket.header().cloned()).await?;
            match status {
                200 | 304 => self.authorizer.worked(&ticket),
                401 => {
                    if let Some(next) = self.authorizer.refused(&ticket).await? {
                        limiter::repeating().await;
                        ticket = next;
                        continue;
                    }
                }
                _ => {}
            }
            return Ok(answer);
        }
    }

    /// Sends a request, at once again when the connection that it found turns out to be dead.
    async fn send(&self, outgoing: &Outgoing, way: &mut Way, credential: Option<HeaderValue>) -> Result<Response> {
        match self.attempt(outgoing, way, credential.as_ref()).await {
            Err(error) if way.was_dead(&error) => {
                limiter::repeating().await;
                self.attempt(outgoing, way, credential.as_ref()).await
            }
            result => result,
        }
    }

    async fn attempt(&self, outgoing: &Outgoing, way: &mut Way, credential: Option<&HeaderValue>) -> Result<Response> {
        let passage = way.begin();
        let mut builder = passage.client().get(outgoing.url.clone()).headers(outgoing.headers.clone());
        if let Some(credential) = credential {
            builder = builder.header(AUTHORIZATION, credential);
        }
        let response = passage.run(builder.send()).await.map_err(|error| failure::of_request(&error, &self.way))?;
        if self.route.is_forwarded() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Error::new(ErrorKind::Transport(TransportReason::Proxy)).with_context(self.way.as_str()));
        }
        Ok(response)
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(|_| is_loopback(host), |address| address.is_loopback())
}

/// A header as text; one that is not text is as good as absent.
fn header(response: &Response, name: &HeaderName) -> Option<String> {
    response.headers().get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::to_owned)
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetch").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_> {
        Box::pin(self.request(request))
    }

    fn keeps_deadlines(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Token;
    use crate::redact::Secret;

    #[test]
    fn credentials_without_encryption_warn_beyond_this_machine() {
        for (url, warns) in [
            ("http://flags.example", true),
            ("http://10.0.0.1:8080", true),
            ("http://localhost.example", true),
            ("http://[fe80::1]", true),
            ("https://flags.example", false),
            ("http://localhost:8080", false),
            ("http://flags.localhost", false),
            ("http://127.0.0.1", false),
            ("http://127.200.0.1:8080", false),
            ("http://[::1]:8080", false),
        ] {
            let mut config = Config { url: url.parse().unwrap(), ..Config::default() };
            assert!(HttpFetch::new(&config).unwrap().warnings().is_empty(), "{url}");
            config.authentication = vec![Authentication::ClientToken(Token::Fixed(Secret::new("hunter2")))];
            let fetch = HttpFetch::new(&config).unwrap();
            assert_eq!(fetch.warnings().len(), usize::from(warns), "{url}");
            assert!(!fetch.warnings().concat().contains("hunter2"));
        }
    }
}
