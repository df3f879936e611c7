//! Whom a client trusts, and how it shows who it is: with real certificates over real connections.

use std::path::PathBuf;

use flipt_engine::http::HttpFetch;
use flipt_engine::{Client, Config, Error};
use serde_json::{Value, json};

use crate::support::secure::{Authority, Credentials, Front, Multiplexed};
use crate::support::{Server, body, config, guarded, is_on};

const HOST: &str = "localhost";

fn once(mut more: Value) -> Value {
    more.as_object_mut().unwrap().insert("retry".to_owned(), json!({ "maxRetries": 0 }));
    more
}

async fn load(options: Config) -> Result<Client, Error> {
    let client = Client::start(options, None, None)?;
    client.ready().await?;
    assert!(is_on(&client, "first")?);
    Ok(client)
}

/// What a client says to a server with these credentials.
async fn meeting(server: &Credentials, more: Value, environment: &[(&str, &str)]) -> Result<(), Error> {
    let plain = Server::simple().await;
    let front = Front::start(plain.address(), server.server()).await;
    let mut options = config(&front.url(HOST), once(more));
    options.process_environment = environment.iter().copied().collect();
    load(options).await.map(|_| ())
}

fn tls(more: Value) -> Value {
    json!({ "tlsConfig": more })
}

fn refused(result: Result<(), Error>, why: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), "FLIPT_TLS_FAILED", "{error}");
    assert!(error.to_string().ends_with(&format!("({why})")), "{error}");
}

/// A file that lasts as long as the test.
struct File(PathBuf);

