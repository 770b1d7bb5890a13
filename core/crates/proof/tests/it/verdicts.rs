//! Each verdict code, by the attack or mishap that it names.

use crate::common::*;
use eid_crypto::{SigningKey, SystemRandom};
use eid_model::Code;
use eid_proof::*;

#[test]
fn fresh_proof_of_each_purpose_is_valid_and_shows_its_claims() {
    let world = World::new();
    for purpose in Purpose::ALL {
        let token = world.token(purpose);
        assert!(token.check(&world.trust, world.phone.public(), at(0)).is_ok());
        let verdict = world.verify(world.prove(&token, &open(at(0), true)).as_bytes(), at(5));
        assert_eq!(verdict.code, Code::Q00_VALID, "{purpose:?}");
        let proof = verdict.proof.unwrap();
        assert_eq!(proof.purpose(), purpose);
        assert!(purpose.claims().iter().all(|claim| proof.claims().get(*claim).is_some()));
        assert_eq!(proof.claims().face().map(<[u8]>::len), Some(600));
        assert_eq!(proof.status(), Some((Status::Valid, at(-50))));
    }
}

#[test]
fn flex_proof_shows_the_chosen_claims_and_withholds_the_rest() {
    let world = World::new();
    let showing = Showing { claims: vec![Claim::FullName, Claim::AgeOver18], ..open(at(0), false) };
    let proof = world.prove(&world.token(Purpose::Flex), &showing);
    let shown = world.verify(proof.as_bytes(), at(1)).proof.unwrap();
    assert_eq!(shown.claims().iter().map(|(claim, _)| claim).collect::<Vec<_>>(), [Claim::FullName, Claim::AgeOver18]);
    assert_eq!(shown.withheld(), claims().len() - 2);
}

#[test]
fn hidden_photo_is_not_in_the_bytes() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Id), &open(at(0), false));
    let face: Vec<u8> = claims().face().unwrap()[..32].to_vec();
    assert!(!proof.as_bytes().windows(32).any(|window| window == face));
    assert_eq!(world.verify(proof.as_bytes(), at(1)).proof.unwrap().withheld(), 1);
}

#[test]
fn time_decides_as_the_design_says() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(100), false));
    for (now, code) in [
        (at(100), Code::Q00_VALID),
        (at(70), Code::Q00_VALID),     // the phone 30 s ahead
        (at(69), Code::Q06_CLOCK),     // 31 s ahead
        (at(190), Code::Q00_VALID),    // exp + 30
        (at(191), Code::Q05_STALE),    // a screenshot
        (at(86_500), Code::Q05_STALE), // tomorrow
        (at(-9_000), Code::Q06_CLOCK), // the counter's clock is far behind
    ] {
        assert_eq!(world.verify(proof.as_bytes(), now).code, code, "{now:?}");
    }
    let wide = Policy { skew_s: 90, ..Policy::default() };
    let scan = Scan { now: at(250), challenge: None };
    assert_eq!(world.verify_with(proof.as_bytes(), &wide, &scan).code, Code::Q00_VALID);
}

#[test]
fn challenge_replaces_the_clock_within_ten_minutes() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &challenged(at(0), false, &[7; 16]));
    let policy = Policy { counter: Some(COUNTER.to_owned()), ..Policy::default() };
    let verify = |now, challenge| world.verify_with(proof.as_bytes(), &policy, &Scan { now, challenge }).code;
    assert_eq!(verify(at(500), Some(&[7; 16][..])), Code::Q00_VALID);
    assert_eq!(verify(at(661), Some(&[7; 16][..])), Code::Q05_STALE);
    assert_eq!(verify(at(500), Some(&[8; 16][..])), Code::Q05_STALE);
    assert_eq!(verify(at(10), Some(&[8; 16][..])), Code::Q08_CHALLENGE);
    // The answer to a request that nobody here made, or that is over.
    assert_eq!(verify(at(10), None), Code::Q08_CHALLENGE);
}

