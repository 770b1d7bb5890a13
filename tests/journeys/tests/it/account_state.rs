//! Locked, closed, expired, moved to another phone: it takes effect at the first contact, outlasts the app, and ends without loss.

use std::fs;

use eid_core::{ActivationStep, Error, PresentRequest, Unlocked, ports::Event};
use eid_model::{AccountState, Code, RequestKind};
use eid_proof::Purpose;
use eid_sandbox::{CardState, Fault, Person, RegisterChange};

use crate::phone::{PASSCODE, Phone, World, request, show};

/// How the account stands, as a locked app says it.
async fn said(phone: &Phone) -> Option<AccountState> {
    phone.app.app_status().await.unwrap().account
}

async fn refused(phone: &Phone) -> Error {
    phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err()
}

/// An activated, unlocked phone with a draft and its lock code.
async fn holder(world: &World, person: &Person) -> (Phone, Unlocked, String) {
    let phone = Phone::new(world);
    let activation = phone.proven(world, person).await;
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    unlocked.draft_data_request(None, RequestKind::Correct, "Sai năm sinh").await.unwrap();
    (phone, unlocked, activation.lock_code().unwrap().groups().join("-"))
}

/// What was stored is still there, and the phone makes proofs that are valid.
async fn assert_going(world: &World, phone: &Phone) {
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(said(phone).await, Some(AccountState::Active));
    assert_eq!(unlocked.data_requests().await.unwrap().len(), 1, "the draft was kept");
    unlocked.refill_credentials().await.unwrap();
    let proof = show(&unlocked, PresentRequest { allow_reuse: true, ..request(Purpose::Id) }).await.unwrap();
    assert_eq!(world.verdict(&proof, phone), Code::Q00_VALID);
    unlocked.lock();
}

