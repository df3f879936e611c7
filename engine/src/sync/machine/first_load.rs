//! When the first load counts as done.

use std::time::Duration;

use super::Policy;
use crate::config::ErrorStrategy;
use crate::error::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(super) enum FirstLoad {
    Pending { deadline: Duration, early: Option<Duration>, last_error: Option<Error> },
    Settled,
}

impl FirstLoad {
    pub(super) fn begin(policy: &Policy, now: Duration) -> Self {
        Self::Pending {
            deadline: now + policy.init_timeout,
            early: policy.early_timeout.map(|timeout| now + timeout),
            last_error: None,
        }
    }

    pub(super) fn due(&self) -> Option<Duration> {
        match self {
            Self::Pending { deadline, early, .. } => Some(early.map_or(*deadline, |early| early.min(*deadline))),
            Self::Settled => None,
        }
    }

    /// A fetch failed; the series may be over.
    pub(super) fn failed(&mut self, error: &Error, is_over: bool, policy: &Policy) -> Option<Result<()>> {
        let Self::Pending { early, last_error, .. } = self else { return None };
        *last_error = Some(error.clone());
        if early.is_some() || is_over { self.settle(Err(error.clone()), policy) } else { None }
    }

    pub(super) fn tick(&mut self, policy: &Policy, now: Duration) -> Option<Result<()>> {
        let Self::Pending { last_error, .. } = self else { return None };
        let last_error = last_error.clone();
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        let timeout = Error::new(ErrorKind::InitTimeout(policy.init_timeout));
        let timeout = match last_error {
            Some(error) => timeout.with_source(error),
            None => timeout,
        };
        self.settle(Err(timeout), policy)
    }

    /// Settles once; under `fallback` only closing is an error.
    pub(super) fn settle(&mut self, result: Result<()>, policy: &Policy) -> Option<Result<()>> {
        if matches!(std::mem::replace(self, Self::Settled), Self::Settled) {
            return None;
        }
        let closed = matches!(&result, Err(error) if *error.kind() == ErrorKind::Closed);
        Some(if policy.strategy == ErrorStrategy::Fallback && !closed { Ok(()) } else { result })
    }
}
