use serde_json::Value;

use super::reader::{Reader, received};
use crate::redact::Secret;

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

/// Reads the option `proxy`.
pub(super) fn read(options: &mut Reader<'_>, target: &mut ProxyChoice) {
    match options.value("proxy") {
        None => {}
        Some(Value::Bool(false)) => *target = ProxyChoice::Off,
        Some(Value::String(url)) => *target = ProxyChoice::Url(Secret::new(url.clone())),
        Some(other) => {
            let received = received(other);
            options.note("proxy", received, ALLOWED);
        }
    }
}
