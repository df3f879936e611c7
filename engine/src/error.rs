//! What can go wrong, as one [`Error`] with a stable [code](Error::code).

mod reasons;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use reasons::{ResponseReason, SnapshotReason, StreamReason, TransportReason};

use crate::features::Finding;

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything the engine reports, cheap to clone so that one failure can reach every waiter.
///
/// Messages are lower case, say what failed and which thing, and never hold a credential,
/// a query string or user info.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    context: Option<Arc<str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of failure; each has one [code](ErrorKind::code).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Options that cannot be used; every bad field is listed.
    Options(Vec<Problem>),
    /// The client was closed.
    Closed,
    /// No flag state has been loaded yet.
    NotReady,
    /// The snapshot has no such flag.
    FlagNotFound {
        /// The namespace that was asked.
        namespace: String,
        /// The key that was asked for.
        flag: String,
    },
    /// The flag exists but is not of the kind that was asked for.
    FlagType {
        /// The key that was asked for.
        flag: String,
        /// What the caller wanted: `boolean` or `variant`.
        wanted: &'static str,
    },
    /// The flag's definition could not be read; other flags are unaffected.
    FlagInvalid {
        /// The key that was asked for.
        flag: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Feature files that cannot be used; everything wrong with them is listed.
    Source(Vec<Finding>),
    /// A portable snapshot text that cannot be imported.
    Snapshot(SnapshotReason),
    /// A response body that is not a snapshot.
    Response(ResponseReason),
    /// An HTTP status other than 200 and 304.
    Status(u16),
    /// The request never produced a complete response.
    Transport(TransportReason),
    /// A stream that cannot be read on.
    Stream(StreamReason),
    /// No credential could be obtained: the caller's function, the token file or the exchange failed.
    Credential,
    /// The caller's own fetch function failed.
    Fetcher,
    /// The first load did not finish in time.
    InitTimeout(Duration),
    /// A bug in the engine, contained.
    Panic,
}

/// One bad field: what it is called, what was received and what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field, for example `retry.maxRetries`.
    pub field: String,
    /// What was received, described without ever repeating a secret.
    pub received: String,
    /// What is allowed.
    pub allowed: String,
    /// The known name closest to an unknown one.
    pub suggestion: Option<String>,
}

/// Every code with the kind of error it is raised as in JavaScript, in alphabetical order.
pub const CODES: &[(&str, &str)] = &[
    ("FLIPT_ARGUMENT_INVALID", "ValidationError"),
    ("FLIPT_CALL_ABORTED", "FliptError"),
    ("FLIPT_CLIENT_CLOSED", "FliptError"),
    ("FLIPT_CLIENT_NOT_READY", "EvaluationError"),
    ("FLIPT_CONNECTION_FAILED", "NetworkError"),
    ("FLIPT_CONTEXT_INVALID", "ValidationError"),
    ("FLIPT_CREDENTIAL_FAILED", "SecurityError"),
    ("FLIPT_DNS_FAILED", "NetworkError"),
    ("FLIPT_FETCHER_FAILED", "NetworkError"),
    ("FLIPT_FLAG_INVALID", "EvaluationError"),
    ("FLIPT_FLAG_NOT_FOUND", "EvaluationError"),
    ("FLIPT_FLAG_TYPE_MISMATCH", "EvaluationError"),
    ("FLIPT_INIT_ABORTED", "InitializationError"),
    ("FLIPT_INIT_TIMEOUT", "InitializationError"),
    ("FLIPT_INTERNAL_PANIC", "FliptError"),
    ("FLIPT_NAMESPACE_NOT_FOUND", "NetworkError"),
    ("FLIPT_NATIVE_LOAD", "InitializationError"),
    ("FLIPT_OPTION_INVALID", "ValidationError"),
    ("FLIPT_PROXY_FAILED", "NetworkError"),
    ("FLIPT_REDIRECT_REFUSED", "SecurityError"),
    ("FLIPT_REQUEST_TIMEOUT", "NetworkError"),
    ("FLIPT_RESPONSE_INVALID", "NetworkError"),
    ("FLIPT_RESPONSE_TOO_LARGE", "NetworkError"),
    ("FLIPT_RESPONSE_UNEXPECTED", "NetworkError"),
    ("FLIPT_SERVER_FAILED", "NetworkError"),
    ("FLIPT_SERVER_FORBIDDEN", "SecurityError"),
    ("FLIPT_SERVER_RATE_LIMITED", "NetworkError"),
    ("FLIPT_SERVER_UNAUTHENTICATED", "SecurityError"),
    ("FLIPT_SNAPSHOT_INVALID", "ValidationError"),
    ("FLIPT_SNAPSHOT_MISMATCH", "ValidationError"),
    ("FLIPT_SNAPSHOT_UNSUPPORTED", "ValidationError"),
    ("FLIPT_SOURCE_INVALID", "ValidationError"),
    ("FLIPT_STREAM_FAILED", "NetworkError"),
    ("FLIPT_TLS_FAILED", "SecurityError"),
];

