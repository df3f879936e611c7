use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::folder::{self, Listing};
use crate::config::Config;
use crate::error::{ErrorKind, Result};
use crate::features::Features;
use crate::http::{Fetch, FetchFuture, FetchRequest, FetchResponse};
use crate::status::{Event, LogLevel, Observer};
use crate::sync::contain;

/// Warnings that are remembered, so that each is told once.
const REMEMBERED: usize = 1000;

/// Feature files in the place of a server: a request reads them, and answers as the server would.
pub(crate) struct Files {
    /// The path as the options name it.
    shown: PathBuf,
    /// The same, whatever the working directory becomes.
    path: PathBuf,
    namespace: String,
    watched: bool,
    most_bytes: usize,
    observer: Option<Arc<dyn Observer>>,
    /// What was there when the files were read last.
    read: Mutex<Option<Listing>>,
    told: Mutex<HashSet<String>>,
}

impl Files {
    /// The files that the options name, if they name any.
    pub(crate) fn new(config: &Config, observer: Option<Arc<dyn Observer>>) -> Option<Arc<Self>> {
        let source = config.source.as_ref()?;
        Some(Arc::new(Self {
            shown: source.path.clone(),
            path: std::path::absolute(&source.path).unwrap_or_else(|_| source.path.clone()),
            namespace: config.namespace.clone(),
            watched: source.watch,
            most_bytes: config.max_snapshot_bytes,
            observer,
            read: Mutex::default(),
            told: Mutex::default(),
        }))
    }

    /// Whether changes are to be noticed.
    pub(crate) fn are_watched(&self) -> bool {
        self.watched
    }

    /// What is there now.
    pub(super) fn look(&self) -> Listing {
        folder::list(&self.path)
    }

    /// Whether something else is there than what was read last.
    pub(super) fn differs(&self, seen: &Listing) -> bool {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).as_ref() != Some(seen)
    }

    fn load(&self) -> Result<(String, String)> {
        // Before reading: what changes meanwhile is seen by the next look.
        let seen = self.look();
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        let features = super::read_as(&self.path, &self.shown.to_string_lossy(), self.most_bytes);
        self.warn(&features);
        let digest = features.digest(&self.namespace).map(str::to_owned);
        let snapshot = features.snapshot(&self.namespace).zip(digest);
        snapshot.ok_or_else(|| features.refusal(&self.namespace, &self.shown.to_string_lossy()))
    }

    fn warn(&self, features: &Features) {
        let Some(observer) = &self.observer else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in features.warnings().iter().map(ToString::to_string) {
            if told.len() < REMEMBERED && told.insert(warning.clone()) {
                let _ = contain(|| observer.event(Event::Log { level: LogLevel::Warn, message: warning }));
            }
        }
    }

    fn answer(&self, request: &FetchRequest) -> Result<FetchResponse> {
        let (snapshot, digest) = self.load()?;
        if request.etag.as_ref() == Some(&digest) {
            return Ok(FetchResponse { status: 304, etag: Some(digest), ..FetchResponse::default() });
        }
        Ok(FetchResponse { status: 200, etag: Some(digest), body: snapshot.into(), ..FetchResponse::default() })
    }
}

/// A shared handle, because reading goes on where it may take its time.
pub(crate) struct FileFetch(pub(crate) Arc<Files>);

impl Fetch for FileFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture<'_> {
        let files = Arc::clone(&self.0);
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || contain(|| files.answer(&request))).await;
            read.unwrap_or_else(|_| Err(ErrorKind::Panic.into())).and_then(|answer| answer)
        })
    }
}
