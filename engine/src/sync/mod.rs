//! Keeps the store current: one task per client that fetches, parses, installs and schedules.

mod backoff;
mod driver;
mod journal;
mod machine;
mod panic;
mod poll;

pub(crate) use driver::{Driver, Links, Refresh};
pub(crate) use journal::Journal;
pub(crate) use machine::Policy;
pub(crate) use panic::{THREAD_PREFIX, contain, install_hook};
pub(crate) use poll::Poller;