#[test]
fn proof_for_another_counter_is_refused() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &challenged(at(0), false, &[7; 16]));
    let open_proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let scan = Scan { now: at(1), challenge: None };
    let other = Policy { counter: Some("rp/other".to_owned()), ..Policy::default() };
    let strict = Policy { counter: Some(COUNTER.to_owned()), accept_open: false, ..Policy::default() };
    assert_eq!(world.verify_with(proof.as_bytes(), &other, &scan).code, Code::Q07_AUDIENCE);
    assert_eq!(world.verify_with(proof.as_bytes(), &Policy::default(), &scan).code, Code::Q07_AUDIENCE);
    assert_eq!(world.verify_with(open_proof.as_bytes(), &strict, &scan).code, Code::Q07_AUDIENCE);
    assert_eq!(world.verify_with(proof.as_bytes(), &strict, &scan).code, Code::Q08_CHALLENGE);
    // For this counter's poster, which has no challenge.
    let for_poster = Showing { challenge: None, ..challenged(at(0), false, &[7; 16]) };
    let poster_proof = world.prove(&world.token(Purpose::Age), &for_poster);
    assert_eq!(world.verify_with(poster_proof.as_bytes(), &strict, &scan).code, Code::Q00_VALID);
    assert_eq!(world.verify_with(poster_proof.as_bytes(), &other, &scan).code, Code::Q07_AUDIENCE);
    // An open proof does not answer a challenge.
    let asked = Scan { now: at(1), challenge: Some(&[7; 16]) };
    assert_eq!(world.verify_with(open_proof.as_bytes(), &Policy::default(), &asked).code, Code::Q08_CHALLENGE);
}

#[test]
fn unknown_forged_and_stolen_tokens_are_told_apart() {
    let (world, stranger) = (World::new(), World::new());
    let proof = world.prove(&world.token(Purpose::Id), &open(at(0), false));
    assert_eq!(stranger.verify(proof.as_bytes(), at(1)).code, Code::Q09_UNKNOWN_ISSUER);

    // The same bytes under another phone's key: a copied token without its key.
    let unsigned = world.token(Purpose::Id).prepare(&open(at(0), false)).unwrap();
    let signature = SigningKey::make().unwrap().sign(unsigned.to_be_signed()).unwrap();
    let copied = unsigned.finish(&signature);
    assert_eq!(world.verify(copied.as_bytes(), at(1)).code, Code::Q12_HOLDER_SIG);

    // A token that names the trusted key but was signed by another.
    let forged = change(proof.as_bytes(), b"MINH KHAI", b"MINH HAIK");
    assert_eq!(world.verify(&forged, at(1)).code, Code::Q10_ISSUER_SIG);
}

#[test]
fn trust_list_beyond_its_age_cannot_tell() {
    let world = World::new();
    let token = world.token(Purpose::Age);
    let proof = world.prove(&token, &open(at(0), false));
    let policy = Policy { trust_max_age_s: 50, ..Policy::default() };
    let verdict = world.verify_with(proof.as_bytes(), &policy, &Scan { now: at(1), challenge: None });
    assert_eq!((verdict.code, verdict.outcome), (Code::Q09_UNKNOWN_ISSUER, Outcome::CannotTell));
    assert_eq!(verdict.detail, Detail::TrustList { issued_at: Some(at(-100)) });
}

#[test]
fn token_outside_its_time_or_its_keys_time_is_refused() {
    let world = World::new();
    let token = world.token(Purpose::Age);
    // The wallet refuses to make a proof beyond the token's life...
    assert_eq!(token.prepare(&open(at(14 * 86_400), false)).err(), Some(ProofError::CredentialExpired));
    assert_eq!(token.check(&world.trust, world.phone.public(), at(15 * 86_400)), Err(ProofError::CredentialExpired));
    // ...and the counter refuses one that was made all the same.
    let late = change_time(&world, &token, at(14 * 86_400));
    assert_eq!(world.verify(&late, at(14 * 86_400)).code, Code::Q11_TOKEN_TIME);

    // A key that was not valid on the day of issue.
    let mut keys = world.trust.keys().to_vec();
    keys[0].not_after = at(-86_000);
    let draft = TrustListDraft {
        version: 2,
        environment: "sandbox".to_owned(),
        issued_at: at(0),
        next_update: at(86_400),
        keys,
    };
    let trust = TrustList::parse(&draft.sign(&world.root).unwrap(), &[*world.root.public()]).unwrap();
    let proof = world.prove(&token, &open(at(0), false));
    let verifier = Verifier { trust: &trust, status: Some(&world.status), policy: &Policy::default() };
    let scan = Scan { now: at(1), challenge: None };
    let verdict = verifier.verify_bytes(proof.as_bytes(), &scan, &mut MemoryReplayCache::default());
    assert_eq!(verdict.code, Code::Q11_TOKEN_TIME);
}

