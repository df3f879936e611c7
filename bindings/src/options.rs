//! Options become a client. What they mean, and whether they can be used, is the engine's business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use flipt_engine::client::Observer;
use flipt_engine::config::{Authentication, ProcessEnvironment};
use flipt_engine::http::Fetch;
use flipt_engine::{Client, Config, Error, ErrorKind};
use napi::bindgen_prelude::Function;
use napi_derive::napi;

use crate::client::NativeClient;
use crate::error::TaggedClient;
use crate::host_credential::{CredentialArgs, HostCredentials};
use crate::host_fetch::{FetchArgs, HostFetch};
use crate::inbox::HostObserver;
use crate::panics::guard;

/// What the addon calls in JavaScript.
#[napi(object, object_to_js = false)]
pub struct Host<'a> {
    /// Told that events wait.
    pub wake: Function<'a, (), ()>,
    /// The kinds of events that are kept until they are taken.
    pub kinds: Vec<String>,
    /// Makes a request in place of the built-in client.
    pub fetch: Option<Function<'a, FetchArgs, ()>>,
    /// Gives a request up.
    pub abort_fetch: Option<Function<'a, u32, ()>>,
    /// Calls a credential function.
    pub obtain_credential: Function<'a, CredentialArgs, ()>,
    /// Gives such a call up.
    pub abort_credential: Function<'a, u32, ()>,
    /// Forgets a credential function.
    pub release_credential: Function<'a, u32, ()>,
}

/// The names of the environment variables that clients heed.
#[napi(catch_unwind)]
#[must_use]
pub fn environment_names() -> Vec<&'static str> {
    ProcessEnvironment::NAMES.to_vec()
}

/// Validates the options and starts the client. `environment` is what the calling thread sees of the variables.
#[napi(catch_unwind)]
pub fn create_client(options_json: String, host: Host<'_>, environment: HashMap<String, String>) -> TaggedClient {
    let started = guard("createClient", || start(&options_json, &host, environment, false));
    started.and_then(|started| started).into()
}

/// The same on the client of these options that runs in this process already, if there is one.
#[napi(catch_unwind)]
pub fn share_client(options_json: String, host: Host<'_>, environment: HashMap<String, String>) -> TaggedClient {
    let started = guard("shareClient", || start(&options_json, &host, environment, true));
    started.and_then(|started| started).into()
}

fn start(
    options_json: &str,
    host: &Host<'_>,
    environment: HashMap<String, String>,
    is_shared: bool,
) -> Result<NativeClient, Error> {
    let credentials = HostCredentials::new(&host.obtain_credential, &host.abort_credential, &host.release_credential);
    let credentials = credentials.map_err(refuse)?;
    let environment = environment.into_iter().collect();
    let config = Config::from_json_in(&parse(options_json)?, &|number| credentials.source(number), environment)?;
    let observer = HostObserver::new(&host.wake, host.kinds.clone()).map_err(refuse)?;
    let inbox = Arc::clone(&observer.inbox);
    let fetch = match (&host.fetch, &host.abort_fetch) {
        (Some(fetch), Some(abort)) => Some(Arc::new(HostFetch::new(fetch, abort).map_err(refuse)?)),
        _ => None,
    };
    let waiting = fetch.as_ref().map(|fetch| Arc::clone(&fetch.waiting));
    let fetch = fetch.map(|fetch| -> Arc<dyn Fetch> { fetch });
    let (namespace, init_timeout) = (config.namespace.clone(), config.init_timeout);
    let observer = Some(Arc::new(observer) as Arc<dyn Observer>);
    let client =
        if is_shared { Client::shared(&config, fetch, observer)? } else { Client::start(config, fetch, observer)? };
    let credentials = Mutex::new(Some(credentials));
    Ok(NativeClient { client, namespace, init_timeout, inbox, waiting, credentials })
}

/// Reads what the option `authentication` may be.
pub(crate) fn authentication(json: &str, credentials: &Arc<HostCredentials>) -> Result<Vec<Authentication>, Error> {
    Authentication::from_json(&parse(json)?, &|number| credentials.source(number))
}

/// What Node refused, as an error of ours.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn refuse(error: napi::Error) -> Error {
    Error::new(ErrorKind::Panic).with_context(error.reason.clone())
}

pub(crate) fn parse(json: &str) -> Result<serde_json::Value, Error> {
    serde_json::from_str(json)
        .map_err(|_| Error::new(ErrorKind::Panic).with_context("what JavaScript sent is not JSON"))
}
