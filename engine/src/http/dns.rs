//! Names become addresses here: never from a memory, and without one name's hanging server holding up another.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Different names that may be looked up at the same time in the whole process; each takes a thread while it lasts.
const LOOKUPS: usize = 32;

/// Finds the addresses of a host.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of a name, in order of preference. May block for as long as it takes; it is called on a thread of
    /// its own, and by one [`Resolver`] never for one name twice at a time.
    ///
    /// # Errors
    /// Whatever went wrong; no address at all is an error too.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system.
struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// A name that could not be resolved. A type of its own, so that it is found among the sources of an error.
#[derive(Debug)]
pub(super) struct LookupFailed;

impl fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name lookup failed")
    }
}

impl std::error::Error for LookupFailed {}

/// Lets everyone who asks for a name wait for one lookup of it. Clones share the lookups.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    lookup: Arc<dyn Lookup>,
    running: Mutex<HashMap<String, Answer>>,
    room: Arc<Semaphore>,
}

/// `None` while the lookup goes on; an empty list when it failed.
type Answer = watch::Receiver<Option<Arc<[IpAddr]>>>;

impl Resolver {
    /// The one for the process.
    pub(super) fn system() -> Self {
        static SYSTEM: LazyLock<Resolver> = LazyLock::new(|| Resolver::new(Arc::new(SystemLookup)));
        SYSTEM.clone()
    }

