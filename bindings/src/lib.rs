//! The Node-API addon: converts and forwards, owns no rules.
//!
//! JavaScript reaches it through `src/native.ts`. Evaluation goes through the raw callback of [`fast_call`]; everything
//! else through the methods of [`client::NativeClient`].
#![allow(unreachable_pub, reason = "exports are public for JavaScript; no crate links this one")]

mod calls;
mod client;
mod error;
mod events;
mod explain;
mod fast_call;
mod features;
mod flags;
#[cfg(feature = "test-hooks")]
mod hooks;
mod host_credential;
mod host_fetch;
mod inbox;
mod local;
mod options;
mod panics;
mod pin;
mod plan;
mod request;
mod results;
mod sharing;
mod status;
mod ticks;
mod waiting;

use flipt_engine::client::silence_panics;
use flipt_engine::error::CODES;
use napi_derive::{module_init, napi};

#[module_init]
fn init() {
    silence_panics();
    pin::keep_loaded();
}

/// The version that this addon was built as; it belongs to the JavaScript of the same version.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Every error code with the name of its class in JavaScript.
#[napi(catch_unwind)]
#[must_use]
pub fn codes() -> Vec<Vec<&'static str>> {
    CODES.iter().map(|&(code, class)| vec![code, class]).collect()
}
