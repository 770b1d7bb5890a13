//! Everything that can be wrong with the other side, each with its typed error, its code, and as many tries as it deserves.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use eid_model::Code;
use eid_platform::{ActivationId, Flaw, MAX_ANSWER, OneTimeCode, PlatformError, Timeouts};
use rustls::crypto::CryptoProvider;
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    calls::{STARTED, id, start},
    server::{Certificate, Reply, Server, client, tls, url_of},
};

/// The tries of a call that is repeated as often as the policy allows.
const ALL: usize = 5;

const JSON_HEAD: &str = "HTTP/1.1 201 X\r\nContent-Type: application/json\r\n";

fn refused(code: Code, tries_left: Option<u8>, seconds: Option<u64>) -> PlatformError {
    PlatformError::Refused { code, tries_left, retry_after: seconds.map(Duration::from_secs) }
}

fn with_length(length: usize) -> String {
    format!("{JSON_HEAD}Content-Length: {length}\r\n\r\n")
}

fn chunked() -> String {
    format!("{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n")
}

fn short(connect: u64, attempt: u64, total: u64) -> Timeouts {
    let [connect, attempt, total] = [connect, attempt, total].map(Duration::from_millis);
    Timeouts { connect, attempt, total }
}

/// Each reply gives this error after this number of tries.
async fn give(error: PlatformError, code: u16, tries: usize, replies: impl IntoIterator<Item = (&str, Reply)>) {
    for (what, reply) in replies {
        let server = Server::start([reply]).await;
        let got = start(&server).await.unwrap_err();
        assert_eq!((got, got.code().number()), (error, code), "{what}");
        assert_eq!(server.seen().len(), tries, "{what}");
    }
}

