//! Storage that is in the way, foreign or damaged: typed errors, nothing touched, the next try works.

use std::fs;

use eid_model::{Code, Kind};
use eid_proof::Purpose;

use crate::phone::{PASSCODE, Phone, World, request, show};

#[tokio::test(flavor = "multi_thread")]
async fn folder_that_cannot_be_made_is_named_and_the_next_try_goes_on() {
    let world = World::new();
    let phone = Phone::new(&world);
    let in_the_way = phone.folder.path().join("app");
    fs::write(&in_the_way, b"a file where the folder should be").unwrap();
    let refused = phone.start(world.citizen()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Storage, "{refused:?}");
    fs::remove_file(&in_the_way).unwrap();
    let activation = phone.proven(&world, &world.citizen().clone()).await;
    assert!(activation.complete(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_files_are_refused_and_left_as_they_are() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let file = |name: &str| phone.folder.path().join("app").join(name);
    for (name, code) in
        [("envelope", Code::ENVELOPE_FOREIGN), ("store", Code::STORE_FOREIGN), ("install", Code::ENVELOPE_FOREIGN)]
    {
        let kept = fs::read(file(name)).unwrap();
        let foreign = b"somebody's holiday pictures".to_vec();
        fs::write(file(name), &foreign).unwrap();
        let refused = phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err();
        assert_eq!((refused.code(), refused.kind()), (code, Kind::Storage), "{name}");
        assert_eq!(fs::read(file(name)).unwrap(), foreign, "{name} was touched");
        fs::write(file(name), kept).unwrap();
    }
    // None of them cost a try: the first wrong passcode is the first.
    let wrong = phone.app.unlock(b"314159".to_vec()).await.unwrap_err();
    assert_eq!(wrong, eid_core::Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 });
    phone.restart();
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_whose_files_are_lost_starts_over_and_is_activated_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    fs::write(phone.folder.path().join("app/envelope"), b"damaged").unwrap();
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err().code(), Code::ENVELOPE_FOREIGN);
    assert_eq!(phone.start(world.citizen()).await.unwrap_err().code(), Code::ALREADY_ACTIVATED);
    phone.app.reset().await.unwrap();
    assert!(!phone.app.is_activated().await.unwrap());
    let unlocked = phone.ready(&world).await;
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_files_open_nothing_on_another_phone() {
    let world = World::new();
    let (victim, thief) = (Phone::new(&world), Phone::new(&world));
    victim.ready(&world).await.lock();
    fs::create_dir_all(thief.folder.path().join("app")).unwrap();
    for entry in fs::read_dir(victim.folder.path().join("app")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), thief.folder.path().join("app").join(entry.file_name())).unwrap();
    }
    let refused = thief.app.unlock(PASSCODE.to_vec()).await.unwrap_err();
    assert_eq!(refused.code(), Code::KEY_INVALIDATED, "the hardware key stayed behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_on_disk_hold_no_personal_data_in_plain() {
    let world = World::new();
    let phone = Phone::new(&world);
    let unlocked = phone.ready(&world).await;
    show(&unlocked, request(Purpose::Id)).await.unwrap();
    let person = world.citizen();
    let account = unlocked.account().await.unwrap();
    let planted =
        [person.pid.as_str(), person.name.as_str(), person.phone.as_str(), &account.account_id, "full_name", "271828"];
    let mut files = 0;
    for entry in fs::read_dir(phone.folder.path().join("app")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for text in planted {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
        }
    }
    assert!(files >= 4, "install, store, attempts, envelope");
}
