use super::reader::{Reader, problem};
use crate::error::Problem;
use crate::redact::Secret;

const FIELDS: &[&str] = &["clientToken", "jwtToken"];
const ALLOWED: &str = "{ clientToken } or { jwtToken }, exactly one of them";

/// A credential that is sent with every request and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// A client token, sent as `Authorization: Bearer <token>`.
    ClientToken(Secret),
    /// A JSON web token, sent as `Authorization: JWT <token>`.
    Jwt(Secret),
}

const ALLOWED_TOKEN: &str = "text that is not empty, in visible ASCII characters without line breaks";

impl Authentication {
    /// The scheme of the `Authorization` header; the server insists on the case.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::ClientToken(_) => "Bearer",
            Self::Jwt(_) => "JWT",
        }
    }

    pub(crate) fn secret(&self) -> &Secret {
        match self {
            Self::ClientToken(secret) | Self::Jwt(secret) => secret,
        }
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        let field = match self {
            Self::ClientToken(_) => "authentication.clientToken",
            Self::Jwt(_) => "authentication.jwtToken",
        };
        if let Some(received) = flaw(self.secret().expose()) {
            problems.push(Problem {
                field: field.to_owned(),
                received: received.to_owned(),
                allowed: ALLOWED_TOKEN.to_owned(),
                suggestion: None,
            });
        }
    }
}

/// Reads the option `authentication`.
pub(super) fn read(options: &mut Reader<'_>, target: &mut Option<Authentication>) {
    if let Some(mut fields) = options.nested("authentication", "authentication.", ALLOWED) {
        *target = one(&mut fields);
    }
}

fn one(fields: &mut Reader<'_>) -> Option<Authentication> {
    let before = fields.problems.len();
    fields.unknown(FIELDS);
    let client = fields.string("clientToken", ALLOWED_TOKEN).map(|text| Authentication::ClientToken(Secret::new(text)));
    let jwt = fields.string("jwtToken", ALLOWED_TOKEN).map(|text| Authentication::Jwt(Secret::new(text)));
    if fields.problems.len() > before {
        return None;
    }
    match (client, jwt) {
        (Some(authentication), None) | (None, Some(authentication)) => {
            authentication.check(fields.problems);
            Some(authentication)
        }
        (Some(_), Some(_)) => {
            fields.problems.push(problem("authentication", "both", ALLOWED));
            None
        }
        (None, None) => {
            fields.problems.push(problem("authentication", "an object without a token", ALLOWED));
            None
        }
    }
}

/// What makes a token unusable, said without repeating it.
fn flaw(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("an empty text")
    } else if token.contains(['\r', '\n']) {
        Some("text with a line break")
    } else if token.contains(' ') {
        Some("text with a space")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("text with characters that a header cannot hold")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_visible_ascii() {
        assert_eq!(flaw("eyJhbGciOi.J9-_~+/="), None);
        for (token, received) in [
            ("", "an empty text"),
            ("a\nb", "text with a line break"),
            ("token\r\nHost: evil", "text with a line break"),
            ("a b", "text with a space"),
            ("a\u{7f}", "text with characters that a header cannot hold"),
            ("a\0b", "text with characters that a header cannot hold"),
            ("é", "text with characters that a header cannot hold"),
        ] {
            assert_eq!(flaw(token), Some(received), "{token:?}");
        }
    }
}