#[test]
fn disclosures_that_were_not_signed_are_refused() {
    let world = World::new();
    let token = world.token(Purpose::Age);
    // A retouched photo under the issuer's signature; the holder signs it himself.
    let mut changed = token.as_bytes().to_vec();
    let face = claims().face().unwrap()[..16].to_vec();
    let at_face = changed.windows(16).position(|window| window == face).unwrap();
    changed[at_face] ^= 1;
    assert_eq!(HeldToken::parse(changed.clone()).err(), Some(ProofError::CredentialInvalid));
    let proof = sign_around(&world, &changed, at(0));
    assert_eq!(world.verify(&proof, at(1)).code, Code::Q13_DISCLOSURE);
}

#[test]
fn revoked_suspended_and_unknown_status_decide() {
    let mut world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let mut statuses = [Status::Valid; 8];
    for (status, code, outcome) in [
        (Status::Valid, Code::Q00_VALID, Outcome::Valid),
        (Status::Revoked, Code::Q14_REVOKED, Outcome::NotValid),
        (Status::Suspended, Code::Q15_SUSPENDED, Outcome::NotValid),
    ] {
        statuses[5] = status;
        world.status = snapshot(&world.status_key, &world.trust, &statuses);
        let verdict = world.verify(proof.as_bytes(), at(1));
        assert_eq!((verdict.code, verdict.outcome), (code, outcome));
    }
    // The neighbours of a revoked entry stay valid.
    statuses = [Status::Revoked; 8];
    statuses[5] = Status::Valid;
    world.status = snapshot(&world.status_key, &world.trust, &statuses);
    assert_eq!(world.verify(proof.as_bytes(), at(1)).code, Code::Q00_VALID);

    // No list, and a list older than policy allows: cannot tell, but what was proven is shown.
    let old = Policy { status_max_age_s: 10, ..Policy::default() };
    let verdict = world.verify_with(proof.as_bytes(), &old, &Scan { now: at(1), challenge: None });
    assert_eq!((verdict.code, verdict.outcome), (Code::W16_STATUS_UNKNOWN, Outcome::CannotTell));
    world.status = StatusSnapshot::default();
    let verdict = world.verify(proof.as_bytes(), at(1));
    assert_eq!((verdict.code, verdict.proof.is_some()), (Code::W16_STATUS_UNKNOWN, true));
    let lenient = Policy { allow_unknown_status: true, ..Policy::default() };
    let verdict = world.verify_with(proof.as_bytes(), &lenient, &Scan { now: at(1), challenge: None });
    assert_eq!((verdict.code, verdict.proof.unwrap().status()), (Code::Q00_VALID, None));
}

#[test]
fn profile_that_the_counter_does_not_take_is_refused() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let scan = Scan { now: at(1), challenge: None };
    let id_only = Policy { accepted: vec![Purpose::Id], ..Policy::default() };
    let with_face = Policy { required: vec![Claim::Face], ..Policy::default() };
    assert_eq!(world.verify_with(proof.as_bytes(), &id_only, &scan).code, Code::Q17_PROFILE);
    assert_eq!(world.verify_with(proof.as_bytes(), &with_face, &scan).code, Code::Q17_PROFILE);
}

#[test]
fn second_use_is_refused_even_with_a_changed_signature() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let policy = Policy::default();
    let verifier = Verifier { trust: &world.trust, status: Some(&world.status), policy: &policy };
    let mut replay = MemoryReplayCache::default();
    let mut verify = |bytes: &[u8], now| verifier.verify_bytes(bytes, &Scan { now, challenge: None }, &mut replay);
    assert_eq!(verify(proof.as_bytes(), at(1)).code, Code::Q00_VALID);
    let again = verify(proof.as_bytes(), at(20));
    assert_eq!((again.code, again.detail), (Code::Q18_REPLAY, Detail::UsedBefore { at: at(1) }));
    // ECDSA is malleable: (r, n − s) is as valid as (r, s). It is the same proof all the same.
    let mirrored = mirror_signature(proof.as_bytes());
    assert_eq!(verify(&mirrored, at(21)).code, Code::Q18_REPLAY);
    // Signed anew, as the wallet does every 20 s, it is another proof.
    let renewed = world.prove(&world.token(Purpose::Age), &open(at(20), false));
    assert_eq!(verify(renewed.as_bytes(), at(22)).code, Code::Q00_VALID);
}

