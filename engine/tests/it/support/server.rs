use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::reply::{Reply, Then, chunk, gzip, line, response};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) at: Instant,
    pub(crate) body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Recorded {
    fn is_stream(&self) -> bool {
        self.target.starts_with("/client/v2/")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

struct State {
    body: Vec<u8>,
    etag: Option<String>,
    queue: VecDeque<Reply>,
    standing: Reply,
    stream_queue: VecDeque<Reply>,
    standing_stream: Reply,
    said: VecDeque<Vec<u8>>,
    admitted: Option<Vec<String>>,
    requests: Vec<Recorded>,
}

/// A Flipt server as far as snapshots go, which follows a script. Ends when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    pushed: Arc<watch::Sender<usize>>,
    requests: watch::Receiver<usize>,
    open: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a body under its ETag.
    pub(crate) async fn start(etag: &str, body: Vec<u8>) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), etag, body).await.unwrap()
    }

    /// The same at another address, where the system has it.
    pub(crate) async fn at(address: SocketAddr, etag: &str, body: Vec<u8>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            body,
            etag: Some(etag.to_owned()),
            queue: VecDeque::new(),
            standing: Reply::Flipt,
            stream_queue: VecDeque::new(),
            standing_stream: Reply::Live,
            said: VecDeque::new(),
            admitted: None,
            requests: Vec::new(),
        }));
        let (seen, requests) = watch::channel(0);
        let (opened, open) = watch::channel(0);
        let shared = Arc::clone(&state);
        let opened = Arc::new(opened);
        let seen = Arc::new(seen);
        let pushed = Arc::new(watch::Sender::new(0));
        let pushes = Arc::clone(&pushed);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (state, seen, opened) = (Arc::clone(&shared), Arc::clone(&seen), Arc::clone(&opened));
                let pushes = pushes.subscribe();
                opened.send_modify(|count| *count += 1);
                connections.spawn(async move {
                    // An error here is the client's going away, which tests see by `closed`.
                    let _ = serve(stream, &state, &seen, pushes).await;
                    opened.send_modify(|count| *count -= 1);
                });
            }
        });
        Ok(Self { address, state, pushed, requests, open, task })
    }

    /// Serves one flag, `first`, which is on.
    pub(crate) async fn simple() -> Self {
        Self::start("d1", super::body("d1", &[("first", true)])).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn place(&self) -> String {
        self.address.to_string()
    }

    /// Puts a body in force for polls and streams.
    pub(crate) fn serve(&self, etag: Option<&str>, body: Vec<u8>) {
        self.serve_silently(etag, body);
        self.pushed.send_modify(|pushes| *pushes += 1);
    }

    /// The same, but no open stream is told.
    pub(crate) fn serve_silently(&self, etag: Option<&str>, body: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        state.etag = etag.map(str::to_owned);
        state.body = body;
    }

    /// Sends a body on the open streams that polls never see.
    pub(crate) fn say(&self, body: Vec<u8>) {
        self.state.lock().unwrap().said.push_back(body);
        self.pushed.send_modify(|pushes| *pushes += 1);
    }

    /// As [`next`](Self::next), for streams.
    pub(crate) fn next_streams(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().stream_queue.extend(replies);
    }

    pub(crate) fn always_stream(&self, reply: Reply) {
        self.state.lock().unwrap().standing_stream = reply;
    }

    /// The requests for streams alone.
    pub(crate) fn streams(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(Recorded::is_stream).collect()
    }

    pub(crate) fn polls(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| !request.is_stream()).collect()
    }

    /// Waits until so many streams were asked for.
    pub(crate) async fn streams_arrived(&self, count: usize) {
        self.requests.clone().wait_for(|_| self.streams().len() >= count).await.unwrap();
    }

    /// Waits until so many polls have arrived.
    pub(crate) async fn polls_arrived(&self, count: usize) {
        self.requests.clone().wait_for(|_| self.polls().len() >= count).await.unwrap();
    }

    /// Answers the next requests like this, in order; after them the standing reply is back.
    pub(crate) fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().queue.extend(replies);
    }

    pub(crate) fn always(&self, reply: Reply) {
        self.state.lock().unwrap().standing = reply;
    }

    /// Lets requests in with one of these in `Authorization`, and answers the others with 401.
    pub(crate) fn admit(&self, credentials: &[&str]) {
        let credentials = credentials.iter().map(|&credential| credential.to_owned()).collect();
        self.state.lock().unwrap().admitted = Some(credentials);
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(crate) fn count(&self) -> usize {
        *self.requests.borrow()
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn arrived(&self, count: usize) {
        self.requests.clone().wait_for(|seen| *seen >= count).await.unwrap();
    }

    /// The connections that are open.
    pub(crate) fn open(&self) -> usize {
        *self.open.borrow()
    }

    /// Waits until no connection is open.
    pub(crate) async fn closed(&self) {
        self.open.clone().wait_for(|open| *open == 0).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    state: &Mutex<State>,
    seen: &watch::Sender<usize>,
    mut pushes: watch::Receiver<usize>,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await? {
        let reply = {
            let mut state = state.lock().unwrap();
            state.requests.push(request.clone());
            let scripted = if request.is_stream() { &mut state.stream_queue } else { &mut state.queue };
            let scripted = scripted.pop_front();
            let standing = if request.is_stream() { &state.standing_stream } else { &state.standing };
            let reply = scripted.unwrap_or_else(|| standing.clone());
            pushes.mark_unchanged();
            match reply {
                Reply::Flipt => Reply::Raw(as_flipt(&request, &state)),
                other => other,
            }
        };
        seen.send_modify(|count| *count += 1);
        match reply {
            Reply::Flipt => unreachable!("was answered above"),
            Reply::Raw(bytes) => stream.write_all(&bytes).await?,
            Reply::Cut(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Stall(bytes) => {
                stream.write_all(&bytes).await?;
                // Ends when the client closes the connection.
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Reply::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Reply::Reset => return stream.set_zero_linger(),
            Reply::Live => return live(stream, state, pushes, &request, false).await,
            Reply::Stream(bytes, then) => {
                stream.write_all(STREAM_HEAD).await?;
                stream.write_all(&chunk(&bytes)).await?;
                match then {
                    Then::End => stream.write_all(b"0\r\n\r\n").await?,
                    Then::Cut => return stream.shutdown().await,
                    Then::Silence => return stream.read_to_end(&mut Vec::new()).await.map(drop),
                    Then::Live => return live(stream, state, pushes, &request, true).await,
                }
            }
        }
    }
    Ok(())
}

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

/// Sends the state in force unless the client named its digest, and every state that is pushed; headers come with the
/// first message, and each newline is a chunk of its own.
async fn live(
    mut stream: TcpStream,
    state: &Mutex<State>,
    mut pushes: watch::Receiver<usize>,
    request: &Recorded,
    mut begun: bool,
) -> std::io::Result<()> {
    let digest = request.target.split_once("?digest=").map(|(_, digest)| digest.to_owned());
    let mut sent = {
        let state = state.lock().unwrap();
        let current = begun || digest.is_some() && digest == state.etag;
        current.then(|| state.body.clone())
    };
    loop {
        let bodies = {
            let mut state = state.lock().unwrap();
            let mut bodies: Vec<Vec<u8>> = state.said.drain(..).collect();
            if sent.as_ref() != Some(&state.body) {
                bodies.push(state.body.clone());
                sent = Some(state.body.clone());
            }
            bodies
        };
        for body in bodies {
            if !begun {
                stream.write_all(STREAM_HEAD).await?;
                begun = true;
            }
            let line = line(&body);
            let (line, end) = line.split_at(line.len() - 1);
            stream.write_all(&chunk(line)).await?;
            stream.write_all(&chunk(end)).await?;
        }
        let mut byte = [0];
        tokio::select! {
            pushed = pushes.changed() => if pushed.is_err() { return Ok(()) },
            read = stream.read(&mut byte) => if read? == 0 { return Ok(()) },
        }
    }
}

fn as_flipt(request: &Recorded, state: &State) -> Vec<u8> {
    let credential = request.header("authorization").unwrap_or_default();
    if state.admitted.as_ref().is_some_and(|admitted| !admitted.iter().any(|one| one == credential)) {
        let body = br#"{"code":16,"message":"request was not authenticated","details":[]}"#;
        return response(401, &[("content-type", "application/json")], body);
    }
    let etag: Vec<(&str, &str)> = state.etag.iter().map(|etag| ("etag", etag.as_str())).collect();
    if state.etag.is_some() && request.header("if-none-match") == state.etag.as_deref() {
        return response(304, &etag, b"");
    }
    let mut headers = etag;
    headers.push(("content-type", "application/json"));
    if request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip")) {
        headers.push(("content-encoding", "gzip"));
        return response(200, &headers, &gzip(&state.body));
    }
    response(200, &headers, &state.body)
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Recorded>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let at = Instant::now();
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let [method, target] = [first.next(), first.next()].map(|part| part.unwrap_or_default().to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut request = Recorded { method, target, at, headers, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    request.body = buffer.drain(..length).collect();
    Ok(Some(request))
}
