//! Where events wait until JavaScript takes them, without keeping the process alive.

use std::mem::replace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flipt_engine::client::{Event, Observer};
use flipt_engine::status::Mailbox;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::events::{NativeEvent, kind};

/// Where events wait for JavaScript.
#[derive(Default)]
pub(crate) struct Inbox(Mutex<State>);

#[derive(Default)]
struct State {
    wanted: Vec<String>,
    mailbox: Mailbox,
    is_woken: bool,
}

impl Inbox {
    pub(crate) fn listen(&self, kinds: Vec<String>) {
        self.state().wanted = kinds;
    }

    pub(crate) fn take(&self) -> Vec<NativeEvent> {
        let mut state = self.state();
        state.is_woken = false;
        let events = state.mailbox.take();
        drop(state);
        events.into_iter().map(Into::into).collect()
    }

    /// Keeps an event that is wanted; returns whether JavaScript has to be told that something waits.
    fn put(&self, event: Event) -> bool {
        let mut state = self.state();
        let is_wanted = state.wanted.iter().any(|wanted| wanted == kind(&event));
        if is_wanted {
            state.mailbox.push(event);
        }
        is_wanted && !replace(&mut state.is_woken, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts events into the inbox and wakes the host when it does not know of any.
pub(crate) struct HostObserver {
    pub(crate) inbox: Arc<Inbox>,
    wake: ThreadsafeFunction<(), (), (), Status, false, true>,
}

impl HostObserver {
    pub(crate) fn new(wake: &Function<'_, (), ()>, wanted: Vec<String>) -> napi::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        inbox.listen(wanted);
        Ok(Self { inbox, wake: wake.build_threadsafe_function().weak::<true>().build()? })
    }
}

impl Observer for HostObserver {
    fn event(&self, event: Event) {
        #[cfg(feature = "test-hooks")]
        crate::hooks::fault("event");
        if self.inbox.put(event) {
            // A closing environment takes no more events.
            let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
