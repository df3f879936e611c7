//! Servers that take their time, and servers that cannot be reached.

use std::time::{Duration, Instant};

use flipt_engine::http::{FetchRequest, FetchResponse};
use flipt_engine::{Client, Error};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Reply, Scripted, Server, body, config, guarded, is_on, response, start, started};

fn quick() -> Value {
    json!({ "requestTimeout": 0.5, "retry": { "maxRetries": 0 } })
}

async fn failure(url: &str, more: Value) -> Error {
    let client = Client::start(config(url, more), None, None).unwrap();
    let error = client.ready().await.unwrap_err();
    client.close().await;
    error
}

#[tokio::test]
async fn slow_answers_end_at_the_deadline_of_the_request() {
    guarded(async {
        let good = response(200, &[("content-type", "application/json")], &body("d2", &[("first", false)]));
        let replies = [
            ("never", Reply::never()),
            ("in the headers", Reply::Stall(good[..20].to_vec())),
            ("in the body", Reply::Stall(good[..good.len() - 5].to_vec())),
            ("drop by drop", Reply::Drip(good, Duration::from_millis(50))),
        ];
        for (name, reply) in replies {
            let server = Server::simple().await;
            server.next([reply.clone()]);
            let client = start(&server, quick());
            let error = client.ready().await.unwrap_err();
            assert_eq!(error.code(), "FLIPT_REQUEST_TIMEOUT", "{name}");
            assert!(error.retryable());
            assert!(error.to_string().contains(&server.place()), "{error}");
            assert!(client.refresh().await.unwrap(), "{name}: the next one is served");
            server.next([reply]);
            assert_eq!(client.refresh().await.unwrap_err().code(), "FLIPT_REQUEST_TIMEOUT", "{name}");
            assert!(is_on(&client, "first").unwrap(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_late_request_is_cancelled_not_left_behind() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::never());
        let client = start(&server, quick());
        assert!(client.ready().await.is_err());
        server.closed().await;
    })
    .await;
}

#[tokio::test]
async fn connecting_has_a_deadline_of_its_own() {
    guarded(async {
        // Accepts and then says nothing, so that the TLS handshake never ends.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let silent = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.push(stream);
            }
        });
        let begun = Instant::now();
        let more = json!({ "connectTimeoutMs": 100, "retry": { "maxRetries": 0 } });
        let error = failure(&format!("https://{place}"), more).await;
        assert_eq!(error.code(), "FLIPT_REQUEST_TIMEOUT", "{error}");
        assert!(begun.elapsed() < Duration::from_secs(8), "the request's own deadline is 10 s");
        silent.abort();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_apart() {
    guarded(async {
        let more = json!({ "retry": { "maxRetries": 0 } });
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = failure(&format!("http://{free}"), more.clone()).await;
        assert_eq!(error.code(), "FLIPT_CONNECTION_FAILED");
        assert_eq!(error.to_string(), format!("the connection failed: {free}"));

        let error = failure("http://flags.invalid:8080/base", more).await;
        assert_eq!(error.code(), "FLIPT_DNS_FAILED", "{error}");
        assert_eq!(error.to_string(), "the host name could not be resolved: flags.invalid:8080");
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_a_tls_failure() {
    guarded(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let plain = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
                let _ = stream.read(&mut [0; 1024]).await;
            }
        });
        let error = failure(&format!("https://{place}"), json!({})).await;
        assert_eq!(error.code(), "FLIPT_TLS_FAILED", "{error}");
        assert!(!error.retryable());
        plain.abort();
    })
    .await;
}

#[tokio::test]
async fn a_fetcher_that_never_settles_ends_at_the_deadline_and_its_late_answer_is_dropped() {
    guarded(async {
        let (late, release) = tokio::sync::oneshot::channel::<FetchResponse>();
        let release = std::sync::Mutex::new(Some(release));
        let fetch = Scripted::new(move |call, _request: FetchRequest| {
            let held = (call == 2).then(|| release.lock().unwrap().take()).flatten();
            Box::pin(async move {
                match held {
                    Some(held) => held.await.map_err(|_| flipt_engine::ErrorKind::Fetcher.into()),
                    None if call == 1 => Ok(crate::support::answer(body("d1", &[("first", true)]))),
                    None => Ok(crate::support::answer(body("d3", &[("third", true)]))),
                }
            })
        });
        let client = Client::start(config("http://unused", quick()), Some(fetch.clone()), None).unwrap();
        client.ready().await.unwrap();
        let error = client.refresh().await.unwrap_err();
        assert_eq!(error.to_string(), "the request took longer than its deadline: the fetcher");
        assert!(client.refresh().await.unwrap());
        assert!(late.send(crate::support::answer(body("d2", &[("old", true)]))).is_err(), "nobody waits for it");
        assert!(is_on(&client, "third").unwrap());
        assert_eq!(fetch.count(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_quick_server_is_not_disturbed_by_the_deadlines() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "requestTimeout": 20, "connectTimeoutMs": 20_000 })).await;
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}
