//! An activation that is interrupted anywhere goes on where it was, on this phone and no other.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use eid_core::{Activation, ActivationStep, CardAccess, Error, ports::SecureKeyError};
use eid_model::Code;
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World, code_sent};

/// The app is killed and started again.
async fn killed(phone: &mut Phone) -> Activation {
    phone.restart();
    phone.app.resume_activation().await.unwrap().unwrap()
}

fn step(activation: &Activation) -> ActivationStep {
    activation.state().unwrap().step
}

#[tokio::test(flavor = "multi_thread")]
async fn app_killed_after_each_step_goes_on_where_it_was() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    assert_eq!(phone.app.pending_activation().await.unwrap(), None);
    drop(phone.start(&person).await.unwrap());

    let activation = killed(&mut phone).await;
    let state = activation.state().unwrap();
    assert_eq!((state.step, state.pid, &state.phone), (ActivationStep::Code, person.pid, &person.phone));
    assert_eq!(phone.app.pending_activation().await.unwrap(), Some(state));
    activation.confirm_code(&code_sent(&world, &person)).await.unwrap();

    let activation = killed(&mut phone).await;
    assert_eq!(step(&activation), ActivationStep::Card);
    activation.confirm_code("000000").await.unwrap();
    phone.field.lay(world.card(&person, "{}"));
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    phone.field.take();

    let activation = killed(&mut phone).await;
    assert_eq!(step(&activation), ActivationStep::Face);
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();

    let activation = killed(&mut phone).await;
    assert_eq!(step(&activation), ActivationStep::Passcode);
    activation.submit_face(b"\xFF\xD8\xFF".to_vec()).await.unwrap();
    activation.complete(PASSCODE.to_vec()).await.unwrap().lock();
    assert_eq!(activation.state(), None);

    phone.restart();
    assert!(phone.app.resume_activation().await.unwrap().is_none(), "nothing is left of it");
    assert!(!phone.file("activation").exists() && !phone.key.aliases().contains(&"activation".to_owned()));
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn app_killed_before_an_answer_repeats_the_same_request() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    // The platform acts, and its answer breaks off.
    world.sandbox.set_fault(Fault::Truncated);
    assert!(phone.start(&person).await.is_err());
    world.sandbox.set_fault(Fault::Off);
    let activation = killed(&mut phone).await;
    assert_eq!(step(&activation), ActivationStep::Start);
    activation.send_code().await.unwrap();
    assert_eq!(world.sandbox.messages(&person.phone).unwrap().len(), 1, "one message for one request");
    world.sandbox.set_fault(Fault::Truncated);
    let code = code_sent(&world, &person);
    assert!(activation.confirm_code(&code).await.is_err());
    world.sandbox.set_fault(Fault::Off);

    let activation = killed(&mut phone).await;
    assert_eq!(step(&activation), ActivationStep::Code);
    activation.confirm_code(&code).await.unwrap();
    phone.field.lay(world.card(&person, "{}"));
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    world.sandbox.set_fault(Fault::Truncated);
    assert!(activation.complete(PASSCODE.to_vec()).await.is_err());
    world.sandbox.set_fault(Fault::Off);

    let activation = killed(&mut phone).await;
    activation.complete(PASSCODE.to_vec()).await.unwrap().lock();
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_that_the_platform_forgot_begins_anew_with_what_was_typed() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    drop(phone.proven(&world, &person).await);
    world.pass(&phone, 901);
    let activation = killed(&mut phone).await;
    assert_eq!(activation.complete(PASSCODE.to_vec()).await.unwrap_err().code(), Code::ACTIVATION_UNKNOWN);
    let state = activation.state().unwrap();
    assert_eq!((state.step, state.pid), (ActivationStep::Start, person.pid));
    activation.send_code().await.unwrap();
    activation.confirm_code(&code_sent(&world, &person)).await.unwrap();
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_activation_opens_on_its_own_phone_only_and_damage_sticks_nobody() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    drop(phone.confirmed(&world, &person).await);
    let file = fs::read(phone.file("activation")).unwrap();
    for secret in [person.pid.as_str(), person.phone.as_str(), person.name.as_str()] {
        assert!(!file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret} in the open");
    }
    let other = Phone::new(&world);
    fs::create_dir_all(other.file("")).unwrap();
    for name in ["install", "activation"] {
        fs::copy(phone.file(name), other.file(name)).unwrap();
    }
    assert_eq!(other.app.resume_activation().await.unwrap_err(), Error::ActivationLost);
    assert_eq!(other.app.pending_activation().await.unwrap(), None, "forgotten");

    let bent = |at: usize| file.iter().enumerate().map(|(i, byte)| if i == at { byte ^ 1 } else { *byte }).collect();
    for damaged in [Vec::new(), b"somebody's holiday pictures".to_vec(), bent(0), bent(40), bent(file.len() - 40)] {
        phone.restart();
        fs::write(phone.file("activation"), damaged).unwrap();
        assert_eq!(phone.app.resume_activation().await.unwrap_err().code(), Code::ACTIVATION_LOST);
        assert!(!phone.file("activation").exists());
        assert!(phone.app.resume_activation().await.unwrap().is_none());
    }
    // Hardware that is busy is no reason to forget anything.
    world.pass(&phone, 601);
    drop(phone.confirmed(&world, &person).await);
    phone.restart();
    phone.key.misbehave(Some(SecureKeyError::Unavailable));
    assert_eq!(phone.app.resume_activation().await.unwrap_err(), SecureKeyError::Unavailable.into());
    phone.key.misbehave(None);
    assert_eq!(step(&phone.app.resume_activation().await.unwrap().unwrap()), ActivationStep::Card);
    phone.app.reset().await.unwrap();
    assert!(phone.app.resume_activation().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_out_of_order_are_refused_and_two_taps_at_once_are_one() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.start(&person).await.unwrap();
    for refused in [
        activation.read_card(CardAccess::PersonalNumber).await.unwrap_err(),
        activation.complete(PASSCODE.to_vec()).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::STEP_OUT_OF_ORDER);
    }
    let code = code_sent(&world, &person);
    let (one, two) = tokio::join!(activation.confirm_code(&code), activation.confirm_code(&code));
    assert_eq!((one, two), (Ok(()), Ok(())));
    phone.field.lay(world.card(&person, "{}"));
    let card = || activation.read_card(CardAccess::PersonalNumber);
    let (one, two) = tokio::join!(card(), card());
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert_eq!(phone.field.sessions(), [true], "read once");
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    let complete = || activation.complete(PASSCODE.to_vec());
    let (one, two) = tokio::join!(complete(), complete());
    let mut codes = [one.map_err(|error| error.code()), two.map_err(|error| error.code())];
    codes.sort_by_key(Result::is_err);
    let [done, second] = codes;
    assert!(done.is_ok());
    assert_eq!(second.unwrap_err(), Code::ALREADY_ACTIVATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_activation_takes_few_requests() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let world = World::with_log(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let phone = Phone::new(&world);
    let activation = phone.proven(&world, &world.citizen().clone()).await;
    activation.complete(PASSCODE.to_vec()).await.unwrap();
    // Code asked for and confirmed, configuration, card, face, trust list, device.
    assert_eq!(requests.load(Ordering::SeqCst), 7);
}
