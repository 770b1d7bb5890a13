//! The paper form: signed by the issuer, and never "valid".

use eid_model::{Code, UnixTime};
use eid_proof::*;

use crate::common::*;

fn judge(world: &World, text: &str, policy: &Policy, now: UnixTime, challenge: Option<&[u8]>) -> Verdict {
    let verifier = Verifier { trust: &world.trust, status: Some(&world.status), policy };
    verifier.verify_text(text, &Scan { now, challenge }, &mut MemoryReplayCache::default())
}

#[test]
fn paper_shows_what_was_signed_and_that_its_holder_is_not_proven() {
    let world = World::new();
    for (purpose, photo) in [(Purpose::Id, true), (Purpose::Health, false), (Purpose::DrivingLicence, true)] {
        let text = world.token(purpose).paper_text(photo, at(0)).unwrap();
        assert!(QrSymbol::encode(&text).unwrap().version() <= 23, "{purpose:?}");
        for text in [text.clone(), format!("{text}\r\n"), text.to_lowercase()] {
            let verdict = judge(&world, &text, &Policy::default(), at(86_400), None);
            assert_eq!((verdict.code, verdict.outcome), (Code::W19_HOLDER_NOT_PROVEN, Outcome::CannotTell));
            let shown = verdict.proof.unwrap();
            assert_eq!((shown.purpose(), shown.is_holder_proven(), shown.is_open()), (purpose, false, true));
            assert_eq!((shown.claims().face().is_some(), shown.signed_at()), (photo, shown.issued_at()));
        }
    }
    let proof = world.prove(&world.token(Purpose::Id), &open(at(0), false));
    assert!(world.verify(proof.as_bytes(), at(1)).proof.unwrap().is_holder_proven());
    assert_eq!(world.token(Purpose::Flex).paper_text(false, at(0)), Err(ProofError::DraftInvalid));
    assert_eq!(world.token(Purpose::Id).paper_text(false, at(15 * 86_400)), Err(ProofError::CredentialExpired));
}

#[test]
fn paper_is_refused_for_what_a_proof_is_refused_for() {
    let mut world = World::new();
    let text = world.token(Purpose::Id).paper_text(false, at(0)).unwrap();
    let code = |world: &World, policy: &Policy, now, challenge| judge(world, &text, policy, now, challenge).code;
    let any = Policy::default();
    for (name, policy, now, challenge, expected) in [
        ("after its end", &any, at(14 * 86_400 + 1), None, Code::Q11_TOKEN_TIME),
        ("before its day", &any, at(-86_400), None, Code::Q11_TOKEN_TIME),
        ("in place of an answer", &any, at(1), Some(&[7; 16][..]), Code::Q08_CHALLENGE),
        (
            "where only named proofs count",
            &Policy { accept_open: false, ..Policy::default() },
            at(1),
            None,
            Code::Q07_AUDIENCE,
        ),
        (
            "for another purpose",
            &Policy { accepted: vec![Purpose::Age], ..Policy::default() },
            at(1),
            None,
            Code::Q17_PROFILE,
        ),
        (
            "without the photo",
            &Policy { required: vec![Claim::Face], ..Policy::default() },
            at(1),
            None,
            Code::Q17_PROFILE,
        ),
    ] {
        assert_eq!(code(&world, policy, now, challenge), expected, "{name}");
    }
    assert_eq!(code(&World::new(), &any, at(1), None), Code::Q09_UNKNOWN_ISSUER);
    let mut statuses = [Status::Valid; 8];
    for (status, expected) in [(Status::Revoked, Code::Q14_REVOKED), (Status::Suspended, Code::Q15_SUSPENDED)] {
        statuses[5] = status;
        world.status = snapshot(&world.status_key, &world.trust, &statuses);
        assert_eq!(code(&world, &any, at(1), None), expected);
    }
    world.status = StatusSnapshot::default();
    assert_eq!(code(&world, &any, at(1), None), Code::W16_STATUS_UNKNOWN);
}

#[test]
fn changed_paper_is_forged_or_no_paper() {
    let world = World::new();
    let text = world.token(Purpose::Id).paper_text(false, at(0)).unwrap();
    for at_char in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at_char] = if changed[at_char] == b'7' { b'8' } else { b'7' };
        let verdict = judge(&world, &String::from_utf8(changed).unwrap(), &Policy::default(), at(1), None);
        assert!(
            [Code::Q01_NOT_OURS, Code::Q04_MALFORMED, Code::Q09_UNKNOWN_ISSUER, Code::Q10_ISSUER_SIG]
                .contains(&verdict.code),
            "{at_char}: {:?}",
            verdict.code
        );
    }
    // The proof around the same token is no paper: its zlib holds something else.
    let registration = RegistrationDraft {
        registrar: REGISTRAR,
        counter: COUNTER,
        name: "Quầy 3",
        allowed: &[Purpose::Id],
        host: None,
        key: world.counter.public(),
        issued_at: at(0),
        valid_days: 30,
        status: None,
    };
    let poster = registration.sign(&world.registrar).unwrap().text();
    assert_eq!(judge(&world, &poster, &Policy::default(), at(1), None).code, Code::Q01_NOT_OURS);
}
