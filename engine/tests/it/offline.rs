//! Without a server: clients that start offline, go online and offline, and flag state that the options force.

use std::sync::{Arc, Mutex};

use flipt_engine::client::{Connection, Event, Observer, Source, live_clients};
use flipt_engine::evaluate::Request;
use flipt_engine::snapshot::{Made, Snapshot};
use flipt_engine::{Client, Config};
use serde_json::{Value, json};

use crate::support::{
    Folder, Lines, Reply, Server, body, config, guarded, guarded_blocking, guarded_blocking_alone, is_on, released,
    seed, start, started, status,
};

const NOWHERE: &str = "http://127.0.0.1:1";

/// A client that must not use the network.
fn offline(more: Value) -> Client {
    offline_with(more, None)
}

fn offline_with(more: Value, observer: Option<Arc<dyn Observer>>) -> Client {
    let mut options = json!({ "offline": true });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Client::start(config(NOWHERE, options), None, observer).unwrap()
}

fn variant(client: &Client, flag: &str) -> String {
    client.evaluate_variant(&Request::new(flag, "e", &())).unwrap().variant_key.into_owned()
}

fn made(values: &Value) -> Snapshot {
    Snapshot::made("default", &Made::read(&values.to_string()).unwrap()).unwrap()
}

/// Remembers what happened, in short.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl Events {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Events {
    fn event(&self, event: Event) {
        let told = match event {
            Event::Changed(changed) => {
                let change = changed.change;
                format!("{:?} +{:?} -{:?} ~{:?}", changed.source, change.added, change.removed, change.modified)
            }
            Event::Status { current, .. } => format!("{:?}", current.connection),
            Event::Ready => "ready".to_owned(),
            Event::Closed => "closed".to_owned(),
            _ => return,
        };
        self.0.lock().unwrap().push(told);
    }
}

#[test]
fn it_is_ready_at_once_without_a_runtime() {
    guarded_blocking_alone(|| {
        for (options, source) in [
            (json!({ "bootstrap": { "first": true, "plan": "pro" } }), Source::Bootstrap),
            (json!({ "bootstrap": seed() }), Source::Bootstrap),
            (json!({ "bootstrap": String::from_utf8(body("d", &[("seeded", true)])).unwrap() }), Source::Bootstrap),
            (json!({ "snapshot": seed() }), Source::Snapshot),
            (json!({}), Source::Empty),
        ] {
            let client = offline(options.clone());
            let status = client.status();
            assert_eq!((status.connection, status.source, status.stale), (Connection::Offline, source, false));
            let (wanted, flags) = match source {
                Source::Empty => (Err("FLIPT_FLAG_NOT_FOUND"), 0),
                _ if options["bootstrap"].is_object() => (Ok(false), 2),
                _ => (Ok(true), 1),
            };
            let seeded = if flags == 2 { Ok(false) } else { is_on(&client, "seeded").map_err(|error| error.code()) };
            assert_eq!((seeded, client.flags().unwrap().len()), (wanted, flags), "{options}");
        }
        assert_eq!(live_clients(), 0);
    });
}

