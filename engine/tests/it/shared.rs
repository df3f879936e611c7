//! Handles on one client of the process: what they have in common, and what each has for itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flipt_engine::client::{Connection, Event, LogLevel, Observer, live_clients};
use flipt_engine::config::Authentication;
use flipt_engine::evaluate::Request;
use flipt_engine::http::Fetch;
use flipt_engine::store::live_snapshots;
use flipt_engine::{Client, ErrorKind};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{
    Asked, Lines, Reply, Scripted, Server, answer, body, config, fixed, guarded, guarded_alone, is_on, released, seed,
    started, status,
};

fn shared(server: &Server, more: Value) -> Client {
    Client::shared(&config(&server.url(), more), None, None).unwrap()
}

async fn ready(server: &Server, more: Value) -> Client {
    let client = shared(server, more);
    client.ready().await.unwrap();
    client
}

fn observed(server: &Server, more: Value, observer: Arc<dyn Observer>) -> Client {
    Client::shared(&config(&server.url(), more), None, Some(observer)).unwrap()
}

/// Remembers the events by name, and what they say of the connection.
struct Told {
    all: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Told {
    fn new() -> Arc<Self> {
        Arc::new(Self { all: Mutex::default(), count: watch::Sender::new(0) })
    }

    fn all(&self) -> Vec<String> {
        self.all.lock().unwrap().clone()
    }

    async fn until(&self, wanted: &str) {
        self.count.subscribe().wait_for(|_| self.all().iter().any(|told| told == wanted)).await.unwrap();
    }
}

impl Observer for Told {
    fn event(&self, event: Event) {
        let name = match event {
            Event::Log { .. } => return,
            Event::Status { current, .. } => format!("{:?}", current.connection),
            Event::Changed(_) => "Changed".to_owned(),
            Event::Error(error) => error.code().to_owned(),
            event => format!("{event:?}"),
        };
        self.all.lock().unwrap().push(name);
        self.count.send_modify(|count| *count += 1);
    }
}

#[tokio::test]
async fn handles_of_one_identity_have_one_connection_state_and_task() {
    guarded_alone(async {
        let server = Server::simple().await;
        let first = shared(&server, json!({}));
        let others: Vec<Client> = (0..9).map(|_| shared(&server, json!({}))).collect();
        for client in others.iter().chain([&first]) {
            client.ready().await.unwrap();
            assert!(is_on(client, "first").unwrap());
        }
        assert_eq!((server.count(), live_clients(), live_snapshots()), (1, 1, 1));
        server.serve(Some("d2"), body("d2", &[("second", true)]));
        assert!(others[3].refresh().await.unwrap());
        assert!(is_on(&others[7], "second").unwrap());
        assert_eq!(server.count(), 2);
        for client in &others {
            client.close().await;
        }
        assert!(is_on(&first, "second").unwrap());
        assert_eq!(live_clients(), 1);
        first.close().await;
        released().await;
        server.closed().await;
    })
    .await;
}

#[tokio::test]
async fn other_identities_and_plain_clients_have_their_own() {
    guarded(async {
        let server = Server::simple().await;
        let one = ready(&server, json!({})).await;
        let plain = started(&server, json!({})).await;
        let other = ready(&server, json!({ "reference": "main" })).await;
        let slash = shared_at(&format!("{}//", server.url()));
        slash.ready().await.unwrap();
        assert_eq!(server.count(), 3);
        for client in [one, plain, other, slash] {
            client.close().await;
        }
    })
    .await;
}

fn shared_at(url: &str) -> Client {
    Client::shared(&config(url, json!({})), None, None).unwrap()
}

#[tokio::test]
async fn a_closed_handle_says_so_while_others_go_on() {
    guarded(async {
        let server = Server::simple().await;
        let (gone, here) = (ready(&server, json!({})).await, ready(&server, json!({})).await);
        let store = gone.store().clone();
        gone.close().await;
        let request = Request::new("first", "entity", &());
        let codes = [
            gone.evaluate_boolean(&request).unwrap_err().code(),
            gone.evaluate_variant(&request).unwrap_err().code(),
            gone.evaluate_batch([request]).unwrap_err().code(),
            gone.flags().unwrap_err().code(),
            gone.export_snapshot().unwrap_err().code(),
            gone.refresh().await.unwrap_err().code(),
            gone.reconnect().await.unwrap_err().code(),
            gone.ready().await.unwrap_err().code(),
            gone.wait_ready(Duration::from_secs(9)).await.unwrap_err().code(),
            gone.update_authentication(Vec::new()).unwrap_err().code(),
            gone.another(&config(&server.url(), json!({})), None).err().unwrap().code(),
            store.installed().unwrap_err().code(),
        ];
        assert_eq!(codes, ["FLIPT_CLIENT_CLOSED"; 12]);
        assert!(store.is_closed() && store.load().is_none());
        let status = gone.status();
        assert_eq!((status.connection, status.flag_count, status.digest), (Connection::Closed, 0, None));
        assert_eq!(here.status().connection, Connection::Polling);
        assert!(is_on(&here, "first").unwrap() && !here.refresh().await.unwrap());
        gone.close().await;
        assert!(is_on(&here, "first").unwrap(), "closing twice counts once");
        here.close().await;
    })
    .await;
}

#[tokio::test]
async fn calls_that_wait_are_told_when_their_own_handle_is_closed() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::never());
        let (gone, here) = (shared(&server, json!({})), shared(&server, json!({})));
        let close = async {
            server.arrived(1).await;
            gone.close().await;
        };
        let limit = Duration::from_secs(20);
        let (ready, refresh, wait, ()) = tokio::join!(gone.ready(), gone.refresh(), gone.wait_ready(limit), close);
        for error in [ready.unwrap_err(), refresh.unwrap_err(), wait.unwrap_err()] {
            assert_eq!(error.code(), "FLIPT_CLIENT_CLOSED");
        }
        assert_eq!(here.status().connection, Connection::Connecting);
        here.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_observer_is_told_from_its_coming_to_its_handles_end() {
    guarded(async {
        let server = Server::simple().await;
        let (one, two, three) = (Told::new(), Told::new(), Told::new());
        let first = observed(&server, json!({}), one.clone());
        first.ready().await.unwrap();
        let second = observed(&server, json!({}), two.clone());
        second.ready().await.unwrap();
        assert_eq!(two.all(), ["Polling", "Ready"], "where things stand is told before the wait ends");
        server.serve(Some("d2"), body("d2", &[]));
        first.refresh().await.unwrap();
        second.close().await;
        assert_eq!(two.all(), ["Polling", "Ready", "Changed", "Closed", "Closed"], "the status and the event");
        let third = observed(&server, json!({}), three.clone());
        server.serve(Some("d3"), body("d3", &[("third", true)]));
        third.refresh().await.unwrap();
        third.close().await;
        first.close().await;
        assert_eq!(two.all().len(), 5);
        assert_eq!(three.all(), ["Polling", "Ready", "Changed", "Closed", "Closed"]);
        assert_eq!(one.all(), ["Polling", "Ready", "Changed", "Changed", "Closed", "Closed"]);
    })
    .await;
}

