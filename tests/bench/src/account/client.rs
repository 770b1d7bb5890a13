//! A phone that signs in by hand: one connection, HTTP/1.1, two keys in software.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{SigningKey, SystemRandom, VerifyingKey, hpke, random};
use eid_sandbox::{Clock, Person, RunningSandbox};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Failed;

/// Bytes of a request and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) sent: usize,
    pub(crate) got: usize,
}

/// A phone with an account, and its connection.
pub(crate) struct Phone {
    connection: Connection,
    platform: String,
    account: String,
    device: SigningKey,
    passcode: SigningKey,
    seq: u32,
}

impl Phone {
    /// By a voucher, without a card.
    pub(crate) async fn activate(sandbox: &RunningSandbox, person: &Person) -> Result<Self, Failed> {
        let platform = sandbox.base_url().to_owned();
        let connection = Connection::open(&platform, &sandbox.ca_der()?).await?;
        let (device, passcode) = (SigningKey::make()?, SigningKey::make()?);
        let mut phone = Self { connection, platform, account: String::new(), device, passcode, seq: 0 };
        let key = URL_SAFE_NO_PAD.encode(random::<16>(&SystemRandom::new())?);
        let citizen = json!({"pid": person.pid.as_str(), "phone": person.phone.as_str()});
        let started = phone.post("/v1/activation", &key, &citizen).await?;
        let path = format!("/v1/activation/{}", text(&started, "activation_id")?);
        let code = sandbox.messages(&person.phone)?.pop().ok_or("no message")?.code;
        let challenge = phone.post(&format!("{path}/code"), "", &json!({"code": code})).await?;
        let voucher = sandbox.print_voucher(&person.pid)?;
        phone.post(&format!("{path}/voucher"), "", &json!({"voucher": voucher})).await?;
        let face = seal_face(sandbox, text(&started, "activation_id")?, person)?;
        phone.send(&format!("{path}/face"), "application/octet-stream", "", &face).await?;
        let nonce = text(&challenge, "device_challenge")?;
        let claims = json!({"aud": phone.platform, "iat": Clock::system().now().seconds(), "nonce": nonce});
        let bindings = json!({
            "binding": jwt("eid-device-binding+jwt", &claims, &phone.device)?,
            "passcode_binding": jwt("eid-passcode-binding+jwt", &claims, &phone.passcode)?,
            "recovery_share": URL_SAFE_NO_PAD.encode([7; 32]),
        });
        let bound = phone.post(&format!("{path}/device"), "", &bindings).await?;
        text(&bound, "account_id")?.clone_into(&mut phone.account);
        phone.connection.exchanges.clear();
        Ok(phone)
    }

    /// Challenge and instruction.
    pub(crate) async fn sign_in(&mut self) -> Result<(), Failed> {
        self.connection.exchanges.clear();
        let answer = self.post("/v1/challenge", "", &json!({})).await?;
        let iat = answer.get("expires_at").and_then(Value::as_i64).ok_or("no time")?.saturating_sub(60);
        self.seq = self.seq.saturating_add(1);
        let act = json!({
            "aud": self.platform, "sub": self.account, "challenge": text(&answer, "challenge")?, "seq": self.seq,
            "act": "sign_in", "params": {},
        });
        let inner = jwt("eid-act+jwt", &act, &self.passcode)?;
        let outer = json!({"aud": self.platform, "iat": iat, "inner": inner});
        let instruction = jwt("eid-instruction+jwt", &outer, &self.device)?;
        let taken = self.post("/v1/instructions", "", &json!({"instruction": instruction})).await?;
        if taken.get("seq") == Some(&self.seq.into()) { Ok(()) } else { Err("another answer".into()) }
    }

    /// What the last sign-in sent and got.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.connection.exchanges.clone()
    }

    async fn post(&mut self, path: &str, key: &str, body: &Value) -> Result<Value, Failed> {
        self.send(path, "application/json", key, body.to_string().as_bytes()).await
    }

    async fn send(&mut self, path: &str, form: &str, key: &str, body: &[u8]) -> Result<Value, Failed> {
        let host = self.platform.trim_start_matches("https://");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {form}\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = self.connection.exchange(&[head.as_bytes(), body].concat()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// One TLS connection that is kept.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    /// What came and was not looked at yet.
    unread: Vec<u8>,
    exchanges: Vec<Exchange>,
}

impl Connection {
    pub(crate) async fn open(platform: &str, ca_der: &[u8]) -> Result<Self, Failed> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(ca_der))?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let socket = TcpStream::connect(platform.trim_start_matches("https://")).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
        Ok(Self { stream, unread: Vec::new(), exchanges: Vec::new() })
    }

    /// Sends a request and reads its answer, which has a length; gives its body.
    async fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>, Failed> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at.saturating_add(4);
            }
            self.read().await?;
        };
        let head = String::from_utf8(self.unread.get(..end).unwrap_or_default().to_ascii_lowercase())?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or("no length")?;
        let whole = end.saturating_add(length.parse()?);
        while self.unread.len() < whole {
            self.read().await?;
        }
        self.exchanges.push(Exchange { sent: request.len(), got: whole });
        let rest = self.unread.split_off(whole);
        let body = self.unread.split_off(end);
        self.unread = rest;
        if head.starts_with("http/1.1 2") { Ok(body) } else { Err(String::from_utf8_lossy(&body).into()) }
    }

    /// As many bytes out and in, and no meaning.
    pub(crate) async fn bounce(&mut self, sizes: &[Exchange]) -> Result<(), Failed> {
        for Exchange { sent, got } in sizes {
            self.stream.write_all(&vec![b'x'; *sent]).await?;
            self.stream.flush().await?;
            self.stream.read_exact(&mut vec![0; *got]).await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), Failed> {
        if self.stream.read_buf(&mut self.unread).await? == 0 { Err("closed".into()) } else { Ok(()) }
    }
}

/// A person's portrait (1 is JPEG), sealed for the platform and one activation.
fn seal_face(sandbox: &RunningSandbox, activation: &str, person: &Person) -> Result<Vec<u8>, Failed> {
    let configuration = sandbox.configuration()?;
    let claims = URL_SAFE_NO_PAD.decode(configuration.split('.').nth(1).ok_or("no claims")?)?;
    let claims: Value = serde_json::from_slice(&claims)?;
    let key = claims.get("face_key").ok_or("no face key")?;
    let part = |name| -> Result<[u8; 32], Failed> {
        URL_SAFE_NO_PAD.decode(text(key, name)?)?.try_into().map_err(|_| "no coordinate".into())
    };
    let key = VerifyingKey::from_coordinates(&part("x")?, &part("y")?);
    let picture = [&[1], person.large_portrait()].concat();
    Ok(hpke::seal(&SystemRandom::new(), &key, b"eid-face 1", activation.as_bytes(), &picture)?)
}

fn text<'v>(value: &'v Value, member: &'static str) -> Result<&'v str, Failed> {
    value.get(member).and_then(Value::as_str).ok_or_else(|| format!("no {member} in {value}").into())
}

/// A JWT with its key in the header.
fn jwt(typ: &str, claims: &Value, key: &SigningKey) -> Result<String, Failed> {
    let (x, y) = (URL_SAFE_NO_PAD.encode(key.public().x()), URL_SAFE_NO_PAD.encode(key.public().y()));
    let header = json!({"typ": typ, "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}
