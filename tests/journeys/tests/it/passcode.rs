//! Changing the passcode: with the platform, without it, and with its answer lost.

use std::time::Duration;

use eid_core::{Error, PasscodeOutcome, PlatformError, Unlocked, ports::SecureKeyError};
use eid_model::{AuthLevel, Code};
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World};

const NEW: &[u8] = b"161803";

async fn change(unlocked: &Unlocked, old: &[u8], new: &[u8]) -> Result<PasscodeOutcome, Error> {
    unlocked.change_passcode(old.to_vec(), new.to_vec()).await
}

async fn opens(phone: &Phone, passcode: &[u8]) -> bool {
    match phone.app.unlock(passcode.to_vec()).await {
        Ok(unlocked) => {
            unlocked.lock();
            true
        }
        Err(error) => {
            assert_eq!(error.code(), Code::PASSCODE_WRONG);
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_passcode_opens_and_the_old_one_does_not() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    assert_eq!(change(&unlocked, PASSCODE, NEW).await, Ok(PasscodeOutcome::Changed));
    let (_, last) = unlocked.history(None, 1).await.unwrap().items.remove(0);
    assert_eq!((last.purpose.as_str(), last.result), ("passcode", None));
    unlocked.lock();
    phone.restart();
    assert!(!opens(&phone, PASSCODE).await);
    assert!(opens(&phone, NEW).await);
    let unlocked = phone.app.unlock(NEW.to_vec()).await.unwrap();
    assert_eq!(change(&unlocked, NEW, PASSCODE).await, Ok(PasscodeOutcome::Changed), "and once more");
    assert!(opens(&phone, PASSCODE).await && !opens(&phone, NEW).await);
}

/// Which of the two passcodes the platform takes: exactly one.
async fn in_force(phone: &Phone) -> &'static [u8] {
    let (old, new) = (opens(phone, PASSCODE).await, opens(phone, NEW).await);
    assert_ne!(old, new, "exactly one opens");
    let passcode = if old { PASSCODE } else { NEW };
    let unlocked = phone.app.unlock(passcode.to_vec()).await.unwrap();
    assert_eq!(unlocked.sign_in(passcode.to_vec()).await.map(|view| view.auth_level), Ok(AuthLevel::L2));
    passcode
}

#[tokio::test(flavor = "multi_thread")]
async fn change_whose_answer_is_lost_opens_with_either_until_the_next_contact() {
    for (fault, expected) in [(Fault::Down, PASSCODE), (Fault::Truncated, NEW)] {
        let world = World::new();
        let mut phone = Phone::new(&world);
        let unlocked = phone.ready(&world).await;
        world.sandbox.set_fault_on("/v1/instructions", fault);
        assert_eq!(change(&unlocked, PASSCODE, NEW).await, Ok(PasscodeOutcome::Unsure), "{fault:?}");
        unlocked.lock();
        phone.restart();
        assert!(opens(&phone, PASSCODE).await && opens(&phone, NEW).await, "{fault:?}");
        let unlocked = phone.app.unlock(expected.to_vec()).await.unwrap();
        if fault == Fault::Down {
            // Held up on the way, the instruction may yet be carried out: for a minute nobody can tell.
            unlocked.refill_credentials().await.unwrap();
            assert!(opens(&phone, NEW).await, "still either");
            let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
            for outcome in [
                change(&unlocked, PASSCODE, b"141421").await.map(drop),
                unlocked.sign_in(PASSCODE.to_vec()).await.map(drop),
            ] {
                let busy =
                    PlatformError::Busy { code: Code::PLATFORM_BUSY, retry_after: Some(Duration::from_secs(61)) };
                assert_eq!(outcome, Err(Error::Platform(busy)), "an unsettled change comes first");
            }
            unlocked.lock();
            world.pass(&phone, 61);
        }
        world.sandbox.set_fault(Fault::Off);
        let unlocked = phone.app.unlock(expected.to_vec()).await.unwrap();
        unlocked.refill_credentials().await.unwrap();
        unlocked.lock();
        assert_eq!(in_force(&phone).await, expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_without_a_network_changes_nothing() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    world.sandbox.set_fault(Fault::Down);
    assert!(matches!(change(&unlocked, PASSCODE, NEW).await, Err(Error::Platform(_))));
    world.sandbox.set_fault(Fault::Off);
    unlocked.lock();
    assert_eq!(in_force(&phone).await, PASSCODE);
}

#[tokio::test(flavor = "multi_thread")]
async fn change_broken_off_at_any_operation_leaves_one_passcode_that_phone_and_platform_agree_on() {
    for fault in [Fault::Off, Fault::Down, Fault::Truncated] {
        let mut kept = 0;
        for after in 0.. {
            let world = World::new();
            let mut phone = Phone::new(&world);
            let unlocked = phone.ready(&world).await;
            world.sandbox.set_fault_on("/v1/instructions", fault);
            // From here on the key hardware does nothing any more, as if the app had been killed.
            phone.key.misbehave_after(after, u64::MAX, SecureKeyError::Unavailable);
            let before = phone.key.operations();
            let outcome = change(&unlocked, PASSCODE, NEW).await;
            let asked = phone.key.operations() - before;
            phone.key.misbehave(None);
            world.sandbox.set_fault(Fault::Off);
            drop(unlocked);
            phone.restart();
            assert!(opens(&phone, PASSCODE).await || opens(&phone, NEW).await, "{fault:?} after {after}: {outcome:?}");
            world.pass(&phone, 61);
            let passcode = if opens(&phone, PASSCODE).await { PASSCODE } else { NEW };
            let unlocked = phone.app.unlock(passcode.to_vec()).await.unwrap();
            unlocked.refill_credentials().await.unwrap();
            unlocked.lock();
            kept += u32::from(in_force(&phone).await == PASSCODE);
            if asked <= after {
                assert!(outcome.is_ok() || fault == Fault::Down, "{outcome:?}");
                break;
            }
        }
        assert!(kept > 3, "{kept} points before the platform knew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_that_is_not_allowed_leaves_the_old_passcode() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    for (old, new, code) in [
        (b"314159".as_slice(), NEW, Code::PASSCODE_WRONG),
        (PASSCODE, b"123456", Code::PASSCODE_WEAK),
        (PASSCODE, &world.citizen().pid.as_str().as_bytes()[6..], Code::PASSCODE_WEAK),
        (PASSCODE, b"16180", Code::PASSCODE_FORMAT),
        (b"", NEW, Code::PASSCODE_FORMAT),
    ] {
        assert_eq!(change(&unlocked, old, new).await.unwrap_err().code(), code);
    }
    unlocked.lock();
    assert!(opens(&phone, PASSCODE).await && !opens(&phone, NEW).await);
}
