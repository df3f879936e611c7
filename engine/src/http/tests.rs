//! Streams over real connections. They are not part of the crate's surface, so that their tests are in here.

#[path = "../../tests/it/support/secure.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod secure;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use secure::{Authority, Multiplexed, Traffic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::pool::{Purpose, Route, Seat};
use super::*;
use crate::config::{Config, TlsConfig};

const BODY: &[u8] = br#"{"namespace":{"key":"default"},"flags":[]}"#;

async fn guarded<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test hangs")
}

/// A server that many streams reach over one connection, and the options that trust it.
async fn multiplexed() -> (Multiplexed, Config) {
    let authority = Authority::new("own");
    let server = Multiplexed::start(authority.issue(&["localhost"]).server(), BODY.to_vec()).await;
    let config = Config {
        url: server.url("localhost").parse().unwrap(),
        tls: TlsConfig { ca_cert_data: Some(authority.pem()), ..TlsConfig::default() },
        connect_timeout: Duration::from_secs(20),
        ..Config::default()
    };
    (server, config)
}

/// A client whose stream is asked for, and told when it is open.
fn streaming(config: &Config) -> (Arc<HttpFetch>, tokio::task::JoinHandle<StreamBody>) {
    let fetch = Arc::new(HttpFetch::new(config).unwrap());
    let opening = Arc::clone(&fetch);
    let stream = tokio::spawn(async move {
        match opening.open_stream(None).await.unwrap() {
            Opening::Open(body) => body,
            Opening::Refused { status, .. } => panic!("refused with {status}"),
        }
    });
    (fetch, stream)
}

fn streams(traffic: &[Traffic]) -> usize {
    traffic.iter().map(|connection| connection.streams).sum()
}

