use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::time::timeout;

use super::auth::{Authorizer, HttpExchange};
use super::stream::{Opening, StreamBody, is_flipts};
use super::{Fetch, FetchFuture, FetchRequest, FetchResponse, body, dns, failure, limiter, redirect, request, tls};
use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Result, TransportReason};
use crate::redact::SafeUrl;

/// The built-in [`Fetch`]: HTTP/1.1 or HTTP/2 by ALPN, gzip, our own TLS trust, no proxy.
///
/// It bounds connecting, each attempt and the body's size.
pub struct HttpFetch {
    client: Client,
    authorizer: Authorizer,
    url: Url,
    stream_url: Url,
    place: String,
    max_body: usize,
    request_timeout: Duration,
}

impl HttpFetch {
    /// Prepares the requests of a client.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] for texts that cannot be sent, [`TransportReason::Tls`] when TLS cannot be set up.
    pub fn new(config: &Config) -> Result<Self> {
        let url = request::snapshot_url(config)?;
        let place = SafeUrl::new(&url).host_and_port();
        let unusable = || Error::new(ErrorKind::Transport(TransportReason::Tls)).with_context("no TLS set-up");
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config().map_err(|_| unusable())?)
            .default_headers(request::headers(config)?)
            .dns_resolver(dns::system())
            .redirect(redirect::same_origin())
            .referer(false)
            .no_proxy()
            .gzip(true)
            .connect_timeout(config.connect_timeout)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|_| unusable())?;
        let exchange = HttpExchange::new(client.clone(), config, &place)?;
        let authorizer = Authorizer::new(config, Arc::new(exchange))?;
        let stream_url = request::stream_url(config)?;
        let (max_body, request_timeout) = (config.max_snapshot_bytes, config.request_timeout);
        Ok(Self { client, authorizer, url, stream_url, place, max_body, request_timeout })
    }

    /// Host and port, as messages name them.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Puts other credentials in force, beginning with the next request.
    pub(crate) fn update_authentication(&self, authentication: &[Authentication]) -> Result<()> {
        self.authorizer.replace(authentication)
    }

    async fn request(&self, request: FetchRequest) -> Result<FetchResponse> {
        // An ETag that cannot be a header cannot have been one; the request then goes unconditionally.
        let etag = request.etag.and_then(|etag| HeaderValue::from_bytes(etag.as_bytes()).ok());
        self.authorized(|credential| async {
            let mut builder = self.get(self.url.clone(), credential);
            if let Some(etag) = &etag {
                builder = builder.header(IF_NONE_MATCH, etag.clone());
            }
            let late = |_| Error::new(ErrorKind::Transport(TransportReason::Timeout)).with_context(&*self.place);
            let response = timeout(self.request_timeout, self.answer(builder)).await.map_err(late)??;
            Ok((response.status, response))
        })
        .await
    }

    /// Asks for a stream; pending until the server writes its first message, which may take hours.
    pub(crate) async fn open_stream(&self, digest: Option<&str>) -> Result<Opening> {
        let mut url = self.stream_url.clone();
        if let Some(digest) = digest {
            url.query_pairs_mut().append_pair("digest", digest);
        }
        self.authorized(|credential| async {
            let response = self.send(self.get(url.clone(), credential)).await?;
            let status = response.status().as_u16();
            if status == 200 {
                return Ok((status, Opening::Open(StreamBody::new(response, self.place.clone()))));
            }
            let retry_after = header(&response, &RETRY_AFTER);
            Ok((status, Opening::Refused { status, retry_after, from_flipt: is_flipts(response).await }))
        })
        .await
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

    fn get(&self, url: Url, credential: Option<HeaderValue>) -> RequestBuilder {
        let request = self.client.get(url);
        match credential {
            Some(credential) => request.header(AUTHORIZATION, credential),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<FetchResponse> {
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        let [etag, content_type, retry_after] = [ETAG, CONTENT_TYPE, RETRY_AFTER].map(|name| header(&response, &name));
        let body = match status {
            200 => body::read(response, self.max_body, &self.place).await?,
            401 => {
                body::discard(response).await;
                bytes::Bytes::new()
            }
            _ => bytes::Bytes::new(),
        };
        Ok(FetchResponse { status, etag, content_type, retry_after, body })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        request.send().await.map_err(|error| failure::of_request(&error, &self.place))
    }
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
