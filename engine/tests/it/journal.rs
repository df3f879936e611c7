//! What the log is told.

use std::sync::{Arc, Mutex};

use flipt_engine::Client;
use flipt_engine::client::{Event, LogLevel, Observer, Source};
use serde_json::json;

use crate::support::{Lines, Reply, Server, config, guarded, start, status};

const TOKEN: &str = "s3cret-token";

fn observed(server: &Server, more: serde_json::Value) -> (Client, Arc<Lines>) {
    let lines = Lines::new();
    let options = config(&server.url(), more);
    let client = Client::start(options, None, Some(Arc::clone(&lines) as Arc<dyn Observer>)).unwrap();
    (client, lines)
}

#[tokio::test]
async fn a_series_of_failures_warns_once_and_its_end_is_told() {
    guarded(async {
        let server = Server::simple().await;
        let (client, lines) = observed(&server, json!({ "updateInterval": 0.05 }));
        client.ready().await.unwrap();
        for series in 1..=2 {
            server.always(Reply::status(503));
            status(&client, |status| status.failures >= 3).await;
            server.always(Reply::Flipt);
            status(&client, |status| status.failures == 0).await;
            lines.until(|lines| lines.iter().filter(|(level, _)| *level == LogLevel::Info).count() == series).await;
            assert_eq!(lines.of(LogLevel::Warn).len(), series);
            assert!(lines.of(LogLevel::Debug).len() >= 2 * series);
        }
        let expected =
            format!("flag state could not be fetched: the server answered with status 503: {}", server.place());
        assert_eq!(lines.of(LogLevel::Warn)[0], expected);
        assert_eq!(lines.of(LogLevel::Error), Vec::<String>::new());
    })
    .await;
}

/// Looks at the client's status the moment that it hears of an error.
#[derive(Default)]
struct Curious {
    client: Mutex<Option<Client>>,
    /// The code that was told, and the one that the status had then.
    seen: Mutex<Vec<(&'static str, Option<&'static str>)>>,
}

impl Observer for Curious {
    fn event(&self, event: Event) {
        if let (Event::Error(error), Some(client)) = (event, &*self.client.lock().unwrap()) {
            let known = client.status().last_error.map(|last| last.code());
            self.seen.lock().unwrap().push((error.code(), known));
        }
    }
}

#[tokio::test]
async fn the_status_has_an_error_when_it_is_told() {
    guarded(async {
        for mode in ["polling", "streaming"] {
            let server = Server::simple().await;
            let curious = Arc::new(Curious::default());
            let more = json!({ "fetchMode": mode, "retry": { "maxRetries": 0, "baseDelayMs": 5, "maxDelayMs": 20 } });
            let observer = Arc::clone(&curious) as Arc<dyn Observer>;
            let client = Client::start(config(&server.url(), more), None, Some(observer)).unwrap();
            client.ready().await.unwrap();
            *curious.client.lock().unwrap() = Some(client.clone());
            if mode == "streaming" {
                server.streams_arrived(1).await;
                server.always_stream(Reply::status(503));
                client.reconnect().await.unwrap();
            } else {
                server.always(Reply::status(503));
                client.refresh().await.unwrap_err();
            }
            status(&client, |status| status.last_error.is_some()).await;
            client.close().await;
            *curious.client.lock().unwrap() = None;
            let seen = curious.seen.lock().unwrap();
            assert_eq!(seen.first(), Some(&("FLIPT_SERVER_FAILED", Some("FLIPT_SERVER_FAILED"))), "{mode}");
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_values_are_warned_of_once() {
    guarded(async {
        let server = Server::simple().await;
        let odd = |digest: &str| {
            json!({ "namespace": { "key": "default" }, "digest": digest, "futureField": {}, "flags": [
                { "key": "good", "type": "BOOLEAN_FLAG_TYPE", "enabled": true },
                { "key": "odd", "type": "BOOLEAN_FLAG_TYPE", "enabled": true,
                  "rollouts": [{ "type": "MOON_ROLLOUT_TYPE", "rank": 1 }] },
            ] })
            .to_string()
            .into_bytes()
        };
        server.serve(Some("d1"), odd("d1"));
        let (client, lines) = observed(&server, json!({}));
        client.ready().await.unwrap();
        let warned = lines.of(LogLevel::Warn);
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert!(crate::support::is_on(&client, "odd").unwrap());
        server.serve(Some("d2"), odd("d2"));
        client.refresh().await.unwrap();
        assert_eq!(client.status().digest.as_deref(), Some("d2"));
        assert_eq!(lines.of(LogLevel::Warn), warned);
    })
    .await;
}

#[tokio::test]
async fn credentials_appear_in_no_line_no_error_and_no_status() {
    guarded(async {
        let other = Server::simple().await;
        let replies = [
            Reply::status(401),
            Reply::status(503),
            Reply::Reset,
            Reply::ok(b"{"),
            Reply::redirect(&format!("{}/?token={TOKEN}", other.url())),
            Reply::with(&[("content-type", "text/html")], 200, TOKEN.as_bytes()),
        ];
        for reply in replies {
            let server = Server::simple().await;
            server.always(reply);
            let more = json!({
                "authentication": { "clientToken": TOKEN }, "reference": TOKEN, "retry": { "maxRetries": 0 },
            });
            let options = config(&server.url(), more);
            assert!(!format!("{options:?}").replace("reference: Some(\"s3cret-token\")", "").contains(TOKEN));
            let lines = Lines::new();
            let client = Client::start(options, None, Some(Arc::clone(&lines) as Arc<dyn Observer>)).unwrap();
            let error = client.ready().await.unwrap_err();
            let texts = format!("{error} {error:?} {:?} {:?}", lines.all(), client.status());
            assert!(!texts.contains(TOKEN), "{texts}");
            assert_eq!(server.requests()[0].header("authorization"), Some("Bearer s3cret-token"));
        }
        assert_eq!(other.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_client_without_an_observer_works_as_well() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(503)]);
        let client = start(&server, json!({}));
        client.ready().await.unwrap();
        assert_eq!(client.status().source, Source::Server);
    })
    .await;
}