#[test]
fn challenge_is_good_for_one_answer() {
    let world = World::new();
    let token = world.token(Purpose::Age);
    let policy = Policy { counter: Some(COUNTER.to_owned()), ..Policy::default() };
    let verifier = Verifier { trust: &world.trust, status: Some(&world.status), policy: &policy };
    let mut replay = MemoryReplayCache::default();
    let scan = Scan { now: at(5), challenge: Some(&[7; 16]) };
    let first = world.prove(&token, &challenged(at(0), false, &[7; 16]));
    let second = world.prove(&token, &challenged(at(3), false, &[7; 16]));
    assert_eq!(verifier.verify_bytes(first.as_bytes(), &scan, &mut replay).code, Code::Q00_VALID);
    assert_eq!(verifier.verify_bytes(second.as_bytes(), &scan, &mut replay).code, Code::Q08_CHALLENGE);
}

#[test]
fn proof_in_doubt_is_not_in_the_record_and_its_profile_was_not_checked() {
    let mut world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let known = std::mem::take(&mut world.status);
    let (strict, lax) = (Policy { accepted: vec![Purpose::Id], ..Policy::default() }, Policy::default());
    let mut replay = MemoryReplayCache::default();
    let mut code = |status, policy, now| {
        let verifier = Verifier { trust: &world.trust, status, policy };
        verifier.verify_bytes(proof.as_bytes(), &Scan { now, challenge: None }, &mut replay).code
    };
    assert_eq!(code(None, &strict, at(1)), Code::W16_STATUS_UNKNOWN);
    assert_eq!(code(None, &lax, at(2)), Code::W16_STATUS_UNKNOWN);
    assert_eq!(code(Some(&known), &lax, at(3)), Code::Q00_VALID, "nobody saw it before");
}

#[test]
fn proof_made_ahead_of_its_time_passes_in_its_minute_unless_a_challenge_is_asked() {
    const DAY: i64 = 86_400;
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(DAY), false));
    let verify =
        |now, challenge| world.verify_with(proof.as_bytes(), &Policy::default(), &Scan { now, challenge }).code;
    assert_eq!(verify(at(0), None), Code::Q06_CLOCK);
    // The snapshot of the world is a day old then, and the phone may be far away.
    assert_eq!(verify(at(DAY + 1), None), Code::Q00_VALID);
    assert_eq!(verify(at(DAY + 1), Some(&[7; 16])), Code::Q08_CHALLENGE);
}

#[test]
fn replay_cache_that_fails_cannot_tell() {
    struct Broken;
    impl ReplayCache for Broken {
        fn record(&mut self, _: &ReplayEntry) -> Result<Seen, ReplayUnavailable> {
            Err(ReplayUnavailable)
        }
    }
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let verifier = Verifier { trust: &world.trust, status: Some(&world.status), policy: &Policy::default() };
    let verdict = verifier.verify_bytes(proof.as_bytes(), &Scan { now: at(1), challenge: None }, &mut Broken);
    assert_eq!((verdict.code, verdict.outcome), (Code::COUNTER_REPLAY_UNUSABLE, Outcome::CannotTell));
}

#[test]
fn text_layer_gives_its_verdicts() {
    let world = World::new();
    let proof = world.prove(&world.token(Purpose::Age), &open(at(0), false));
    let verifier = Verifier { trust: &world.trust, status: Some(&world.status), policy: &Policy::default() };
    let scan = Scan { now: at(1), challenge: None };
    let verify = |text: &str| verifier.verify_text(text, &scan, &mut MemoryReplayCache::default()).code;
    for spelling in [Spelling::Digits, Spelling::Base45] {
        assert_eq!(verify(&proof.text(spelling)), Code::Q00_VALID);
        assert_eq!(verify(&format!(" {}\r\n", proof.text(spelling))), Code::Q00_VALID);
    }
    assert_eq!(verify("HC1:ABC"), Code::Q01_NOT_OURS);
    assert_eq!(verify(&proof.text(Spelling::Digits)[..200]), Code::Q02_TRANSPORT);
    assert_eq!(verify(&encode_text(&vec![0; 5000], Spelling::Digits)), Code::Q03_TOO_LARGE);
    assert_eq!(verify(&encode_text(&[0xd2, 0x84], Spelling::Base45)), Code::Q04_MALFORMED);
}

