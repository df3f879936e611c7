use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::Semaphore;

use crate::redact::Secret;

/// No token is longer; a file that is has another purpose.
const LARGEST: u64 = 256 * 1024;

/// Reads that may be stuck at the same time in the whole process: a path can lead to a disk that does not answer, and
/// parsing must find a thread all the same.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// A file with a token in it, read off the threads that drive the connections.
pub(super) struct TokenFile {
    path: Arc<Path>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// By what a change is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    modified: Option<SystemTime>,
    length: u64,
}

/// What is in the file.
pub(super) enum Content {
    /// What was there the last time.
    Unchanged,
    /// A token, without the white space around it.
    Token(Secret),
}

impl TokenFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: Arc::from(path), seen: Arc::default() }
    }

    /// Reads the file; with `only_changed` only if it has changed since the last time.
    pub(super) async fn read(&self, only_changed: bool) -> io::Result<Content> {
        let permit = PERMITS.acquire().await.map_err(io::Error::other)?;
        let (path, seen) = (Arc::clone(&self.path), Arc::clone(&self.seen));
        let reading = tokio::task::spawn_blocking(move || {
            // Held until the read ends, even when nobody waits for it any more.
            let _permit = permit;
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let (content, now) = read(&path, seen.filter(|_| only_changed))?;
            *seen = Some(now);
            Ok(content)
        });
        reading.await.map_err(io::Error::other)?
    }
}

fn read(path: &Path, known: Option<Seen>) -> io::Result<(Content, Seen)> {
    let metadata = std::fs::metadata(path)?;
    let seen = Seen::of(&metadata);
    if known == Some(seen) {
        return Ok((Content::Unchanged, seen));
    }
    // Anything but a file may keep a reader for ever.
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok((Content::Token(Secret::new(text.trim())), seen))
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), length: metadata.len() }
    }
}
