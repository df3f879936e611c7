use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::sync::{THREAD_PREFIX, contain};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The thread on which all clients wait for their disks, so that a disk that never answers holds up nothing else.
///
/// It is started by the first job and never ends.
pub(super) struct Worker {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    is_running: bool,
    jobs: VecDeque<Job>,
}

impl Worker {
    pub(super) const fn new() -> Self {
        Self { state: Mutex::new(State { is_running: false, jobs: VecDeque::new() }), wake: Condvar::new() }
    }

    /// The one of the process.
    pub(super) fn shared() -> &'static Self {
        static SHARED: Worker = Worker::new();
        &SHARED
    }

    /// Does a job after those that wait; `false` when the system gives us no thread.
    pub(super) fn queue(&'static self, job: Job) -> bool {
        self.add(job, VecDeque::push_back)
    }

    /// Does a job before those that wait.
    pub(super) fn queue_first(&'static self, job: Job) -> bool {
        self.add(job, VecDeque::push_front)
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().jobs.len()
    }

    fn add(&'static self, job: Job, put: fn(&mut VecDeque<Job>, Job)) -> bool {
        let mut state = self.lock();
        if !state.is_running {
            let thread = thread::Builder::new().name(format!("{THREAD_PREFIX}cache"));
            state.is_running = thread.spawn(|| self.run()).is_ok();
        }
        if state.is_running {
            put(&mut state.jobs, job);
            self.wake.notify_one();
        }
        state.is_running
    }

    fn run(&self) {
        loop {
            let job = self.next();
            // What a job breaks is its owner's alone.
            let _ = contain(job);
        }
    }

    fn next(&self) -> Job {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return job;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
