//! The holder's history: what leaves an entry, how it is looked after, written out and erased.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_core::{Act, Error, HistoryEntry, MAX_HISTORY_DAYS, Unlocked};
use eid_crypto::hash::sha256;
use eid_model::{Code, Language};
use eid_platform::{Grant, jws};
use eid_proof::{KeyUse, Purpose};
use serde_json::Value;

use crate::{
    configuration::required_below,
    phone::{PASSCODE, Phone, World, request, show},
};

async fn entries(open: &Unlocked) -> Vec<HistoryEntry> {
    open.history(None, 50).await.unwrap().items.into_iter().map(|(_, entry)| entry).collect()
}

async fn unlocked_again(phone: &mut Phone) -> Unlocked {
    phone.app.lock();
    phone.restart();
    phone.app.unlock(PASSCODE.to_vec()).await.unwrap()
}

/// Waits for work in the background.
async fn settled(mut is_done: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if is_done().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_leave_an_entry_with_their_reason_and_the_same_only_once_a_day() {
    let world = World::new();
    let phone = Phone::with_batch(&world, 1);
    let open = phone.ready(&world).await;
    show(&open, request(Purpose::Id)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(show(&open, request(Purpose::Id)).await.unwrap_err(), Error::CredentialsUsedUp);
    }
    let refused = |entry: &&HistoryEntry| entry.result.is_some();
    let told = entries(&open).await;
    let told: Vec<_> = told.iter().filter(refused).collect();
    assert_eq!((told.len(), told[0].act, told[0].purpose.as_str()), (1, Act::Presented, "id"));
    assert_eq!((told[0].result, told[0].fields.len()), (Some(Code::CREDENTIALS_USED_UP), 0));
    // The platform serves this version of the app no more.
    world.sandbox.set_settings(&required_below("9.0.0")).unwrap();
    phone.app.renew_configuration().await.unwrap();
    let code = open.refill_credentials().await.unwrap_err().code();
    open.refill_credentials().await.unwrap_err();
    let told = entries(&open).await;
    let told: Vec<_> = told.iter().filter(|entry| entry.result == Some(code)).collect();
    assert_eq!((told.len(), told[0].act, told[0].counterpart.as_str()), (1, Act::Updated, "e.example"));
    world.pass(&phone, 86_400);
    open.refill_credentials().await.unwrap_err();
    assert_eq!(entries(&open).await.iter().filter(|entry| entry.result == Some(code)).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_written_out_is_checked_by_anybody_with_grant_and_trust_list() {
    let world = World::new();
    let phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    show(&open, request(Purpose::Id)).await.unwrap();
    let export = open.export_history(None, Language::Vi).await.unwrap();
    // What somebody else does with the three: whose key it is, that it signed, and that the file is the one.
    let trust = eid_counter::open_trust_list(&world.sandbox.trust_list().unwrap(), &[]).unwrap();
    let issuer = trust.keys().iter().find(|key| key.usage == KeyUse::Grant).unwrap();
    let parsed = jws::parse(&export.signature).unwrap();
    let key = *parsed.jwk().unwrap();
    let grant = Grant::verify(&export.grant, &issuer.key, &issuer.issuer, &key, phone.now()).unwrap();
    let statement: Value = parsed.verify("eid-export+jwt", &key).unwrap();
    assert_eq!(statement["sub"], grant.account_id.as_str());
    assert_eq!(statement["sha256"], URL_SAFE_NO_PAD.encode(sha256(&export.json)));
    assert_eq!(statement["length"].as_u64(), Some(export.json.len() as u64));
    let other = eid_crypto::SigningKey::make().unwrap();
    assert!(Grant::verify(&export.grant, &issuer.key, &issuer.issuer, other.public(), phone.now()).is_err());

    let file: Value = serde_json::from_slice(&export.json).unwrap();
    let acts: Vec<_> = file["entries"].as_array().unwrap().iter().map(|entry| entry["act"].clone()).collect();
    assert_eq!(acts, ["activated", "updated", "presented"]);
    assert_eq!((export.entries, export.next), (3, None));
    let person = world.citizen();
    for text in [String::from_utf8(export.json).unwrap(), export.html.clone()] {
        assert!(!text.contains(person.pid.as_str()) && !text.contains(person.name.as_str()), "no values");
    }
    assert!(export.html.contains("Xuất trình danh tính") && export.html.contains("Họ và tên"));
    assert_eq!(entries(&open).await[0].act, Act::Exported);
    let rest = open.export_history(Some(3), Language::En).await.unwrap();
    assert_eq!((rest.entries, rest.html.contains("History written to a file")), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn holder_erases_the_history_and_one_entry_says_so() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    show(&open, request(Purpose::Id)).await.unwrap();
    open.erase_history(Some(3)).await.unwrap();
    let acts: Vec<_> = entries(&open).await.iter().map(|entry| entry.act).collect();
    assert_eq!(acts, [Act::Erased, Act::Presented]);
    assert_eq!(entries(&open).await[0].purpose, "2");
    open.erase_history(None).await.unwrap();
    drop(open);
    let open = unlocked_again(&mut phone).await;
    let left = entries(&open).await;
    assert_eq!((left.len(), left[0].act, left[0].purpose.as_str()), (1, Act::Erased, "4"));
    let export = open.export_history(None, Language::En).await.unwrap();
    let file: Value = serde_json::from_slice(&export.json).unwrap();
    assert_eq!((file["erased_to"].as_u64(), export.entries), (Some(4), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_history_is_found_in_the_background_and_reported_as_a_repair() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    for _ in 0..3 {
        show(&open, request(Purpose::Id)).await.unwrap();
    }
    drop(open);
    phone.app.lock();
    let store = rusqlite::Connection::open(phone.file("store")).unwrap();
    // Both ends hold: only a walk finds it.
    store.execute("UPDATE history SET sealed = zeroblob(200) WHERE seq = 3", []).unwrap();
    drop(store);
    let open = unlocked_again(&mut phone).await;
    settled(async || !open.repairs().unwrap().is_empty()).await;
    let repairs = open.repairs().unwrap();
    assert_eq!((repairs.len(), repairs[0].collection, repairs[0].code), (1, None, Code::HISTORY_BROKEN));
    assert_eq!(entries(&open).await[0].act, Act::Repaired);
    drop(open);
    let open = unlocked_again(&mut phone).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(open.repairs(), Ok(vec![]), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_past_their_term_are_dropped_and_a_clock_set_ahead_drops_none() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    assert_eq!(open.history_days().await, Ok(MAX_HISTORY_DAYS));
    for days in [0, 29, MAX_HISTORY_DAYS + 1] {
        assert_eq!(open.keep_history_for(days).await, Err(Error::TermInvalid));
    }
    open.keep_history_for(30).await.unwrap();
    drop(open);
    // The phone's clock alone says that years have gone by.
    phone.clock.pass(4_000 * 86_400);
    let open = unlocked_again(&mut phone).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(entries(&open).await.len(), 2);
    drop(open);
    let mut phone = Phone::new(&world);
    let open = phone.ready(&world).await;
    open.keep_history_for(30).await.unwrap();
    world.pass(&phone, 40 * 86_400);
    show(&open, request(Purpose::Id)).await.unwrap_err();
    open.refill_credentials().await.unwrap();
    drop(open);
    let open = unlocked_again(&mut phone).await;
    settled(async || entries(&open).await.len() == 2).await;
    assert!(entries(&open).await.iter().all(|entry| entry.at >= phone.now().seconds() - 30 * 86_400));
    assert_eq!((open.history_days().await, open.repairs()), (Ok(30), Ok(vec![])));
}
