//! An issuer, a phone and files around them, with invented people.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_counter::{Input, Rules, Station};
use eid_crypto::{SigningKey, SystemRandom, VerifyingKey};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, CounterCode, HeldToken, KeyUse, Policy, Proof, Purpose, RegistrationDraft,
    Scan, Showing, Spelling, Status, StatusListDraft, StatusReference, TokenDraft, TrustList, TrustListDraft,
    TrustedKey, bundle_status_lists, encode_text, issue_token,
};

pub(crate) const AGE: &[u8] = include_bytes!("../../../tests/vectors/proof/age.cbor");
pub(crate) const CHALLENGED: &[u8] = include_bytes!("../../../tests/vectors/proof/age-photo-challenged.cbor");
pub(crate) const ISSUER_KEY: &[u8] = include_bytes!("../../../tests/vectors/proof/issuer-public-key.bin");
/// The counter and the challenge that [`CHALLENGED`] answers.
pub(crate) const COUNTER: &str = "rp/0101234567-001";
pub(crate) const NONCE: &str = "00356a9fd4093e73a8dd12477cb1e61b";
/// Both vectors are signed at this time and end 60 seconds later.
pub(crate) const SIGNED: i64 = 1_795_348_800;

const ISSUER: &str = "issuer.example";
const REGISTRAR: &str = "registrar.example";
const LIST: &str = "s.example/1";

pub(crate) fn time(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

pub(crate) fn nonce() -> Vec<u8> {
    vec![0x00, 0x35, 0x6a, 0x9f, 0xd4, 0x09, 0x3e, 0x73, 0xa8, 0xdd, 0x12, 0x47, 0x7c, 0xb1, 0xe6, 0x1b]
}

/// A counter that trusts the key of the vectors and asks for no status.
pub(crate) fn vector_station() -> Station {
    let trust = TrustList::single(VerifyingKey::parse(ISSUER_KEY).unwrap());
    let policy = Policy { counter: Some(COUNTER.to_owned()), allow_unknown_status: true, ..Policy::default() };
    Station::new(Rules::new(trust, policy))
}

pub(crate) fn scan_at(seconds: i64) -> Scan<'static> {
    Scan { now: time(seconds), challenge: None }
}

pub(crate) fn digits(bytes: &[u8]) -> String {
    encode_text(bytes, Spelling::Digits)
}

pub(crate) fn base45(bytes: &[u8]) -> String {
    encode_text(bytes, Spelling::Base45)
}

pub(crate) fn text(text: &str) -> Input {
    Input::from_text(text).unwrap()
}

/// The bytes that stand for a portrait.
pub(crate) fn portrait() -> Vec<u8> {
    b"RIFF\x10\x00\x00\x00WEBPVP8 invented".to_vec()
}

pub(crate) struct World {
    pub(crate) root: SigningKey,
    pub(crate) issuer: SigningKey,
    pub(crate) status: SigningKey,
    pub(crate) retired: SigningKey,
    pub(crate) registrar: SigningKey,
    phone: SigningKey,
    pub(crate) now: i64,
    /// The trust list's.
    pub(crate) version: u32,
}

impl World {
    pub(crate) fn new(now: i64) -> Self {
        let key = || SigningKey::make().unwrap();
        Self {
            root: key(),
            issuer: key(),
            status: key(),
            retired: key(),
            registrar: key(),
            phone: key(),
            now,
            version: 7,
        }
    }

    /// The issuer's key of before is in it, too: what it signed up to ten days ago stands.
    pub(crate) fn trust_list(&self, environment: &str, root: &SigningKey) -> Vec<u8> {
        let until = |key: &SigningKey, usage, days: i64| TrustedKey {
            key: *key.public(),
            issuer: ISSUER.to_owned(),
            usage,
            not_before: time(self.now - 100 * 86_400),
            not_after: time(self.now + days * 86_400),
        };
        let key = |key, usage| until(key, usage, 100);
        let draft = TrustListDraft {
            version: self.version,
            environment: environment.to_owned(),
            issued_at: time(self.now - 3600),
            next_update: time(self.now + 86_400),
            keys: vec![
                key(&self.issuer, KeyUse::Proof),
                key(&self.status, KeyUse::Status),
                until(&self.retired, KeyUse::Proof, -10),
                TrustedKey { issuer: REGISTRAR.to_owned(), ..key(&self.registrar, KeyUse::Registrar) },
            ],
        };
        draft.sign(root).unwrap()
    }

    /// Entry 1 is revoked, entry 2 suspended, the others valid.
    pub(crate) fn status_snapshot(&self) -> Vec<u8> {
        self.status_snapshot_of(&[Status::Valid, Status::Revoked, Status::Suspended, Status::Valid], 1)
    }

