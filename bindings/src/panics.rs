//! Panics become errors: they are caught at every border, printed nowhere and described by their place alone.

use flipt_engine::Error;
use flipt_engine::client::contained;

/// Runs the body of an export. A panic in it becomes an error.
pub(crate) fn guard<T>(export: &'static str, body: impl FnOnce() -> T) -> Result<T, Error> {
    contained(export, || {
        #[cfg(feature = "test-hooks")]
        crate::hooks::fault(export);
        body()
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
