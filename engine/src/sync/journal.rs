use std::collections::HashSet;
use std::sync::Arc;

use super::panic::contain;
use crate::error::Error;
use crate::status::{Event, LogLevel, Observer, Status};

/// Different snapshot warnings that are remembered, so that a server that makes up new ones cannot fill the memory.
const REMEMBERED: usize = 1000;

/// What is told to the observer, and how loudly: the first failure of a series is a warning, the others are for
/// debugging, the recovery is an information; each snapshot warning is told once.
pub(crate) struct Journal {
    observer: Option<Arc<dyn Observer>>,
    failures: u32,
    stream_failures: u32,
    told: HashSet<String>,
    status: Arc<Status>,
}

impl Journal {
    pub(crate) fn new(observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, failures: 0, stream_failures: 0, told: HashSet::new(), status: Arc::default() }
    }

    pub(super) fn failed(&mut self, error: &Error) {
        self.failures = self.failures.saturating_add(1);
        self.tell(loudness(self.failures), || format!("flag state could not be fetched: {error}"));
        self.event(Event::Error(error.clone()));
    }

    pub(super) fn succeeded(&mut self) {
        let failures = std::mem::take(&mut self.failures);
        if failures > 0 {
            self.tell(LogLevel::Info, || format!("flag state is current again after {failures} failed requests"));
        }
    }

    pub(super) fn stream_failed(&mut self, error: &Error) {
        self.stream_failures = self.stream_failures.saturating_add(1);
        self.tell(loudness(self.stream_failures), || format!("the stream of flag state failed: {error}"));
        self.event(Event::Error(error.clone()));
    }

    /// The stream brought a message.
    pub(super) fn streamed(&mut self) {
        let failures = std::mem::take(&mut self.stream_failures);
        if failures > 0 {
            self.tell(LogLevel::Info, || format!("flag state is streamed again after {failures} failed attempts"));
        }
    }

    /// The status that was told last.
    pub(super) fn told_status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    pub(crate) fn status(&mut self, current: Arc<Status>) {
        let previous = std::mem::replace(&mut self.status, Arc::clone(&current));
        let (was_stale, is_stale) = (previous.stale, current.stale);
        self.event(Event::Status { previous, current });
        if is_stale && !was_stale {
            self.tell(LogLevel::Debug, || "flag state may be outdated".to_owned());
            self.event(Event::Stale);
        } else if was_stale && !is_stale {
            self.event(Event::Recovered);
        }
    }

    pub(crate) fn installed(&mut self, flags: usize, warnings: &[String]) {
        self.tell(LogLevel::Debug, || format!("flag state installed: {flags} flags"));
        self.warnings(warnings);
    }

    pub(crate) fn warnings(&mut self, warnings: &[String]) {
        for warning in warnings {
            if self.told.len() >= REMEMBERED {
                return;
            }
            if self.told.insert(warning.clone()) {
                self.tell(LogLevel::Warn, || warning.clone());
                if self.told.len() == REMEMBERED {
                    self.tell(LogLevel::Warn, || "further warnings about flag state are left out".to_owned());
                }
            }
        }
    }

    pub(super) fn broke(&self, error: &Error) {
        self.tell(LogLevel::Error, || format!("the background task broke and starts again: {error}"));
        self.event(Event::Error(error.clone()));
    }

    fn tell(&self, level: LogLevel, message: impl FnOnce() -> String) {
        if self.observer.is_some() {
            self.event(Event::Log { level, message: message() });
        }
    }

    pub(crate) fn event(&self, event: Event) {
        if let Some(observer) = &self.observer {
            // An observer that panics is its author's concern; telling it so would make it panic again.
            let _ = contain(|| observer.event(event));
        }
    }
}

/// How loudly the `count`th failure in a row is told.
fn loudness(count: u32) -> LogLevel {
    if count == 1 { LogLevel::Warn } else { LogLevel::Debug }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::ErrorKind;

    #[derive(Default)]
    struct Lines(Mutex<Vec<(LogLevel, String)>>);

    impl Observer for Lines {
        fn event(&self, event: Event) {
            let Event::Log { level, message } = event else { return };
            self.0.lock().unwrap().push((level, message));
        }
    }

    fn journal() -> (Journal, Arc<Lines>) {
        let lines = Arc::new(Lines::default());
        (Journal::new(Some(Arc::clone(&lines) as Arc<dyn Observer>)), lines)
    }

    #[test]
    fn a_series_warns_once_and_its_end_is_told() {
        let (mut journal, lines) = journal();
        let error = Error::new(ErrorKind::Status(503));
        journal.succeeded();
        journal.failed(&error);
        journal.failed(&error);
        journal.succeeded();
        journal.succeeded();
        journal.failed(&error);
        let levels: Vec<LogLevel> = lines.0.lock().unwrap().iter().map(|(level, _)| *level).collect();
        assert_eq!(levels, [LogLevel::Warn, LogLevel::Debug, LogLevel::Info, LogLevel::Warn]);
    }

    #[test]
    fn warnings_are_told_once_and_their_number_is_bounded() {
        let (mut journal, lines) = journal();
        let warnings: Vec<String> = (0..REMEMBERED + 50).map(|number| number.to_string()).collect();
        journal.warnings(&warnings[..2]);
        journal.warnings(&warnings);
        journal.warnings(&warnings);
        assert_eq!(lines.0.lock().unwrap().len(), REMEMBERED + 1);
        assert_eq!(journal.told.len(), REMEMBERED);
    }

    #[test]
    fn a_panicking_observer_is_contained() {
        struct Broken;
        impl Observer for Broken {
            fn event(&self, _event: Event) {
                panic!("observer");
            }
        }
        let mut journal = Journal::new(Some(Arc::new(Broken)));
        journal.failed(&Error::new(ErrorKind::Status(503)));
        assert_eq!(journal.failures, 1);
    }
}
