//! Conditional requests: what is sent, and what the answers do to snapshot and ETag.

use flipt_engine::snapshot::Compatibility;
use serde_json::json;

use crate::support::{Reply, Server, body, guarded, is_on, started, status};

#[tokio::test]
async fn the_digest_is_sent_back_byte_for_byte() {
    guarded(async {
        // A proxy weakened the ETag; the body's digest is what the server compares.
        let server = Server::start("W/\"d1\"", body("d1", &[("first", true)])).await;
        let client = started(&server, json!({})).await;
        assert!(!client.refresh().await.unwrap());
        assert_eq!(server.requests()[1].header("if-none-match"), Some("d1"));
    })
    .await;
}

#[tokio::test]
async fn without_a_digest_the_etag_is_sent_back_as_it_came() {
    guarded(async {
        let v1 =
            br#"{"namespace":{"key":"default"},"flags":[{"key":"first","type":"BOOLEAN_FLAG_TYPE","enabled":true}]}"#;
        let server = Server::start("W/\"weak , odd\"", v1.to_vec()).await;
        let client = started(&server, json!({})).await;
        let compatibility = client.store().load().as_ref().unwrap().snapshot.compatibility();
        assert_eq!(compatibility, Compatibility::V1);
        assert!(!client.refresh().await.unwrap());
        assert_eq!(server.requests()[1].header("if-none-match"), Some("W/\"weak , odd\""));
        assert_eq!(client.status().failures, 0);
    })
    .await;
}

#[tokio::test]
async fn without_digest_and_etag_requests_stay_unconditional() {
    guarded(async {
        let server = Server::simple().await;
        server.serve(None, br#"{"namespace":{"key":"default"},"flags":[]}"#.to_vec());
        let client = started(&server, json!({})).await;
        assert!(!client.refresh().await.unwrap());
        assert_eq!(server.requests()[1].header("if-none-match"), None);
    })
    .await;
}

#[tokio::test]
async fn not_modified_is_decided_by_the_status_alone() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        let generation = client.store().load().as_ref().unwrap().generation;
        server.next([
            Reply::with(&[], 304, b""),
            Reply::with(&[("etag", "\"another\""), ("content-type", "text/html")], 304, b""),
        ]);
        for _answer in 0..2 {
            assert!(!client.refresh().await.unwrap());
        }
        assert_eq!(client.store().load().as_ref().unwrap().generation, generation);
        assert!(!client.refresh().await.unwrap());
        assert_eq!(server.requests()[3].header("if-none-match"), Some("d1"), "no header of a 304 is kept");
    })
    .await;
}

#[tokio::test]
async fn not_modified_without_a_condition_is_an_error() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::with(&[], 304, b"")]);
        let client = crate::support::start(&server, json!({}));
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_RESPONSE_UNEXPECTED");
    })
    .await;
}

#[tokio::test]
async fn a_200_with_the_known_etag_still_carries_a_snapshot() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        let headers = [("etag", "d1"), ("content-type", "application/json")];
        server.next([Reply::with(&headers, 200, &body("d1", &[("first", false)]))]);
        assert!(client.refresh().await.unwrap());
        assert!(!is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn changed_means_that_a_flag_may_answer_differently() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({})).await;
        let described = String::from_utf8(body("d2", &[("first", true)])).unwrap();
        let described = described.replace("\"enabled\":true", "\"enabled\":true,\"description\":\"new\"");
        server.serve(Some("d2"), described.into_bytes());
        assert!(!client.refresh().await.unwrap(), "a description decides nothing");
        assert_eq!(client.flags().unwrap()[0].description.as_deref(), Some("new"));
        server.serve(Some("d3"), body("d3", &[("first", true), ("second", false)]));
        assert!(client.refresh().await.unwrap());
        let seen = status(&client, |status| status.digest.as_deref() == Some("d3")).await;
        assert_eq!(seen.flag_count, 2);
    })
    .await;
}

#[tokio::test]
async fn a_truncated_update_does_not_store_its_etag() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "retry": { "maxRetries": 0 } })).await;
        let update = body("d2", &[("first", false)]);
        server.serve(Some("d2"), update.clone());
        let mut cut = crate::support::response(200, &[("etag", "d2")], &update);
        cut.truncate(cut.len() - 20);
        server.next([Reply::Cut(cut)]);
        assert_eq!(client.refresh().await.unwrap_err().code(), "FLIPT_CONNECTION_FAILED");
        assert!(is_on(&client, "first").unwrap());
        assert!(client.refresh().await.unwrap(), "the whole update still arrives");
        assert!(!is_on(&client, "first").unwrap());
        assert_eq!(server.requests()[2].header("if-none-match"), Some("d1"));
    })
    .await;
}

#[tokio::test]
async fn a_seed_is_replaced_unconditionally() {
    guarded(async {
        let server = Server::start("seed", body("seed", &[("seeded", false)])).await;
        let client = started(&server, json!({ "snapshot": crate::support::seed() })).await;
        assert_eq!(server.requests()[0].header("if-none-match"), None);
        assert!(!is_on(&client, "seeded").unwrap());
    })
    .await;
}
