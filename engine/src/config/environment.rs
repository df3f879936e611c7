use std::collections::BTreeMap;

use crate::redact::Secret;

/// The variables of the process environment that connections heed, as the calling thread sees them.
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
    ];

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose).filter(|value| !value.is_empty())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for ProcessEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect())
    }
}
