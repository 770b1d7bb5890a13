//! The app locks: by the citizen, by time without use, in the background.

use core::time::Duration;

use eid_core::{
    AutoLock, Unlocked,
    ports::{Event, KeyAccess, SecureKeyError},
};
use eid_model::Code;
use eid_proof::Purpose;

use crate::phone::{PASSCODE, Phone, World, request};

async fn unlocked(phone: &Phone) -> Unlocked {
    phone.app.unlock(PASSCODE.to_vec()).await.unwrap()
}

async fn activated(auto_lock: AutoLock) -> Phone {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.restart_locking(auto_lock);
    phone
}

fn locked_events(phone: &Phone) -> usize {
    phone.events.events().iter().filter(|event| **event == Event::Locked).count()
}

async fn is_locked(unlocked: &Unlocked) -> bool {
    match unlocked.account().await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.code(), Code::KEY_SLOT_EMPTY);
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_app_locks_its_proofs_too_and_use_keeps_it_open() {
    let phone = activated(AutoLock::default()).await;
    let open = unlocked(&phone).await;
    let shown = open.present_identity(request(Purpose::Age)).await.unwrap();
    for _ in 0..5 {
        phone.clock.pass(299);
        assert!(shown.sign().await.is_ok(), "a proof on the screen is use");
    }
    let before = locked_events(&phone);
    phone.clock.pass(300);
    assert_eq!(shown.sign().await.err().map(|error| error.code()), Some(Code::KEY_SLOT_EMPTY));
    assert!(is_locked(&open).await);
    assert_eq!(locked_events(&phone), before + 1);
    assert!(!is_locked(&unlocked(&phone).await).await);
    assert!(is_locked(&open).await, "an old handle stays locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_app_that_nobody_calls_locks_by_its_timer() {
    let phone = activated(AutoLock { idle: Duration::from_millis(100), ..AutoLock::default() }).await;
    let before = locked_events(&phone);
    let open = unlocked(&phone).await;
    phone.clock.pass(1);
    for _ in 0..100 {
        if locked_events(&phone) > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(locked_events(&phone), before + 1);
    assert!(is_locked(&open).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_app_locks_soon_and_one_that_comes_back_in_time_stays_open() {
    let phone = activated(AutoLock::default()).await;
    let open = unlocked(&phone).await;
    phone.app.enter_background().unwrap();
    phone.clock.pass(29);
    phone.app.enter_foreground().unwrap();
    phone.clock.pass(60);
    assert!(!is_locked(&open).await);
    phone.app.enter_background().unwrap();
    phone.clock.pass(30);
    phone.app.enter_foreground().unwrap();
    assert!(is_locked(&open).await, "also if the phone slept and no timer ran");
    // Nothing is unlocked: nothing to do.
    phone.app.enter_background().unwrap();
    phone.app.enter_foreground().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_share_one_session_and_the_last_one_let_go_locks_it() {
    let phone = activated(AutoLock::default()).await;
    let (first, second) = (unlocked(&phone).await, unlocked(&phone).await);
    let before = locked_events(&phone);
    drop(first);
    assert!(!is_locked(&second).await);
    let third = unlocked(&phone).await;
    second.lock();
    assert!(is_locked(&third).await);
    let fourth = unlocked(&phone).await;
    let shown = fourth.present_identity(request(Purpose::Age)).await.unwrap();
    drop(fourth);
    assert!(shown.sign().await.is_err(), "a proof alone keeps nothing open");
    let fifth = unlocked(&phone).await;
    phone.app.lock();
    assert!(is_locked(&fifth).await);
    assert_eq!(locked_events(&phone), before + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_at_once_while_time_passes_do_not_lock_each_other_out() {
    let phone = activated(AutoLock { idle: Duration::from_secs(1_000_000), ..AutoLock::default() }).await;
    let open = std::sync::Arc::new(unlocked(&phone).await);
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let open = std::sync::Arc::clone(&open);
            tokio::spawn(async move {
                for _ in 0..2_000 {
                    assert!(open.repairs().is_ok());
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    while callers.iter().any(|caller| !caller.is_finished()) {
        phone.clock.pass(1);
        tokio::task::yield_now().await;
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proof_needs_a_key_that_asks_for_presence_and_a_refused_prompt_gives_none() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let ready: usize = open.readiness().await.unwrap().iter().map(|purpose| purpose.unused).sum();
    let asking = phone.key.aliases().iter().filter(|a| phone.key.access(a) == Some(KeyAccess::WithPresence)).count();
    assert!(ready > 0);
    assert_eq!(asking, ready, "the keys of the proofs and no others");
    let shown = open.present_identity(request(Purpose::Age)).await.unwrap();
    phone.key.misbehave_after(0, 1, SecureKeyError::UserCancelled);
    assert_eq!(shown.sign().await.err().map(|error| error.code()), Some(Code::USER_CANCELLED));
    assert!(shown.sign().await.is_ok(), "the next prompt may be answered");
}
