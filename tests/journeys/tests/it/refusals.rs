//! Each mishap has a code and a remedy, loses nothing, and the next try works.

use eid_core::{ActivationStep, CardAccess, Error, PlatformError, ports::SecureKeyError};
use eid_model::{Code, Kind};
use eid_proof::Purpose;
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World, code_sent, request, show};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passcodes_cost_growing_waits_that_survive_restarts_and_clock_changes() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    for (tries, wait) in [(1, 0), (2, 0), (3, 60)] {
        let refused = phone.app.unlock(b"314159".to_vec()).await.unwrap_err();
        assert_eq!(refused, Error::PasscodeWrong { wrong_tries: tries, wait_s: wait });
        assert_eq!(refused.kind(), Kind::AuthFailed);
        phone.restart();
    }
    // Now even the right one has to wait, and neither a restart nor another clock shortens it.
    phone.clock.set_wall(crate::phone::START + 100_000);
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err(), Error::PasscodeWait { wait_s: 60 });
    phone.clock.pass(60);
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
    // A right one starts the count again.
    assert!(matches!(
        phone.app.unlock(b"314159".to_vec()).await.unwrap_err(),
        Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 }
    ));
    let malformed = phone.app.unlock(b"12345".to_vec()).await.unwrap_err();
    assert_eq!(malformed.code(), Code::PASSCODE_FORMAT);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_late_and_spent_one_time_codes_are_told_apart() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.start(&person).await.unwrap();
    let right = code_sent(&world, &person);
    let wrong = if right == "111111" { "222222" } else { "111111" };
    let refused = activation.confirm_code(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::CODE_WRONG);
    assert!(matches!(refused, Error::Platform(PlatformError::Refused { tries_left: Some(4), .. })), "{refused:?}");
    for left in [3, 2, 1] {
        activation.confirm_code(wrong).await.unwrap_err();
        assert_eq!(activation.state().unwrap().tries_left, Some(left));
    }
    assert_eq!(activation.confirm_code(wrong).await.unwrap_err().code(), Code::CODE_TRIES_SPENT);
    let state = activation.state().unwrap();
    assert_eq!((state.step, state.pid, state.tries_left), (ActivationStep::Start, person.pid, None), "what was typed");
    assert_eq!(activation.confirm_code(&right).await.unwrap_err(), Error::StepNotDue, "a new code has to be sent");

    let late = phone.start(&person).await.unwrap();
    world.pass(&phone, 301);
    let right = code_sent(&world, &person);
    assert_eq!(late.confirm_code(&right).await.unwrap_err().code(), Code::CODE_EXPIRED);

    late.send_code().await.unwrap();
    late.confirm_code(&code_sent(&world, &person)).await.unwrap();
    phone.field.lay(world.card(&person, "{}"));
    late.read_card(CardAccess::PersonalNumber).await.unwrap();
    late.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert!(late.complete(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn guessable_passcode_is_refused_and_the_same_activation_goes_on() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.proven(&world, &person).await;
    let tail: Vec<u8> = person.pid.as_str().bytes().skip(6).collect();
    for weak in [b"123456".to_vec(), b"000000".to_vec(), tail] {
        assert_eq!(activation.complete(weak).await.unwrap_err().code(), Code::PASSCODE_WEAK);
        assert!(!phone.app.is_activated().await.unwrap());
    }
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
    assert_eq!(phone.start(&person).await.unwrap_err(), Error::AlreadyActivated);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_to_the_register_and_people_without_level_two_get_their_reasons() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen();
    let unknown = phone.app.start_activation("000099999999", person.phone.as_str()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::REGISTER_MISMATCH);
    let malformed = phone.app.start_activation("12345", person.phone.as_str()).await.unwrap_err();
    assert_eq!((malformed.code(), malformed.kind()), (Code::PID_FORMAT, Kind::Invalid));
    let without = world.sandbox.people().iter().find(|person| !person.level_two).unwrap().clone();
    let activation = phone.proven(&world, &without).await;
    assert_eq!(activation.complete(PASSCODE.to_vec()).await.unwrap_err().code(), Code::LEVEL_TWO_MISSING);
    assert!(!phone.app.is_activated().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_is_down_or_talks_nonsense_loses_nothing_and_the_next_try_works() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    show(&unlocked, request(Purpose::Age)).await.unwrap();
    show(&unlocked, request(Purpose::Age)).await.unwrap();
    let before = unlocked.readiness().await.unwrap();
    for (fault, codes) in [
        (Fault::Down, &[Code::PLATFORM_BUSY][..]),
        (Fault::Nonsense, &[Code::PLATFORM_NONSENSE]),
        (Fault::Truncated, &[Code::PLATFORM_NONSENSE, Code::NETWORK_INTERRUPTED]),
        (Fault::Oversize, &[Code::PLATFORM_NONSENSE]),
        (Fault::Slow, &[Code::NETWORK_TIMEOUT]),
    ] {
        world.sandbox.set_fault(fault);
        let refused = unlocked.refill_credentials().await.unwrap_err();
        assert!(codes.contains(&refused.code()), "{fault:?}: {refused:?}");
        assert_eq!(unlocked.readiness().await.unwrap(), before, "{fault:?}");
    }
    world.sandbox.set_fault(Fault::Off);
    assert_eq!(unlocked.refill_credentials().await.unwrap().fetched, [(Purpose::Age, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_on_a_bad_network_goes_on_where_it_stopped() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    world.sandbox.set_fault(Fault::Nonsense);
    assert_eq!(phone.start(&person).await.unwrap_err().code(), Code::PLATFORM_NONSENSE);
    world.sandbox.set_fault(Fault::Off);
    let activation = phone.start(&person).await.unwrap();
    world.sandbox.set_fault(Fault::Down);
    let code = code_sent(&world, &person);
    assert_eq!(activation.confirm_code(&code).await.unwrap_err().code(), Code::PLATFORM_BUSY);
    world.sandbox.set_fault(Fault::Off);
    activation.confirm_code(&code).await.unwrap();
    phone.field.lay(world.card(&person, "{}"));
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    world.sandbox.set_fault(Fault::Truncated);
    assert!(activation.complete(PASSCODE.to_vec()).await.is_err());
    assert!(!phone.app.is_activated().await.unwrap());
    world.sandbox.set_fault(Fault::Off);
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    assert!(unlocked.refill_credentials().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_platform_is_not_trusted() {
    let (world, other) = (World::new(), World::new());
    let phone = Phone::with_platform(&world, other.sandbox.base_url());
    let refused = phone.start(world.citizen()).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), (Code::PLATFORM_UNTRUSTED, Kind::Network));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_used_up_offline_are_named_and_can_be_reused_if_the_citizen_says_so() {
    let world = World::new();
    let phone = Phone::with_batch(&world, 2);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_fault(Fault::Down);
    for _ in 0..2 {
        show(&unlocked, request(Purpose::Id)).await.unwrap();
    }
    let refused = show(&unlocked, request(Purpose::Id)).await.unwrap_err();
    assert_eq!((refused, refused.kind()), (Error::CredentialsUsedUp, Kind::NotFound));
    world.pass(&phone, 5);
    let reuse = eid_core::PresentRequest { allow_reuse: true, ..request(Purpose::Id) };
    let proof = show(&unlocked, reuse).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
    world.sandbox.set_fault(Fault::Off);
    unlocked.refill_credentials().await.unwrap();
    assert!(show(&unlocked, request(Purpose::Id)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_and_grant_are_named_and_renewed_online() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.pass(&phone, 15 * 86_400);
    assert_eq!(show(&unlocked, request(Purpose::Id)).await.unwrap_err(), Error::CredentialsExpired);
    unlocked.refill_credentials().await.unwrap();
    assert!(show(&unlocked, request(Purpose::Id)).await.is_ok());
    world.pass(&phone, 366 * 86_400);
    let refused = show(&unlocked, request(Purpose::Id)).await.unwrap_err();
    assert_eq!((refused, refused.kind()), (Error::GrantExpired, Kind::Expired));
    unlocked.refill_credentials().await.unwrap();
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_hardware_that_misbehaves_is_named_and_costs_no_passcode_try() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    for (mishap, code) in [
        (SecureKeyError::UserCancelled, Code::USER_CANCELLED),
        (SecureKeyError::Unavailable, Code::KEY_UNAVAILABLE),
        (SecureKeyError::Invalidated, Code::KEY_INVALIDATED),
        (SecureKeyError::Malformed, Code::KEY_ANSWER_INVALID),
    ] {
        let shown = unlocked.present_identity(eid_core::PresentRequest { allow_reuse: true, ..request(Purpose::Id) });
        let shown = shown.await.unwrap();
        phone.key.misbehave(Some(mishap));
        assert_eq!(shown.sign().await.unwrap_err().code(), code);
        assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err().code(), code);
        phone.key.misbehave(None);
        assert!(shown.sign().await.is_ok(), "the same showing goes on");
    }
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok(), "no try was counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_phone_supersedes_the_first() {
    let world = World::new();
    let (first, second) = (Phone::new(&world), Phone::new(&world));
    let old = first.ready(&world).await;
    second.ready(&world).await;
    show(&old, request(Purpose::Age)).await.unwrap();
    show(&old, request(Purpose::Age)).await.unwrap();
    assert_eq!(old.refill_credentials().await.unwrap_err().code(), Code::ACCOUNT_MOVED);
}
