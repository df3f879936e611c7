use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use serde_json::Value;

use super::reader::{Reader, problem, received};
use crate::error::Problem;
use crate::redact::{SafeUrl, Secret};

const ALLOWED: &str = "an http:// or https:// URL, or false";

/// Through what the requests of a client go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the process environment says.
    #[default]
    Environment,
    /// Nothing, whatever the process environment says.
    Off,
    /// This proxy; its URL may hold credentials.
    Url(Secret),
}

/// Where a proxy is, and what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProxyUrl {
    address: Secret,
    place: String,
    secure: bool,
    authorization: Option<Secret>,
}

impl ProxyChoice {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        let Self::Url(text) = self else { return };
        if let Err(received) = ProxyUrl::parse(text.expose()) {
            problems.push(problem("proxy", received, ALLOWED));
        }
    }
}

impl ProxyUrl {
    /// What is wrong is told without repeating any of the text. Without a scheme, it is http.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("an empty text");
        }
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err("text with white space or control characters");
        }
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let mut url = url.map_err(|_| "text that is not a URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("a proxy that is neither http nor https");
        }
        let authorization = authorization(&url);
        let stripped = url.set_username("").and_then(|()| url.set_password(None));
        stripped.map_err(|()| "text that is not a URL")?;
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self {
            place: SafeUrl::new(&url).host_and_port(),
            secure: url.scheme() == "https",
            address: Secret::new(url.as_str()),
            authorization,
        })
    }

    /// The URL without credentials.
    pub(crate) fn address(&self) -> &str {
        self.address.expose()
    }

    /// Host and port, as messages name them.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether the proxy itself is reached over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }
}

fn authorization(url: &Url) -> Option<Secret> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials = decoded(url.username());
    credentials.push(b':');
    credentials.extend(decoded(url.password().unwrap_or_default()));
    Some(Secret::new(format!("Basic {}", STANDARD.encode(credentials))))
}

/// A percent sign that begins no escape stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high * 16 + low, after))
            }
            _ => None,
        };
        let (byte, after) = escape.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Reads the option `proxy`.
pub(super) fn read(options: &mut Reader<'_>, target: &mut ProxyChoice) {
    match options.value("proxy") {
        None => {}
        Some(Value::Bool(false)) => *target = ProxyChoice::Off,
        Some(Value::String(url)) => {
            *target = ProxyChoice::Url(Secret::new(url.clone()));
            target.check(options.problems);
        }
        Some(other) => {
            let received = received(other);
            options.note("proxy", received, ALLOWED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_and_without_scheme_and_credentials() {
        for (text, address, secure, credentials) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/", false, None),
            ("proxy.example:3128", "http://proxy.example:3128/", false, None),
            ("proxy", "http://proxy/", false, None),
            (" 10.0.0.1:8080 ", "http://10.0.0.1:8080/", false, None),
            ("https://proxy.example", "https://proxy.example/", true, None),
            ("HTTP://Proxy.Example:80/path?query#part", "http://proxy.example/", false, None),
            ("http://[::1]:3128", "http://[::1]:3128/", false, None),
            ("http://me:word@proxy:1", "http://proxy:1/", false, Some("me:word")),
            ("me:word@proxy:1", "http://proxy:1/", false, Some("me:word")),
            ("http://me@proxy", "http://proxy/", false, Some("me:")),
            ("http://:word@proxy", "http://proxy/", false, Some(":word")),
            ("http://d%40me:p%3Aw%2Frd%25@proxy", "http://proxy/", false, Some("d@me:p:w/rd%")),
            ("http://me:100%@proxy", "http://proxy/", false, Some("me:100%")),
        ] {
            let proxy = ProxyUrl::parse(text).unwrap();
            assert_eq!((proxy.address(), proxy.is_secure()), (address, secure), "{text}");
            let expected = credentials.map(|text| format!("Basic {}", STANDARD.encode(text)));
            assert_eq!(proxy.authorization().map(Secret::expose), expected.as_deref(), "{text}");
            assert!(!format!("{proxy:?}").contains("word"), "{proxy:?}");
        }
        assert_eq!(ProxyUrl::parse("http://me:word@proxy:1").unwrap().place(), "proxy:1");
        assert_eq!(ProxyUrl::parse("proxy").unwrap().place(), "proxy:80");
    }

    #[test]
    fn what_is_no_proxy_is_named_and_not_repeated() {
        for (text, expected) in [
            ("", "an empty text"),
            ("  ", "an empty text"),
            ("http://hunter2 proxy", "text with white space or control characters"),
            ("socks5://me:hunter2@proxy:1080", "a proxy that is neither http nor https"),
            ("ftp://hunter2", "a proxy that is neither http nor https"),
            ("http://", "text that is not a URL"),
            ("http://hunter2:99999", "text that is not a URL"),
            ("://hunter2", "text that is not a URL"),
        ] {
            let mut problems = Vec::new();
            ProxyChoice::Url(Secret::new(text)).check(&mut problems);
            assert_eq!((problems[0].field.as_str(), problems[0].received.as_str()), ("proxy", expected), "{text}");
            assert!(!problems[0].to_string().contains("hunter2"), "{}", problems[0]);
        }
    }
}
