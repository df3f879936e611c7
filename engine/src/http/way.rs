use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pool::{Passage, Seat};
use crate::error::{Error, ErrorKind, Result, TransportReason};

/// The time in which a dead connection shows. A request that failed later was with a server, and so were all the others
/// on that connection: repeating them at once would be a rush.
const SOON: Duration = Duration::from_secs(5);

/// The passages of one request, of which the last may turn out to have been on a dead connection.
pub(super) struct Way {
    seat: Arc<Seat>,
    passage: Option<Passage>,
    /// When the last passage began.
    sent: Instant,
}

impl Way {
    pub(super) fn new(seat: &Arc<Seat>) -> Self {
        Self { seat: Arc::clone(seat), passage: None, sent: now() }
    }

    pub(super) fn begin(&mut self) -> &Passage {
        self.sent = now();
        self.passage.insert(self.seat.passage())
    }

    /// Whether the request failed because the connection it found was dead; the next one then begins on a new one.
    pub(super) fn was_dead(&self, error: &Error) -> bool {
        let Some(passage) = self.passage.as_ref().filter(|passage| passage.found_open()) else { return false };
        let was_dead = *error.kind() == ErrorKind::Transport(TransportReason::Connection) && self.sent.elapsed() < SOON;
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

#[expect(clippy::disallowed_methods, reason = "measures how long a request took, and decides over nothing else")]
fn now() -> Instant {
    Instant::now()
}