impl File {
    fn new(contents: &str) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("flipt-tls-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file.pem");
        std::fs::write(&path, contents).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn folder(&self) -> &str {
        self.0.parent().unwrap().to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_wherever_it_is_named() {
    guarded(async {
        let (authority, other) = (Authority::new("own"), Authority::new("other"));
        let server = authority.issue(&[HOST]);
        let (own, others) = (File::new(&authority.pem()), File::new(&other.pem()));
        let both = format!("A comment.\n{}{}", other.pem(), authority.pem());
        for options in [
            json!({ "caCertFile": own.path() }),
            json!({ "caCertData": authority.pem() }),
            json!({ "caCertData": both }),
            json!({ "caCertData": authority.pem(), "caCertFile": others.path() }),
            json!({ "caCertData": authority.pem(), "caCertFile": "/does/not/exist" }),
        ] {
            meeting(&server, tls(options), &[]).await.unwrap();
        }
        for (name, value) in
            [("NODE_EXTRA_CA_CERTS", own.path()), ("SSL_CERT_FILE", own.path()), ("SSL_CERT_DIR", own.folder())]
        {
            meeting(&server, json!({}), &[(name, value)]).await.unwrap();
            meeting(&server, tls(json!({ "caCertData": other.pem() })), &[(name, value)]).await.unwrap();
        }
        refused(meeting(&server, json!({}), &[]).await, "the issuer of its certificate is not trusted");
        let options = tls(json!({ "caCertData": other.pem(), "caCertFile": own.path() }));
        refused(meeting(&server, options, &[]).await, "the issuer of its certificate is not trusted");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_host_needs_to_be_allowed_and_its_chain_is_checked_then() {
    guarded(async {
        let authority = Authority::new("own");
        let server = authority.issue(&["flags.example"]);
        let trusting = json!({ "caCertData": authority.pem() });
        refused(meeting(&server, tls(trusting.clone()), &[]).await, "its certificate is for another host");
        let mut skipping = trusting;
        skipping["insecureSkipHostnameVerify"] = json!(true);
        meeting(&server, tls(skipping.clone()), &[]).await.unwrap();
        let foreign = Authority::new("foreign").issue(&["flags.example"]);
        let why = "the issuer of its certificate is not trusted";
        refused(meeting(&foreign, tls(skipping.clone()), &[]).await, why);
        refused(meeting(&foreign, tls(json!({ "insecureSkipHostnameVerify": true })), &[]).await, why);
        let expired = authority.issue_expired(&[HOST]);
        refused(meeting(&expired, tls(skipping), &[]).await, "its certificate has expired");
    })
    .await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    guarded(async {
        let authority = Authority::new("own");
        let server = authority.issue_expired(&[HOST]);
        let result = meeting(&server, tls(json!({ "caCertData": authority.pem() })), &[]).await;
        refused(result, "its certificate has expired");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_checked_when_that_is_asked_for() {
    guarded(async {
        let worst = Authority::new("nobody's").issue_expired(&["flags.example"]);
        meeting(&worst, tls(json!({ "insecureSkipVerify": true })), &[]).await.unwrap();
        let both = json!({ "insecureSkipVerify": true, "insecureSkipHostnameVerify": true });
        meeting(&worst, tls(both), &[]).await.unwrap();
        meeting(&worst, json!({}), &[("NODE_TLS_REJECT_UNAUTHORIZED", "0")]).await.unwrap();
        for value in ["1", "false", ""] {
            let result = meeting(&worst, json!({}), &[("NODE_TLS_REJECT_UNAUTHORIZED", value)]).await;
            assert_eq!(result.unwrap_err().code(), "FLIPT_TLS_FAILED", "{value:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_its_own_authority() {
    guarded(async {
        let server = Credentials::self_signed(&[HOST]);
        let itself = tls(json!({ "caCertData": server.certificate }));
        meeting(&server, itself.clone(), &[]).await.unwrap();
        let stranger = Credentials::self_signed(&[HOST]);
        assert_eq!(meeting(&stranger, itself, &[]).await.unwrap_err().code(), "FLIPT_TLS_FAILED");
        let expired = Credentials::self_signed_and_expired(&[HOST]);
        let result = meeting(&expired, tls(json!({ "caCertData": expired.certificate })), &[]).await;
        refused(result, "its certificate has expired");
        let other = Credentials::self_signed(&["flags.example"]);
        let result = meeting(&other, tls(json!({ "caCertData": other.certificate })), &[]).await;
        refused(result, "its certificate is for another host");
    })
    .await;
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_it_is_asked_for() {
    guarded(async {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let plain = Server::simple().await;
        let front = Front::start(plain.address(), servers.issue(&[HOST]).server_for(&clients)).await;
        let (client, stranger) = (clients.issue(&["client"]), Authority::new("strangers").issue(&["client"]));
        let (certificate, key) = (File::new(&client.certificate), File::new(&client.key));
        let meet = async |more: Value| {
            let mut options = json!({ "caCertData": servers.pem() });
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            load(config(&front.url(HOST), once(tls(options)))).await.map(|_| ())
        };
        for good in [
            json!({ "clientCertData": client.certificate, "clientKeyData": client.key }),
            json!({ "clientCertFile": certificate.path(), "clientKeyFile": key.path() }),
            json!({ "clientCertFile": certificate.path(), "clientKeyData": client.key }),
            json!({ "clientCertData": client.certificate, "clientKeyFile": key.path() }),
            json!({
                "clientCertData": client.certificate,
                "clientCertFile": "/does/not/exist",
                "clientKeyData": client.key,
                "clientKeyFile": "/does/not/exist",
            }),
        ] {
            meet(good.clone()).await.unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        refused(meet(json!({})).await, "it asks for a client certificate");
        let strange = json!({ "clientCertData": stranger.certificate, "clientKeyData": stranger.key });
        assert_eq!(meet(strange).await.unwrap_err().code(), "FLIPT_TLS_FAILED");
    })
    .await;
}

#[tokio::test]
async fn certificates_and_keys_that_cannot_be_used_are_named_and_not_repeated() {
    guarded(async {
        let authority = Authority::new("own");
        let (client, other) = (authority.issue(&["client"]), authority.issue(&["client"]));
        let broken = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
        let odd = "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n";
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\naHVudGVyMg==\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\naHVudGVyMg==\n";
        let unended = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n";
        let (text, empty) = (File::new("hunter2"), File::new(""));
        let with_key = |key: &str| json!({ "clientCertData": client.certificate, "clientKeyData": key });
        for (options, field, received) in [
            (json!({ "caCertData": "hunter2" }), "caCertData", "text without a certificate"),
            (json!({ "caCertData": "" }), "caCertData", "text without a certificate"),
            (json!({ "caCertData": client.key }), "caCertData", "text without a certificate"),
            (json!({ "caCertData": unended }), "caCertData", "text that is not PEM"),
            (json!({ "caCertData": broken }), "caCertData", "a certificate that cannot be read"),
            (json!({ "caCertFile": text.path() }), "caCertFile", "text without a certificate"),
            (json!({ "caCertFile": empty.path() }), "caCertFile", "text without a certificate"),
            (json!({ "caCertFile": "/does/not/exist" }), "caCertFile", "a file that cannot be read (entity not found)"),
            (json!({ "caCertFile": text.folder() }), "caCertFile", "something that is not a file"),
            #[cfg(unix)]
            (json!({ "caCertFile": "/dev/zero" }), "caCertFile", "something that is not a file"),
            (json!({ "clientCertData": client.certificate }), "clientKeyData", "a client certificate without its key"),
            (json!({ "clientKeyFile": text.path() }), "clientCertFile", "a key without its client certificate"),
            (with_key(&other.key), "clientKeyData", "a key that does not belong to the client certificate"),
            (with_key(encrypted), "clientKeyData", "an encrypted key"),
            (with_key(legacy), "clientKeyData", "an encrypted key"),
            (with_key("hunter2"), "clientKeyData", "text without a private key"),
            (with_key(&client.certificate), "clientKeyData", "text without a private key"),
            (with_key(odd), "clientKeyData", "a key of a kind that cannot be used"),
            (
                json!({ "clientCertData": client.certificate, "clientKeyFile": "/does/not/exist" }),
                "clientKeyFile",
                "a file that cannot be read (entity not found)",
            ),
            (
                json!({ "clientCertFile": text.path(), "clientKeyData": client.key }),
                "clientCertFile",
                "text without a certificate",
            ),
        ] {
            for url in ["https://localhost:1", "http://localhost:1"] {
                let error = start(url, &options).expect_err(received);
                assert_eq!(error.code(), "FLIPT_OPTION_INVALID");
                let shown = error.to_string();
                assert!(shown.contains(&format!("tlsConfig.{field}: received {received}, ")), "{options}: {shown}");
                for secret in ["hunter2", "aHVudGVyMg", "BEGIN", text.path()] {
                    assert!(!shown.contains(secret), "{shown}");
                }
            }
        }
        let several = json!({ "caCertData": "x", "clientCertData": "x", "clientKeyData": "x" });
        let shown = start("https://localhost:1", &several).unwrap_err().to_string();
        for field in ["caCertData", "clientCertData", "clientKeyData"] {
            assert!(shown.contains(&format!("tlsConfig.{field}: ")), "{shown}");
        }
    })
    .await;
}

fn start(url: &str, options: &Value) -> Result<(), Error> {
    let options = Config::from_json(&json!({ "url": url, "tlsConfig": options }))?;
    Client::start(options, None, None).map(|_| ())
}

#[tokio::test]
async fn what_is_insecure_or_ignored_is_told() {
    guarded(async {
        let (text, own) = (File::new("hunter2"), File::new(&Authority::new("own").pem()));
        for (options, environment, expected) in [
            (json!({}), vec![], None),
            (json!({ "insecureSkipVerify": true }), vec![], Some("tlsConfig.insecureSkipVerify is on")),
            (json!({ "insecureSkipHostnameVerify": true }), vec![], Some("tlsConfig.insecureSkipHostnameVerify is on")),
            (json!({}), vec![("NODE_TLS_REJECT_UNAUTHORIZED", "0")], Some("NODE_TLS_REJECT_UNAUTHORIZED is 0")),
            (json!({}), vec![("NODE_TLS_REJECT_UNAUTHORIZED", "1")], None),
            (json!({}), vec![("NODE_EXTRA_CA_CERTS", own.path())], None),
            (json!({}), vec![("NODE_EXTRA_CA_CERTS", text.path())], Some("NODE_EXTRA_CA_CERTS is ignored")),
            (json!({}), vec![("NODE_EXTRA_CA_CERTS", "/does/not/exist")], Some("NODE_EXTRA_CA_CERTS is ignored")),
            (json!({}), vec![("SSL_CERT_FILE", text.path())], Some("SSL_CERT_FILE is ignored")),
            (json!({}), vec![("SSL_CERT_DIR", text.folder())], Some("SSL_CERT_DIR is ignored")),
            (json!({}), vec![("SSL_CERT_DIR", "/does/not/exist")], Some("SSL_CERT_DIR is ignored")),
        ] {
            let mut options = config("https://localhost:1", tls(options));
            options.process_environment = environment.iter().copied().collect();
            let fetch = HttpFetch::new(&options).unwrap();
            let told: Vec<&str> = fetch.warnings().iter().map(|line| &line[..line.find(':').unwrap()]).collect();
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{environment:?}");
            assert!(!fetch.warnings().concat().contains("hunter2"));
        }
    })
    .await;
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    guarded(async {
        let authority = Authority::new("own");
        let credentials = authority.issue(&[HOST]);
        let server = Multiplexed::start(credentials.server(), body("d1", &[("first", true)])).await;
        let options = tls(json!({ "caCertData": authority.pem() }));
        let client = load(config(&server.url(HOST), options)).await.unwrap();
        client.refresh().await.unwrap();
        let traffic = server.traffic();
        assert_eq!(traffic.iter().map(|connection| connection.polls).collect::<Vec<_>>(), [2]);
    })
    .await;
}

#[tokio::test]
async fn http_1_1_is_spoken_where_the_server_chooses_it() {
    guarded(async {
        let authority = Authority::new("own");
        let plain = Server::simple().await;
        let mut credentials = authority.issue(&[HOST]).server();
        credentials.alpn_protocols = vec![b"http/1.1".to_vec()];
        let front = Front::start(plain.address(), credentials).await;
        let client = load(config(&front.url(HOST), tls(json!({ "caCertData": authority.pem() })))).await.unwrap();
        client.refresh().await.unwrap();
        assert_eq!((plain.count(), front.accepted()), (2, 1));
    })
    .await;
}
