//! Acts that ask for more than a session: what is asked, in which order, and what late, double, wrong and lost answers do.

use std::sync::Arc;

use eid_core::{
    Act, ActOrder, ActOutcome, ActProgress, Choice, Error, PlatformError, StepUp, Unlocked,
    ports::{KeyAccess, SecureKeyError},
};
use eid_model::{Code, FactorKind, GuardedAct};
use eid_sandbox::{ActSetting, Fault, Settings};

use crate::phone::{PASSCODE, Phone, World};

const DAY: u32 = 86_400;
const PHRASE: &str = "Mèo vàng trên mái";

pub(crate) fn missing(progress: ActProgress) -> StepUp {
    let ActProgress::Missing(step) = progress else { panic!("done: {progress:?}") };
    step
}

pub(crate) fn done(progress: ActProgress) -> ActOutcome {
    let ActProgress::Done(outcome) = progress else { panic!("not done: {progress:?}") };
    outcome
}

fn lock_code(outcome: ActOutcome) -> String {
    let ActOutcome::LockCode(code) = outcome else { panic!("{outcome:?}") };
    code.groups().concat()
}

async fn passcode(unlocked: &Unlocked, step: &StepUp) -> Result<ActProgress, Error> {
    unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await
}

async fn face(world: &World, unlocked: &Unlocked, step: &StepUp) -> Result<ActProgress, Error> {
    unlocked.answer_with_face(&step.id, world.citizen().large_portrait().to_vec()).await
}

