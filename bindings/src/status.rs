//! The status of a client as JavaScript gets it.

use std::time::{SystemTime, UNIX_EPOCH};

use flipt_engine::client::{Connection, Source, Status};
use napi_derive::napi;

use crate::error::NativeError;

/// The state of connection and flags at one moment. Times are milliseconds since 1970.
#[napi(object, object_from_js = false)]
pub struct NativeStatus {
    /// What the background task is doing.
    pub connection: &'static str,
    /// Whether polls keep the flag state current.
    pub polling_active: bool,
    /// Whether the server offers streams.
    pub stream_supported: Option<bool>,
    /// Failed attempts since the last success.
    pub attempt: u32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<f64>,
    /// When the server last confirmed or sent the flag state.
    pub last_success_at: Option<f64>,
    /// The last error of a request or a stream.
    pub last_error: Option<NativeError>,
    /// Whether the flag state may be outdated.
    pub stale: bool,
    /// Where the flag state came from.
    pub source: &'static str,
    /// The digest of the flag state.
    pub digest: Option<String>,
    /// The number of flags.
    pub flag_count: f64,
    /// The size of the text that the flag state was read from.
    pub snapshot_bytes: f64,
}

impl From<&Status> for NativeStatus {
    #[expect(clippy::cast_precision_loss, reason = "sizes in memory are far below 2^53")]
    fn from(status: &Status) -> Self {
        Self {
            connection: connection(status.connection),
            polling_active: status.polling_active,
            stream_supported: status.stream_supported,
            attempt: status.attempt,
            next_attempt_at: status.next_attempt_at.map(milliseconds),
            last_success_at: status.last_success_at.map(milliseconds),
            last_error: status.last_error.as_ref().map(Into::into),
            stale: status.stale,
            source: source(status.source),
            digest: status.digest.clone(),
            flag_count: status.flag_count as f64,
            snapshot_bytes: status.snapshot_bytes as f64,
        }
    }
}

fn connection(connection: Connection) -> &'static str {
    match connection {
        Connection::Streaming => "streaming",
        Connection::Polling => "polling",
        Connection::Reconnecting => "reconnecting",
        Connection::Offline => "offline",
        Connection::Closed => "closed",
        _ => "connecting",
    }
}

/// The name of a source of flag state.
pub(crate) fn source(source: Source) -> &'static str {
    match source {
        Source::Snapshot => "snapshot",
        Source::Bootstrap => "bootstrap",
        Source::Empty => "empty",
        Source::Cache => "cache",
        Source::Server => "server",
        Source::File => "file",
        _ => "none",
    }
}

/// Milliseconds since 1970, as `Date` counts.
pub(crate) fn milliseconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}
