//! The options of a client: names, defaults, limits. The only place of all three.
//!
//! | option | field | default | allowed |
//! |---|---|---|---|
//! | `url` | [`Config::url`] | `http://localhost:8080` | http or https, no user info, query or fragment |
//! | `environment` | [`Config::environment`] | `default` | text without control characters, not `.` or `..` |
//! | `namespace` | [`Config::namespace`] | `default` | text without control characters, not `.` or `..` |
//! | `reference` | [`Config::reference`] | none | text without control characters; empty means none |
//! | `updateInterval` | [`Config::update_interval`] | 120 s | 0 (off), or 0.01 to 86,400 s |
//! | `requestTimeout` | [`Config::request_timeout`] | 10 s | 0.001 to 3,600 s |
//! | `connectTimeoutMs` | [`Config::connect_timeout`] | 5,000 ms | 1 to 3,600,000 ms |
//! | `initTimeoutMs` | [`Config::init_timeout`] | 10,000 ms | 1 to 3,600,000 ms |
//! | `retry.maxRetries` | [`Retry::max_retries`] | 3 | 0 to 100 |
//! | `retry.baseDelayMs` | [`Retry::base_delay`] | 1,000 ms | 1 to 3,600,000 ms |
//! | `retry.maxDelayMs` | [`Retry::max_delay`] | 30,000 ms | 1 to 3,600,000 ms |
//! | `retry.jitter` | [`Retry::jitter`] | true | true or false |
//! | `maxSnapshotBytes` | [`Config::max_snapshot_bytes`] | 64 MiB | 1 to 1 GiB |
//! | `serverCompatibility` | [`Config::server_compatibility`] | `auto` | `auto`, `v1`, `v2` |
//! | `errorStrategy` | [`Config::error_strategy`] | `fail` | `fail`, `fallback` |
//! | `authentication` | [`Config::authentication`] | none | `{ clientToken }`, `{ jwtToken }` or `{ kubernetes: { tokenPath? } }`, or a list of these |
//! | `credentialGracePeriodMs` | [`Config::credential_grace_period`] | 300,000 ms | 0 to 86,400,000 ms |
//! | `snapshot` | [`Config::snapshot`] | none | text of an exported snapshot |
//! | `fetchMode` | [`Config::fetch_mode`] | `polling` | `polling`, `streaming` |
//! | `streamIdleTimeoutMs` | [`Config::stream_idle_timeout`] | 600,000 ms | 1 to 86,400,000 ms |
//! | `safetyPollIntervalMs` | [`Config::safety_poll_interval`] | 300,000 ms | 1 to 86,400,000 ms |
//! | `maxStreamRetries` | [`Config::max_stream_retries`] | 5 | 0 to 1,000 |
//! | `staleAfterMs` | [`Config::stale_after`] | 3 times the interval in force | 1 to 2,678,400,000 ms |
//! | `tlsConfig` | [`Config::tls`] | the usual trust | see [`TlsConfig`] |
//! | `proxy` | [`Config::proxy`] | what the environment says | an http or https URL, or false |
//! | `cache` | [`Config::cache`] | none | `{ path, maxAgeMs? }` |
//! | `offline` | [`Config::offline`] | false | true or false |
//! | `bootstrap` | [`Config::bootstrap`] | none | an object of values by flag key, or a text of flag state |
//! | `localPort` | [`Config::url`] | none | 1 to 65,535 without `url`; not where `NODE_ENV` is `production` |
//! | `allowLocalPortInProduction` | | false | true or false |
//! | `overrides` | [`Config::overrides`] | none | an object of values by flag key, or the path of a JSON file with one |
//! | `allowOverridesInProduction` | [`Config::allow_overrides_in_production`] | false | true or false |
//! | `source` | [`Config::source`] | none | `{ path, watch?, namespace? }`; not with a fetcher, streaming or a cache |

mod authentication;
mod cache;
mod credential_source;
mod environment;
mod json;
mod limits;
mod local;
mod proxy;
mod reader;
mod server_url;
mod source;
mod suggestion;
mod tls;

