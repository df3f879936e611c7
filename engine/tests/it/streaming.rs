//! Streams: what they bring, how they end, and what goes on beside them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flipt_engine::Client;
use flipt_engine::client::{Changed, Connection, Event, Observer, Status};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{
    Reply, Server, Then, body, config, guarded, guarded_alone, is_on, line, released, started, status,
};

/// A digest that the stream endpoint takes.
fn digest(number: u64) -> String {
    format!("{number:040x}")
}

fn state(number: u64, on: bool) -> (String, Vec<u8>) {
    (digest(number), body(&digest(number), &[("first", on)]))
}

fn options(more: Value) -> Value {
    let mut options = json!({
        "fetchMode": "streaming",
        "retry": { "maxRetries": 0, "baseDelayMs": 5, "maxDelayMs": 20, "jitter": false },
    });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

async fn streaming(more: Value) -> (Server, Client) {
    let (etag, body) = state(1, true);
    let server = Server::start(&etag, body).await;
    let client = started(&server, options(more)).await;
    server.streams_arrived(1).await;
    (server, client)
}

fn push(server: &Server, number: u64, on: bool) {
    let (etag, body) = state(number, on);
    server.serve(Some(&etag), body);
}

async fn arrives(client: &Client, number: u64) -> Status {
    status(client, |status| status.digest.as_deref() == Some(&*digest(number))).await
}

#[tokio::test]
async fn a_change_arrives_by_the_stream() {
    guarded(async {
        let (server, client) = streaming(json!({})).await;
        let asked = &server.streams()[0];
        assert_eq!(
            asked.target,
            format!("/client/v2/environments/default/namespaces/default/stream?digest={}", digest(1))
        );
        assert_eq!(asked.header("accept-encoding"), Some("gzip"));
        for number in 2..20 {
            push(&server, number, number % 2 == 0);
            let told = arrives(&client, number).await;
            assert_eq!((told.connection, told.polling_active), (Connection::Streaming, false));
            assert_eq!(is_on(&client, "first").unwrap(), number % 2 == 0);
        }
        assert_eq!((server.polls().len(), server.streams().len()), (1, 1));
        assert_eq!(client.status().stream_supported, Some(true));
    })
    .await;
}

#[tokio::test]
async fn only_a_digest_of_forty_hexadecimal_characters_is_sent() {
    guarded(async {
        for etag in ["0123456789abcdef0123456789abcdef", "W/\"x\"", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            let server = Server::start(etag, body("", &[("first", true)])).await;
            let client = started(&server, options(json!({}))).await;
            status(&client, |status| status.connection == Connection::Streaming).await;
            assert!(server.streams()[0].target.ends_with("/stream"), "{etag}");
        }
    })
    .await;
}

#[tokio::test]
async fn lines_may_be_split_anywhere_and_many_may_share_a_chunk() {
    guarded(async {
        let (server, client) = streaming(json!({})).await;
        let text = body(&digest(2), &[("größe", true)]);
        let bytes = line(&text);
        let mut script = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for byte in &bytes {
            script.extend_from_slice(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
        }
        server.next_streams([
            Reply::Stall(script),
            Reply::Stream([line(&state(3, false).1), line(&state(4, true).1)].concat(), Then::Live),
        ]);
        client.reconnect().await.unwrap();
        arrives(&client, 2).await;
        assert!(is_on(&client, "größe").unwrap());
        server.serve_silently(Some(&digest(2)), text);
        client.reconnect().await.unwrap();
        arrives(&client, 4).await;
        assert!(is_on(&client, "first").unwrap());
    })
    .await;
}

/// Lets streams end in these ways, each with the code of its error. Few at a time, for connects are limited.
async fn is_survived(ends: impl IntoIterator<Item = (Reply, &'static str)>) {
    guarded(async {
        let (server, client) = streaming(json!({ "maxStreamRetries": 100 })).await;
        for (number, (reply, code)) in (2..).zip(ends) {
            server.next_streams([reply]);
            let mut failed = client.watch();
            client.reconnect().await.unwrap();
            let failed = failed.wait_for(|status| status.attempt == 1).await.unwrap().clone();
            assert_eq!(failed.last_error.as_ref().unwrap().code(), code);
            assert_eq!(failed.connection, Connection::Reconnecting);
            assert!(failed.next_attempt_at.is_some());
            assert!(client.flags().is_ok());
            push(&server, number, number % 2 == 0);
            let healed = arrives(&client, number).await;
            assert_eq!((healed.connection, healed.attempt), (Connection::Streaming, 0));
            assert_eq!(healed.last_error.map(|error| error.code()), None);
        }
    })
    .await;
}

#[tokio::test]
async fn every_end_is_a_failed_attempt_and_is_survived() {
    let half = line(&state(9, false).1)[..20].to_vec();
    is_survived([
        (Reply::Stream(b"{".to_vec(), Then::End), "FLIPT_STREAM_FAILED"),
        (Reply::Stream(b"\n".to_vec(), Then::End), "FLIPT_STREAM_FAILED"),
        (Reply::Stream(half, Then::Cut), "FLIPT_CONNECTION_FAILED"),
        (Reply::Reset, "FLIPT_CONNECTION_FAILED"),
    ])
    .await;
}

#[tokio::test]
async fn so_is_every_line_that_is_no_flag_state() {
    let error = br#"{"error":{"code":14,"message":"unavailable","details":[]}}"#.to_vec();
    is_survived([
        (Reply::Stream([error, b"\n".to_vec()].concat(), Then::Silence), "FLIPT_STREAM_FAILED"),
        (Reply::Stream(b"<html>\n".to_vec(), Then::Silence), "FLIPT_STREAM_FAILED"),
        (Reply::Stream(b"{\"result\":{\"flags\":7}}\n".to_vec(), Then::Silence), "FLIPT_RESPONSE_INVALID"),
    ])
    .await;
}

#[tokio::test]
async fn so_is_every_refusal() {
    is_survived([
        (Reply::status(400), "FLIPT_RESPONSE_UNEXPECTED"),
        (Reply::status(401), "FLIPT_SERVER_UNAUTHENTICATED"),
        (Reply::status(403), "FLIPT_SERVER_FORBIDDEN"),
        (Reply::status(404), "FLIPT_NAMESPACE_NOT_FOUND"),
    ])
    .await;
    is_survived([(Reply::status(503), "FLIPT_SERVER_FAILED")]).await;
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_before_it_is_held() {
    guarded(async {
        let (server, client) = streaming(json!({ "maxSnapshotBytes": 2000 })).await;
        server.next_streams([Reply::Stream(vec![b' '; 5000], Then::Silence)]);
        client.reconnect().await.unwrap();
        let failed = status(&client, |status| status.attempt == 1).await;
        assert_eq!(failed.last_error.unwrap().code(), "FLIPT_RESPONSE_TOO_LARGE");
        push(&server, 2, false);
        arrives(&client, 2).await;
    })
    .await;
}

#[tokio::test]
async fn polling_joins_in_beside_a_broken_stream_and_retires() {
    guarded(async {
        let (server, client) = streaming(json!({ "maxStreamRetries": 2, "updateInterval": 0.05 })).await;
        push(&server, 2, false);
        arrives(&client, 2).await;
        let polls = server.polls().len();
        server.always_stream(Reply::status(503));
        client.reconnect().await.unwrap();
        let joined = status(&client, |status| status.polling_active).await;
        assert_eq!(joined.stream_supported, Some(true));
        let (etag, text) = state(3, true);
        server.serve_silently(Some(&etag), text);
        arrives(&client, 3).await;
        assert!(server.polls().len() > polls + 1);
        server.always_stream(Reply::Live);
        push(&server, 4, false);
        status(&client, |status| status.connection == Connection::Streaming && !status.polling_active).await;
        arrives(&client, 4).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_without_streams_is_polled() {
    guarded(async {
        let plain = Reply::with(&[("content-type", "text/plain")], 404, b"404 page not found");
        for reply in [plain, Reply::status(501)] {
            let (etag, text) = state(1, true);
            let server = Server::start(&etag, text).await;
            server.always_stream(reply);
            let client = started(&server, options(json!({ "updateInterval": 0.05 }))).await;
            let told = status(&client, |status| status.stream_supported == Some(false)).await;
            assert!(told.polling_active);
            let asked = server.streams().len();
            push(&server, 2, false);
            arrives(&client, 2).await;
            server.polls_arrived(server.polls().len() + 3).await;
            assert_eq!(server.streams().len(), asked);
            let polled = status(&client, |status| status.connection == Connection::Polling).await;
            assert!(!polled.stale);
        }
    })
    .await;
}

#[tokio::test]
async fn a_404_of_flipts_own_or_with_polls_failing_says_nothing_about_streams() {
    guarded(async {
        let (server, client) = streaming(json!({ "maxStreamRetries": 100 })).await;
        server.always(Reply::status(503));
        server.always_stream(Reply::with(&[("content-type", "text/html")], 404, b"<html>deploying</html>"));
        let _ = client.reconnect().await;
        let told = status(&client, |status| status.attempt >= 5).await;
        assert_eq!(told.stream_supported, None);
        server.always_stream(Reply::status(404));
        server.always(Reply::Flipt);
        let _ = client.reconnect().await;
        let told = status(&client, |status| status.attempt >= 5 && status.failures == 0).await;
        assert_ne!(told.stream_supported, Some(false));
    })
    .await;
}

#[tokio::test]
async fn silence_ends_in_a_planned_reconnect() {
    guarded(async {
        let (server, client) = streaming(json!({ "streamIdleTimeoutMs": 100, "maxStreamRetries": 0 })).await;
        push(&server, 2, false);
        arrives(&client, 2).await;
        let before = server.polls().len();
        let watched = client.watch();
        server.streams_arrived(4).await;
        assert_eq!(watched.borrow().connection, Connection::Streaming);
        assert_eq!((watched.borrow().attempt, watched.borrow().last_error.is_none()), (0, true));
        assert_eq!(server.polls().len(), before);
        push(&server, 3, true);
        arrives(&client, 3).await;
    })
    .await;
}

#[tokio::test]
async fn the_safety_poll_finds_what_a_stream_cannot_tell() {
    guarded(async {
        let (server, client) = streaming(json!({ "safetyPollIntervalMs": 50 })).await;
        push(&server, 2, false);
        arrives(&client, 2).await;
        let (etag, text) = state(3, true);
        server.serve_silently(Some(&etag), text);
        let found = arrives(&client, 3).await;
        assert_eq!(found.connection, Connection::Streaming);
        server.always(Reply::status(404));
        let gone = status(&client, |status| status.stale).await;
        assert_eq!(gone.last_error.unwrap().code(), "FLIPT_NAMESPACE_NOT_FOUND");
        assert!(is_on(&client, "first").unwrap(), "the state is kept");
        server.always(Reply::Flipt);
        status(&client, |status| !status.stale && status.last_error.is_none()).await;
    })
    .await;
}

#[tokio::test]
async fn a_poll_that_is_older_than_what_the_stream_brought_is_dropped() {
    guarded(async {
        let (server, client) = streaming(json!({})).await;
        let old = body(&digest(7), &[("first", false)]);
        // The poll is sent, the stream delivers, and only then the poll's answer arrives.
        let answer = crate::support::response(200, &[("content-type", "application/json")], &old);
        server.next([Reply::Drip(answer, Duration::from_millis(3))]);
        let refresh = client.refresh();
        let overtake = async {
            server.polls_arrived(2).await;
            push(&server, 8, true);
            arrives(&client, 8).await;
        };
        let mut digests = client.watch();
        let (refreshed, ()) = tokio::join!(refresh, overtake);
        assert!(!refreshed.unwrap());
        assert_eq!(digests.borrow_and_update().digest.as_deref(), Some(&*digest(8)));
        assert!(is_on(&client, "first").unwrap());
        assert_eq!(server.polls().len(), 3, "and asked again at once");
    })
    .await;
}

#[tokio::test]
async fn a_line_that_began_before_a_polls_answer_was_installed_is_not() {
    guarded(async {
        let (server, client) = streaming(json!({})).await;
        let old = line(&body(&digest(7), &[("first", false)]));
        let mut script = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for byte in &old {
            script.extend_from_slice(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
        }
        // The line takes its time; meanwhile a poll brings something newer.
        server.next_streams([Reply::Drip(script, Duration::from_micros(500))]);
        client.reconnect().await.unwrap();
        server.streams_arrived(2).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.serve_silently(Some(&digest(8)), body(&digest(8), &[("first", true), ("second", true)]));
        let before = server.polls().len();
        assert!(client.refresh().await.unwrap());
        server.polls_arrived(before + 2).await;
        status(&client, |status| status.connection == Connection::Streaming).await;
        assert!(is_on(&client, "first").unwrap());
        assert_eq!(client.status().digest.as_deref(), Some(&*digest(8)));
    })
    .await;
}

#[tokio::test]
async fn a_line_that_was_long_on_its_way_does_not_replace_what_a_poll_brought() {
    guarded(async {
        let (server, client) = streaming(json!({})).await;
        push(&server, 2, false);
        arrives(&client, 2).await;
        server.serve_silently(Some(&digest(4)), body(&digest(4), &[("first", true), ("second", true)]));
        assert!(client.refresh().await.unwrap());
        // What the stream says now was in force before that.
        let polls = server.polls().len();
        server.say(state(3, false).1);
        server.polls_arrived(polls + 1).await;
        assert_eq!(client.status().digest.as_deref(), Some(&*digest(4)));
        // It catches up, and is believed again.
        server.say(body(&digest(4), &[("first", true), ("second", true)]));
        let polls = server.polls().len();
        push(&server, 5, false);
        arrives(&client, 5).await;
        assert_eq!((server.polls().len(), server.streams().len()), (polls, 1));
    })
    .await;
}

/// Remembers everything but the log.
struct Events {
    all: Mutex<Vec<Event>>,
    count: watch::Sender<usize>,
}

impl Events {
    fn new() -> Arc<Self> {
        Arc::new(Self { all: Mutex::default(), count: watch::Sender::new(0) })
    }

    fn names(&self) -> Vec<&'static str> {
        let name = |event: &Event| match event {
            Event::Ready => "ready",
            Event::Changed(_) => "changed",
            Event::Status { .. } => "status",
            Event::Stale => "stale",
            Event::Recovered => "recovered",
            Event::Error(_) => "error",
            Event::Closed => "closed",
            _ => "other",
        };
        self.all.lock().unwrap().iter().map(name).collect()
    }

    fn changes(&self) -> Vec<Changed> {
        let change = |event: &Event| if let Event::Changed(changed) = event { Some(changed.clone()) } else { None };
        self.all.lock().unwrap().iter().filter_map(change).collect()
    }

    async fn until(&self, name: &str, times: usize) {
        let enough = |_: &usize| self.names().iter().filter(|other| **other == name).count() >= times;
        self.count.subscribe().wait_for(enough).await.unwrap();
    }
}

impl Observer for Events {
    fn event(&self, event: Event) {
        if !matches!(event, Event::Log { .. }) {
            self.all.lock().unwrap().push(event);
            self.count.send_modify(|count| *count += 1);
        }
    }
}

#[tokio::test]
async fn events_tell_what_happened_once_and_in_order() {
    guarded(async {
        let (etag, text) = state(1, true);
        let server = Server::start(&etag, text).await;
        let events = Events::new();
        let observer: Arc<dyn Observer> = events.clone();
        let client = Client::start(config(&server.url(), options(json!({}))), None, Some(observer)).unwrap();
        client.ready().await.unwrap();
        server.streams_arrived(1).await;
        assert_eq!(events.names(), ["status", "ready"]);
        push(&server, 2, false);
        events.until("changed", 1).await;
        assert!(!is_on(&client, "first").unwrap(), "the new state is in force");
        let changed = &events.changes()[0];
        assert_eq!(
            (changed.change.modified.as_slice(), changed.digest.clone()),
            (&["first".to_owned()][..], Some(digest(2)))
        );
        // Nothing that answers differently: installed, and not told.
        server.serve(Some(&digest(3)), body(&digest(3), &[("first", false)]));
        arrives(&client, 3).await;
        server.always(Reply::status(404));
        assert!(client.refresh().await.is_err());
        events.until("stale", 1).await;
        server.always(Reply::Flipt);
        client.refresh().await.unwrap();
        events.until("recovered", 1).await;
        client.close().await;
        events.until("closed", 1).await;
        let names = events.names();
        assert_eq!(names.iter().filter(|name| **name == "changed").count(), 1, "{names:?}");
        assert_eq!(names.last(), Some(&"closed"));
    })
    .await;
}

#[tokio::test]
async fn closing_while_streaming_leaves_nothing() {
    guarded_alone(async {
        for silent in [true, false] {
            let (server, client) = streaming(json!({})).await;
            if !silent {
                push(&server, 2, false);
                arrives(&client, 2).await;
            }
            client.close().await;
            server.closed().await;
            drop(client);
            released().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_callers_fetch_cannot_stream() {
    guarded(async {
        let fetch = crate::support::Scripted::new(|_, _| Box::pin(async { unreachable!("nothing is fetched") }));
        let options = config("http://unused", json!({ "fetchMode": "streaming" }));
        let error = Client::start(options, Some(fetch), None).err().unwrap();
        assert!(error.to_string().contains("fetchMode"), "{error}");
    })
    .await;
}
