//! Who asks, and what for: attacks on requests and registrations, and what their answers are good for.

use eid_crypto::SigningKey;
use eid_model::{Code, UnixTime};
use eid_proof::*;

use crate::common::*;

const NAME: &str = "Quầy 3 – Bệnh viện Mẫu";
const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

fn registration(world: &World, draft: impl Fn(&mut RegistrationDraft<'_>)) -> Registration {
    let mut made = RegistrationDraft {
        registrar: REGISTRAR,
        counter: COUNTER,
        name: NAME,
        allowed: &[Purpose::Age, Purpose::Id, Purpose::Flex],
        host: Some("quay.example"),
        key: world.counter.public(),
        issued_at: at(-86_400),
        valid_days: 365,
        status: Some(StatusReference { index: 3, uri: COUNTERS.to_owned() }),
    };
    draft(&mut made);
    made.sign(&world.registrar).unwrap()
}

fn asked(purpose: Purpose) -> Asked {
    let claims = if purpose == Purpose::Flex { vec![Claim::FullName, Claim::AgeOver18] } else { Vec::new() };
    Asked {
        purpose, photo: true, claims, reason: "Mua vé cho người lớn".to_owned(), answer_to: None, spelling: None
    }
}

fn request(world: &World, registration: &Registration, asked: &Asked) -> CounterRequest {
    sign(registration, asked, at(0), &world.counter).unwrap()
}

fn sign(
    registration: &Registration,
    asked: &Asked,
    now: UnixTime,
    key: &SigningKey,
) -> Result<CounterRequest, ProofError> {
    RequestDraft { registration, asked, nonce: NONCE, now, life_s: 120 }.sign(key)
}

fn lists(world: &World, status: Status) -> StatusSnapshot {
    let mut statuses = [Status::Valid; 8];
    statuses[3] = status;
    let draft = StatusListDraft {
        issuer: REGISTRAR,
        uri: COUNTERS,
        statuses: &statuses,
        issued_at: at(-50),
        expires_at: at(86_400),
        ttl_s: 3600,
    };
    let both = [draft.sign(&world.status_key).unwrap(), status_list(&world.status_key, &[Status::Valid; 8])];
    let kept = keep_registrar_lists(&bundle_status_lists(&both), &world.trust).unwrap();
    assert!(kept.len() < both[0].len() + 10, "the lists of tokens are left out");
    StatusSnapshot::parse(&kept, &world.trust).unwrap()
}

#[test]
fn request_tells_who_asks_what_for_and_until_when() {
    let world = World::new();
    let full = Asked {
        answer_to: Some("https://quay.example/answers/1".to_owned()),
        spelling: Some(Spelling::Base45),
        ..asked(Purpose::Flex)
    };
    let made = request(&world, &registration(&world, |_| {}), &full);
    assert!(QrSymbol::encode(&made.text()).unwrap().version() <= 18);
    let CounterCode::Request(read) = CounterCode::read(&format!(" {}\r\n", made.text().to_lowercase())).unwrap() else {
        panic!("a request")
    };
    assert_eq!(*read, made);
    assert_eq!(read.check(&world.trust, Some(&lists(&world, Status::Valid)), at(60)), Ok(Some(at(-50))));
    assert_eq!(read.check(&world.trust, None, at(60)), Ok(None), "nobody knows whether it was withdrawn");
    assert_eq!((read.asked(), read.nonce(), read.expires_at()), (&full, &NONCE, at(120)));
    let who = read.registration();
    assert_eq!((who.counter(), who.name(), who.host()), (COUNTER, NAME, Some("quay.example")));
}

#[test]
fn poster_says_who_it_is_and_fits_a_small_code() {
    let world = World::new();
    let made = registration(&world, |draft| draft.host = None);
    assert!(QrSymbol::encode(&made.text()).unwrap().version() <= 12);
    let CounterCode::Poster(read) = CounterCode::read(&made.text()).unwrap() else { panic!("a poster") };
    assert_eq!(*read, made);
    assert_eq!(read.check(&world.trust, Some(&lists(&world, Status::Valid)), at(60)), Ok(Some(at(-50))));
    assert_eq!(read.allowed(), [Purpose::Age, Purpose::Id, Purpose::Flex]);
}

#[test]
fn every_changed_byte_of_a_request_is_refused() {
    let world = World::new();
    let made = request(&world, &registration(&world, |_| {}), &asked(Purpose::Id));
    let mut refused = std::collections::BTreeSet::new();
    for byte in 0..made.as_bytes().len() {
        for bit in [1, 0x10, 0x80] {
            let mut bytes = made.as_bytes().to_vec();
            bytes[byte] ^= bit;
            let checked = CounterRequest::parse(bytes).and_then(|read| read.check(&world.trust, None, at(1)));
            refused.insert(checked.expect_err(&format!("byte {byte}")).code());
        }
    }
    let expected = [Code::COUNTER_CODE_UNREADABLE, Code::COUNTER_NOT_REGISTERED, Code::REQUEST_FORGED];
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn registration_of_another_registrar_key_or_use_is_refused() {
    let (world, stranger) = (World::new(), World::new());
    let made = registration(&world, |_| {});
    assert_eq!(made.check(&stranger.trust, None, at(0)), Err(ProofError::CounterUnregistered));
    let elsewhere = registration(&world, |draft| draft.registrar = "other.example");
    assert_eq!(elsewhere.check(&world.trust, None, at(0)), Err(ProofError::CounterUnregistered));
    // The same key, listed for identity tokens only: it may not register counters.
    let mut keys = world.trust.keys().to_vec();
    keys.retain(|key| key.usage == KeyUse::Registrar);
    keys.iter_mut().for_each(|key| key.usage = KeyUse::Proof);
    let (environment, version) = ("sandbox".to_owned(), 1);
    let draft = TrustListDraft { version, environment, issued_at: at(0), next_update: at(1), keys };
    let trust = TrustList::parse(&draft.sign(&world.root).unwrap(), &[*world.root.public()]).unwrap();
    assert_eq!(made.check(&trust, None, at(0)), Err(ProofError::CounterUnregistered));
    // A registration before its registrar's key was valid.
    let early = registration(&world, |draft| draft.issued_at = at(-86_401));
    assert_eq!(early.check(&world.trust, None, at(0)), Err(ProofError::CounterUnregistered));
}

#[test]
fn withdrawn_suspended_and_ended_registrations_are_refused() {
    let world = World::new();
    let made = request(&world, &registration(&world, |_| {}), &asked(Purpose::Age));
    for status in [Status::Revoked, Status::Suspended] {
        let lists = lists(&world, status);
        assert_eq!(made.check(&world.trust, Some(&lists), at(1)), Err(ProofError::CounterWithdrawn));
        // Also long after: an old list does not become untrue.
        assert_eq!(
            made.registration().check(&world.trust, Some(&lists), at(80 * 86_400)),
            Err(ProofError::CounterWithdrawn)
        );
    }
    let short = registration(&world, |draft| draft.valid_days = 1);
    assert_eq!(short.check(&world.trust, None, at(-1)), Ok(None));
    assert_eq!(short.check(&world.trust, None, at(0)), Err(ProofError::RegistrationEnded));
    assert_eq!(short.check(&world.trust, None, at(-86_400 - 601)), Err(ProofError::RegistrationEnded));
}

#[test]
fn request_of_somebody_who_copied_the_poster_is_forged() {
    let world = World::new();
    let registration = registration(&world, |_| {});
    let thief = SigningKey::make().unwrap();
    assert_eq!(sign(&registration, &asked(Purpose::Id), at(0), &thief), Err(ProofError::DraftInvalid));
    // Another tool does not ask: the registration is around, the signature is not the counter's.
    let mut bytes = request(&world, &registration, &asked(Purpose::Id)).as_bytes().to_vec();
    let forged = thief.sign(b"anything").unwrap();
    let end = bytes.len() - 64;
    bytes[end..].copy_from_slice(&forged);
    let read = CounterRequest::parse(bytes).unwrap();
    assert_eq!(read.check(&world.trust, None, at(1)), Err(ProofError::RequestForged));
}

#[test]
fn request_is_for_its_minutes() {
    let world = World::new();
    let registration = registration(&world, |_| {});
    let made = request(&world, &registration, &asked(Purpose::Age));
    for (now, expected) in [
        (at(-600), Ok(None)), // the phone ten minutes behind
        (at(-601), Err(ProofError::RequestStale)),
        (at(720), Ok(None)), // ten minutes ahead: the counter's nonce decides
        (at(721), Err(ProofError::RequestStale)),
        (at(86_400), Err(ProofError::RequestStale)),
    ] {
        assert_eq!(made.check(&world.trust, None, now), expected, "{now:?}");
    }
    let draft = |life_s| {
        RequestDraft { registration: &registration, asked: &asked(Purpose::Age), nonce: NONCE, now: at(0), life_s }
            .sign(&world.counter)
    };
    assert!(draft(120).is_ok());
    for life in [0, 121, u32::MAX] {
        assert_eq!(draft(life), Err(ProofError::DraftInvalid), "{life}");
    }
}

#[test]
fn request_beyond_the_registration_is_refused() {
    let world = World::new();
    let broad = registration(&world, |_| {});
    let narrow = registration(&world, |draft| draft.allowed = &[Purpose::Age]);
    let to = |address: &str| Asked { answer_to: Some(address.to_owned()), ..asked(Purpose::Age) };
    let refused = Err(ProofError::RequestNotAllowed);
    assert_eq!(sign(&narrow, &asked(Purpose::Id), at(0), &world.counter), refused);
    for address in [
        "https://evil.example/answers",
        "http://quay.example/answers",
        "https://quay.example.evil.example/a",
        "https://quay.example@evil.example/a",
        "https://quay.example:444/a",
        "https://quay.example",
        "//quay.example/a",
    ] {
        assert_eq!(sign(&broad, &to(address), at(0), &world.counter), refused, "{address}");
    }
    let nowhere = registration(&world, |draft| draft.host = None);
    assert_eq!(sign(&nowhere, &to("https://quay.example/a"), at(0), &world.counter), refused);
    // A tool that signs all the same: put a request under the narrow registration, which the counter's key may.
    let asked = request(&world, &broad, &asked(Purpose::Id));
    let swapped = swap_registration(&world, &asked, &narrow);
    assert_eq!(swapped.check(&world.trust, None, at(1)), Err(ProofError::RequestNotAllowed));
}

#[test]
fn drafts_beyond_the_format_are_refused() {
    let world = World::new();
    let registered = registration(&world, |_| {});
    let with = |change: &dyn Fn(&mut Asked)| {
        let mut asked = asked(Purpose::Flex);
        change(&mut asked);
        sign(&registered, &asked, at(0), &world.counter)
    };
    for (name, made) in [
        ("no reason", with(&|asked| asked.reason.clear())),
        ("long reason", with(&|asked| asked.reason = "a".repeat(201))),
        ("disguised reason", with(&|asked| asked.reason = "vé\u{202e}".to_owned())),
        ("flex without claims", with(&|asked| asked.claims.clear())),
        ("claims for a purpose", with(&|asked| asked.purpose = Purpose::Age)),
        ("claims out of order", with(&|asked| asked.claims.reverse())),
        ("the face as a claim", with(&|asked| asked.claims = vec![Claim::Face])),
        ("address with space", with(&|asked| asked.answer_to = Some("https://quay.example/a b".to_owned()))),
    ] {
        assert_eq!(made, Err(ProofError::DraftInvalid), "{name}");
    }
    let draft = |change: &dyn Fn(&mut RegistrationDraft<'_>)| {
        let mut made = RegistrationDraft {
            registrar: REGISTRAR,
            counter: COUNTER,
            name: NAME,
            allowed: &[Purpose::Age],
            host: None,
            key: world.counter.public(),
            issued_at: at(0),
            valid_days: 365,
            status: None,
        };
        change(&mut made);
        made.sign(&world.registrar)
    };
    assert!(draft(&|_| {}).is_ok());
    for (name, made) in [
        ("name on the wire", draft(&|draft| draft.counter = "rp/")),
        ("not a counter", draft(&|draft| draft.counter = "any")),
        ("no name", draft(&|draft| draft.name = "")),
        ("name with a line", draft(&|draft| draft.name = "a\nb")),
        ("nothing allowed", draft(&|draft| draft.allowed = &[])),
        ("host with a path", draft(&|draft| draft.host = Some("quay.example/a"))),
        ("too long", draft(&|draft| draft.valid_days = 401)),
    ] {
        assert_eq!(made, Err(ProofError::DraftInvalid), "{name}");
    }
}

#[test]
fn no_object_passes_for_another() {
    let world = World::new();
    let registered = registration(&world, |_| {});
    let made = request(&world, &registered, &asked(Purpose::Age));
    let proof = world.prove(&world.token(Purpose::Age), &challenged(at(0), false, &NONCE));
    let verdict = |bytes: &[u8]| world.verify(bytes, at(1)).code;
    assert_eq!(verdict(made.as_bytes()), Code::Q04_MALFORMED, "a request is no proof");
    assert_eq!(verdict(registered.as_bytes()), Code::Q04_MALFORMED);
    assert_eq!(verdict(world.token(Purpose::Age).as_bytes()), Code::Q04_MALFORMED);
    let unreadable = Some(ProofError::CounterCodeUnreadable);
    for (name, bytes) in
        [("a proof", proof.as_bytes()), ("an issuer token", world.token(Purpose::Age).as_bytes()), ("nothing", b"")]
    {
        assert_eq!(CounterRequest::parse(bytes.to_vec()).err(), unreadable, "{name}");
        assert_eq!(Registration::parse(bytes.to_vec()).err(), unreadable, "{name}");
    }
    assert_eq!(HeldToken::parse(registered.as_bytes().to_vec()).err(), Some(ProofError::CredentialInvalid));
    for text in ["", "VN1R:", "VN1R:ABC", "https://e.example", &proof.text(Spelling::Digits), &"VN1R:0".repeat(4000)] {
        assert_eq!(CounterCode::read(text).err(), unreadable);
    }
}

#[test]
fn answer_is_good_for_its_request_alone() {
    let world = World::new();
    let mine = Policy { counter: Some(COUNTER.to_owned()), accept_open: false, ..Policy::default() };
    let other = Policy { counter: Some("rp/0101234567-002".to_owned()), ..Policy::default() };
    let answer = world.prove(&world.token(Purpose::Age), &challenged(at(10), false, &NONCE));
    let code = |policy: &Policy, challenge: Option<&[u8]>| {
        world.verify_with(answer.as_bytes(), policy, &Scan { now: at(12), challenge }).code
    };
    assert_eq!(code(&mine, Some(&NONCE)), Code::Q00_VALID);
    assert_eq!(code(&mine, Some(&[8; 16])), Code::Q08_CHALLENGE, "an answer to an older request");
    assert_eq!(code(&mine, None), Code::Q08_CHALLENGE, "no request is open");
    assert_eq!(code(&other, Some(&NONCE)), Code::Q07_AUDIENCE, "held, and shown at another office");
    assert_eq!(code(&other, None), Code::Q07_AUDIENCE);
}

/// The payload of a request under another registration of the same counter, signed by it.
fn swap_registration(world: &World, request: &CounterRequest, registration: &Registration) -> CounterRequest {
    let bytes = request.as_bytes();
    let old = request.registration().as_bytes();
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    let after = &bytes[at + old.len()..];
    // {1: alg, 13: registration, 16: 294}, then the empty header and the payload.
    let protected = [&[0xa3, 0x01, 0x26, 0x0d], registration.as_bytes(), &[0x10, 0x19, 0x01, 0x26]].concat();
    let rest = after.strip_prefix(&[0x10, 0x19, 0x01, 0x26, 0xa0]).unwrap();
    let payload = &rest[..rest.len() - 66];
    let head = [&[0x59][..], &u16::try_from(protected.len()).unwrap().to_be_bytes()].concat();
    let signed = [&[0x84, 0x6a][..], b"Signature1", &head, &protected, &[0x40], payload].concat();
    let signature = world.counter.sign(&signed).unwrap();
    let all = [&[0xd2, 0x84][..], &head, &protected, &[0xa0], payload, &[0x58, 0x40], &signature].concat();
    CounterRequest::parse(all).unwrap()
}
