//! Credentials that are obtained, refused, renewed and replaced.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use flipt_engine::config::Authentication::{ClientToken, Jwt};
use flipt_engine::config::CredentialReason::{Expiring, Initial, Unauthorized};
use flipt_engine::config::{Authentication, Config, Kubernetes};
use flipt_engine::http::{Fetch, FetchRequest, HttpFetch};
use flipt_engine::redact::Secret;
use flipt_engine::{Client, Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Asked, Reply, Scripted, Server, answer, body, config, fixed, guarded, is_on};

/// Options without retries, so that each fetch is one request as far as the schedule goes.
fn options(server: &Server, authentication: Vec<Authentication>, more: Value) -> Config {
    let mut all = json!({ "retry": { "maxRetries": 0 } });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Config { authentication, ..config(&server.url(), all) }
}

fn start(server: &Server, authentication: Vec<Authentication>, more: Value) -> Client {
    Client::start(options(server, authentication, more), None, None).unwrap()
}

async fn ready(server: &Server, authentication: Vec<Authentication>) -> Client {
    let client = start(server, authentication, json!({}));
    client.ready().await.unwrap();
    client
}

/// What was sent in `Authorization` since a number of requests.
fn sent(server: &Server, since: usize) -> Vec<String> {
    let requests = server.requests();
    requests[since..].iter().map(|request| request.header("authorization").unwrap_or("none").to_owned()).collect()
}

fn failed() -> Error {
    Error::new(ErrorKind::Credential).with_context("TypeError")
}

#[tokio::test]
async fn a_function_is_asked_once_and_its_answer_kept() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&["Bearer one"]);
        let asked = Asked::answering([Ok("one"), Ok("two")]);
        let client = ready(&server, vec![ClientToken(asked.token())]).await;
        for _ in 0..3 {
            client.refresh().await.unwrap();
        }
        assert_eq!(asked.reasons(), [Initial]);
        assert_eq!(sent(&server, 0), ["Bearer one"; 4]);
    })
    .await;
}

#[tokio::test]
async fn a_401_asks_the_function_again_and_the_request_goes_on() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&["JWT two"]);
        let asked = Asked::answering([Ok("one"), Ok("two"), Ok("three")]);
        let client = ready(&server, vec![Jwt(asked.token())]).await;
        assert_eq!(asked.reasons(), [Initial, Unauthorized]);
        server.admit(&["JWT three"]);
        client.refresh().await.unwrap();
        assert_eq!(asked.reasons(), [Initial, Unauthorized, Unauthorized]);
        assert_eq!(sent(&server, 0), ["JWT one", "JWT two", "JWT two", "JWT three"]);
    })
    .await;
}

#[tokio::test]
async fn requests_that_are_refused_together_share_one_refresh() {
    guarded(async {
        const TOGETHER: usize = 5;
        let server = Arc::new(Server::simple().await);
        server.admit(&["Bearer one"]);
        let refused = Arc::clone(&server);
        let asked = Asked::new(move |call| {
            let server = Arc::clone(&refused);
            Box::pin(async move {
                if call == 1 {
                    return Ok(Secret::new("one"));
                }
                // Not before all of them have been sent.
                server.arrived(1 + TOGETHER).await;
                Ok(Secret::new("two"))
            })
        });
        let options = options(&server, vec![ClientToken(asked.token())], json!({}));
        let fetch = Arc::new(HttpFetch::new(&options).unwrap());
        assert_eq!(fetch.fetch(FetchRequest::default()).await.unwrap().status, 200);
        server.admit(&["Bearer two"]);
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..TOGETHER {
            let fetch = Arc::clone(&fetch);
            requests.spawn(async move { fetch.fetch(FetchRequest::default()).await.unwrap().status });
        }
        assert_eq!(requests.join_all().await, [200; TOGETHER]);
        assert_eq!(asked.reasons(), [Initial, Unauthorized]);
        assert_eq!(server.count(), 1 + 2 * TOGETHER);
    })
    .await;
}

