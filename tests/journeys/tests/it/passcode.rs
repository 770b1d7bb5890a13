//! Changing the passcode: with the platform, without it, and with its answer lost.

use eid_core::{Error, PasscodeOutcome, Unlocked};
use eid_model::Code;
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

#[tokio::test(flavor = "multi_thread")]
async fn change_whose_answer_is_lost_opens_with_either_until_the_next_contact() {
    for fault in [Fault::Down, Fault::Truncated] {
        let world = World::new();
        let mut phone = Phone::new(&world);
        let unlocked = phone.ready(&world).await;
        world.sandbox.set_fault(fault);
        assert_eq!(change(&unlocked, PASSCODE, NEW).await, Ok(PasscodeOutcome::Unsure), "{fault:?}");
        unlocked.lock();
        phone.restart();
        assert!(opens(&phone, PASSCODE).await && opens(&phone, NEW).await, "{fault:?}");
        let unlocked = phone.app.unlock(NEW.to_vec()).await.unwrap();
        let again = change(&unlocked, NEW, b"141421").await.unwrap_err();
        assert!(matches!(again, Error::Platform(_)), "an unsettled change comes first: {again:?}");
        world.sandbox.set_fault(Fault::Off);
        unlocked.refill_credentials().await.unwrap();
        unlocked.lock();
        assert!(!opens(&phone, PASSCODE).await && opens(&phone, NEW).await, "{fault:?}");
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
