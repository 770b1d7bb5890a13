//! Records through the public interface: round trips, pages, transactions, and what the files show.

use std::{collections::BTreeMap, panic::AssertUnwindSafe};

use crate::common::{Place, all, entry};
use eid_vault::{Collection, MAX_VALUE, VaultError};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    pid: String,
    level: u8,
    phone: Option<String>,
}

fn account() -> Account {
    Account { pid: "000199000123".into(), level: 2, phone: Some("0900000123".into()) }
}

#[test]
fn stored_record_is_found_again_after_opening_anew() {
    let place = Place::new();
    let vault = place.create();
    vault.put(Collection::Account, "self", &account()).unwrap();
    vault.put(Collection::Setting, "self", &7_u32).unwrap();
    drop(vault);
    let vault = place.open().unwrap();
    assert_eq!(vault.find(Collection::Account, "self"), Ok(Some(account())));
    assert_eq!(vault.find(Collection::Setting, "self"), Ok(Some(7_u32)));
    assert_eq!(vault.find::<Account>(Collection::Account, "other"), Ok(None));
    assert_eq!(vault.find::<Account>(Collection::Grant, "self"), Ok(None));
    let changed = Account { level: 1, ..account() };
    vault.put(Collection::Account, "self", &changed).unwrap();
    assert_eq!(vault.find(Collection::Account, "self"), Ok(Some(changed)));
    assert_eq!(vault.remove(Collection::Account, "self"), Ok(true));
    assert_eq!(vault.remove(Collection::Account, "self"), Ok(false));
    assert_eq!(vault.find::<Account>(Collection::Account, "self"), Ok(None));
    assert_eq!(vault.find(Collection::Setting, "self"), Ok(Some(7_u32)));
}

#[test]
fn value_of_another_type_is_damage_and_stays_where_it_is() {
    let place = Place::new();
    let vault = place.create();
    vault.put(Collection::Setting, "language", "vi").unwrap();
    let found = vault.find::<Account>(Collection::Setting, "language");
    assert_eq!(found, Err(VaultError::Damaged(Collection::Setting)));
    assert_eq!(vault.find(Collection::Setting, "language"), Ok(Some("vi".to_owned())));
}

#[test]
fn value_up_to_the_limit_is_stored_and_a_larger_one_refused() {
    let place = Place::new();
    let vault = place.create();
    // `["k","…"]`
    let largest = "x".repeat(MAX_VALUE - 8);
    vault.put(Collection::TrustData, "k", &largest).unwrap();
    assert_eq!(vault.put(Collection::TrustData, "k", &format!("{largest}x")), Err(VaultError::TooLarge));
    assert_eq!(vault.find(Collection::TrustData, "k"), Ok(Some(largest)));
    assert_eq!(vault.put(Collection::TrustData, &"k".repeat(MAX_VALUE), ""), Err(VaultError::TooLarge));
}

#[test]
fn pages_give_every_record_once_in_the_order_of_storing() {
    let place = Place::new();
    let vault = place.create();
    let keys: Vec<String> = (0..120).map(|n| format!("credential {}", (n * 71) % 120)).collect();
    for key in &keys {
        vault.put(Collection::Credential, key, &key.len()).unwrap();
        vault.put(Collection::Setting, key, "of another collection").unwrap();
    }
    vault.put(Collection::Credential, &keys[3], &keys[3].len()).unwrap();
    for (limit, pages) in [(1, 120), (7, 18), (40, 3), (50, 3), (usize::MAX, 3), (0, 120)] {
        let (mut found, mut count, mut after) = (Vec::new(), 0, None);
        loop {
            let page = vault.list::<usize>(Collection::Credential, after, limit).unwrap();
            assert!(page.items.iter().all(|(key, length)| key.len() == *length) && page.damaged.is_empty());
            found.extend(page.items.into_iter().map(|(key, _)| key));
            (count, after) = (count + 1, page.next);
            if after.is_none() {
                break;
            }
        }
        assert_eq!((&found, count), (&keys, pages), "limit {limit}");
    }
    assert_eq!(vault.list::<String>(Collection::Credential, Some(u64::MAX), 5).unwrap().items, []);
    assert_eq!(vault.list::<String>(Collection::Grant, None, 5).unwrap().next, None);
}

#[test]
fn removing_between_pages_skips_nobody_else() {
    let place = Place::new();
    let vault = place.create();
    for n in 0..10 {
        vault.put(Collection::Credential, &n.to_string(), "x").unwrap();
    }
    let first = vault.list::<String>(Collection::Credential, None, 4).unwrap();
    for n in 0..5 {
        vault.remove(Collection::Credential, &n.to_string()).unwrap();
    }
    let rest = vault.list::<String>(Collection::Credential, first.next, 50).unwrap();
    assert_eq!(rest.items.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["5", "6", "7", "8", "9"]);
}

/// A façade's error, to show that a transaction passes it through.
#[derive(Debug, PartialEq)]
enum Refused {
    ByCaller,
    ByVault(VaultError),
}

impl From<VaultError> for Refused {
    fn from(error: VaultError) -> Self {
        Self::ByVault(error)
    }
}

