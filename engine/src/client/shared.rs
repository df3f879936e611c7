//! Clients of one identity share a connection: the register of those that can be joined, and what joining means.
//!
//! Two clients are one when they ask the same place (URL, environment, namespace, reference) with the same credentials
//! through the same function of the caller, if any. All other options are settled by whoever comes first, but for what
//! each handle decides for itself: its observer, `errorStrategy` and `initTimeoutMs`.

mod identity;
mod terms;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::Identity;
pub(super) use terms::Terms;

use super::Client;
use super::core::{Core, Prepared};
use super::init::Init;
use crate::config::{Authentication, Config};
use crate::error::Result;
use crate::http::Fetch;
use crate::status::{Event, LogLevel, Observer};
use crate::sync::Listener;

/// The clients that can be joined; each leaves with its last handle.
static SHARED: Mutex<Vec<(Identity, Arc<Core>)>> = Mutex::new(Vec::new());

impl Client {
    /// A handle on the client of this identity: the one that runs in this process, else a new one.
    ///
    /// The identity is the URL, environment, namespace, reference and credentials of the options, and `fetch`. Handles
    /// have one connection, one background task and one flag state in common; the last one that is closed ends them. A
    /// handle that comes later keeps its `observer`, [`Config::error_strategy`] and [`Config::init_timeout`]; where its
    /// other options differ from the first one's, the first wins and a warning to its observer names them. What such
    /// options refer to, a snapshot or certificates, is not looked at then.
    ///
    /// # Errors
    /// Those of [`start`](Self::start). Nothing is kept of a start that fails.
    pub fn shared(config: &Config, fetch: Option<Arc<dyn Fetch>>, observer: Option<Arc<dyn Observer>>) -> Result<Self> {
        config.validate()?;
        let identity = Identity::new(config, fetch.clone());
        let listener = observer.map(Listener::new);
        let found = find(&register(), &identity);
        if let Some(core) = found {
            return Ok(Self::joining(core, config, listener));
        }
        // Reading certificates and a snapshot takes its time, which others need not wait for.
        let prepared = Prepared::new(config.clone(), fetch, Some(Terms::new(config)))?;
        let found = find_or_enter(identity, &prepared.core);
        if let Some(core) = found {
            return Ok(Self::joining(core, config, listener));
        }
        let init = Init::new(config, &prepared.core);
        Ok(Self::first(prepared, Some(init), config, listener))
    }

    /// A further handle on the client behind this one, if the options name its place and credentials; `None` if they do
    /// not, and for clients that were not made by [`shared`](Self::shared).
    ///
    /// Where credentials are functions, the caller vouches for their being the same, and for the fetch function.
    ///
    /// # Errors
    /// [`ErrorKind::Options`](crate::ErrorKind::Options), and [`ErrorKind::Closed`](crate::ErrorKind::Closed) when this
    /// handle was closed.
    pub fn another(&self, config: &Config, observer: Option<Arc<dyn Observer>>) -> Result<Option<Self>> {
        config.validate()?;
        self.open()?;
        let core = &self.0.core;
        let is_same = |(identity, other): &(Identity, _)| Arc::ptr_eq(other, core) && identity.fits(config);
        if !register().iter().any(is_same) || !core.join() {
            return Ok(None);
        }
        Ok(Some(Self::joining(Arc::clone(core), config, observer.map(Listener::new))))
    }

    /// A handle on a client that has made room for it.
    fn joining(core: Arc<Core>, config: &Config, listener: Option<Arc<Listener>>) -> Self {
        let differences = core.terms.as_ref().map(|terms| terms.differences(config)).unwrap_or_default();
        if let (Some(listener), false) = (&listener, differences.is_empty()) {
            let names = differences.join(", ");
            let message =
                format!("the options of an earlier handle are in force where those of this one differ: {names}");
            listener.tell(Event::Log { level: LogLevel::Warn, message });
        }
        let init = Init::new(config, &core);
        Self::later(core, init, config, listener)
    }
}

/// Takes a client off the register, for its last handle is gone.
pub(super) fn forget(core: &Core) {
    let mut register = register();
    let place = register.iter().position(|(_, other)| std::ptr::eq(Arc::as_ptr(other), core));
    let forgotten = place.map(|place| register.swap_remove(place));
    drop(register);
    // What a core takes with it is no concern of those who wait for the register.
    drop(forgotten);
}

/// The credentials of a client are others from now on: who asks with those will find it.
pub(super) fn identify(core: &Arc<Core>, authentication: &[Authentication]) {
    let mut register = register();
    if let Some((identity, _)) = register.iter_mut().find(|(_, other)| Arc::ptr_eq(other, core)) {
        identity.authenticate(authentication);
    }
}

/// The client of an identity, with room made for one more handle.
fn find(register: &[(Identity, Arc<Core>)], identity: &Identity) -> Option<Arc<Core>> {
    // One whose last handle is being closed does not count.
    let found = register.iter().find(|(other, core)| other == identity && core.join());
    found.map(|(_, core)| Arc::clone(core))
}

/// The same, or else another client is entered under this identity.
fn find_or_enter(identity: Identity, core: &Arc<Core>) -> Option<Arc<Core>> {
    let mut register = register();
    let found = find(&register, &identity);
    if found.is_none() {
        register.push((identity, Arc::clone(core)));
    }
    found
}

fn register() -> MutexGuard<'static, Vec<(Identity, Arc<Core>)>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}
