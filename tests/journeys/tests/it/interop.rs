//! Independent Rust implementations read our proofs: `cose2` checks both signatures, `sd-cwt` restores the disclosures.

use cbor2::Value;
use cose2::{Sign1Message, crypto::RingVerifier, iana};
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::UnixTime;
use eid_proof::{
    Audience, Claim, ClaimValue, Claims, HeldToken, Purpose, Showing, StatusReference, TokenDraft, issue_token,
};
use sd_cwt::{HEADER_KCWT, RestoreMode, RestoreReport};

const NOW: UnixTime = UnixTime::from_seconds(1_795_348_800);

struct Parties {
    issuer: SigningKey,
    phone: SigningKey,
}

impl Parties {
    fn new() -> Self {
        Self { issuer: SigningKey::make().unwrap(), phone: SigningKey::make().unwrap() }
    }

    fn prove(&self, purpose: Purpose, photo: bool, shown: &[Claim]) -> Vec<u8> {
        let mut claims = Claims::new();
        let text = |s: &str| ClaimValue::Text(s.to_owned());
        for (claim, value) in [
            (Claim::Pid, text("000199000123")),
            (Claim::FullName, text("NGUYỄN THỊ MINH KHAI")),
            (Claim::BirthDate, text("19900412")),
            (Claim::Gender, ClaimValue::Number(2)),
            (Claim::Residence, text("Xóm 1\nXã Ba Vì\nHà Nội")),
            (Claim::Nationality, text("VNM")),
            (Claim::Face, ClaimValue::Face(vec![0x52; 600])),
            (Claim::AgeOver18, ClaimValue::Flag(true)),
        ] {
            claims.insert(claim, value).unwrap();
        }
        let draft = TokenDraft {
            purpose,
            issuer: "e.example",
            claims: &claims,
            holder_key: self.phone.public(),
            issued_at: NOW,
            valid_days: 14,
            status: Some(StatusReference { index: 7, uri: "https://e.example/t/1".to_owned() }),
        };
        let token = issue_token(&draft, &self.issuer, &SystemRandom::new()).unwrap();
        let showing = Showing { audience: Audience::Anyone, challenge: None, photo, claims: shown.to_vec(), now: NOW };
        let unsigned = HeldToken::parse(token).unwrap().prepare(&showing).unwrap();
        let signature = self.phone.sign(unsigned.to_be_signed()).unwrap();
        unsigned.finish(&signature).as_bytes().to_vec()
    }
}

fn verifier(key: &SigningKey) -> RingVerifier {
    RingVerifier::ecdsa(iana::AlgorithmES256, key.public().sec1(), None).unwrap()
}

/// Checks both signatures with `cose2` and restores with `sd-cwt`, the way a counter of somebody else would.
fn restore(proof: &[u8], parties: &Parties) -> Result<RestoreReport, cose2::Error> {
    let outer = Sign1Message::from_slice(proof)?;
    outer.verify(&verifier(&parties.phone), None)?;
    let inner = outer.protected.as_map().get(HEADER_KCWT).ok_or_else(|| cose2::Error::custom("no kcwt"))?;
    let inner = cbor2::to_vec(inner).map_err(|_| cose2::Error::custom("kcwt"))?;
    // Not `sd_cwt::verify_and_decode_sd_cwt`: it wants the fully specified ESP256, which older libraries do not know; ES256 is
    // the same signature (ADR 0003).
    let token = Sign1Message::from_slice(&inner)?;
    token.verify(&verifier(&parties.issuer), None)?;
    sd_cwt::restore_payload_from_message(&token, RestoreMode::Verifier)
}

fn identity(report: &RestoreReport) -> Vec<(Value, Value)> {
    let Value::Map(payload) = &report.value else { panic!("payload is no map") };
    let (_, identity) = payload.iter().find(|(key, _)| *key == Value::from(169)).unwrap();
    let Value::Map(identity) = identity else { panic!("identity data is no map") };
    identity.clone()
}

#[test]
fn proofs_of_each_purpose_verify_and_restore_elsewhere() {
    let parties = Parties::new();
    let report = restore(&parties.prove(Purpose::Id, true, &[]), &parties).unwrap();
    assert_eq!((report.disclosed, report.removed_redactions), (1, 0));
    assert!(identity(&report).contains(&(Value::from(4), Value::from("NGUYỄN THỊ MINH KHAI"))));

    let report = restore(&parties.prove(Purpose::Age, false, &[]), &parties).unwrap();
    assert_eq!((report.disclosed, report.removed_redactions), (0, 1));

    let five = [Claim::Pid, Claim::FullName, Claim::BirthDate, Claim::Residence];
    let report = restore(&parties.prove(Purpose::Flex, true, &five), &parties).unwrap();
    assert_eq!((report.disclosed, report.removed_redactions), (5, 3));
    let restored = identity(&report);
    assert!(restored.contains(&(Value::from(1), Value::from("000199000123"))));
    assert!(!restored.iter().any(|(key, _)| *key == Value::from(9)), "gender was withheld");
}

#[test]
fn changed_proofs_are_refused_elsewhere_too() {
    let parties = Parties::new();
    let proof = parties.prove(Purpose::Id, true, &[]);
    let middle = proof.len() / 2;
    for at in [30, middle, proof.len() - 1] {
        let mut changed = proof.clone();
        changed[at] ^= 1;
        assert!(restore(&changed, &parties).is_err(), "byte {at}");
    }
    assert!(restore(&proof, &Parties::new()).is_err());
}
