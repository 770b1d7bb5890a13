//! Writes proofs for the independent checks: `cargo run -p eid-journeys --example artefacts -- DIR`.
//!
//! Each case as bytes, text and picture, with what it must show. tests/interop reads them with other people's libraries.
#![expect(clippy::expect_used, reason = "a tool that may stop")]

use std::{fs, path::PathBuf};

use eid_counter::draw_png;
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, HeldToken, Proof, Purpose, QrSymbol, Showing, Spelling, StatusReference,
    TokenDraft, issue_token,
};
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);
const COUNTER: &str = "rp/0101234567-001";
const CHALLENGE: [u8; 16] = [0x5a; 16];
const PORTRAIT: &[u8] = include_bytes!("../../sandbox/portraits/1.webp");

/// Name, purpose, photo, and the claims of a flex proof.
const CASES: [(&str, Purpose, bool, &[Claim]); 6] = [
    ("age", Purpose::Age, false, &[]),
    ("age-photo", Purpose::Age, true, &[]),
    ("id", Purpose::Id, false, &[]),
    ("id-photo", Purpose::Id, true, &[]),
    ("health", Purpose::Health, false, &[]),
    ("flex", Purpose::Flex, false, &[Claim::FullName, Claim::AgeOver18]),
];

struct Studio {
    folder: PathBuf,
    issuer: SigningKey,
    phone: SigningKey,
    claims: Claims,
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    fs::create_dir_all(&folder).expect("folder");
    let make = || SigningKey::make().expect("key");
    let studio = Studio { folder, issuer: make(), phone: make(), claims: claims() };
    studio.write("issuer-public-key.bin", studio.issuer.public().sec1());
    for (name, purpose, photo, shown) in CASES {
        for challenged in [false, true] {
            let case = if challenged { format!("{name}-challenged") } else { name.to_owned() };
            let proof = studio.prove(purpose, photo, shown, challenged);
            studio.write(&format!("{case}.cbor"), proof.as_bytes());
            studio.draw(&case, &proof, Spelling::Digits);
            let facts = studio.facts(purpose, photo, shown, challenged);
            studio.write(&format!("{case}.json"), facts.to_string().as_bytes());
            if name == "id-photo" {
                studio.draw(&format!("{case}.base45"), &proof, Spelling::Base45);
            }
        }
    }
}

impl Studio {
    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.join(name), bytes).expect("artefact");
    }

    fn draw(&self, name: &str, proof: &Proof, spelling: Spelling) {
        let text = proof.text(spelling);
        let picture = QrSymbol::encode(&text).ok().and_then(|symbol| draw_png(&symbol, 4).ok()).expect("picture");
        self.write(&format!("{name}.txt"), text.as_bytes());
        self.write(&format!("{name}.png"), &picture);
    }

    fn prove(&self, purpose: Purpose, photo: bool, shown: &[Claim], challenged: bool) -> Proof {
        let draft = TokenDraft {
            purpose,
            issuer: "e.example",
            claims: &self.claims,
            holder_key: self.phone.public(),
            issued_at: NOW,
            valid_days: 14,
            status: Some(StatusReference { index: 7, uri: "https://e.example/t/1".to_owned() }),
        };
        let token = issue_token(&draft, &self.issuer, &SystemRandom::new()).expect("token");
        let showing = Showing {
            audience: if challenged { Audience::Counter(COUNTER.to_owned()) } else { Audience::Anyone },
            challenge: challenged.then(|| CHALLENGE.to_vec()),
            photo,
            claims: shown.to_vec(),
            now: NOW,
        };
        let unsigned = HeldToken::parse(token).and_then(|token| token.prepare(&showing)).expect("proof");
        let signature = self.phone.sign(unsigned.to_be_signed()).expect("signature");
        unsigned.finish(&signature)
    }

    /// What an independent reader must find.
    fn facts(&self, purpose: Purpose, photo: bool, shown: &[Claim], challenged: bool) -> Value {
        let visible = |claim: Claim| match claim {
            Claim::Face => photo,
            _ => purpose.claims().contains(&claim) || shown.contains(&claim),
        };
        let mut visible_claims = Map::new();
        for (claim, value) in self.claims.iter().filter(|(claim, _)| visible(*claim)) {
            let value = match value {
                ClaimValue::Text(text) => json!(text),
                ClaimValue::Number(number) => json!(number),
                ClaimValue::Flag(flag) => json!(flag),
                ClaimValue::Face(bytes) => json!([{"0": hex(bytes), "1": 0, "2": 4}]),
            };
            visible_claims.insert(claim.number().to_string(), value);
        }
        json!({
            "vct": purpose.vct(),
            "claims": visible_claims,
            "aud": if challenged { COUNTER } else { "any" },
            "cnonce": challenged.then(|| hex(&CHALLENGE)),
        })
    }
}

fn claims() -> Claims {
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
        (Claim::AgeOver18, ClaimValue::Flag(true)),
        (Claim::HealthCardNumber, text("GD4010123456789")),
        (Claim::HealthCardValidTo, text("20271231")),
        (Claim::HealthFacility, text("01-001")),
    ] {
        claims.insert(claim, value).expect("claim");
    }
    claims
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
