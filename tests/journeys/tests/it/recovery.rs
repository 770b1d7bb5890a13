//! A forgotten passcode is replaced on the same phone: nothing that it holds is lost, whatever breaks off.

use std::fs;

use eid_core::{ActivationPurpose, ActivationStep, Error, Unlocked, ports::SecureKeyError};
use eid_model::{Code, RequestKind};
use eid_proof::Purpose;
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World, request, show};

const NEW: &[u8] = b"161803";
const WRONG: &[u8] = b"314159";
const DAY: u32 = 86_400;

/// An activated phone with a draft and a history, locked.
async fn with_draft(world: &World) -> Phone {
    let phone = Phone::new(world);
    let unlocked = phone.ready(world).await;
    unlocked.draft_data_request(None, RequestKind::Correct, "Sai năm sinh").await.unwrap();
    drop(unlocked);
    // The codes of one number are limited in time.
    world.pass(&phone, 601);
    phone
}

/// The draft is there, the store is sound, and the platform takes instructions by this passcode.
async fn assert_whole(world: &World, phone: &Phone, unlocked: &Unlocked, passcode: &[u8]) {
    let drafts = unlocked.data_requests().await.unwrap();
    assert_eq!(drafts.iter().map(|draft| draft.text.as_str()).collect::<Vec<_>>(), ["Sai năm sinh"]);
    assert_eq!(unlocked.repairs().unwrap(), []);
    unlocked.sign_in(passcode.to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    let proof = show(unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, phone), Code::Q00_VALID);
}

