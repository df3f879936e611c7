use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::auth::{Authorizer, Ticket};
use super::stream::{Opening, StreamBody, is_flipts};
use super::{Fetch, FetchFuture, FetchRequest, FetchResponse, body, dns, failure, limiter, redirect, request, tls};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result, TransportReason};
use crate::redact::SafeUrl;

/// The built-in [`Fetch`]: HTTP/1.1 or HTTP/2 by ALPN, gzip, our own TLS trust, no proxy.
///
/// It bounds connecting and the body's size; the whole attempt is bounded by the client.
pub struct HttpFetch {
    client: Client,
    authorizer: Authorizer,
    url: Url,
    stream_url: Url,
    place: String,
    max_body: usize,
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
        let authorizer = Authorizer::new(config)?;
        let stream_url = request::stream_url(config)?;
        Ok(Self { client, authorizer, url, stream_url, place, max_body: config.max_snapshot_bytes })
    }

    /// Host and port, as messages name them.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    async fn request(&self, request: FetchRequest) -> Result<FetchResponse> {
        let mut builder = self.client.get(self.url.clone());
        // An ETag that cannot be a header cannot have been one; the request then goes unconditionally.
        if let Some(etag) = request.etag.and_then(|etag| HeaderValue::from_bytes(etag.as_bytes()).ok()) {
            builder = builder.header(IF_NONE_MATCH, etag);
        }
        let response = self.send(builder).await?;
        let status = response.status().as_u16();
        let [etag, content_type, retry_after] = [ETAG, CONTENT_TYPE, RETRY_AFTER].map(|name| header(&response, &name));
        let body = match status {
            200 => body::read(response, self.max_body, &self.place).await?,
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
        let response = self.send(self.client.get(url)).await?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(Opening::Open(StreamBody::new(response, self.place.clone())));
        }
        let retry_after = header(&response, &RETRY_AFTER);
        Ok(Opening::Refused { status, retry_after, from_flipt: is_flipts(response).await })
    }

    /// Sends a request with the client's credential; a refused one is replaced once.
    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let ticket = self.authorizer.ticket().await?;
        let again = request.try_clone();
        let response = self.send_as(request, &ticket).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match (self.authorizer.refused(&ticket).await?, again) {
            (Some(ticket), Some(request)) => {
                limiter::repeating().await;
                self.send_as(request, &ticket).await
            }
            _ => Ok(response),
        }
    }

    async fn send_as(&self, mut request: RequestBuilder, ticket: &Ticket) -> Result<Response> {
        if let Some(credential) = ticket.header() {
            request = request.header(AUTHORIZATION, credential);
        }
        let response = request.send().await.map_err(|error| failure::of_request(&error, &self.place))?;
        if response.status() != StatusCode::UNAUTHORIZED {
            self.authorizer.worked(ticket);
        }
        Ok(response)
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
}
