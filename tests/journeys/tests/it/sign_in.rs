//! Signing in, and what only somebody who has may do.

use std::time::Duration;

use eid_core::{Act, Error, PlatformError};
use eid_model::{AuthLevel, Code, FactorKind, GuardedAct};
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World};

const WRONG: &[u8] = b"314159";

#[tokio::test(flavor = "multi_thread")]
async fn signed_in_citizen_sees_the_phones_until_signing_out_or_locking() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded));
    let view = unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    assert_eq!((view.auth_level, view.auth_time), (AuthLevel::L2, phone.now()));
    let devices = unlocked.devices().await.unwrap();
    assert_eq!(devices.iter().map(|device| device.active).collect::<Vec<_>>(), [true]);
    let (_, last) = unlocked.history(None, 1).await.unwrap().items.remove(0);
    assert_eq!((last.act, last.result), (Act::SignedIn, None));

    unlocked.sign_out().await.unwrap();
    assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded));
    unlocked.sign_out().await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.lock();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded), "no token outlives the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn act_names_what_has_yet_to_be_shown_and_sign_in_shows_it() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let missing = async |act| unlocked.authorize(act).await.unwrap().missing;
    assert_eq!(missing(GuardedAct::ListDevices).await, [FactorKind::Known]);
    assert_eq!(missing(GuardedAct::Sign).await, [FactorKind::Biometric]);
    assert_eq!(missing(GuardedAct::NewDevice).await, [FactorKind::Known, FactorKind::Biometric]);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(missing(GuardedAct::ListDevices).await, []);
    assert_eq!(missing(GuardedAct::NewDevice).await, [FactorKind::Biometric]);
    world.pass(&phone, 16 * 60);
    assert_eq!(missing(GuardedAct::ListDevices).await, []);
    assert_eq!(missing(GuardedAct::ShowProof).await, [FactorKind::Known], "a quarter of an hour is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_refreshed_by_itself_and_ends_after_its_time() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    for _ in 0..3 {
        world.pass(&phone, 3600);
        assert_eq!(unlocked.devices().await.unwrap().len(), 1);
    }
    world.pass(&phone, 31 * 86_400);
    assert_eq!(unlocked.devices().await.unwrap_err().code(), Code::SESSION_ENDED);
    assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passcode_costs_a_try_here_and_none_at_the_platform() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    for wrong_tries in 1..=3 {
        let refused = unlocked.sign_in(WRONG.to_vec()).await.unwrap_err();
        assert!(
            matches!(refused, Error::PasscodeWrong { wrong_tries: found, .. } if found == wrong_tries),
            "{refused:?}"
        );
    }
    assert!(matches!(unlocked.sign_in(PASSCODE.to_vec()).await, Err(Error::PasscodeWait { .. })));
    phone.clock.pass(60);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.sign_in(b"1".to_vec()).await.unwrap_err().code(), Code::PASSCODE_FORMAT);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_whose_answer_is_lost_is_made_anew_with_another_number() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    for fault in [Fault::Truncated, Fault::Down, Fault::Nonsense] {
        for paths in ["/v1/challenge", "/v1/instructions"] {
            world.sandbox.set_fault_on(paths, fault);
            assert!(matches!(unlocked.sign_in(PASSCODE.to_vec()).await, Err(Error::Platform(_))), "{fault:?} {paths}");
            assert_eq!(unlocked.devices().await, Err(Error::SignInNeeded));
        }
    }
    unlocked.lock();
    phone.restart();
    world.sandbox.set_fault(Fault::Off);
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn older_copy_of_the_store_signs_in_with_numbers_that_it_has_learnt() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    unlocked.lock();
    phone.restart();
    let copy = tempfile::TempDir::new().unwrap();
    let copied = |from: &std::path::Path, to: &std::path::Path| {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    };
    let app = phone.folder.path().join("app");
    copied(&app, copy.path());
    let guard = std::fs::read(phone.file("guard")).unwrap();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    for _ in 0..3 {
        unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    }
    drop(unlocked);
    let guard_now = std::fs::read(phone.file("guard")).unwrap();
    phone.restart();
    copied(copy.path(), &app);
    // The record of tries stays what the hardware knows.
    assert_ne!(guard, guard_now);
    std::fs::write(phone.file("guard"), guard_now).unwrap();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_phone_is_told_so_when_it_signs_in() {
    let world = World::new();
    let (old, new) = (Phone::new(&world), Phone::new(&world));
    let before = old.ready(&world).await;
    before.sign_in(PASSCODE.to_vec()).await.unwrap();
    let after = new.ready(&world).await;
    assert_eq!(before.devices().await.unwrap_err().code(), Code::ACCOUNT_MOVED);
    assert_eq!(
        before.sign_in(PASSCODE.to_vec()).await.unwrap_err().code(),
        Code::KEY_SLOT_EMPTY,
        "it has locked itself"
    );
    after.sign_in(PASSCODE.to_vec()).await.unwrap();
    let active: Vec<bool> = after.devices().await.unwrap().iter().map(|device| device.active).collect();
    assert_eq!(active.iter().filter(|active| **active).count(), 1);
    assert_eq!(active.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_phone_holds_nothing_and_can_be_activated_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    assert!(matches!(unlocked.unlink(WRONG.to_vec()).await, Err(Error::PasscodeWrong { .. })));
    world.sandbox.set_fault_on("/v1/instructions", Fault::Down);
    let busy = PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: Some(Duration::from_secs(30)) };
    assert_eq!(unlocked.unlink(PASSCODE.to_vec()).await, Err(Error::Platform(busy)));
    assert_eq!(phone.app.is_activated().await, Ok(true), "nothing is deleted before the platform agrees");
    world.sandbox.set_fault(Fault::Off);
    unlocked.unlink(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(phone.app.is_activated().await, Ok(false));
    assert_eq!(unlocked.account().await, Err(Error::Locked));
    let unlocked = phone.ready(&world).await;
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
}
