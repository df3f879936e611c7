//! Values that must not reach a log or a message: [`Secret`] hides a credential, [`SafeUrl`] all of a URL but its place.

use std::fmt;
use std::hint::black_box;

use reqwest::Url;

/// A credential. `Debug` and `Display` print a placeholder; the text itself comes from [`Secret::expose`] only.
#[derive(Clone, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential, for the request header and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Takes as long wherever the two differ, so that the time tells nothing of them but their lengths.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.bytes().zip(other.0.bytes());
        let difference = pairs.fold(0, |difference, (left, right)| black_box(difference | (left ^ right)));
        self.0.len() == other.0.len() && difference == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A URL as it may be shown: scheme, host, port and path; never user info, query or fragment.
#[derive(Clone, Copy)]
pub struct SafeUrl<'a>(&'a Url);

impl<'a> SafeUrl<'a> {
    /// Wraps a URL for display.
    #[must_use]
    pub fn new(url: &'a Url) -> Self {
        Self(url)
    }

    /// Host and port alone, which is what error messages name.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl fmt::Display for SafeUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.0.scheme(), self.host_and_port(), self.0.path())
    }
}

impl fmt::Debug for SafeUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_in_no_format() {
        let secret = Secret::new("hunter2");
        for shown in [format!("{secret}"), format!("{secret:?}"), format!("{:#?}", Some(&secret))] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn secrets_are_equal_when_every_byte_is() {
        for (left, right, expected) in
            [("", "", true), ("abc", "abc", true), ("abc", "abd", false), ("abc", "bbc", false), ("abc", "abcd", false)]
        {
            assert_eq!(Secret::new(left) == Secret::new(right), expected, "{left} {right}");
        }
    }

    #[test]
    fn a_url_shows_its_place_only() {
        let url = Url::parse("https://name:word@flags.example/base/?token=t#part").unwrap();
        let safe = SafeUrl::new(&url);
        assert_eq!(safe.to_string(), "https://flags.example:443/base/");
        assert_eq!(format!("{safe:?}"), safe.to_string());
        assert_eq!(safe.host_and_port(), "flags.example:443");
        let url = Url::parse("http://[::1]:8080/").unwrap();
        assert_eq!(SafeUrl::new(&url).host_and_port(), "[::1]:8080");
    }
}
