//! What the machine tells of itself.

use std::time::Duration;

use super::Machine;
use crate::config::FetchMode;
use crate::status::Connection;

impl Machine {
    pub(in crate::sync) fn connection(&self) -> Connection {
        if self.closed {
            return Connection::Closed;
        }
        if self.offline {
            return Connection::Offline;
        }
        if !self.poll.answered {
            return Connection::Connecting;
        }
        let polls = if self.poll.is_failing() { Connection::Reconnecting } else { Connection::Polling };
        match self.policy.mode {
            FetchMode::Streaming if self.stream.is_healthy() => Connection::Streaming,
            FetchMode::Streaming if self.polls_beside() => polls,
            FetchMode::Streaming if !self.stream.is_known() => Connection::Connecting,
            FetchMode::Streaming => Connection::Reconnecting,
            FetchMode::Polling => polls,
        }
    }

    pub(in crate::sync) fn polling_active(&self) -> bool {
        !self.closed
            && !self.offline
            && match self.policy.mode {
                FetchMode::Polling => self.policy.update_interval.is_some(),
                FetchMode::Streaming => self.polls_beside(),
            }
    }

    pub(in crate::sync) fn is_offline(&self) -> bool {
        self.offline
    }

    pub(in crate::sync) fn stream_supported(&self) -> Option<bool> {
        self.stream.supported
    }

    pub(in crate::sync) fn is_stale(&self) -> bool {
        self.freshness.is_stale()
    }

    /// Failed attempts since the last success, on the channel that the mode is about.
    pub(in crate::sync) fn failed_attempts(&self) -> u32 {
        if self.streams() { self.stream.without_data.max(self.poll.failures) } else { self.poll.failures }
    }

    /// When the next attempt is due that a caller cares about: not the safety poll.
    pub(in crate::sync) fn next_attempt(&self) -> Option<Duration> {
        let poll = self.poll.due().filter(|_| !self.streams() || self.polls_beside() || self.poll.is_failing());
        [poll, self.stream.due().filter(|_| !self.stream.is_absent())].into_iter().flatten().min()
    }
}
