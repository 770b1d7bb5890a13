//! An office's server, an issuer that it believes, and a phone.

use std::{net::SocketAddr, sync::Arc};

use eid_counter::{CounterServer, ReplayStore, Rules, Station, draw_png, listen};
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, HeldToken, Policy, Purpose, QrSymbol, Scan, Showing, Spelling, TokenDraft,
    TrustList, issue_token,
};
use image::GrayImage;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};

/// Why a measurement failed.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);
const PORTRAIT: &[u8] = include_bytes!("../../../sandbox/portraits/2.webp");

pub(crate) fn scan() -> Scan<'static> {
    Scan { now: NOW, challenge: None }
}

pub(crate) struct Office {
    issuer: Arc<SigningKey>,
    address: SocketAddr,
    /// Dropping it ends the server.
    _stop: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Office {
    /// Serves in this runtime, with its record in a file.
    pub(crate) fn open() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let issuer = Arc::new(SigningKey::make()?);
        let record = ReplayStore::open(&folder.path().join("used"))?;
        let server = CounterServer::new(rules(&issuer), record, || NOW, |_| {});
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.serve(listener, async { stopped.await.unwrap_or_default() }));
        Ok(Self { issuer, address, _stop: stop, _folder: folder })
    }

    pub(crate) fn station(&self) -> Station {
        Station::new(rules(&self.issuer))
    }

    pub(crate) fn phone(&self) -> Result<Phone, Failed> {
        let mut claims = Claims::new();
        let text = |text: &str| ClaimValue::Text(text.to_owned());
        for (claim, value) in [
            (Claim::Pid, text("000190000001")),
            (Claim::FullName, text("NGUYỄN THỊ MINH HẠNH")),
            (Claim::BirthDate, text("19900315")),
            (Claim::Gender, ClaimValue::Number(2)),
            (Claim::Residence, text("Số 1, ngõ 2, phố Thử Nghiệm\nPhường Mẫu An\nHà Nội")),
            (Claim::Nationality, text("VNM")),
            (Claim::Face, ClaimValue::Face(PORTRAIT.to_vec())),
        ] {
            claims.insert(claim, value)?;
        }
        Ok(Phone { claims, issuer: Arc::clone(&self.issuer) })
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Failed> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host: self.address.to_string() })
    }
}

fn rules(issuer: &SigningKey) -> Rules {
    Rules::new(TrustList::single(*issuer.public()), Policy::default())
}

/// A phone whose proofs are full identities with photo: the heaviest kind.
pub(crate) struct Phone {
    claims: Claims,
    issuer: Arc<SigningKey>,
}

impl Phone {
    /// The text of a proof that was not made before: as on phones, each has a credential of its own.
    pub(crate) fn prove(&self) -> Result<String, Failed> {
        let key = SigningKey::make()?;
        let draft = TokenDraft {
            purpose: Purpose::Id,
            issuer: "e.example",
            claims: &self.claims,
            holder_key: key.public(),
            issued_at: NOW,
            valid_days: 14,
            status: None,
        };
        let token = HeldToken::parse(issue_token(&draft, &self.issuer, &SystemRandom::new())?)?;
        let showing = Showing { audience: Audience::Anyone, challenge: None, photo: true, claims: vec![], now: NOW };
        let unsigned = token.prepare(&showing)?;
        let signature = key.sign(unsigned.to_be_signed())?;
        Ok(unsigned.finish(&signature).text(Spelling::Digits))
    }

    /// One as a picture, four pixels a module.
    pub(crate) fn picture(&self) -> Result<GrayImage, Failed> {
        let png = draw_png(&QrSymbol::encode(&self.prove()?)?, 4)?;
        Ok(image::load_from_memory(&png)?.into_luma8())
    }
}

/// The body of a call. The texts are digits, which JSON takes as they are.
pub(crate) fn body(texts: &[String]) -> String {
    let proofs: Vec<String> = texts.iter().map(|text| format!(r#"{{"text":"{text}"}}"#)).collect();
    format!(r#"{{"proofs":[{}]}}"#, proofs.join(","))
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    host: String,
}

impl Connection {
    /// The body of the answer.
    pub(crate) async fn post(&mut self, body: &str) -> Result<String, Failed> {
        let head = format!(
            "POST /verify HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
        let mut answer = Vec::new();
        loop {
            if self.stream.read_buf(&mut answer).await? == 0 {
                return Err("the server hung up".into());
            }
            let text = str::from_utf8(&answer).unwrap_or_default();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| length.parse() == Ok(body.len())) {
                return Ok(body.to_owned());
            }
        }
    }
}
