//! Polling, retrying and refreshing.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use flipt_engine::Client;
use flipt_engine::client::{Connection, Source};
use serde_json::json;

use crate::support::{Reply, Scripted, Server, answer, body, config, guarded, is_on, start, started, status};

fn gaps(server: &Server) -> Vec<Duration> {
    server.requests().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[tokio::test]
async fn a_change_arrives_with_the_next_poll() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "updateInterval": 0.05 })).await;
        server.arrived(3).await;
        assert_eq!(client.status().connection, Connection::Polling);
        server.serve(Some("d2"), body("d2", &[("first", false)]));
        status(&client, |status| status.digest.as_deref() == Some("d2")).await;
        assert!(!is_on(&client, "first").unwrap());
        assert!(gaps(&server).iter().all(|gap| *gap >= Duration::from_millis(44)), "{:?}", gaps(&server));
    })
    .await;
}

#[tokio::test]
async fn polling_outlives_every_failure() {
    guarded(async {
        let server = Server::simple().await;
        let options = json!({ "updateInterval": 0.05, "requestTimeout": 0.3 });
        let client = started(&server, options).await;
        for reply in [Reply::status(503), Reply::status(401), Reply::ok(b"{"), Reply::Reset, Reply::never()] {
            let before = client.status().requests;
            server.always(reply);
            let failing = status(&client, |status| status.failures >= 3 && status.requests > before).await;
            assert_eq!((failing.connection, failing.source), (Connection::Reconnecting, Source::Server));
            assert!(is_on(&client, "first").unwrap(), "the last good state is served");
            server.always(Reply::Flipt);
            let healed = status(&client, |status| status.failures == 0).await;
            assert!(healed.last_error.is_none());
            assert_eq!(healed.connection, Connection::Polling);
        }
    })
    .await;
}

#[tokio::test]
async fn a_lasting_failure_is_repeated_at_the_regular_pace_only() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::status(401));
        let client = start(&server, json!({ "updateInterval": 0.2, "errorStrategy": "fallback" }));
        client.ready().await.unwrap();
        server.arrived(4).await;
        assert!(gaps(&server).iter().all(|gap| *gap >= Duration::from_millis(175)), "{:?}", gaps(&server));
    })
    .await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::with(&[("retry-after", "1")], 429, b"")]);
        let _client = started(&server, json!({})).await;
        assert!(gaps(&server)[0] >= Duration::from_secs(1), "{:?}", gaps(&server));
    })
    .await;
}

#[tokio::test]
async fn retries_back_off() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(502), Reply::status(503), Reply::status(504)]);
        let retry = json!({ "maxRetries": 3, "baseDelayMs": 100, "maxDelayMs": 200, "jitter": false });
        let _client = started(&server, json!({ "retry": retry })).await;
        let gaps = gaps(&server);
        for (gap, least) in gaps.iter().zip([100, 200, 200]) {
            assert!(*gap >= Duration::from_millis(least), "{gaps:?}");
        }
        assert_eq!(gaps.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn no_retries_when_none_are_wanted() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::status(503));
        let client = start(&server, json!({ "retry": { "maxRetries": 0 } }));
        assert!(client.ready().await.is_err());
        assert_eq!(server.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn concurrent_refreshes_share_one_request() {
    guarded(async {
        let (send, gate) = tokio::sync::watch::channel(false);
        let fetch = Scripted::new(move |call, _| {
            let mut gate = gate.clone();
            Box::pin(async move {
                if call > 1 {
                    gate.wait_for(|open| *open).await.unwrap();
                }
                Ok(answer(body(&format!("d{call}"), &[("first", call == 1)])))
            })
        });
        let client = Client::start(config("http://unused", json!({})), Some(fetch.clone()), None).unwrap();
        client.ready().await.unwrap();
        let mut refreshes: Vec<_> = (0..50).map(|_| Box::pin(client.refresh())).collect();
        for refresh in &mut refreshes {
            let asked = std::future::poll_fn(|context| Poll::Ready(refresh.as_mut().poll(context).is_pending())).await;
            assert!(asked, "the answer is held back");
        }
        fetch.called(2).await;
        send.send(true).unwrap();
        for refresh in refreshes {
            assert!(refresh.await.unwrap());
        }
        assert_eq!(fetch.count(), 2);
        assert!(!is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn one_request_is_in_flight_however_often_it_would_be_time() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "updateInterval": 0.01, "requestTimeout": 0.5 })).await;
        server.always(Reply::never());
        let failing = status(&client, |status| status.failures == 2).await;
        assert_eq!(failing.last_error.unwrap().code(), "FLIPT_REQUEST_TIMEOUT");
        let requests = server.requests();
        let stuck = &requests[requests.len() - 2..];
        assert!(stuck[1].at - stuck[0].at >= Duration::from_millis(250), "{stuck:?}");
    })
    .await;
}

#[tokio::test]
async fn a_failing_refresh_is_an_error_or_false_by_strategy() {
    guarded(async {
        let server = Server::simple().await;
        let strict = started(&server, json!({ "retry": { "maxRetries": 1, "baseDelayMs": 1 } })).await;
        let lenient = started(&server, json!({ "errorStrategy": "fallback", "retry": { "maxRetries": 0 } })).await;
        let before = server.count();
        server.always(Reply::status(503));
        assert_eq!(strict.refresh().await.unwrap_err().code(), "FLIPT_SERVER_FAILED");
        assert_eq!(server.count(), before + 2, "with its retry");
        assert!(!lenient.refresh().await.unwrap());
        assert!(is_on(&strict, "first").unwrap() && is_on(&lenient, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn polling_off_means_no_request_but_refreshes() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        assert_eq!(client.status().connection, Connection::Polling);
        server.serve(Some("d2"), body("d2", &[]));
        assert!(client.refresh().await.unwrap());
        assert_eq!(server.count(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_callers_fetch_keeps_schedule_conditions_and_retries() {
    guarded(async {
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let fetch = Scripted::new(move |call, request| {
            seen.lock().unwrap().push(request.etag);
            Box::pin(async move {
                match call {
                    1 => Err(flipt_engine::Error::new(flipt_engine::ErrorKind::Fetcher).with_context("it threw")),
                    2 => Ok(answer(body("d1", &[("first", true)]))),
                    _ => Ok(flipt_engine::http::FetchResponse { status: 304, ..Default::default() }),
                }
            })
        });
        let options = config("http://unused", json!({ "updateInterval": 0.05 }));
        let client = Client::start(options, Some(fetch.clone()), None).unwrap();
        client.ready().await.unwrap();
        fetch.called(4).await;
        let requests = requests.lock().unwrap().clone();
        assert_eq!(requests[..4], [None, None, Some("d1".to_owned()), Some("d1".to_owned())]);
        assert!(is_on(&client, "first").unwrap());
        client.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callers_fetch_is_held_to_the_size_limit() {
    guarded(async {
        let fetch = Scripted::new(|_, _| Box::pin(async { Ok(answer(vec![b' '; 2000])) }));
        let options = config("http://unused", json!({ "maxSnapshotBytes": 1000 }));
        let client = Client::start(options, Some(fetch), None).unwrap();
        let error = client.ready().await.unwrap_err();
        assert_eq!(error.to_string(), "the response is larger than maxSnapshotBytes: the fetcher");
    })
    .await;
}
