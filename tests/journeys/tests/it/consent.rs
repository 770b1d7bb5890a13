//! Giving and withdrawing consent: exactly what was shown, on the phone at once, at the platform at the next contact.

use eid_core::{Act, Consent, ConsentAsk, ConsentOffer, ConsentState, Error, Unlocked};
use eid_model::{Code, ConsentField, ConsentTextTable, Language};
use eid_platform::{CONSENT_TYPE, ConsentStatement, jws};
use eid_sandbox::Fault;

use crate::phone::{PASSCODE, Phone, World};

fn ask(fields: &[&str]) -> ConsentAsk {
    ConsentAsk {
        purpose: "sim-registration".to_owned(),
        recipient_id: "rp/telecom-1".to_owned(),
        recipient_name: "Viễn thông Mẫu".to_owned(),
        fields: names(fields),
        days: None,
        language: Language::Vi,
    }
}

fn names(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

fn shown(offer: &ConsentOffer) -> Vec<String> {
    offer.fields().iter().map(|field| field.name().to_owned()).collect()
}

async fn give(open: &Unlocked) -> Consent {
    let offer = open.offer_consent(&ask(&["pid", "full_name", "face"])).unwrap();
    open.give_consent(&offer, &shown(&offer), true).await.unwrap()
}

async fn only(open: &Unlocked) -> Consent {
    let mut consents = open.consents().await.unwrap();
    assert_eq!(consents.len(), 1);
    consents.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_agreed_to_but_exactly_what_was_shown() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    for (wrong, error) in [
        (ConsentAsk { purpose: "x".to_owned(), ..ask(&["pid"]) }, Error::ConsentPurposeUnknown),
        (ask(&[]), Error::ConsentNotAsShown),
        (ask(&["pid", "pid"]), Error::ConsentNotAsShown),
        (ask(&["bank_account"]), Error::ConsentNotAsShown),
        (ConsentAsk { days: Some(0), ..ask(&["pid"]) }, Error::TermInvalid),
    ] {
        assert_eq!(open.offer_consent(&wrong).unwrap_err(), error);
    }
    let nameless = ConsentAsk { recipient_name: " ".to_owned(), ..ask(&["pid"]) };
    assert_eq!(open.offer_consent(&nameless).unwrap_err().code(), Code::RECIPIENT_INVALID);

    let offer = open.offer_consent(&ask(&["pid", "full_name", "face"])).unwrap();
    assert_eq!((offer.text_version(), offer.days()), (2, 365));
    assert!(offer.sensitive_text().is_some_and(|text| text.contains("nhạy cảm")));
    for agreed in [&[] as &[&str], &["pid"], &["pid", "full_name", "face", "phone"], &["pid", "full_name", "phone"]] {
        let given = open.give_consent(&offer, &names(agreed), true).await;
        assert_eq!(given.unwrap_err(), Error::ConsentNotAsShown, "{agreed:?}");
    }
    let untold = open.give_consent(&offer, &shown(&offer), false).await;
    assert_eq!(untold.unwrap_err(), Error::ConsentSensitiveUnconfirmed);
    assert_eq!(open.consents().await, Ok(vec![]), "an offer, and a refusal, agree to nothing");

    // Without sensitive data nobody has to be told.
    let plain = open.offer_consent(&ConsentAsk { days: Some(7), ..ask(&["pid"]) }).unwrap();
    assert_eq!((plain.sensitive_text(), plain.days()), (None, 7));
    open.give_consent(&plain, &shown(&plain), false).await.unwrap();
    assert_eq!(only(&open).await.state, ConsentState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_kept_offline_sent_once_and_withdrawn_at_once() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    world.sandbox.set_fault(Fault::Down);
    let given = give(&open).await;
    assert_eq!((given.state, given.is_sent), (ConsentState::Active, false));
    open.renew_consents().await.unwrap_err();
    drop(open);
    phone.app.lock();
    phone.restart();
    let open = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(only(&open).await, given, "it is kept");
    world.sandbox.set_fault(Fault::Off);
    open.refill_credentials().await.unwrap();
    assert!(only(&open).await.is_sent);
    assert_eq!(open.renew_consents().await, Err(Error::SignInNeeded), "the device key alone reads nothing");
    open.sign_in(PASSCODE.to_vec()).await.unwrap();
    open.renew_consents().await.unwrap();
    assert_eq!(only(&open).await.id, given.id, "what the platform has is not taken twice");

    world.sandbox.set_fault(Fault::Down);
    let withdrawn = open.withdraw_consent(&given.id).await.unwrap();
    assert_eq!((withdrawn.state, withdrawn.is_sent), (ConsentState::Withdrawn, false), "without the platform");
    world.pass(&phone, 60);
    assert_eq!(open.withdraw_consent(&given.id).await.unwrap().withdrawn_at, withdrawn.withdrawn_at);
    world.sandbox.set_fault(Fault::Off);
    open.renew_consents().await.unwrap();
    assert!(only(&open).await.is_sent);
    assert_eq!(open.withdraw_consent("none").await.unwrap_err(), Error::ConsentUnknown);

    let history = open.history(None, 50).await.unwrap().items;
    let told: Vec<_> = history.iter().filter(|(_, entry)| entry.purpose == "sim-registration").collect();
    assert_eq!(told.iter().map(|(_, entry)| entry.act).collect::<Vec<_>>(), [Act::Withdrawn, Act::Consented]);
    assert_eq!(told[0].1.counterpart, "Viễn thông Mẫu");
    assert_eq!(told[0].1.fields, names(&["pid", "full_name", "face"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_given_on_an_earlier_phone_is_there_on_the_new_one_and_can_be_withdrawn() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let (first, second) = (give(&open).await, give(&open).await);
    open.withdraw_consent(&second.id).await.unwrap();
    assert_eq!(open.renew_consents().await, Err(Error::SignInNeeded), "after all was sent");
    assert!(open.consents().await.unwrap().iter().all(|consent| consent.is_sent));
    drop(open);
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    assert_eq!(open.consents().await, Ok(vec![]));
    open.sign_in(PASSCODE.to_vec()).await.unwrap();
    open.renew_consents().await.unwrap();
    let there = open.consents().await.unwrap();
    let there: Vec<_> =
        there.iter().map(|consent| (consent.id.as_str(), consent.state, consent.text_version)).collect();
    assert_eq!(there, [(first.id.as_str(), ConsentState::Active, 2), (second.id.as_str(), ConsentState::Withdrawn, 2)]);
    open.withdraw_consent(&first.id).await.unwrap();
    open.renew_consents().await.unwrap();
    let states: Vec<_> = open.consents().await.unwrap().iter().map(|c| (c.state, c.is_sent)).collect();
    assert_eq!(states, [(ConsentState::Withdrawn, true); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_ends_with_its_term_and_keeps_the_text_that_was_shown() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let given = give(&open).await;
    world.pass(&phone, 365 * 86_400 - 1);
    assert_eq!(only(&open).await.state, ConsentState::Active);
    world.pass(&phone, 1);
    assert_eq!(only(&open).await.state, ConsentState::Expired);
    let text = ConsentTextTable::embedded().find(&given.purpose, given.text_version).unwrap();
    assert!(given.fields.iter().filter(|field| field.is_sensitive()).map(ConsentField::name).eq(["face"]));
    assert!(text.text().text(given.language).contains("thuê bao"));
}

#[tokio::test(flavor = "multi_thread")]
async fn offer_whose_text_was_replaced_meanwhile_agrees_to_nothing() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let today = phone.now().seconds();
    // 31 December 2025: the version before.
    phone.clock.set_wall(1_767_150_000);
    let offer = open.offer_consent(&ask(&["pid"])).unwrap();
    assert_eq!(offer.text_version(), 1);
    phone.clock.set_wall(today);
    assert_eq!(open.give_consent(&offer, &shown(&offer), true).await.unwrap_err(), Error::ConsentTextChanged);
    assert_eq!(open.consents().await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_digest_of_a_consent_is_that_of_the_words_shown() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    let offer = open.offer_consent(&ask(&["pid", "face"])).unwrap();
    open.give_consent(&offer, &shown(&offer), true).await.unwrap();
    open.refill_credentials().await.unwrap();
    let tokens = world.sandbox.consents(world.citizen().pid.as_str()).unwrap();
    let parsed = jws::parse(&tokens[0]).unwrap();
    let statement: ConsentStatement = parsed.verify(CONSENT_TYPE, parsed.jwk().unwrap()).unwrap();
    assert_eq!(statement.text_sha256, ConsentStatement::digest(offer.text(), offer.sensitive_text()));
    assert_eq!((statement.recipient.id(), statement.text_version), ("rp/telecom-1", 2));
    assert_eq!(statement.exp.seconds() - statement.iat.seconds(), 365 * 86_400);
}