#[test]
fn a_text_is_recognised_by_its_form_and_held_to_the_namespace() {
    let code = |bootstrap: &str, namespace: &str| {
        let options = json!({ "offline": true, "bootstrap": bootstrap, "namespace": namespace });
        Client::start(config(NOWHERE, options), None, None).map(drop).map_err(|error| error.code())
    };
    guarded_blocking(|| {
        let server = String::from_utf8(body("d", &[("a", true)])).unwrap();
        let old = r#"{"namespace":{"key":"default"},"flags":[{"key":"a"}]}"#;
        let portable = r#" {"version":1,"namespace":{"key":"default","flags":{},"eval_rules":{}}} "#;
        for text in [server.as_str(), old, portable, &seed(), &format!("\u{feff}{server}\n")] {
            assert_eq!(code(text, "default"), Ok(()), "{text}");
            assert_eq!(code(text, "other"), Err("FLIPT_SNAPSHOT_MISMATCH"), "{text}");
        }
        for (text, wanted) in [
            ("e30=", "FLIPT_SNAPSHOT_INVALID"),
            ("abcde", "FLIPT_SNAPSHOT_INVALID"),
            (r#"{"digest":"d","flags":7}"#, "FLIPT_SNAPSHOT_INVALID"),
            (r#"{"version":2,"namespace":{"key":"default","eval_rules":{}}}"#, "FLIPT_SNAPSHOT_UNSUPPORTED"),
        ] {
            assert_eq!(code(text, "default"), Err(wanted), "{text}");
        }
    });
}

#[test]
fn what_is_installed_is_told_in_the_calling_thread() {
    guarded_blocking(|| {
        let events = Arc::new(Events::default());
        let client = offline_with(json!({ "bootstrap": { "a": true, "b": "x" } }), Some(Arc::clone(&events) as _));
        assert_eq!(events.take(), ["Offline", "ready"]);
        assert!(client.install(made(&json!({ "a": true, "b": "y", "c": 1 }))).unwrap());
        assert_eq!(events.take(), [r#"Bootstrap +["c"] -[] ~["b"]"#]);
        assert_eq!((variant(&client, "b"), client.status().flag_count), ("y".to_owned(), 3));
        assert!(!client.install(made(&json!({ "c": 1, "b": "y", "a": true }))).unwrap());
        assert!(events.take().is_empty());
        client.shut_down();
        client.shut_down();
        assert_eq!(events.take(), ["Closed", "closed"]);
        assert_eq!(client.install(made(&json!({}))).unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
    });
}

#[test]
fn an_observer_may_close_the_client_that_tells_it_something() {
    #[derive(Default)]
    struct Closing(Mutex<Option<Client>>, Events);
    impl Observer for Closing {
        fn event(&self, event: Event) {
            if matches!(event, Event::Changed(_)) {
                let client = self.0.lock().unwrap().take();
                client.unwrap().shut_down();
            }
            self.1.event(event);
        }
    }
    guarded_blocking(|| {
        let observer = Arc::new(Closing::default());
        let client = offline_with(json!({}), Some(Arc::clone(&observer) as _));
        *observer.0.lock().unwrap() = Some(client.clone());
        observer.1.take();
        client.install(made(&json!({ "a": true }))).unwrap();
        assert_eq!(observer.1.take(), [r#"Bootstrap +["a"] -[] ~[]"#, "Closed", "closed"]);
    });
}

#[tokio::test]
async fn offline_calls_end_at_once() {
    guarded(async {
        let client = offline(json!({}));
        client.ready().await.unwrap();
        client.wait_ready(std::time::Duration::ZERO).await.unwrap();
        assert!(!client.refresh().await.unwrap());
        client.reconnect().await.unwrap();
        client.set_offline(true).await.unwrap();
        client.close().await;
        assert_eq!(client.set_offline(false).await.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_started_offline_goes_online_with_the_same_handle() {
    guarded(async {
        let server = Server::simple().await;
        let events = Arc::new(Events::default());
        let options = json!({ "offline": true, "bootstrap": { "first": false, "old": true } });
        let client =
            Client::start(config(&server.url(), options), None, Some(Arc::clone(&events) as Arc<dyn Observer>))
                .unwrap();
        assert_eq!((is_on(&client, "first").unwrap(), server.count()), (false, 0));
        events.take();
        client.set_offline(false).await.unwrap();
        assert!(is_on(&client, "first").unwrap());
        assert_eq!((server.count(), client.status().source), (1, Source::Server));
        assert_eq!(
            events.take(),
            ["Connecting", "Polling", r#"Server +[] -["old"] ~["first"]"#].map(str::to_owned),
            "no second ready"
        );
        assert_eq!(client.install(made(&json!({}))).unwrap_err().code(), "FLIPT_OPTION_INVALID");
        client.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_keeps_a_client_from_going_online_leaves_it_offline() {
    guarded(async {
        let client = offline(json!({ "tlsConfig": { "caCertFile": "/nowhere/ca.pem" }, "url": "https://127.0.0.1:1" }));
        assert_eq!(client.set_offline(false).await.unwrap_err().code(), "FLIPT_OPTION_INVALID");
        assert_eq!(client.status().connection, Connection::Offline);
        client.install(made(&json!({ "a": true }))).unwrap();
        let unreachable = offline(json!({ "retry": { "maxRetries": 0 }, "bootstrap": { "a": true } }));
        assert_eq!(unreachable.set_offline(false).await.unwrap_err().code(), "FLIPT_CONNECTION_FAILED");
        assert!(is_on(&unreachable, "a").unwrap());
        assert_eq!(unreachable.status().connection, Connection::Connecting);
        unreachable.ready().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn going_offline_closes_connections_and_going_online_asks_at_once() {
    guarded(async {
        for mode in ["polling", "streaming"] {
            let server = Server::simple().await;
            let client = started(&server, json!({ "fetchMode": mode, "updateInterval": 0.05 })).await;
            client.set_offline(true).await.unwrap();
            server.closed().await;
            let asked = server.count();
            let status = client.status();
            assert_eq!((status.connection, status.stale), (Connection::Offline, false));
            assert!(status.last_error.is_none() && status.next_attempt_at.is_none());
            assert!(is_on(&client, "first").unwrap());
            assert!(!client.refresh().await.unwrap());
            client.reconnect().await.unwrap();
            client.set_offline(true).await.unwrap();
            assert_eq!(server.count(), asked, "{mode}");
            client.set_offline(false).await.unwrap();
            assert!(server.count() > asked, "{mode}");
            client.set_offline(false).await.unwrap();
            client.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn going_offline_ends_what_is_under_way() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        server.always(Reply::never());
        let refreshing = tokio::spawn({
            let client = client.clone();
            async move { client.refresh().await }
        });
        server.arrived(2).await;
        client.set_offline(true).await.unwrap();
        assert!(!refreshing.await.unwrap().unwrap());
        server.closed().await;
        let client = start(&server, json!({}));
        server.arrived(3).await;
        client.set_offline(true).await.unwrap();
        client.ready().await.unwrap();
        assert_eq!(is_on(&client, "first").unwrap_err().code(), "FLIPT_CLIENT_NOT_READY");
        server.always(Reply::Flipt);
        client.set_offline(false).await.unwrap();
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_cache_serves_a_client_that_is_offline() {
    guarded(async {
        let (server, folder) = (Server::simple().await, Folder::new());
        let cache = json!({ "cache": { "path": folder.join("flags") } });
        started(&server, cache.clone()).await.close().await;
        let mut options = cache.as_object().unwrap().clone();
        options.insert("offline".to_owned(), json!(true));
        let client = Client::start(config(&server.url(), Value::Object(options.clone())), None, None).unwrap();
        let now = client.status();
        assert_eq!((now.source, now.connection, now.stale), (Source::Cache, Connection::Offline, true));
        assert!(is_on(&client, "first").unwrap());
        client.set_offline(false).await.unwrap();
        let now = status(&client, |status| !status.stale).await;
        assert_eq!(now.source, Source::Cache, "the server has nothing newer");
        options.insert("bootstrap".to_owned(), json!({ "first": false }));
        let client = Client::start(config(&server.url(), Value::Object(options)), None, None).unwrap();
        assert!(!is_on(&client, "first").unwrap(), "bootstrap comes first");
    })
    .await;
}

#[tokio::test]
async fn a_bootstrap_serves_until_the_server_answers() {
    guarded(async {
        let server = Server::simple().await;
        let client = start(&server, json!({ "bootstrap": { "first": false, "only": true } }));
        assert!(is_on(&client, "only").unwrap());
        client.ready().await.unwrap();
        status(&client, |status| status.source == Source::Server).await;
        assert_eq!(is_on(&client, "only").unwrap_err().code(), "FLIPT_FLAG_NOT_FOUND");
        server.always(Reply::status(503));
        for strategy in ["fail", "fallback"] {
            let options = json!({ "bootstrap": { "first": false }, "errorStrategy": strategy });
            let client = start(&server, options);
            client.ready().await.unwrap();
            status(&client, |status| status.last_error.is_some()).await;
            assert_eq!((is_on(&client, "first").unwrap(), client.status().source), (false, Source::Bootstrap));
        }
    })
    .await;
}

#[tokio::test]
async fn overrides_are_laid_over_whatever_comes_and_nothing_else_sees_them() {
    guarded(async {
        let (server, folder) = (Server::simple().await, Folder::new());
        let path = folder.join("flags");
        let forced = json!({ "overrides": { "first": "forced", "mine": true }, "cache": { "path": path } });
        let events = Arc::new(Events::default());
        let client =
            Client::start(config(&server.url(), forced.clone()), None, Some(Arc::clone(&events) as Arc<dyn Observer>))
                .unwrap();
        client.ready().await.unwrap();
        assert_eq!((variant(&client, "first"), is_on(&client, "mine").unwrap()), ("forced".to_owned(), true));
        let exported = Snapshot::import(&client.export_snapshot().unwrap(), "default", None).unwrap();
        assert!(exported.flag("mine").is_none());
        assert_eq!(exported.flag("first").unwrap().type_name(), "BOOLEAN_FLAG_TYPE");
        events.take();
        server.serve(Some("2"), body("2", &[("first", false), ("second", true)]));
        assert!(client.refresh().await.unwrap());
        assert_eq!(variant(&client, "first"), "forced");
        let told: Vec<String> = events.take().into_iter().filter(|told| told.starts_with("Server")).collect();
        assert_eq!(told.len(), 1);
        assert!(!told[0].contains("first") && told[0].contains("second"), "{told:?}");
        client.close().await;
        let plain = json!({ "offline": true, "cache": { "path": path } });
        let cached = Client::start(config(&server.url(), plain), None, None).unwrap();
        assert!(!is_on(&cached, "first").unwrap(), "the file has the server's own state");
        let mut both = forced.as_object().unwrap().clone();
        both.insert("offline".to_owned(), json!(true));
        let cached = Client::start(config(&server.url(), Value::Object(both)), None, None).unwrap();
        assert_eq!(variant(&cached, "first"), "forced");
        cached.set_offline(false).await.unwrap();
        assert_eq!(variant(&cached, "first"), "forced");
    })
    .await;
}

#[test]
fn overrides_do_not_count_in_production_unless_allowed() {
    guarded_blocking(|| {
        for (allowed, value) in [(false, Err("FLIPT_FLAG_NOT_FOUND")), (true, Ok(true))] {
            let lines = Lines::new();
            let options =
                json!({ "offline": true, "overrides": { "mine": true }, "allowOverridesInProduction": allowed });
            let production = [("NODE_ENV", "production")].into_iter().collect();
            let config = Config::from_json_in(&options, &|_| None, production).unwrap();
            let client = Client::start(config, None, Some(Arc::clone(&lines) as Arc<dyn Observer>)).unwrap();
            assert_eq!(is_on(&client, "mine").map_err(|error| error.code()), value);
            let warned = lines.all().iter().filter(|(_, line)| line.contains("overrides are ignored")).count();
            assert_eq!(warned, usize::from(!allowed));
        }
    });
}

#[test]
fn a_bad_file_of_overrides_is_refused_by_name() {
    guarded_blocking(|| {
        let folder = Folder::new();
        let path = folder.join("forced.json");
        let start = || {
            let options = json!({ "offline": true, "overrides": path });
            Client::start(Config::from_json(&options).unwrap(), None, None)
        };
        for (content, told) in [
            (None, "which cannot be read"),
            (Some(b"{".to_vec()), "text that is not JSON (line 1, column 1)"),
            (Some(b"[true]".to_vec()), "JSON that is not an object"),
            (Some(br#"{"a":null}"#.to_vec()), "overrides.a: received null in the file"),
            (Some(vec![b' '; 5 << 20]), "which is larger than that"),
            (Some(vec![0xff, 0xfe]), "which cannot be read"),
        ] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let error = start().map(drop).unwrap_err();
            assert_eq!(error.code(), "FLIPT_OPTION_INVALID");
            let message = error.to_string();
            assert!(message.contains(told) && message.contains("forced.json"), "{message}");
        }
        std::fs::write(&path, "\u{feff}{\"a\":true}").unwrap();
        assert!(is_on(&start().unwrap(), "a").unwrap());
    });
}

#[tokio::test]
async fn credentials_of_a_client_that_is_offline_count_once_it_is_online() {
    guarded(async {
        let server = Server::simple().await;
        let client = Client::start(config(&server.url(), json!({ "offline": true })), None, None).unwrap();
        let given =
            flipt_engine::config::Authentication::from_json(&json!({ "clientToken": "late" }), &|_| None).unwrap();
        client.update_authentication(given).unwrap();
        client.set_offline(false).await.unwrap();
        assert_eq!(server.requests()[0].header("authorization"), Some("Bearer late"));
        client.close().await;
        drop(client);
        released().await;
    })
    .await;
}

#[tokio::test]
async fn handles_share_a_client_that_is_offline_and_its_way_online() {
    guarded(async {
        let server = Server::simple().await;
        let shared = |observer: &Arc<Events>, bootstrap: Value| {
            let options = config(&server.url(), json!({ "offline": true, "bootstrap": bootstrap }));
            Client::shared(&options, None, Some(Arc::clone(observer) as Arc<dyn Observer>)).unwrap()
        };
        let (one, two) = (Arc::new(Events::default()), Arc::new(Events::default()));
        let first = shared(&one, json!({ "first": false }));
        let second = shared(&two, json!({ "first": false, "more": 1 }));
        for (client, events) in [(&first, &one), (&second, &two)] {
            client.ready().await.unwrap();
            assert_eq!(events.take(), ["Offline", "ready"]);
            assert!(!is_on(client, "first").unwrap());
        }
        first.install(made(&json!({ "first": true }))).unwrap();
        assert!(is_on(&second, "first").unwrap());
        assert_eq!(
            (one.take(), two.take()),
            (vec!["Bootstrap +[] -[] ~[\"first\"]".to_owned()], vec!["Bootstrap +[] -[] ~[\"first\"]".to_owned()])
        );
        second.close().await;
        assert_eq!((one.take(), two.take()), (vec![], vec!["Closed".to_owned(), "closed".to_owned()]));
        let third = shared(&two, json!({ "first": false }));
        third.set_offline(false).await.unwrap();
        assert_eq!((first.status().source, server.count()), (Source::Server, 1));
        first.close().await;
        third.close().await;
        assert_eq!(two.take().last().map(String::as_str), Some("closed"));
    })
    .await;
}

#[test]
fn a_features_document_serves_as_a_bootstrap() {
    guarded_blocking(|| {
        let yaml = "namespace: shop\nflags:\n- {key: a, name: A, type: BOOLEAN_FLAG_TYPE, enabled: true}\n";
        let json = r#"{"version":"1.4","namespace":{"key":"shop"},"flags":[
            {"key":"a","name":"A","type":"BOOLEAN_FLAG_TYPE","enabled":true}]}"#;
        for text in [yaml, json] {
            let client = offline(json!({ "bootstrap": text, "namespace": "shop" }));
            assert!(is_on(&client, "a").unwrap(), "{text}");
        }
        for text in ["flags:\n- {key: dark mode}\n", yaml] {
            let options = json!({ "offline": true, "bootstrap": text, "namespace": "other" });
            let error = Client::start(config(NOWHERE, options), None, None).map(drop).unwrap_err();
            assert_eq!(error.code(), "FLIPT_SOURCE_INVALID", "{text}");
        }
    });
}
