//! Keeps the store current: one task per client that fetches, streams, parses, installs and schedules.

mod audience;
mod backoff;
mod clock;
mod driver;
mod faults;
mod flight;
mod journal;
mod lines;
mod links;
mod load;
mod machine;
mod order;
mod panic;
mod poll;
mod stream;

pub(crate) use audience::{Audience, Listener};
pub(crate) use clock::wall;
pub(crate) use driver::{Command, Driver, Reply};
pub(crate) use journal::Journal;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use lines::{LineDecoder, TooLong};
pub(crate) use links::{Links, Sources};
pub(crate) use machine::Policy;
pub(crate) use panic::{THREAD_PREFIX, contain, install_hook};
pub use panic::{contained, silence_panics};
pub(crate) use poll::Poller;
pub(crate) use stream::Streamer;