/// Face or finger count for acts.
pub(crate) async fn count_biometrics(world: &World, unlocked: &Unlocked) {
    let step = unlocked.order_act(ActOrder::CountBiometrics { at_once: true }).await.unwrap();
    let outcome = match passcode(unlocked, &step).await.unwrap() {
        ActProgress::Done(outcome) => outcome,
        ActProgress::Missing(step) => {
            assert_eq!(step.choices, [Choice::Face], "the finger that is to count cannot vouch for itself");
            done(face(world, unlocked, &step).await.unwrap())
        }
    };
    assert!(matches!(outcome, ActOutcome::BiometricsCount { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn act_of_two_factors_asks_for_the_passcode_and_is_done() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let step = unlocked.order_act(ActOrder::SetPhrase { phrase: format!("  {PHRASE} ") }).await.unwrap();
    assert_eq!((step.act, step.rule), (GuardedAct::SetPhrase, GuardedAct::SetPhrase.default_rule()));
    assert_eq!((&step.missing[..], &step.choices[..]), (&[FactorKind::Known][..], &[Choice::Passcode][..]));
    // A slip of the finger is counted here, and the order stands.
    let wrong = unlocked.answer_with_passcode(&step.id, b"314159".to_vec()).await.unwrap_err();
    assert!(matches!(wrong, Error::PasscodeWrong { wrong_tries: 1, .. }));
    assert_eq!(unlocked.answer_with_biometrics(&step.id).await.map(missing).unwrap().choices, [Choice::Passcode]);
    assert!(matches!(done(passcode(&unlocked, &step).await.unwrap()), ActOutcome::Done));
    assert_eq!(unlocked.pending_act().await, Ok(None));
    let (_, last) = unlocked.history(None, 1).await.unwrap().items.remove(0);
    assert_eq!((last.act, last.purpose.as_str()), (Act::Updated, "set_phrase"));
    // The same answer again, as of two taps, does nothing and is told the same.
    let requests = world.sandbox.messages(&world.citizen().phone).unwrap().len();
    assert!(matches!(done(passcode(&unlocked, &step).await.unwrap()), ActOutcome::Done));
    assert_eq!(world.sandbox.messages(&world.citizen().phone).unwrap().len(), requests);
    // It is shown before the passcode is typed, also by an app that was started anew, and on this phone only.
    unlocked.lock();
    assert_eq!(phone.app.safety_phrase().await.unwrap().unwrap().as_str(), PHRASE);
    let stored = std::fs::read(phone.file("phrase")).unwrap();
    assert!(!stored.windows(4).any(|bytes| bytes == &PHRASE.as_bytes()[..4]));
    let other = Phone::new(&world);
    other.ready(&world).await.lock();
    assert_eq!(other.app.safety_phrase().await.unwrap().unwrap().as_str(), PHRASE, "another phone is told it");
    std::fs::write(other.file("phrase"), stored).unwrap();
    assert_eq!(other.app.safety_phrase().await, Ok(None), "and opens no copy of the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn act_of_three_factors_takes_the_finger_or_the_face_and_each_only_once() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    assert_eq!(step.missing, [FactorKind::Known, FactorKind::Biometric]);
    let step = missing(passcode(&unlocked, &step).await.unwrap());
    assert_eq!((&step.missing[..], &step.choices[..]), (&[FactorKind::Biometric][..], &[Choice::Face][..]));
    assert_eq!(unlocked.answer_with_biometrics(&step.id).await.unwrap_err(), Error::BiometricsOff);
    let first = lock_code(done(face(&world, &unlocked, &step).await.unwrap()));
    assert_eq!(lock_code(done(face(&world, &unlocked, &step).await.unwrap())), first, "no second code for two taps");
    // The face counts for a while; the passcode is asked for each act.
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    assert_eq!(step.missing, [FactorKind::Known]);
    let second = lock_code(done(passcode(&unlocked, &step).await.unwrap()));
    assert_ne!(first, second);

    count_biometrics(&world, &unlocked).await;
    assert_eq!(phone.key.access("biometric"), Some(KeyAccess::WithBiometrics));
    world.pass(&phone, 301);
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    let step = missing(passcode(&unlocked, &step).await.unwrap());
    assert_eq!(step.choices, [Choice::Biometrics, Choice::Face], "the least trouble first");
    let third = lock_code(done(unlocked.answer_with_biometrics(&step.id).await.unwrap()));
    assert_eq!(lock_code(done(unlocked.answer_with_biometrics(&step.id).await.unwrap())), third);
    let step = unlocked.order_act(ActOrder::StopBiometrics).await.unwrap();
    done(passcode(&unlocked, &step).await.unwrap());
    assert_eq!(phone.key.access("biometric"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn finger_registered_without_a_face_counts_after_a_day() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let step = unlocked.order_act(ActOrder::CountBiometrics { at_once: false }).await.unwrap();
    let ActOutcome::BiometricsCount { from } = done(passcode(&unlocked, &step).await.unwrap()) else { panic!() };
    assert_eq!(from.seconds(), phone.now().seconds() + i64::from(DAY));
    let choices = async || {
        let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
        missing(passcode(&unlocked, &step).await.unwrap())
    };
    assert_eq!(choices().await.choices, [Choice::Face]);
    // A phone whose clock was set ahead learns it from the platform, and is offered the face.
    phone.clock.set_wall(phone.now().seconds() + 299);
    world.pass(&phone, DAY - 299);
    let early = choices().await;
    assert_eq!(early.choices, [Choice::Biometrics, Choice::Face]);
    let step = missing(unlocked.answer_with_biometrics(&early.id).await.unwrap());
    assert_eq!(step.choices, [Choice::Face]);
    lock_code(done(face(&world, &unlocked, &step).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_is_cancelled_late_or_for_another_act_does_no_harm() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    count_biometrics(&world, &unlocked).await;
    world.pass(&phone, 301);
    let first = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    let step = missing(passcode(&unlocked, &first).await.unwrap());
    assert_eq!(step.expires_at.seconds(), phone.now().seconds() + 300);
    // Cancelled at the phone's prompt: nothing was sent, what was shown stays, and the face is another way.
    phone.key.misbehave(Some(SecureKeyError::UserCancelled));
    let cancelled = unlocked.answer_with_biometrics(&step.id).await.unwrap_err();
    assert_eq!(cancelled.code(), Code::USER_CANCELLED);
    phone.key.misbehave(None);
    assert_eq!(unlocked.pending_act().await.unwrap().unwrap().missing, [FactorKind::Biometric]);
    // Late: what was shown has grown too old, and is asked for anew.
    world.pass(&phone, 301);
    let late = missing(unlocked.answer_with_biometrics(&step.id).await.unwrap());
    assert_eq!((late.id == step.id, &late.choices[..]), (true, &[Choice::Passcode][..]));
    // Another act took its place: the old answers are for nothing, and what was shown does not go over to it.
    passcode(&unlocked, &late).await.unwrap();
    let other = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    assert_eq!(unlocked.answer_with_biometrics(&step.id).await.unwrap_err(), Error::ActOver);
    assert_eq!(other.choices, [Choice::Passcode]);
    // Given up.
    unlocked.cancel_act(&other.id).await.unwrap();
    unlocked.cancel_act(&other.id).await.unwrap();
    assert_eq!(unlocked.pending_act().await, Ok(None));
    assert_eq!(passcode(&unlocked, &other).await.unwrap_err().code(), Code::ACT_OVER);
    assert_eq!(unlocked.answer_with_face("", b"x".to_vec()).await.unwrap_err(), Error::FaceUnusable);
    // An order that nobody answers is over after a day.
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    world.pass(&phone, DAY);
    assert_eq!(passcode(&unlocked, &step).await.unwrap_err(), Error::ActOver);
}

#[tokio::test(flavor = "multi_thread")]
async fn app_killed_between_order_and_answer_has_lost_nothing_that_was_typed() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let ordered = unlocked.order_act(ActOrder::SetPhrase { phrase: PHRASE.to_owned() }).await.unwrap();
    for paths in ["/v1/challenge", "/v1/instructions"] {
        for fault in [Fault::Down, Fault::Truncated, Fault::Nonsense] {
            world.sandbox.set_fault_on(paths, fault);
            let lost = passcode(&unlocked, &ordered).await.unwrap_err();
            assert!(matches!(lost, Error::Platform(_)), "{lost:?}");
            let pending = unlocked.pending_act().await.unwrap().unwrap();
            assert_eq!(
                (&pending.id, &pending.choices[..]),
                (&ordered.id, &[Choice::Passcode][..]),
                "{paths} {fault:?}"
            );
        }
    }
    world.sandbox.set_fault(Fault::Off);
    drop(unlocked);
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    let pending = unlocked.pending_act().await.unwrap().unwrap();
    assert_eq!((&pending.id, pending.act), (&ordered.id, GuardedAct::SetPhrase));
    done(passcode(&unlocked, &pending).await.unwrap());
    assert_eq!(phone.app.safety_phrase().await.unwrap().unwrap().as_str(), PHRASE);
    let told = world.sandbox.messages(&world.citizen().phone).unwrap();
    assert_eq!(told.iter().filter(|message| message.text.contains("cau nhan biet")).count(), 1, "it was done once");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_answers_at_once_do_the_act_once() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = Arc::new(phone.ready(&world).await);
    let step = unlocked.order_act(ActOrder::SetPhrase { phrase: PHRASE.to_owned() }).await.unwrap();
    let (one, other) = tokio::join!(passcode(&unlocked, &step), passcode(&unlocked, &step));
    assert!(matches!((done(one.unwrap()), done(other.unwrap())), (ActOutcome::Done, ActOutcome::Done)));
    let told = world.sandbox.messages(&world.citizen().phone).unwrap();
    assert_eq!(told.iter().filter(|message| message.text.contains("cau nhan biet")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn finger_of_somebody_else_counts_no_more_and_the_face_goes_on() {
    let world = World::new();
    let phone = Phone::with_enclave(&world);
    let unlocked = phone.ready(&world).await;
    count_biometrics(&world, &unlocked).await;
    world.pass(&phone, 301);
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    let step = missing(passcode(&unlocked, &step).await.unwrap());
    phone.key.enroll_another();
    assert_eq!(unlocked.answer_with_biometrics(&step.id).await.unwrap_err(), Error::BiometricsChanged);
    let step = unlocked.pending_act().await.unwrap().unwrap();
    assert_eq!(step.choices, [Choice::Face]);
    // The face of somebody else costs tries of the platform's, and the order stands.
    let other = world.sandbox.people().iter().find(|person| person.pid != world.citizen().pid).unwrap();
    let wrong = unlocked.answer_with_face(&step.id, other.large_portrait().to_vec()).await.unwrap_err();
    let Error::Platform(PlatformError::Refused { code, tries_left, .. }) = wrong else { panic!("{wrong:?}") };
    assert_eq!((code, tries_left), (Code::FACE_NOT_MATCHED, Some(2)));
    let blank = unlocked.answer_with_face(&step.id, b"\xFF\xD8\xFF".to_vec()).await.unwrap_err();
    assert_eq!(blank.code(), Code::FACE_UNUSABLE);
    lock_code(done(face(&world, &unlocked, &step).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn biometric_key_that_the_platform_does_not_know_is_named_and_given_up() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    count_biometrics(&world, &unlocked).await;
    // The same phone's files from before: the platform has registered another key since.
    unlocked.lock();
    let copy = std::fs::read(phone.file("store")).unwrap();
    let journal = std::fs::read(phone.file("store-wal")).ok();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    let step = unlocked.order_act(ActOrder::StopBiometrics).await.unwrap();
    done(passcode(&unlocked, &step).await.unwrap());
    drop(unlocked);
    let mut phone = phone;
    phone.restart();
    std::fs::write(phone.file("store"), copy).unwrap();
    std::fs::remove_file(phone.file("store-wal")).ok();
    std::fs::remove_file(phone.file("store-shm")).ok();
    if let Some(journal) = journal {
        std::fs::write(phone.file("store-wal"), journal).unwrap();
    }
    // The key is gone with the act; somebody put another one in its place.
    let key: &dyn eid_core::ports::SecureKey = &*phone.key;
    key.generate("biometric", KeyAccess::WithBiometrics).await.unwrap();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    world.pass(&phone, 301);
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    let step = missing(passcode(&unlocked, &step).await.unwrap());
    assert_eq!(step.choices, [Choice::Biometrics, Choice::Face]);
    let wrong = unlocked.answer_with_biometrics(&step.id).await.unwrap_err();
    assert!([Code::KEY_ANSWER_INVALID, Code::BIOMETRIC_KEY_WRONG].contains(&wrong.code()), "{wrong:?}");
    lock_code(done(face(&world, &unlocked, &step).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_asks_for_more_than_the_phone_knew_is_asked_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let acts = vec![ActSetting { act: "set_phrase".to_owned(), level: 3, max_age_s: 60 }];
    world.sandbox.set_settings(&Settings { acts, ..Settings::default() }).unwrap();
    let step = unlocked.order_act(ActOrder::SetPhrase { phrase: PHRASE.to_owned() }).await.unwrap();
    assert_eq!(step.missing, [FactorKind::Known], "as it was yesterday");
    let stricter = missing(passcode(&unlocked, &step).await.unwrap());
    assert_eq!((stricter.rule.level.number(), &stricter.choices[..]), (3, &[Choice::Face][..]));
    done(face(&world, &unlocked, &stricter).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_phone_cools_off_and_says_for_how_long() {
    let world = World::new();
    let (first, second) = (Phone::new(&world), Phone::new(&world));
    first.ready(&world).await;
    let unlocked = second.ready(&world).await;
    let order = async |order| {
        let step = unlocked.order_act(order).await.unwrap();
        (step.id.clone(), passcode(&unlocked, &step).await)
    };
    let (id, refused) = order(ActOrder::CountBiometrics { at_once: false }).await;
    let Err(Error::Platform(PlatformError::Refused { code, retry_after, .. })) = refused else { panic!("{refused:?}") };
    assert_eq!((code, retry_after.unwrap().as_secs()), (Code::COOLING_OFF, u64::from(DAY)));
    assert_eq!(
        passcode(&unlocked, &StepUp { id, ..unlocked_step(&unlocked).await }).await.unwrap_err(),
        Error::ActOver
    );
    count_biometrics(&world, &unlocked).await;
    world.pass(&second, DAY);
    let (_, registered) = order(ActOrder::CountBiometrics { at_once: false }).await;
    assert!(matches!(done(registered.unwrap()), ActOutcome::BiometricsCount { .. }));
}

/// Any step, for its other fields.
async fn unlocked_step(unlocked: &Unlocked) -> StepUp {
    let step = unlocked.order_act(ActOrder::NewLockCode).await.unwrap();
    unlocked.cancel_act(&step.id).await.unwrap();
    step
}