#[tokio::test]
async fn a_list_is_gone_through_in_order_and_the_one_that_works_is_kept() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&["Bearer second"]);
        let list = vec![ClientToken(fixed("first")), ClientToken(fixed("second")), Jwt(fixed("third"))];
        let client = ready(&server, list).await;
        client.refresh().await.unwrap();
        server.admit(&["JWT third"]);
        client.refresh().await.unwrap();
        server.admit(&["Bearer first"]);
        client.refresh().await.unwrap();
        let expected = [
            "Bearer first",
            "Bearer second",
            "Bearer second",
            "Bearer second",
            "JWT third",
            "JWT third",
            "Bearer first",
        ];
        assert_eq!(sent(&server, 0), expected);
    })
    .await;
}

#[tokio::test]
async fn when_all_are_refused_the_request_fails_with_its_401_and_nothing_is_repeated() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&[]);
        let counter = AtomicUsize::new(0);
        let asked = Asked::new(move |_| {
            let token = format!("token-{}", counter.fetch_add(1, Ordering::SeqCst));
            Box::pin(async { Ok(Secret::new(token)) })
        });
        let list = vec![ClientToken(fixed("fixed")), ClientToken(asked.token())];
        let client = start(&server, list, json!({ "retry": { "maxRetries": 3, "baseDelayMs": 1 } }));
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_SERVER_UNAUTHENTICATED");
        assert_eq!(sent(&server, 0), ["Bearer fixed", "Bearer token-0", "Bearer token-1"]);
        for round in 0..5 {
            let before = server.count();
            let error = client.refresh().await.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Status(401));
            assert_eq!(sent(&server, before), [format!("Bearer token-{}", round + 2), "Bearer fixed".to_owned()]);
            assert_eq!(asked.reasons().len(), 3 + round, "asked once a request");
        }
        server.admit(&["Bearer fixed"]);
        client.refresh().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}

#[tokio::test]
async fn refusals_of_another_kind_rotate_nothing() {
    guarded(async {
        for status in [403, 404, 503] {
            let server = Server::simple().await;
            let asked = Asked::answering([Ok("one"), Ok("two")]);
            let client = ready(&server, vec![ClientToken(asked.token()), ClientToken(fixed("other"))]).await;
            server.next([Reply::status(status)]);
            assert_eq!(client.refresh().await.unwrap_err().kind(), &ErrorKind::Status(status));
            client.refresh().await.unwrap();
            assert_eq!(sent(&server, 0), ["Bearer one"; 3], "{status}");
            assert_eq!(asked.reasons(), [Initial]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_function_that_fails_is_named_and_its_words_are_its_own_business() {
    guarded(async {
        let server = Server::simple().await;
        let foreign = Error::new(ErrorKind::Fetcher).with_context("hunter2");
        for (failure, authentication, expected) in [
            (failed(), "client", "no credential could be obtained: authentication.clientToken: TypeError"),
            (foreign, "jwt", "no credential could be obtained: authentication[1].jwtToken: the function failed"),
        ] {
            let asked = Asked::answering([Err(failure.clone()), Err(failure)]);
            let list = match authentication {
                "client" => vec![ClientToken(asked.token())],
                _ => vec![ClientToken(asked.token()), Jwt(asked.token())],
            };
            let client = start(&server, list, json!({}));
            let error = client.ready().await.unwrap_err();
            assert_eq!((error.code(), error.to_string().as_str()), ("FLIPT_CREDENTIAL_FAILED", expected));
            assert!(error.retryable());
            assert!(!format!("{error:?} {:?}", client.status()).contains("hunter2"));
        }
        let unusable = Asked::answering([Ok("hunter2\n")]);
        let error = start(&server, vec![ClientToken(unusable.token())], json!({})).ready().await.unwrap_err();
        let expected =
            "no credential could be obtained: authentication.clientToken: the function answered with text with a line break";
        assert_eq!(error.to_string(), expected);
        assert_eq!(server.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_failing_function_is_asked_again_by_the_retries() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::answering([Err(failed()), Err(failed()), Ok("one")]);
        let client =
            start(&server, vec![ClientToken(asked.token())], json!({ "retry": { "maxRetries": 3, "baseDelayMs": 1 } }));
        client.ready().await.unwrap();
        assert_eq!(asked.reasons(), [Initial; 3]);
        assert_eq!(sent(&server, 0), ["Bearer one"]);
    })
    .await;
}

#[tokio::test]
async fn a_function_that_fails_leaves_the_next_of_the_list() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::answering([Err(failed())]);
        let client = ready(&server, vec![ClientToken(asked.token()), ClientToken(fixed("other"))]).await;
        client.refresh().await.unwrap();
        assert_eq!(asked.reasons(), [Initial]);
        assert_eq!(sent(&server, 0), ["Bearer other"; 2]);
    })
    .await;
}

#[tokio::test]
async fn a_function_that_never_answers_ends_at_the_deadline_and_is_given_up() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::silent();
        let client = start(&server, vec![ClientToken(asked.token())], json!({ "requestTimeout": 0.05 }));
        let error = client.ready().await.unwrap_err();
        let expected = "no credential could be obtained: authentication.clientToken: no answer within 50 ms";
        assert_eq!((error.code(), error.to_string().as_str()), ("FLIPT_CREDENTIAL_FAILED", expected));
        asked.over(1).await;
        assert_eq!(server.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn closing_does_not_wait_for_a_function() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::silent();
        let client = start(&server, vec![ClientToken(asked.token())], json!({}));
        asked.called(1).await;
        client.close().await;
        asked.over(1).await;
        assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_CLIENT_CLOSED");
        let error = client.update_authentication(vec![ClientToken(fixed("t"))]).unwrap_err();
        assert_eq!(error.code(), "FLIPT_CLIENT_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn another_credential_takes_effect_with_the_next_request() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&["Bearer old"]);
        let client = ready(&server, vec![ClientToken(fixed("old"))]).await;
        server.admit(&["JWT new"]);
        client.update_authentication(vec![Jwt(fixed("new"))]).unwrap();
        client.refresh().await.unwrap();
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 1), ["JWT new"; 2]);
        client.update_authentication(Vec::new()).unwrap();
        assert_eq!(client.refresh().await.unwrap_err().kind(), &ErrorKind::Status(401));
        assert_eq!(sent(&server, 3), ["none"]);
    })
    .await;
}

