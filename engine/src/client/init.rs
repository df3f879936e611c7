//! How a handle on a shared client waits for the first load: for the same one as the others, under a deadline and an
//! error strategy of its own.
//!
//! | the first load | `fallback` | `fail` |
//! |---|---|---|
//! | succeeds, or has succeeded | success | success |
//! | fails | success | that error |
//! | failed before the handle was made, and no later load has succeeded | success | the outcome of a fetch that is made now |
//! | there is flag state of `snapshot` or `bootstrap`, and the server was heard or did not answer within `connectTimeoutMs` | success | |
//! | `initTimeoutMs` of the handle have passed | success | `InitTimeout`, caused by the last error |

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Client;
use super::core::Core;
use super::monotonic_nanos;
use crate::config::{Config, ErrorStrategy};
use crate::error::{Error, ErrorKind, Result};
use crate::status::Source;
use crate::sync::Command;

/// What a handle was promised about its start.
#[derive(Clone)]
pub(super) struct Init {
    strategy: ErrorStrategy,
    limit: Duration,
    connect_timeout: Duration,
    /// By the engine's clock.
    begun: u64,
    /// Whether the first load had ended before.
    is_late: bool,
}

impl Init {
    pub(super) fn new(config: &Config, core: &Core) -> Self {
        Self {
            strategy: config.error_strategy,
            limit: config.init_timeout,
            connect_timeout: config.connect_timeout,
            begun: monotonic_nanos(),
            is_late: core.settled.borrow().is_some(),
        }
    }

    async fn outcome(self, core: Arc<Core>, joined: CancellationToken) -> Result<()> {
        let left = self.limit.saturating_sub(Duration::from_nanos(monotonic_nanos().saturating_sub(self.begun)));
        let (strategy, limit) = (self.strategy, self.limit);
        let loaded = timeout(left, async {
            // Whoever listens has heard that there is flag state before the caller goes on.
            joined.cancelled().await;
            self.loaded(&core).await
        });
        match (loaded.await, strategy) {
            (Ok(result), ErrorStrategy::Fail) => result,
            (Ok(Err(error)), ErrorStrategy::Fallback) if *error.kind() == ErrorKind::Closed => Err(error),
            (_, ErrorStrategy::Fallback) => Ok(()),
            (Err(_), ErrorStrategy::Fail) => {
                let timeout = Error::new(ErrorKind::InitTimeout(limit));
                let last_error = core.status.borrow().last_error.clone();
                Err(match last_error {
                    Some(error) => timeout.with_source(error),
                    None => timeout,
                })
            }
        }
    }

    async fn loaded(&self, core: &Core) -> Result<()> {
        if self.strategy == ErrorStrategy::Fallback && core.status.borrow().source != Source::None {
            let mut status = core.status.subscribe();
            let heard = status.wait_for(|status| {
                let is_seed = matches!(status.source, Source::Snapshot | Source::Empty);
                status.requests > 0 || !is_seed
            });
            // Heard or not: there is flag state.
            let _ = timeout(self.connect_timeout, heard).await;
            return Ok(());
        }
        let mut settled = core.settled.clone();
        let result = settled.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
        match result.unwrap_or_else(|| Err(ErrorKind::Closed.into())) {
            Err(_) if self.is_late && self.strategy == ErrorStrategy::Fail => load_now(core).await,
            result => result,
        }
    }
}

impl Client {
    /// The outcome of the first load for this handle.
    pub(super) async fn first_load(&self, init: &Init) -> Result<()> {
        let core = &self.0.core;
        let Some(task) = core.task.get() else { return self.open() };
        let outcome = init.clone().outcome(Arc::clone(core), self.0.joined.clone());
        let closed = self.0.closed.clone();
        // On our own threads, for deadlines need the runtime.
        let outcome = task.runtime.spawn(async move { closed.run_until_cancelled(outcome).await });
        outcome.await.ok().flatten().unwrap_or_else(|| Err(ErrorKind::Closed.into()))
    }
}

/// A first load that failed long ago is no answer for a handle that was made since.
async fn load_now(core: &Core) -> Result<()> {
    if core.status.borrow().last_success_at.is_some() {
        return Ok(());
    }
    let (reply, answer) = oneshot::channel();
    core.commands.send(Command::Refresh(reply)).map_err(|_| ErrorKind::Closed)?;
    answer.await.map_err(|_| ErrorKind::Closed)?.map(|_| ())
}
