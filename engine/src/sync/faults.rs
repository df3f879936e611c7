use crate::error::Error;

/// The errors that are not mended yet, by channel: a poll that succeeds says nothing about the stream.
#[derive(Default)]
pub(super) struct Faults {
    poll: Option<Error>,
    stream: Option<Error>,
    stream_is_newer: bool,
}

impl Faults {
    pub(super) fn poll_failed(&mut self, error: &Error) {
        self.poll = Some(error.clone());
        self.stream_is_newer = false;
    }

    pub(super) fn poll_mended(&mut self) {
        self.poll = None;
    }

    pub(super) fn stream_failed(&mut self, error: &Error) {
        self.stream = Some(error.clone());
        self.stream_is_newer = true;
    }

    pub(super) fn stream_mended(&mut self) {
        self.stream = None;
    }

    /// The newest of them.
    pub(super) fn last(&self) -> Option<Error> {
        let (newer, older) = if self.stream_is_newer { (&self.stream, &self.poll) } else { (&self.poll, &self.stream) };
        newer.as_ref().or(older.as_ref()).cloned()
    }
}
