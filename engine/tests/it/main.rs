//! The client against a real server on loopback that can do everything wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, read the clock and start tasks"
)]

mod cache;
mod closing;
mod conditional;
mod containment;
mod credentials;
mod deadlines;
mod first_load;
mod journal;
mod names;
mod offline;
mod pools;
mod proxies;
mod redirects;
mod refusals;
mod requests;
mod schedule;
mod shared;
mod streaming;
mod support;
mod tls;
