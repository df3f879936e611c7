use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::error::{Error, ErrorKind, Problem};
use crate::redact::SafeUrl;

const DEFAULT: &str = "http://localhost:8080";
const ALLOWED: &str = "an http:// or https:// URL without user info, white space, query or fragment";

/// The base URL of a Flipt server: http or https, with a base path at most.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// The parsed URL; its path never ends in a slash, unless it is the root.
    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }

    /// The problem names what is wrong and repeats nothing of the text, which may hold a password.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        Self::parse(text).map_err(|received| Problem {
            field: "url".to_owned(),
            received: received.to_owned(),
            allowed: ALLOWED.to_owned(),
            suggestion: None,
        })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err("text with white space or control characters");
        }
        if text.contains('\\') {
            return Err("text with a backslash");
        }
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        if !lower.starts_with("http://") && !lower.starts_with("https://") {
            return Err("text that does not start with http:// or https://");
        }
        let mut url = Url::parse(text).map_err(|_| "text that is not a URL")?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err("a URL with user info");
        }
        if url.query().is_some() {
            return Err("a URL with a query");
        }
        if url.fragment().is_some() {
            return Err("a URL with a fragment");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

/// What stands between the scheme and the path.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

impl Default for ServerUrl {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the text is a constant, and a test parses it")]
        Self::parse(DEFAULT).expect("the default URL parses")
    }
}

impl FromStr for ServerUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|problem| Error::new(ErrorKind::Options(vec![problem])))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SafeUrl::new(&self.0).fmt(f)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SafeUrl::new(&self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_survive_and_trailing_slashes_do_not_matter() {
        for (text, expected) in [
            (DEFAULT, "http://localhost:8080/"),
            ("http://localhost:8080/", "http://localhost:8080/"),
            ("http://localhost:8080///", "http://localhost:8080/"),
            ("HTTPS://Flags.Example/a/b//", "https://flags.example/a/b"),
            ("https://flags.example/caf%C3%A9/", "https://flags.example/caf%C3%A9"),
            ("http://[::1]:9000/x", "http://[::1]:9000/x"),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().as_url().as_str(), expected, "{text}");
        }
        assert_eq!(ServerUrl::default().to_string(), "http://localhost:8080/");
    }

    #[test]
    fn what_is_refused_is_named_and_not_repeated() {
        for (text, expected) in [
            ("", "text that does not start with http:// or https://"),
            ("localhost:8080", "text that does not start with http:// or https://"),
            ("hunter2:x@host", "text that does not start with http:// or https://"),
            ("ftp://hunter2@host", "text that does not start with http:// or https://"),
            ("file:///etc/hunter2", "text that does not start with http:// or https://"),
            ("http://name:hunter2@host", "a URL with user info"),
            ("http://hunter2@host", "a URL with user info"),
            ("http://@host", "a URL with user info"),
            ("http://:@host", "a URL with user info"),
            ("http:\\\\hunter2@host", "text with a backslash"),
            ("http://host /hunter2", "text with white space or control characters"),
            (" http://host", "text with white space or control characters"),
            ("http://ho\nst", "text with white space or control characters"),
            ("http://host?token=hunter2", "a URL with a query"),
            ("http://host/#hunter2", "a URL with a fragment"),
            ("http://", "text that is not a URL"),
            ("http://host:99999", "text that is not a URL"),
            ("http:///", "text that is not a URL"),
            ("https://[::1", "text that is not a URL"),
        ] {
            let problem = ServerUrl::read(text).unwrap_err();
            assert_eq!(problem.received, expected, "{text}");
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }
}
