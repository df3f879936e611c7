//! What the engine tells while it works, as JavaScript gets it.

use flipt_engine::client::{Event, LogLevel};
use flipt_engine::status::Changed;
use napi_derive::napi;

use crate::error::NativeError;
use crate::status::{NativeStatus, milliseconds, source};

/// Something that happened. Which field is there depends on the kind.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeEvent {
    /// `log`, `ready`, `change`, `status`, `stale`, `recovered`, `error` or `closed`.
    pub kind: &'static str,
    /// For `log`: how important it is.
    pub level: Option<&'static str>,
    /// For `log`: the line.
    pub message: Option<String>,
    /// For `change`.
    pub change: Option<NativeChange>,
    /// For `status`: what it was.
    pub previous: Option<NativeStatus>,
    /// For `status`: what it is.
    pub current: Option<NativeStatus>,
    /// For `error`.
    pub error: Option<NativeError>,
}

/// A replacement of flag state.
#[napi(object, object_from_js = false)]
pub struct NativeChange {
    /// Flags that are new.
    pub added: Vec<String>,
    /// Flags that are gone.
    pub removed: Vec<String>,
    /// Flags that answer differently.
    pub modified: Vec<String>,
    /// The digest of the new state.
    pub digest: Option<String>,
    /// Where the new state came from.
    pub source: &'static str,
    /// When it was put in force, in milliseconds since 1970.
    pub at: f64,
}

impl From<Event> for NativeEvent {
    fn from(event: Event) -> Self {
        let mut native = Self { kind: kind(&event), ..Self::default() };
        match event {
            Event::Log { level, message } => (native.level, native.message) = (Some(name(level)), Some(message)),
            Event::Changed(changed) => native.change = Some((&changed).into()),
            Event::Status { previous, current } => {
                native.previous = Some((&*previous).into());
                native.current = Some((&*current).into());
            }
            Event::Error(error) => native.error = Some((&error).into()),
            _ => {}
        }
        native
    }
}

impl From<&Changed> for NativeChange {
    fn from(changed: &Changed) -> Self {
        Self {
            added: changed.change.added.clone(),
            removed: changed.change.removed.clone(),
            modified: changed.change.modified.clone(),
            digest: changed.digest.clone(),
            source: source(changed.source),
            at: milliseconds(changed.at),
        }
    }
}

/// The kind of an event.
pub(crate) fn kind(event: &Event) -> &'static str {
    match event {
        Event::Log { .. } => "log",
        Event::Ready => "ready",
        Event::Changed(_) => "change",
        Event::Status { .. } => "status",
        Event::Stale => "stale",
        Event::Recovered => "recovered",
        Event::Error(_) => "error",
        Event::Closed => "closed",
        _ => "other",
    }
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}