    /// Good for so many days, as far as the issuer is concerned.
    pub(crate) fn status_snapshot_of(&self, statuses: &[Status], days: i64) -> Vec<u8> {
        let draft = StatusListDraft {
            issuer: ISSUER,
            uri: LIST,
            statuses,
            issued_at: time(self.now - 7200),
            expires_at: time(self.now + days * 86_400),
            ttl_s: 43_200,
        };
        bundle_status_lists(&[draft.sign(&self.status).unwrap()])
    }

    /// A full-identity proof whose status is entry `index` of the list.
    pub(crate) fn id_proof(&self, index: u32, photo: bool) -> Proof {
        self.prove(&self.phone, index, photo)
    }

    /// The same from a phone that proved nothing before.
    pub(crate) fn fresh_proof(&self, index: u32, photo: bool) -> Proof {
        self.prove(&SigningKey::make().unwrap(), index, photo)
    }

    fn prove(&self, phone: &SigningKey, index: u32, photo: bool) -> Proof {
        self.show(&self.token(phone, index), phone, &Showing { photo, ..self.openly() })
    }

    /// For anybody, now, without photo.
    pub(crate) fn openly(&self) -> Showing {
        Showing { audience: Audience::Anyone, challenge: None, photo: false, claims: vec![], now: time(self.now) }
    }

    /// A full identity for this phone, issued today.
    pub(crate) fn token(&self, phone: &SigningKey, index: u32) -> Vec<u8> {
        self.issue(&self.issuer, phone, index, self.now)
    }

    /// The same by any issuer's key, on any day.
    pub(crate) fn issue(&self, issuer: &SigningKey, phone: &SigningKey, index: u32, on: i64) -> Vec<u8> {
        let mut claims = Claims::new();
        for (claim, value) in [
            (Claim::Pid, ClaimValue::Text("000190000001".to_owned())),
            (Claim::FullName, ClaimValue::Text("NGUYỄN THỊ MINH KHAI".to_owned())),
            (Claim::BirthDate, ClaimValue::Text("19900102".to_owned())),
            (Claim::Gender, ClaimValue::Number(2)),
            (Claim::Residence, ClaimValue::Text("Số 1 Phố Thử Nghiệm\nHà Nội".to_owned())),
            (Claim::Nationality, ClaimValue::Text("VNM".to_owned())),
            (Claim::Face, ClaimValue::Face(portrait())),
        ] {
            claims.insert(claim, value).unwrap();
        }
        let draft = TokenDraft {
            purpose: Purpose::Id,
            issuer: ISSUER,
            claims: &claims,
            holder_key: phone.public(),
            issued_at: time(on),
            valid_days: 14,
            status: Some(StatusReference { index, uri: LIST.to_owned() }),
        };
        issue_token(&draft, issuer, &SystemRandom::new()).unwrap()
    }

    /// What a registrar answers to an application.
    pub(crate) fn register(&self, application: &str) -> String {
        let application: serde_json::Value = serde_json::from_str(application).unwrap();
        let text = |name: &str| application[name].as_str().unwrap();
        let purposes: Vec<_> = application["purposes"].as_array().unwrap().iter().map(|name| name.as_str()).collect();
        let allowed: Vec<_> = purposes.into_iter().map(|name| Purpose::from_name(name.unwrap()).unwrap()).collect();
        let draft = RegistrationDraft {
            registrar: REGISTRAR,
            counter: text("counter"),
            name: text("name"),
            allowed: &allowed,
            host: application["host"].as_str(),
            key: &VerifyingKey::parse(&URL_SAFE_NO_PAD.decode(text("key")).unwrap()).unwrap(),
            issued_at: time(self.now - 60),
            valid_days: 365,
            status: None,
        };
        let registration = draft.sign(&self.registrar).unwrap();
        serde_json::json!({"registration": URL_SAFE_NO_PAD.encode(registration.as_bytes()), "expires_at": 1})
            .to_string()
    }

    /// What an honest phone answers to a counter's code, at this time.
    pub(crate) fn answer(&self, code: &str, photo: bool, at: i64) -> Proof {
        let phone = SigningKey::make().unwrap();
        let roots = [*self.root.public()];
        let trust = TrustList::parse(&self.trust_list("pilot", &self.root), &roots).unwrap();
        let code = CounterCode::read(code).unwrap();
        code.check(&trust, None, time(at)).unwrap();
        let audience = Audience::Counter(code.registration().counter().to_owned());
        let challenge = match &code {
            CounterCode::Request(request) => Some(request.nonce().to_vec()),
            CounterCode::Poster(_) => None,
        };
        let showing = Showing { audience, challenge, photo, claims: vec![], now: time(at) };
        self.show(&self.token(&phone, 0), &phone, &showing)
    }

    /// What an honest phone makes of it.
    pub(crate) fn show(&self, token: &[u8], phone: &SigningKey, showing: &Showing) -> Proof {
        let unsigned = HeldToken::parse(token.to_vec()).unwrap().prepare(showing).unwrap();
        let signature = phone.sign(unsigned.to_be_signed()).unwrap();
        unsigned.finish(&signature)
    }
}

/// A folder of files that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.name(name)
    }

    /// The path as an argument.
    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}