#[test]
fn transaction_stores_all_of_it_or_nothing() {
    let place = Place::new();
    let mut vault = place.create();
    vault.put(Collection::Setting, "kept", "before").unwrap();
    let failing = |vault: &eid_vault::Vault| {
        vault.put(Collection::Setting, "kept", "after")?;
        vault.put(Collection::Grant, "new", "x")?;
        vault.append_history(&entry(1))?;
        assert_eq!(vault.find(Collection::Setting, "kept"), Ok(Some("after".to_owned())), "sees its own writes");
        Err::<(), _>(Refused::ByCaller)
    };
    assert_eq!(vault.transaction(failing), Err(Refused::ByCaller));
    let panicking = AssertUnwindSafe(|| {
        vault.transaction::<(), Refused>(|vault| {
            assert_eq!(failing(vault), Ok(()), "panics in the middle");
            Ok(())
        })
    });
    assert!(std::panic::catch_unwind(panicking).is_err());
    let too_large = vault.transaction(|vault| {
        vault.remove(Collection::Setting, "kept")?;
        vault.put(Collection::Grant, "new", &"x".repeat(MAX_VALUE))?;
        Ok(())
    });
    assert_eq!(too_large, Err(Refused::ByVault(VaultError::TooLarge)));

    for vault in [&vault, &place.open().unwrap()] {
        assert_eq!(vault.find(Collection::Setting, "kept"), Ok(Some("before".to_owned())));
        assert_eq!(vault.find::<String>(Collection::Grant, "new"), Ok(None));
        assert_eq!(vault.verify_history(), Ok(0));
    }
    let done = vault.transaction(|vault| {
        vault.put(Collection::Setting, "kept", "after")?;
        vault.put(Collection::Grant, "new", "x")?;
        vault.append_history(&entry(1))
    });
    assert_eq!(done, Ok::<_, VaultError>(1));
    let again = place.open().unwrap();
    assert_eq!(again.find(Collection::Setting, "kept"), Ok(Some("after".to_owned())));
    assert_eq!(again.find(Collection::Grant, "new"), Ok(Some("x".to_owned())));
    assert_eq!(again.verify_history(), Ok(1));
}

#[test]
fn files_show_nothing_that_was_stored() {
    let place = Place::new();
    let vault = place.create();
    let planted =
        ["PLANTED-VALUE", "PLANTED-KEY", "PLANTED-COUNTERPART", "PLANTED-PURPOSE", "PLANTED-FIELD", "000199000123"];
    let history = eid_vault::HistoryEntry {
        counterpart: planted[2].into(),
        purpose: planted[3].into(),
        fields: vec![planted[4].into()],
        ..entry(1)
    };
    for collection in Collection::ALL {
        vault.put(collection, planted[1], planted[0]).unwrap();
        vault.put(collection, "000199000123", &account()).unwrap();
        vault.put(collection, planted[1], &planted[0].repeat(1000)).unwrap();
    }
    vault.append_history(&history).unwrap();
    vault.remove(Collection::Setting, planted[1]).unwrap();
    let search = |while_open: bool| {
        let files = place.files();
        assert_eq!(files.keys().any(|name| name == "store-wal"), while_open, "{:?}", files.keys());
        for (name, bytes) in files {
            for secret in planted.iter().map(|text| text.as_bytes()).chain([place.vault_key.expose().as_slice()]) {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name} shows a secret");
            }
        }
    };
    search(true);
    drop(vault);
    search(false);
}

#[test]
fn equal_values_and_keys_look_different_in_two_stores() {
    let (a, b) = (Place::new(), Place::new());
    let read = |place: &Place| {
        place.create().put(Collection::Account, "self", "x").unwrap();
        let connection = rusqlite::Connection::open(place.path()).unwrap();
        connection
            .query_row("SELECT key, mark FROM record WHERE id > 0", [], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .unwrap()
    };
    let (first, second) = (read(&a), read(&b));
    assert_ne!(first.0, second.0);
    assert_ne!(first.1, second.1);
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, String),
    Remove(u8),
    Together(Vec<(u8, String)>, bool),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0..6_u8, "\\PC{0,40}");
    prop_oneof![
        4 => pair().prop_map(|(key, value)| Step::Put(key, value)),
        2 => (0..6_u8).prop_map(Step::Remove),
        2 => (proptest::collection::vec(pair(), 0..4), any::<bool>()).prop_map(|(pairs, lands)| Step::Together(pairs, lands)),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn store_behaves_like_a_map(steps in proptest::collection::vec(step(), 1..25)) {
        let place = Place::new();
        let mut vault = place.create();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    vault.put(Collection::Grant, &key.to_string(), &value).unwrap();
                    model.insert(key.to_string(), value);
                }
                Step::Remove(key) => {
                    let removed = vault.remove(Collection::Grant, &key.to_string()).unwrap();
                    prop_assert_eq!(removed, model.remove(&key.to_string()).is_some());
                }
                Step::Together(pairs, lands) => {
                    let outcome = vault.transaction(|vault| {
                        for (key, value) in &pairs {
                            vault.put(Collection::Grant, &key.to_string(), value)?;
                        }
                        if lands { Ok(()) } else { Err(VaultError::Failed) }
                    });
                    prop_assert_eq!(outcome.is_ok(), lands);
                    if lands {
                        model.extend(pairs.into_iter().map(|(key, value)| (key.to_string(), value)));
                    }
                }
                Step::Reopen => {
                    drop(vault);
                    vault = place.open().unwrap();
                }
            }
        }
        drop(vault);
        let vault = place.open().unwrap();
        prop_assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
        let (items, damaged) = all(&vault, Collection::Grant).unwrap();
        prop_assert_eq!(items.len(), model.len());
        prop_assert_eq!((items.into_iter().collect::<BTreeMap<_, _>>(), damaged), (model, 0));
    }
}
