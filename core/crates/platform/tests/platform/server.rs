//! A TLS server with a script: the n-th request gets the n-th reply, later ones the last. It speaks HTTP by writing bytes,
//! so that it can also speak it badly.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use eid_crypto::{CryptoError, Random};
use eid_platform::{PlatformClient, PlatformConfig, Timeouts};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// One scripted reply.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then an orderly end.
    Bytes(Vec<u8>),
    /// These bytes, then the connection breaks.
    Cut(Vec<u8>),
    /// This head, then a chunked body that never ends.
    Endless(Vec<u8>),
    /// That one, 300 ms late.
    Late(Box<Reply>),
    /// This beginning, then nothing, with the connection held open.
    Silence(String),
}

impl Reply {
    /// A whole answer.
    pub(crate) fn new(status: u16, media: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        Self::raw(
            &format!("HTTP/1.1 {status} X\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", body.len()),
            body,
        )
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(crate) fn problem(status: u16, body: &str) -> Self {
        Self::new(status, "application/problem+json", body)
    }

    pub(crate) fn raw(head: &str, body: &[u8]) -> Self {
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

/// One request as it arrived.
pub(crate) struct Seen {
    /// Request line and header lines, names in lower case.
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        &self.head[0]
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How the server's certificate is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Certificate {
    Right,
    OtherCa,
    OtherName,
    Expired,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) ca_der: Vec<u8>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(replies: impl Into<Vec<Reply>>) -> Self {
        let replies = replies.into();
        Self::start_with(Certificate::Right, |_| replies).await
    }

    /// A server whose replies depend on its URL.
    pub(crate) async fn start_with(certificate: Certificate, replies: impl FnOnce(&str) -> Vec<Reply>) -> Self {
        let (config, ca_der) = tls(certificate);
        Self::start_on(config, ca_der, replies).await
    }

    /// A server with these TLS settings.
    pub(crate) async fn start_on(
        config: ServerConfig,
        ca_der: Vec<u8>,
        replies: impl FnOnce(&str) -> Vec<Reply>,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url_of(listener.local_addr().unwrap());
        let (seen, replies) = (Arc::default(), Arc::new(replies(&url)));
        let server = Self { url, ca_der, seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (acceptor, seen, replies) = (acceptor.clone(), Arc::clone(&seen), Arc::clone(&replies));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        serve(stream, &seen, &replies).await;
                    }
                });
            }
        });
        server
    }

    /// A client that trusts this server, with short times.
    pub(crate) fn client(&self) -> PlatformClient {
        client(&self.url, &self.ca_der, Timeouts::default())
    }

    pub(crate) fn client_with(&self, timeouts: Timeouts) -> PlatformClient {
        client(&self.url, &self.ca_der, timeouts)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The only request that arrived.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }
}

pub(crate) fn client(url: &str, ca_der: &[u8], timeouts: Timeouts) -> PlatformClient {
    let config = PlatformConfig { base_url: url.to_owned(), ca_der: vec![ca_der.to_vec()], timeouts };
    PlatformClient::new(&config, Arc::new(Counting(Mutex::new(0)))).unwrap()
}

pub(crate) fn url_of(address: SocketAddr) -> String {
    format!("https://{address}")
}

/// Different bytes each time, and as a 64-bit number so small that no repeat waits.
struct Counting(Mutex<u8>);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        out.fill(0);
        out[0] = *count;
        Ok(())
    }
}

/// A server's TLS settings and the CA that its clients are told to trust.
pub(crate) fn tls(certificate: Certificate) -> (ServerConfig, Vec<u8>) {
    let ca = ca();
    let signing_ca = if certificate == Certificate::OtherCa { self::ca() } else { ca };
    let name = if certificate == Certificate::OtherName { "10.0.0.1" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if certificate == Certificate::Expired {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &signing_ca).unwrap();
    let trusted = if certificate == Certificate::OtherCa { self::ca() } else { signing_ca };
    (serving(&leaf, &key), trusted.der().to_vec())
}

/// The settings of a server with this certificate.
pub(crate) fn serving(leaf: &rcgen::Certificate, key: &KeyPair) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn ca() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test CA");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn serve(mut stream: TlsStream<TcpStream>, seen: &Mutex<Vec<Seen>>, replies: &[Reply]) {
    let Some(request) = read_request(&mut stream).await else { return };
    let reply = {
        let mut seen = seen.lock().unwrap();
        let at = seen.len().min(replies.len() - 1);
        seen.push(request);
        replies[at].clone()
    };
    // An error is the client's hanging up, which several tests are about.
    drop(answer(&mut stream, reply).await);
}

async fn answer(stream: &mut TlsStream<TcpStream>, reply: Reply) -> io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Cut(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await
        }
        Reply::Endless(head) => {
            stream.write_all(&head).await?;
            let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await?;
            }
        }
        Reply::Late(reply) => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Box::pin(answer(stream, *reply)).await
        }
        Reply::Silence(beginning) => {
            stream.write_all(beginning.as_bytes()).await?;
            stream.flush().await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
    }
}

async fn read_request(stream: &mut TlsStream<TcpStream>) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<String> = std::str::from_utf8(&bytes[..end]).unwrap().split("\r\n").map(str::to_owned).collect();
    let mut seen = Seen { head, body: bytes.split_off(end + 4) };
    let length = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
    while seen.body.len() < length {
        if stream.read_buf(&mut seen.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(seen)
}
