//! What a client tells about itself: its [`Status`], published on one watch channel, and its [`Event`]s.

use std::time::SystemTime;

use crate::error::Error;

/// The state of a client's connection and flags at one moment.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Status {
    /// What the background task is doing.
    pub connection: Connection,
    /// Where the flag state in force came from.
    pub source: Source,
    /// The error of the last request; `None` once a request succeeds.
    pub last_error: Option<Error>,
    /// Failed requests since the last success.
    pub failures: u32,
    /// Requests answered or failed since the start.
    pub requests: u64,
    /// When the server last confirmed or sent the flag state.
    pub last_success_at: Option<SystemTime>,
    /// The digest of the flag state in force, when the server names one.
    pub digest: Option<String>,
    /// The number of flags in force.
    pub flag_count: usize,
}

/// What the background task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Connection {
    /// The server has not answered yet.
    #[default]
    Connecting,
    /// The last request succeeded, and the next one is scheduled.
    Polling,
    /// The last request succeeded, and polling is off.
    Idle,
    /// The last request failed, after an earlier one had succeeded; flag state stays in force.
    Retrying,
    /// The client was closed.
    Closed,
}

/// Where the flag state in force came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Source {
    /// There is none yet.
    #[default]
    None,
    /// The snapshot text among the options.
    Snapshot,
    /// The server.
    Server,
}

/// Is told what happens inside a client.
///
/// Called on the client's background thread, or on the caller's while a client starts; it must not block. A panic in it is contained and ignored.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: Event);
}

/// Something that happened inside a client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A line for a log. It never holds a credential or a query string.
    Log {
        /// How important it is.
        level: LogLevel,
        /// The line.
        message: String,
    },
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For following what happens.
    Debug,
    /// A change that is good to know, such as a recovery.
    Info,
    /// Something is wrong, and the client goes on.
    Warn,
    /// A bug, contained.
    Error,
}
