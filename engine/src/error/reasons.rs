use std::fmt;

use crate::features::Finding;

/// Findings that a message repeats; the error itself has them all.
const REPEATED: usize = 5;

pub(super) fn of_files(findings: &[Finding], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the feature files cannot be used: ")?;
    for (index, finding) in findings.iter().take(REPEATED).enumerate() {
        write!(f, "{}{finding}", if index > 0 { "; " } else { "" })?;
    }
    match findings.len().saturating_sub(REPEATED) {
        0 => Ok(()),
        more => write!(f, "; and {more} more"),
    }
}

/// Why a portable snapshot text cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotReason {
    /// The text is not base64.
    NotBase64,
    /// The decoded text is not JSON of the portable form.
    NotJson,
    /// The version is not 1.
    Version,
    /// The snapshot belongs to another namespace.
    Namespace,
    /// The text is larger than `maxSnapshotBytes`.
    TooLarge,
}

/// Why a response body is not a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseReason {
    /// The body is not JSON, or ended too soon.
    NotJson,
    /// The body is an HTML page, most likely from a proxy.
    Html,
    /// The body is JSON but not a snapshot.
    Shape,
    /// The body is larger than `maxSnapshotBytes` after decompression.
    TooLarge,
    /// The body could not be decompressed.
    Encoding,
}

/// Why a request produced no complete response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportReason {
    /// The host name could not be resolved.
    Dns,
    /// The connection was refused, reset or closed early.
    Connection,
    /// The TLS handshake failed.
    Tls,
    /// The attempt took longer than its deadline.
    Timeout,
    /// The server redirected to another origin, or too often.
    Redirect,
    /// The proxy refused to connect to the server.
    Proxy,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamReason {
    /// The server ended it.
    Ended,
    /// The server does not offer streams.
    Unsupported,
    /// The server sent an error instead of flag state, with this gRPC code.
    Refused(i64),
    /// A line is neither flag state nor an error.
    Line,
}

impl fmt::Display for SnapshotReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBase64 => "the snapshot is not base64 text",
            Self::NotJson => "the snapshot is not a portable snapshot",
            Self::Version => "the snapshot has a version other than 1",
            Self::Namespace => "the snapshot belongs to another namespace",
            Self::TooLarge => "the snapshot is larger than maxSnapshotBytes",
        })
    }
}

impl fmt::Display for ResponseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "the response is not complete JSON",
            Self::Html => "the response is an HTML page, not a snapshot",
            Self::Shape => "the response is not a snapshot",
            Self::TooLarge => "the response is larger than maxSnapshotBytes",
            Self::Encoding => "the response could not be decompressed",
        })
    }
}

impl fmt::Display for TransportReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host name could not be resolved",
            Self::Connection => "the connection failed",
            Self::Tls => "the TLS handshake failed",
            Self::Timeout => "the request took longer than its deadline",
            Self::Redirect => "the server redirected to another origin or too often",
            Self::Proxy => "the proxy refused to connect",
        })
    }
}

impl fmt::Display for StreamReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the server ended the stream"),
            Self::Unsupported => f.write_str("the server does not offer streams"),
            Self::Refused(code) => write!(f, "the server sent an error on the stream (code {code})"),
            Self::Line => f.write_str("the server sent a line on the stream that is not flag state"),
        }
    }
}
