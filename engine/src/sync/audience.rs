//! Who is told what happens: the observers of a client's handles, each from when it joins until it leaves.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::panic::contain;
use crate::status::{Event, Observer, Status};

/// An observer, and what of its time with the client is over.
pub(crate) struct Listener {
    observer: Arc<dyn Observer>,
    /// Cancelled once it was told what happened before it came.
    pub(crate) joined: CancellationToken,
    /// Cancelled once it was told the last, or will be told no more.
    pub(crate) left: CancellationToken,
}

/// The observers of one client. What they are told comes from its background task, so that it has one order; warnings
/// about the disk alone come from elsewhere.
#[derive(Default)]
pub(crate) struct Audience(Mutex<Vec<Arc<Listener>>>);

impl Listener {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Arc<Self> {
        Arc::new(Self { observer, joined: CancellationToken::new(), left: CancellationToken::new() })
    }

    /// Tells this one alone.
    pub(crate) fn tell(&self, event: Event) {
        // An observer that panics is its author's concern; telling it so would make it panic again.
        let _ = contain(|| self.observer.event(event));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.left.cancel();
    }
}

impl Audience {
    /// Takes in a listener that is told everything from the start.
    pub(crate) fn begin(&self, listener: Arc<Listener>) {
        listener.joined.cancel();
        self.lock().push(listener);
    }

    /// Takes in a listener later, and tells it where things stand.
    pub(crate) fn join(&self, listener: Arc<Listener>, status: &Arc<Status>, is_ready: bool) {
        let before = Arc::new(Status::default());
        if status.differs(&before) {
            listener.tell(Event::Status { previous: before, current: Arc::clone(status) });
        }
        if is_ready {
            listener.tell(Event::Ready);
        }
        self.begin(listener);
    }

    /// Tells a listener that its handle was closed while others go on, and nothing after it.
    pub(crate) fn leave(&self, listener: &Arc<Listener>, status: &Arc<Status>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, listener));
        let current = Arc::new(Status::clone(status).closed());
        listener.tell(Event::Status { previous: Arc::clone(status), current });
        listener.tell(Event::Closed);
        listener.left.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Audience {
    fn event(&self, event: Event) {
        // Nobody is called under the lock: a listener may leave while it is told something. After the end nobody is kept:
        // handles may outlive it by far, and what leads to a host has to be gone with the client.
        let is_end = matches!(event, Event::Closed);
        let listeners = if is_end { take(&mut *self.lock()) } else { self.lock().clone() };
        for listener in listeners {
            listener.tell(event.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::status::{Connection, Source};

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Observer for Told {
        fn event(&self, event: Event) {
            let text = match event {
                Event::Status { previous, current } => format!("{:?} {:?}", previous.connection, current.connection),
                Event::Error(_) => panic!("observer"),
                event => format!("{event:?}"),
            };
            self.0.lock().unwrap().push(text);
        }
    }

    fn told() -> (Arc<Told>, Arc<Listener>) {
        let told = Arc::new(Told::default());
        (Arc::clone(&told), Listener::new(told))
    }

    #[test]
    fn after_the_end_nobody_is_kept() {
        let (observer, listener) = told();
        let audience = Audience::default();
        audience.begin(listener);
        audience.event(Event::Ready);
        assert_eq!(Arc::strong_count(&observer), 2);
        audience.event(Event::Closed);
        audience.event(Event::Ready);
        assert_eq!(Arc::strong_count(&observer), 1);
        assert_eq!(*observer.0.lock().unwrap(), ["Ready", "Closed"]);
    }

    #[test]
    fn each_is_told_from_its_coming_to_its_leaving() {
        let audience = Audience::default();
        let ((first, one), (second, two)) = (told(), told());
        let status = Arc::new(Status { connection: Connection::Polling, source: Source::Server, ..Status::default() });
        audience.begin(one);
        audience.event(Event::Stale);
        audience.join(Arc::clone(&two), &status, true);
        audience.event(Event::Recovered);
        audience.leave(&two, &status);
        audience.event(Event::Stale);
        assert_eq!(*first.0.lock().unwrap(), ["Stale", "Recovered", "Stale"]);
        assert_eq!(*second.0.lock().unwrap(), ["Connecting Polling", "Ready", "Recovered", "Polling Closed", "Closed"]);
        assert!(two.joined.is_cancelled() && two.left.is_cancelled());
    }

    #[test]
    fn one_that_panics_keeps_nothing_from_the_others() {
        struct Counting(Mutex<u32>);
        impl Observer for Counting {
            fn event(&self, _event: Event) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let audience = Audience::default();
        let counting = Arc::new(Counting(Mutex::new(0)));
        audience.begin(told().1);
        audience.begin(Listener::new(Arc::clone(&counting) as Arc<dyn Observer>));
        audience.event(Event::Error(Error::new(ErrorKind::Panic)));
        assert_eq!(*counting.0.lock().unwrap(), 1);
    }
}