    /// Answers by a lookup, which is called for 32 different names at the same time at most.
    #[must_use]
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        let room = Arc::new(Semaphore::new(LOOKUPS));
        Self(Arc::new(Inner { lookup, running: Mutex::default(), room }))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    async fn resolve(self, name: String) -> Result<Arc<[IpAddr]>, LookupFailed> {
        if is_loopback(&name) {
            return Ok([IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)].into());
        }
        let mut answer = self.ask(name).await?;
        let addresses = answer.wait_for(Option::is_some).await.ok().and_then(|addresses| addresses.clone());
        addresses.filter(|addresses| !addresses.is_empty()).ok_or(LookupFailed)
    }

    /// Joins the lookup of a name, or begins it as soon as there is room.
    async fn ask(&self, name: String) -> Result<Answer, LookupFailed> {
        if let Some(answer) = self.running().get(&name) {
            return Ok(answer.clone());
        }
        let permit = Arc::clone(&self.0.room).acquire_owned().await.map_err(|_| LookupFailed)?;
        let mut running = self.running();
        if let Some(answer) = running.get(&name) {
            return Ok(answer.clone());
        }
        let (sender, answer) = watch::channel(None);
        self.begin(name.clone(), sender, permit).map_err(|_| LookupFailed)?;
        running.insert(name, answer.clone());
        Ok(answer)
    }

    /// The thread outlives those who wait for it: nothing can interrupt the operating system.
    fn begin(
        &self,
        name: String,
        answer: watch::Sender<Option<Arc<[IpAddr]>>>,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<()> {
        let resolver = self.clone();
        let thread = std::thread::Builder::new().name("flipt-dns".to_owned());
        thread.spawn(move || {
            let lookup = || resolver.0.lookup.addresses(&name);
            let found = catch_unwind(AssertUnwindSafe(lookup)).ok().and_then(Result::ok).unwrap_or_default();
            // Whoever asks from now on asks anew.
            resolver.running().remove(&name);
            drop(permit);
            answer.send_replace(Some(found.into()));
        })?;
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.clone().resolve(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = lookup.await?;
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Names that mean this machine wherever they are asked.
pub(super) fn is_loopback(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests start tasks and read the clock")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Hangs on names that begin with `hung` until it is released.
    struct Scripted {
        released: Mutex<bool>,
        changed: std::sync::Condvar,
        asked: AtomicUsize,
    }

    impl Scripted {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                released: Mutex::new(false),
                changed: std::sync::Condvar::new(),
                asked: AtomicUsize::new(0),
            })
        }

        fn release(&self) {
            *self.released.lock().unwrap() = true;
            self.changed.notify_all();
        }
    }

    impl Lookup for Scripted {
        fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            if name.starts_with("hung") {
                let released = self.released.lock().unwrap();
                drop(self.changed.wait_while(released, |released| !*released).unwrap());
            }
            match name {
                "broken" => panic!("broken"),
                "unknown" => Err(io::ErrorKind::NotFound.into()),
                "empty" => Ok(Vec::new()),
                _ => Ok(vec![IpAddr::from([10, 0, 0, u8::try_from(asked).unwrap()])]),
            }
        }
    }

    fn resolve(resolver: &Resolver, name: &str) -> impl Future<Output = Result<Arc<[IpAddr]>, LookupFailed>> + use<> {
        resolver.clone().resolve(name.to_owned())
    }

    async fn guarded(test: impl Future<Output = ()>) {
        tokio::time::timeout(Duration::from_secs(30), test).await.unwrap();
    }

    #[tokio::test]
    async fn every_request_asks_anew() {
        guarded(async {
            let resolver = Resolver::new(Scripted::new());
            for last in 0..3 {
                assert_eq!(*resolve(&resolver, "host").await.unwrap(), [IpAddr::from([10, 0, 0, last])]);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn what_fails_is_told() {
        guarded(async {
            let resolver = Resolver::new(Scripted::new());
            for name in ["unknown", "empty", "broken", "unknown"] {
                assert!(resolve(&resolver, name).await.is_err(), "{name}");
            }
            assert!(resolver.running().is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn this_machine_is_known_without_asking() {
        guarded(async {
            let lookup = Scripted::new();
            let resolver = Resolver::new(lookup.clone());
            for name in ["localhost", "LOCALHOST.", "flags.localhost"] {
                assert_eq!(resolve(&resolver, name).await.unwrap().len(), 2, "{name}");
            }
            assert_eq!(lookup.asked.load(Ordering::SeqCst), 0);
            assert!(!is_loopback("localhost.example") && !is_loopback("notlocalhost"));
        })
        .await;
    }

    #[tokio::test]
    async fn all_who_ask_for_a_hanging_name_share_a_lookup_and_others_pass() {
        guarded(async {
            let lookup = Scripted::new();
            let resolver = Resolver::new(lookup.clone());
            let asking: Vec<_> = (0..20).map(|_| tokio::spawn(resolve(&resolver, "hung"))).collect();
            while lookup.asked.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            assert!(resolve(&resolver, "host").await.is_ok());
            assert_eq!(lookup.asked.load(Ordering::SeqCst), 2, "one for each name");
            asking[0].abort();
            lookup.release();
            for (number, asking) in asking.into_iter().enumerate() {
                assert!(number == 0 || asking.await.unwrap().is_ok());
            }
        })
        .await;
    }

    #[tokio::test]
    async fn the_threads_are_bounded_and_who_waits_for_one_may_go() {
        guarded(async {
            let lookup = Scripted::new();
            let resolver = Resolver::new(lookup.clone());
            let hung: Vec<_> =
                (0..LOOKUPS).map(|number| tokio::spawn(resolve(&resolver, &format!("hung-{number}")))).collect();
            while lookup.asked.load(Ordering::SeqCst) < LOOKUPS {
                tokio::task::yield_now().await;
            }
            let waiting = tokio::spawn(resolve(&resolver, "host"));
            tokio::task::yield_now().await;
            waiting.abort();
            assert!(waiting.await.unwrap_err().is_cancelled());
            let waiting = tokio::spawn(resolve(&resolver, "host"));
            lookup.release();
            assert!(waiting.await.unwrap().is_ok());
            for hung in hung {
                assert!(hung.await.unwrap().is_ok());
            }
            assert_eq!(lookup.asked.load(Ordering::SeqCst), LOOKUPS + 1);
        })
        .await;
    }
}