fn open(traffic: &[Traffic]) -> usize {
    traffic.iter().filter(|connection| !connection.closed).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_share_few_connections_and_polls_are_answered_beside_them() {
    guarded(async {
        let (server, config) = multiplexed().await;
        let clients: Vec<_> = (0..300).map(|_| streaming(&config)).collect();
        let traffic = server.until(|traffic| streams(traffic) == 300).await;
        let mut loads: Vec<usize> = traffic.iter().map(|connection| connection.streams).collect();
        loads.sort_unstable();
        assert_eq!(loads, [100, 100, 100], "no more on a connection, and no connection more than needed");

        // None of them has a response yet, and the polls have a connection of their own.
        for (fetch, _) in &clients {
            assert_eq!(fetch.fetch(FetchRequest::default()).await.unwrap().status, 200);
        }
        let traffic = server.traffic();
        assert_eq!(
            traffic.iter().map(|connection| connection.polls).filter(|polls| *polls > 0).collect::<Vec<_>>(),
            [300]
        );
        assert!(traffic.iter().all(|connection| connection.polls == 0 || connection.streams == 0));

        server.line(b"{\"result\":{}}\n");
        let (fetches, opened): (Vec<_>, Vec<_>) = clients.into_iter().unzip();
        let mut bodies = Vec::new();
        for stream in opened {
            let mut body = stream.await.unwrap();
            assert_eq!(body.chunk().await.unwrap().unwrap(), "{\"result\":{}}\n");
            bodies.push(body);
        }
        // A freed place is taken again.
        drop((bodies.pop(), fetches.iter().next_back()));
        server.until(|traffic| streams(traffic) == 299).await;
        let (another, stream) = streaming(&config);
        let _body = stream.await.unwrap();
        let traffic = server.until(|traffic| streams(traffic) == 300).await;
        assert!(open(&traffic) <= 5);
        drop((bodies, fetches, another, _body));
        server.until(|traffic| open(traffic) == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_goes_on_while_its_client_turns_to_new_connections() {
    guarded(async {
        let (server, config) = multiplexed().await;
        server.line(b"one\n");
        let (fetch, stream) = streaming(&config);
        let mut first = stream.await.unwrap();
        assert_eq!(first.chunk().await.unwrap().unwrap(), "one\n");
        fetch.renew();
        let Opening::Open(mut second) = fetch.open_stream(None).await.unwrap() else { panic!("refused") };
        assert_eq!(second.chunk().await.unwrap().unwrap(), "one\n");
        assert_eq!(server.traffic().iter().map(|connection| connection.streams).collect::<Vec<_>>(), [1, 1]);
        server.line(b"two\n");
        for body in [&mut first, &mut second] {
            assert_eq!(body.chunk().await.unwrap().unwrap(), "two\n");
        }
        drop(first);
        server.until(|traffic| traffic[0].closed && !traffic[1].closed).await;
        drop(fetch);
        server.line(b"three\n");
        assert_eq!(second.chunk().await.unwrap().unwrap(), "three\n", "the body needs its client no more");
        drop(second);
        server.until(|traffic| open(traffic) == 0).await;
    })
    .await;
}

#[tokio::test]
async fn the_limiter_sees_each_connection_in_the_request_that_makes_it() {
    guarded(async {
        let (server, config) = multiplexed().await;
        server.line(b"one\n");
        let limiter = Limiter::new();
        let fetch = HttpFetch::new(&config).unwrap();
        for expected in [1, 0] {
            let request = async {
                assert_eq!(fetch.fetch(FetchRequest::default()).await.unwrap().status, 200);
                assert_eq!(limiter::connections(), expected);
            };
            limiter.attempt(false, false, request).await;
        }
        for expected in [1, 0] {
            let request = async {
                assert!(matches!(fetch.open_stream(None).await.unwrap(), Opening::Open(_)));
                assert_eq!(limiter::connections(), expected);
            };
            limiter.attempt(false, false, request).await;
        }
    })
    .await;
}

#[tokio::test]
async fn seats_are_counted_and_given_back() {
    let config = Config { url: "http://seats.example".parse().unwrap(), ..Config::default() };
    let url = request::stream_url(&config).unwrap();
    let route = Route::new(&config, &url, Resolver::system(), &mut Vec::new()).unwrap();
    let take = |count: usize| (0..count).map(|_| Seat::take(&route, Purpose::Streams).unwrap()).collect::<Vec<_>>();
    let same = |one: &Arc<Seat>, other: &Arc<Seat>| one.is_beside(other);
    let mut seats = take(100);
    assert!(seats.iter().all(|seat| same(seat, &seats[0])));
    let more = take(1);
    assert!(!same(&more[0], &seats[0]));
    let also_counted = Arc::clone(&seats[0]);
    seats.pop();
    assert!(same(&take(1)[0], &also_counted), "a clone takes no place, and a freed one is taken first");
    let polls = Seat::take(&route, Purpose::Polls).unwrap();
    assert!(!same(&polls, &seats[0]));
}

/// Answers one request with these bytes, byte for byte, and keeps the connection until the client leaves.
async fn answering(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut head).await.unwrap();
        }
        stream.write_all(&answer).await.unwrap();
        stream
    });
    (url, task)
}

fn fetch(url: &str) -> HttpFetch {
    HttpFetch::new(&Config { url: url.parse().unwrap(), ..Config::default() }).unwrap()
}

#[tokio::test]
async fn compressed_lines_arrive_as_they_are_sent() {
    guarded(async {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let mut line = |text: &[u8]| {
            encoder.write_all(text).unwrap();
            encoder.flush().unwrap();
            std::mem::take(encoder.get_mut())
        };
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        answer.extend(chunk(&line(b"one\n")));
        let (url, server) = answering(answer).await;
        let Opening::Open(mut body) = fetch(&url).open_stream(None).await.unwrap() else { panic!("refused") };
        assert_eq!(body.chunk().await.unwrap().unwrap(), "one\n");
        let mut connection = server.await.unwrap();
        connection.write_all(&chunk(&line(b"two\n"))).await.unwrap();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "two\n");
        drop(connection);
        assert_eq!(body.chunk().await.unwrap_err().code(), "FLIPT_CONNECTION_FAILED");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_flipts_or_not_and_never_waited_for_long() {
    guarded(async {
        let whole = |body: &str| format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let stalled = "HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\n{\"code\":5";
        for (answer, expected) in [
            (whole(r#"{"code":5,"message":"failed to get environment"}"#), true),
            (whole(r#"{"error":{"code":5,"message":"no"}}"#), true),
            (whole("404 page not found"), false),
            (whole(&" ".repeat(100_000)), false),
            (stalled.to_owned(), false),
        ] {
            let (url, server) = answering(answer.clone().into_bytes()).await;
            let fetch = fetch(&url);
            let opening = tokio::spawn(async move { fetch.open_stream(None).await });
            let connection = server.await.unwrap();
            let Opening::Refused { status, from_flipt, .. } = opening.await.unwrap().unwrap() else { panic!("opened") };
            assert_eq!((status, from_flipt), (404, expected), "{answer:.80}");
            drop(connection);
        }
    })
    .await;
}
