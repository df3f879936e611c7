//! Built for tests only: panics on demand, and counters of what is alive.

use std::sync::{Mutex, PoisonError};

use napi_derive::napi;

static ARMED: Mutex<Option<String>> = Mutex::new(None);

/// What is alive in this process.
#[napi(object, object_from_js = false)]
pub struct LiveCounts {
    /// Clients that were started and have not ended.
    pub clients: u32,
    /// Snapshots in memory.
    pub snapshots: u32,
    /// Raw callbacks that have not been collected.
    pub evaluators: u32,
}

/// Makes the next call of an export panic inside; `evaluator` is the raw callback. On the engine's own threads panic
/// `fetch` and `obtainCredential`, which ask JavaScript, and `event`, which tells it something.
#[napi(catch_unwind)]
pub fn arm_panic(export: String) {
    *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(export);
}

/// Counts what is alive.
#[napi(catch_unwind)]
#[must_use]
pub fn live_counts() -> LiveCounts {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    LiveCounts {
        clients: count(flipt_engine::client::live_clients()),
        snapshots: count(flipt_engine::store::live_snapshots()),
        evaluators: count(crate::fast_call::live_evaluators()),
    }
}

#[expect(clippy::panic, reason = "panicking is what it is for")]
pub(crate) fn fault(export: &str) {
    let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
    if armed.as_deref() == Some(export) {
        *armed = None;
        drop(armed);
        panic!("armed by a test");
    }
}
