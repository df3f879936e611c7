//! Redirects: followed inside the origin, refused beyond it.

use serde_json::json;

use crate::support::{Reply, Server, guarded, is_on, start, started};

const TOKEN: &str = "s3cret-token";

#[tokio::test]
async fn a_redirect_inside_the_origin_is_followed_with_credentials() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::redirect("/elsewhere?x=1"), Reply::redirect(&format!("{}/again", server.url()))]);
        let client = started(&server, json!({ "authentication": { "clientToken": TOKEN } })).await;
        assert!(is_on(&client, "first").unwrap());
        let requests = server.requests();
        assert_eq!(requests[1].target, "/elsewhere?x=1");
        assert_eq!(requests[2].target, "/again");
        for request in requests {
            assert_eq!(request.header("authorization"), Some("Bearer s3cret-token"));
            assert_eq!(request.header("x-flipt-environment"), Some("default"));
            assert_eq!(request.header("referer"), None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_refused_and_nothing_follows_it() {
    guarded(async {
        let (server, other) = (Server::simple().await, Server::simple().await);
        let named = server.url().replace("127.0.0.1", "localhost");
        let secure = server.url().replace("http:", "https:");
        let credentials = server.url().replace("http://", "http://me:word@");
        for target in [other.url(), named, secure, credentials, "//evil.invalid/x".to_owned(), "ftp://x".to_owned()] {
            let before = server.count();
            server.next([Reply::redirect(&format!("{target}?leak=1"))]);
            let client = start(&server, json!({ "authentication": { "clientToken": TOKEN } }));
            let error = client.ready().await.unwrap_err();
            assert_eq!(error.code(), "FLIPT_REDIRECT_REFUSED", "{target}: {error}");
            assert!(!error.to_string().contains("leak"), "{error}");
            assert!(!error.retryable());
            assert_eq!(server.count(), before + 1, "{target}: a refused redirect is not retried");
        }
        assert_eq!(other.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_loop_of_redirects_ends() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::redirect("/round"));
        let client = start(&server, json!({}));
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_REDIRECT_REFUSED");
        assert_eq!(server.count(), 6, "the first request and five redirects");
    })
    .await;
}

#[tokio::test]
async fn an_update_that_is_redirected_away_changes_nothing() {
    guarded(async {
        let (server, other) = (Server::simple().await, Server::simple().await);
        let client = started(&server, json!({})).await;
        server.next([Reply::redirect(&other.url())]);
        assert_eq!(client.refresh().await.unwrap_err().code(), "FLIPT_REDIRECT_REFUSED");
        assert!(is_on(&client, "first").unwrap());
        assert!(!client.refresh().await.unwrap());
        assert_eq!(other.count(), 0);
    })
    .await;
}
