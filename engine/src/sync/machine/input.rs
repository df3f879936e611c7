//! What the machine is told, and what it wants done.

use std::time::Duration;

use super::stream::Absence;
use crate::error::{Error, Result};

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sync) struct Now {
    /// Since any fixed moment; may stand still while the machine sleeps.
    pub(in crate::sync) monotonic: Duration,
    /// Since 1970; may jump.
    pub(in crate::sync) wall: Duration,
}

#[derive(Debug)]
pub(in crate::sync) enum Input {
    Start {
        /// Whether flag state from the disk is in force.
        cached: bool,
    },
    /// Time has passed; whatever is due happens.
    Tick,
    Refresh,
    Reconnect,
    /// The credentials were replaced: the server is asked with them unless a poll is under way, and streams anew.
    NewCredential,
    Polled(std::result::Result<(), Failure>),
    /// Something newer than what was just answered, or delivered, is known to exist.
    Outdated,
    Delivered,
    Ended(End),
    /// The network is not to be used.
    Offline,
    /// The network is to be used again.
    Online,
    /// The background task broke; what was under way is lost.
    Broke(Error),
    Close,
}

/// How a stream came to its end.
#[derive(Debug)]
pub(in crate::sync) enum End {
    /// It was silent for as long as it may be.
    Idle,
    Failed(Failure),
}

/// A failed request, and how long the server asked to be left alone.
#[derive(Debug, Clone)]
pub(in crate::sync) struct Failure {
    pub(in crate::sync) error: Error,
    pub(in crate::sync) retry_after: Option<Duration>,
    pub(in crate::sync) absence: Absence,
}

impl Failure {
    pub(in crate::sync) fn new(error: Error, retry_after: Option<Duration>) -> Self {
        Self { error, retry_after, absence: Absence::Unlikely }
    }
}

/// What the driver has to do now.
#[derive(Debug, Default)]
pub(in crate::sync) struct Effects {
    /// Send a poll, in place of the one in flight if there is one; asked for a second one only by `Reconnect`.
    pub(in crate::sync) fetch: Option<Attempt>,
    /// Open a stream in place of the one there is.
    pub(in crate::sync) open: Option<Attempt>,
    /// Drop what is under way, and the connections.
    pub(in crate::sync) disconnect: bool,
    /// Answer everyone who waits for a refresh with this request's outcome.
    pub(in crate::sync) series_ended: bool,
    /// Answer everyone who waits for the first load.
    pub(in crate::sync) settled: Option<Result<()>>,
}

/// How a request came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Attempt {
    /// At its regular time, or because a caller wants it.
    Regular,
    /// To repeat what failed or ended; the limiter counts it.
    Repeated,
}