use std::sync::Arc;
use std::time::Duration;

pub use authentication::{Authentication, Kubernetes, Token};
pub(crate) use authentication::{flaw, place};
pub use cache::CacheConfig;
pub use credential_source::{CredentialFuture, CredentialReason, CredentialRequest, CredentialSource};
pub use environment::ProcessEnvironment;
pub(crate) use local::below;
pub use local::{Bootstrap, Overrides};
pub use proxy::ProxyChoice;
pub(crate) use proxy::ProxyUrl;
pub use server_url::ServerUrl;
pub use source::SourceConfig;
pub use tls::TlsConfig;

use crate::error::{Error, ErrorKind, Problem, Result};
use crate::snapshot::{Compatibility, Made};

/// Everything a client can be told. Start from [`Config::default`] or [`Config::from_json`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the Flipt server is, base path included.
    pub url: ServerUrl,
    /// The environment, sent as a header with every request.
    pub environment: String,
    /// The namespace whose flags are loaded.
    pub namespace: String,
    /// A branch or commit; Flipt v1 honours it, v2 ignores it.
    pub reference: Option<String>,
    /// The time between two polls; `None` turns polling off after the first load.
    pub update_interval: Option<Duration>,
    /// The time one request may take from connecting to its last byte.
    pub request_timeout: Duration,
    /// The part of it that connecting may take.
    pub connect_timeout: Duration,
    /// The time the first load may take altogether.
    pub init_timeout: Duration,
    /// What happens after a failure that may pass.
    pub retry: Retry,
    /// The largest snapshot that is accepted, in bytes after decompression.
    pub max_snapshot_bytes: usize,
    /// The arithmetic of the server; `None` recognises it by the snapshot.
    pub server_compatibility: Option<Compatibility>,
    /// What a failing first load or refresh means for the caller.
    pub error_strategy: ErrorStrategy,
    /// How requests authenticate: the credentials in the order in which they are tried; empty means not at all.
    pub authentication: Vec<Authentication>,
    /// How long a replaced credential stays as fallback for its successor.
    pub credential_grace_period: Duration,
    /// The text of an exported snapshot to start from.
    pub snapshot: Option<String>,
    /// How flag state is kept current after the first load.
    pub fetch_mode: FetchMode,
    /// The silence after which a stream is opened anew.
    pub stream_idle_timeout: Duration,
    /// The time between two polls beside a healthy stream.
    pub safety_poll_interval: Duration,
    /// Failed attempts at a stream, one after the other, before polling joins in.
    pub max_stream_retries: u32,
    /// The time without an answer after which flag state counts as stale; `None` means three times the polling interval
    /// in force.
    pub stale_after: Option<Duration>,
    /// Whom the client trusts over TLS.
    pub tls: TlsConfig,
    /// Through what the requests go.
    pub proxy: ProxyChoice,
    /// Where the last good flag state is kept on disk.
    pub cache: Option<CacheConfig>,
    /// Whether the client starts without a server, and without a background task.
    pub offline: bool,
    /// Flag state to start from. Only one of this and `snapshot` may be there.
    pub bootstrap: Option<Bootstrap>,
    /// Values that are forced upon flags on a developer's machine.
    pub overrides: Option<Overrides>,
    /// Whether `overrides` count where the environment variable `NODE_ENV` is `production`.
    pub allow_overrides_in_production: bool,
    /// The feature files that flag state is read from in the place of a server.
    pub source: Option<SourceConfig>,
    /// What the calling thread's environment says of proxies and certificates. Not an option: the caller puts it here.
    pub process_environment: ProcessEnvironment,
}

/// How flag state is kept current after the first load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FetchMode {
    /// By asking at intervals.
    #[default]
    Polling,
    /// By a response that never ends, with polls as its safety net.
    Streaming,
}

/// How often and after what waits a failed request is repeated before the regular schedule goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Repetitions of one fetch.
    pub max_retries: u32,
    /// The wait before the first repetition; it doubles with each further one.
    pub base_delay: Duration,
    /// The longest such wait; a smaller value than `base_delay` caps that too.
    pub max_delay: Duration,
    /// Whether each wait is shortened by a random part of up to a half.
    pub jitter: bool,
}

