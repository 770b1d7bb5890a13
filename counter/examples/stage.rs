//! Lists, proofs and pictures for the tests of the page: `cargo run -p eid-counter --example stage -- DIR`.
//!
//! An invented issuer's trust list and status lists, and a proof for each state that an officer may see, as text in both
//! spellings (`proofs.json`) and as pictures. All of it fits the time in `at`: tests/browser serves it with `--at`.
//!
//! With a counter's code behind the folder it is a phone of that issuer, and prints where it would send its answer, and what.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool that may stop, and says what it made"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use eid_counter::draw_png;
use eid_counter::{Application, Identity};
use eid_crypto::{SigningKey, SystemRandom, VerifyingKey};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, CounterCode, HeldToken, KeyUse, Proof, Purpose, QrSymbol, RegistrationDraft,
    Showing, Spelling, Status, StatusListDraft, StatusReference, TokenDraft, TrustList, TrustListDraft, TrustedKey,
    bundle_status_lists, encode_text, issue_token,
};
use serde_json::{Map, Value, json};

/// 2026-11-22 19:00:00 in Vietnam.
const NOW: i64 = 1_795_348_800;
const ISSUER: &str = "issuer.example";
const LIST: &str = "s.example/1";
/// Where phones send to.
const HOST: &str = "counter.example:8443";
const PORTRAIT: &[u8] = include_bytes!("../../tests/sandbox/portraits/2.webp");

/// One proof: what it is, and what is wrong with it.
struct Case {
    name: &'static str,
    purpose: Purpose,
    photo: bool,
    adult: bool,
    /// Entry of the status list: 0 valid, 1 revoked, 2 suspended, beyond 3 unknown.
    status: u32,
    signed: i64,
    audience: Option<&'static str>,
    unknown_issuer: bool,
}

const GOOD: Case = Case {
    name: "id",
    purpose: Purpose::Id,
    photo: true,
    adult: true,
    status: 0,
    signed: NOW,
    audience: None,
    unknown_issuer: false,
};

const CASES: &[Case] = &[
    GOOD,
    Case { name: "id-again", ..GOOD },
    Case { name: "id-no-photo", photo: false, ..GOOD },
    Case { name: "age", purpose: Purpose::Age, photo: false, ..GOOD },
    Case { name: "under-age", purpose: Purpose::Age, adult: false, ..GOOD },
    Case { name: "residence", purpose: Purpose::Residence, ..GOOD },
    Case { name: "licence", purpose: Purpose::DrivingLicence, ..GOOD },
    Case { name: "health", purpose: Purpose::Health, photo: false, ..GOOD },
    Case { name: "revoked", status: 1, ..GOOD },
    Case { name: "suspended", status: 2, ..GOOD },
    Case { name: "status-unknown", status: 99, ..GOOD },
    Case { name: "stale", signed: NOW - 600, ..GOOD },
    Case { name: "early", signed: NOW + 600, ..GOOD },
    Case { name: "elsewhere", audience: Some("rp/0101234567-002"), ..GOOD },
    Case { name: "unknown-issuer", unknown_issuer: true, ..GOOD },
];

struct Stage {
    folder: PathBuf,
    issuer: SigningKey,
    stranger: SigningKey,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    match arguments.next() {
        None => set(folder),
        Some(code) => println!("{}", answer(&folder, &code)),
    }
}

