//! The same platform over real TLS.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{StatusCode, header};
use eid_crypto::VerifyingKey;
use eid_proof::TrustList;
use eid_sandbox::{Fault, SANDBOX_ROOT, Sandbox, SandboxConfig, Storage};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

fn connector(authority: Vec<u8>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

pub(crate) async fn connect(
    address: SocketAddr,
    authority: Vec<u8>,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    connector(authority).connect(ServerName::try_from(name).unwrap(), stream).await
}

/// Head and body of the answer, and whether the body is as long as promised.
async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> (String, Vec<u8>, bool) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that breaks off closes without TLS's goodbye, which is an error here.
    let ended_well = stream.read_to_end(&mut answer).await.is_ok();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let body = answer[end + 4..].to_vec();
    let promised = head.lines().find_map(|line| line.strip_prefix(&format!("{}: ", header::CONTENT_LENGTH)));
    let whole = ended_well && promised.unwrap().parse() == Ok(body.len());
    (head, body, whole)
}

#[tokio::test]
async fn client_that_trusts_the_authority_gets_the_trust_list() {
    let sandbox = Sandbox::start(&SandboxConfig::default()).unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let mut stream = connect(sandbox.address(), sandbox.ca_der().unwrap(), name).await.unwrap();
        let (head, body, whole) = get(&mut stream, "/v1/trust-list").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {}", StatusCode::OK)) && whole, "{head}");
        TrustList::parse(&body, &[VerifyingKey::parse(SANDBOX_ROOT).unwrap()]).unwrap();
    }
    assert_eq!(sandbox.base_url(), format!("https://127.0.0.1:{}", sandbox.address().port()));
    assert!(sandbox.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    sandbox.stop();
}

#[tokio::test]
async fn client_that_trusts_another_authority_or_name_is_not_served() {
    let (sandbox, other) = (start(), start());
    assert!(connect(sandbox.address(), other.ca_der().unwrap(), "localhost").await.is_err());
    assert!(connect(sandbox.address(), sandbox.ca_der().unwrap(), "e.example").await.is_err());
    assert!(connect(sandbox.address(), sandbox.ca_der().unwrap(), "localhost").await.is_ok());
}

fn start() -> eid_sandbox::RunningSandbox {
    Sandbox::start(&SandboxConfig::default()).unwrap()
}

#[tokio::test]
async fn silent_clients_do_not_hold_up_others() {
    let sandbox = start();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(sandbox.address()).await.unwrap());
    }
    let mut stream = connect(sandbox.address(), sandbox.ca_der().unwrap(), "localhost").await.unwrap();
    assert!(get(&mut stream, "/sandbox/people").await.2);
}

#[tokio::test]
async fn truncated_answer_breaks_off_on_the_wire() {
    let sandbox = start();
    sandbox.set_fault(Fault::Truncated);
    let mut stream = connect(sandbox.address(), sandbox.ca_der().unwrap(), "localhost").await.unwrap();
    let (head, body, whole) = get(&mut stream, "/v1/trust-list").await;
    assert!(head.starts_with("HTTP/1.1 200") && !body.is_empty() && !whole);
}

#[tokio::test]
async fn stopped_sandbox_refuses_connections_and_starts_again_with_the_same_authority() {
    let directory = tempfile::TempDir::new().unwrap();
    let storage = Storage::File(directory.path().join("sandbox.db"));
    let config = SandboxConfig { storage, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(&config).unwrap();
    let (address, authority) = (sandbox.address(), sandbox.ca_der().unwrap());
    let idle = connect(address, authority.clone(), "localhost").await.unwrap();
    sandbox.stop();
    assert!(TcpStream::connect(address).await.is_err());
    drop(idle);

    let config = SandboxConfig { listen: address, ..config };
    let again = Sandbox::start(&config).unwrap();
    assert!(connect(again.address(), authority, "localhost").await.is_ok());
    assert!(Sandbox::start(&config).is_err(), "the address is taken");
}
