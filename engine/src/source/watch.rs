use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Files;
use super::folder::Listing;
use crate::sync::Command;

/// The time between two looks. A change is read once it looks the same twice, so within twice this time.
const LOOK: Duration = Duration::from_millis(120);

/// A change that goes on and on is read all the same after so many looks.
const PATIENCE: u32 = 3;

impl Files {
    /// Looks at the files until the client ends, and asks for them to be read when something is there that was not
    /// read yet.
    ///
    /// Looking needs nothing of the system but names and dates, so it does not matter how an editor writes, or whether
    /// links are swapped instead of files.
    pub(crate) async fn watch(self: Arc<Self>, commands: mpsc::WeakUnboundedSender<Command>, stop: CancellationToken) {
        let mut pending = Pending::default();
        let looking = async {
            loop {
                tokio::time::sleep(LOOK).await;
                let files = Arc::clone(&self);
                let Ok(seen) = tokio::task::spawn_blocking(move || files.look()).await else { return };
                if !self.differs(&seen) {
                    pending = Pending::default();
                } else if pending.is_due(seen) {
                    let Some(commands) = commands.upgrade() else { return };
                    let (reply, answer) = oneshot::channel();
                    if commands.send(Command::Refresh(reply)).is_err() {
                        return;
                    }
                    drop(commands);
                    // Whatever comes of it is told by events.
                    let _ = answer.await;
                    pending = Pending::default();
                }
            }
        };
        stop.run_until_cancelled(looking).await;
    }
}

/// A change that was seen and not read yet.
#[derive(Default)]
struct Pending {
    seen: Option<Listing>,
    looks: u32,
}

impl Pending {
    fn is_due(&mut self, seen: Listing) -> bool {
        self.looks += 1;
        let settled = self.seen.as_ref() == Some(&seen);
        self.seen = Some(seen);
        settled || self.looks >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::folder::list;

    #[test]
    fn a_change_is_due_once_it_rests_or_has_gone_on_for_long() {
        let (one, other) = (|| list(Path::new("nothing-1")), || list(Path::new("nothing-2")));
        let mut pending = Pending::default();
        assert!(!pending.is_due(one()));
        assert!(pending.is_due(one()));
        let mut pending = Pending::default();
        assert!(!pending.is_due(one()));
        assert!(!pending.is_due(other()));
        assert!(pending.is_due(one()));
    }
}
