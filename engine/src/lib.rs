//! Evaluates [Flipt](https://flipt.io) feature flags inside the process and keeps their state current.
//!
//! The crate has two halves. The pure one turns bytes into an indexed [`snapshot::Snapshot`] and answers
//! from it as a Flipt server would ([`evaluate`]); it needs no runtime and no network
//! (`default-features = false`). The other one, feature `sync`, adds the `client::Client`: a background task that
//! fetches, retries and installs snapshots, while evaluation reads the current one without a lock.
//!
//! ```
//! use flipt_engine::evaluate::{self, Request};
//! use flipt_engine::snapshot::Snapshot;
//!
//! let body = br#"{"namespace":{"key":"default"},"digest":"1","flags":[
//!   {"key":"dark-mode","type":"BOOLEAN_FLAG_TYPE","enabled":true}]}"#;
//! let snapshot = Snapshot::parse(body, None)?;
//! let answer = evaluate::boolean(&snapshot, &Request::new("dark-mode", "user-1", &()))?;
//! assert!(answer.enabled);
//! # Ok::<(), flipt_engine::Error>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "sync")]
mod cache;
#[cfg(feature = "sync")]
pub mod client;
#[cfg(feature = "sync")]
pub mod config;
pub mod error;
pub mod evaluate;
pub mod features;
#[cfg(all(feature = "sync", any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "sync")]
pub mod http;
#[cfg(feature = "sync")]
pub mod redact;
pub mod snapshot;
#[cfg(feature = "sync")]
pub mod source;
#[cfg(feature = "sync")]
pub mod status;
pub mod store;
#[cfg(feature = "sync")]
mod sync;

#[cfg(feature = "sync")]
pub use client::Client;
#[cfg(feature = "sync")]
pub use config::Config;
pub use error::{Error, ErrorKind, Result};