#[tokio::test]
async fn the_old_credential_is_the_fallback_for_its_grace_period() {
    guarded(async {
        let server = Server::simple().await;
        server.admit(&["Bearer old"]);
        let client = ready(&server, vec![ClientToken(fixed("old"))]).await;
        client.update_authentication(vec![ClientToken(fixed("new"))]).unwrap();
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 1), ["Bearer new", "Bearer old"]);
        server.admit(&["Bearer new"]);
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 3), ["Bearer new"]);

        let server = Server::simple().await;
        server.admit(&["Bearer old"]);
        let old = vec![ClientToken(fixed("old"))];
        let client = start(&server, old, json!({ "credentialGracePeriodMs": 0 }));
        client.ready().await.unwrap();
        client.update_authentication(vec![ClientToken(fixed("new"))]).unwrap();
        assert_eq!(client.refresh().await.unwrap_err().kind(), &ErrorKind::Status(401));
        assert_eq!(sent(&server, 1), ["Bearer new"]);
    })
    .await;
}

#[tokio::test]
async fn a_credential_that_cannot_be_used_changes_nothing() {
    guarded(async {
        let server = Server::simple().await;
        let client = ready(&server, vec![ClientToken(fixed("old"))]).await;
        let error = client.update_authentication(vec![ClientToken(fixed("hunter2\n"))]).unwrap_err();
        assert_eq!(error.code(), "FLIPT_OPTION_INVALID");
        assert!(error.to_string().contains("authentication.clientToken") && !error.to_string().contains("hunter2"));
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 0), ["Bearer old"; 2]);
    })
    .await;
}

#[tokio::test]
async fn an_update_ends_what_is_being_obtained() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::silent();
        let client = start(&server, vec![ClientToken(asked.token())], json!({}));
        asked.called(1).await;
        client.update_authentication(vec![ClientToken(fixed("new"))]).unwrap();
        client.ready().await.unwrap();
        asked.over(1).await;
        assert_eq!(sent(&server, 0), ["Bearer new"]);
    })
    .await;
}

#[tokio::test]
async fn a_client_whose_caller_fetches_has_no_use_for_credentials() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::silent();
        let fetch = Scripted::new(|_, _| Box::pin(async { Ok(answer(body("d1", &[("first", true)]))) }));
        let options = options(&server, vec![ClientToken(asked.token())], json!({}));
        let client = Client::start(options, Some(fetch), None).unwrap();
        client.ready().await.unwrap();
        client.update_authentication(vec![ClientToken(asked.token())]).unwrap();
        client.refresh().await.unwrap();
        assert_eq!((asked.reasons().len(), server.count()), (0, 0));
    })
    .await;
}

