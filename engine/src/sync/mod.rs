//! Keeps the store current: one task per client that fetches, parses, installs and schedules.

mod backoff;
mod driver;
mod journal;
mod lines;
mod machine;
mod panic;
mod poll;

pub(crate) use driver::{Driver, Links, Refresh};
pub(crate) use journal::Journal;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use lines::{LineDecoder, TooLong};
pub(crate) use machine::Policy;
pub(crate) use panic::{THREAD_PREFIX, contain, install_hook};
pub(crate) use poll::Poller;
