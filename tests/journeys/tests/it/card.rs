//! Activating with the identity card: over a socket, with the card lost on the way, and with cards that are not what they say.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use eid_core::{
    ActivationStep, CardAccess,
    ports::{ChipLimits, ChipLink, ChipLinkError, Event},
};
use eid_model::{AccountLevel, Code, Date, Kind};
use eid_proof::Purpose;
use eid_sandbox::{
    Fault,
    card::{CardField, CardSocket, play},
};

use crate::phone::{PASSCODE, Phone, World, code_sent, request, show};

#[tokio::test(flavor = "multi_thread")]
async fn citizen_activates_level_two_with_a_card_over_the_socket_though_it_is_lost_on_the_way() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    let reader = Arc::new(CardSocket::bind().unwrap());
    let address = reader.local_address().unwrap().to_string();
    phone.restart_with_reader(Some(reader));
    // Exchanges of the card's life: one is lost before the command arrives, the next after it, and so on.
    let mut card = world.card(&person, r#"{"tag_loss_at": [3, 8, 15, 22, 30]}"#);
    let playing = thread::Builder::new().spawn(move || play(&mut card, &address)).unwrap();
    let activation = phone.confirmed(&world, &person).await;
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    playing.join().unwrap().unwrap();
    assert!(phone.events.events().iter().filter(|event| **event == Event::CardProgress).count() > 10);
    assert_eq!(activation.card_progress(), None);
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.account().await.unwrap().level, AccountLevel::Two);
    unlocked.refill_credentials().await.unwrap();
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn card_that_is_not_genuine_is_refused_on_the_phone_with_its_reason_and_the_right_one_goes_on() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.confirmed(&world, &person).await;
    for (quirks, code) in [
        (r#"{"cloned": "other_keys"}"#, Code::CHIP_AUTHENTICATION_FAILED),
        (r#"{"cloned": "refuses_chip_authentication"}"#, Code::CHIP_AUTHENTICATION_FAILED),
        (r#"{"cloned": "hides_keys"}"#, Code::CHIP_FILE_REFUSED),
        (r#"{"replayed_aa": true}"#, Code::CHIP_ACTIVE_AUTHENTICATION_FAILED),
        (r#"{"wrong_csca": true}"#, Code::CHIP_CSCA_UNKNOWN),
        (r#"{"expired_dsc": true}"#, Code::CHIP_SIGNER_EXPIRED),
        (r#"{"wrong_hash": 1}"#, Code::CHIP_FILE_CHANGED),
        (r#"{"wrong_hash": 2}"#, Code::CHIP_FILE_CHANGED),
        (r#"{"wrong_hash": 13}"#, Code::CHIP_FILE_CHANGED),
        (r#"{"wrong_hash": 14}"#, Code::CHIP_FILE_CHANGED),
    ] {
        phone.field.lay(world.card(&person, quirks));
        let refused = activation.read_card(CardAccess::PersonalNumber).await.unwrap_err();
        assert_eq!(refused.code(), code, "{quirks}: {refused:?}");
    }
    assert!(phone.field.sessions().iter().all(|success| !success), "the phone says that it went wrong");
    phone.field.lay(world.card(&person, "{}"));
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    assert_eq!(phone.field.sessions().last(), Some(&true));
    // Done is done: nobody has to hold the card again.
    phone.field.take();
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_access_data_another_persons_card_and_an_expired_one_are_told_apart() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let other = world.sandbox.people().iter().find(|other| other.pid != person.pid).unwrap().clone();
    let activation = phone.confirmed(&world, &person).await;
    let code = async |access| activation.read_card(access).await.unwrap_err().code();
    let can = |digits: &str| CardAccess::Can(digits.to_owned());
    let lines = |birth: &str| CardAccess::Mrz {
        number: person.pid.as_str().chars().skip(3).collect(),
        birth: birth.to_owned(),
        expiry: "991231".to_owned(),
    };
    phone.field.lay(world.card(&person, "{}"));
    assert_eq!(code(can("987654")).await, Code::CHIP_WRONG_CAN);
    assert_eq!(code(can("98765")).await, Code::CHIP_ACCESS_DATA_INVALID);
    assert_eq!(code(lines("700101")).await, Code::CHIP_WRONG_MRZ);
    assert_eq!(code(lines("70010")).await, Code::CHIP_ACCESS_DATA_INVALID);
    phone.field.lay(world.card(&other, "{}"));
    assert_eq!(code(can(other.pid.last_six())).await, Code::CARD_NOT_HOLDERS);
    phone.field.take();
    let absent = activation.read_card(CardAccess::PersonalNumber).await.unwrap_err();
    assert_eq!((absent.code(), absent.kind()), (Code::CHIP_NOT_FOUND, Kind::Device));
    let mut expired = world.sandbox.card_file(&person.pid).unwrap();
    expired.holder.expires = Date::new(2026, 11, 21).ok();
    phone.field.lay(world.make(&expired));
    let refused = activation.read_card(CardAccess::PersonalNumber).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), (Code::CARD_EXPIRED, Kind::Expired));
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_without_a_reader_says_so_at_once() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.restart_with_reader(None);
    let activation = phone.confirmed(&world, &world.citizen().clone()).await;
    let refused = activation.read_card(CardAccess::PersonalNumber).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), (Code::CHIP_READER_MISSING, Kind::Device));
}

#[tokio::test(flavor = "multi_thread")]
async fn card_that_was_read_is_sent_later_without_another_reading() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let activation = phone.confirmed(&world, &person).await;
    phone.field.lay(world.card(&person, "{}"));
    world.sandbox.set_fault_on("/v1/activation", Fault::Down);
    let refused = activation.read_card(CardAccess::PersonalNumber).await.unwrap_err();
    assert_eq!(refused.code(), Code::PLATFORM_BUSY);
    phone.field.take();
    // With other access data it would be another card.
    assert_eq!(
        activation.read_card(CardAccess::Can("000000".to_owned())).await.unwrap_err().code(),
        Code::CHIP_NOT_FOUND
    );
    phone.field.lay(world.card(&person, "{}"));
    assert_eq!(activation.read_card(CardAccess::PersonalNumber).await.unwrap_err().code(), Code::PLATFORM_BUSY);
    world.sandbox.set_fault(Fault::Off);
    phone.field.take();
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    assert_eq!(phone.field.sessions(), [true, false, true]);
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
}

/// A reader that falls silent after so many commands.
struct Silent {
    field: Arc<CardField>,
    commands: AtomicU32,
}

#[async_trait]
impl ChipLink for Silent {
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        self.field.connect(wait_ms).await
    }

    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        if self.commands.fetch_sub(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        self.field.transceive(command, timeout_ms).await
    }

    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError> {
        self.field.end_session(success).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_that_is_let_go_ends_and_so_does_the_readers_session() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let person = world.citizen().clone();
    phone.field.lay(world.card(&person, "{}"));
    let silent = Silent { field: Arc::clone(&phone.field), commands: AtomicU32::new(7) };
    phone.restart_with_reader(Some(Arc::new(silent)));
    let activation = phone.confirmed(&world, &person).await;
    let reading = activation.read_card(CardAccess::PersonalNumber);
    assert!(tokio::time::timeout(Duration::from_secs(2), reading).await.is_err());
    for _ in 0..100 {
        if !phone.field.sessions().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(phone.field.sessions(), [false]);
    assert_eq!(activation.card_progress(), None);
    // The next one is not in anybody's way.
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn citizen_whose_card_cannot_be_read_activates_with_a_voucher_and_a_face_that_is_hers() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.restart_with_reader(None);
    let person = world.citizen().clone();
    let other = world.sandbox.people().iter().find(|other| other.portrait != person.portrait).unwrap().clone();
    let activation = phone.confirmed(&world, &person).await;
    let refused = activation.use_voucher("0000-0000-0000").await.unwrap_err();
    assert_eq!(refused.code(), Code::VOUCHER_WRONG);
    assert_eq!(activation.state().unwrap().tries_left, Some(4));
    assert_eq!(activation.use_voucher("0000").await.unwrap_err().code(), Code::VOUCHER_WRONG, "asks nobody");
    assert_eq!(activation.state().unwrap().tries_left, Some(4));
    let voucher = world.sandbox.print_voucher(&person.pid).unwrap();
    activation.use_voucher(&voucher.to_lowercase()).await.unwrap();

    assert_eq!(activation.submit_face(b"GIF89a".to_vec()).await.unwrap_err().code(), Code::FACE_UNUSABLE);
    let refused = activation.submit_face(other.large_portrait().to_vec()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FACE_NOT_MATCHED);
    assert_eq!(activation.state().unwrap().tries_left, Some(2));
    // The birth date is on no card that was read: none of that year will do.
    let born = person.birth_date.claim169_form().split_off(2).into_bytes();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert_eq!(activation.complete(born).await.unwrap_err().code(), Code::PASSCODE_WEAK);
    let unlocked = activation.complete(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.account().await.unwrap().pid, person.pid);
    let code = activation.lock_code().unwrap();
    assert!(code.groups().iter().all(|group| group.len() == 6));
    assert!(!format!("{code:?}").contains(&code.groups()[0]));
    assert!(activation.lock_code().is_none(), "given once");
}

#[tokio::test(flavor = "multi_thread")]
async fn faces_of_somebody_else_end_the_activation_and_it_begins_anew() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let other = world.sandbox.people().iter().find(|other| other.portrait != person.portrait).unwrap().clone();
    let activation = phone.confirmed(&world, &person).await;
    phone.field.lay(world.card(&person, "{}"));
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    for code in [Code::FACE_NOT_MATCHED, Code::FACE_NOT_MATCHED, Code::FACE_TRIES_SPENT] {
        let refused = activation.submit_face(other.large_portrait().to_vec()).await.unwrap_err();
        assert_eq!(refused.code(), code);
    }
    let state = activation.state().unwrap();
    assert_eq!((state.step, state.pid), (ActivationStep::Start, person.pid));
    activation.send_code().await.unwrap();
    activation.confirm_code(&code_sent(&world, &person)).await.unwrap();
    activation.read_card(CardAccess::PersonalNumber).await.unwrap();
    activation.submit_face(person.large_portrait().to_vec()).await.unwrap();
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
}
