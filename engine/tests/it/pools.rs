//! Connections: shared where the settings are equal, left behind when they are dead, gone with the last client.

use flipt_engine::Client;
use flipt_engine::http::{Fetch, FetchRequest, HttpFetch};
use serde_json::{Value, json};

use crate::support::secure::{Authority, Multiplexed};
use crate::support::{Reply, Server, body, config, guarded, is_on, start, started};

/// A server that many requests reach over one connection, and the options that trust it.
async fn multiplexed() -> (Multiplexed, Value) {
    let authority = Authority::new("own");
    let server = Multiplexed::start(authority.issue(&["localhost"]).server(), body("d1", &[("first", true)])).await;
    let options = json!({ "tlsConfig": { "caCertData": authority.pem() }, "retry": { "maxRetries": 0 } });
    (server, options)
}

fn client(server: &Multiplexed, options: &Value, more: Value) -> Client {
    let mut options = options.clone();
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Client::start(config(&server.url("localhost"), options), None, None).unwrap()
}

/// A poll whose connection has found its way back when this returns.
async fn fetch(fetch: &HttpFetch) -> Result<u16, flipt_engine::Error> {
    let status = fetch.fetch(FetchRequest::default()).await.map(|response| response.status);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    status
}

#[tokio::test]
async fn a_request_on_a_dead_connection_is_repeated_at_once_on_a_new_one() {
    guarded(async {
        for dead in [Reply::Reset, Reply::Cut(Vec::new())] {
            let server = Server::simple().await;
            let polls = HttpFetch::new(&config(&server.url(), json!({}))).unwrap();
            assert_eq!(fetch(&polls).await.unwrap(), 200);
            server.next([dead.clone()]);
            assert_eq!(fetch(&polls).await.unwrap(), 200);
            assert_eq!(server.count(), 3);
            server.next([dead.clone(), dead.clone()]);
            assert_eq!(fetch(&polls).await.unwrap_err().code(), "FLIPT_CONNECTION_FAILED", "once, not for ever");
            assert_eq!(server.count(), 5);
            server.next([dead]);
            assert_eq!(
                fetch(&polls).await.unwrap_err().code(),
                "FLIPT_CONNECTION_FAILED",
                "a new connection is not dead"
            );
            assert_eq!(server.count(), 6);
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_nothing() {
    guarded(async {
        let server = Server::simple().await;
        let client = started(&server, json!({ "retry": { "maxRetries": 0 } })).await;
        let address = server.address();
        drop(server);
        let server = loop {
            // The old one takes a moment to end.
            match Server::at(address, "d2", body("d2", &[("first", false)])).await {
                Ok(server) => break server,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert!(client.refresh().await.unwrap());
        assert_eq!(server.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_answers_no_more_is_left_behind() {
    guarded(async {
        let (server, options) = multiplexed().await;
        let client = client(&server, &options, json!({ "requestTimeout": 1 }));
        client.ready().await.unwrap();
        server.hold(true);
        assert_eq!(client.refresh().await.unwrap_err().code(), "FLIPT_REQUEST_TIMEOUT");
        server.hold(false);
        client.refresh().await.unwrap();
        let polls: Vec<usize> = server.traffic().iter().map(|connection| connection.polls).collect();
        assert_eq!(polls, [1, 1]);
    })
    .await;
}

#[tokio::test]
async fn clients_with_equal_settings_share_a_connection_and_it_goes_with_the_last() {
    guarded(async {
        let (server, options) = multiplexed().await;
        // Nobody loses patience on a slow machine.
        let patient = json!({ "connectTimeoutMs": 20_000, "requestTimeout": 20, "initTimeoutMs": 20_000 });
        let clients: Vec<Client> = (0..50).map(|_| client(&server, &options, patient.clone())).collect();
        for client in &clients {
            client.ready().await.unwrap();
            assert!(is_on(client, "first").unwrap());
        }
        let polls: Vec<usize> = server.traffic().iter().map(|connection| connection.polls).collect();
        assert_eq!(polls, [50], "begun at the same moment, and one connection was made");
        let other = client(&server, &options, json!({ "connectTimeoutMs": 19_000 }));
        other.ready().await.unwrap();
        assert_eq!(server.traffic().len(), 2, "other settings, another connection");
        for client in clients {
            assert!(!server.traffic()[0].closed);
            client.close().await;
        }
        let traffic = server.until(|traffic| traffic[0].closed).await;
        assert!(!traffic[1].closed);
        other.close().await;
        server.until(|traffic| traffic[1].closed).await;
    })
    .await;
}

#[tokio::test]
async fn clients_take_turns_on_a_connection_that_serves_one_request_at_a_time() {
    guarded(async {
        let server = Server::simple().await;
        let mut clients = Vec::new();
        for _ in 0..5 {
            let polls = HttpFetch::new(&config(&server.url(), json!({}))).unwrap();
            assert_eq!(fetch(&polls).await.unwrap(), 200);
            clients.push(polls);
            assert_eq!(server.open(), 1);
        }
        drop(clients);
        server.closed().await;
    })
    .await;
}

#[tokio::test]
async fn credentials_and_names_stay_with_their_client_on_a_shared_connection() {
    guarded(async {
        let server = Server::simple().await;
        for name in ["one", "two"] {
            let more = json!({ "environment": name, "authentication": { "clientToken": name } });
            let polls = HttpFetch::new(&config(&server.url(), more)).unwrap();
            fetch(&polls).await.unwrap();
            let request = server.requests().pop().unwrap();
            assert_eq!(request.header("authorization"), Some(format!("Bearer {name}").as_str()));
            assert_eq!(request.header("x-flipt-environment"), Some(name));
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_renews_its_connections_takes_none_from_others() {
    guarded(async {
        let (server, options) = multiplexed().await;
        let new = || HttpFetch::new(&config(&server.url("localhost"), options.clone())).unwrap();
        let (one, two) = (new(), new());
        one.renew();
        for polls in [&one, &two] {
            fetch(polls).await.unwrap();
        }
        assert_eq!(server.traffic().len(), 1);
        one.renew();
        fetch(&one).await.unwrap();
        assert_eq!(server.traffic().len(), 2);
        two.renew();
        fetch(&two).await.unwrap();
        assert_eq!(server.traffic().len(), 2, "its old connection was given up already");
        server.until(|traffic| traffic[0].closed).await;
        for round in 3..10 {
            one.renew();
            fetch(&one).await.unwrap();
            let traffic =
                server.until(|traffic| traffic.iter().filter(|connection| !connection.closed).count() == 1).await;
            assert_eq!(traffic.len(), round);
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_cancelled_leaves_no_connection_behind() {
    guarded(async {
        let server = Server::simple().await;
        server.always(Reply::never());
        let clients: Vec<Client> = (0..10).map(|_| start(&server, json!({}))).collect();
        server.arrived(10).await;
        for client in clients {
            client.close().await;
        }
        server.closed().await;
    })
    .await;
}