fn jwt(name: &str, life: Duration) -> String {
    let expires = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + life;
    let claims = json!({ "sub": name, "exp": expires.as_secs_f64() }).to_string();
    format!("e30.{}.sig", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
async fn a_jwt_is_renewed_before_it_expires() {
    guarded(async {
        let life = Duration::from_secs(2);
        let server = Server::simple().await;
        let asked = Asked::new(move |call| {
            let token = jwt(&format!("call-{call}"), if call == 1 { life } else { Duration::from_secs(3_600) });
            Box::pin(async { Ok(Secret::new(token)) })
        });
        let begun = Instant::now();
        let client = ready(&server, vec![Jwt(asked.token())]).await;
        while asked.reasons().len() < 2 {
            client.refresh().await.unwrap();
        }
        assert!(begun.elapsed() > life / 2, "not long before");
        let renewed = server.count();
        client.refresh().await.unwrap();
        assert_eq!(asked.reasons(), [Initial, Expiring]);
        assert_ne!(sent(&server, 0)[0], sent(&server, 0)[renewed]);
    })
    .await;
}

#[tokio::test]
async fn a_client_token_is_not_read_as_a_jwt() {
    guarded(async {
        let server = Server::simple().await;
        let token = jwt("pat", Duration::from_millis(1));
        let asked = Asked::new(move |_| {
            let token = token.clone();
            Box::pin(async { Ok(Secret::new(token)) })
        });
        let client = ready(&server, vec![ClientToken(asked.token())]).await;
        client.refresh().await.unwrap();
        assert_eq!(asked.reasons(), [Initial]);
    })
    .await;
}

/// A file that goes with the test.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new(text: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("flipt-engine-{}-{number}", std::process::id()));
        let file = Self(path);
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    fn authentication(&self) -> Vec<Authentication> {
        vec![Authentication::Kubernetes(Kubernetes { token_path: self.0.clone() })]
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn the_token_of_a_pod_is_read_from_its_file_and_again_when_that_changes() {
    guarded(async {
        let server = Server::simple().await;
        let file = TokenFile::new("first\n");
        let client = ready(&server, file.authentication()).await;
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 0), ["JWT first"; 2]);
        file.write("the second\n".replace(' ', "-").as_str());
        while sent(&server, 0).last().unwrap() == "JWT first" {
            client.refresh().await.unwrap();
        }
        assert_eq!(sent(&server, 0).last().unwrap(), "JWT the-second");
        std::fs::remove_file(&file.0).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1_100) {
            client.refresh().await.unwrap();
        }
        assert_eq!(sent(&server, 0).last().unwrap(), "JWT the-second", "what works stays in use");
    })
    .await;
}

#[tokio::test]
async fn the_token_of_a_pod_is_read_again_after_a_401() {
    guarded(async {
        let server = Server::simple().await;
        let file = TokenFile::new("first");
        let client = ready(&server, file.authentication()).await;
        server.admit(&["JWT other"]);
        file.write("other");
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 1), ["JWT first", "JWT other"]);
    })
    .await;
}

/// The answer to an exchange, in whole seconds.
fn exchanged(token: &str, life: Duration) -> Reply {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let date = httpdate::fmt_http_date(SystemTime::now() + life);
    let [_, day, month, year, time, _] = date.split(' ').collect::<Vec<_>>()[..] else { panic!("{date}") };
    let month = MONTHS.find(month).unwrap() / 3 + 1;
    let at = format!("{year}-{month:02}-{day}T{time}Z");
    Reply::ok(json!({ "clientToken": token, "authentication": { "expiresAt": at } }).to_string().as_bytes())
}

