//! The files of a passcode change: while it is not known which passcode the platform has, either one unlocks.

use eid_core::{
    Error,
    ports::{KeyAccess, SecureKey},
};
use eid_crypto::{HardwareInput, Passcode, SecretKey, SystemRandom, kdf::KdfCost};
use eid_model::Code;
use eid_vault::{Envelope, Factor, Folder};

use crate::phone::{PASSCODE, Phone, World};

const NEW: &[u8] = b"161803";
const WRONG: &[u8] = b"314159";

async fn derive(phone: &Phone, alias: &str, question: &HardwareInput) -> SecretKey {
    SecretKey::parse(&phone.key.derive(alias, question).await.unwrap()).unwrap()
}

/// Puts the envelope of a new passcode beside the old one.
async fn prepare(phone: &Phone) -> Folder {
    let folder = Folder::new(phone.folder.path().join("app"));
    let rng = SystemRandom::new();
    let binding = folder.load_or_make_binding("example.eid.journey", &rng).unwrap();
    let current = folder.load_envelopes().unwrap().unwrap().current;
    let (old, new) = (Passcode::parse(PASSCODE.to_vec()).unwrap(), Passcode::parse(NEW.to_vec()).unwrap());
    let (question, pending) = current.challenge(Factor::Passcode(&old), &binding).unwrap();
    let vault_key = pending.open(&derive(phone, current.hardware_alias(), &question).await).unwrap();
    let factor = Factor::Passcode(&new);
    let (question, sealing) =
        Envelope::prepare(&rng, factor, Some(KdfCost::FLOOR), current.epoch() + 1, &binding).unwrap();
    phone.key.make_secret(sealing.hardware_alias(), KeyAccess::WhileUnlocked).await.unwrap();
    let answer = derive(phone, sealing.hardware_alias(), &question).await;
    folder.store_next(&sealing.seal(&rng, &answer, &vault_key).unwrap()).unwrap();
    folder
}

async fn opens(phone: &Phone, passcode: &[u8]) -> bool {
    match phone.app.unlock(passcode.to_vec()).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error, Error::PasscodeWrong { wrong_tries: 1, wait_s: 0 }, "a try counts once");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_passcode_unlocks_while_a_change_is_unsure_and_a_wrong_one_counts_once() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    for commit in [false, true] {
        let folder = prepare(&phone).await;
        phone.restart();
        assert!(opens(&phone, PASSCODE).await && opens(&phone, NEW).await);
        assert!(!opens(&phone, WRONG).await);
        if commit { folder.commit_next() } else { folder.drop_next() }.unwrap();
        let (good, bad) = if commit { (NEW, PASSCODE) } else { (PASSCODE, NEW) };
        assert!(opens(&phone, good).await && !opens(&phone, bad).await && opens(&phone, good).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_passcode_opens_no_copy_of_the_old_envelope() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    let old = std::fs::read(phone.file("envelope")).unwrap();
    prepare(&phone).await.commit_next().unwrap();
    // Killed before the old key was removed: the next unlocking does it.
    assert!(phone.key.aliases().contains(&"vault-a".to_owned()));
    assert!(opens(&phone, NEW).await);
    assert!(!phone.key.aliases().contains(&"vault-a".to_owned()));
    std::fs::write(phone.file("envelope"), old).unwrap();
    assert_eq!(phone.app.unlock(PASSCODE.to_vec()).await.unwrap_err().code(), Code::KEY_INVALIDATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenth_wrong_try_during_a_change_ends_both_passcodes() {
    let world = World::new();
    let phone = Phone::new(&world);
    phone.ready(&world).await.lock();
    prepare(&phone).await;
    for _ in 0..9 {
        phone.app.unlock(WRONG.to_vec()).await.unwrap_err();
        phone.clock.pass(86_400);
    }
    assert_eq!(phone.app.unlock(WRONG.to_vec()).await.unwrap_err(), Error::PasscodeDestroyed);
    for passcode in [PASSCODE, NEW] {
        assert_eq!(phone.app.unlock(passcode.to_vec()).await.unwrap_err(), Error::PasscodeDestroyed);
    }
    assert!(!phone.key.aliases().iter().any(|alias| ["vault-a", "vault-b"].contains(&alias.as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn either_passcode_at_the_tenth_try_during_a_change_opens_and_goes_on_opening() {
    let world = World::new();
    for passcode in [PASSCODE, NEW] {
        let phone = Phone::new(&world);
        phone.ready(&world).await.lock();
        prepare(&phone).await;
        for _ in 0..9 {
            phone.app.unlock(WRONG.to_vec()).await.unwrap_err();
            phone.clock.pass(86_400);
        }
        assert!(opens(&phone, passcode).await && opens(&phone, passcode).await && opens(&phone, passcode).await);
    }
}
