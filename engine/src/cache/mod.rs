//! The last good flag state on disk. Whatever the disk does, evaluation and syncing do not notice.
//!
//! All of it happens on [one thread](worker::Worker) of the process: a client waits for it a bounded time when it
//! starts, and hardly when it closes.

mod disk;
mod file;
mod format;
mod worker;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use file::{CacheFile, LoadOutcome};
pub(crate) use format::Restored;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use format::fuzz;
use tokio::sync::{oneshot, watch};
use worker::Worker;

use crate::config::Config;
use crate::store::Installed;
use crate::sync::contain;

/// How long a start waits for the file.
const LOAD_LIMIT: Duration = Duration::from_secs(5);
/// How long a close waits for a write.
const FLUSH_LIMIT: Duration = Duration::from_millis(50);
/// A closed client whose write waits behind more jobs than this gives it up, for the disk is too slow or dead.
const WAITING_LIMIT: usize = 100;

/// The cache of a client. Dropping it leaves a write that waits to be done.
pub(crate) struct Cache {
    slot: Arc<Slot>,
    worker: &'static Worker,
}

struct Slot {
    file: CacheFile,
    pending: Mutex<Pending>,
    /// Whether everything that was to be saved is saved, or has failed.
    is_idle: watch::Sender<bool>,
    warn: Box<dyn Fn(String) + Send + Sync>,
    told: Mutex<HashSet<String>>,
}

#[derive(Default)]
struct Pending {
    /// What is to be saved next; a later state takes the place of one that was not begun.
    next: Option<(Arc<Installed>, SystemTime)>,
    /// Whether a write is queued or going on.
    is_queued: bool,
    /// When the state was current that the file holds or will hold.
    saved_at: Option<SystemTime>,
}

/// The flag state in the file that the options name, read in the calling thread. `warn` is told why there is none.
pub(crate) fn read(config: &Config, now: SystemTime, warn: impl FnOnce(String)) -> Option<Restored> {
    match CacheFile::new(config)?.load(now) {
        LoadOutcome::State(restored) => return Some(*restored),
        LoadOutcome::Absent => {}
        LoadOutcome::Refused(text) => warn(text),
    }
    None
}

impl Cache {
    /// The cache that the options name, if they do. `warn` is told each different trouble once, in a text that names
    /// the path.
    pub(crate) fn new(config: &Config, warn: impl Fn(String) + Send + Sync + 'static) -> Option<Self> {
        Some(Self::over(CacheFile::new(config)?, Worker::shared(), Box::new(warn)))
    }

    fn over(file: CacheFile, worker: &'static Worker, warn: Box<dyn Fn(String) + Send + Sync>) -> Self {
        let (pending, told) = Default::default();
        Self { slot: Arc::new(Slot { file, pending, is_idle: watch::Sender::new(true), warn, told }), worker }
    }

    /// The flag state in the file, if it is there, fit for this client and read in time.
    pub(crate) async fn load(&self, now: SystemTime) -> Option<Restored> {
        let (reply, answer) = oneshot::channel();
        let slot = Arc::clone(&self.slot);
        let job = Box::new(move || {
            // A start that has stopped waiting needs no answer.
            let _ = reply.send(slot.file.load(now));
            slot.file.sweep(now);
        });
        // Without a thread the job is dropped, and the answer comes at once.
        self.worker.queue_first(job);
        let path = self.slot.file.path().display();
        match tokio::time::timeout(LOAD_LIMIT, answer).await {
            Ok(Ok(LoadOutcome::State(restored))) => {
                self.slot.lock().saved_at = Some(restored.saved_at);
                return Some(*restored);
            }
            Ok(Ok(LoadOutcome::Absent)) => {}
            Ok(Ok(LoadOutcome::Refused(text))) => self.slot.tell(text),
            Ok(Err(_)) => self.slot.tell(format!("the cache file {path} cannot be read: internal error")),
            Err(_) => {
                let limit = LOAD_LIMIT.as_secs();
                self.slot.tell(format!("the cache file {path} is not used: the disk did not answer within {limit} s"));
            }
        }
        None
    }

    /// Saves flag state soon; never blocks. `now` is when it was current.
    pub(crate) fn save(&self, installed: Arc<Installed>, now: SystemTime) {
        let mut pending = self.slot.lock();
        pending.next = Some((installed, now));
        pending.saved_at = Some(now);
        self.slot.is_idle.send_replace(false);
        if !std::mem::replace(&mut pending.is_queued, true) {
            drop(pending);
            self.slot.queue(self.worker);
        }
    }

    /// The server has confirmed flag state: where age matters, a file that has half of it is written anew.
    pub(crate) fn confirmed(&self, installed: &Arc<Installed>, now: SystemTime) {
        let Some(max_age) = self.slot.file.max_age() else { return };
        let age = self.slot.lock().saved_at.and_then(|at| now.duration_since(at).ok());
        if age.is_some_and(|age| age >= max_age / 2) {
            self.save(Arc::clone(installed), now);
        }
    }