async fn opens(phone: &Phone, passcode: &[u8]) -> bool {
    phone.app.unlock(passcode.to_vec()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_passcode_is_replaced_and_drafts_and_history_are_kept() {
    let world = World::new();
    let person = world.citizen().clone();
    let mut phone = with_draft(&world).await;
    assert_eq!(phone.app.unlock(WRONG.to_vec()).await.unwrap_err().code(), Code::PASSCODE_WRONG);
    let before = phone.app.unlock(PASSCODE.to_vec()).await.unwrap().history(None, 50).await.unwrap().items;
    // Twice, so that both of the passcode's hardware keys have their turn.
    for passcode in [NEW, b"577215".as_slice()] {
        let recovery = phone.recovering(&world, &person).await;
        let state = recovery.state().unwrap();
        assert_eq!((state.purpose, state.step), (ActivationPurpose::Recover, ActivationStep::Passcode));
        let unlocked = recovery.complete(passcode.to_vec()).await.unwrap();
        assert_eq!(recovery.lock_code().unwrap().groups().concat().len(), 18);
        assert_whole(&world, &phone, &unlocked, passcode).await;
        let history = unlocked.history(None, 50).await.unwrap().items;
        assert_eq!(history[history.len() - before.len()..], before);
        assert!(history.iter().any(|(_, entry)| entry.purpose == "recovery"));
        unlocked.lock();
        phone.restart();
        assert!(!opens(&phone, PASSCODE).await && opens(&phone, passcode).await);
        assert!(phone.app.resume_activation().await.unwrap().is_none(), "nothing is left of it");
        world.pass(&phone, 601);
    }
    // The passcode can be changed as before.
    let unlocked = phone.app.unlock(b"577215".to_vec()).await.unwrap();
    unlocked.change_passcode(b"577215".to_vec(), NEW.to_vec()).await.unwrap();
    assert_whole(&world, &phone, &unlocked, NEW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passcode_that_ten_wrong_tries_destroyed_is_replaced() {
    let world = World::new();
    let person = world.citizen().clone();
    let phone = with_draft(&world).await;
    for _ in 0..10 {
        phone.app.unlock(WRONG.to_vec()).await.unwrap_err();
        world.pass(&phone, DAY);
    }
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err(), Error::PasscodeDestroyed);
    let unlocked = phone.recovering(&world, &person).await.complete(NEW.to_vec()).await.unwrap();
    assert_whole(&world, &phone, &unlocked, NEW).await;
    unlocked.lock();
    for tries in 1..=3 {
        let refused = phone.app.unlock(WRONG.to_vec()).await.unwrap_err();
        assert!(matches!(refused, Error::PasscodeWrong { wrong_tries, .. } if wrong_tries == tries), "{refused:?}");
    }
    world.pass(&phone, 60);
    assert!(opens(&phone, NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_killed_after_each_step_goes_on_where_it_was() {
    let world = World::new();
    let person = world.citizen().clone();
    let mut phone = with_draft(&world).await;
    drop(phone.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap());
    for step in [ActivationStep::Code, ActivationStep::Card, ActivationStep::Face, ActivationStep::Passcode] {
        phone.restart();
        let recovery = phone.app.resume_activation().await.unwrap().unwrap();
        assert_eq!(recovery.state().unwrap().step, step);
        match step {
            ActivationStep::Code => {
                recovery.confirm_code(&crate::phone::code_sent(&world, &person)).await.unwrap();
            }
            ActivationStep::Card => {
                let card = world.sandbox.print_voucher(&person.pid).unwrap();
                recovery.use_voucher(&card).await.unwrap();
            }
            ActivationStep::Face => recovery.submit_face(person.large_portrait().to_vec()).await.unwrap(),
            _ => assert_whole(&world, &phone, &recovery.complete(NEW.to_vec()).await.unwrap(), NEW).await,
        }
        // Whatever was proven, the old passcode opens until there is a new one.
        assert_eq!(opens(&phone, PASSCODE).await, step != ActivationStep::Passcode);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_broken_off_at_any_operation_can_be_completed_with_another_passcode() {
    for fault in [Fault::Off, Fault::Truncated] {
        for after in 0.. {
            let world = World::new();
            let person = world.citizen().clone();
            let mut phone = with_draft(&world).await;
            let recovery = phone.recovering(&world, &person).await;
            world.sandbox.set_fault_on("/v1/activation", fault);
            // From here on the key hardware does nothing any more, as if the app had been killed.
            phone.key.misbehave_after(after, u64::MAX, SecureKeyError::Unavailable);
            let before = phone.key.operations();
            let outcome = recovery.complete(NEW.to_vec()).await.map(drop);
            let asked = phone.key.operations() - before;
            phone.key.misbehave(None);
            world.sandbox.set_fault(Fault::Off);
            phone.restart();
            let passcode = match phone.app.resume_activation().await.unwrap() {
                None => NEW,
                Some(recovery) => {
                    recovery.complete(b"577215".to_vec()).await.unwrap();
                    b"577215"
                }
            };
            let unlocked = phone.app.unlock(passcode.to_vec()).await.unwrap();
            assert_whole(&world, &phone, &unlocked, passcode).await;
            if asked <= after {
                assert!(fault != Fault::Off || (outcome.is_ok() && after > 10), "{outcome:?} after {after}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_that_was_given_up_after_the_platform_knew_is_begun_anew() {
    let world = World::new();
    let person = world.citizen().clone();
    let mut phone = with_draft(&world).await;
    let recovery = phone.recovering(&world, &person).await;
    world.sandbox.set_fault_on("/v1/activation", Fault::Truncated);
    recovery.complete(NEW.to_vec()).await.unwrap_err();
    world.sandbox.set_fault(Fault::Off);
    world.pass(&phone, 901);
    phone.restart();
    let recovery = phone.app.resume_activation().await.unwrap().unwrap();
    assert_eq!(recovery.complete(NEW.to_vec()).await.unwrap_err().code(), Code::ACTIVATION_UNKNOWN);
    assert!(opens(&phone, PASSCODE).await, "the old one still opens the phone");
    recovery.send_code().await.unwrap();
    phone.prove(&world, &person, &recovery).await;
    // The platform counted two new passcodes, and this phone one.
    let unlocked = recovery.complete(NEW.to_vec()).await.unwrap();
    assert_whole(&world, &phone, &unlocked, NEW).await;
    unlocked.change_passcode(NEW.to_vec(), PASSCODE.to_vec()).await.unwrap();
    assert_whole(&world, &phone, &unlocked, PASSCODE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn share_that_does_not_fit_opens_nothing_and_loses_nothing() {
    let world = World::new();
    let person = world.citizen().clone();
    let phone = with_draft(&world).await;
    let other_world = World::new();
    let other = Phone::new(&other_world);
    other.ready(&other_world).await.lock();
    // The envelope of another installation.
    let own = fs::read(phone.file("envelope-recovery")).unwrap();
    fs::copy(other.file("envelope-recovery"), phone.file("envelope-recovery")).unwrap();
    let refused = phone.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap_err();
    assert_eq!(refused, Error::RecoveryMissing);
    fs::remove_file(phone.file("envelope-recovery")).unwrap();
    let refused = phone.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap_err();
    assert_eq!(refused.code(), Code::RECOVERY_MISSING);
    fs::write(phone.file("envelope-recovery"), own).unwrap();

    let recovery = phone.recovering(&world, &person).await;
    world.sandbox.spoil_recovery_shares().unwrap();
    for _ in 0..2 {
        assert_eq!(recovery.complete(NEW.to_vec()).await.unwrap_err(), Error::RecoveryShareWrong);
    }
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.data_requests().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_for_somebody_elses_account_is_refused() {
    let world = World::new();
    let phone = with_draft(&world).await;
    let other = world.sandbox.people().iter().find(|p| p.level_two && p.pid != world.citizen().pid).unwrap().clone();
    Phone::new(&world).proven(&world, &other).await.complete(PASSCODE.to_vec()).await.unwrap().lock();
    world.pass(&phone, 601);
    let recovery = phone.recovering(&world, &other).await;
    assert_eq!(recovery.complete(NEW.to_vec()).await.unwrap_err().code(), Code::SESSION_REFUSED);
    assert!(opens(&phone, PASSCODE).await);
    let empty = Phone::new(&world);
    let refused = empty.app.start_recovery(other.pid.as_str(), other.phone.as_str()).await.unwrap_err();
    assert_eq!(refused, Error::NotActivated);
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_without_its_small_file_can_recover_after_the_next_unlocking() {
    let world = World::new();
    let person = world.citizen().clone();
    let mut phone = with_draft(&world).await;
    fs::remove_file(phone.file("standing")).unwrap();
    phone.restart();
    let refused = phone.app.start_recovery(person.pid.as_str(), person.phone.as_str()).await.unwrap_err();
    assert_eq!(refused, Error::RecoveryMissing);
    assert!(opens(&phone, PASSCODE).await);
    let unlocked = phone.recovering(&world, &person).await.complete(NEW.to_vec()).await.unwrap();
    assert_whole(&world, &phone, &unlocked, NEW).await;
}
