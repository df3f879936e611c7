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
pub(crate) struct Inbox {
    /// The kinds of events that are kept at all.
    kept: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mailbox: Mailbox,
    is_woken: bool,
}

impl Inbox {
    fn new(kept: Vec<String>) -> Self {
        Self { kept, state: Mutex::default() }
    }

    /// The events that wait, of these kinds. The others are dropped, and nothing is spent on turning them into objects.
    pub(crate) fn take(&self, kinds: &[String]) -> Vec<NativeEvent> {
        let mut state = self.state();
        state.is_woken = false;
        let events = state.mailbox.take();
        drop(state);
        events.into_iter().filter(|event| is_of(event, kinds)).map(Into::into).collect()
    }

    /// Keeps an event; returns whether JavaScript has to be told that something waits.
    fn put(&self, event: Event) -> bool {
        if !is_of(&event, &self.kept) {
            return false;
        }
        let mut state = self.state();
        state.mailbox.push(event);
        !replace(&mut state.is_woken, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of(event: &Event, kinds: &[String]) -> bool {
    kinds.iter().any(|wanted| wanted == kind(event))
}

/// Puts events into the inbox and wakes the host when it does not know of any.
pub(crate) struct HostObserver {
    pub(crate) inbox: Arc<Inbox>,
    wake: ThreadsafeFunction<(), (), (), Status, false, true>,
}

impl HostObserver {
    pub(crate) fn new(wake: &Function<'_, (), ()>, kept: Vec<String>) -> napi::Result<Self> {
        let inbox = Arc::new(Inbox::new(kept));
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
