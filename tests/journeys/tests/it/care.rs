//! Stores that were damaged or put back: found out, repaired, said so, and nothing the citizen made is lost.

use std::{fs, path::Path};

use eid_core::{Collection, Error, Unlocked, ports::Event};
use eid_model::Code;
use eid_proof::Purpose;

use crate::phone::{PASSCODE, Phone, World, request, show};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

async fn unlocked(phone: &Phone) -> Unlocked {
    phone.app.unlock(PASSCODE.to_vec()).await.unwrap()
}

/// What a counter needs to see that the phone works again.
async fn shows_again(world: &World, phone: &Phone, unlocked: &Unlocked) {
    unlocked.refill_credentials().await.unwrap();
    let proof = show(unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_store_put_back_is_found_out_at_unlocking_and_used_credentials_do_not_come_back() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let older = tempfile::tempdir().unwrap();
    phone.restart();
    copy(&phone.folder.path().join("app"), older.path());
    let open = unlocked(&phone).await;
    show(&open, request(Purpose::Id)).await.unwrap();
    open.lock();
    phone.restart();
    unlocked(&phone).await.lock();
    phone.restart();
    // The store alone: the record that the key hardware vouches for knows of a later one.
    for name in ["store", "store-wal", "store-shm"] {
        fs::remove_file(phone.file(name)).ok();
        fs::copy(older.path().join(name), phone.file(name)).ok();
    }
    let open = unlocked(&phone).await;
    let repairs = open.repairs().unwrap();
    assert!(repairs.iter().all(|repair| repair.code == Code::STORE_ROLLED_BACK), "{repairs:?}");
    let credentials = repairs.iter().find(|repair| repair.collection == Some(Collection::Credential)).unwrap();
    assert_eq!((credentials.kept, credentials.lost > 0), (0, true));
    let keys = phone.key.aliases().iter().filter(|alias| alias.starts_with("c-")).count();
    shows_again(&world, &phone, &open).await;
    assert!(phone.key.aliases().iter().filter(|alias| alias.starts_with("c-")).count() <= keys, "old keys are removed");
    open.lock();
    phone.restart();
    assert_eq!(unlocked(&phone).await.repairs(), Ok(vec![]), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_store_that_the_hardware_does_not_know_of_is_found_out_by_the_platform() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.restart();
    let open = unlocked(&phone).await;
    let older = tempfile::tempdir().unwrap();
    copy(&phone.folder.path().join("app"), older.path());
    // Shown and reported within one unlocking.
    for _ in 0..3 {
        show(&open, request(Purpose::Id)).await.unwrap();
    }
    open.refill_credentials().await.unwrap();
    open.lock();
    phone.restart();
    copy(older.path(), &phone.folder.path().join("app"));
    let open = unlocked(&phone).await;
    assert_eq!(open.repairs(), Ok(vec![]), "nobody on the phone can tell");
    open.refill_credentials().await.unwrap();
    let repairs = open.repairs().unwrap();
    assert!(!repairs.is_empty() && repairs.iter().all(|repair| repair.code == Code::STORE_ROLLED_BACK));
    assert!(phone.events.events().contains(&Event::StoreRepaired));
    let entries = open.history(None, 50).await.unwrap().items;
    assert!(entries.iter().any(|(_, entry)| entry.result == Some(Code::STORE_ROLLED_BACK)));
    shows_again(&world, &phone, &open).await;
    open.refill_credentials().await.unwrap();
    assert_eq!(open.repairs().unwrap().len(), repairs.len(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_rows_are_named_and_fetched_again() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.restart();
    let store = rusqlite::Connection::open(phone.file("store")).unwrap();
    assert!(
        store.execute("DELETE FROM record WHERE id IN (SELECT id FROM record WHERE id >> 48 = 3 LIMIT 2)", []).unwrap()
            == 2
    );
    drop(store);
    let open = unlocked(&phone).await;
    let repairs = open.repairs().unwrap();
    assert_eq!(
        repairs.iter().map(|repair| (repair.collection, repair.code)).collect::<Vec<_>>(),
        [(Some(Collection::Credential), Code::RECORDS_MISSING)]
    );
    shows_again(&world, &phone, &open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_that_sqlite_cannot_read_is_salvaged_at_unlocking() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.restart();
    rusqlite::Connection::open(phone.file("store")).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut bytes = fs::read(phone.file("store")).unwrap();
    // The table of tables, behind the header of the file.
    bytes[100..4096].fill(0x5a);
    fs::write(phone.file("store"), bytes).unwrap();
    let open = unlocked(&phone).await;
    assert_eq!(open.account().await.unwrap().pid, world.citizen().pid);
    assert!(phone.file("store-damaged").exists());
    shows_again(&world, &phone, &open).await;
    open.lock();
    phone.restart();
    assert_eq!(unlocked(&phone).await.repairs(), Ok(vec![]));
    // Missing altogether is said, and starting over removes what was set aside.
    phone.restart();
    fs::remove_file(phone.file("store")).unwrap();
    fs::remove_file(phone.file("store-damaged")).unwrap();
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err().code(), Code::STORE_MISSING);
    phone.app.reset().await.unwrap();
    assert_eq!(fs::read_dir(phone.folder.path().join("app")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_overtaken_by_another_on_the_same_phone_says_so() {
    let world = World::new();
    let phone = Phone::new(&world);
    let person = world.citizen().clone();
    let first = phone.proven(&world, &person).await;
    assert_eq!(first.complete(b"123456".to_vec()).await.unwrap_err().code(), Code::PASSCODE_WEAK);
    let second = phone.proven(&world, &person).await;
    assert_eq!(second.complete(b"123456".to_vec()).await.unwrap_err().code(), Code::PASSCODE_WEAK);
    assert_eq!(first.complete(PASSCODE.to_vec()).await.unwrap_err(), Error::ActivationReplaced);
    assert_eq!(first.confirm_code("000000").await.unwrap_err().code(), Code::ACTIVATION_REPLACED);
    let open = second.complete(PASSCODE.to_vec()).await.unwrap();
    shows_again(&world, &phone, &open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_fetch_that_broke_off_are_not_left_behind() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    for _ in 0..3 {
        show(&open, request(Purpose::Id)).await.unwrap();
    }
    for after in 0..40 {
        phone.key.misbehave_after(after, u64::MAX, eid_core::ports::SecureKeyError::Unavailable);
        let outcome = open.refill_credentials().await;
        phone.key.misbehave(None);
        match outcome {
            Err(Error::Key(_) | Error::Platform(_)) => {}
            Ok(_) => break,
            Err(other) => panic!("{other:?} after {after}"),
        }
    }
    shows_again(&world, &phone, &open).await;
    // Proofs that were shown are off the screen by now.
    world.pass(&phone, 3600);
    open.refill_credentials().await.unwrap();
    let credentials: usize = open.readiness().await.unwrap().iter().map(|ready| ready.unused).sum();
    let keys = phone.key.aliases().into_iter().filter(|alias| alias.starts_with("c-")).count();
    assert_eq!(keys, credentials);
}
