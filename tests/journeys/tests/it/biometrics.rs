//! Unlocking with face or finger.

use eid_core::{Error, ports::SecureKeyError};
use eid_model::Code;
use eid_proof::Purpose;

use crate::phone::{PASSCODE, Phone, World, request, show};

const WRONG: &[u8] = b"314159";

#[tokio::test(flavor = "multi_thread")]
async fn finger_unlocks_after_the_passcode_turned_it_on_and_until_it_is_turned_off() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::NotActivated);
    phone.ready(&world).await.lock();
    assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::BiometricsOff);
    let wrong = phone.app.enable_biometrics(WRONG.to_vec()).await.unwrap_err();
    assert_eq!(wrong, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 });
    assert!(!phone.app.has_biometrics().await.unwrap());
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    phone.restart();
    let unlocked = phone.app.unlock_with_biometrics().await.unwrap();
    let proof = show(&unlocked, request(Purpose::Age)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
    unlocked.lock();
    phone.app.disable_biometrics().await.unwrap();
    phone.app.disable_biometrics().await.unwrap();
    assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::BiometricsOff);
    assert!(!phone.key.aliases().contains(&"vault-biometric".to_owned()));
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_enrolled_finger_unlocks_nothing_and_the_passcode_turns_it_on_again() {
    let world = World::new();
    let phone = Phone::with_enclave(&world);
    phone.ready(&world).await.lock();
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    phone.key.enroll_another();
    assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::BiometricsChanged);
    assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::BiometricsOff);
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    assert!(phone.app.unlock_with_biometrics().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn prompt_that_is_cancelled_changes_nothing_and_costs_no_try() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    // Cancelled while it is turned on, at whatever operation: it is then off, and works at the next try.
    let cancelled = SecureKeyError::UserCancelled;
    for after in 0.. {
        phone.key.misbehave_after(after, 1, cancelled);
        let outcome = phone.app.enable_biometrics(PASSCODE.to_vec()).await;
        phone.key.misbehave(None);
        let on = phone.app.has_biometrics().await.unwrap();
        assert_eq!(on, outcome.is_ok(), "after {after}");
        assert_eq!(phone.app.unlock_with_biometrics().await.is_ok(), on, "after {after}");
        phone.app.disable_biometrics().await.unwrap();
        if outcome.is_ok() && after > 15 {
            break;
        }
    }
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    for _ in 0..20 {
        phone.key.misbehave(Some(cancelled));
        assert_eq!(phone.app.unlock_with_biometrics().await.unwrap_err(), Error::Key(cancelled));
        phone.key.misbehave(None);
    }
    assert!(phone.app.unlock_with_biometrics().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn finger_ends_waits_and_a_lost_record_but_revives_no_destroyed_passcode() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    std::fs::remove_file(phone.file("guard")).unwrap();
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err(), Error::TriesLost { wait_s: 86_400 });
    assert!(phone.app.unlock_with_biometrics().await.is_ok());
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());

    for _ in 0..9 {
        phone.app.unlock(WRONG.to_vec()).await.unwrap_err();
        phone.clock.pass(86_400);
    }
    assert_eq!(phone.app.unlock(WRONG.to_vec()).await.unwrap_err(), Error::PasscodeDestroyed);
    let unlocked = phone.app.unlock_with_biometrics().await.unwrap();
    assert!(unlocked.account().await.is_ok(), "the finger still opens");
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err(), Error::PasscodeDestroyed);
}
