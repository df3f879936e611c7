//! What the tests share: a server, flag state to serve, observers, and guards against hanging.

mod credential;
mod fetcher;
mod folder;
mod proxy;
mod reply;
#[allow(dead_code, reason = "the tests of streams inside the crate use the rest")]
pub(crate) mod secure;
mod server;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use credential::{Asked, fixed};
pub(crate) use fetcher::{Scripted, answer};
use flipt_engine::client::{Event, LogLevel, Observer, Status, live_clients};
use flipt_engine::evaluate::Request;
use flipt_engine::store::live_snapshots;
use flipt_engine::{Client, Config, Error};
pub(crate) use folder::Folder;
pub(crate) use proxy::Proxy;
pub(crate) use reply::{Reply, Then, gzip, line, response};
use serde_json::{Value, json};
pub(crate) use server::Server;
use tokio::sync::{RwLock, watch};

static LIVE: RwLock<()> = RwLock::const_new(());

/// Runs a test body under a guard against hanging.
pub(crate) async fn guarded<T>(body: impl Future<Output = T>) -> T {
    let _shared = LIVE.read().await;
    in_time(body).await
}

/// The same with no other test running and no client alive, for counters of the whole process.
pub(crate) async fn guarded_alone<T>(body: impl Future<Output = T>) -> T {
    let _alone = LIVE.write().await;
    in_time(async {
        released().await;
        body.await
    })
    .await
}

/// The same for a test without a runtime.
pub(crate) fn guarded_blocking<T>(body: impl FnOnce() -> T) -> T {
    let _shared = LIVE.blocking_read();
    body()
}

/// The same with no other test running and no client alive.
pub(crate) fn guarded_blocking_alone<T>(body: impl FnOnce() -> T) -> T {
    let _alone = LIVE.blocking_write();
    while is_anything_live() {
        std::thread::yield_now();
    }
    body()
}

/// Waits until no client and no snapshot is left; a parse that was going on may hold one for a moment.
pub(crate) async fn released() {
    while is_anything_live() {
        tokio::task::yield_now().await;
    }
}

fn is_anything_live() -> bool {
    live_clients() > 0 || live_snapshots() > 0
}

async fn in_time<T>(body: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), body).await.expect("the test hangs")
}

/// Options for a server, quick where the defaults are slow; `more` is laid over them.
pub(crate) fn config(url: &str, more: Value) -> Config {
    let mut options = json!({
        "url": url,
        "updateInterval": 0,
        "retry": { "maxRetries": 3, "baseDelayMs": 10, "maxDelayMs": 20, "jitter": false },
    });
    let Value::Object(more) = more else { panic!("options are an object") };
    options.as_object_mut().unwrap().extend(more);
    Config::from_json(&options).unwrap()
}

pub(crate) fn start(server: &Server, more: Value) -> Client {
    Client::start(config(&server.url(), more), None, None).unwrap()
}

pub(crate) async fn started(server: &Server, more: Value) -> Client {
    let client = start(server, more);
    client.ready().await.unwrap();
    client
}

/// A snapshot body with boolean flags.
pub(crate) fn body(digest: &str, flags: &[(&str, bool)]) -> Vec<u8> {
    let flags: Vec<Value> = flags
        .iter()
        .map(|(key, enabled)| json!({ "key": key, "type": "BOOLEAN_FLAG_TYPE", "enabled": enabled }))
        .collect();
    json!({ "namespace": { "key": "default" }, "digest": digest, "flags": flags }).to_string().into_bytes()
}

/// The portable text of a namespace whose flag `seeded` is on.
pub(crate) fn seed() -> String {
    flipt_engine::snapshot::Snapshot::parse(&body("seed", &[("seeded", true)]), None).unwrap().export()
}

pub(crate) fn is_on(client: &Client, flag: &str) -> Result<bool, Error> {
    client.evaluate_boolean(&Request::new(flag, "entity", &())).map(|answer| answer.enabled)
}

pub(crate) async fn status(client: &Client, wanted: impl FnMut(&Status) -> bool) -> Status {
    client.watch().wait_for(wanted).await.expect("the status ends only with the client").clone()
}

/// Remembers every line, and lets a test wait for one.
pub(crate) struct Lines {
    all: Mutex<Vec<(LogLevel, String)>>,
    count: watch::Sender<usize>,
}

impl Lines {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { all: Mutex::default(), count: watch::Sender::new(0) })
    }

    pub(crate) fn all(&self) -> Vec<(LogLevel, String)> {
        self.all.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, level: LogLevel) -> Vec<String> {
        self.all().into_iter().filter(|(other, _)| *other == level).map(|(_, line)| line).collect()
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&[(LogLevel, String)]) -> bool) {
        self.count.subscribe().wait_for(|_| wanted(&self.all.lock().unwrap())).await.unwrap();
    }
}

impl Observer for Lines {
    fn event(&self, event: Event) {
        let Event::Log { level, message } = event else { return };
        self.all.lock().unwrap().push((level, message));
        self.count.send_modify(|count| *count += 1);
    }
}
