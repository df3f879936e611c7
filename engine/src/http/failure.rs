//! What an error of the HTTP stack means, found by walking its sources.
//!
//! The stack's own texts are left behind: they may repeat URLs. Messages name host and port only.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::dns::LookupFailed;
use crate::error::{Error, ErrorKind, ResponseReason, TransportReason};

/// A request that got no response.
pub(super) fn of_request(error: &reqwest::Error, place: &str) -> Error {
    if let Some(error) = find(error, |source| source.downcast_ref::<rustls::Error>()) {
        let error_of = |context: String| Error::new(ErrorKind::Transport(TransportReason::Tls)).with_context(context);
        return error_of(flaw(error).map_or_else(|| place.to_owned(), |flaw| format!("{place} ({flaw})")));
    }
    let reason = if error.is_redirect() {
        TransportReason::Redirect
    } else if any(error, |source| source.is::<LookupFailed>()) {
        TransportReason::Dns
    } else if error.is_timeout() || any(error, |source| io_kind(source) == Some(io::ErrorKind::TimedOut)) {
        TransportReason::Timeout
    } else if any(error, is_refused_tunnel) {
        TransportReason::Proxy
    } else {
        TransportReason::Connection
    };
    Error::new(ErrorKind::Transport(reason)).with_context(place)
}

/// What is wrong with a certificate, in words that tell what to do.
fn flaw(error: &rustls::Error) -> Option<&'static str> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            Expired | ExpiredContext { .. } => Some("its certificate has expired"),
            NotValidYet | NotValidYetContext { .. } => Some("its certificate is not valid yet"),
            NotValidForName | NotValidForNameContext { .. } => Some("its certificate is for another host"),
            UnknownIssuer => Some("the issuer of its certificate is not trusted"),
            _ => Some("its certificate is not valid"),
        },
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => Some("it asks for a client certificate"),
        _ => None,
    }
}

/// A proxy that was reached and does not connect us. The type of that error cannot be named; one that has a source of
/// its own is about reaching the proxy.
fn is_refused_tunnel(source: &(dyn StdError + 'static)) -> bool {
    source.source().is_none() && source.to_string().starts_with("tunnel error: ")
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

/// Whether any error on the way down is what `test` looks for.
fn any(error: &(dyn StdError + 'static), test: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    find(error, |source| test(source).then_some(())).is_some()
}

/// The first find on the way down. An `io::Error` hides its inner error from `source`.
fn find<'a, T>(
    error: &'a (dyn StdError + 'static),
    look: impl Fn(&'a (dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(source) = next {
        if let Some(found) = look(source) {
            return Some(found);
        }
        next = match source.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => source.source(),
        };
    }
    None
}
