//! Names: looked up anew for each connection, on threads of their own, in both families.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex};

use flipt_engine::Client;
use flipt_engine::client::Connection;
use flipt_engine::http::{HttpFetch, Lookup, Resolver};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{Server, body, config, guarded, is_on, started};

/// A name server that hangs on every name it does not know, until it is dropped.
struct Names {
    known: Mutex<HashMap<String, Vec<IpAddr>>>,
    released: Mutex<bool>,
    changed: Condvar,
    hanging: watch::Sender<usize>,
}

impl Names {
    fn new<const N: usize>(known: [(&str, &[&str]); N]) -> Arc<Self> {
        let names = Self {
            known: Mutex::default(),
            released: Mutex::new(false),
            changed: Condvar::new(),
            hanging: watch::Sender::new(0),
        };
        known.into_iter().for_each(|(name, addresses)| names.set(name, addresses));
        Arc::new(names)
    }

    fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.known.lock().unwrap().insert(name.to_owned(), addresses);
    }

    /// Waits until so many lookups hang.
    async fn hanging(&self, count: usize) {
        self.hanging.subscribe().wait_for(|hanging| *hanging == count).await.unwrap();
    }

    fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Lookup for Names {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Some(addresses) = self.known.lock().unwrap().get(name) {
            return Ok(addresses.clone());
        }
        self.hanging.send_modify(|hanging| *hanging += 1);
        let released = self.released.lock().unwrap();
        drop(self.changed.wait_while(released, |released| !*released).unwrap());
        self.hanging.send_modify(|hanging| *hanging -= 1);
        Err(io::ErrorKind::NotFound.into())
    }
}

fn start(url: &str, names: &Arc<Names>, more: Value) -> Client {
    let resolver = Resolver::new(Arc::clone(names) as Arc<dyn Lookup>);
    start_with(&resolver, url, more)
}

fn start_with(resolver: &Resolver, url: &str, more: Value) -> Client {
    let options = config(url, more);
    let fetch = HttpFetch::with_resolver(&options, resolver.clone()).unwrap();
    Client::start(options, Some(Arc::new(fetch)), None).unwrap()
}

fn port(server: &Server) -> u16 {
    server.address().port()
}

#[tokio::test]
async fn clients_that_hang_on_lookups_disturb_nobody() {
    guarded(async {
        let server = Server::simple().await;
        let names = Names::new([("healthy.example", &["127.0.0.1"])]);
        let slow = json!({ "connectTimeoutMs": 60_000, "requestTimeout": 60, "errorStrategy": "fallback" });
        let resolver = Resolver::new(Arc::clone(&names) as Arc<dyn Lookup>);
        let hang = |number| start_with(&resolver, &format!("http://hung-{number}.example"), slow.clone());
        let mut hung: Vec<Client> = (0..20).map(hang).collect();
        names.hanging(20).await;
        hung.extend((0..20).map(|_| hang(0)));

        let url = format!("http://healthy.example:{}", port(&server));
        let healthy = start_with(&resolver, &url, json!({}));
        healthy.ready().await.unwrap();
        server.serve(Some("d2"), body("d2", &[("first", false)]));
        assert!(healthy.refresh().await.unwrap());
        assert!(!is_on(&healthy, "first").unwrap());
        let direct = started(&server, json!({})).await;
        assert!(!is_on(&direct, "first").unwrap());

        for client in &hung {
            client.close().await;
            assert_eq!(client.status().connection, Connection::Closed);
        }
        assert_eq!(*names.hanging.borrow(), 20, "nothing can interrupt them, and nobody waited for them");
        names.release();
        names.hanging(0).await;
    })
    .await;
}

#[tokio::test]
async fn a_lookup_that_hangs_ends_with_the_time_for_connecting() {
    guarded(async {
        let names = Names::new([]);
        let more = json!({ "connectTimeoutMs": 100, "retry": { "maxRetries": 0 } });
        let client = start("http://hung.example", &names, more);
        let error = client.ready().await.unwrap_err();
        assert_eq!(error.to_string(), "the request took longer than its deadline: hung.example:80");
        names.release();
    })
    .await;
}

#[tokio::test]
async fn an_unknown_name_is_told() {
    guarded(async {
        let names = Names::new([]);
        names.release();
        let client = start("http://unknown.example", &names, json!({ "retry": { "maxRetries": 0 } }));
        let error = client.ready().await.unwrap_err();
        assert_eq!(error.code(), "FLIPT_DNS_FAILED");
        assert_eq!(error.to_string(), "the host name could not be resolved: unknown.example:80");
    })
    .await;
}

#[tokio::test]
async fn a_host_that_moves_is_found_at_its_new_address() {
    guarded(async {
        let old = Server::simple().await;
        let new = Server::at(([127, 0, 0, 2], port(&old)).into(), "d2", body("d2", &[("first", false)])).await;
        // Not every system has a second address for itself.
        let Ok(new) = new else { return };
        let names = Names::new([("flags.example", &["127.0.0.1"])]);
        let client = start(&format!("http://flags.example:{}", port(&old)), &names, json!({}));
        client.ready().await.unwrap();
        assert!(is_on(&client, "first").unwrap());
        names.set("flags.example", &["127.0.0.2"]);
        drop(old);
        assert!(client.refresh().await.unwrap());
        assert!(!is_on(&client, "first").unwrap());
        assert_eq!(new.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn both_families_of_addresses_are_tried() {
    guarded(async {
        let server = Server::simple().await;
        for addresses in [
            &["::1", "127.0.0.1"][..],
            &["127.0.0.1", "::1"],
            // A network that exists for documentation only: no answer, not even a refusal.
            &["2001:db8::1", "127.0.0.1"],
            &["192.0.2.1", "127.0.0.1"],
        ] {
            let names = Names::new([("flags.example", addresses)]);
            let more = json!({ "connectTimeoutMs": 2000 });
            let client = start(&format!("http://flags.example:{}", port(&server)), &names, more);
            client.ready().await.unwrap_or_else(|error| panic!("{addresses:?}: {error}"));
        }
    })
    .await;
}

#[tokio::test]
async fn localhost_is_this_machine_in_both_families() {
    guarded(async {
        let mut servers = vec![Server::simple().await];
        let six = Server::at("[::1]:0".parse().unwrap(), "d1", body("d1", &[("first", true)])).await;
        // Not every system has the newer family.
        servers.extend(six.ok());
        for server in servers {
            let options = config(&format!("http://localhost:{}", port(&server)), json!({}));
            let client = Client::start(options, None, None).unwrap();
            client.ready().await.unwrap();
            assert!(is_on(&client, "first").unwrap());
        }
    })
    .await;
}
