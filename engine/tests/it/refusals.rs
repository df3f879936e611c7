//! Bad answers: each has a name, changes nothing, and leaves the client usable.

use flipt_engine::Client;
use serde_json::json;

use crate::support::{Reply, Server, body, config, guarded, is_on, response, start, started};

/// What a server may send instead of a snapshot, and the code it is reported under.
fn bad_replies() -> Vec<(&'static str, Reply, &'static str)> {
    let good = body("d2", &[("first", false), ("second", true)]);
    let html = b"<!doctype html><title>Bad gateway</title>";
    let json = [("content-type", "application/json")];
    let chunked = |body: &[u8]| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        bytes.extend(format!("{:x}\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
        bytes
    };
    let cut = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len() - 10);
        Reply::Cut(bytes)
    };
    let mut endless = chunked(&vec![b' '; 70_000]);
    endless.truncate(endless.len() - 5);
    let zipped = crate::support::gzip(&good);
    let encoded = [("content-encoding", "gzip")];
    vec![
        ("cut by length", cut(response(200, &json, &good)), "FLIPT_CONNECTION_FAILED"),
        ("cut in a chunk", cut(chunked(&good)), "FLIPT_CONNECTION_FAILED"),
        ("cut in gzip", cut(response(200, &encoded, &zipped)), "FLIPT_CONNECTION_FAILED"),
        ("gzip that ends early", Reply::with(&encoded, 200, &zipped[..zipped.len() - 10]), "FLIPT_CONNECTION_FAILED"),
        ("gzip that is none", Reply::with(&encoded, 200, &good), "FLIPT_RESPONSE_INVALID"),
        ("gzip with another checksum", Reply::with(&encoded, 200, &scrambled(&zipped)), "FLIPT_RESPONSE_INVALID"),
        ("half a document", Reply::ok(&good[..good.len() / 2]), "FLIPT_RESPONSE_INVALID"),
        ("no JSON", Reply::ok(b"flags: []"), "FLIPT_RESPONSE_INVALID"),
        ("nothing", Reply::ok(b""), "FLIPT_RESPONSE_INVALID"),
        (
            "HTML by type",
            Reply::with(&[("content-type", "Text/HTML; charset=utf-8")], 200, &good),
            "FLIPT_RESPONSE_INVALID",
        ),
        ("HTML by body", Reply::ok(html), "FLIPT_RESPONSE_INVALID"),
        ("an array", Reply::ok(b"[]"), "FLIPT_RESPONSE_INVALID"),
        ("an error object", Reply::ok(br#"{"code":5,"message":"not found"}"#), "FLIPT_RESPONSE_INVALID"),
        ("flags that are none", Reply::ok(br#"{"namespace":{"key":"default"},"flags":7}"#), "FLIPT_RESPONSE_INVALID"),
        ("too large by length", Reply::ok(&vec![b' '; 70_000]), "FLIPT_RESPONSE_TOO_LARGE"),
        ("too large by chunks", Reply::Raw(chunked(&vec![b' '; 70_000])), "FLIPT_RESPONSE_TOO_LARGE"),
        ("too large without end", Reply::Stall(endless), "FLIPT_RESPONSE_TOO_LARGE"),
        ("a gzip bomb", Reply::gzip(&vec![b' '; 40_000_000]), "FLIPT_RESPONSE_TOO_LARGE"),
        ("a reset", Reply::Reset, "FLIPT_CONNECTION_FAILED"),
        ("an orderly close", Reply::Cut(Vec::new()), "FLIPT_CONNECTION_FAILED"),
        ("no HTTP", Reply::Cut(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), "FLIPT_CONNECTION_FAILED"),
        ("204", Reply::status(204), "FLIPT_RESPONSE_UNEXPECTED"),
        ("400", Reply::status(400), "FLIPT_RESPONSE_UNEXPECTED"),
        ("401", Reply::status(401), "FLIPT_SERVER_UNAUTHENTICATED"),
        ("403", Reply::status(403), "FLIPT_SERVER_FORBIDDEN"),
        ("404", Reply::status(404), "FLIPT_NAMESPACE_NOT_FOUND"),
        ("429", Reply::status(429), "FLIPT_SERVER_RATE_LIMITED"),
        ("500", Reply::status(500), "FLIPT_SERVER_FAILED"),
        ("502", Reply::with(&[("content-type", "text/html")], 502, html), "FLIPT_SERVER_FAILED"),
        ("503", Reply::status(503), "FLIPT_SERVER_FAILED"),
        ("504", Reply::status(504), "FLIPT_SERVER_FAILED"),
        ("a redirect to nowhere", Reply::status(302), "FLIPT_RESPONSE_UNEXPECTED"),
    ]
}

/// The same bytes with a checksum that is not theirs.
fn scrambled(zipped: &[u8]) -> Vec<u8> {
    let mut bytes = zipped.to_vec();
    let checksum = bytes.len() - 8;
    bytes[checksum] = !bytes[checksum];
    bytes
}

#[tokio::test]
async fn a_bad_first_answer_has_its_code() {
    guarded(async {
        for (name, reply, code) in bad_replies() {
            let server = Server::simple().await;
            server.always(reply);
            let client = start(&server, json!({ "maxSnapshotBytes": 65_536, "retry": { "maxRetries": 0 } }));
            let error = client.ready().await.unwrap_err();
            assert_eq!(error.code(), code, "{name}: {error}");
            assert!(error.to_string().contains(&server.place()), "{name}: {error}");
            assert_eq!(is_on(&client, "first").unwrap_err().code(), "FLIPT_CLIENT_NOT_READY", "{name}");
            client.close().await;
            server.closed().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_bad_update_changes_nothing_and_the_next_good_one_arrives() {
    guarded(async {
        let server = Server::simple().await;
        let options = json!({ "maxSnapshotBytes": 65_536, "retry": { "maxRetries": 0 } });
        let client = started(&server, options).await;
        for (round, (name, reply, code)) in bad_replies().into_iter().enumerate() {
            let generation = client.store().load().as_ref().unwrap().generation;
            let digest = client.status().digest;
            // Always, because what fails on a connection that was open before is asked again on a new one.
            server.always(reply);
            let error = client.refresh().await.unwrap_err();
            server.always(Reply::Flipt);
            assert_eq!(error.code(), code, "{name}: {error}");
            assert_eq!(client.store().load().as_ref().unwrap().generation, generation, "{name}");
            let status = client.status();
            assert_eq!((status.digest, status.failures), (digest.clone(), 1), "{name}");
            assert_eq!(status.last_error.unwrap().code(), code, "{name}");
            let next = format!("round-{round}");
            server.serve(Some(&next), body(&next, &[("first", round % 2 == 0)]));
            client.refresh().await.unwrap();
            assert_eq!(server.requests().last().unwrap().header("if-none-match"), digest.as_deref(), "{name}");
            assert_eq!(is_on(&client, "first").unwrap(), round % 2 == 0, "{name}");
            assert!(client.status().last_error.is_none(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    guarded(async {
        let server = Server::simple().await;
        let exact = body("d1", &[("first", true)]).len();
        started(&server, json!({ "maxSnapshotBytes": exact })).await;
        let client = start(&server, json!({ "maxSnapshotBytes": exact - 1 }));
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_RESPONSE_TOO_LARGE");
    })
    .await;
}

#[tokio::test]
async fn one_malformed_flag_among_good_ones_errors_alone() {
    guarded(async {
        let server = Server::simple().await;
        let mixed = br#"{"namespace":{"key":"default"},"digest":"d","flags":[
            {"key":"good","type":"BOOLEAN_FLAG_TYPE","enabled":true},
            {"key":"bad","type":"BOOLEAN_FLAG_TYPE","enabled":true,"rollouts":"none"}]}"#;
        server.serve(Some("d"), mixed.to_vec());
        let client = started(&server, json!({})).await;
        assert!(is_on(&client, "good").unwrap());
        assert_eq!(is_on(&client, "bad").unwrap_err().code(), "FLIPT_FLAG_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_text_that_cannot_be_used_is_refused_at_once() {
    guarded(async {
        let server = Server::simple().await;
        // {"version":2,"namespace":{"key":"default","flags":{},"eval_rules":{},"eval_rollouts":{},"eval_distributions":{}}}
        let future = "eyJ2ZXJzaW9uIjoyLCJuYW1lc3BhY2UiOnsia2V5IjoiZGVmYXVsdCIsImZsYWdzIjp7fSwiZXZhbF9ydWxlcyI6e30sImV2YWxfcm9sbG91dHMiOnt9LCJldmFsX2Rpc3RyaWJ1dGlvbnMiOnt9fX0=";
        for (more, code) in [
            (json!({ "snapshot": "e30=" }), "FLIPT_SNAPSHOT_INVALID"),
            (json!({ "snapshot": "not base64!" }), "FLIPT_SNAPSHOT_INVALID"),
            (json!({ "snapshot": future }), "FLIPT_SNAPSHOT_UNSUPPORTED"),
            (json!({ "snapshot": crate::support::seed(), "namespace": "other" }), "FLIPT_SNAPSHOT_MISMATCH"),
            (json!({ "snapshot": crate::support::seed(), "maxSnapshotBytes": 8 }), "FLIPT_SNAPSHOT_INVALID"),
        ] {
            let error = Client::start(config(&server.url(), more), None, None).err().unwrap();
            assert_eq!(error.code(), code, "{error}");
        }
        assert_eq!(server.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn options_out_of_their_limits_start_nothing() {
    guarded(async {
        let mut options = config("http://localhost:1", json!({}));
        options.namespace = "..".to_owned();
        options.retry.max_retries = 1000;
        let error = Client::start(options, None, None).err().unwrap();
        assert_eq!(error.code(), "FLIPT_OPTION_INVALID");
        assert!(error.to_string().contains("namespace") && error.to_string().contains("retry.maxRetries"), "{error}");
    })
    .await;
}
