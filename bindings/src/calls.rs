//! Calls that settle later, by a callback that holds the event loop until then.

use std::future::Future;
use std::time::Duration;

use flipt_engine::{Error, ErrorKind};
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use tokio::task::AbortHandle;

use crate::client::NativeClient;
use crate::error::TaggedBoolean;
use crate::panics::{guard_thrown, thrown};

/// A call that has not settled yet.
#[napi]
pub struct NativeCall(Option<AbortHandle>);

#[napi]
impl NativeCall {
    /// Gives the call up: it settles no more and lets go of the event loop. What it asked for goes on.
    #[napi(catch_unwind)]
    pub fn abandon(&self) -> thrown::Result<()> {
        guard_thrown("abandon", || self.0.as_ref().map_or((), AbortHandle::abort))
    }
}

#[napi]
impl NativeClient {
    /// Settles when the first load has ended.
    #[napi(catch_unwind)]
    pub fn ready(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<NativeCall> {
        let client = self.client.clone();
        let ready = async move { client.ready().await.map(|()| true) };
        guard_thrown("ready", || self.settle_later(&settle, ready))?
    }

    /// Settles when there is flag state, at the latest after this many milliseconds, else after `initTimeoutMs`.
    #[napi(catch_unwind)]
    pub fn wait_ready(
        &self,
        settle: Function<'_, TaggedBoolean, ()>,
        timeout_ms: Option<u32>,
    ) -> thrown::Result<NativeCall> {
        let client = self.client.clone();
        let timeout = timeout_ms.map_or(self.init_timeout, |limit| Duration::from_millis(limit.into()));
        let ready = async move { client.wait_ready(timeout).await.map(|()| true) };
        guard_thrown("waitReady", || self.settle_later(&settle, ready))?
    }

    /// Fetches now; settles with whether the flag state changed.
    #[napi(catch_unwind)]
    pub fn refresh(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<NativeCall> {
        let client = self.client.clone();
        guard_thrown("refresh", || self.settle_later(&settle, async move { client.refresh().await }))?
    }

    /// Connects anew and fetches; settles when the server has answered.
    #[napi(catch_unwind)]
    pub fn reconnect(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<NativeCall> {
        let client = self.client.clone();
        let reconnected = async move { client.reconnect().await.map(|()| true) };
        guard_thrown("reconnect", || self.settle_later(&settle, reconnected))?
    }

    /// Stops using the network, or uses it again; settles at once, or when the server has answered.
    #[napi(catch_unwind)]
    pub fn set_offline(&self, settle: Function<'_, TaggedBoolean, ()>, offline: bool) -> thrown::Result<NativeCall> {
        let client = self.client.clone();
        let set = async move { client.set_offline(offline).await.map(|()| true) };
        guard_thrown("setOffline", || self.settle_later(&settle, set))?
    }

    /// Closes; settles when nothing of the client runs any more.
    #[napi(catch_unwind)]
    pub fn close(&self, settle: Function<'_, TaggedBoolean, ()>) -> thrown::Result<NativeCall> {
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

    /// Runs a future on the engine's threads and hands its result to a callback, which holds the event loop until then.
    fn settle_later(
        &self,
        settle: &Function<'_, TaggedBoolean, ()>,
        future: impl Future<Output = Result<bool, Error>> + Send + 'static,
    ) -> thrown::Result<NativeCall> {
        let settle = settle.build_threadsafe_function().callee_handled::<false>().build();
        let settle = settle.map_err(|error| napi::Error::new(ErrorKind::Panic.code(), error.reason.clone()))?;
        let task = self.client.spawn(async move {
            let result = future.await;
            // A closing environment has nobody left to tell.
            let _ = settle.call(result.into(), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(NativeCall(task))
    }
}
