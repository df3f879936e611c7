use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::timeout;

use super::exchange::{Exchange, Exchanged};
use super::lifetime::expiry;
use super::rotation::{Obtained, Purpose, Renewal};
use super::token_file::{Content, TokenFile};
use crate::config::{
    Authentication, CredentialReason, CredentialRequest, CredentialSource, Kubernetes, Token, flaw, place,
};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::redact::Secret;

/// The schemes of the `Authorization` header; the server insists on the case.
const BEARER: &str = "Bearer";
const JWT: &str = "JWT";

const IN_FILE: &str = "the token file holds";

/// Where the token of a slot comes from.
pub(super) enum Supply {
    /// It is known.
    Fixed(HeaderValue),
    /// A function of the caller has it.
    Function { scheme: &'static str, source: Arc<dyn CredentialSource> },
    /// It is in a file.
    File(TokenFile),
    /// The server gives it for what is in a file.
    Exchanged(TokenFile, Arc<dyn Exchange>),
}

/// A supply, what messages call it, and how long it may take.
pub(super) struct Supplier {
    field: String,
    limit: Duration,
    supply: Supply,
}

/// The suppliers of a list of credentials: one each, but two for Kubernetes, whose second way is tried when the server
/// does not take the first.
pub(super) fn suppliers(
    list: &[Authentication],
    limit: Duration,
    exchange: &Arc<dyn Exchange>,
) -> Result<Vec<Supplier>> {
    let mut suppliers = Vec::new();
    for (index, authentication) in list.iter().enumerate() {
        let field = authentication.field(&place(index, list.len()));
        let mut add = |supply| suppliers.push(Supplier { field: field.clone(), limit, supply });
        match authentication {
            Authentication::ClientToken(token) => add(supply(token, BEARER, &field)?),
            Authentication::Jwt(token) => add(supply(token, JWT, &field)?),
            Authentication::Kubernetes(Kubernetes { token_path }) => {
                add(Supply::File(TokenFile::new(token_path)));
                add(Supply::Exchanged(TokenFile::new(token_path), Arc::clone(exchange)));
            }
        }
    }
    Ok(suppliers)
}

fn supply(token: &Token, scheme: &'static str, field: &str) -> Result<Supply> {
    match token {
        Token::Source(source) => Ok(Supply::Function { scheme, source: Arc::clone(source) }),
        Token::Fixed(secret) => header(scheme, secret).map(Supply::Fixed).map_err(|received| {
            Error::new(ErrorKind::Options(vec![Problem {
                field: field.to_owned(),
                received: received.to_owned(),
                allowed: "text that a request can hold".to_owned(),
                suggestion: None,
            }]))
        }),
    }
}

impl Supplier {
    /// What the rotation needs to know of it: whether there may be another token, and the one that is known already.
    pub(super) fn slot(&self) -> (Renewal, Option<HeaderValue>) {
        match &self.supply {
            Supply::Fixed(header) => (Renewal::Never, Some(header.clone())),
            Supply::Function { .. } | Supply::Exchanged(..) => (Renewal::Asked, None),
            Supply::File(_) => (Renewal::Watched, None),
        }
    }

    /// Asks for a token. Dropping the future cancels it.
    pub(super) async fn obtain(&self, purpose: Purpose) -> Result<Obtained> {
        match timeout(self.limit, self.ask(purpose)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.failure(&format!("no answer within {} ms", self.limit.as_millis()))),
        }
    }

    async fn ask(&self, purpose: Purpose) -> Result<Obtained> {
        match &self.supply {
            Supply::Fixed(_) => Ok(Obtained::Same),
            Supply::Function { scheme, source } => {
                let request = CredentialRequest::new(reason(purpose));
                let secret = source.obtain(request).await.map_err(|error| self.caused(&error))?;
                let expires = if *scheme == JWT { expiry(secret.expose()) } else { None };
                self.token(scheme, &secret, expires, "the function answered with")
            }
            Supply::File(file) => match self.read(file, purpose == Purpose::Look).await? {
                Some(secret) => self.token(JWT, &secret, expiry(secret.expose()), IN_FILE),
                None => Ok(Obtained::Same),
            },
            Supply::Exchanged(file, exchange) => match self.read(file, false).await? {
                Some(secret) => match exchange.exchange(&secret).await {
                    Ok(Exchanged::Given { token, expires }) => self.token(BEARER, &token, expires, "the exchange gave"),
                    Ok(Exchanged::Refused) => Ok(Obtained::Refused),
                    Err(error) => Err(self.failure("the exchange failed").with_source(error)),
                },
                None => Ok(Obtained::Same),
            },
        }
    }

    /// The token in a file, or nothing when only a change is of interest and there is none.
    async fn read(&self, file: &TokenFile, only_changed: bool) -> Result<Option<Secret>> {
        match file.read(only_changed).await {
            Ok(Content::Unchanged) => Ok(None),
            Ok(Content::Token(secret)) => match flaw(secret.expose()) {
                Some(flaw) => Err(self.failure(&format!("{IN_FILE} {flaw}"))),
                None => Ok(Some(secret)),
            },
            Err(error) => Err(self.failure("the token file could not be read").with_source(error)),
        }
    }

    fn token(&self, scheme: &str, secret: &Secret, expires: Option<Duration>, who: &str) -> Result<Obtained> {
        match header(scheme, secret) {
            Ok(header) => Ok(Obtained::Token { header, expires }),
            Err(flaw) => Err(self.failure(&format!("{who} {flaw}"))),
        }
    }

    /// Of another kind's error nothing is repeated: its author did not know that it would be shown.
    fn caused(&self, error: &Error) -> Error {
        match (error.kind(), error.context()) {
            (ErrorKind::Credential, Some(context)) => self.failure(context),
            _ => self.failure("the function failed"),
        }
    }

    fn failure(&self, what: &str) -> Error {
        Error::new(ErrorKind::Credential).with_context(format!("{}: {what}", self.field))
    }
}

fn reason(purpose: Purpose) -> CredentialReason {
    match purpose {
        Purpose::Initial => CredentialReason::Initial,
        Purpose::Unauthorized => CredentialReason::Unauthorized,
        Purpose::Expiring | Purpose::Look => CredentialReason::Expiring,
    }
}

fn header(scheme: &str, secret: &Secret) -> std::result::Result<HeaderValue, &'static str> {
    if let Some(flaw) = flaw(secret.expose()) {
        return Err(flaw);
    }
    let text = format!("{scheme} {}", secret.expose());
    let mut header = HeaderValue::from_str(&text).map_err(|_| "text with characters that a header cannot hold")?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sensitive_and_have_their_scheme() {
        for (scheme, secret, expected) in [(BEARER, "t0k", "Bearer t0k"), (JWT, "a.t0k.c", "JWT a.t0k.c")] {
            let value = header(scheme, &Secret::new(secret)).unwrap();
            assert_eq!(value, expected);
            assert!(value.is_sensitive());
            assert!(!format!("{value:?}").contains("t0k"));
        }
    }
}
