//! Passcode tries: the tenth ends them, and neither copies nor losses nor failing hardware give another.

use std::{fs, os::unix::fs::symlink, sync::Arc, time::Duration};

use eid_core::{
    Error, KdfChoice,
    ports::{
        SecureKeyError,
        fake::{Misbehaving, Mishap, SoftwareKey},
    },
};
use eid_crypto::kdf::KdfCost;
use eid_model::Code;
use eid_proof::Purpose;
use eid_vault::Folder;

use crate::phone::{PASSCODE, Phone, World, request, show};

const WRONG: &[u8] = b"314159";
const DAY: u32 = 86_400;

async fn refused(phone: &Phone, passcode: &[u8]) -> Error {
    phone.app.unlock(passcode.to_vec()).await.unwrap_err()
}

/// Wrong tries, with their waits; the last wait is over as well.
async fn wrong_tries(world: &World, phone: &Phone, count: u8) {
    for tries in 1..=count {
        assert!(
            matches!(refused(phone, WRONG).await, Error::PasscodeWrong { wrong_tries, .. } if wrong_tries == tries)
        );
        world.pass(phone, DAY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenth_wrong_passcode_destroys_its_keys_and_starting_over_remains() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    wrong_tries(&world, &phone, 9).await;
    let kept = phone.small_files();
    assert_eq!(refused(&phone, WRONG).await, Error::PasscodeDestroyed);
    assert!(!phone.key.aliases().iter().any(|alias| ["vault-a", "vault-b"].contains(&alias.as_str())));
    for files in [phone.small_files(), kept] {
        phone.put_small_files(&files);
        phone.restart();
        world.pass(&phone, 40 * DAY);
        let code = refused(&phone, PASSCODE).await.code();
        assert!([Code::PASSCODE_DESTROYED, Code::KEY_INVALIDATED].contains(&code), "{code:?}");
    }
    phone.app.reset().await.unwrap();
    assert!(!phone.key.aliases().iter().any(|alias| !alias.starts_with("c-")), "{:?}", phone.key.aliases());
    let unlocked = phone.ready(&world).await;
    let proof = show(&unlocked, request(Purpose::Id)).await.unwrap();
    assert_eq!(world.verdict(&proof, &phone), Code::Q00_VALID);
}

#[tokio::test(flavor = "multi_thread")]
async fn right_passcode_at_the_tenth_try_opens_and_goes_on_opening() {
    let world = World::new();
    let mut phone = Phone::with_enclave(&world);
    phone.ready(&world).await.lock();
    wrong_tries(&world, &phone, 9).await;
    let envelope = fs::read(phone.file("envelope")).unwrap();
    phone.app.unlock(PASSCODE.to_vec()).await.unwrap().lock();
    assert_ne!(fs::read(phone.file("envelope")).unwrap(), envelope, "sealed anew, under a new key");
    phone.restart();
    assert_eq!(refused(&phone, WRONG).await, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 });
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn older_copy_or_loss_of_the_files_gives_no_further_try() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let before = phone.small_files();
    assert_eq!(refused(&phone, WRONG).await, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 });
    let after = phone.small_files();
    let lost = Error::TriesLost { wait_s: DAY.into() };
    let without = |name: &str| {
        let mut files = after.clone();
        files.remove(name);
        files
    };
    let mut foreign = after.clone();
    foreign.insert("guard", b"somebody's holiday pictures".to_vec());
    let mut damaged = after.clone();
    damaged.get_mut("guard").unwrap()[7] ^= 1;
    for files in [before, without("guard"), foreign, damaged] {
        phone.put_small_files(&files);
        assert_eq!(refused(&phone, PASSCODE).await, lost);
        assert_eq!(refused(&phone, PASSCODE).await, lost, "stored");
    }
    // What was true before the loss is gone with it: the old key does not come back.
    phone.put_small_files(&after);
    assert_eq!(refused(&phone, PASSCODE).await, lost);
    phone.clock.set_wall(i64::MAX / 2);
    phone.clock.pass(DAY - 1);
    assert_eq!(refused(&phone, PASSCODE).await, Error::TriesLost { wait_s: 1 });
    phone.clock.pass(1);
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok(), "the one try that is left");
    assert_eq!(refused(&phone, WRONG).await, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn hardware_that_fails_at_any_operation_costs_no_try_and_harms_nothing() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let mut points = 0;
    for error in [SecureKeyError::Unavailable, SecureKeyError::UserCancelled, SecureKeyError::Malformed] {
        for times in [1, u64::MAX] {
            for passcode in [PASSCODE, WRONG] {
                for after in 0.. {
                    phone.key.misbehave_after(after, times, error);
                    let before = phone.key.operations();
                    let outcome = phone.app.unlock(passcode.to_vec()).await;
                    let asked = phone.key.operations() - before;
                    phone.key.misbehave(None);
                    phone.restart();
                    let counted = match outcome {
                        Err(Error::Key(found)) => {
                            assert_eq!(found, error);
                            0
                        }
                        Err(Error::PasscodeWrong { wrong_tries, .. }) => {
                            assert_eq!((passcode, wrong_tries), (WRONG, 1));
                            1
                        }
                        // The citizen is let in, though the try could not be taken back.
                        Ok(_) if asked > after => 1,
                        Ok(_) => 0,
                        Err(other) => panic!("{other:?} after {after}"),
                    };
                    let next = refused(&phone, WRONG).await;
                    assert!(
                        matches!(next, Error::PasscodeWrong { wrong_tries, .. } if wrong_tries <= counted + 1),
                        "{error:?} after {after}: {next:?}"
                    );
                    phone.app.unlock(PASSCODE.to_vec()).await.unwrap().lock();
                    points += 1;
                    if asked <= after {
                        break;
                    }
                }
            }
        }
    }
    assert!(points > 80, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn hardware_that_fails_at_any_operation_of_activation_leaves_it_repeatable() {
    for after in 0.. {
        // One of its own: the platform takes few activations of one person.
        let world = World::new();
        let phone = Phone::new(&world);
        let activation = phone.proven(&world, &world.citizen().clone()).await;
        phone.key.misbehave_after(after, 1, SecureKeyError::Unavailable);
        let outcome = activation.complete(PASSCODE.to_vec()).await;
        phone.key.misbehave(None);
        if outcome.is_ok() {
            assert!(after > 6, "{after}");
            break;
        }
        assert!(!phone.app.is_activated().await.unwrap());
        activation.complete(PASSCODE.to_vec()).await.unwrap().lock();
        assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok(), "failed after {after}");
    }
}

/// The next write of this file finds the disk full.
fn fill_disk_for(phone: &Phone, name: &str) {
    symlink("/dev/full", phone.file(&format!("{name}.new"))).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_at_any_of_the_small_files_is_named_and_loses_nothing() {
    let world = World::new();
    for name in ["activation", "guard", "envelope"] {
        let phone = Phone::new(&world);
        let activation = phone.proven(&world, &world.citizen().clone()).await;
        fill_disk_for(&phone, name);
        assert_eq!(activation.complete(PASSCODE.to_vec()).await.unwrap_err().code(), Code::STORE_FULL, "{name}");
        assert!(!phone.app.is_activated().await.unwrap());
        activation.complete(PASSCODE.to_vec()).await.unwrap().lock();

        fill_disk_for(&phone, "guard");
        assert_eq!(refused(&phone, WRONG).await.code(), Code::STORE_FULL);
        assert_eq!(refused(&phone, WRONG).await, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 }, "not counted");
        fill_disk_for(&phone, "envelope-biometric");
        assert_eq!(phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap_err().code(), Code::STORE_FULL);
        assert!(!phone.app.has_biometrics().await.unwrap());
        phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
        assert!(phone.app.unlock_with_biometrics().await.is_ok());
        assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_exchanged_between_two_installations_open_nothing() {
    let world = World::new();
    let (mine, other) = (Phone::new(&world), Phone::new(&world));
    for phone in [&mine, &other] {
        phone.ready(&world).await.lock();
        phone.app.enable_biometrics(PASSCODE.to_vec()).await.unwrap();
    }
    let (own, foreign) = (mine.small_files(), other.small_files());
    let exchange = |names: &[&'static str]| {
        let mut files = own.clone();
        // What the guard says moves on with each try.
        files.insert("guard", fs::read(mine.file("guard")).unwrap());
        files.extend(names.iter().map(|name| (*name, foreign[name].clone())));
        mine.put_small_files(&files);
    };
    for (names, by_passcode, by_finger) in [
        (&["envelope"][..], Code::ENVELOPE_FOREIGN, None),
        (&["install"], Code::ENVELOPE_FOREIGN, Some(Code::ENVELOPE_FOREIGN)),
        (&["envelope-biometric"], Code::Q00_VALID, Some(Code::ENVELOPE_FOREIGN)),
    ] {
        exchange(names);
        let code = mine.app.unlock(PASSCODE.to_vec()).await.err().map_or(Code::Q00_VALID, |error| error.code());
        assert_eq!(code, by_passcode, "{names:?}");
        exchange(names);
        let refused = mine.app.unlock_with_biometrics().await.err().map(|error| error.code());
        assert!(refused == by_finger || by_passcode == Code::Q00_VALID, "{names:?}: {refused:?}");
        assert_eq!(mine.key.key_count(), other.key.key_count());
    }
    exchange(&["guard"]);
    assert_eq!(refused(&mine, PASSCODE).await.code(), Code::TRIES_LOST);
    mine.clock.pass(DAY);
    exchange(&["install", "guard", "envelope", "envelope-biometric"]);
    assert_eq!(refused(&mine, PASSCODE).await.code(), Code::TRIES_LOST);
    mine.clock.pass(DAY);
    assert_eq!(refused(&mine, PASSCODE).await, Error::PasscodeDestroyed, "the right passcode, of other hardware");
}

#[tokio::test(flavor = "multi_thread")]
async fn envelope_from_a_backup_of_an_earlier_installation_is_refused() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let backup = phone.small_files();
    phone.app.reset().await.unwrap();
    phone.ready(&world).await.lock();
    let today = phone.small_files();
    fs::write(phone.file("envelope"), &backup["envelope"]).unwrap();
    assert_eq!(refused(&phone, PASSCODE).await.code(), Code::ENVELOPE_FOREIGN);
    phone.put_small_files(&today);
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
    phone.put_small_files(&backup);
    assert_eq!(refused(&phone, PASSCODE).await.code(), Code::TRIES_LOST);
}

#[tokio::test(flavor = "multi_thread")]
async fn hardware_key_that_is_gone_is_named_and_costs_no_try() {
    use eid_core::ports::SecureKey as _;
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    phone.key.remove("vault-a").await.unwrap();
    for _ in 0..12 {
        assert_eq!(refused(&phone, PASSCODE).await.code(), Code::KEY_INVALIDATED);
    }
    // Without the guard's keys as well, waiting would help nobody.
    phone.key.remove("guard-a").await.unwrap();
    phone.key.remove("guard-b").await.unwrap();
    assert_eq!(refused(&phone, PASSCODE).await.code(), Code::KEY_INVALIDATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_of_a_wrong_length_is_malformed_and_no_loss() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let guard = fs::read(phone.file("guard")).unwrap();
    let odd = phone.app_with(Arc::new(Misbehaving::new(SoftwareKey::default(), Mishap::WrongLength)));
    assert_eq!(odd.unlock(PASSCODE.to_vec()).await.unwrap_err(), Error::Key(SecureKeyError::Malformed));
    assert_eq!(fs::read(phone.file("guard")).unwrap(), guard);
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_that_is_to_be_measured_by_a_clock_that_stands_is_the_one_for_a_phone() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.choose_cost(KdfChoice::Target(Duration::from_millis(1)));
    phone.ready(&world).await.lock();
    let envelopes = Folder::new(phone.folder.path().join("app")).load_envelopes().unwrap().unwrap();
    assert_eq!(envelopes.current.cost(), Some(KdfCost::PHONE));
    assert!(phone.app.unlock(PASSCODE.to_vec()).await.is_ok());
}
