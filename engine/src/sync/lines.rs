//! Cuts a stream of bytes into lines. Does no I/O, and its lines do not depend on how the bytes were split.

use bytes::{Bytes, BytesMut};

/// A line that is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Collects bytes until a line is complete; holds one line and one chunk at most.
#[derive(Debug)]
pub(crate) struct LineDecoder {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    max: usize,
}

impl LineDecoder {
    /// Lines may be `max` bytes long, without their end.
    pub(crate) fn new(max: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, max }
    }

    /// Takes the next bytes; [`next_line`](Self::next_line) is to be called until it returns `None`.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next complete line without its end; blank lines are left out. Once a line was too long, the decoder is of
    /// no more use.
    pub(crate) fn next_line(&mut self) -> Option<Result<Bytes, TooLong>> {
        loop {
            let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
            let Some(end) = end.map(|end| self.searched + end) else {
                self.searched = self.buffer.len();
                return (self.buffer.len() > self.max).then_some(Err(TooLong));
            };
            if end > self.max {
                return Some(Err(TooLong));
            }
            let mut line = self.buffer.split_to(end + 1).freeze();
            line.truncate(end);
            self.searched = 0;
            if self.buffer.is_empty() {
                // The memory of a large line goes away with the line.
                self.buffer = BytesMut::new();
            }
            if !line.trim_ascii().is_empty() {
                return Some(Ok(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(decoder: &mut LineDecoder, chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(line) = decoder.next_line() {
                lines.push(line.unwrap().to_vec());
            }
        }
        lines
    }

    #[test]
    fn a_line_ends_with_its_newline_wherever_that_arrives() {
        let mut decoder = LineDecoder::new(100);
        assert_eq!(lines(&mut decoder, &[b"{\"a\"", b":1}"]), Vec::<Vec<u8>>::new());
        assert_eq!(lines(&mut decoder, &[b"\n"]), [b"{\"a\":1}"]);
        assert_eq!(lines(&mut decoder, &[b"\r\n\n \nx\ny\nz"]), [b"x", b"y"]);
    }

    #[test]
    fn a_line_is_bounded_with_and_without_its_end() {
        for chunks in [&[b"123456".as_slice()] as &[&[u8]], &[b"123", b"456"], &[b"123456\n"]] {
            let mut decoder = LineDecoder::new(5);
            for chunk in chunks {
                decoder.push(chunk);
            }
            assert_eq!(decoder.next_line(), Some(Err(TooLong)), "{chunks:?}");
        }
        let mut decoder = LineDecoder::new(5);
        assert_eq!(lines(&mut decoder, &[b"12345", b"\n12345\n"]), [b"12345", b"12345"]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_chunks(text in "[a-cé\n]{0,60}", cuts in prop::collection::vec(0usize..60, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            let mut from = 0;
            let mut chunks = Vec::new();
            for cut in cuts {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            let expected = lines(&mut LineDecoder::new(1000), &[bytes]);
            prop_assert_eq!(lines(&mut LineDecoder::new(1000), &chunks), expected);
        }
    }
}