#[tokio::test]
async fn a_server_that_exchanges_tokens_is_recognised_and_remembered() {
    guarded(async {
        let server = Server::simple().await;
        let file = TokenFile::new("pod-token");
        server.admit(&["Bearer given"]);
        server.next([Reply::status(401), exchanged("given", Duration::from_secs(3_600))]);
        let url = format!("{}/base", server.url());
        let options = Config { url: url.parse().unwrap(), ..options(&server, file.authentication(), json!({})) };
        let client = Client::start(options, None, None).unwrap();
        client.ready().await.unwrap();
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, 0), ["JWT pod-token", "none", "Bearer given", "Bearer given"]);
        let exchange = &server.requests()[1];
        assert_eq!(exchange.method, "POST");
        assert_eq!(exchange.target, "/base/auth/v1/method/kubernetes/serviceaccount");
        assert_eq!(exchange.header("content-type"), Some("application/json"));
        let sent_body: Value = serde_json::from_slice(&exchange.body).unwrap();
        assert_eq!(sent_body, json!({ "service_account_token": "pod-token" }));

        let before = server.count();
        server.admit(&["Bearer anew"]);
        server.next([Reply::status(401), exchanged("anew", Duration::from_secs(3_600))]);
        client.refresh().await.unwrap();
        assert_eq!(sent(&server, before), ["Bearer given", "none", "Bearer anew"]);
    })
    .await;
}

#[tokio::test]
async fn an_exchanged_token_is_exchanged_again_before_it_expires() {
    guarded(async {
        let server = Server::simple().await;
        let file = TokenFile::new("first");
        server.next([Reply::status(401), exchanged("one", Duration::from_secs(3))]);
        let client = ready(&server, file.authentication()).await;
        file.write("second");
        let posts = || server.requests().into_iter().filter(|request| request.method == "POST").collect::<Vec<_>>();
        while posts().len() < 2 {
            // The second answer is no exchange; the token that still works stays in use.
            client.refresh().await.unwrap();
        }
        assert_eq!(posts()[1].body, br#"{"service_account_token":"second"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_takes_neither_way_answers_401() {
    guarded(async {
        for refusal in [401, 404] {
            let server = Server::simple().await;
            let file = TokenFile::new("pod-token");
            server.admit(&[]);
            server.next([Reply::status(401), Reply::status(refusal)]);
            let client = start(&server, file.authentication(), json!({}));
            assert_eq!(client.ready().await.unwrap_err().kind(), &ErrorKind::Status(401));
            assert_eq!(sent(&server, 0), ["JWT pod-token", "none"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_file_or_an_exchange_that_fails_is_named() {
    guarded(async {
        let server = Server::simple().await;
        let prefix = "no credential could be obtained: authentication.kubernetes: ";
        let code = |error: &Error| (error.code(), error.to_string().strip_prefix(prefix).map(str::to_owned));
        for path in [PathBuf::from("/nowhere/hunter2"), std::env::temp_dir()] {
            let list = vec![Authentication::Kubernetes(Kubernetes { token_path: path })];
            let error = start(&server, list, json!({})).ready().await.unwrap_err();
            let expected = "the token file could not be read".to_owned();
            assert_eq!(code(&error), ("FLIPT_CREDENTIAL_FAILED", Some(expected)));
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
        for (text, expected) in [("", "an empty text"), ("a b", "text with a space")] {
            let file = TokenFile::new(text);
            let error = start(&server, file.authentication(), json!({})).ready().await.unwrap_err();
            assert_eq!(code(&error), ("FLIPT_CREDENTIAL_FAILED", Some(format!("the token file holds {expected}"))));
        }
        assert_eq!(server.count(), 0);
        let file = TokenFile::new("pod-token");
        for reply in [Reply::status(503), Reply::ok(b"hunter2"), Reply::Reset] {
            server.admit(&[]);
            server.next([Reply::status(401), reply]);
            let error = start(&server, file.authentication(), json!({})).ready().await.unwrap_err();
            assert_eq!(code(&error), ("FLIPT_CREDENTIAL_FAILED", Some("the exchange failed".to_owned())));
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    })
    .await;
}

#[tokio::test]
async fn no_credential_shows_in_options() {
    guarded(async {
        let list = vec![
            ClientToken(fixed("hunter2")),
            Jwt(Asked::answering([Ok("hunter2")]).token()),
            Authentication::Kubernetes(Kubernetes::default()),
        ];
        let options = Config { authentication: list, ..Config::default() };
        assert!(!format!("{options:?} {:#?}", options.clone()).contains("hunter2"));
    })
    .await;
}
