//! How often a client may connect, whatever the server does.
//!
//! Two things are counted over the same span: connections that are made, and attempts that repeat what failed. A poll
//! at its regular time on a connection that is open already is neither.

use std::collections::VecDeque;
use std::future::Future;
#[cfg(test)]
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Automatic attempts in any span of [`SPAN`].
const MOST: usize = 10;
const SPAN: Duration = Duration::from_secs(10);

tokio::task_local! {
    static ATTEMPT: Arc<Attempt>;
}

/// The limiter of one client.
#[derive(Debug)]
pub(crate) struct Limiter {
    windows: Mutex<Windows>,
    waived: AtomicBool,
    changed: Notify,
    origin: Instant,
}

/// One request on its way, from the first connection to the last retry.
#[derive(Debug)]
struct Attempt {
    limiter: Arc<Limiter>,
    waivable: bool,
    #[cfg(test)]
    connections: AtomicUsize,
}

#[derive(Debug, Default)]
struct Windows {
    connections: Window,
    repeats: Window,
}

/// When the last few things happened; pure.
#[derive(Debug, Default)]
struct Window(VecDeque<Duration>);

impl Window {
    /// How long there is no room.
    fn wait(&mut self, now: Duration) -> Option<Duration> {
        while self.0.front().is_some_and(|first| now >= *first + SPAN) {
            self.0.pop_front();
        }
        let blocking = self.0.len().checked_sub(MOST)?;
        self.0.get(blocking).map(|first| (*first + SPAN).saturating_sub(now))
    }

    fn note(&mut self, now: Duration) {
        self.0.push_back(now);
        // What a caller asked for counts and is not held back; only the last ones decide.
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }
}

impl Windows {
    /// How long there is no room for a repetition, which takes its place when there is. It needs room for a connection,
    /// too, for it may make one.
    fn repeat(&mut self, now: Duration) -> Option<Duration> {
        let wait = self.repeats.wait(now).max(self.connections.wait(now));
        if wait.is_none() {
            self.repeats.note(now);
        }
        wait
    }
}

impl Limiter {
    #[expect(clippy::disallowed_methods, reason = "the limiter is the clock of its windows")]
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            windows: Mutex::default(),
            waived: AtomicBool::new(false),
            changed: Notify::new(),
            origin: Instant::now(),
        })
    }

    /// Runs a request, and lets its connections and repetitions be counted.
    ///
    /// `repeats` says that it follows a failure: it then waits for room first. `waivable` says that [`waive`](Self::waive)
    /// may end its waits.
    pub(crate) async fn attempt<T>(
        self: &Arc<Self>,
        repeats: bool,
        waivable: bool,
        request: impl Future<Output = T>,
    ) -> T {
        if repeats {
            self.enter(waivable, Windows::repeat).await;
        }
        let attempt = Attempt {
            limiter: Arc::clone(self),
            waivable,
            #[cfg(test)]
            connections: AtomicUsize::new(0),
        };
        ATTEMPT.scope(Arc::new(attempt), request).await
    }

    /// Holds the polls of a caller who asks for one back no longer, until [`restore`](Self::restore).
    pub(crate) fn waive(&self) {
        self.waived.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    pub(crate) fn restore(&self) {
        self.waived.store(false, Ordering::Release);
    }

    async fn enter(&self, waivable: bool, mut admit: impl FnMut(&mut Windows, Duration) -> Option<Duration>) {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            let wait = {
                let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
                admit(&mut windows, self.now())
            };
            match wait {
                Some(wait) if !(waivable && self.waived.load(Ordering::Acquire)) => {
                    let _ = tokio::time::timeout(wait, changed).await;
                }
                _ => return,
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the limiter is the clock of its windows")]
    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.origin)
    }
}

/// To be awaited before a connection is made.
pub(super) async fn connecting() {
    let Ok(attempt) = ATTEMPT.try_with(Arc::clone) else { return };
    #[cfg(test)]
    attempt.connections.fetch_add(1, Ordering::Relaxed);
    let limiter = &attempt.limiter;
    limiter
        .enter(attempt.waivable, |windows, now| {
            let wait = windows.connections.wait(now);
            if wait.is_none() || (attempt.waivable && limiter.waived.load(Ordering::Acquire)) {
                windows.connections.note(now);
            }
            wait
        })
        .await;
}

/// To be awaited before a request is sent again within the same attempt.
pub(super) async fn repeating() {
    let Ok(attempt) = ATTEMPT.try_with(Arc::clone) else { return };
    attempt.limiter.enter(attempt.waivable, Windows::repeat).await;
}

/// How many connections the request on its way has begun to make.
#[cfg(test)]
pub(super) fn connections() -> usize {
    ATTEMPT.try_with(|attempt| attempt.connections.load(Ordering::Relaxed)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_room_for_ten_in_any_ten_seconds() {
        let seconds = Duration::from_secs_f64;
        let mut window = Window::default();
        for step in 0..10 {
            assert_eq!(window.wait(seconds(f64::from(step))), None);
            window.note(seconds(f64::from(step)));
        }
        assert_eq!(window.wait(seconds(9.5)), Some(seconds(0.5)));
        assert_eq!(window.wait(seconds(10.0)), None);
        window.note(seconds(10.0));
        assert_eq!(window.wait(seconds(10.5)), Some(seconds(0.5)), "the second one counts until 11");
        assert_eq!(window.wait(seconds(500.0)), None);
    }

    #[test]
    fn what_was_not_held_back_counts_all_the_same() {
        let mut window = Window::default();
        for step in 0..50 {
            window.note(Duration::from_millis(step));
        }
        assert_eq!(window.0.len(), MOST);
        assert_eq!(window.wait(Duration::from_millis(50)), Some(SPAN - Duration::from_millis(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_wait_and_a_waiver_ends_the_wait() {
        let limiter = Limiter::new();
        let begun = limiter.now();
        for _ in 0..10 {
            limiter.attempt(true, true, async {}).await;
        }
        assert_eq!(limiter.now(), begun);
        limiter.attempt(false, true, async {}).await;
        assert_eq!(limiter.now(), begun, "a first attempt is no repeat");
        limiter.attempt(true, true, async {}).await;
        assert!(limiter.now() - begun >= SPAN);
        let held = limiter.now();
        for _ in 0..9 {
            limiter.attempt(true, true, async {}).await;
        }
        let waiter = limiter.attempt(true, true, async {});
        let waive = async {
            tokio::task::yield_now().await;
            limiter.waive();
        };
        tokio::join!(waiter, waive);
        assert!(limiter.now() - held < SPAN);
        limiter.restore();
    }

    #[tokio::test(start_paused = true)]
    async fn connections_are_counted_where_they_are_made() {
        let limiter = Limiter::new();
        let begun = limiter.now();
        for _ in 0..10 {
            limiter.attempt(false, false, connecting()).await;
        }
        assert_eq!(limiter.now(), begun);
        limiter.attempt(false, false, connecting()).await;
        assert!(limiter.now() - begun >= SPAN);
    }
}
