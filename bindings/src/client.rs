//! One client as JavaScript holds it.

use std::future::Future;
use std::sync::Arc;

use flipt_engine::store::Installed;
use flipt_engine::{Client, Error};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::error::{TaggedAnswer, TaggedBatch, TaggedBoolean, TaggedFlags, TaggedPlan, TaggedText};
use crate::host_credential::HostCredentials;
use crate::host_fetch::{Answer, Fetched, answer};
use crate::panics::{guard, guard_thrown, thrown};
use crate::plan::NativePlan;
use crate::results::{self, NativeFlag, NativeRequest};
use crate::waiting::Waiting;

/// The addon's side of one client; collecting it shuts the client down.
#[napi]
pub struct NativeClient {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) waiting: Option<Arc<Waiting<Answer>>>,
    pub(crate) credentials: Arc<HostCredentials>,
}

#[napi]
impl NativeClient {
    /// Settles when the first load has ended.
    #[napi(catch_unwind)]
    pub fn ready(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<()> {
        let client = self.client.clone();
        let ready = async move { client.ready().await.map(|()| true) };
        guard_thrown("ready", || self.settle_later(&settle, ready))?
    }

    /// Fetches now; settles with whether the flag state changed.
    #[napi(catch_unwind)]
    pub fn refresh(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<()> {
        let client = self.client.clone();
        guard_thrown("refresh", || self.settle_later(&settle, async move { client.refresh().await }))?
    }

    /// Closes; settles when nothing of the client runs any more.
    #[napi(catch_unwind)]
    pub fn close(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<()> {
        let client = self.client.clone();
        let closed = async move {
            client.close().await;
            Ok(true)
        };
        guard_thrown("close", || {
            self.client.shut_down();
            self.settle_later(&settle, closed)
        })?
    }

    /// The part of closing that takes effect at once.
    #[napi(catch_unwind)]
    pub fn shut_down(&self) -> thrown::Result<()> {
        guard_thrown("shutDown", || self.client.shut_down())
    }

    /// The namespace that the client evaluates.
    #[napi(catch_unwind)]
    pub fn namespace(&self) -> thrown::Result<String> {
        guard_thrown("namespace", || self.namespace.clone())
    }

    /// Every flag of the snapshot in force.
    #[napi(catch_unwind)]
    pub fn list_flags(&self) -> TaggedFlags {
        self.read("listFlags", |installed| {
            let listed = installed.snapshot.flags().iter().map(|flag| NativeFlag {
                key: flag.key().to_owned(),
                enabled: flag.enabled(),
                type_name: flag.type_name().to_owned(),
                description: flag.description().map(ToOwned::to_owned),
            });
            Ok(listed.collect())
        })
        .into()
    }

    /// The snapshot in force as portable text.
    #[napi(catch_unwind)]
    pub fn export_snapshot(&self) -> TaggedText {
        self.read("exportSnapshot", |installed| Ok(installed.snapshot.export())).into()
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

    /// The slow path of one evaluation.
    #[napi(catch_unwind)]
    pub fn evaluate(&self, kind: String, request: NativeRequest) -> TaggedAnswer {
        self.read("evaluate", |installed| results::single(&installed.snapshot, &kind, &request)).into()
    }

    /// The slow path of a batch.
    #[napi(catch_unwind)]
    pub fn evaluate_batch(&self, requests: Vec<NativeRequest>) -> TaggedBatch {
        self.read("evaluateBatch", |installed| Ok(results::batch(&installed.snapshot, &requests))).into()
    }

    /// Runs the body of an export on the snapshot in force.
    fn read<T>(&self, export: &'static str, body: impl FnOnce(&Installed) -> Result<T, Error>) -> Result<T, Error> {
        guard(export, || body(&*self.client.store().installed()?)).and_then(|result| result)
    }

    /// Runs a future on the engine's threads and hands its result to a callback, which holds the event loop until then.
    fn settle_later(
        &self,
        settle: &Function<'_, TaggedBoolean, ()>,
        future: impl Future<Output = Result<bool, Error>> + Send + 'static,
    ) -> thrown::Result<()> {
        let settle = settle.build_threadsafe_function().callee_handled::<false>().build();
        let settle = settle.map_err(|error| napi::Error::new("FLIPT_INTERNAL_PANIC", error.reason.clone()))?;
        self.client.spawn(async move {
            let result = future.await;
            // A closing environment has nobody left to tell.
            let _ = settle.call(result.into(), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(())
    }
}
