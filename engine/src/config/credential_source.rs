use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::error::Result;
use crate::redact::Secret;

/// Where a token comes from that is not known beforehand: a function of the caller.
///
/// When it is asked, how long it may take and how long its answer is kept belong to the client.
pub trait CredentialSource: Send + Sync + 'static {
    /// Obtains a token. Dropping the future cancels it.
    ///
    /// # Errors
    /// Whatever keeps it from answering. The context of a [`Credential`](crate::ErrorKind::Credential) error reaches
    /// messages and must hold no secret; of any other error nothing does.
    fn obtain(&self, request: CredentialRequest) -> CredentialFuture<'_>;
}

/// What [`CredentialSource::obtain`] returns.
pub type CredentialFuture<'a> = Pin<Box<dyn Future<Output = Result<Secret>> + Send + 'a>>;

/// What a source is told when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialRequest {
    /// Why it is asked.
    pub reason: CredentialReason,
}

impl CredentialRequest {
    /// A request for this reason.
    #[must_use]
    pub fn new(reason: CredentialReason) -> Self {
        Self { reason }
    }
}

/// Why a source is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialReason {
    /// There is none yet.
    Initial,
    /// The server refused the last one.
    Unauthorized,
    /// The last one is a JSON web token that expires soon, or has.
    Expiring,
}

impl fmt::Display for CredentialReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initial => "initial",
            Self::Unauthorized => "unauthorized",
            Self::Expiring => "expiring",
        })
    }
}
