use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;
use crate::error::{Error, ErrorKind, Problem, Result};

const ENVIRONMENT: HeaderName = HeaderName::from_static("x-flipt-environment");
const ACCEPT_SERVER_VERSION: HeaderName = HeaderName::from_static("x-flipt-accept-server-version");

/// The newest v1 payload we read; without it a v1 server leaves out default variants and entity constraints.
const SERVER_VERSION: HeaderValue = HeaderValue::from_static("1.47.0");

/// Who asks; a proxy is told as well.
pub(super) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("flipt-native/", env!("CARGO_PKG_VERSION")));

/// The snapshot endpoint, which Flipt v1 and v2 share.
pub(super) fn snapshot_url(config: &Config) -> Result<Url> {
    let mut path = format!("/internal/v1/evaluation/snapshot/namespace/{}", encode(&config.namespace));
    if let Some(reference) = &config.reference {
        path.push_str("?reference=");
        path.push_str(&encode(reference));
    }
    under(config, &path)
}

/// The stream endpoint of Flipt v2, without the digest.
pub(super) fn stream_url(config: &Config) -> Result<Url> {
    let [environment, namespace] = [&config.environment, &config.namespace].map(|text| encode(text));
    under(config, &format!("/client/v2/environments/{environment}/namespaces/{namespace}/stream"))
}

/// Where Flipt v1 gives a client token for the token of a Kubernetes service account.
pub(super) fn exchange_url(config: &Config) -> Result<Url> {
    under(config, "/auth/v1/method/kubernetes/serviceaccount")
}

fn under(config: &Config, path: &str) -> Result<Url> {
    let base = config.url.as_url();
    let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&text).map_err(|_| unusable("url", "text that makes no URL"))
}

/// The headers of every request; `If-None-Match` is added to each, `User-Agent` and `Accept-Encoding` by the HTTP client.
pub(super) fn headers(config: &Config) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_SERVER_VERSION, SERVER_VERSION);
    let environment = HeaderValue::from_bytes(config.environment.as_bytes());
    headers.insert(ENVIRONMENT, environment.map_err(|_| unusable("environment", "text that no header can hold"))?);
    Ok(headers)
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
            assert_eq!(snapshot_url(&config(base, namespace, reference)).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn the_stream_is_below_its_environment() {
        let config = Config { environment: "a b".to_owned(), ..config("http://h/base", "x/y", Some("main")) };
        let expected = "http://h/base/client/v2/environments/a%20b/namespaces/x%2Fy/stream";
        assert_eq!(stream_url(&config).unwrap().as_str(), expected);
        let expected = "http://h/base/auth/v1/method/kubernetes/serviceaccount";
        assert_eq!(exchange_url(&config).unwrap().as_str(), expected);
    }
}