/// Sealed, said so, also after a restart and without a network, until the platform says otherwise.
async fn assert_sealed(world: &World, phone: &mut Phone, state: AccountState, code: Code) {
    assert_eq!((said(phone).await, refused(phone).await), (Some(state), Error::AccountStopped(state)));
    assert_eq!(Error::AccountStopped(state).code(), code);
    phone.restart();
    assert_eq!(said(phone).await, Some(state));
    world.sandbox.set_fault(Fault::Down);
    assert_eq!(refused(phone).await, Error::AccountStopped(state));
    world.sandbox.set_fault(Fault::Off);
    // The network is tried anew.
    phone.app.network_changed();
    assert_eq!(refused(phone).await, Error::AccountStopped(state));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_phone_locked_by_code_seals_itself_and_its_proofs_end() {
    let world = World::new();
    let person = world.citizen().clone();
    let (mut phone, unlocked, code) = holder(&world, &person).await;
    let shown = unlocked.present_identity(request(Purpose::Id)).await.unwrap();
    let old = shown.sign().await.unwrap();
    // Another phone, which is not activated.
    let other = Phone::new(&world);
    let wrong = other.app.lock_account_by_code(person.pid.as_str(), "000000-000000-000000").await.unwrap_err();
    assert_eq!(wrong.code(), Code::LOCK_CODE_WRONG);
    other.app.lock_account_by_code(person.pid.as_str(), &code.to_lowercase()).await.unwrap();
    assert_eq!(world.verdict(&old, &phone), Code::Q15_SUSPENDED, "for a counter with today's list");
    world.pass(&phone, 120);
    assert_eq!(world.verdict(&old, &phone), Code::Q05_STALE, "and for any other after a minute");

    assert!(shown.sign().await.is_ok(), "it has not heard of it yet");
    let before = phone.events.events().len();
    let stopped = unlocked.refill_credentials().await.unwrap_err();
    assert!(matches!(stopped, Error::AccountStopped(_)), "{stopped:?}");
    let events = phone.events.events().split_off(before);
    assert!(events.contains(&Event::AccountChanged) && events.contains(&Event::Locked), "{events:?}");
    assert_eq!(shown.sign().await.unwrap_err(), Error::Locked, "what was prepared is worth nothing");
    assert_eq!(unlocked.present_identity(request(Purpose::Age)).await.unwrap_err(), Error::Locked);
    let Some(state) = said(&phone).await else { panic!("nothing is known") };
    assert!([AccountState::SelfLocked, AccountState::Locked].contains(&state));
    assert_sealed(&world, &mut phone, state, Error::AccountStopped(state).code()).await;

    // Card and face, from the other phone, which gets nothing of it.
    world.pass(&phone, 601);
    other.clock.pass(721);
    let lifting = other.app.start_account_unlock(person.pid.as_str(), person.phone.as_str()).await.unwrap();
    assert_eq!(lifting.lift_lock().await.unwrap_err(), Error::StepNotDue);
    other.prove(&world, &person, &lifting).await;
    assert_eq!(lifting.state().unwrap().step, ActivationStep::Lock);
    assert_eq!(lifting.complete(PASSCODE.to_vec()).await.unwrap_err(), Error::StepNotDue);
    lifting.lift_lock().await.unwrap();
    assert!(other.app.resume_activation().await.unwrap().is_none() && !other.app.is_activated().await.unwrap());
    assert_going(&world, &phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holder_locks_here_and_lifts_it_here() {
    let world = World::new();
    let person = world.citizen().clone();
    let (mut phone, unlocked, _) = holder(&world, &person).await;
    assert_eq!(unlocked.lock_account(b"314159".to_vec()).await.unwrap_err().code(), Code::PASSCODE_WRONG);
    assert_eq!(said(&phone).await, Some(AccountState::Active));
    unlocked.lock_account(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.account().await.unwrap_err(), Error::Locked);
    assert_sealed(&world, &mut phone, AccountState::SelfLocked, Code::ACCOUNT_SELF_LOCKED_HERE).await;
    world.pass(&phone, 601);
    let lifting = phone.app.start_account_unlock(person.pid.as_str(), person.phone.as_str()).await.unwrap();
    phone.restart();
    drop(lifting);
    let lifting = phone.app.resume_activation().await.unwrap().unwrap();
    phone.prove(&world, &person, &lifting).await;
    lifting.lift_lock().await.unwrap();
    assert_going(&world, &phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_card_and_death_stop_the_phone_until_the_register_says_otherwise() {
    let world = World::new();
    let person = world.citizen().clone();
    let (mut phone, unlocked, _) = holder(&world, &person).await;
    unlocked.lock();
    let of = |change: RegisterChange| world.sandbox.change_register(&person.pid, &change).unwrap();
    let card = |state| RegisterChange { card_state: Some(state), ..RegisterChange::default() };
    let locked = |locked| RegisterChange { locked: Some(locked), ..RegisterChange::default() };
    let closed = |closed| RegisterChange { closed: Some(closed), ..RegisterChange::default() };
    for (stop, lift, state, code) in [
        (card(CardState::Expired), card(CardState::Valid), AccountState::CardExpired, Code::ACCOUNT_CARD_EXPIRED_HERE),
        (locked(true), locked(false), AccountState::Locked, Code::ACCOUNT_LOCKED_HERE),
        (closed(true), closed(false), AccountState::Closed, Code::ACCOUNT_CLOSED_HERE),
    ] {
        of(stop);
        let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
        assert!(show(&unlocked, request(Purpose::Id)).await.is_ok(), "it has not heard of it");
        assert_eq!(unlocked.sign_in(PASSCODE.to_vec()).await.unwrap_err(), Error::AccountStopped(state));
        drop(unlocked);
        assert_sealed(&world, &mut phone, state, code).await;
        of(lift);
        assert_going(&world, &phone).await;
        world.pass(&phone, 601);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_phone_seals_itself_and_can_take_the_account_back_with_all_it_holds() {
    let world = World::new();
    let person = world.citizen().clone();
    let (mut old, unlocked, _) = holder(&world, &person).await;
    world.pass(&old, 601);
    let new = Phone::new(&world);
    new.proven(&world, &person).await.complete(PASSCODE.to_vec()).await.unwrap().lock();
    let told = unlocked.sign_in(PASSCODE.to_vec()).await.unwrap_err();
    assert_eq!(told, Error::AccountStopped(AccountState::Superseded));
    drop(unlocked);
    assert_sealed(&world, &mut old, AccountState::Superseded, Code::ACCOUNT_MOVED).await;
    let no_way = old.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap_err();
    assert_eq!(no_way, Error::AccountStopped(AccountState::Superseded));

    world.pass(&old, 601);
    let back = old.start(&person).await.unwrap();
    old.prove(&world, &person, &back).await;
    assert_eq!(back.complete(b"314159".to_vec()).await.unwrap_err().code(), Code::PASSCODE_WRONG);
    let unlocked = back.complete(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.readiness().await.unwrap().iter().find(|held| held.purpose == Purpose::Age), None);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    drop(unlocked);
    old.restart();
    assert_eq!(old.app.start_activation("000199000123", "0900000123").await.unwrap_err(), Error::AlreadyActivated);
    assert_going(&world, &old).await;
    // A forgotten passcode can be replaced here again, with the new share.
    world.pass(&old, 601);
    let unlocked = old.recovering(&world, &person).await.complete(b"161803".to_vec()).await.unwrap();
    unlocked.change_passcode(b"161803".to_vec(), PASSCODE.to_vec()).await.unwrap();
    drop(unlocked);
    assert_going(&world, &old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_phone_is_given_to_somebody_else_by_starting_over_only() {
    let world = World::new();
    let person = world.citizen().clone();
    let (phone, unlocked, _) = holder(&world, &person).await;
    world.pass(&phone, 601);
    Phone::new(&world).proven(&world, &person).await.complete(PASSCODE.to_vec()).await.unwrap().lock();
    assert!(unlocked.sign_in(PASSCODE.to_vec()).await.is_err());
    drop(unlocked);
    let other = world.sandbox.people().iter().find(|p| p.level_two && p.pid != person.pid).unwrap().clone();
    let activation = phone.proven(&world, &other).await;
    let refused = activation.complete(PASSCODE.to_vec()).await.unwrap_err();
    assert_eq!(refused, Error::AccountStopped(AccountState::Superseded), "one person's store is not another's");
    phone.app.reset().await.unwrap();
    assert_eq!(said(&phone).await, None);
    world.pass(&phone, 601);
    let unlocked = phone.proven(&world, &other).await.complete(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.account().await.unwrap().pid, other.pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_phone_stays_sealed_whatever_is_done_to_its_small_file() {
    let world = World::new();
    let person = world.citizen().clone();
    let (mut phone, unlocked, _) = holder(&world, &person).await;
    let active = fs::read(phone.file("standing")).unwrap();
    unlocked.lock_account(PASSCODE.to_vec()).await.unwrap();
    world.sandbox.set_fault(Fault::Down);
    for (file, shown) in [
        (Some(active), Some(AccountState::Active)),
        (Some(b"somebody's holiday pictures".to_vec()), None),
        (Some(Vec::new()), None),
        (None, None),
    ] {
        match file {
            Some(file) => fs::write(phone.file("standing"), file).unwrap(),
            None => fs::remove_file(phone.file("standing")).unwrap(),
        }
        phone.restart();
        assert_eq!(said(&phone).await, shown);
        assert_eq!(refused(&phone).await, Error::AccountStopped(AccountState::SelfLocked));
        assert_eq!(said(&phone).await, Some(AccountState::SelfLocked), "written anew");
    }
}