impl ErrorKind {
    /// The stable code of this kind, as [`CODES`] lists it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Options(_) => "FLIPT_OPTION_INVALID",
            Self::Closed => "FLIPT_CLIENT_CLOSED",
            Self::NotReady => "FLIPT_CLIENT_NOT_READY",
            Self::FlagNotFound { .. } => "FLIPT_FLAG_NOT_FOUND",
            Self::FlagType { .. } => "FLIPT_FLAG_TYPE_MISMATCH",
            Self::FlagInvalid { .. } => "FLIPT_FLAG_INVALID",
            Self::Source(_) => "FLIPT_SOURCE_INVALID",
            Self::Snapshot(SnapshotReason::Version) => "FLIPT_SNAPSHOT_UNSUPPORTED",
            Self::Snapshot(SnapshotReason::Namespace) => "FLIPT_SNAPSHOT_MISMATCH",
            Self::Snapshot(_) => "FLIPT_SNAPSHOT_INVALID",
            Self::Response(ResponseReason::TooLarge) => "FLIPT_RESPONSE_TOO_LARGE",
            Self::Response(_) => "FLIPT_RESPONSE_INVALID",
            Self::Status(401) => "FLIPT_SERVER_UNAUTHENTICATED",
            Self::Status(403) => "FLIPT_SERVER_FORBIDDEN",
            Self::Status(404) => "FLIPT_NAMESPACE_NOT_FOUND",
            Self::Status(429) => "FLIPT_SERVER_RATE_LIMITED",
            Self::Status(500..=599) => "FLIPT_SERVER_FAILED",
            Self::Status(_) => "FLIPT_RESPONSE_UNEXPECTED",
            Self::Transport(TransportReason::Dns) => "FLIPT_DNS_FAILED",
            Self::Transport(TransportReason::Connection) => "FLIPT_CONNECTION_FAILED",
            Self::Transport(TransportReason::Tls) => "FLIPT_TLS_FAILED",
            Self::Transport(TransportReason::Timeout) => "FLIPT_REQUEST_TIMEOUT",
            Self::Transport(TransportReason::Redirect) => "FLIPT_REDIRECT_REFUSED",
            Self::Transport(TransportReason::Proxy) => "FLIPT_PROXY_FAILED",
            Self::Stream(_) => "FLIPT_STREAM_FAILED",
            Self::Credential => "FLIPT_CREDENTIAL_FAILED",
            Self::Fetcher => "FLIPT_FETCHER_FAILED",
            Self::InitTimeout(_) => "FLIPT_INIT_TIMEOUT",
            Self::Panic => "FLIPT_INTERNAL_PANIC",
        }
    }

    /// Whether the same request may succeed if it is made again soon.
    ///
    /// True for 429, 502, 503, 504, for transport failures that pass, and for a failing caller's fetch function.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 429 | 502 | 503 | 504),
            Self::Transport(reason) => !matches!(reason, TransportReason::Tls | TransportReason::Redirect),
            Self::Stream(_) | Self::Fetcher | Self::Credential | Self::InitTimeout(_) => true,
            _ => false,
        }
    }
}

impl Error {
    /// An error of a kind, without further detail.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, context: None, source: None }
    }

    /// Adds what exactly failed; the text must hold no credential and no query string.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<Arc<str>>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds the error underneath, returned by [`source`](StdError::source).
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What exactly failed, if that was added.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The stable code, `FLIPT_<NOUN>_<PROBLEM>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Whether the same request may succeed if it is made again soon.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.kind.retryable()
    }
}

impl From<StreamReason> for Error {
    fn from(reason: StreamReason) -> Self {
        Self::new(ErrorKind::Stream(reason))
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.context {
            Some(context) => write!(f, ": {context}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(problems) => {
                f.write_str("invalid options: ")?;
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        f.write_str("; ")?;
                    }
                    problem.fmt(f)?;
                }
                Ok(())
            }
            Self::Closed => f.write_str("the client is closed"),
            Self::NotReady => f.write_str("no flag state has been loaded yet"),
            Self::FlagNotFound { namespace, flag } => {
                write!(f, "invalid request: failed to get flag information {namespace}/{flag}")
            }
            Self::FlagType { flag, wanted } => write!(f, "invalid request: {flag} is not a {wanted} flag"),
            Self::FlagInvalid { flag, reason } => write!(f, "invalid request: flag {flag} cannot be read: {reason}"),
            Self::Source(findings) => reasons::of_files(findings, f),
            Self::Snapshot(reason) => reason.fmt(f),
            Self::Response(reason) => reason.fmt(f),
            Self::Status(401) => f.write_str("the server did not accept the credentials (401)"),
            Self::Status(403) => f.write_str("the server refused access (403)"),
            Self::Status(404) => f.write_str("the server does not know this namespace or environment (404)"),
            Self::Status(429) => f.write_str("the server asks for fewer requests (429)"),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::Transport(reason) => reason.fmt(f),
            Self::Stream(reason) => reason.fmt(f),
            Self::Credential => f.write_str("no credential could be obtained"),
            Self::Fetcher => f.write_str("the fetcher failed"),
            Self::InitTimeout(after) => {
                write!(f, "no flag state was loaded within {} ms", after.as_millis())
            }
            Self::Panic => f.write_str("internal error"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: received {}, allowed is {}", self.field, self.received, self.allowed)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " (did you mean {suggestion}?)"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_holds_every_code_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let kinds = [
            ErrorKind::Closed,
            ErrorKind::Status(418),
            ErrorKind::Status(503),
            ErrorKind::Transport(TransportReason::Redirect),
            ErrorKind::Snapshot(SnapshotReason::Version),
        ];
        for kind in kinds {
            assert!(CODES.iter().any(|(code, _)| *code == kind.code()), "{}", kind.code());
        }
    }

    #[test]
    fn messages_name_what_failed() {
        let error = Error::new(ErrorKind::Status(503)).with_context("127.0.0.1:8080");
        assert_eq!(error.to_string(), "the server answered with status 503: 127.0.0.1:8080");
        assert!(error.retryable());
    }
}
