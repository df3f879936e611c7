use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lines::{LineDecoder, TooLong};
use super::load::{Loaded, Manner, off_thread};
use super::machine::{Absence, Attempt};
use crate::config::Config;
use crate::error::{Error, ErrorKind, ResponseReason, Result, StreamReason};
use crate::http::{HttpFetch, Limiter, Opening, StreamBody};
use crate::store::Store;

/// What a line has beside its snapshot.
const ENVELOPE_BYTES: usize = 256;

/// The length of the digests that the stream endpoint takes.
const DIGEST_LENGTH: usize = 40;

/// Opens streams.
pub(crate) struct Streamer {
    http: Arc<HttpFetch>,
    limiter: Arc<Limiter>,
    place: Arc<str>,
    manner: Manner,
    idle: Duration,
    max_bytes: usize,
}

/// What a stream brought.
pub(super) enum News {
    Message(Message),
    /// Nothing, for as long as it may be silent.
    Idle,
    /// Its end.
    Failed {
        error: Error,
        /// The `Retry-After` header, if the server sent one.
        retry_after: Option<String>,
        absence: Absence,
    },
}

/// Flag state of a stream.
pub(super) enum Message {
    /// That which is in force.
    Current,
    Loaded(Box<Loaded>),
}

/// A stream on its way: the future of the next news, which gives the stream back unless it has ended.
pub(super) type NextNews = Pin<Box<dyn Future<Output = (News, Option<Reading>)> + Send>>;

/// One stream, being read.
pub(super) struct Reading {
    streamer: Arc<Streamer>,
    store: Store,
    body: StreamBody,
    lines: LineDecoder,
}

impl Streamer {
    pub(crate) fn new(config: &Config, http: Arc<HttpFetch>, limiter: Arc<Limiter>) -> Self {
        Self {
            place: http.place().into(),
            http,
            limiter,
            manner: Manner::new(config),
            idle: config.stream_idle_timeout,
            max_bytes: config.max_snapshot_bytes,
        }
    }

    /// Opens a stream and reads its first message.
    pub(super) fn open(self: Arc<Self>, attempt: Attempt, store: Store) -> NextNews {
        Box::pin(async move {
            let etag = store.load().as_ref().and_then(|installed| installed.etag.clone());
            let digest = etag.filter(|etag| is_digest(etag));
            let opening = async { tokio::time::timeout(self.idle, self.http.open_stream(digest.as_deref())).await };
            let body = match self.limiter.attempt(attempt == Attempt::Repeated, false, opening).await {
                Err(_) => return (News::Idle, None),
                Ok(Err(error)) => return (News::failed(error), None),
                Ok(Ok(Opening::Refused { status, retry_after, from_flipt })) => {
                    return (self.refused(status, retry_after, from_flipt), None);
                }
                Ok(Ok(Opening::Open(body))) => body,
            };
            let lines = LineDecoder::new(self.max_bytes.saturating_add(ENVELOPE_BYTES));
            Reading { streamer: self, store, body, lines }.next().await
        })
    }

    fn refused(&self, status: u16, retry_after: Option<String>, from_flipt: bool) -> News {
        let absence = match status {
            501 => Absence::Certain,
            404 if !from_flipt => Absence::Possible,
            _ => Absence::Unlikely,
        };
        let kind = match absence {
            Absence::Unlikely => ErrorKind::Status(status),
            Absence::Possible | Absence::Certain => ErrorKind::Stream(StreamReason::Unsupported),
        };
        News::Failed { error: self.error(kind), retry_after, absence }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).with_context(Arc::clone(&self.place))
    }
}

impl News {
    fn failed(error: Error) -> Self {
        Self::Failed { error, retry_after: None, absence: Absence::Unlikely }
    }
}

