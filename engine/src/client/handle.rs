use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;

use super::Client;
use super::core::{Core, Prepared};
use super::init::Init;
use crate::config::{Config, ErrorStrategy};
use crate::status::{Event, LogLevel};
use crate::store::Store;
use crate::sync::Listener;

/// What a handle has for itself.
pub(super) struct Inner {
    pub(super) core: Arc<Core>,
    pub(super) store: Store,
    /// Cancelled when this handle is closed.
    pub(super) closed: CancellationToken,
    pub(super) strategy: ErrorStrategy,
    /// Absent where the background task sees to deadline and error strategy of the first load.
    pub(super) init: Option<Init>,
    /// Weakly, for it leads to the caller, who may be gone before this handle.
    listener: Weak<Listener>,
    /// Cancelled when the listener knows what happened before it came.
    pub(super) joined: CancellationToken,
    /// Cancelled when the listener was told the last.
    pub(super) left: CancellationToken,
}

impl Client {
    /// The handle that starts a client.
    pub(super) fn first(
        prepared: Prepared,
        init: Option<Init>,
        config: &Config,
        listener: Option<Arc<Listener>>,
    ) -> Self {
        let client = Self::over(Arc::clone(&prepared.core), init, config, listener.as_ref());
        prepared.start(listener);
        client
    }

    /// A handle on a client that has made room for it.
    pub(super) fn later(core: Arc<Core>, init: Init, config: &Config, listener: Option<Arc<Listener>>) -> Self {
        let client = Self::over(core, Some(init), config, listener.as_ref());
        if let Some(listener) = listener {
            client.0.core.listen(listener);
        }
        client
    }

    fn over(core: Arc<Core>, init: Option<Init>, config: &Config, listener: Option<&Arc<Listener>>) -> Self {
        let ended = || {
            let ended = CancellationToken::new();
            ended.cancel();
            ended
        };
        let client = Self(Arc::new(Inner {
            store: core.store.handle(),
            closed: CancellationToken::new(),
            strategy: config.error_strategy,
            init,
            listener: listener.map_or_else(Weak::new, Arc::downgrade),
            joined: listener.map_or_else(ended, |listener| listener.joined.clone()),
            left: listener.map_or_else(ended, |listener| listener.left.clone()),
            core,
        }));
        if let Some(listener) = listener {
            for danger in &client.0.core.dangers {
                listener.tell(Event::Log { level: LogLevel::Warn, message: danger.clone() });
            }
        }
        client
    }
}

impl Inner {
    pub(super) fn shut_down(&self) {
        if self.store.shut() {
            self.closed.cancel();
            self.core.leave(self.listener.upgrade());
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut_down();
    }
}
