use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, ResponseReason, Result};
use crate::http::pool::Seat;
use crate::http::{body, failure, limiter};
use crate::redact::Secret;
use crate::snapshot::datetime;

/// The largest answer that is looked at, in bytes.
const LARGEST: usize = 64 * 1024;

/// Flipt v1's way to authenticate a pod: it gives a client token for the token of a service account.
pub(crate) trait Exchange: Send + Sync + 'static {
    fn exchange<'a>(&'a self, token: &'a Secret) -> ExchangeFuture<'a>;
}

/// What [`Exchange::exchange`] returns.
pub(crate) type ExchangeFuture<'a> = Pin<Box<dyn Future<Output = Result<Exchanged>> + Send + 'a>>;

/// What the server made of a token.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// Another one, and when that expires, since 1970.
    Given { token: Secret, expires: Option<Duration> },
    /// Nothing: it does not accept the token, or does not exchange any.
    Refused,
}

/// The exchange over HTTP.
pub(crate) struct HttpExchange {
    seat: Arc<Seat>,
    headers: HeaderMap,
    url: Url,
    place: String,
}

impl HttpExchange {
    /// Goes over the connections that the polls use, and says who asks with their headers.
    pub(in crate::http) fn new(seat: Arc<Seat>, headers: HeaderMap, url: Url, place: &str) -> Self {
        Self { seat, headers, url, place: place.to_owned() }
    }

    async fn post(&self, token: &Secret) -> Result<Exchanged> {
        let body = serde_json::json!({ "service_account_token": token.expose() }).to_string();
        let passage = self.seat.passage();
        let request = passage.client().post(self.url.clone()).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        limiter::repeating().await;
        let response = passage.run(request.send()).await.map_err(|error| failure::of_request(&error, &self.place))?;
        match response.status().as_u16() {
            200 => answer(&body::read(response, LARGEST, &self.place).await?).map_err(|e| e.with_context(&*self.place)),
            400..=428 | 501 => Ok(Exchanged::Refused),
            status => Err(Error::new(ErrorKind::Status(status)).with_context(&*self.place)),
        }
    }
}

impl Exchange for HttpExchange {
    fn exchange<'a>(&'a self, token: &'a Secret) -> ExchangeFuture<'a> {
        Box::pin(self.post(token))
    }
}

fn answer(body: &[u8]) -> Result<Exchanged> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        client_token: String,
        authentication: Option<Details>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Details {
        expires_at: Option<String>,
    }
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| Error::new(ErrorKind::Response(ResponseReason::NotJson)))?;
    let expires = answer.authentication.and_then(|details| since_1970(&details.expires_at?));
    Ok(Exchanged::Given { token: Secret::new(answer.client_token), expires })
}

fn since_1970(text: &str) -> Option<Duration> {
    let (seconds, nanos) = datetime::parse(text)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_token_and_may_have_an_end() {
        for (body, expires) in [
            (
                r#"{"clientToken":"hunter2","authentication":{"expiresAt":"2001-09-09T01:46:40.5Z","id":"x"}}"#,
                Some(Duration::from_millis(1_000_000_000_500)),
            ),
            (r#"{"clientToken":"hunter2","authentication":{"expiresAt":null}}"#, None),
            (r#"{"clientToken":"hunter2","authentication":{"expiresAt":"never"}}"#, None),
            (r#"{"clientToken":"hunter2","authentication":null}"#, None),
            (r#"{"clientToken":"hunter2"}"#, None),
        ] {
            let Exchanged::Given { token, expires: read } = answer(body.as_bytes()).unwrap() else { panic!("{body}") };
            assert_eq!((token.expose(), read), ("hunter2", expires), "{body}");
            assert!(!format!("{:?}", answer(body.as_bytes())).contains("hunter2"));
        }
    }

    #[test]
    fn anything_else_is_an_error_that_repeats_nothing() {
        for body in ["", "hunter2", r#"{"token":"hunter2"}"#, r#"{"clientToken":["hunter2"]}"#] {
            let error = answer(body.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
