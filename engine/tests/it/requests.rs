//! What a request looks like.

use flipt_engine::client::Source;
use serde_json::json;

use crate::support::{Server, guarded, is_on, start, started, status};

#[tokio::test]
async fn a_first_load_is_one_unconditional_request_that_says_who_asks() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "environment": "staging" })).await;
        assert!(is_on(&client, "first").unwrap());
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        let request = &requests[0];
        assert_eq!(request.method, "GET");
        assert_eq!(request.target, "/internal/v1/evaluation/snapshot/namespace/default");
        assert_eq!(request.header("x-flipt-environment"), Some("staging"));
        assert_eq!(request.header("x-flipt-accept-server-version"), Some("1.47.0"));
        assert_eq!(request.header("user-agent"), Some(concat!("flipt-native/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        assert_eq!(request.header("if-none-match"), None);
        assert_eq!(request.header("authorization"), None);
        let status = client.status();
        assert_eq!((status.source, status.flag_count, status.requests), (Source::Server, 1, 1));
        assert_eq!(status.digest.as_deref(), Some("d1"));
        assert!(status.last_success_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn base_path_namespace_and_reference_reach_the_server_encoded() {
    guarded(async {
        let server = Server::simple().await;
        let url = format!("{}/flags/a%20b//", server.url());
        let options = json!({ "url": url, "namespace": "a/b c?d", "reference": "feat/x&y=1" });
        let _client = started(&server, options).await;
        let expected =
            "/flags/a%20b/internal/v1/evaluation/snapshot/namespace/a%2Fb%20c%3Fd?reference=feat%2Fx%26y%3D1";
        assert_eq!(server.requests()[0].target, expected);
    })
    .await;
}

#[tokio::test]
async fn tokens_go_out_under_their_scheme() {
    guarded(async {
        for (authentication, expected) in
            [(json!({ "clientToken": "t0ken" }), "Bearer t0ken"), (json!({ "jwtToken": "a.b.c" }), "JWT a.b.c")]
        {
            let server = Server::simple().await;
            let _client = started(&server, json!({ "authentication": authentication })).await;
            assert_eq!(server.requests()[0].header("authorization"), Some(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn clients_of_one_process_share_the_threads_and_nothing_else() {
    guarded(async {
        let (one, two) = (Server::simple().await, Server::start("d2", crate::support::body("d2", &[])).await);
        let (first, second) = (started(&one, json!({})).await, start(&two, json!({})));
        second.ready().await.unwrap();
        first.close().await;
        assert_eq!(status(&second, |status| status.requests == 1).await.flag_count, 0);
        assert!(!second.refresh().await.unwrap());
        assert_eq!((one.count(), two.count()), (1, 2));
    })
    .await;
}