#[tokio::test]
async fn an_observer_may_close_its_handle() {
    struct Closer(Mutex<Option<Client>>, Arc<Told>);
    impl Observer for Closer {
        fn event(&self, event: Event) {
            if matches!(event, Event::Changed(_)) {
                self.0.lock().unwrap().take().unwrap().shut_down();
            }
            self.1.event(event);
        }
    }
    guarded(async {
        let server = Server::simple().await;
        let here = ready(&server, json!({})).await;
        let closer = Arc::new(Closer(Mutex::default(), Told::new()));
        let gone = observed(&server, json!({}), closer.clone());
        *closer.0.lock().unwrap() = Some(gone.clone());
        server.serve(Some("d2"), body("d2", &[("second", true)]));
        assert!(here.refresh().await.unwrap());
        closer.1.until("Closed").await;
        gone.close().await;
        assert_eq!(closer.1.all(), ["Polling", "Ready", "Changed", "Closed", "Closed"]);
        assert!(is_on(&here, "second").unwrap());
        here.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_first_ones_options_win_and_a_warning_names_the_others() {
    guarded(async {
        let server = Server::simple().await;
        let (one, two) = (Lines::new(), Lines::new());
        let insecure = json!({ "insecureSkipVerify": true });
        let first = observed(&server, json!({ "tlsConfig": insecure }), one.clone());
        first.ready().await.unwrap();
        let differing = json!({
            "updateInterval": 0.02, "tlsConfig": { "caCertData": "hunter2" }, "snapshot": seed(),
            "errorStrategy": "fallback", "initTimeoutMs": 77, "proxy": "http://hunter2@127.0.0.1:9",
        });
        let second = observed(&server, differing, two.clone());
        second.ready().await.unwrap();
        let warnings = two.of(LogLevel::Warn);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].ends_with("differ: updateInterval, snapshot, tlsConfig, proxy"), "{warnings:?}");
        assert_eq!(warnings[1], one.of(LogLevel::Warn)[0], "what is dangerous is told to everyone");
        assert!(!format!("{warnings:?}").contains("hunter2") && !warnings[0].contains("77"));
        assert_eq!(one.of(LogLevel::Warn).len(), 1);
        assert!(is_on(&second, "first").unwrap());
        assert_eq!(server.count(), 1);
        let mut bad = config(&server.url(), json!({}));
        bad.init_timeout = Duration::ZERO;
        let refused = Client::shared(&bad, None, None);
        assert_eq!(refused.err().unwrap().code(), "FLIPT_OPTION_INVALID");
        first.close().await;
        second.close().await;
    })
    .await;
}

#[tokio::test]
async fn all_of_a_failing_start_get_its_error_and_the_next_starts_afresh() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::status(403)]);
        let handles: Vec<Client> = (0..3).map(|_| shared(&server, json!({}))).collect();
        for client in &handles {
            assert_eq!(client.ready().await.unwrap_err().code(), "FLIPT_SERVER_FORBIDDEN");
        }
        for client in &handles {
            client.close().await;
        }
        assert_eq!(server.count(), 1);
        let next = ready(&server, json!({})).await;
        assert!(is_on(&next, "first").unwrap());
        assert_eq!(server.count(), 2);
        next.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_start_that_is_refused_is_not_kept() {
    guarded_alone(async {
        let server = Server::simple().await;
        let bad = config(&server.url(), json!({ "snapshot": "!" }));
        assert!(Client::shared(&bad, None, None).is_err());
        assert_eq!(live_clients(), 0);
        ready(&server, json!({})).await.close().await;
    })
    .await;
}

