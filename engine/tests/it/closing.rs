//! Closing: in every state, from everywhere, without anything left behind.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flipt_engine::Client;
use flipt_engine::client::{Connection, Event, Observer, live_clients};
use flipt_engine::evaluate::Request;
use flipt_engine::store::live_snapshots;
use serde_json::{Value, json};

use crate::support::{
    Reply, Scripted, Server, config, guarded, guarded_alone, guarded_blocking, is_on, released, seed, start, started,
    status,
};

async fn closes_quickly(client: &Client) {
    let begun = Instant::now();
    client.close().await;
    // Far below every deadline that could be waited out, and far above what a busy machine adds.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(client.status().connection, Connection::Closed);
}

#[tokio::test]
async fn every_call_of_a_closed_client_says_so() {
    guarded(async {
        for strategy in ["fail", "fallback"] {
            let server = Server::simple().await;
            let client = started(&server, json!({ "errorStrategy": strategy })).await;
            closes_quickly(&client).await;
            let request = Request::new("first", "entity", &());
            let codes = [
                client.evaluate_boolean(&request).unwrap_err().code(),
                client.evaluate_variant(&request).unwrap_err().code(),
                client.evaluate_batch([request]).unwrap_err().code(),
                client.flags().unwrap_err().code(),
                client.export_snapshot().unwrap_err().code(),
                client.refresh().await.unwrap_err().code(),
                client.ready().await.unwrap_err().code(),
            ];
            assert_eq!(codes, ["FLIPT_CLIENT_CLOSED"; 7]);
            closes_quickly(&client).await;
            client.shut_down();
            assert!(client.store().load().is_none());
            let status = client.status();
            assert_eq!((status.flag_count, status.digest), (0, None));
            assert_eq!(server.count(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn closing_is_quick_in_every_state_and_leaves_no_connection() {
    guarded_alone(async {
        let fallback = |more: Value| {
            let mut options = json!({ "errorStrategy": "fallback", "updateInterval": 0.05 });
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            options
        };
        for (name, reply, options) in [
            ("never answered", Reply::never(), fallback(json!({}))),
            (
                "stalled in the body",
                Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()),
                fallback(json!({})),
            ),
            ("in backoff", Reply::with(&[("retry-after", "60")], 503, b""), fallback(json!({}))),
            ("polling", Reply::Flipt, fallback(json!({}))),
            ("idle", Reply::Flipt, fallback(json!({ "updateInterval": 0 }))),
            ("seeded", Reply::never(), fallback(json!({ "snapshot": seed() }))),
        ] {
            let server = Server::simple().await;
            server.always(reply);
            let client = start(&server, options);
            server.arrived(1).await;
            let ready = tokio::spawn({
                let client = client.clone();
                async move { client.ready().await }
            });
            let refresh = tokio::spawn({
                let client = client.clone();
                async move { client.refresh().await }
            });
            closes_quickly(&client).await;
            // Either was answered before, or is told that the client is closed; neither hangs.
            for code in [ready.await.unwrap().err(), refresh.await.unwrap().err()].into_iter().flatten() {
                assert_eq!(code.code(), "FLIPT_CLIENT_CLOSED", "{name}");
            }
            server.closed().await;
            released().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_pending_first_load_and_a_pending_refresh_are_told() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::never());
        let client = start(&server, json!({ "errorStrategy": "fallback" }));
        let (ready, refresh) = (client.ready(), client.refresh());
        let close = async {
            server.arrived(1).await;
            client.close().await;
        };
        let (ready, refresh, ()) = tokio::join!(ready, refresh, close);
        assert_eq!(ready.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
        assert_eq!(refresh.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes() {
    guarded_alone(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "updateInterval": 0.05 })).await;
        let mut watch = client.watch();
        let other = client.clone();
        drop(client);
        assert!(is_on(&other, "first").unwrap(), "another handle keeps it open");
        assert_eq!((live_clients(), live_snapshots()), (1, 1));
        drop(other);
        watch.wait_for(|status| status.connection == Connection::Closed).await.unwrap();
        server.closed().await;
        while watch.changed().await.is_ok() {}
        released().await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_start_leaves_nothing() {
    guarded_alone(async {
        let options = config("http://unused", json!({ "snapshot": "!" }));
        assert!(Client::start(options, None, None).is_err());
        assert_eq!(live_clients(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_observer_may_shut_its_client_down() {
    struct Closer(Mutex<Option<Client>>);
    impl Observer for Closer {
        fn event(&self, _event: Event) {
            if let Some(client) = self.0.lock().unwrap().take() {
                client.shut_down();
                assert_eq!(client.flags().unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
            }
        }
    }
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::never());
        let closer = Arc::new(Closer(Mutex::new(None)));
        let options = config(&server.url(), json!({ "requestTimeout": 0.2, "retry": { "maxRetries": 0 } }));
        let client = Client::start(options, None, Some(closer.clone() as Arc<dyn Observer>)).unwrap();
        *closer.0.lock().unwrap() = Some(client.clone());
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
        closes_quickly(&client).await;
        server.closed().await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_arrives_while_closing_is_not_installed() {
    guarded(async {
        let (send, gate) = tokio::sync::watch::channel(false);
        let fetch = Scripted::new(move |_, _| {
            let mut gate = gate.clone();
            Box::pin(async move {
                let _ = gate.wait_for(|open| *open).await;
                Ok(crate::support::answer(crate::support::body("d1", &[("first", true)])))
            })
        });
        let client = Client::start(config("http://unused", json!({})), Some(fetch.clone()), None).unwrap();
        fetch.called(1).await;
        client.shut_down();
        // The request may be gone already.
        let _ = send.send(true);
        client.close().await;
        assert!(client.store().load().is_none());
    })
    .await;
}

#[test]
fn a_client_needs_no_runtime_of_its_caller() {
    guarded_blocking(|| {
        let client = Client::start(config("http://127.0.0.1:9", json!({ "snapshot": seed() })), None, None).unwrap();
        assert!(is_on(&client, "seeded").unwrap());
        client.shut_down();
        assert_eq!(is_on(&client, "seeded").unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
    });
}

#[tokio::test]
async fn work_of_bindings_runs_on_the_engines_threads() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        let (send, name) = tokio::sync::oneshot::channel();
        client.spawn(async move {
            let _ = send.send(std::thread::current().name().map(str::to_owned));
        });
        assert!(name.await.unwrap().unwrap().starts_with("flipt-"));
        status(&client, |status| status.requests == 1).await;
    })
    .await;
}
