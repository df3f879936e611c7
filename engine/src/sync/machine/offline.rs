//! Being told not to use the network, and to use it again.

use super::{Effects, FirstLoad, Input, Machine, Now, Poll, Stream};

impl Machine {
    /// What happens while the network is not used.
    pub(super) fn on_offline(&mut self, input: Input, now: Now, effects: &mut Effects) {
        match input {
            Input::Online => self.go_online(now, effects),
            Input::Close => self.close(effects),
            Input::Refresh | Input::Reconnect | Input::Broke(_) => effects.series_ended = true,
            _ => {}
        }
    }

    /// Begins with a clean slate when it goes online: what failed before counts no more.
    pub(super) fn go_offline(&mut self, effects: &mut Effects) {
        self.offline = true;
        self.cached = self.has_state();
        self.poll = Poll::new(self.policy.retry);
        self.stream = Stream::new();
        effects.disconnect = true;
        effects.series_ended = true;
        if let FirstLoad::Pending { .. } = self.first_load {
            effects.settled = self.first_load.settle(Ok(()), &self.policy);
        }
    }

    fn go_online(&mut self, now: Now, effects: &mut Effects) {
        self.offline = false;
        self.freshness.resume(now.monotonic);
        self.fetch(now, super::Attempt::Regular, effects);
    }
}
