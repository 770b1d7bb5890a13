//! Two taps at once on each call, and two phones at once for one account: what is done is done once, and nobody is stuck.

use std::future::Future;

use eid_core::{ActivationStep, CardAccess, ConsentAsk, Error, PasscodeOutcome, Unlocked};
use eid_model::{AuthLevel, Code, Language, RequestKind};

use crate::phone::{PASSCODE, Phone, World, code_sent};

const NEW: &[u8] = b"161803";

/// Both outcomes of a call that is tapped twice.
async fn twice<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> [Result<T, Error>; 2] {
    let (one, other) = tokio::join!(call(), call());
    [one, other]
}

fn codes<T>(outcomes: &[Result<T, Error>; 2]) -> Vec<u16> {
    let mut codes: Vec<u16> =
        outcomes.iter().map(|outcome| outcome.as_ref().map_or_else(|error| error.code().number(), |_| 0)).collect();
    codes.sort_unstable();
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_an_activation_tapped_twice_is_taken_once() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let started = twice(|| phone.start(&person)).await;
    // The second start replaces the first; whichever that was, the screen goes on with what is there.
    assert!(started.iter().any(Result::is_ok), "{started:?}");
    let activation = phone.app.resume_activation().await.unwrap().unwrap();
    if activation.state().unwrap().step == ActivationStep::Start {
        activation.send_code().await.unwrap();
    }
    let code = code_sent(&world, &person);
    assert_eq!(codes(&twice(|| activation.confirm_code(&code)).await), [0, 0]);
    phone.field.lay(world.card(&person, "{}"));
    assert_eq!(codes(&twice(|| activation.read_card(CardAccess::PersonalNumber)).await), [0, 0]);
    assert_eq!(phone.field.sessions(), [true], "one reading");
    let face = || activation.submit_face(person.large_portrait().to_vec());
    assert_eq!(codes(&twice(face).await), [0, 0]);
    let completed = twice(|| activation.complete(PASSCODE.to_vec())).await;
    assert_eq!(codes(&completed), [0, Code::ALREADY_ACTIVATED.number()]);
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.devices().await.unwrap().len(), 1);
}

/// What the platform holds of the account: consents and requests.
async fn counts(unlocked: &Unlocked) -> (usize, usize) {
    (unlocked.consents().await.unwrap().len(), unlocked.data_requests().await.unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_of_a_signed_in_citizen_tapped_twice_is_done_once() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    let signed_in = twice(|| unlocked.sign_in(PASSCODE.to_vec())).await;
    assert!(signed_in.iter().all(|view| view.is_ok_and(|view| view.auth_level == AuthLevel::L2)), "{signed_in:?}");
    assert_eq!(codes(&twice(|| unlocked.devices()).await), [0, 0]);
    assert_eq!(codes(&twice(|| unlocked.refill_credentials()).await), [0, 0]);

    let ask = ConsentAsk {
        purpose: "sim-registration".to_owned(),
        recipient_id: "rp/telecom-1".to_owned(),
        recipient_name: "Viễn thông Mẫu".to_owned(),
        fields: vec!["pid".to_owned()],
        days: None,
        language: Language::Vi,
    };
    let offer = unlocked.offer_consent(&ask).unwrap();
    let given = unlocked.give_consent(&offer, &["pid".to_owned()], false).await.unwrap();
    assert_eq!(codes(&twice(|| unlocked.renew_consents()).await), [0, 0]);
    let withdrawn = twice(|| unlocked.withdraw_consent(&given.id)).await;
    assert_eq!(withdrawn[0].as_ref().unwrap().withdrawn_at, withdrawn[1].as_ref().unwrap().withdrawn_at);
    let draft = unlocked.draft_data_request(None, RequestKind::Access, "").await.unwrap();
    let sent = twice(|| unlocked.send_data_request(&draft.id)).await;
    assert_eq!(sent[0].as_ref().unwrap().received_at, sent[1].as_ref().unwrap().received_at);
    assert_eq!(counts(&unlocked).await, (1, 1));
    assert_eq!(world.sandbox.consents(world.citizen().pid.as_str()).unwrap().len(), 1);

    let changed = twice(|| unlocked.change_passcode(PASSCODE.to_vec(), NEW.to_vec())).await;
    assert_eq!(codes(&changed), [0, Code::PASSCODE_WRONG.number()], "the second one names the old one");
    assert!(changed.contains(&Ok(PasscodeOutcome::Changed)));
    assert_eq!(codes(&twice(|| unlocked.sign_out()).await), [0, 0]);
    unlocked.sign_in(NEW.to_vec()).await.unwrap();
    let unlinked = twice(|| unlocked.unlink(NEW.to_vec())).await;
    assert!(unlinked.iter().any(Result::is_ok), "{unlinked:?}");
    assert_eq!(phone.app.is_activated().await, Ok(false));
    assert!(phone.start(world.citizen()).await.is_ok(), "and it can begin anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_that_activate_at_once_leave_exactly_one_active() {
    let world = World::new();
    let person = world.citizen().clone();
    let phones = [Phone::new(&world), Phone::new(&world)];
    let (one, other) = (phones[0].proven(&world, &person).await, phones[1].proven(&world, &person).await);
    let (a, b) = tokio::join!(one.complete(PASSCODE.to_vec()), other.complete(PASSCODE.to_vec()));
    // Each has its account, as far as it knows; the platform knows better, and says so at the next contact.
    let unlocked = [a.unwrap(), b.unwrap()];
    let mut told = Vec::new();
    for unlocked in &unlocked {
        told.push(unlocked.sign_in(PASSCODE.to_vec()).await.map(|view| view.auth_level).map_err(|error| error.code()));
    }
    told.sort_by_key(Result::is_err);
    assert_eq!(told, [Ok(AuthLevel::L2), Err(Code::ACCOUNT_MOVED)]);
}
