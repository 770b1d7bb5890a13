//! An issuer, a phone and a counter for tests.
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;
use eid_proof::*;

pub(crate) const ISSUER: &str = "e.example";
pub(crate) const REGISTRAR: &str = "r.example";
pub(crate) const COUNTERS: &str = "https://r.example/t/1";
pub(crate) const LIST: &str = "https://e.example/t/1";
pub(crate) const COUNTER: &str = "rp/0101234567-001";
pub(crate) const NOW: i64 = 1_795_348_800;

pub(crate) fn at(offset: i64) -> UnixTime {
    UnixTime::from_seconds(NOW + offset)
}

pub(crate) struct World {
    pub(crate) root: SigningKey,
    pub(crate) issuer: SigningKey,
    pub(crate) status_key: SigningKey,
    pub(crate) registrar: SigningKey,
    pub(crate) counter: SigningKey,
    pub(crate) phone: SigningKey,
    pub(crate) trust: TrustList,
    pub(crate) status: StatusSnapshot,
}

impl World {
    pub(crate) fn new() -> Self {
        let make = || SigningKey::make().unwrap();
        let (root, issuer, status_key, phone) = (make(), make(), make(), make());
        let (registrar, counter) = (make(), make());
        let trust = trust_list(&root, &issuer, &status_key, &registrar);
        let status = snapshot(&status_key, &trust, &[Status::Valid; 8]);
        Self { root, issuer, status_key, registrar, counter, phone, trust, status }
    }

    pub(crate) fn token(&self, purpose: Purpose) -> HeldToken {
        HeldToken::parse(self.token_bytes(purpose, 5)).unwrap()
    }

    pub(crate) fn token_bytes(&self, purpose: Purpose, index: u32) -> Vec<u8> {
        let claims = claims();
        let draft = TokenDraft {
            purpose,
            issuer: ISSUER,
            claims: &claims,
            holder_key: self.phone.public(),
            issued_at: at(0),
            valid_days: 14,
            status: Some(StatusReference { index, uri: LIST.to_owned() }),
        };
        issue_token(&draft, &self.issuer, &SystemRandom::new()).unwrap()
    }

    pub(crate) fn prove(&self, token: &HeldToken, showing: &Showing) -> Proof {
        let unsigned = token.prepare(showing).unwrap();
        let signature = self.phone.sign(unsigned.to_be_signed()).unwrap();
        unsigned.finish(&signature)
    }

    pub(crate) fn verify(&self, proof: &[u8], now: UnixTime) -> Verdict {
        self.verify_with(proof, &Policy::default(), &Scan { now, challenge: None })
    }

    pub(crate) fn verify_with(&self, proof: &[u8], policy: &Policy, scan: &Scan<'_>) -> Verdict {
        let verifier = Verifier { trust: &self.trust, status: Some(&self.status), policy };
        verifier.verify_bytes(proof, scan, &mut MemoryReplayCache::default())
    }
}

pub(crate) fn trust_list(
    root: &SigningKey,
    issuer: &SigningKey,
    status_key: &SigningKey,
    registrar: &SigningKey,
) -> TrustList {
    let key = |key: &SigningKey, usage, issuer: &str| TrustedKey {
        key: *key.public(),
        issuer: issuer.to_owned(),
        usage,
        not_before: at(-86_400),
        not_after: at(90 * 86_400),
    };
    let draft = TrustListDraft {
        version: 1,
        environment: "sandbox".to_owned(),
        issued_at: at(-100),
        next_update: at(86_400),
        keys: vec![
            key(issuer, KeyUse::Proof, ISSUER),
            key(status_key, KeyUse::Status, ISSUER),
            key(registrar, KeyUse::Registrar, REGISTRAR),
            key(status_key, KeyUse::Status, REGISTRAR),
        ],
    };
    TrustList::parse(&draft.sign(root).unwrap(), &[*root.public()]).unwrap()
}

pub(crate) fn snapshot(key: &SigningKey, trust: &TrustList, statuses: &[Status]) -> StatusSnapshot {
    StatusSnapshot::parse(&bundle_status_lists(&[status_list(key, statuses)]), trust).unwrap()
}

pub(crate) fn status_list(key: &SigningKey, statuses: &[Status]) -> Vec<u8> {
    let draft = StatusListDraft {
        issuer: ISSUER,
        uri: LIST,
        statuses,
        issued_at: at(-50),
        expires_at: at(10 * 86_400),
        ttl_s: 3600,
    };
    draft.sign(key).unwrap()
}

/// The subject of the design's size table: 24-byte name, 87-byte address, 15-character health card, 600-byte photo.
pub(crate) fn claims() -> Claims {
    let mut claims = Claims::new();
    let text = |s: &str| ClaimValue::Text(s.to_owned());
    let address = "Số 12, ngõ 34 phố Nguyễn Trãi\nPhường Thanh Xuân\nThành phố Hà Nội, VN.";
    for (claim, value) in [
        (Claim::Pid, text("000199000123")),
        (Claim::FullName, text("NGUYỄN THỊ MINH KHAI")),
        (Claim::BirthDate, text("19900412")),
        (Claim::Gender, ClaimValue::Number(2)),
        (Claim::Residence, text(address)),
        (Claim::Nationality, text("VNM")),
        (Claim::Face, ClaimValue::Face((0..600_u32).map(|i| u8::try_from(i * 97 % 251).unwrap()).collect())),
        (Claim::AgeOver18, ClaimValue::Flag(true)),
        (Claim::HealthCardNumber, text("GD4790123456789")),
        (Claim::HealthCardValidTo, text("20271231")),
        (Claim::HealthFacility, text("01-001")),
        (Claim::LicenceNumber, text("000123456789")),
        (Claim::LicenceClass, text("B")),
    ] {
        claims.insert(claim, value).unwrap();
    }
    claims
}

pub(crate) fn open(now: UnixTime, photo: bool) -> Showing {
    Showing { audience: Audience::Anyone, challenge: None, photo, claims: vec![], now }
}

pub(crate) fn challenged(now: UnixTime, photo: bool, challenge: &[u8]) -> Showing {
    Showing {
        audience: Audience::Counter(COUNTER.to_owned()),
        challenge: Some(challenge.to_vec()),
        photo,
        claims: vec![],
        now,
    }
}
