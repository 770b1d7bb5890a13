//! Proofs of another implementation, and what happens when any of their bits change.

use eid_crypto::VerifyingKey;
use eid_model::{Code, UnixTime};
use eid_proof::*;

const ISSUER_KEY: &[u8] = include_bytes!("../../../../../tests/vectors/proof/issuer-public-key.bin");
const AGE: &[u8] = include_bytes!("../../../../../tests/vectors/proof/age.cbor");
const AGE_PHOTO: &[u8] = include_bytes!("../../../../../tests/vectors/proof/age-photo-challenged.cbor");
const CHALLENGE: [u8; 16] =
    [0x00, 0x35, 0x6a, 0x9f, 0xd4, 0x09, 0x3e, 0x73, 0xa8, 0xdd, 0x12, 0x47, 0x7c, 0xb1, 0xe6, 0x1b];

fn verify(proof: &[u8], challenge: Option<&[u8]>) -> Verdict {
    let trust = TrustList::single(VerifyingKey::parse(ISSUER_KEY).unwrap());
    let policy = Policy {
        allow_unknown_status: true,
        counter: challenge.map(|_| crate::common::COUNTER.to_owned()),
        ..Policy::default()
    };
    let verifier = Verifier { trust: &trust, status: None, policy: &policy };
    let scan = Scan { now: UnixTime::from_seconds(1_795_348_810), challenge };
    verifier.verify_bytes(proof, &scan, &mut MemoryReplayCache::default())
}

#[test]
fn foreign_age_proof_verifies() {
    let verdict = verify(AGE, None);
    assert_eq!(verdict.code, Code::Q00_VALID);
    let proof = verdict.proof.unwrap();
    assert_eq!((proof.purpose(), proof.withheld()), (Purpose::Age, 1));
    assert_eq!(proof.claims().get(Claim::AgeOver18), Some(&ClaimValue::Flag(true)));
    assert_eq!(proof.claims().len(), 1);
}

#[test]
fn foreign_challenged_proof_with_photo_verifies_for_its_counter_and_challenge_only() {
    let verdict = verify(AGE_PHOTO, Some(&CHALLENGE));
    assert_eq!(verdict.code, Code::Q00_VALID);
    let proof = verdict.proof.unwrap();
    assert_eq!(proof.claims().face().map(<[u8]>::len), Some(600));
    assert_eq!(verify(AGE_PHOTO, Some(&[1; 16])).code, Code::Q08_CHALLENGE);
    assert_eq!(verify(AGE_PHOTO, None).code, Code::Q07_AUDIENCE);
}

#[test]
fn any_changed_bit_or_missing_byte_is_refused() {
    for (proof, challenge) in [(AGE, None), (AGE_PHOTO, Some(CHALLENGE.as_slice()))] {
        for at in 0..proof.len() {
            for bit in 0..8 {
                let mut bad = proof.to_vec();
                bad[at] ^= 1 << bit;
                assert_ne!(verify(&bad, challenge).outcome, Outcome::Valid, "byte {at} bit {bit}");
            }
            assert_ne!(verify(&proof[..at], challenge).outcome, Outcome::Valid, "cut at {at}");
        }
        assert_eq!(verify(&[proof, &[0]].concat(), challenge).code, Code::Q04_MALFORMED);
    }
}

/// The SD-CWT draft's own key-binding tokens are signed by an ES384 issuer and name no counter of ours: outside the profile,
/// and refused as malformed rather than misread. That our layers below the profile read them is tested beside those layers.
#[test]
fn draft_examples_are_outside_the_profile() {
    for draft in [
        include_bytes!("../../../../../tests/vectors/proof/sd-cwt-draft-kbt.cbor").as_slice(),
        include_bytes!("../../../../../tests/vectors/proof/sd-cwt-draft-nested-kbt.cbor"),
    ] {
        assert_eq!(verify(draft, None).code, Code::Q04_MALFORMED);
    }
}
