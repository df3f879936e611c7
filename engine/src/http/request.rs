use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use crate::config::{Authentication, Config};
use crate::error::{Error, ErrorKind, Problem, Result};

const ENVIRONMENT: HeaderName = HeaderName::from_static("x-flipt-environment");
const ACCEPT_SERVER_VERSION: HeaderName = HeaderName::from_static("x-flipt-accept-server-version");

/// The newest v1 payload we read; without it a v1 server leaves out default variants and entity constraints.
const SERVER_VERSION: HeaderValue = HeaderValue::from_static("1.47.0");

const PATH: &str = "/internal/v1/evaluation/snapshot/namespace/";

/// The snapshot endpoint, which Flipt v1 and v2 share.
pub(super) fn url(config: &Config) -> Result<Url> {
    let base = config.url.as_url();
    let mut text = format!("{}{PATH}{}", base.as_str().trim_end_matches('/'), encode(&config.namespace));
    if let Some(reference) = &config.reference {
        text.push_str("?reference=");
        text.push_str(&encode(reference));
    }
    Url::parse(&text).map_err(|_| unusable("url", "text that makes no URL"))
}

/// The headers of every request; `If-None-Match` is added to each, `Accept-Encoding` by the decompressing layer.
pub(super) fn headers(config: &Config) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("flipt-native/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT_SERVER_VERSION, SERVER_VERSION);
    let environment = HeaderValue::from_bytes(config.environment.as_bytes());
    headers.insert(ENVIRONMENT, environment.map_err(|_| unusable("environment", "text that no header can hold"))?);
    if let Some(authentication) = &config.authentication {
        headers.insert(AUTHORIZATION, authorization(authentication)?);
    }
    Ok(headers)
}

fn authorization(authentication: &Authentication) -> Result<HeaderValue> {
    let text = format!("{} {}", authentication.scheme(), authentication.secret().expose());
    let mut value =
        HeaderValue::from_str(&text).map_err(|_| unusable("authentication", "a token that no header can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unusable(field: &str, received: &str) -> Error {
    Error::new(ErrorKind::Options(vec![Problem {
        field: field.to_owned(),
        received: received.to_owned(),
        allowed: "text that a request can hold".to_owned(),
        suggestion: None,
    }]))
}

/// Percent-encodes all but the unreserved characters, so that no text changes the shape of the URL.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    fn config(url: &str, namespace: &str, reference: Option<&str>) -> Config {
        Config {
            url: url.parse().unwrap(),
            namespace: namespace.to_owned(),
            reference: reference.map(str::to_owned),
            ..Config::default()
        }
    }

    #[test]
    fn the_url_keeps_the_base_and_encodes_the_rest() {
        for (base, namespace, reference, expected) in [
            ("http://h:1", "default", None, "http://h:1/internal/v1/evaluation/snapshot/namespace/default"),
            ("http://h:1/a/b//", "x", None, "http://h:1/a/b/internal/v1/evaluation/snapshot/namespace/x"),
            ("http://h", "a/b?c#d e", None, "http://h/internal/v1/evaluation/snapshot/namespace/a%2Fb%3Fc%23d%20e"),
            ("http://h", "../x", None, "http://h/internal/v1/evaluation/snapshot/namespace/..%2Fx"),
            ("http://h", "%2e", None, "http://h/internal/v1/evaluation/snapshot/namespace/%252e"),
            ("http://h", "é", None, "http://h/internal/v1/evaluation/snapshot/namespace/%C3%A9"),
            (
                "http://h",
                "d",
                Some("feat/a&b=c d"),
                "http://h/internal/v1/evaluation/snapshot/namespace/d?reference=feat%2Fa%26b%3Dc%20d",
            ),
        ] {
            assert_eq!(url(&config(base, namespace, reference)).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn credentials_are_sensitive_and_have_their_scheme() {
        for (authentication, expected) in [
            (Authentication::ClientToken(Secret::new("t0k")), "Bearer t0k"),
            (Authentication::Jwt(Secret::new("a.b.c")), "JWT a.b.c"),
        ] {
            let headers = headers(&Config { authentication: Some(authentication), ..Config::default() }).unwrap();
            let value = &headers[AUTHORIZATION];
            assert_eq!(value, expected);
            assert!(value.is_sensitive());
            assert!(!format!("{headers:?}").contains("t0k"));
        }
        assert!(headers(&Config::default()).unwrap().get(AUTHORIZATION).is_none());
    }
}
