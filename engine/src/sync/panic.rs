//! Panics on our threads: contained, named by their place in the code, printed nowhere.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crate::error::{Error, ErrorKind, Result};

/// How the names of our threads begin.
pub(crate) const THREAD_PREFIX: &str = "flipt-";

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether the threads of the host count as ours.
static EVERYWHERE: AtomicBool = AtomicBool::new(false);

/// Keeps panics of every thread from being printed, for a host in whose library there is no other code in Rust.
pub fn silence_panics() {
    EVERYWHERE.store(true, Ordering::Relaxed);
    install_hook();
}

/// Runs `work`, which goes by the name `what`; a panic in it becomes an error that names both and no message.
///
/// # Errors
/// [`ErrorKind::Panic`].
pub fn contained<T>(what: &str, work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| caught(Some(what), payload))
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
            let is_everywhere = EVERYWHERE.load(Ordering::Relaxed);
            if is_everywhere || std::thread::current().name().is_some_and(|name| name.starts_with(THREAD_PREFIX)) {
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
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| caught(None, payload))
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

fn caught(what: Option<&str>, payload: Box<dyn Any + Send>) -> Error {
    // Dropping a payload may panic again; a leak of a few bytes is the lesser evil.
    std::mem::forget(payload);
    let place = PLACE.take();
    let parts: Vec<&str> = what.into_iter().chain(place.as_deref()).collect();
    let error = Error::new(ErrorKind::Panic);
    if parts.is_empty() { error } else { error.with_context(parts.join(", ")) }
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

    #[test]
    fn work_with_a_name_is_named() {
        install_hook();
        let thread = std::thread::Builder::new().name(format!("{THREAD_PREFIX}test"));
        let error = thread.spawn(|| contained("listFlags", || panic!("hunter2")).unwrap_err()).unwrap().join().unwrap();
        assert!(error.to_string().starts_with("internal error: listFlags, panic.rs:"), "{error}");
    }
}
