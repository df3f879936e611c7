use std::collections::BTreeMap;

use crate::redact::Secret;

/// The variables of the process environment that clients heed, as the calling thread sees them.
///
/// The engine never reads the environment itself: worker threads of a host may each have one of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessEnvironment(BTreeMap<String, Secret>);

impl ProcessEnvironment {
    /// The names that are looked at; others may be left out.
    pub const NAMES: &'static [&'static str] = &[
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "NODE_EXTRA_CA_CERTS",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_ENV",
    ];

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose).filter(|value| !value.is_empty())
    }

    /// Whether the host says that it is in production.
    pub(crate) fn is_production(&self) -> bool {
        self.get("NODE_ENV") == Some("production")
    }

    /// The first of two spellings that is set; where that one is empty, the other does not count.
    pub(crate) fn either(&self, first: &str, second: &str) -> Option<&str> {
        let value = self.0.get(first).or_else(|| self.0.get(second)).map(Secret::expose);
        value.map(str::trim).filter(|value| !value.is_empty())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for ProcessEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_spelling_wins_even_when_it_is_empty() {
        for (variables, expected) in [
            (&[][..], None),
            (&[("NAME", "upper")], Some("upper")),
            (&[("name", "lower"), ("NAME", "upper")], Some("lower")),
            (&[("name", ""), ("NAME", "upper")], None),
            (&[("name", " lower ")], Some("lower")),
        ] {
            let environment: ProcessEnvironment = variables.iter().copied().collect();
            assert_eq!(environment.either("name", "NAME"), expected, "{variables:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let environment: ProcessEnvironment = [("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "/etc")].into_iter().collect();
        assert_eq!((environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")), (None, Some("/etc")));
        assert!(!format!("{environment:?}").contains("/etc"));
    }
}
