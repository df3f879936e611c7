//! What handles ask of the task.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Driver;
use crate::error::Result;
use crate::status::Source;
use crate::sync::audience::Listener;
use crate::sync::machine::Input;

/// What a handle asks of the task.
pub(crate) enum Command {
    /// A poll, or part in the one that is under way; `true` when it changed the flags.
    Refresh(Reply),
    /// The same on new connections, and a new stream.
    Reconnect(Reply),
    /// What the next requests say of the client has changed.
    NewCredential,
    /// No more requests, answered at once; or requests again, answered as a refresh.
    Offline(bool, Reply),
    /// Another handle wants to be told what happens.
    Join(Arc<Listener>),
    /// A handle was closed while others go on.
    Leave(Arc<Listener>),
}

/// Where the outcome of a poll is awaited.
pub(crate) type Reply = oneshot::Sender<Result<bool>>;

impl Driver {
    pub(super) fn obey(&mut self, command: Command) {
        let (input, reply) = match command {
            Command::Refresh(reply) => (Input::Refresh, Some(reply)),
            Command::Reconnect(reply) => {
                self.sources.disconnect();
                (Input::Reconnect, Some(reply))
            }
            // There is nothing to be done.
            Command::Offline(offline, reply) if offline == self.machine.is_offline() => {
                let _ = reply.send(Ok(false));
                return;
            }
            Command::Offline(true, reply) => (Input::Offline, Some(reply)),
            Command::Offline(false, reply) => (Input::Online, Some(reply)),
            Command::NewCredential => (Input::NewCredential, None),
            Command::Join(listener) => return self.join(listener),
            Command::Leave(listener) => return self.links.audience.leave(&listener, &self.journal.told_status()),
        };
        if let Some(reply) = reply {
            // A caller is not held back, not even by a poll that has to wait for its turn.
            self.sources.limiter.waive();
            self.waiting.push(reply);
        }
        self.step(input, Ok(false));
    }

    /// Takes in those who came too late to be taken in before: they are told the end with the others.
    pub(super) fn take_in_the_last(&mut self) {
        while let Ok(command) = self.links.commands.try_recv() {
            if let Command::Join(listener) = command {
                self.links.audience.begin(listener);
            }
        }
    }

    fn join(&self, listener: Arc<Listener>) {
        let is_ready = self.links.status.borrow().source != Source::None;
        self.links.audience.join(listener, &self.journal.told_status(), is_ready);
    }
}