    /// Waits a moment for the writes that are left; they go on after it.
    pub(crate) async fn flush(&self) {
        let mut is_idle = self.slot.is_idle.subscribe();
        // Late or not, there is nothing more to do.
        let _ = tokio::time::timeout(FLUSH_LIMIT, is_idle.wait_for(|is_idle| *is_idle)).await;
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        if self.worker.waiting() > WAITING_LIMIT {
            self.slot.lock().next = None;
        }
    }
}

impl Slot {
    /// One write is queued at a time, so that no client keeps others from theirs.
    fn queue(self: &Arc<Self>, worker: &'static Worker) {
        let slot = Arc::clone(self);
        if !worker.queue(Box::new(move || slot.write(worker))) {
            self.tell(format!("flag state could not be saved to {}: no thread", self.file.path().display()));
            self.lock().next = None;
            self.settle(worker);
        }
    }

    fn write(self: Arc<Self>, worker: &'static Worker) {
        let next = self.lock().next.take();
        if let Some((installed, now)) = next {
            let saved = contain(|| self.file.save(&installed, now)).unwrap_or_else(|error| Err(error.to_string()));
            drop(installed);
            if let Err(text) = saved {
                self.tell(text);
            }
        }
        self.settle(worker);
    }

    /// A write has come to its end: the next one, or rest.
    fn settle(self: &Arc<Self>, worker: &'static Worker) {
        let mut pending = self.lock();
        pending.is_queued = pending.next.is_some();
        if pending.is_queued {
            drop(pending);
            self.queue(worker);
        } else {
            self.is_idle.send_replace(true);
        }
    }

