//! When the first load settles.

use std::error::Error as _;

use flipt_engine::client::{Connection, Source};
use flipt_engine::{Error, ErrorKind};
use serde_json::json;

use crate::support::{Reply, Server, guarded, is_on, seed, start, status};

#[tokio::test]
async fn it_settles_with_the_first_state_after_passing_failures() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(503), Reply::Reset, Reply::status(429)]);
        let client = start(&server, json!({}));
        assert_eq!(is_on(&client, "first").unwrap_err().code(), "FLIPT_CLIENT_NOT_READY");
        client.ready().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
        assert_eq!(server.count(), 4);
        client.ready().await.unwrap();
        assert_eq!(server.count(), 4, "asking again loads nothing");
    })
    .await;
}

#[tokio::test]
async fn under_fail_it_settles_with_an_error_that_retrying_cannot_mend() {
    guarded(async {
        for (reply, code) in [
            (Reply::status(401), "FLIPT_SERVER_UNAUTHENTICATED"),
            (Reply::status(403), "FLIPT_SERVER_FORBIDDEN"),
            (Reply::status(404), "FLIPT_NAMESPACE_NOT_FOUND"),
            (Reply::ok(b"[]"), "FLIPT_RESPONSE_INVALID"),
        ] {
            let server = Server::simple().await;
            server.always(reply);
            let client = start(&server, json!({}));
            assert_eq!(client.ready().await.unwrap_err().code(), code);
            assert_eq!(server.count(), 1, "{code}");
        }
    })
    .await;
}

#[tokio::test]
async fn under_fail_it_settles_when_the_retries_are_used_up_even_with_a_snapshot() {
    guarded(async {
        for snapshot in [json!(null), json!(seed())] {
            let server = Server::simple().await;
            server.always(Reply::status(503));
            let client = start(&server, json!({ "snapshot": snapshot }));
            assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_SERVER_FAILED");
            assert_eq!(server.count(), 4);
        }
    })
    .await;
}

#[tokio::test]
async fn under_fail_it_settles_at_the_deadline_and_names_the_last_error() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::with(&[("retry-after", "120")], 503, b""));
        let client = start(&server, json!({ "initTimeoutMs": 500 }));
        let error = client.ready().await.unwrap_err();
        assert_eq!(error.to_string(), "no flag state was loaded within 500 ms");
        assert_eq!(error.source().unwrap().downcast_ref::<Error>().unwrap().code(), "FLIPT_SERVER_FAILED");

        server.always(Reply::never());
        let client = start(&server, json!({ "initTimeoutMs": 500 }));
        let error = client.ready().await.unwrap_err();
        assert_eq!(error.code(), "FLIPT_INIT_TIMEOUT");
        assert!(error.source().is_none(), "nothing has failed yet");
    })
    .await;
}

#[tokio::test]
async fn under_fallback_it_resolves_unready_and_syncing_goes_on() {
    guarded(async {
        for reply in [Reply::status(401), Reply::status(503), Reply::never()] {
            let server = Server::simple().await;
            server.always(reply);
            let options = json!({ "errorStrategy": "fallback", "initTimeoutMs": 300, "requestTimeout": 0.5, "updateInterval": 0.05 });
            let client = start(&server, options);
            client.ready().await.unwrap();
            assert_eq!(is_on(&client, "first").unwrap_err().kind(), &ErrorKind::NotReady);
            assert_eq!(client.status().connection, Connection::Connecting);
            server.always(Reply::Flipt);
            status(&client, |status| status.source == Source::Server).await;
            assert!(is_on(&client, "first").unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn under_fallback_a_snapshot_is_enough_after_the_first_failure() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::with(&[("retry-after", "120")], 503, b""));
        let options = json!({
            "errorStrategy": "fallback", "snapshot": seed(), "connectTimeoutMs": 60_000, "initTimeoutMs": 60_000,
        });
        let client = start(&server, options);
        assert!(is_on(&client, "seeded").unwrap(), "at once");
        client.ready().await.unwrap();
        let status = client.status();
        assert_eq!((status.source, status.failures, status.requests), (Source::Snapshot, 1, 1));
        assert_eq!(status.last_error.unwrap().code(), "FLIPT_SERVER_FAILED");
        assert_eq!(status.connection, Connection::Connecting);
    })
    .await;
}

#[tokio::test]
async fn under_fallback_a_snapshot_is_enough_after_the_connect_timeout() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::never()]);
        let options = json!({
            "errorStrategy": "fallback", "snapshot": seed(), "connectTimeoutMs": 100, "requestTimeout": 3,
        });
        let client = start(&server, options);
        client.ready().await.unwrap();
        assert_eq!(client.status().requests, 0, "the request still goes on");
        assert!(is_on(&client, "seeded").unwrap());
        status(&client, |status| status.source == Source::Server).await;
        assert_eq!(is_on(&client, "seeded").unwrap_err().code(), "FLIPT_FLAG_NOT_FOUND");
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn polling_off_keeps_trying_until_the_first_state() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(404)]);
        let client = start(&server, json!({ "errorStrategy": "fallback" }));
        client.ready().await.unwrap();
        assert!(client.refresh().await.unwrap());
        assert_eq!(client.status().connection, Connection::Polling);
    })
    .await;
}
