use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pool::{Passage, Seat};
use crate::error::{Error, ErrorKind, Result, TransportReason};

/// How near to its deadline a request counts as given up for its slowness: the deadline began a moment earlier.
const ALMOST: f64 = 0.9;

/// The passages of one request, of which the last may turn out to have been on a dead connection.
pub(super) struct Way {
    seat: Arc<Seat>,
    passage: Option<Passage>,
    begun: Instant,
    patience: Option<Duration>,
}

impl Way {
    /// `patience` is the time after which whoever waits for the request drops it.
    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long its own request took, and decides over nothing else"
    )]
    pub(super) fn new(seat: &Arc<Seat>, patience: Option<Duration>) -> Self {
        let patience = patience.map(|patience| patience.mul_f64(ALMOST));
        Self { seat: Arc::clone(seat), passage: None, begun: Instant::now(), patience }
    }

    pub(super) fn begin(&mut self) -> &Passage {
        self.passage.insert(self.seat.passage())
    }

    /// Whether the request failed because the connection it found was dead; the next one then begins on a new one.
    pub(super) fn was_dead(&self, error: &Error) -> bool {
        let Some(passage) = self.passage.as_ref().filter(|passage| passage.found_open()) else { return false };
        let was_dead = *error.kind() == ErrorKind::Transport(TransportReason::Connection);
        if was_dead {
            passage.give_up();
        }
        was_dead
    }

    /// The request has come to its end, good or bad.
    pub(super) fn ended<T>(mut self, result: Result<T>) -> Result<T> {
        if let (Some(passage), Err(error)) = (self.passage.take(), &result)
            && matches!(error.kind(), ErrorKind::Transport(TransportReason::Connection | TransportReason::Timeout))
        {
            passage.give_up();
        }
        result
    }
}

impl Drop for Way {
    /// Without an end, somebody stopped waiting: at the deadline, or because the client was closed.
    fn drop(&mut self) {
        if let (Some(passage), Some(patience)) = (&self.passage, self.patience)
            && self.begun.elapsed() >= patience
        {
            passage.give_up();
        }
    }
}
