//! What is under way: a poll, a stream. Both are futures that a `select!` may stop awaiting without losing anything.

use std::future::Future;
use std::pin::Pin;

use super::poll::Outcome;
use super::stream::{News, NextNews, Reading};

/// The poll in flight, and the state that it was sent with.
pub(super) struct Polling {
    pub(super) outcome: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    pub(super) generation: Option<u64>,
}

/// The outcome of the poll in flight; pending for ever when there is none.
pub(super) async fn landing(poll: &mut Option<Polling>) -> Outcome {
    match poll {
        Some(poll) => poll.outcome.as_mut().await,
        None => std::future::pending().await,
    }
}

/// The next news of the stream; pending for ever when there is none.
pub(super) async fn next_news(stream: &mut Option<NextNews>) -> (News, Option<Reading>) {
    match stream {
        Some(next) => next.as_mut().await,
        None => std::future::pending().await,
    }
}
