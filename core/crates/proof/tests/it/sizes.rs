//! Proof sizes and QR versions of the design's table 2: not one byte more.

use crate::common::*;
use eid_proof::*;

/// Name, purpose, photo, challenged, most bytes, highest QR version with digits.
const TABLE: [(&str, Purpose, bool, bool, usize, u8); 10] = [
    ("age", Purpose::Age, false, false, 403, 13),
    ("age, challenged", Purpose::Age, false, true, 437, 14),
    ("age + photo", Purpose::Age, true, false, 1035, 23),
    ("age + photo, challenged", Purpose::Age, true, true, 1069, 23),
    ("id", Purpose::Id, false, false, 549, 16),
    ("id, challenged", Purpose::Id, false, true, 583, 17),
    ("id + photo", Purpose::Id, true, false, 1181, 25),
    ("id + photo, challenged", Purpose::Id, true, true, 1215, 25),
    ("health", Purpose::Health, false, false, 436, 14),
    ("health, challenged", Purpose::Health, false, true, 470, 15),
];

#[test]
fn proofs_are_no_larger_than_the_design_says() {
    let world = World::new();
    for (name, purpose, photo, with_challenge, most_bytes, most_version) in TABLE {
        // The design's health token carries no photo; ours does only when the issuer has one, so it is left out here.
        let token = if purpose == Purpose::Health { without_photo(&world, purpose) } else { world.token(purpose) };
        let showing = if with_challenge { challenged(at(10), photo, &[7; 16]) } else { open(at(10), photo) };
        let proof = world.prove(&token, &showing);
        let bytes = proof.as_bytes().len();
        let version = QrSymbol::encode(&proof.text(Spelling::Digits)).unwrap().version();
        assert!(bytes <= most_bytes && version <= most_version, "{name}: {bytes} bytes, version {version}");
    }
}

#[test]
fn flex_proofs_are_no_larger_than_the_design_says() {
    let world = World::new();
    let token = world.token(Purpose::Flex);
    // The design's flex token has 10 hashes; this subject has 12 map claims and the face, so 3 × 34 bytes more are allowed.
    let more = 3 * 34;
    let four = vec![Claim::FullName, Claim::Pid, Claim::BirthDate, Claim::Residence];
    for (shown, photo, most) in [(vec![Claim::AgeOver18], false, 768), (four.clone(), false, 967), (four, true, 1597)] {
        let showing = Showing { claims: shown, ..challenged(at(10), photo, &[7; 16]) };
        let bytes = world.prove(&token, &showing).as_bytes().len();
        assert!(bytes <= most + more, "{bytes} > {most} + {more}");
    }
}

fn without_photo(world: &World, purpose: Purpose) -> HeldToken {
    let mut bare = Claims::new();
    for (claim, value) in claims().iter().filter(|(claim, _)| *claim != Claim::Face) {
        bare.insert(claim, value.clone()).unwrap();
    }
    let draft = TokenDraft {
        purpose,
        issuer: ISSUER,
        claims: &bare,
        holder_key: world.phone.public(),
        issued_at: at(0),
        valid_days: 14,
        status: Some(StatusReference { index: 65_000, uri: LIST.to_owned() }),
    };
    HeldToken::parse(issue_token(&draft, &world.issuer, &eid_crypto::SystemRandom::new()).unwrap()).unwrap()
}
