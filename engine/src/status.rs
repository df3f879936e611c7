//! What a client tells about itself: its [`Status`], published on one watch channel, and its [`Event`]s.

mod mailbox;

use std::sync::Arc;
use std::time::SystemTime;

pub use mailbox::Mailbox;

use crate::error::Error;
use crate::snapshot::{Change, Snapshot};

/// The state of a client's connection and flags at one moment.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Status {
    /// What the background task is doing.
    pub connection: Connection,
    /// Whether polls keep the flag state current: always in polling mode, beside a broken stream or instead of one
    /// otherwise. The slow safety poll beside a healthy stream does not count.
    pub polling_active: bool,
    /// Whether the server offers streams; `None` until that is known, and in polling mode.
    pub stream_supported: Option<bool>,
    /// Failed attempts since the last success: of the stream in streaming mode, of the poll otherwise.
    pub attempt: u32,
    /// When the next attempt is due; `None` while one is going on, and when none is planned.
    pub next_attempt_at: Option<SystemTime>,
    /// When the server last confirmed or sent the flag state.
    pub last_success_at: Option<SystemTime>,
    /// The last error of a request or a stream; `None` once both work again.
    pub last_error: Option<Error>,
    /// Whether the flag state may be outdated: nothing was heard of the server for too long, it says that it does not
    /// know the namespace any more, or the state came from the disk and was not confirmed yet.
    pub stale: bool,
    /// Where the flag state in force came from.
    pub source: Source,
    /// The digest of the flag state in force, when the server names one.
    pub digest: Option<String>,
    /// The number of flags in force.
    pub flag_count: usize,
    /// The size of the text that the flag state in force was read from, in bytes.
    pub snapshot_bytes: usize,
    /// Failed polls since the last successful one.
    pub failures: u32,
    /// Polls answered or failed since the start.
    pub requests: u64,
}

impl Status {
    /// Says what flag state is in force.
    pub(crate) fn describe(&mut self, snapshot: &Snapshot, source: Source) {
        self.source = source;
        self.flag_count = snapshot.flags().len();
        self.digest = snapshot.digest().map(str::to_owned);
        self.snapshot_bytes = snapshot.text().len();
    }

    /// What remains to be said once the client is closed.
    pub(crate) fn closed(self) -> Self {
        Self {
            connection: Connection::Closed,
            polling_active: false,
            next_attempt_at: None,
            stale: false,
            source: Source::None,
            digest: None,
            flag_count: 0,
            snapshot_bytes: 0,
            ..self
        }
    }

    /// Whether the two differ in what [`Event::Status`] announces; times, counts and digests come and go silently.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        let key = |status: &Self| {
            (
                status.connection,
                status.polling_active,
                status.stream_supported,
                status.attempt,
                status.stale,
                status.source,
            )
        };
        key(self) != key(other)
    }
}

/// What the background task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Connection {
    /// The server has not answered yet, or the first stream is not confirmed yet.
    #[default]
    Connecting,
    /// A stream is open and healthy.
    Streaming,
    /// Polls keep the flag state current, or polling is off and the last request succeeded.
    Polling,
    /// The last request or the stream failed after an earlier success; flag state stays in force.
    Reconnecting,
    /// The client was told not to use the network.
    Offline,
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
    /// The bootstrap among the options.
    Bootstrap,
    /// Nowhere: the client is offline and has no flags.
    Empty,
    /// The file that an earlier client left.
    Cache,
    /// The server.
    Server,
    /// Feature files on this machine.
    File,
}

/// Is told what happens inside a client.
///
/// Called on the client's background thread, or on the caller's while a client starts; it must not block. A panic in it is contained and ignored.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn event(&self, event: Event);
}

/// Something that happened inside a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A line for a log. It never holds a credential or a query string.
    Log {
        /// How important it is.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// Flag state is there for the first time.
    Ready,
    /// Flag state was replaced, and is in force. Told once per installed state that answers differently, never for the
    /// first.
    Changed(Changed),
    /// The status has changed in more than times and counts.
    Status {
        /// What it was.
        previous: Arc<Status>,
        /// What it is.
        current: Arc<Status>,
    },
    /// The flag state may be outdated from now on.
    Stale,
    /// The flag state is current again.
    Recovered,
    /// A request, a stream or the background task failed; the client goes on.
    Error(Error),
    /// The client was closed.
    Closed,
}

/// A replacement of flag state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Changed {
    /// Which flags answer differently.
    pub change: Arc<Change>,
    /// The digest of the new state, when the server names one.
    pub digest: Option<String>,
    /// Where the new state came from.
    pub source: Source,
    /// When it was put in force.
    pub at: SystemTime,
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
