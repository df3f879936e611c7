//! One client as JavaScript holds it: what is answered at once. [`calls`](crate::calls) has the rest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flipt_engine::store::Installed;
use flipt_engine::{Client, Error};
use napi_derive::napi;

use crate::error::{TaggedAnswer, TaggedBatch, TaggedFlags, TaggedPlan, TaggedPlans, TaggedText};
use crate::events::NativeEvent;
use crate::host_credential::HostCredentials;
use crate::host_fetch::{Answer, Fetched, answer};
use crate::inbox::Inbox;
use crate::panics::{guard, guard_thrown, thrown};
use crate::plan::NativePlan;
use crate::request::NativeRequest;
use crate::results;
use crate::status::NativeStatus;
use crate::waiting::Waiting;

/// The addon's side of one client; collecting it shuts the client down.
#[napi]
pub struct NativeClient {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) init_timeout: Duration,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) waiting: Option<Arc<Waiting<Answer>>>,
    /// Until the client is shut down: what leads to JavaScript counts as an open handle there.
    pub(crate) credentials: Mutex<Option<Arc<HostCredentials>>>,
}

// Calls that have not settled hold the client, too, and would keep it when their environment is gone.
impl Drop for NativeClient {
    fn drop(&mut self) {
        self.client.shut_down();
    }
}

#[napi]
impl NativeClient {
    /// The part of closing that takes effect at once.
    #[napi(catch_unwind)]
    pub fn shut_down(&self) -> thrown::Result<()> {
        guard_thrown("shutDown", || {
            self.client.shut_down();
            self.credentials.lock().unwrap_or_else(PoisonError::into_inner).take();
        })
    }

    /// The namespace that the client evaluates.
    #[napi(catch_unwind)]
    pub fn namespace(&self) -> thrown::Result<String> {
        guard_thrown("namespace", || self.namespace.clone())
    }

    /// The state of connection and flags.
    #[napi(catch_unwind)]
    pub fn status(&self) -> thrown::Result<NativeStatus> {
        guard_thrown("status", || (&self.client.status()).into())
    }

    /// Whether there is flag state to evaluate.
    #[napi(catch_unwind)]
    pub fn is_ready(&self) -> thrown::Result<bool> {
        guard_thrown("isReady", || self.client.store().load().is_some())
    }

    /// Takes the events that wait: those of these kinds, in order; the others are dropped.
    #[napi(catch_unwind)]
    pub fn take_events(&self, kinds: Vec<String>) -> thrown::Result<Vec<NativeEvent>> {
        guard_thrown("takeEvents", || self.inbox.take(&kinds))
    }

    /// Every flag of the snapshot in force.
    #[napi(catch_unwind)]
    pub fn list_flags(&self) -> TaggedFlags {
        let flags = guard("listFlags", || self.client.flags()).and_then(|flags| flags);
        flags.map(|flags| flags.into_iter().map(Into::into).collect()).into()
    }

    /// The snapshot in force as portable text.
    #[napi(catch_unwind)]
    pub fn export_snapshot(&self) -> TaggedText {
        guard("exportSnapshot", || self.client.export_snapshot()).and_then(|text| text).into()
    }

    /// Answers a request of the host's `fetch`.
    #[napi(catch_unwind)]
    pub fn fetched(&self, id: u32, result: Fetched) -> thrown::Result<()> {
        guard_thrown("fetched", || {
            if let Some(waiting) = &self.waiting {
                waiting.settle(id, answer(result));
            }
        })
    }

    /// What JavaScript needs to know about one flag.
    #[napi(catch_unwind)]
    pub fn plan(&self, flag_key: String) -> TaggedPlan {
        self.read("plan", |installed| Ok(NativePlan::new(installed, &flag_key))).into()
    }

    /// The same about every flag, in the snapshot's order.
    #[napi(catch_unwind)]
    pub fn plans(&self) -> TaggedPlans {
        self.read("plans", |installed| Ok(NativePlan::all(installed))).into()
    }

    /// The slow path of one evaluation.
    #[napi(catch_unwind)]
    pub fn evaluate(&self, kind: String, request: NativeRequest) -> TaggedAnswer {
        self.read("evaluate", |installed| results::single(&installed.snapshot, &kind, &request)).into()
    }

    /// The slow path of a batch.
    #[napi(catch_unwind)]
    pub fn evaluate_batch(&self, requests: Vec<NativeRequest>) -> TaggedBatch {
        self.read("evaluateBatch", |installed| {
            Ok(results::batch(&installed.snapshot, self.client.store().is_stale(), &requests))
        })
        .into()
    }

    /// The slow path of many flags for one entity and context, which `request` has; its own flag does not count.
    #[napi(catch_unwind)]
    pub fn evaluate_each(&self, flag_keys: Vec<String>, request: NativeRequest) -> TaggedBatch {
        self.read("evaluateEach", |installed| {
            Ok(results::each(&installed.snapshot, self.client.store().is_stale(), &flag_keys, &request))
        })
        .into()
    }

    /// Runs the body of an export on the snapshot in force.
    pub(crate) fn read<T>(
        &self,
        export: &'static str,
        body: impl FnOnce(&Installed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        guard(export, || body(&*self.client.store().installed()?)).and_then(|result| result)
    }
}