#[test]
fn trust_and_status_lists_that_are_not_signed_by_their_keys_are_refused() {
    let world = World::new();
    let draft = TrustListDraft {
        version: 1,
        environment: "sandbox".to_owned(),
        issued_at: at(0),
        next_update: at(1),
        keys: vec![],
    };
    let signed = draft.sign(&world.root).unwrap();
    assert!(TrustList::parse(&signed, &[*world.root.public()]).is_ok());
    assert_eq!(TrustList::parse(&signed, &[]).err(), Some(ProofError::TrustListInvalid));
    assert_eq!(TrustList::parse(&signed, &[*world.issuer.public()]).err(), Some(ProofError::TrustListInvalid));
    for at in 0..signed.len() {
        let mut bad = signed.clone();
        bad[at] ^= 4;
        assert!(TrustList::parse(&bad, &[*world.root.public()]).is_err(), "byte {at}");
    }
    let list = status_list(&world.status_key, &[Status::Valid; 8]);
    for at in 0..list.len() {
        let mut bad = list.clone();
        bad[at] ^= 4;
        assert!(StatusSnapshot::parse(&bundle_status_lists(&[bad]), &world.trust).is_err(), "byte {at}");
    }
    // The issuer's token key may not sign status lists.
    let wrong = status_list(&world.issuer, &[Status::Valid; 8]);
    assert!(StatusSnapshot::parse(&bundle_status_lists(&[wrong]), &world.trust).is_err());
}

#[test]
fn issuer_refuses_drafts_beyond_the_format() {
    let world = World::new();
    let claims = claims();
    let draft = |purpose, valid_days| TokenDraft {
        purpose,
        issuer: ISSUER,
        claims: &claims,
        holder_key: world.phone.public(),
        issued_at: at(0),
        valid_days,
        status: None,
    };
    let issue = |draft: &TokenDraft<'_>| issue_token(draft, &world.issuer, &SystemRandom::new());
    assert_eq!(issue(&draft(Purpose::Id, 32)), Err(ProofError::DraftInvalid));
    assert!(issue(&draft(Purpose::Id, 31)).is_ok());
    let empty = Claims::new();
    let poor = TokenDraft { claims: &empty, ..draft(Purpose::Age, 14) };
    assert_eq!(issue(&poor), Err(ProofError::ClaimInvalid(Claim::AgeOver18)));
}

/// Replaces a run of bytes by another of the same length.
fn change(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = out.windows(from.len()).position(|window| window == from).unwrap();
    out[at..at + to.len()].copy_from_slice(to);
    out
}

/// A key-binding token around any issuer token, signed by the phone: what a modified wallet could send.
fn sign_around(world: &World, token: &[u8], now: eid_model::UnixTime) -> Vec<u8> {
    let time = |seconds: i64| u32::try_from(seconds).unwrap().to_be_bytes();
    let protected = [&[0xa3, 0x01, 0x26, 0x0d], token, &[0x10, 0x19, 0x01, 0x26]].concat();
    let payload = [
        &[0xa3, 0x03, 0x63][..],
        b"any",
        &[0x04, 0x1a],
        &time(now.seconds() + 60),
        &[0x06, 0x1a],
        &time(now.seconds()),
    ]
    .concat();
    let bstr = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap();
        let head = if length < 24 {
            vec![0x40 | bytes.len() as u8]
        } else if length < 256 {
            vec![0x58, bytes.len() as u8]
        } else {
            [&[0x59][..], &length.to_be_bytes()].concat()
        };
        [head, bytes.to_vec()].concat()
    };
    let to_sign = [&[0x84, 0x6a][..], b"Signature1", &bstr(&protected), &[0x40], &bstr(&payload)].concat();
    let signature = world.phone.sign(&to_sign).unwrap();
    [&[0xd2, 0x84][..], &bstr(&protected), &[0xa0], &bstr(&payload), &bstr(&signature)].concat()
}

fn change_time(world: &World, token: &HeldToken, now: eid_model::UnixTime) -> Vec<u8> {
    sign_around(world, token.as_bytes(), now)
}

/// Turns the outer signature (r, s) into (r, n − s).
fn mirror_signature(proof: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut out = proof.to_vec();
    let from = out.len() - 32;
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(out[from + at]) - borrow;
        borrow = i16::from(difference < 0);
        out[from + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    out
}