#[tokio::test]
async fn refusal_gives_its_code_and_is_not_repeated() {
    let mismatch = Reply::problem(409, r#"{"code":7010}"#);
    give(refused(Code::REGISTER_MISMATCH, None, None), 7010, 1, [("of the table", mismatch)]).await;
    let unknown = [
        ("of a newer platform", Reply::problem(400, r#"{"code":6999}"#)),
        ("not the platform's to say", Reply::problem(500, r#"{"code":1099}"#)),
    ];
    give(refused(Code::PLATFORM_REFUSED, None, None), 7006, 1, unknown).await;
}

#[tokio::test]
async fn nonsense_gives_its_flaw_and_is_not_repeated() {
    let shape = [
        ("refused with broken JSON", Reply::problem(400, r#"{"code":"#)),
        ("no JSON", Reply::json(201, "\u{7f}ELF")),
        ("wrong type", Reply::json(201, r#"{"activation_id":7,"code_expires_at":1}"#)),
        ("missing field", Reply::json(201, r#"{"activation_id":"a"}"#)),
        ("empty body", Reply::json(201, "")),
    ];
    let media = [
        ("refused in HTML", Reply::new(403, "text/html", "<h1>No</h1>")),
        ("other media type", Reply::new(201, "text/plain", STARTED)),
    ];
    let elsewhere = "HTTP/1.1 307 X\r\nLocation: https://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    let beyond = MAX_ANSWER + 1;
    let large = [
        ("too long", Reply::json(201, &" ".repeat(beyond))),
        ("announced and never sent", Reply::raw(&with_length(usize::MAX >> 1), b"{")),
        ("endless, in chunks", Reply::Endless(chunked().into())),
        ("endless, without a length", Reply::Endless(format!("{JSON_HEAD}\r\n").into())),
    ];
    give(PlatformError::Nonsense(Flaw::Shape), 7003, 1, shape).await;
    give(PlatformError::Nonsense(Flaw::MediaType), 7003, 1, media).await;
    give(PlatformError::Nonsense(Flaw::Status), 7003, 1, [("other status", Reply::json(200, STARTED))]).await;
    give(PlatformError::Nonsense(Flaw::Redirect), 7003, 1, [("redirect", Reply::raw(elsewhere, b""))]).await;
    give(PlatformError::Nonsense(Flaw::TooLarge), 7003, 1, large).await;
}

#[tokio::test]
async fn broken_connection_is_repeated_and_then_told() {
    let broken = [
        ("cut in the body", Reply::Cut([with_length(100).as_bytes(), b"{\"act"].concat())),
        ("ended in the body", Reply::raw(&with_length(100), b"{\"act")),
        ("cut between chunks", Reply::Cut([chunked().as_bytes(), b"2\r\n{}\r\n"].concat())),
        ("cut in a body without a length", Reply::Cut(format!("{JSON_HEAD}\r\n{STARTED}").into())),
        ("cut in the head", Reply::Cut(b"HTTP/1.1 201 X\r\nConte".to_vec())),
        ("cut before the head", Reply::Cut(Vec::new())),
        ("no HTTP", Reply::Bytes(b"220 mail.example ESMTP\r\n".to_vec())),
    ];
    give(PlatformError::Interrupted, 7016, ALL, broken).await;
}

#[tokio::test]
async fn busy_platform_is_asked_again_unless_it_names_a_later_time() {
    let (busy, often) = (Code::PLATFORM_BUSY, Code::TOO_MANY_REQUESTS);
    let after = |status: u16, seconds: u32| {
        Reply::raw(&format!("HTTP/1.1 {status} X\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n"), b"")
    };
    let down = Reply::new(503, "text/html", "<h1>Maintenance</h1>");
    give(PlatformError::Busy { code: busy, retry_after: None }, 7004, ALL, [("down", down)]).await;
    let wait = |seconds| Some(Duration::from_secs(seconds));
    give(PlatformError::Busy { code: busy, retry_after: wait(0) }, 7004, ALL, [("now", after(503, 0))]).await;
    give(PlatformError::Busy { code: busy, retry_after: wait(60) }, 7004, 1, [("later", after(503, 60))]).await;
    let no_time = Reply::problem(429, r#"{"code":7015}"#);
    give(PlatformError::Busy { code: often, retry_after: None }, 7015, 1, [("often, no time", no_time)]).await;
    give(PlatformError::Busy { code: often, retry_after: wait(3600) }, 7015, 1, [("often", after(429, 86_400))]).await;
}

#[tokio::test]
async fn wait_that_the_platform_names_is_kept() {
    let later = Reply::raw("HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", b"");
    let server = Server::start([later, Reply::json(201, STARTED)]).await;
    let began = tokio::time::Instant::now();
    start(&server).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn answer_of_exactly_the_greatest_length_is_read() {
    let body = [STARTED.as_bytes(), &vec![b' '; MAX_ANSWER - STARTED.len()]].concat();
    let server = Server::start([Reply::new(201, "application/json", &body)]).await;
    assert!(start(&server).await.is_ok());
}

#[tokio::test]
async fn activation_repeated_after_a_lost_answer_is_the_same_request() {
    let lost = Reply::Cut(Vec::new());
    let server = Server::start([lost, Reply::problem(502, ""), Reply::json(201, STARTED)]).await;
    start(&server).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|s| s.body == seen[0].body && s.header("idempotency-key").is_some()));
    assert!(seen.iter().all(|s| s.header("idempotency-key") == seen[0].header("idempotency-key")));
}

#[tokio::test]
async fn one_time_code_is_never_sent_twice() {
    for (reply, code) in [
        (Reply::problem(503, "{}"), 7004),
        (Reply::Cut(Vec::new()), 7016),
        (Reply::problem(400, r#"{"code":2010,"tries_left":4}"#), 2010),
    ] {
        let server = Server::start([reply]).await;
        let digits = OneTimeCode::parse("271828").unwrap();
        let error = server.client().confirm_code(&id::<ActivationId>("act-1"), &digits).await.unwrap_err();
        assert_eq!(error.code().number(), code);
        if code == 2010 {
            assert_eq!(error, refused(Code::CODE_WRONG, Some(4), None));
        }
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn server_that_is_not_the_platform_gets_no_request() {
    for certificate in [Certificate::OtherCa, Certificate::OtherName, Certificate::Expired] {
        let server = Server::start_with(certificate, |_| vec![Reply::json(201, STARTED)]).await;
        let error = start(&server).await.unwrap_err();
        assert_eq!((error, error.code()), (PlatformError::Untrusted, Code::PLATFORM_UNTRUSTED), "{certificate:?}");
        assert!(server.seen().is_empty(), "{certificate:?}");
    }
    let server = Server::start([Reply::json(201, STARTED)]).await;
    assert!(start(&server).await.is_ok());
}

/// A listener that treats each connection in its own way.
async fn listener<F: Future<Output = ()> + Send>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url_of(listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            treat(socket).await;
        }
    });
    url
}

#[tokio::test]
async fn other_end_that_is_missing_mute_or_no_tls_is_told_apart() {
    let (_, ca_der) = tls(Certificate::Right);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = url_of(closed.local_addr().unwrap());
    drop(closed);
    let (hangs_up, mute, plain) = (
        listener(|socket| async move { drop(socket) }).await,
        listener(|mut socket| async move {
            let mut bytes = Vec::new();
            drop(socket.read_to_end(&mut bytes).await);
        })
        .await,
        listener(|socket| async move {
            socket.writable().await.unwrap();
            let _ = socket.try_write(b"HTTP/1.1 302 Found\r\nLocation: http://portal.example\r\n\r\n").unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        })
        .await,
    );
    for (url, error) in [
        (nobody, PlatformError::Unreachable),
        (hangs_up, PlatformError::Unreachable),
        (mute, PlatformError::Unreachable),
        (plain, PlatformError::Untrusted),
    ] {
        let result = client(&url, &ca_der, short(100, 500, 2000)).nonce().await;
        assert_eq!(result, Err(error), "{url}");
    }
}

#[tokio::test]
async fn slow_answer_times_out_in_each_try_and_in_all() {
    // The time runs until the last byte, not until the first.
    let begins = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{".to_owned();
    for (reply, timeouts, tries) in [
        (Reply::Silence(String::new()), short(1000, 300, 60_000), ALL),
        (Reply::Silence(begins), short(1000, 300, 60_000), ALL),
        (Reply::Silence(String::new()), short(1000, 400, 1000), 3),
        (Reply::Silence(String::new()), short(1000, 60_000, 300), 1),
    ] {
        let server = Server::start([reply]).await;
        let began = tokio::time::Instant::now();
        let error = server.client_with(timeouts).nonce().await.unwrap_err();
        assert_eq!((error, error.code()), (PlatformError::Timeout, Code::NETWORK_TIMEOUT));
        assert_eq!(server.seen().len(), tries);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn client_needs_no_process_wide_tls_provider_and_sets_none() {
    assert!(CryptoProvider::get_default().is_none());
    let server = Server::start([Reply::json(201, STARTED)]).await;
    start(&server).await.unwrap();
    assert!(CryptoProvider::get_default().is_none());
}

/// A TLS listener for axum that tells which protocol was agreed on.
struct Http2 {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    agreed: Option<oneshot::Sender<Vec<u8>>>,
}

impl axum::serve::Listener for Http2 {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (socket, address) = self.listener.accept().await.unwrap();
        let stream = self.acceptor.accept(socket).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
        // A second connection finds the sender gone, and the test fails.
        self.agreed.take().unwrap().send(protocol).unwrap();
        (stream, address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

#[tokio::test]
async fn platform_that_offers_http_2_is_spoken_to_over_one_connection() {
    let (mut config, ca_der) = tls(Certificate::Right);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url_of(listener.local_addr().unwrap());
    let (agreed, protocol) = oneshot::channel();
    let listener = Http2 { listener, acceptor: TlsAcceptor::from(Arc::new(config)), agreed: Some(agreed) };
    let cose = || async { ([("content-type", "application/cose")], vec![0xd2_u8]) };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/trust-list", get(cose))).await });

    let client = client(&url, &ca_der, Timeouts::default());
    let (first, second) = (client.trust_list().await, client.trust_list().await);
    assert_eq!((first, second), (Ok(vec![0xd2]), Ok(vec![0xd2])));
    assert_eq!(protocol.await.unwrap(), b"h2");
}
