//! Group `proof`: verifying, making and drawing a proof, and its sizes.

use std::hint::black_box;

use claim169_core::{Decoder, Encoder};
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, HeldToken, MemoryReplayCache, Outcome, Policy, ProofError, Purpose, QrSymbol,
    Scan, Showing, Spelling, StatusReference, TokenDraft, TrustList, Verifier, issue_token,
};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::{
    Row,
    sample::{least_us, sink},
};

const NOW: i64 = 1_795_348_800;
const COUNTER: &str = "rp/0101234567-001";
const CHALLENGE: [u8; 16] = [7; 16];

/// Name, purpose, photo, challenged, and the bytes of the design's table 2.
const CASES: [(&str, Purpose, bool, bool, u16); 10] = [
    ("age", Purpose::Age, false, false, 403),
    ("age.challenged", Purpose::Age, false, true, 437),
    ("age-photo", Purpose::Age, true, false, 1035),
    ("age-photo.challenged", Purpose::Age, true, true, 1069),
    ("id", Purpose::Id, false, false, 549),
    ("id.challenged", Purpose::Id, false, true, 583),
    ("id-photo", Purpose::Id, true, false, 1181),
    ("id-photo.challenged", Purpose::Id, true, true, 1215),
    ("health", Purpose::Health, false, false, 436),
    ("health.challenged", Purpose::Health, false, true, 470),
];

pub(crate) fn rows(samples: u32) -> Result<Vec<Row>, ProofError> {
    let bench = Bench::new()?;
    let mut rows = bench.times(samples)?;
    for (name, purpose, photo, challenged, design) in CASES {
        let proof = bench.prove(purpose, photo, challenged)?;
        let sizes = (length(proof.as_bytes()), f64::from(design));
        rows.push(Row::new(&format!("proof.bytes.{name}"), sizes, "B", "design, table 2", 1.0));
    }
    Ok(rows)
}

/// An issuer, a phone and a person.
pub(crate) struct Bench {
    issuer: SigningKey,
    phone: SigningKey,
    claims: Claims,
}

impl Bench {
    pub(crate) fn new() -> Result<Self, ProofError> {
        Ok(Self { issuer: SigningKey::make()?, phone: SigningKey::make()?, claims: claims()? })
    }

    /// The heaviest case throughout: id with photo, challenged, digits: QR version 25.
    fn times(&self, samples: u32) -> Result<Vec<Row>, ProofError> {
        let token = self.token(Purpose::Id)?;
        let proof = self.prove(Purpose::Id, true, true)?;
        let text = proof.text(Spelling::Digits);
        let trust = TrustList::single(*self.issuer.public());
        let policy = Policy { counter: Some(COUNTER.to_owned()), allow_unknown_status: true, ..Policy::default() };
        let verifier = Verifier { trust: &trust, status: None, policy: &policy };
        let scan = Scan { now: UnixTime::from_seconds(NOW), challenge: Some(&CHALLENGE) };
        let verify = || verifier.verify_text(black_box(&text), &scan, &mut MemoryReplayCache::default());
        // The limit: two signatures over messages as long as the real ones.
        let message = black_box(vec![7; proof.as_bytes().len() / 2]);
        let signature = self.phone.sign(&message)?;
        let bare_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.phone.public().sec1().to_vec());
        let bare = || bare_key.verify(black_box(&message), &signature).is_ok();
        let (claim169, claim169_key) = self.claim169();
        // A figure of something that failed early would be worthless.
        if verify().outcome != Outcome::Valid || !bare() || !decode_claim169(&claim169, &claim169_key) {
            return Err(ProofError::CredentialInvalid);
        }

