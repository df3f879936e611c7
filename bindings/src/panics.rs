//! Panics become errors: they are caught at every border, printed nowhere and described by their place alone.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Mutex, Once};

use flipt_engine::{Error, ErrorKind};

/// Where the last panic happened. A message could hold anything, a place holds no secret.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Keeps the standard hook from printing to the host's standard error. Every thread that loads the addon comes here; the
/// engine puts its own hook in front later, which a second installation would replace.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        set_hook(Box::new(|info| {
            let place = info.location().filter(|place| !place.file().starts_with('/'));
            if let (Some(place), Ok(mut last)) = (place, PLACE.lock()) {
                *last = Some(format!("{}:{}", place.file(), place.line()));
            }
        }))
    });
}

/// Runs the body of an export. A panic in it becomes an error.
pub(crate) fn guard<T>(export: &'static str, body: impl FnOnce() -> T) -> Result<T, Error> {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "test-hooks")]
        crate::hooks::fault(export);
        body()
    }));
    caught.map_err(|_| {
        let place = PLACE.lock().ok().and_then(|mut last| last.take());
        let context = place.map_or_else(|| export.to_owned(), |place| format!("{export}, {place}"));
        Error::new(ErrorKind::Panic).with_context(context)
    })
}

/// As [`guard`], for exports without a tagged result: the panic is thrown.
pub(crate) fn guard_thrown<T>(export: &'static str, body: impl FnOnce() -> T) -> thrown::Result<T> {
    guard(export, body).map_err(|error| napi::Error::new(error.code(), error.to_string()))
}

/// Results whose error JavaScript sees as an exception with one of our codes.
pub(crate) mod thrown {
    /// A value, or an exception whose code is the text.
    pub(crate) type Result<T> = napi::Result<T, &'static str>;
}
