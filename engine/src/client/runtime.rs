use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{THREAD_PREFIX, install_hook};

const WORKERS: usize = 2;

/// For parsing.
const BLOCKING: usize = 6;

static SHARED: Mutex<Option<&'static Runtime>> = Mutex::new(None);

/// The runtime of the process: started by the first client, shared by all, never torn down.
///
/// # Errors
/// [`ErrorKind::Panic`] when the system gives us no threads; the next call tries again.
pub(super) fn shared() -> Result<&'static Handle> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = *shared {
        return Ok(runtime.handle());
    }
    install_hook();
    let runtime: &'static Runtime = Box::leak(Box::new(build()?));
    *shared = Some(runtime);
    Ok(runtime.handle())
}

fn build() -> Result<Runtime> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .thread_name_fn(|| format!("{THREAD_PREFIX}{}", NEXT.fetch_add(1, Ordering::Relaxed)))
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::Panic).with_context("the background threads could not be started").with_source(error)
        })
}
