//! Who a client says it is: the `Authorization` header of every request, and what happens when it is refused.

use reqwest::header::HeaderValue;

use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Problem, Result};

/// Hands out credentials; one per client, shared by its polls and its stream.
pub(crate) struct Authorizer {
    header: Option<HeaderValue>,
}

/// The credential of one request.
#[derive(Clone)]
pub(crate) struct Ticket {
    header: Option<HeaderValue>,
}

impl Ticket {
    /// The value of `Authorization`, if the client has a credential.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }
}

impl Authorizer {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self { header: config.authentication.as_ref().map(header).transpose()? })
    }

    /// The credential for a request that is about to be sent; obtains one where none is at hand.
    pub(crate) async fn ticket(&self) -> Result<Ticket> {
        Ok(Ticket { header: self.header.clone() })
    }

    /// A request with this ticket got a 401. Another ticket is to be tried once; `None` means that there is none.
    pub(crate) async fn refused(&self, _ticket: &Ticket) -> Result<Option<Ticket>> {
        Ok(None)
    }

    /// A request with this ticket was let in.
    pub(crate) fn worked(&self, _ticket: &Ticket) {}
}

fn header(authentication: &Authentication) -> Result<HeaderValue> {
    let text = format!("{} {}", authentication.scheme(), authentication.secret().expose());
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(ErrorKind::Options(vec![Problem {
            field: "authentication".to_owned(),
            received: "a token that no header can hold".to_owned(),
            allowed: "text that a request can hold".to_owned(),
            suggestion: None,
        }]))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    #[test]
    fn credentials_are_sensitive_and_have_their_scheme() {
        for (authentication, expected) in [
            (Authentication::ClientToken(Secret::new("t0k")), "Bearer t0k"),
            (Authentication::Jwt(Secret::new("a.b.c")), "JWT a.b.c"),
        ] {
            let value = header(&authentication).unwrap();
            assert_eq!(value, expected);
            assert!(value.is_sensitive());
            assert!(!format!("{value:?}").contains("t0k"));
        }
    }
}