impl Reading {
    /// Reads on until there is a message or the stream ends.
    pub(super) async fn next(mut self) -> (News, Option<Self>) {
        loop {
            match self.lines.next_line() {
                Some(Ok(line)) => {
                    return match self.read(line).await {
                        Ok(message) => (News::Message(message), Some(self)),
                        Err(error) => (News::failed(error), None),
                    };
                }
                Some(Err(TooLong)) => {
                    let kind = ErrorKind::Response(ResponseReason::TooLarge);
                    return (News::failed(self.streamer.error(kind)), None);
                }
                None => {}
            }
            match tokio::time::timeout(self.streamer.idle, self.body.chunk()).await {
                Err(_) => return (News::Idle, None),
                Ok(Err(error)) => return (News::failed(error), None),
                Ok(Ok(None)) => {
                    return (News::failed(self.streamer.error(ErrorKind::Stream(StreamReason::Ended))), None);
                }
                Ok(Ok(Some(chunk))) => self.lines.push(&chunk),
            }
        }
    }

    async fn read(&self, line: Bytes) -> Result<Message> {
        let manner = self.streamer.manner.clone();
        let max_bytes = self.streamer.max_bytes;
        let store = self.store.clone();
        let read = move |line: &Bytes| {
            let installed = store.load().clone();
            let read = |text: &[u8]| match text.len() > max_bytes {
                true => Err(ErrorKind::Response(ResponseReason::TooLarge).into()),
                false => Loaded::read(text, None, &manner, installed.as_deref()),
            };
            let loaded = match usual(line).map(read) {
                Some(Ok(loaded)) => loaded,
                _ => read(envelope(line)?.as_bytes())?,
            };
            let current = installed.is_some_and(|installed| loaded.etag.is_some() && installed.etag == loaded.etag);
            Ok(if current { Message::Current } else { Message::Loaded(Box::new(loaded)) })
        };
        off_thread(line, &self.streamer.place, read).await
    }
}

fn is_digest(etag: &str) -> bool {
    etag.len() == DIGEST_LENGTH && etag.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is the snapshot of a line as servers write it, if it is JSON by itself: such a line need not be read twice.
fn usual(line: &[u8]) -> Option<&[u8]> {
    line.trim_ascii().strip_prefix(br#"{"result":"#)?.strip_suffix(b"}")
}

/// Takes a line apart into the text of its snapshot, or the error that the server sent instead.
fn envelope(line: &[u8]) -> Result<&str> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        result: Option<&'a RawValue>,
        error: Option<Refusal>,
    }
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        code: i64,
    }
    match serde_json::from_slice(line) {
        Ok(Line { error: Some(Refusal { code }), .. }) => Err(StreamReason::Refused(code).into()),
        Ok(Line { result: Some(result), .. }) => Ok(result.get()),
        _ => Err(StreamReason::Line.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_forty_hexadecimal_characters() {
        assert!(is_digest("0123456789abcdefABCDEF0123456789abcdef01"));
        for other in ["", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef0123456g", "W/\"1\""] {
            assert!(!is_digest(other), "{other}");
        }
    }

    #[test]
    fn a_line_that_holds_more_than_a_snapshot_is_no_usual_one() {
        let is_json = |line: &[u8]| usual(line).is_some_and(|text| serde_json::from_slice::<&RawValue>(text).is_ok());
        assert_eq!(usual(b" {\"result\":{\"flags\":[]}}\r"), Some(&br#"{"flags":[]}"#[..]));
        assert!(is_json(br#"{"result": {"flags":[]} }"#));
        for line in [
            r#"{"result":{},"error":{"code":14}}"#,
            r#"{"result":{}"#,
            r#"{"result":}"#,
            r#"{"error":{"code":14},"result":{}}"#,
            r#"{ "result":{}}"#,
            "",
        ] {
            assert!(!is_json(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_line_is_a_snapshot_or_an_error() {
        assert_eq!(envelope(br#"{"result":{"flags":[]}}"#).unwrap(), r#"{"flags":[]}"#);
        assert_eq!(envelope(br#"{"result":{"a":1},"error":null,"more":2}"#).unwrap(), r#"{"a":1}"#);
        for (line, reason) in [
            (r#"{"error":{"code":14,"message":"secret","details":[]}}"#, StreamReason::Refused(14)),
            (r#"{"error":{}}"#, StreamReason::Refused(0)),
            (r#"{"result":null}"#, StreamReason::Line),
            (r#"{"result":{}"#, StreamReason::Line),
            ("{}", StreamReason::Line),
            ("<html>", StreamReason::Line),
            ("[]", StreamReason::Line),
        ] {
            let error = envelope(line.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Stream(reason), "{line}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