fn set(folder: PathBuf) {
    fs::create_dir_all(&folder).expect("folder");
    let make = || SigningKey::make().expect("key");
    let stage = Stage { folder, issuer: make(), stranger: make() };
    stage.write_lists(&make(), &make(), &make());
    let mut proofs = Map::new();
    for case in CASES {
        let proof = stage.prove(case);
        proofs.insert(case.name.to_owned(), stage.spell(case.name, proof.as_bytes()));
    }
    let good = stage.prove(&GOOD);
    let name = good.as_bytes().windows(4).position(|bytes| bytes == b"MINH").expect("the name, in clear");
    for (case, at) in [("forged", name), ("altered", good.as_bytes().len() - 1)] {
        let mut bytes = good.as_bytes().to_vec();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1;
        }
        proofs.insert(case.to_owned(), stage.spell(case, &bytes));
    }
    proofs.insert("malformed".to_owned(), stage.spell("malformed", &[0xd2, 0x00, 0x17, 0x2a]));
    stage.write("proofs.json", json!({"at": NOW + 10, "proofs": proofs}).to_string());
    let key = SigningKey::make_pkcs8().expect("key");
    let token = stage.issue(&GOOD, &SigningKey::parse_pkcs8(&key).expect("key"));
    stage.write("phone.key", &*key);
    stage.write("phone.token", token);
}

/// What the phone answers to a counter's code.
fn answer(folder: &Path, code: &str) -> Value {
    let read = |name| fs::read(folder.join(name)).expect("the stage");
    let phone = SigningKey::parse_pkcs8(&read("phone.key")).expect("key");
    let Ok(CounterCode::Request(request)) = CounterCode::read(code) else { panic!("a counter's request") };
    let showing = Showing {
        audience: Audience::Counter(request.registration().counter().to_owned()),
        challenge: Some(request.nonce().to_vec()),
        photo: request.asked().photo,
        claims: vec![],
        now: UnixTime::from_seconds(NOW + 10),
    };
    let proof = show(read("phone.token"), &phone, &showing);
    json!({"to": request.asked().answer_to, "proof": STANDARD.encode(proof.as_bytes())})
}

fn show(token: Vec<u8>, phone: &SigningKey, showing: &Showing) -> Proof {
    let unsigned = HeldToken::parse(token).and_then(|token| token.prepare(showing)).expect("proof");
    let signature = phone.sign(unsigned.to_be_signed()).expect("signature");
    unsigned.finish(&signature)
}

