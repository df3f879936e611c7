//! Which of a stream's messages are known to be newer than what a poll brought.
//!
//! A message may have been on its way for long: it can arrive after a poll's answer that is newer. So a stream is taken
//! at its word only as long as no poll has brought anything since it was opened, or since it said the same as a poll.

/// Keeps the stream and the polls apart. Pure.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// A poll brought something that the stream has not said yet.
    behind: bool,
    /// What the stream last said without being believed.
    doubted: Option<String>,
}

impl Order {
    /// A stream is asked for; whatever it says is newer than what is in force.
    pub(super) fn opened(&mut self) {
        self.caught_up();
    }

    /// A poll's answer is installed.
    pub(super) fn polled(&mut self, etag: Option<&str>) {
        let confirms = etag.is_some() && etag == self.doubted.as_deref();
        self.doubted = None;
        self.behind = !confirms;
    }

    /// The stream said what is in force.
    pub(super) fn caught_up(&mut self) {
        *self = Self::default();
    }

    /// Whether what the stream said is newer than what is in force; if not, a poll has to tell.
    pub(super) fn is_newer(&mut self, etag: Option<&str>) -> bool {
        if self.behind {
            self.doubted = etag.map(str::to_owned);
        }
        !self.behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_believed_until_a_poll_has_brought_something() {
        let mut order = Order::default();
        order.opened();
        assert!(order.is_newer(Some("1")) && order.is_newer(None));
        order.polled(Some("3"));
        assert!(!order.is_newer(Some("2")));
        assert!(!order.is_newer(Some("3")), "nor is what only seems to be current");
    }

    #[test]
    fn it_is_believed_again_once_it_has_caught_up() {
        let mut order = Order::default();
        order.polled(Some("2"));
        order.caught_up();
        assert!(order.is_newer(Some("3")));
        order.polled(Some("4"));
        order.opened();
        assert!(order.is_newer(Some("5")));
        order.polled(Some("6"));
        assert!(!order.is_newer(Some("7")));
        order.polled(Some("7"));
        assert!(order.is_newer(Some("8")), "the poll brought what the stream had said");
    }

    #[test]
    fn a_poll_that_brought_something_else_leaves_the_doubt() {
        let mut order = Order::default();
        order.polled(Some("2"));
        assert!(!order.is_newer(Some("1")));
        order.polled(Some("3"));
        assert!(!order.is_newer(Some("2")));
        order.polled(None);
        assert!(!order.is_newer(None));
        order.polled(None);
        assert!(!order.is_newer(None), "without digests a poll has to tell each time");
    }
}
