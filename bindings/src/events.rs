//! What the engine tells while it works, handed to JavaScript without keeping the process alive.

use flipt_engine::client::{Event, LogLevel, Observer};
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

type LogArgs = FnArgs<(&'static str, String)>;
/// Lines beyond this many unread ones are dropped, so that a blocked event loop costs no memory.
const UNREAD_LINES: usize = 1024;

/// Forwards log lines to the host's `log`.
pub(crate) struct HostObserver {
    log: ThreadsafeFunction<LogArgs, (), LogArgs, Status, false, true, UNREAD_LINES>,
}

impl HostObserver {
    pub(crate) fn new(log: &Function<'_, LogArgs, ()>) -> napi::Result<Self> {
        let log = log.build_threadsafe_function().weak::<true>().max_queue_size::<UNREAD_LINES>().build()?;
        Ok(Self { log })
    }
}

impl Observer for HostObserver {
    fn event(&self, event: Event) {
        if let Event::Log { level, message } = event {
            let level = match level {
                LogLevel::Debug => "debug",
                LogLevel::Info => "info",
                LogLevel::Warn => "warn",
                LogLevel::Error => "error",
            };
            // A full queue or a closing environment loses the line, and only the line.
            let _ = self.log.call((level, message).into(), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
