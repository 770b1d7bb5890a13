//! Phone numbers of the account: changed, added, confirmed; each code as the citizen meets it.

use eid_core::{ActOrder, ContactKind, Error, PhoneCode, StepUp, Unlocked};
use eid_model::{Code, PhoneNumber};
use eid_sandbox::Fault;

use crate::{
    phone::{PASSCODE, Phone, World},
    step_up::{done, missing},
};

const NEW: &str = "0900000777";

fn code_to(world: &World, phone: &str) -> String {
    let sent = world.sandbox.messages(&PhoneNumber::parse(phone).unwrap()).unwrap();
    sent.into_iter().rev().find(|message| !message.code.is_empty()).unwrap().code
}

/// Orders, and shows passcode and face where they are asked for.
async fn carry_out(world: &World, unlocked: &Unlocked, order: ActOrder) -> Result<(), Error> {
    let step = unlocked.order_act(order).await?;
    let mut progress = unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await?;
    if let eid_core::ActProgress::Missing(StepUp { id, .. }) = &progress {
        progress = unlocked.answer_with_face(id, world.citizen().large_portrait().to_vec()).await?;
    }
    done(progress);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn number_that_is_gone_is_changed_and_the_new_one_activates() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let change = PhoneCode::Change { phone: "0900 000 777".to_owned() };
    assert_eq!(unlocked.send_phone_code(change.clone()).await, Err(Error::SignInNeeded));
    assert_eq!(unlocked.order_act(ActOrder::ChangePhone { code: "271828".to_owned() }).await, Err(Error::StepNotDue));
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    world.sandbox.set_fault_on("/v1/phone-code", Fault::Truncated);
    assert!(unlocked.send_phone_code(change.clone()).await.is_err());
    world.sandbox.set_fault(Fault::Off);
    // The number is not typed again, also after a kill; and there was one message only.
    unlocked.lock();
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    let asked = unlocked.asked_phone_code().await.unwrap().unwrap();
    assert_eq!((asked.phone, asked.expires_at), (PhoneNumber::parse(NEW).ok(), None));
    assert_eq!(unlocked.order_act(ActOrder::ChangePhone { code: "271828".to_owned() }).await, Err(Error::StepNotDue));
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.send_phone_code(change).await.unwrap();
    assert_eq!(world.sandbox.messages(&PhoneNumber::parse(NEW).unwrap()).unwrap().len(), 1);

    let code = code_to(&world, NEW);
    assert_eq!(
        unlocked.order_act(ActOrder::ChangePhone { code: "12".to_owned() }).await.unwrap_err().code(),
        Code::CODE_WRONG
    );
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = carry_out(&world, &unlocked, ActOrder::ChangePhone { code: wrong.to_owned() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::CODE_WRONG);
    assert_eq!(unlocked.pending_act().await, Ok(None), "a wrong code is typed anew");
    assert!(unlocked.asked_phone_code().await.unwrap().is_some(), "and the number is not");
    carry_out(&world, &unlocked, ActOrder::ChangePhone { code }).await.unwrap();
    assert_eq!(unlocked.asked_phone_code().await, Ok(None));
    let contacts = unlocked.contacts().await.unwrap();
    assert_eq!((contacts.len(), contacts[0].hint.as_str(), contacts[0].is_due), (1, "*******777", false));
    let person = world.citizen().clone();
    let next = Phone::new(&world);
    assert_eq!(next.start(&person).await.unwrap_err().code(), Code::REGISTER_MISMATCH);
    next.app.start_activation(person.pid.as_str(), NEW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn second_number_stands_in_for_the_first_and_each_is_confirmed_after_half_a_year() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.send_phone_code(PhoneCode::Second { phone: NEW.to_owned() }).await.unwrap();
    let code = code_to(&world, NEW);
    // A code is for what it was asked for.
    let other = ActOrder::ChangePhone { code: code.clone() };
    assert_eq!(unlocked.order_act(other).await, Err(Error::StepNotDue));
    carry_out(&world, &unlocked, ActOrder::SetSecondPhone { code }).await.unwrap();
    let due = async || {
        let contacts = unlocked.contacts().await.unwrap();
        contacts.iter().map(|contact| (contact.kind, contact.is_due)).collect::<Vec<_>>()
    };
    assert_eq!(due().await, [(ContactKind::First, false), (ContactKind::Second, false)]);
    world.pass(&phone, 180 * 86_400 - 1);
    assert_eq!(due().await, [(ContactKind::First, false), (ContactKind::Second, false)]);
    world.pass(&phone, 1);
    assert_eq!(due().await, [(ContactKind::First, true), (ContactKind::Second, true)]);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    let confirm = PhoneCode::Confirm { contact: ContactKind::Second };
    unlocked.send_phone_code(confirm).await.unwrap();
    assert_eq!(unlocked.asked_phone_code().await.unwrap().unwrap().phone, None);
    carry_out(&world, &unlocked, ActOrder::ConfirmPhone { code: code_to(&world, NEW) }).await.unwrap();
    assert_eq!(due().await, [(ContactKind::First, true), (ContactKind::Second, false)]);
    // The first number is gone: the second one is enough on a new phone, and both are told.
    let (person, next) = (world.citizen().clone(), Phone::new(&world));
    let activation = next.app.start_activation(person.pid.as_str(), NEW).await.unwrap();
    activation.confirm_code(&code_to(&world, NEW)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_comes_too_late_ends_the_order_and_a_new_one_is_asked_for() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.send_phone_code(PhoneCode::Change { phone: NEW.to_owned() }).await.unwrap();
    let step = unlocked.order_act(ActOrder::ChangePhone { code: code_to(&world, NEW) }).await.unwrap();
    world.pass(&phone, 300);
    let step = missing(unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await.unwrap());
    let late = unlocked.answer_with_face(&step.id, world.citizen().large_portrait().to_vec()).await.unwrap_err();
    assert_eq!(late.code(), Code::CODE_EXPIRED);
    assert_eq!(unlocked.pending_act().await, Ok(None));
    unlocked.send_phone_code(PhoneCode::Change { phone: NEW.to_owned() }).await.unwrap();
    carry_out(&world, &unlocked, ActOrder::ChangePhone { code: code_to(&world, NEW) }).await.unwrap();
}
