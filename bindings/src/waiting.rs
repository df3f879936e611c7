//! Questions that JavaScript answers later, by their number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// The questions that have no answer yet.
pub(crate) struct Waiting<A> {
    next: AtomicU32,
    answers: Mutex<HashMap<u32, oneshot::Sender<A>>>,
}

impl<A> Default for Waiting<A> {
    fn default() -> Self {
        Self { next: AtomicU32::default(), answers: Mutex::default() }
    }
}

impl<A> Waiting<A> {
    pub(crate) fn begin(&self) -> (u32, oneshot::Receiver<A>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        (id, receiver)
    }

    /// Waits no longer; whether there was no answer yet.
    pub(crate) fn abandon(&self, id: u32) -> bool {
        self.end(id).is_some()
    }

    /// Answers a question; one that is no longer waited for is ignored.
    pub(crate) fn settle(&self, id: u32, answer: A) {
        if let Some(sender) = self.end(id) {
            let _ = sender.send(answer);
        }
    }

    fn end(&self, id: u32) -> Option<oneshot::Sender<A>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}
