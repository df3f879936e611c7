//! Panics on our threads: contained, named by their place in the code, printed nowhere.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

use crate::error::{Error, ErrorKind, Result};

/// How the names of our threads begin.
pub(crate) const THREAD_PREFIX: &str = "flipt-";

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics of our own threads from being printed; those of all other threads go where they went before.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|name| name.starts_with(THREAD_PREFIX)) {
                PLACE.set(Some(place(info)));
            } else {
                previous(info);
            }
        }));
    });
}

/// File name and line; the message stays behind, for it may repeat anything.
fn place(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(String::new, |location| {
        let file = location.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{file}:{}", location.line())
    })
}

/// Runs `work`; a panic in it becomes an error.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(caught)
}

/// Drives `work` to its end; a panic in it becomes an error.
pub(super) async fn contain_async<T>(work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match contain(|| work.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

fn caught(payload: Box<dyn Any + Send>) -> Error {
    // Dropping a payload may panic again; a leak of a few bytes is the lesser evil.
    std::mem::forget(payload);
    let error = Error::new(ErrorKind::Panic);
    match PLACE.take() {
        Some(place) => error.with_context(place),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_place_only() {
        install_hook();
        let thread = std::thread::Builder::new().name(format!("{THREAD_PREFIX}test"));
        let error = thread.spawn(|| contain(|| panic!("hunter2")).unwrap_err()).unwrap().join().unwrap();
        assert_eq!(error.kind(), &ErrorKind::Panic);
        assert!(error.to_string().starts_with("internal error: panic.rs:"), "{error}");
        assert_eq!(contain(|| 7).unwrap(), 7);
    }
}
