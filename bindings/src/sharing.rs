//! A further handle on a client whose functions belong to one thread.

use std::sync::{Arc, Mutex};

use flipt_engine::client::Observer;
use flipt_engine::config::{CredentialFuture, CredentialRequest, CredentialSource};
use flipt_engine::{Config, Error, ErrorKind};
use napi::bindgen_prelude::Function;
use napi_derive::napi;

use crate::client::NativeClient;
use crate::error::TaggedClient;
use crate::inbox::HostObserver;
use crate::options::{parse, refuse};
use crate::panics::guard;

#[napi]
impl NativeClient {
    /// A further handle on this client, if the options name it; JavaScript has found its functions to be the same.
    #[napi(catch_unwind)]
    pub fn another(&self, options_json: String, wake: Function<'_, (), ()>, kinds: Vec<String>) -> TaggedClient {
        match guard("another", || self.join(&options_json, &wake, kinds)).and_then(|joined| joined) {
            Ok(None) => TaggedClient { ok: None, error: None },
            Ok(Some(client)) => Ok(client).into(),
            Err(error) => Err(error).into(),
        }
    }

    fn join(&self, options_json: &str, wake: &Function<'_, (), ()>, kinds: Vec<String>) -> Result<Option<Self>, Error> {
        let config = Config::from_json_with(&parse(options_json)?, &|_| Some(Arc::new(Vouched)))?;
        let observer = HostObserver::new(wake, kinds).map_err(refuse)?;
        let inbox = Arc::clone(&observer.inbox);
        let joined = self.client.another(&config, Some(Arc::new(observer) as Arc<dyn Observer>))?;
        Ok(joined.map(|client| Self {
            client,
            namespace: config.namespace,
            init_timeout: config.init_timeout,
            inbox,
            waiting: self.waiting.clone(),
            credentials: Mutex::new(self.credentials()),
        }))
    }
}

/// Stands for a credential function that the client has already.
struct Vouched;

impl CredentialSource for Vouched {
    fn obtain(&self, _request: CredentialRequest) -> CredentialFuture<'_> {
        Box::pin(async { Err(ErrorKind::Closed.into()) })
    }
}
