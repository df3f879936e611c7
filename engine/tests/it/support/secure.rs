//! TLS on loopback: an authority, its certificates, and servers that show them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::{TlsAcceptor, TlsStream};

/// Issues certificates that nobody trusts who was not told to.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, both as PEM text.
pub(crate) struct Credentials {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(&self, hosts: &[&str]) -> Credentials {
        self.sign(&params(hosts))
    }

    pub(crate) fn issue_expired(&self, hosts: &[&str]) -> Credentials {
        self.sign(&expired(params(hosts)))
    }

    fn sign(&self, params: &CertificateParams) -> Credentials {
        let key = KeyPair::generate().unwrap();
        Credentials { certificate: params.signed_by(&key, &self.0).unwrap().pem(), key: key.serialize_pem() }
    }
}

impl Credentials {
    /// As people make them by hand: marked as an authority, and its own issuer.
    pub(crate) fn self_signed(hosts: &[&str]) -> Self {
        Self::of_its_own(params(hosts))
    }

    pub(crate) fn self_signed_and_expired(hosts: &[&str]) -> Self {
        Self::of_its_own(expired(params(hosts)))
    }

    fn of_its_own(mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }

    /// A server with this certificate.
    pub(crate) fn server(&self) -> ServerConfig {
        self.finish(builder().with_no_client_auth())
    }

    /// The same for clients that show a certificate of this authority.
    pub(crate) fn server_for(&self, clients: &Authority) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(clients.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        self.finish(builder().with_client_cert_verifier(verifier))
    }

    fn finish(&self, builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>) -> ServerConfig {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        builder.with_single_cert(chain, key).unwrap()
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_after = date_time_ymd(2001, 1, 1);
    params
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap()
}

/// Ends TLS before a plain server, one connection there for each one here. Ends when dropped.
pub(crate) struct Front {
    address: SocketAddr,
    accepted: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn start(server: SocketAddr, config: ServerConfig) -> Self {
        let (listener, address) = listen().await;
        let (count, accepted) = watch::channel(0);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Some(mut stream) = accept(&acceptor, stream).await else { return };
                    let mut plain = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
        Self { address, accepted, task }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections so far, whatever became of them.
    pub(crate) fn accepted(&self) -> usize {
        *self.accepted.borrow()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A handshake; after a failed one the client's bytes are read on, or its alert would be lost with them.
async fn accept(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => Some(stream.into()),
        Err((_, mut stream)) => {
            let _ = stream.read_to_end(&mut Vec::new()).await;
            None
        }
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What happened on one connection of a [`Multiplexed`] server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// Requests that were answered.
    pub(crate) polls: usize,
    /// Streams that are open.
    pub(crate) streams: usize,
    /// Whether the connection is gone.
    pub(crate) closed: bool,
}

/// A server that speaks HTTP/2 only. Ends when dropped.
pub(crate) struct Multiplexed {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    body: Vec<u8>,
    holding: Mutex<bool>,
    traffic: watch::Sender<Vec<Traffic>>,
    lines: watch::Sender<Vec<u8>>,
}

impl Multiplexed {
    /// Answers each request for a snapshot with this body; a stream begins with the first [`line`](Self::line).
    pub(crate) async fn start(mut config: ServerConfig, body: Vec<u8>) -> Self {
        config.alpn_protocols = vec![b"h2".to_vec()];
        let (listener, address) = listen().await;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared = Arc::new(Shared {
            body,
            holding: Mutex::new(false),
            traffic: watch::Sender::new(Vec::new()),
            lines: watch::Sender::new(Vec::new()),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&serving));
                let mut number = 0;
                shared.traffic.send_modify(|traffic| {
                    number = traffic.len();
                    traffic.push(Traffic::default());
                });
                connections.spawn(async move {
                    if let Some(stream) = accept(&acceptor, stream).await {
                        let _ = Arc::clone(&shared).serve(number, stream).await;
                    }
                    shared.traffic.send_modify(|traffic| traffic[number].closed = true);
                });
            }
        });
        Self { address, shared, task }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }

    /// Sends a line on every stream, those included that open later.
    pub(crate) fn line(&self, line: &[u8]) {
        self.shared.lines.send_replace(line.to_vec());
    }

    /// Whether requests for a snapshot stay without an answer from now on.
    pub(crate) fn hold(&self, holding: bool) {
        *self.shared.holding.lock().unwrap() = holding;
    }

    /// All connections, in the order in which they were made.
    pub(crate) fn traffic(&self) -> Vec<Traffic> {
        self.shared.traffic.borrow().clone()
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&[Traffic]) -> bool) -> Vec<Traffic> {
        self.shared.traffic.subscribe().wait_for(|traffic| wanted(traffic)).await.unwrap().clone()
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, number: usize, stream: TlsStream<TcpStream>) -> Result<(), h2::Error> {
        let mut connection =
            h2::server::Builder::new().max_concurrent_streams(250).handshake::<_, bytes::Bytes>(stream).await?;
        let mut responses = tokio::task::JoinSet::new();
        while let Some(request) = connection.accept().await {
            let (request, respond) = request?;
            let shared = Arc::clone(&self);
            if request.uri().path().ends_with("/stream") {
                responses.spawn(async move { shared.stream(number, respond).await });
            } else {
                responses.spawn(async move { shared.poll(number, respond).await });
            }
        }
        Ok(())
    }

    async fn poll(&self, number: usize, mut respond: h2::server::SendResponse<bytes::Bytes>) {
        if *self.holding.lock().unwrap() {
            let _ = std::future::poll_fn(|context| respond.poll_reset(context)).await;
            return;
        }
        self.traffic.send_modify(|traffic| traffic[number].polls += 1);
        let head = http::Response::builder().header("content-type", "application/json").body(()).unwrap();
        let Ok(mut body) = respond.send_response(head, false) else { return };
        let _ = body.send_data(self.body.clone().into(), true);
    }

    /// The head goes out with the first line, as Flipt does it.
    async fn stream(&self, number: usize, mut respond: h2::server::SendResponse<bytes::Bytes>) {
        self.traffic.send_modify(|traffic| traffic[number].streams += 1);
        let mut lines = self.lines.subscribe();
        let first = tokio::select! {
            first = lines.wait_for(|line| !line.is_empty()) => Some(first.unwrap().clone()),
            _ = std::future::poll_fn(|context| respond.poll_reset(context)) => None,
        };
        if let Some(mut line) = first {
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            while body.send_data(line.into(), false).is_ok() {
                let next = tokio::select! {
                    changed = lines.changed() => changed.is_ok(),
                    _ = std::future::poll_fn(|context| body.poll_reset(context)) => false,
                };
                if !next {
                    break;
                }
                line = lines.borrow_and_update().clone();
            }
        }
        self.traffic.send_modify(|traffic| traffic[number].streams -= 1);
    }
}
