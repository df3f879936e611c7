//! Proxies: named by the environment or an option, asked in the right way, and never told more than they must know.

use flipt_engine::http::HttpFetch;
use flipt_engine::{Client, Config, Error};
use serde_json::{Value, json};

use crate::support::secure::{Authority, Front};
use crate::support::{Lines, Proxy, Server, config, guarded, is_on};

/// A name that only a proxy can know.
const HOST: &str = "flags.example";
const SECRET: &str = "hunter2";
const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

fn options(url: &str, more: Value, environment: &[(&str, &str)]) -> Config {
    let mut more = more;
    more.as_object_mut().unwrap().insert("retry".to_owned(), json!({ "maxRetries": 0 }));
    let mut options = config(url, more);
    options.process_environment = environment.iter().copied().collect();
    options
}

async fn load(options: Config) -> Result<Client, Error> {
    let client = Client::start(options, None, None)?;
    client.ready().await?;
    assert!(is_on(&client, "first")?);
    Ok(client)
}

#[tokio::test]
async fn plain_requests_are_forwarded_with_the_whole_url_and_the_proxys_credentials() {
    guarded(async {
        let server = Server::simple().await;
        let proxy = Proxy::start(server.address()).await;
        let url = format!("http://{HOST}:8080/base");
        let with_credentials = proxy.url_for("me:w%20rd");
        for (more, environment, expected) in [
            (json!({}), vec![("HTTP_PROXY", proxy.url())], None),
            (json!({}), vec![("http_proxy", proxy.url()), ("HTTP_PROXY", "http://127.0.0.1:9".to_owned())], None),
            (json!({}), vec![("http_proxy", proxy.place())], None),
            (json!({}), vec![("http_proxy", with_credentials.clone())], Some("Basic bWU6dyByZA==")),
            (json!({ "proxy": with_credentials }), vec![], Some("Basic bWU6dyByZA==")),
            (json!({ "proxy": proxy.url() }), vec![("NO_PROXY", "*".to_owned())], None),
        ] {
            let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
            load(options(&url, more, &environment)).await.unwrap();
            let asked = proxy.asked().pop().unwrap();
            let target = format!("http://{HOST}:8080/base/internal/v1/evaluation/snapshot/namespace/default");
            assert_eq!(asked.line, format!("GET {target} HTTP/1.1"));
            assert_eq!(asked.header("host"), Some("flags.example:8080"));
            assert_eq!(asked.header("proxy-authorization"), expected, "{environment:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_tunnel_carries_what_is_encrypted_and_the_proxy_sees_only_its_own_credentials() {
    guarded(async {
        let authority = Authority::new("own");
        let server = Server::simple().await;
        let front = Front::start(server.address(), authority.issue(&[HOST]).server()).await;
        let proxy = Proxy::start(front.address()).await;
        let more = json!({
            "tlsConfig": { "caCertData": authority.pem() },
            "authentication": { "clientToken": SECRET },
        });
        let url = format!("https://{HOST}");
        for (name, proxy_url, expected) in
            [("HTTPS_PROXY", proxy.url(), None), ("https_proxy", proxy.url_for("me:word"), Some("Basic bWU6d29yZA=="))]
        {
            let client = load(options(&url, more.clone(), &[(name, &proxy_url)])).await.unwrap();
            let asked = proxy.asked().pop().unwrap();
            assert_eq!(asked.line, format!("CONNECT {HOST}:443 HTTP/1.1"));
            assert_eq!(asked.header("proxy-authorization"), expected);
            assert!(asked.header("user-agent").unwrap().starts_with("flipt-native/"));
            assert_eq!(asked.header("authorization"), None);
            let request = server.requests().pop().unwrap();
            assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
            assert_eq!(request.header("proxy-authorization"), None);
            let before = proxy.asked().len();
            client.refresh().await.unwrap();
            assert_eq!(proxy.asked().len(), before, "the tunnel is used again");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_exempt_goes_directly() {
    guarded(async {
        let server = Server::simple().await;
        let proxy = Proxy::refusing(REFUSAL).await;
        let place = server.place();
        for (more, list) in [
            (json!({}), "127.0.0.1"),
            (json!({}), "127.0.0.0/8"),
            (json!({}), place.as_str()),
            (json!({}), "*"),
            (json!({}), "other, 127.0.0.1"),
            (json!({ "proxy": false }), "other"),
        ] {
            let environment = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", list.to_owned())];
            let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
            load(options(&server.url(), more, &environment)).await.unwrap();
        }
        assert!(proxy.asked().is_empty());
        let environment = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", "10.0.0.0/8".to_owned())];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(
            load(options(&server.url(), json!({}), &environment)).await.err().unwrap().code(),
            "FLIPT_SERVER_FORBIDDEN"
        );
        assert_eq!(proxy.asked().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_apart_and_its_credentials_appear_nowhere() {
    guarded(async {
        let closing = "";
        let unauthenticated = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        for (url, answer) in [
            ("https://flags.example", REFUSAL),
            ("https://flags.example", unauthenticated),
            ("https://flags.example", "HTTP/1.1 502 Bad Gateway\r\n\r\n"),
            ("https://flags.example", "SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            ("https://flags.example", closing),
            ("http://flags.example:443", unauthenticated),
        ] {
            let proxy = Proxy::refusing(answer).await;
            let lines = Lines::new();
            let more = json!({ "proxy": proxy.url_for(&format!("me:{SECRET}")) });
            let options = options(url, more, &[]);
            let shown = format!("{options:?} {:?}", HttpFetch::new(&options).unwrap());
            let client = Client::start(options, None, Some(lines.clone())).unwrap();
            let error = client.ready().await.unwrap_err();
            assert_eq!(error.code(), "FLIPT_PROXY_FAILED", "{answer:?}: {error}");
            assert!(error.retryable());
            let place = format!("flags.example:443 through the proxy {}", proxy.place());
            assert_eq!(error.to_string(), format!("the proxy refused to connect: {place}"));
            client.close().await;
            for text in [shown, format!("{error:?}"), format!("{:?}", lines.all()), format!("{:?}", client.status())] {
                for secret in [SECRET, "aHVudGVyMg", "bWU6"] {
                    assert!(!text.contains(secret), "{text}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named() {
    guarded(async {
        for url in ["https://flags.example", "http://flags.example:443"] {
            let gone = Proxy::refusing("").await;
            let place = gone.place();
            drop(gone);
            let error = loop {
                // Its socket may be listening for a moment more.
                let error = load(options(url, json!({ "proxy": place }), &[])).await.err().unwrap();
                if error.code() != "FLIPT_PROXY_FAILED" {
                    break error;
                }
            };
            assert_eq!(
                error.to_string(),
                format!("the connection failed: flags.example:443 through the proxy {place}")
            );
            let unknown = load(options(url, json!({ "proxy": "proxy.invalid:1" }), &[])).await.err().unwrap();
            assert_eq!(unknown.code(), "FLIPT_DNS_FAILED", "{unknown}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_proxy_is_a_problem_of_the_option_and_a_warning_of_the_environment() {
    guarded(async {
        let server = Server::simple().await;
        for text in ["socks5://me:hunter2@proxy:1080", "http://me:hunter2@", "hunter2 hunter2", ""] {
            let error = Config::from_json(&json!({ "proxy": text })).unwrap_err();
            assert!(error.to_string().starts_with("invalid options: proxy: received "), "{error}");
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
        for value in [json!(true), json!(7), json!({ "url": "hunter2" })] {
            assert!(Config::from_json(&json!({ "proxy": value })).is_err(), "{value}");
        }
        let options = options(&server.url(), json!({}), &[("HTTP_PROXY", "socks5://me:hunter2@proxy:1080")]);
        let fetch = HttpFetch::new(&options).unwrap();
        assert_eq!(fetch.warnings(), ["HTTP_PROXY is ignored: it names a proxy that is neither http nor https"]);
        load(options).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_proxy_is_reached_over_tls_when_its_url_says_so() {
    guarded(async {
        let authority = Authority::new("own");
        let server = Server::simple().await;
        let proxy = Proxy::start(server.address()).await;
        let secure = Front::start(proxy.address(), authority.issue(&["localhost"]).server()).await;
        let more = json!({ "proxy": secure.url("localhost"), "tlsConfig": { "caCertData": authority.pem() } });
        load(options("http://flags.example", more, &[])).await.unwrap();
        assert!(proxy.asked()[0].line.starts_with("GET http://flags.example/"), "{:?}", proxy.asked());
        let distrusting = json!({ "proxy": secure.url("localhost") });
        let error = load(options("http://flags.example", distrusting, &[])).await.err().unwrap();
        assert_eq!(error.code(), "FLIPT_TLS_FAILED", "{error}");
    })
    .await;
}
