//! What an error of the HTTP stack means, found by walking its sources.
//!
//! The stack's own texts are left behind: they may repeat URLs. Messages name host and port only.

use std::error::Error as StdError;
use std::io;

use super::dns::LookupFailed;
use crate::error::{Error, ErrorKind, ResponseReason, TransportReason};

/// A request that got no response.
pub(super) fn of_request(error: &reqwest::Error, place: &str) -> Error {
    let reason = if error.is_redirect() {
        TransportReason::Redirect
    } else if any(error, |source| source.is::<LookupFailed>()) {
        TransportReason::Dns
    } else if any(error, |source| source.is::<rustls::Error>()) {
        TransportReason::Tls
    } else if error.is_timeout() || any(error, |source| io_kind(source) == Some(io::ErrorKind::TimedOut)) {
        TransportReason::Timeout
    } else {
        TransportReason::Connection
    };
    Error::new(ErrorKind::Transport(reason)).with_context(place)
}

/// A body that did not arrive whole, or arrived broken.
pub(super) fn of_body(error: reqwest::Error, place: &str) -> Error {
    let broken = any(&error, |source| {
        matches!(io_kind(source), Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other))
            && !source.is::<reqwest::Error>()
    });
    if error.is_decode() && broken && !any(&error, |source| source.is::<rustls::Error>()) {
        return Error::new(ErrorKind::Response(ResponseReason::Encoding)).with_context(place);
    }
    of_request(&error, place)
}

fn io_kind(source: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    source.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// Whether any error on the way down is what `test` looks for. An `io::Error` hides its inner error from `source`.
fn any(error: &(dyn StdError + 'static), test: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(source) = next {
        if test(source) {
            return true;
        }
        next = match source.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => source.source(),
        };
    }
    false
}
