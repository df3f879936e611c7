//! The ways to answer, good and bad.

use std::io::Write;
use std::time::Duration;

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Answers as Flipt does: conditional, compressed when asked.
    Flipt,
    /// Sends these bytes and keeps the connection.
    Raw(Vec<u8>),
    /// Sends these bytes and closes the connection in an orderly way.
    Cut(Vec<u8>),
    /// Sends these bytes and nothing more until the client goes away.
    Stall(Vec<u8>),
    /// Sends these bytes one by one with such pauses.
    Drip(Vec<u8>, Duration),
    /// Resets the connection.
    Reset,
    /// Streams as Flipt does: the state in force unless the client has it, then every change.
    Live,
    /// Begins a stream, sends these bytes and goes on as the last word says.
    Stream(Vec<u8>, Then),
}

/// How a stream of a script goes on after its bytes.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// An orderly end.
    End,
    /// A cut connection.
    Cut,
    /// Silence.
    Silence,
    /// What a healthy stream would send from now on.
    Live,
}

impl Reply {
    /// Never answers.
    pub(crate) fn never() -> Self {
        Self::Stall(Vec::new())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Raw(response(status, &[("content-type", "application/json")], br#"{"code":2,"message":"no"}"#))
    }

    pub(crate) fn ok(body: &[u8]) -> Self {
        Self::Raw(response(200, &[("content-type", "application/json")], body))
    }

    pub(crate) fn with(headers: &[(&str, &str)], status: u16, body: &[u8]) -> Self {
        Self::Raw(response(status, headers, body))
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::Raw(response(302, &[("location", to)], b""))
    }

    pub(crate) fn gzip(body: &[u8]) -> Self {
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        Self::Raw(response(200, &headers, &gzip(body)))
    }
}

/// A line of a stream with a snapshot.
pub(crate) fn line(body: &[u8]) -> Vec<u8> {
    [br#"{"result":"#, body, b"}\n"].concat()
}

/// A chunk of a body whose length is not known.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A response with its length.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} Whatever\r\n").into_bytes();
    for (name, value) in headers {
        write!(bytes, "{name}: {value}\r\n").unwrap();
    }
    if status != 304 {
        write!(bytes, "content-length: {}\r\n", body.len()).unwrap();
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}