/// What a failing first load or refresh means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorStrategy {
    /// It is an error.
    #[default]
    Fail,
    /// It is not: whatever flag state there is stays in force, and syncing goes on behind.
    Fallback,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: ServerUrl::default(),
            environment: "default".to_owned(),
            namespace: "default".to_owned(),
            reference: None,
            update_interval: Some(Self::DEFAULT_UPDATE_INTERVAL),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            init_timeout: Duration::from_secs(10),
            retry: Retry::default(),
            max_snapshot_bytes: 64 * 1024 * 1024,
            server_compatibility: None,
            error_strategy: ErrorStrategy::default(),
            authentication: Vec::new(),
            credential_grace_period: Duration::from_secs(300),
            snapshot: None,
            fetch_mode: FetchMode::default(),
            stream_idle_timeout: Duration::from_secs(600),
            safety_poll_interval: Duration::from_secs(300),
            max_stream_retries: 5,
            stale_after: None,
            tls: TlsConfig::default(),
            proxy: ProxyChoice::default(),
            cache: None,
            offline: false,
            bootstrap: None,
            overrides: None,
            allow_overrides_in_production: false,
            source: None,
            process_environment: ProcessEnvironment::default(),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_retries: 3, base_delay: Duration::from_secs(1), max_delay: Duration::from_secs(30), jitter: true }
    }
}

impl Config {
    /// The time between two polls unless another is asked for.
    pub const DEFAULT_UPDATE_INTERVAL: Duration = Duration::from_secs(120);

    /// Reads options from JSON, named and measured as in the table of this module.
    ///
    /// A value that JSON cannot express arrives as `{"$js": "<description>"}`. An absent option and an option that
    /// is `null` both mean the default, because a caller who passes a setting through has no other word for "not
    /// set". Inside `authentication` the same rule leaves no token, which is refused.
    /// `fetcher`, `hook`, `logger`, `onError`, `onReady`, `onUpdate` and `signal` are known names that the caller handles;
    /// their values are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] with every bad field, not only the first. What was received is described without
    /// repeating texts, except for the few options that are a choice of words.
    pub fn from_json(options: &serde_json::Value) -> Result<Self> {
        Self::from_json_with(options, &|_| None)
    }

    /// The same for options with functions in the place of tokens, as [`Authentication::from_json`] reads them.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(
        options: &serde_json::Value,
        sources: &dyn Fn(usize) -> Option<Arc<dyn CredentialSource>>,
    ) -> Result<Self> {
        Self::from_json_in(options, sources, ProcessEnvironment::default())
    }

    /// The same where the environment of the calling thread counts: for what is refused in production, and for the field
    /// [`process_environment`](Self::process_environment).
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_in(
        options: &serde_json::Value,
        sources: &dyn Fn(usize) -> Option<Arc<dyn CredentialSource>>,
        environment: ProcessEnvironment,
    ) -> Result<Self> {
        let config = json::read(options, sources, &environment)?;
        Ok(Self { process_environment: environment, ..config })
    }

    /// What is forced upon flag state, once a file of it has been read.
    pub(crate) fn forced(&self) -> Option<Arc<Made>> {
        match &self.overrides {
            Some(Overrides::Values(made)) if !made.is_empty() => Some(Arc::new(made.clone())),
            _ => None,
        }
    }

    /// A caller's own fetch function makes no streams, and reads no files.
    pub(crate) fn refuse_streaming(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.fetch_mode == FetchMode::Streaming {
            problems.push(limits::streaming_with_a_fetcher());
        }
        if self.source.is_some() {
            problems.push(source::with_a_fetcher());
        }
        refuse(problems)
    }

    /// Checks the limits of every field.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] with every field that is out of its limits.
    pub fn validate(&self) -> Result<()> {
        let mut problems = Vec::new();
        limits::check(self, &mut problems);
        refuse(problems)
    }
}

fn refuse(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::new(ErrorKind::Options(problems))) }
}