impl Stage {
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.join(name), content).expect("file");
    }

    fn write_lists(&self, root: &SigningKey, status: &SigningKey, registrar: &SigningKey) {
        let at = UnixTime::from_seconds;
        let key = |key: &SigningKey, usage| TrustedKey {
            key: *key.public(),
            issuer: ISSUER.to_owned(),
            usage,
            not_before: at(NOW - 100 * 86_400),
            not_after: at(NOW + 100 * 86_400),
        };
        let trust = |issued: i64| {
            let draft = TrustListDraft {
                version: 7,
                environment: "sandbox".to_owned(),
                issued_at: at(issued),
                next_update: at(issued + 8 * 86_400),
                keys: vec![
                    key(&self.issuer, KeyUse::Proof),
                    key(status, KeyUse::Status),
                    key(registrar, KeyUse::Registrar),
                ],
            };
            draft.sign(root).expect("trust list")
        };
        let statuses = |issued: i64| {
            let draft = StatusListDraft {
                issuer: ISSUER,
                uri: LIST,
                statuses: &[Status::Valid, Status::Revoked, Status::Suspended, Status::Valid],
                issued_at: at(issued),
                expires_at: at(issued + 86_400),
                ttl_s: 43_200,
            };
            bundle_status_lists(&[draft.sign(status).expect("status list")])
        };
        self.write("root.bin", root.public().sec1());
        let list = trust(NOW - 86_400);
        self.write("trust.cbor", &list);
        self.write("trust-old.cbor", trust(NOW - 40 * 86_400));
        self.write("status.cbor", statuses(NOW - 7200));
        self.write("status-old.cbor", statuses(NOW - 3 * 86_400));
        self.register(&TrustList::parse(&list, &[*root.public()]).expect("trust list"), registrar);
    }

    /// The counter's own key and registration.
    fn register(&self, trust: &TrustList, registrar: &SigningKey) {
        let folder = self.folder.join("identity");
        fs::remove_dir_all(&folder).ok();
        let (counter, name) = ("rp/0101234567-001", "Quầy 3 – Bệnh viện Mẫu");
        let wanted = Application {
            counter: counter.to_owned(),
            name: name.to_owned(),
            purposes: vec!["id".to_owned(), "age".to_owned()],
            host: Some(HOST.to_owned()),
        };
        let application: Value =
            serde_json::from_str(&Identity::apply(&folder, &wanted).expect("application")).expect("application");
        let key = URL_SAFE_NO_PAD.decode(application.get("key").and_then(Value::as_str).expect("key")).expect("key");
        let draft = RegistrationDraft {
            registrar: ISSUER,
            counter,
            name,
            allowed: &[Purpose::Id, Purpose::Age],
            host: Some(HOST),
            key: &VerifyingKey::parse(&key).expect("key"),
            issued_at: UnixTime::from_seconds(NOW - 86_400),
            valid_days: 365,
            status: None,
        };
        let registration = draft.sign(registrar).expect("registration");
        let now = UnixTime::from_seconds(NOW);
        self.write("registration.txt", registration.text());
        Identity::accept(&folder, registration.as_bytes(), trust, now).expect("identity");
    }

    /// Each from a phone of its own.
    fn prove(&self, case: &Case) -> Proof {
        let phone = SigningKey::make().expect("key");
        let showing = Showing {
            audience: case.audience.map_or(Audience::Anyone, |name| Audience::Counter(name.to_owned())),
            challenge: None,
            photo: case.photo,
            claims: vec![],
            now: UnixTime::from_seconds(case.signed),
        };
        show(self.issue(case, &phone), &phone, &showing)
    }

    /// A credential of this phone.
    fn issue(&self, case: &Case, phone: &SigningKey) -> Vec<u8> {
        let draft = TokenDraft {
            purpose: case.purpose,
            issuer: ISSUER,
            claims: &claims(case.adult),
            holder_key: phone.public(),
            issued_at: UnixTime::from_seconds(NOW - 86_400),
            valid_days: 14,
            status: Some(StatusReference { index: case.status, uri: LIST.to_owned() }),
        };
        let issuer = if case.unknown_issuer { &self.stranger } else { &self.issuer };
        issue_token(&draft, issuer, &SystemRandom::new()).expect("token")
    }

    /// Both texts; the picture is of the digits, as phones show them.
    fn spell(&self, name: &str, bytes: &[u8]) -> Value {
        let [digits, base45] = [Spelling::Digits, Spelling::Base45].map(|spelling| encode_text(bytes, spelling));
        let symbol = QrSymbol::encode(&digits).expect("symbol");
        self.write(&format!("{name}.png"), draw_png(&symbol, 1).expect("picture"));
        json!({"digits": digits, "base45": base45})
    }
}

fn claims(adult: bool) -> Claims {
    let text = |s: &str| ClaimValue::Text(s.to_owned());
    let mut claims = Claims::new();
    for (claim, value) in [
        (Claim::Pid, text("000190000001")),
        (Claim::FullName, text("NGUYỄN THỊ MINH HẠNH")),
        (Claim::BirthDate, text("19900315")),
        (Claim::Gender, ClaimValue::Number(2)),
        (Claim::Residence, text("Số 1, ngõ 2, phố Thử Nghiệm\nPhường Mẫu An\nHà Nội")),
        (Claim::Nationality, text("VNM")),
        (Claim::Face, ClaimValue::Face(PORTRAIT.to_vec())),
        (Claim::AgeOver18, ClaimValue::Flag(adult)),
        (Claim::HealthCardNumber, text("GD4010123456789")),
        (Claim::HealthCardValidTo, text("20271231")),
        (Claim::HealthFacility, text("01-001")),
        (Claim::LicenceNumber, text("790000000001")),
        (Claim::LicenceClass, text("B1")),
    ] {
        claims.insert(claim, value).expect("claim");
    }
    claims
}