#[tokio::test]
async fn each_handle_has_its_own_deadline() {
    guarded(async {
        let server = Server::simple().await;
        server.next([Reply::never()]);
        let slow = json!({ "requestTimeout": 0.6, "initTimeoutMs": 20_000 });
        let patient = shared(&server, slow.clone());
        let hasty = shared(&server, json!({ "requestTimeout": 0.6, "initTimeoutMs": 30 }));
        let relaxed = json!({ "requestTimeout": 0.6, "initTimeoutMs": 30, "errorStrategy": "fallback" });
        let relaxed = shared(&server, relaxed);
        let error = hasty.ready().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InitTimeout(Duration::from_millis(30)));
        relaxed.ready().await.unwrap();
        hasty.close().await;
        patient.ready().await.unwrap();
        assert!(is_on(&patient, "first").unwrap() && is_on(&relaxed, "first").unwrap());
        patient.close().await;
        relaxed.close().await;
    })
    .await;
}

#[tokio::test]
async fn each_handle_has_its_own_error_strategy() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::status(403));
        let (strict, lenient) = (shared(&server, json!({})), shared(&server, json!({ "errorStrategy": "fallback" })));
        assert_eq!(strict.ready().await.unwrap_err().code(), "FLIPT_SERVER_FORBIDDEN");
        lenient.ready().await.unwrap();
        assert!(!lenient.refresh().await.unwrap());
        assert_eq!(strict.refresh().await.unwrap_err().code(), "FLIPT_SERVER_FORBIDDEN");
        strict.close().await;
        let before = server.count();
        let late = shared(&server, json!({}));
        assert_eq!(late.ready().await.unwrap_err().code(), "FLIPT_SERVER_FORBIDDEN");
        assert_eq!(server.count(), before + 1, "what failed long ago is asked anew");
        late.close().await;
        server.always(Reply::Flipt);
        let last = ready(&server, json!({})).await;
        assert!(is_on(&last, "first").unwrap() && is_on(&lenient, "first").unwrap());
        server.always(Reply::status(403));
        ready(&server, json!({})).await.close().await;
        last.close().await;
        lenient.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_seed_is_what_a_lenient_handle_starts_from() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::status(503));
        let retries =
            json!({ "snapshot": seed(), "retry": { "maxRetries": 5, "baseDelayMs": 60_000, "maxDelayMs": 60_000 } });
        let with = |more: Value| {
            let mut options = retries.clone();
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            options
        };
        let strict = shared(&server, with(json!({ "initTimeoutMs": 300 })));
        let lenient = shared(&server, with(json!({ "errorStrategy": "fallback", "initTimeoutMs": 20_000 })));
        lenient.ready().await.unwrap();
        assert!(is_on(&lenient, "seeded").unwrap());
        let error = strict.ready().await.unwrap_err();
        assert_eq!(error.code(), "FLIPT_INIT_TIMEOUT");
        assert!(std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("503")));
        strict.close().await;
        lenient.close().await;
    })
    .await;
}

