//! What the tests of the cache share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use crate::config::{CacheConfig, Config};
use crate::snapshot::Snapshot;
use crate::store::{Installed, store};

/// A folder of its own, removed with all that is in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("flipt-cache-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("flags")
    }

    /// The names in the folder, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The default options with a cache.
pub(super) fn config(path: impl Into<PathBuf>) -> Config {
    Config { cache: Some(CacheConfig { path: path.into(), max_age: None }), ..Config::default() }
}

pub(super) fn body(digest: &str) -> Vec<u8> {
    format!(
        r#"{{"namespace":{{"key":"default"}},"digest":"{digest}","flags":[
        {{"key":"first","type":"BOOLEAN_FLAG_TYPE","enabled":true}}]}}"#
    )
    .into_bytes()
}

/// Flag state as a server's answer leaves it.
pub(super) fn installed(digest: &str) -> Arc<Installed> {
    in_force(Snapshot::parse(&body(digest), None).unwrap(), Some(digest.to_owned()))
}

pub(super) fn in_force(snapshot: Snapshot, etag: Option<String>) -> Arc<Installed> {
    let (writer, store) = store();
    writer.install(snapshot, etag);
    store.installed().unwrap()
}

pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}