    fn tell(&self, text: String) {
        let is_new = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
        if is_new {
            // A listener that panics is its author's concern.
            let _ = contain(|| (self.warn)(text));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::{fs, io};

    use super::disk::{Disk, RealDisk};
    use super::testing::{Folder, at, config, installed};
    use super::*;

    /// A disk on which each write waits until the test lets it go on, and may then fail.
    struct Slow {
        begun: Sender<()>,
        go_on: Mutex<Receiver<io::Result<()>>>,
    }

    impl Disk for Slow {
        fn make_folder(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }

        fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
            self.begun.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap_or(Ok(()))?;
            RealDisk.write(path, parts)
        }

        fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
            RealDisk.replace(from, to)
        }

        fn sync_folder(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    }

    struct Rig {
        folder: Folder,
        worker: &'static Worker,
        warnings: Arc<Mutex<Vec<String>>>,
        begun: Receiver<()>,
        go_on: Sender<io::Result<()>>,
    }

    impl Rig {
        /// A cache on a slow disk, with a thread of its own.
        fn new() -> (Self, Cache) {
            let folder = Folder::new();
            let worker: &'static Worker = Box::leak(Box::new(Worker::new()));
            let (begin, begun) = channel();
            let (go_on, gate) = channel();
            let disk = Slow { begun: begin, go_on: Mutex::new(gate) };
            let file = CacheFile::on(&config(folder.file()), Box::new(disk)).unwrap();
            let warnings = Arc::new(Mutex::new(Vec::new()));
            let rig = Self { folder, worker, warnings: Arc::clone(&warnings), begun, go_on };
            let cache = Cache::over(file, worker, Box::new(move |text| warnings.lock().unwrap().push(text)));
            (rig, cache)
        }

        /// Another cache on the same file and the same thread, whose disk is not slow.
        fn healthy(&self) -> Cache {
            let warnings = Arc::clone(&self.warnings);
            let file = CacheFile::new(&config(self.folder.file())).unwrap();
            Cache::over(file, self.worker, Box::new(move |text| warnings.lock().unwrap().push(text)))
        }

        fn warnings(&self) -> Vec<String> {
            self.warnings.lock().unwrap().clone()
        }
    }

    async fn idle(cache: &Cache) {
        cache.slot.is_idle.subscribe().wait_for(|is_idle| *is_idle).await.unwrap();
    }

    fn digest(restored: Option<Restored>) -> Option<String> {
        restored.and_then(|restored| restored.snapshot.digest().map(str::to_owned))
    }

    #[tokio::test]
    async fn saving_waits_for_nothing_and_the_latest_state_wins() {
        let (rig, cache) = Rig::new();
        cache.save(installed("d1"), at(1));
        rig.begun.recv().unwrap();
        for state in ["d2", "d3", "d4"] {
            cache.save(installed(state), at(2));
        }
        assert!(rig.folder.names().is_empty(), "the first write has not gone on yet");
        for _write in 0..2 {
            rig.go_on.send(Ok(())).unwrap();
        }
        idle(&cache).await;
        assert_eq!(rig.begun.iter().take(1).count(), 1, "one more write");
        assert!(rig.begun.try_recv().is_err(), "and no other");
        assert_eq!(digest(cache.load(at(3)).await).as_deref(), Some("d4"));
    }

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "the clock of the test stands still")]
    async fn a_hanging_disk_holds_up_neither_a_start_nor_a_close() {
        let (rig, cache) = Rig::new();
        cache.save(installed("d1"), at(1));
        rig.begun.recv().unwrap();
        let other = rig.healthy();
        let before = tokio::time::Instant::now();
        assert!(other.load(at(2)).await.is_none());
        assert_eq!(before.elapsed().as_secs(), LOAD_LIMIT.as_secs());
        assert!(rig.warnings()[0].ends_with("is not used: the disk did not answer within 5 s"), "{:?}", rig.warnings());
        let before = tokio::time::Instant::now();
        cache.flush().await;
        assert!(before.elapsed() >= FLUSH_LIMIT && before.elapsed() < 2 * FLUSH_LIMIT);
    }

    #[tokio::test]
    async fn a_write_that_waits_when_its_client_closes_is_done_all_the_same() {
        let (rig, cache) = Rig::new();
        cache.save(installed("d1"), at(1));
        rig.begun.recv().unwrap();
        cache.save(installed("d2"), at(2));
        drop(cache);
        for _write in 0..2 {
            rig.go_on.send(Ok(())).unwrap();
        }
        rig.begun.recv().unwrap();
        let other = rig.healthy();
        other.save(installed("d3"), at(3));
        idle(&other).await;
        let snapshots = fs::read(rig.folder.file()).unwrap();
        assert!(String::from_utf8_lossy(&snapshots).contains("d3"), "jobs are done in order");
    }

    #[tokio::test]
    async fn closed_clients_pile_up_no_snapshots_behind_a_dead_disk() {
        let (rig, cache) = Rig::new();
        cache.save(installed("d1"), at(1));
        rig.begun.recv().unwrap();
        let state = installed("d2");
        let others: Vec<Cache> = (0..=WAITING_LIMIT).map(|_| rig.healthy()).collect();
        others.iter().for_each(|other| other.save(Arc::clone(&state), at(2)));
        assert_eq!(Arc::strong_count(&state), others.len() + 1);
        drop(others);
        assert_eq!(Arc::strong_count(&state), 1, "all have given up");
        rig.go_on.send(Ok(())).unwrap();
        idle(&cache).await;
    }

    #[tokio::test]
    async fn each_trouble_is_told_once() {
        let (rig, cache) = Rig::new();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        for error in [full(), full(), io::ErrorKind::PermissionDenied.into(), full()] {
            rig.go_on.send(Err(error)).unwrap();
            cache.save(installed("d1"), at(1));
            idle(&cache).await;
        }
        let warnings = rig.warnings();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let place = rig.folder.file();
        assert!(warnings.iter().all(|text| text.contains(&*place.to_string_lossy())), "{warnings:?}");
        rig.go_on.send(Ok(())).unwrap();
        cache.save(installed("d2"), at(2));
        idle(&cache).await;
        assert_eq!(digest(cache.load(at(3)).await).as_deref(), Some("d2"), "and saving goes on");
    }

    #[tokio::test]
    async fn a_listener_that_panics_harms_no_cache() {
        let (rig, cache) = Rig::new();
        let file = CacheFile::new(&config("/dev/null/flags")).unwrap();
        let broken = Cache::over(file, rig.worker, Box::new(|_| panic!("listener")));
        broken.save(installed("d1"), at(1));
        idle(&broken).await;
        rig.go_on.send(Ok(())).unwrap();
        cache.save(installed("d1"), at(1));
        idle(&cache).await;
        assert_eq!(digest(cache.load(at(2)).await).as_deref(), Some("d1"));
    }

    #[tokio::test]
    async fn confirmed_flag_state_is_kept_young_where_age_matters() {
        let folder = Folder::new();
        let mut options = config(folder.file());
        options.cache.as_mut().unwrap().max_age = Some(Duration::from_secs(100));
        let file = CacheFile::new(&options).unwrap();
        let cache = Cache::over(file, Worker::shared(), Box::new(|_| {}));
        let state = installed("d1");
        cache.save(Arc::clone(&state), at(0));
        idle(&cache).await;
        let mut saved = Vec::new();
        for seconds in [49, 50, 99, 100] {
            cache.confirmed(&state, at(seconds));
            idle(&cache).await;
            saved.push(cache.load(at(seconds)).await.unwrap().saved_at);
        }
        assert_eq!(saved, [at(0), at(50), at(50), at(100)]);
    }
}