#[tokio::test]
async fn credentials_that_are_put_in_force_are_the_identity_from_then_on() {
    guarded(async {
        let token = |text: &str| json!({ "authentication": { "clientToken": text } });
        let server = Server::simple().await;
        server.admit(&["Bearer old", "Bearer new"]);
        let client = ready(&server, token("old")).await;
        client.update_authentication(vec![Authentication::ClientToken(fixed("new"))]).unwrap();
        server.arrived(2).await;
        let same = ready(&server, token("new")).await;
        let tokens = || {
            server
                .requests()
                .iter()
                .map(|request| request.header("authorization").unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(tokens(), ["Bearer old", "Bearer new"]);
        let other = ready(&server, token("old")).await;
        assert_eq!(tokens()[2..], ["Bearer old"]);
        for client in [client, same, other] {
            client.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn functions_are_part_of_the_identity() {
    guarded(async {
        let fetch = Scripted::new(|_, _| Box::pin(async { Ok(answer(body("d1", &[("first", true)]))) }));
        let options = config("http://unused", json!({}));
        let with =
            |fetch: &Arc<Scripted>| Client::shared(&options, Some(Arc::clone(fetch) as Arc<dyn Fetch>), None).unwrap();
        let (one, two) = (with(&fetch), with(&fetch));
        one.ready().await.unwrap();
        two.ready().await.unwrap();
        assert_eq!(fetch.count(), 1);
        let other = Scripted::new(|_, _| Box::pin(async { Ok(answer(body("d2", &[("second", true)]))) }));
        let three = with(&other);
        three.ready().await.unwrap();
        assert!(is_on(&three, "second").unwrap());
        for client in [one, two, three] {
            client.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn another_handle_is_had_by_naming_the_same_client() {
    guarded(async {
        let server = Server::simple().await;
        let asked = Asked::answering([Ok("token")]);
        let mut options = config(&server.url(), json!({}));
        options.authentication = vec![Authentication::ClientToken(asked.token())];
        let first = Client::shared(&options, None, None).unwrap();
        let mut again = options.clone();
        again.authentication = vec![Authentication::ClientToken(Asked::silent().token())];
        let lines = Lines::new();
        let second = first.another(&again, Some(lines.clone())).unwrap().unwrap();
        second.ready().await.unwrap();
        assert!(is_on(&second, "first").unwrap());
        assert_eq!((server.count(), asked.reasons().len()), (1, 1));
        again.namespace = "other".to_owned();
        assert!(first.another(&again, None).unwrap().is_none());
        let plain = started(&server, json!({})).await;
        assert!(plain.another(&config(&server.url(), json!({})), None).unwrap().is_none());
        first.close().await;
        assert!(is_on(&second, "first").unwrap());
        for client in [second, plain] {
            client.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn hundreds_of_handles_leave_nothing_behind() {
    guarded_alone(async {
        let server = Server::simple().await;
        for _ in 0..20 {
            let handles: Vec<Client> = (0..10).map(|_| observed(&server, json!({}), Told::new())).collect();
            for (index, client) in handles.iter().enumerate() {
                client.ready().await.unwrap();
                if index % 2 == 0 {
                    client.close().await;
                }
            }
            drop(handles);
            released().await;
        }
        assert_eq!(server.count(), 20);
        server.closed().await;
    })
    .await;
}

#[tokio::test]
async fn handles_of_a_client_without_a_server_share_it_too_and_go_online_together() {
    guarded_alone(async {
        let server = Server::simple().await;
        let offline = json!({ "offline": true, "bootstrap": { "made": true } });
        let (one, two, three) = (Told::new(), Told::new(), Told::new());
        let first = observed(&server, offline.clone(), one.clone());
        let second = observed(&server, offline.clone(), two.clone());
        let third = observed(&server, offline, three.clone());
        for client in [&first, &second, &third] {
            client.ready().await.unwrap();
            assert!(is_on(client, "made").unwrap());
        }
        third.close().await;
        assert_eq!(three.all(), ["Offline", "Ready", "Closed", "Closed"]);
        assert_eq!((live_clients(), server.count()), (0, 0), "nothing runs");
        second.set_offline(false).await.unwrap();
        assert!(is_on(&first, "first").unwrap() && is_on(&second, "first").unwrap());
        assert_eq!((live_clients(), server.count()), (1, 1));
        one.until("Changed").await;
        let late = ready(&server, json!({})).await;
        assert!(is_on(&late, "first").unwrap());
        first.set_offline(true).await.unwrap();
        assert_eq!(second.status().connection, Connection::Offline);
        first.close().await;
        late.close().await;
        assert!(is_on(&second, "first").unwrap());
        second.close().await;
        assert_eq!(two.all().last().unwrap(), "Closed");
        released().await;
        assert_eq!(server.count(), 1);
    })
    .await;
}

/// The last handle is closed all the time while others ask for one: nobody gets one that is ending.
#[test]
fn opening_and_closing_race_without_harm() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 250;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(guarded_alone(async {
        let server = Server::simple().await;
        let url = server.url();
        let answered = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (url, answered, runtime) = (url.clone(), Arc::clone(&answered), tokio::runtime::Handle::current());
                tokio::task::spawn_blocking(move || {
                    for round in 0..ROUNDS {
                        let observer: Option<Arc<dyn Observer>> = (round % 3 == 0).then(|| Told::new() as _);
                        let client = Client::shared(&config(&url, json!({})), None, observer).unwrap();
                        if (thread + round) % 4 != 0 {
                            runtime.block_on(client.ready()).unwrap();
                            assert!(is_on(&client, "first").unwrap());
                            answered.fetch_add(1, Ordering::Relaxed);
                        } else {
                            assert_ne!(client.status().connection, Connection::Closed);
                        }
                        match round % 3 {
                            0 => runtime.block_on(client.close()),
                            1 => client.shut_down(),
                            _ => drop(client),
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.await.unwrap();
        }
        assert_eq!(answered.load(Ordering::Relaxed), THREADS * ROUNDS / 4 * 3);
        released().await;
    }));
}

/// A handle is closed while the client's last good state is read through it.
#[tokio::test]
async fn evaluating_races_with_closing_without_harm() {
    guarded(async {
        let server = Server::simple().await;
        let here = ready(&server, json!({})).await;
        for _ in 0..50 {
            let gone = ready(&server, json!({})).await;
            let reader = tokio::task::spawn_blocking({
                let gone = gone.clone();
                move || loop {
                    match is_on(&gone, "first") {
                        Ok(on) => assert!(on),
                        Err(error) => return error.code(),
                    }
                }
            });
            gone.close().await;
            assert_eq!(reader.await.unwrap(), "FLIPT_CLIENT_CLOSED");
        }
        status(&here, |status| status.connection == Connection::Polling).await;
        assert!(is_on(&here, "first").unwrap());
        here.close().await;
    })
    .await;
}
