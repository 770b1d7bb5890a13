//! From activation to a verdict, and what a citizen does around it.

use eid_model::{AccountLevel, Code};
use eid_proof::{Audience, Claim, Policy, Purpose, Scan, Spelling, Status};

use crate::phone::{PASSCODE, Phone, START, World, code_sent, request, show};

#[tokio::test(flavor = "multi_thread")]
async fn activated_citizen_shows_every_purpose_offline_and_the_counter_takes_it() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let person = world.citizen();
    let account = unlocked.account().await.unwrap();
    assert_eq!((account.pid, &account.name, account.level), (person.pid, &person.name, AccountLevel::Two));

    let readiness = unlocked.readiness().await.unwrap();
    assert_eq!(readiness.len(), Purpose::ALL.len());
    assert!(readiness.iter().all(|ready| ready.unused == 3), "{readiness:?}");

    for purpose in Purpose::ALL {
        let claims = if purpose == Purpose::Flex { vec![Claim::FullName, Claim::AgeOver18] } else { vec![] };
        // A flex proof with a photo is more than a QR code of version 25 holds.
        let asked = eid_core::PresentRequest { claims, photo: purpose != Purpose::Flex, ..request(purpose) };
        let proof = show(&unlocked, asked).await.unwrap();
        assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID, "{purpose:?}");
        eid_proof::QrSymbol::encode(&proof.text(Spelling::Digits)).unwrap_or_else(|_| panic!("{purpose:?} fits"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn showing_that_no_code_can_hold_is_refused_before_a_credential_is_used() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let before = unlocked.readiness().await.unwrap();
    let all = Claim::ALL.into_iter().filter(|claim| !matches!(claim, Claim::Face | Claim::AgeOver16)).collect();
    for (claims, code) in [(all, Code::QR_TOO_LARGE), (vec![Claim::AgeOver16, Claim::Face], Code::QR_TOO_LARGE)] {
        let asked = eid_core::PresentRequest { claims, ..request(Purpose::Flex) };
        assert_eq!(show(&unlocked, asked).await.unwrap_err().code(), code);
    }
    let nameless = eid_core::PresentRequest { audience: Audience::Counter("shop".to_owned()), ..request(Purpose::Id) };
    assert_eq!(show(&unlocked, nameless).await.unwrap_err().code(), Code::AUDIENCE_INVALID);
    assert_eq!(unlocked.readiness().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_for_a_counter_answers_its_challenge_and_no_other() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let here = "rp/0101234567-001";
    let asked = eid_core::PresentRequest {
        audience: Audience::Counter(here.to_owned()),
        challenge: Some(vec![7; 16]),
        ..request(Purpose::Id)
    };
    let proof = show(&unlocked, asked).await.unwrap();
    let mut station = world.station(Policy { counter: Some(here.to_owned()), ..Policy::default() });
    let input = eid_counter::Input::Proof(proof.as_bytes().to_vec());
    let mut verify =
        |challenge: &[u8]| station.verify(&input, &Scan { now: phone.now(), challenge: Some(challenge) }).code;
    assert_eq!(verify(&[8; 16]), Code::Q08_CHALLENGE);
    assert_eq!(verify(&[7; 16]), Code::Q00_VALID);
    assert_eq!(verify(&[7; 16]), Code::Q18_REPLAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn restarted_app_unlocks_with_no_platform_and_signs_anew_while_shown() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    world.sandbox.set_fault(eid_sandbox::Fault::Down);
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    let shown = unlocked.present_identity(request(Purpose::Age)).await.unwrap();
    let first = shown.sign().await.unwrap();
    world.pass(&phone, 20);
    let second = shown.sign().await.unwrap();
    assert_ne!(first, second);
    assert_eq!(second.expires_at().seconds() - first.expires_at().seconds(), 20);
    assert_eq!(world.verdict(&second, &phone), Code::Q00_VALID);
    world.pass(&phone, 71);
    assert_eq!(world.verdict(&first, &phone), Code::Q05_STALE);
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_app_signs_no_more_proofs() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let shown = unlocked.present_identity(request(Purpose::Age)).await.unwrap();
    assert!(shown.sign().await.is_ok());
    unlocked.lock();
    let refused = shown.sign().await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), (Code::KEY_SLOT_EMPTY, eid_model::Kind::Locked));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_showing_takes_a_credential_of_its_own_that_nothing_links() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let first = unlocked.present_identity(request(Purpose::Age)).await.unwrap();
    let second = unlocked.present_identity(request(Purpose::Age)).await.unwrap();
    assert_ne!(first.token().holder_key(), second.token().holder_key());
    assert_ne!(first.token().status(), second.token().status());
    assert_eq!(first.token().issued_at(), second.token().issued_at());
    // Runs of 8 bytes that both tokens share are none of the random ones: key, salt, subject, hash, signature.
    let key = first.token().holder_key().x();
    assert!(!second.token().as_bytes().windows(8).any(|window| window == &key[..8]));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_names_what_was_shown_and_never_its_values() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    show(&unlocked, request(Purpose::Id)).await.unwrap();
    let page = unlocked.history(None, 50).await.unwrap();
    let acts: Vec<_> = page.items.iter().map(|(_, entry)| entry.act).collect();
    assert_eq!(acts, [eid_core::Act::Presented, eid_core::Act::Updated, eid_core::Act::Activated]);
    let entry = &page.items[0].1;
    assert_eq!((entry.at, entry.purpose.as_str()), (START, "id"));
    assert_eq!(entry.fields, ["pid", "full_name", "birth_date", "gender", "residence", "nationality", "face"]);
    let text = format!("{page:?}");
    let person = world.citizen();
    assert!(!text.contains(person.pid.as_str()) && !text.contains(person.name.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn refill_replaces_used_and_old_credentials_and_their_keys() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let keys = phone.key.key_count();
    assert_eq!(unlocked.refill_credentials().await.unwrap(), eid_core::RefillReport::default(), "nothing to do");
    let shown = unlocked.present_identity(request(Purpose::Age)).await.unwrap();
    show(&unlocked, request(Purpose::Age)).await.unwrap();
    let report = unlocked.refill_credentials().await.unwrap();
    assert_eq!((report.fetched, report.removed), (vec![(Purpose::Age, 2)], 0));
    assert!(shown.sign().await.is_ok(), "what is on the screen keeps its key");
    world.pass(&phone, 15 * 60 + 1);
    assert_eq!(unlocked.refill_credentials().await.unwrap().removed, 2);
    assert_eq!(phone.key.key_count(), keys, "spent keys are destroyed");

    // Twelve days later all are within three days of their end.
    world.pass(&phone, 12 * 86_400);
    let report = unlocked.refill_credentials().await.unwrap();
    assert_eq!(report.fetched.len(), Purpose::ALL.len());
    world.pass(&phone, 4 * 86_400);
    assert!(unlocked.refill_credentials().await.unwrap().removed >= Purpose::ALL.len());
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_credentials_are_refused_at_the_counter_and_removed_from_the_phone() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let account = unlocked.account().await.unwrap().account_id;
    for (status, code) in [(Status::Suspended, Code::Q15_SUSPENDED), (Status::Revoked, Code::Q14_REVOKED)] {
        world.sandbox.set_account_status(&account, status).unwrap();
        let proof = show(&unlocked, request(Purpose::Age)).await.unwrap();
        assert_eq!(world.verdict(&proof, &phone), code);
    }
    let report = unlocked.refill_credentials().await.unwrap();
    assert_eq!(report.removed, 3 * Purpose::ALL.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_issuer_key_is_taken_up_and_old_credentials_stay_good() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let old = show(&unlocked, request(Purpose::Id)).await.unwrap();
    world.sandbox.rotate_issuer_key().unwrap();
    assert_eq!(world.verdict(&old, &phone), Code::Q00_VALID);
    for _ in 0..2 {
        show(&unlocked, request(Purpose::Id)).await.unwrap();
    }
    let report = unlocked.refill_credentials().await.unwrap();
    assert!(report.fetched.contains(&(Purpose::Id, 3)), "{report:?}");
    let new = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&new, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_taps_at_once_activate_once_and_unlock_twice() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let first = phone.proven(&world, &person).await;
    let second = first.clone();
    let (a, b) = tokio::join!(first.complete(PASSCODE.to_vec()), second.complete(PASSCODE.to_vec()));
    assert_eq!([&a, &b].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = a.err().or(b.err()).unwrap();
    assert_eq!(refused.code(), Code::ALREADY_ACTIVATED);
    // The one that came too late has not touched the key of the other.
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap().refill_credentials().await.is_ok());
    let (a, b) = tokio::join!(phone.app.unlock(PASSCODE.to_vec()), phone.app.unlock(PASSCODE.to_vec()));
    assert!(a.is_ok() && b.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn sms_says_what_its_code_is_for() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen();
    phone.start(person).await.unwrap();
    let text = world.sandbox.messages(&person.phone).unwrap().last().unwrap().text.clone();
    assert!(text.contains(&code_sent(&world, person)) && text.len() > 20, "{text}");
}