        let [verified, limit, peer] = least_us(
            samples,
            [&mut || sink(verify()), &mut || sink((bare(), bare())), &mut || {
                sink(decode_claim169(&claim169, &claim169_key));
            }],
        );
        let showing = showing(true, true);
        let [made, signed] = least_us(
            samples,
            [&mut || sink(token.prepare(&showing).map(|u| u.finish(&signature).text(Spelling::Digits))), &mut || {
                sink(self.phone.sign(&message));
            }],
        );
        let [drawn] = least_us(samples.div_ceil(10), [&mut || sink(QrSymbol::encode(&text))]);
        let version = QrSymbol::encode(&text)?.version();
        Ok(vec![
            Row::new("proof.verify", (verified, limit), "µs", "ring 2 × P-256 verify", 1.3),
            Row::new("proof.verify", (verified, peer), "µs", "claim169-core 0.3, one signature", 1.0),
            Row::new("proof.make", (made, signed), "µs", "ring P-256 sign", 1.0),
            Row::new("proof.make", (made, 1000.0), "µs", "limit 1 ms", 1.0),
            Row::new("proof.qr", (drawn / 1000.0, 15.0), "ms", "limit 15 ms at version 25", 1.0),
            Row::new("proof.qr.version", (f64::from(version), 25.0), "", "cap of the design", 1.0),
        ])
    }

    fn token(&self, purpose: Purpose) -> Result<HeldToken, ProofError> {
        let mut claims = self.claims.clone();
        if purpose == Purpose::Health {
            claims = without_face(&claims)?;
        }
        let draft = TokenDraft {
            purpose,
            issuer: "e.example",
            claims: &claims,
            holder_key: self.phone.public(),
            issued_at: UnixTime::from_seconds(NOW),
            valid_days: 14,
            status: Some(StatusReference { index: 34_211, uri: "https://e.example/t/1".to_owned() }),
        };
        HeldToken::parse(issue_token(&draft, &self.issuer, &SystemRandom::new())?)
    }

    pub(crate) fn prove(
        &self,
        purpose: Purpose,
        photo: bool,
        challenged: bool,
    ) -> Result<eid_proof::Proof, ProofError> {
        let unsigned = self.token(purpose)?.prepare(&showing(photo, challenged))?;
        let signature = self.phone.sign(unsigned.to_be_signed())?;
        Ok(unsigned.finish(&signature))
    }

    /// The same person as a claim-169 QR of the reference crate: one signature, no holder, no freshness.
    fn claim169(&self) -> (String, Vec<u8>) {
        let text = |claim| self.claims.text(claim).map(str::to_owned);
        let identity = claim169_core::Claim169 {
            id: text(Claim::Pid),
            full_name: text(Claim::FullName),
            date_of_birth: text(Claim::BirthDate),
            address: text(Claim::Residence),
            nationality: text(Claim::Nationality),
            ..claim169_core::Claim169::default()
        };
        let secret = [0x42; 32];
        let meta = claim169_core::CwtMeta::new().with_issuer("e.example");
        let signer = claim169_core::EcdsaP256Signer::from_bytes(&secret);
        let public = signer.map(|signer| signer.public_key_uncompressed().to_vec()).unwrap_or_default();
        let encoded = Encoder::new(identity, meta).sign_with_ecdsa_p256(&secret).and_then(Encoder::encode);
        (encoded.map(|result| result.qr_data).unwrap_or_default(), public)
    }
}

fn decode_claim169(text: &str, key: &[u8]) -> bool {
    let decoder = Decoder::new(text).verify_with_ecdsa_p256(key);
    decoder.and_then(|decoder| decoder.without_timestamp_validation().decode()).is_ok()
}

fn showing(photo: bool, challenged: bool) -> Showing {
    Showing {
        audience: if challenged { Audience::Counter(COUNTER.to_owned()) } else { Audience::Anyone },
        challenge: challenged.then(|| CHALLENGE.to_vec()),
        photo,
        claims: Vec::new(),
        now: UnixTime::from_seconds(NOW),
    }
}

/// The subject of the design's table: 24-byte name, 87-byte address, 600-byte photo.
fn claims() -> Result<Claims, ProofError> {
    let text = |s: &str| ClaimValue::Text(s.to_owned());
    let address = "Số 12, ngõ 34 phố Nguyễn Trãi\nPhường Thanh Xuân\nThành phố Hà Nội, VN.";
    let mut claims = Claims::new();
    for (claim, value) in [
        (Claim::Pid, text("000199000123")),
        (Claim::FullName, text("NGUYỄN THỊ MINH KHAI")),
        (Claim::BirthDate, text("19900412")),
        (Claim::Gender, ClaimValue::Number(2)),
        (Claim::Residence, text(address)),
        (Claim::Nationality, text("VNM")),
        (Claim::Face, ClaimValue::Face([0x5a; 600].to_vec())),
        (Claim::AgeOver18, ClaimValue::Flag(true)),
        (Claim::HealthCardNumber, text("GD4790123456789")),
        (Claim::HealthCardValidTo, text("20271231")),
        (Claim::HealthFacility, text("01-001")),
    ] {
        claims.insert(claim, value)?;
    }
    Ok(claims)
}

fn without_face(claims: &Claims) -> Result<Claims, ProofError> {
    let mut rest = Claims::new();
    for (claim, value) in claims.iter().filter(|(claim, _)| *claim != Claim::Face) {
        rest.insert(claim, value.clone())?;
    }
    Ok(rest)
}

fn length(bytes: &[u8]) -> f64 {
    u32::try_from(bytes.len()).map_or(f64::NAN, f64::from)
}
