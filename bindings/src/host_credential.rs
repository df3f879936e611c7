//! The caller's credential functions as the engine's [`CredentialSource`]s: the question goes to JavaScript, the answer
//! comes back by its number.

use std::sync::{Arc, PoisonError};

use flipt_engine::config::{CredentialFuture, CredentialRequest, CredentialSource};
use flipt_engine::redact::Secret;
use flipt_engine::{Error, ErrorKind};
use napi::Status;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::client::NativeClient;
use crate::error::TaggedBoolean;
use crate::options;
use crate::panics::{guard, guard_thrown, thrown};
use crate::waiting::Waiting;

/// What `obtainCredential` is called with: the question's number, the function's, and the reason.
pub(crate) type CredentialArgs = FnArgs<(u32, u32, String)>;

/// What a credential function came to.
#[napi(object, object_to_js = false)]
pub struct ObtainedCredential {
    /// The token.
    pub token: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
}

/// The ways to reach the credential functions of one client.
pub(crate) struct HostCredentials {
    waiting: Waiting<Result<Secret, Error>>,
    obtain: ThreadsafeFunction<CredentialArgs, (), CredentialArgs, Status, false, true>,
    abort: ThreadsafeFunction<u32, (), u32, Status, false, true>,
    release: ThreadsafeFunction<u32, (), u32, Status, false, true>,
}

impl HostCredentials {
    pub(crate) fn new(
        obtain: &Function<'_, CredentialArgs, ()>,
        abort: &Function<'_, u32, ()>,
        release: &Function<'_, u32, ()>,
    ) -> napi::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            waiting: Waiting::default(),
            obtain: obtain.build_threadsafe_function().weak::<true>().build()?,
            abort: abort.build_threadsafe_function().weak::<true>().build()?,
            release: release.build_threadsafe_function().weak::<true>().build()?,
        }))
    }

    /// The function that JavaScript knows by this number.
    pub(crate) fn source(self: &Arc<Self>, number: usize) -> Option<Arc<dyn CredentialSource>> {
        let number = u32::try_from(number).ok()?;
        Some(Arc::new(HostCredential { host: Arc::clone(self), number }))
    }

    /// Takes an answer.
    pub(crate) fn obtained(&self, id: u32, answer: ObtainedCredential) {
        let answer = match answer {
            ObtainedCredential { token: Some(token), error: None } => Ok(Secret::new(token)),
            ObtainedCredential { error, .. } => {
                let context = error.unwrap_or_else(|| "it answered without a token".to_owned());
                Err(Error::new(ErrorKind::Credential).with_context(context))
            }
        };
        self.waiting.settle(id, answer);
    }
}

#[napi]
impl NativeClient {
    /// Answers a question for a credential.
    #[napi(catch_unwind)]
    pub fn obtained_credential(&self, id: u32, answer: ObtainedCredential) -> thrown::Result<()> {
        guard_thrown("obtainedCredential", || {
            if let Some(credentials) = self.credentials() {
                credentials.obtained(id, answer);
            }
        })
    }

    /// Puts other credentials in force, beginning with the next request.
    #[napi(catch_unwind)]
    pub fn update_authentication(&self, authentication_json: String) -> TaggedBoolean {
        let update = || {
            let credentials = self.credentials().ok_or(ErrorKind::Closed)?;
            let list = options::authentication(&authentication_json, &credentials)?;
            self.client.update_authentication(list).map(|()| true)
        };
        guard("updateAuthentication", update).and_then(|updated| updated).into()
    }

    pub(crate) fn credentials(&self) -> Option<Arc<HostCredentials>> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One credential function; JavaScript forgets it when the engine does.
struct HostCredential {
    host: Arc<HostCredentials>,
    number: u32,
}

impl CredentialSource for HostCredential {
    fn obtain(&self, request: CredentialRequest) -> CredentialFuture<'_> {
        Box::pin(async move {
            #[cfg(feature = "test-hooks")]
            crate::hooks::fault("obtainCredential");
            let (id, answer) = self.host.waiting.begin();
            let _abandoned = Abandoned { host: &self.host, id };
            let question = (id, self.number, request.reason.to_string()).into();
            if self.host.obtain.call(question, ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok {
                return Err(Error::new(ErrorKind::Credential).with_context("its environment has ended"));
            }
            answer.await.unwrap_or_else(|_| Err(ErrorKind::Closed.into()))
        })
    }
}

impl Drop for HostCredential {
    fn drop(&mut self) {
        let _ = self.host.release.call(self.number, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// Tells the host when a question is given up before it was answered.
struct Abandoned<'a> {
    host: &'a HostCredentials,
    id: u32,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if self.host.waiting.abandon(self.id) {
            let _ = self.host.abort.call(self.id, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
