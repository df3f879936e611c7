use std::fmt;
use std::net::ToSocketAddrs;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

/// Lookups that may be stuck at the same time in the whole process; the blocking pool is larger, so that parsing
/// never waits for a name server.
const LOOKUPS: usize = 3;

static PERMITS: Semaphore = Semaphore::const_new(LOOKUPS);

/// Asks the operating system, off the threads that drive the connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemLookup;

/// A name that could not be resolved. A type of its own, so that it is found among the sources of an error.
#[derive(Debug)]
pub(super) struct LookupFailed;

impl fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name lookup failed")
    }
}

impl std::error::Error for LookupFailed {}

impl Resolve for SystemLookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let permit = PERMITS.acquire().await?;
            let lookup = tokio::task::spawn_blocking(move || {
                // Held until the lookup ends, even when nobody waits for it any more.
                let _permit = permit;
                (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>)
            });
            match lookup.await {
                Ok(Ok(addresses)) if !addresses.is_empty() => Ok(Box::new(addresses.into_iter()) as Addrs),
                _ => Err(LookupFailed.into()),
            }
        })
    }
}

pub(super) fn system() -> Arc<SystemLookup> {
    Arc::new(SystemLookup)
}
