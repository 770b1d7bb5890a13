//! Stores that SQLite cannot read any more, and every single byte of a small store flipped.

use std::{collections::BTreeMap, sync::Arc};

use crate::common::{Place, all, entry};
use eid_crypto::{SecretKey, SystemRandom};
use eid_vault::{Act, Collection, Repaired, Vault, VaultError};

const PAGE: usize = 4096;

fn salvage(place: &Place) -> Result<(Vault, Vec<Repaired>), VaultError> {
    Vault::salvage(&place.path(), &place.vault_key, [9; 16], 77, Arc::new(SystemRandom::new()))
}

/// Leaves only these files in the folder.
fn restore(place: &Place, files: &BTreeMap<String, Vec<u8>>) {
    for name in place.files().keys() {
        std::fs::remove_file(place.folder.path().join(name)).unwrap();
    }
    for (name, bytes) in files {
        std::fs::write(place.folder.path().join(name), bytes).unwrap();
    }
}

const KINDS: [Collection; 4] =
    [Collection::Draft, Collection::Outbox, Collection::Credential, Collection::HealthRecord];

fn fill(vault: &mut Vault, records: usize) {
    let filled = vault.transaction(|vault| {
        for n in 0..records {
            for collection in KINDS {
                vault.put(collection, &n.to_string(), &value(collection, n))?;
            }
        }
        vault.begin_attachment("a", "text/plain")?;
        vault.finish_attachment("a", b"content")?;
        (1..=3).try_for_each(|n| vault.append_history(&entry(n)).map(drop))
    });
    assert_eq!(filled, Ok::<_, VaultError>(()));
}

fn value(collection: Collection, n: usize) -> String {
    format!("{} {n} {}", collection.name(), "v".repeat(n % 7 * 40))
}

/// Where each record's mark lies: `(collection, key)` by page, counted from 0. Small records lie on one page.
fn pages_of(place: &Place, vault: &Vault) -> Vec<(Collection, String, usize)> {
    let connection = rusqlite::Connection::open(place.path()).unwrap();
    let file = std::fs::read(place.path()).unwrap();
    let mut found = Vec::new();
    for collection in KINDS {
        let number = 1 + Collection::ALL.iter().position(|of| *of == collection).unwrap();
        let query = format!("SELECT mark FROM record WHERE id >> 48 = {number} ORDER BY id");
        let mut statement = connection.prepare(&query).unwrap();
        let marks: Vec<Vec<u8>> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let (items, _) = all(vault, collection).unwrap();
        for ((key, _), mark) in items.into_iter().zip(marks) {
            let at = file.windows(mark.len()).position(|window| window == mark).unwrap();
            found.push((collection, key, at / PAGE));
        }
    }
    found
}

#[test]
fn any_page_lost_takes_only_the_records_that_lay_on_it() {
    let place = Place::new();
    let mut vault = place.create();
    fill(&mut vault, 60);
    drop(vault);
    let vault = place.open().unwrap();
    let places = pages_of(&place, &vault);
    drop(vault);
    let files = place.files();
    let pages = files["store"].len() / PAGE;
    let (mut refused, mut complete, mut without_health) = (0, 0, 0);
    for page in 0..pages {
        for filling in [0_u8, 0xff, 0x0d] {
            let mut bad = files.clone();
            bad.get_mut("store").unwrap()[page * PAGE..(page + 1) * PAGE].fill(filling);
            restore(&place, &bad);
            if let Ok(opened) = place.open() {
                assert!(!opened.findings().is_empty() || opened.check_all().is_ok(), "page {page}");
            } else {
                refused += 1;
            }
            let (vault, report) = salvage(&place).unwrap();
            assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])), "page {page}");
            // With the page that has a compartment's key goes all of the compartment, and nothing else.
            let is_health = |collection: Collection| collection == Collection::HealthRecord;
            let health_gone = places
                .iter()
                .filter(|(collection, ..)| is_health(*collection))
                .all(|(_, key, _)| vault.find::<String>(Collection::HealthRecord, key) == Ok(None));
            for (collection, key, at) in &places {
                if is_health(*collection) && health_gone {
                    continue;
                }
                let found = vault.find::<String>(*collection, key).unwrap();
                if *at != page && !collection.is_refetchable() {
                    assert_eq!(found, Some(value(*collection, key.parse().unwrap())), "page {page}");
                } else if let Some(found) = found {
                    assert_eq!(found, value(*collection, key.parse().unwrap()));
                }
            }
            let lost_there = |of: Collection| places.iter().any(|(collection, _, at)| *collection == of && *at == page);
            for collection in [Collection::Draft, Collection::Outbox] {
                assert!(vault.is_marked(collection) || !lost_there(collection), "page {page}");
            }
            without_health += usize::from(health_gone);
            complete += usize::from(report.is_empty());
            let newest = vault.list_history(None, 1).unwrap().items.remove(0).1;
            assert_eq!((newest.act, newest.at), (Act::Repaired, 77));
            assert_eq!(std::fs::read(place.folder.path().join("store-damaged")).unwrap(), bad["store"]);
        }
    }
    println!("pages lost: {}, refused at opening: {refused}, salvaged whole: {complete}", pages * 3);
    assert!(refused > 0 && complete > 0);
    assert_eq!(without_health, 3, "one page has the compartment's key");
}

#[test]
fn what_was_only_in_the_journal_is_salvaged_too() {
    let place = Place::new();
    let mut vault = place.create();
    fill(&mut vault, 20);
    vault.put(Collection::Draft, "0", "newest").unwrap();
    let mut files = place.files();
    drop(vault);
    files.remove("store-shm").unwrap();
    files.get_mut("store").unwrap()[..200].fill(0);
    restore(&place, &files);
    assert!(place.open().is_err());
    let (vault, report) = salvage(&place).unwrap();
    assert_eq!((report, vault.findings()), (vec![], [].as_slice()));
    assert_eq!(vault.find(Collection::Draft, "0"), Ok(Some("newest".to_owned())));
    assert_eq!(all(&vault, Collection::Credential).map(|(items, _)| items.len()), Ok(20));
    assert_eq!(&**vault.read_attachment("a", 0).unwrap().unwrap(), b"content");
    assert_eq!(place.files()["store-damaged-wal"], files["store-wal"]);
}

#[test]
fn salvage_that_was_killed_can_be_done_again() {
    let place = Place::new();
    let mut vault = place.create();
    fill(&mut vault, 20);
    let mut files = place.files();
    drop(vault);
    files.remove("store-shm").unwrap();
    for moved in [["store-damaged", "store-wal"], ["store-damaged", "store-damaged-wal"]] {
        let [main, journal] = moved.map(str::to_owned);
        let left =
            [(main, files["store"].clone()), (journal, files["store-wal"].clone()), ("store.new".into(), vec![1])];
        restore(&place, &left.into());
        let (vault, report) = salvage(&place).unwrap();
        assert_eq!(report, vec![]);
        assert_eq!(all(&vault, Collection::Outbox).map(|(items, _)| items.len()), Ok(20));
    }
    restore(&place, &BTreeMap::new());
    assert_eq!(salvage(&place).err(), Some(VaultError::StoreMissing));
}

#[test]
fn salvage_with_another_key_or_of_another_file_changes_nothing() {
    let place = Place::new();
    fill(&mut place.create(), 3);
    let files = place.files();
    let other = SecretKey::make(&SystemRandom::new()).unwrap();
    let outcome = Vault::salvage(&place.path(), &other, [9; 16], 77, Arc::new(SystemRandom::new()));
    assert_eq!(outcome.err(), Some(VaultError::KeyMismatch));
    assert_eq!(place.files(), files);
    std::fs::write(place.path(), "a letter, not a store\n".repeat(50)).unwrap();
    assert_eq!(salvage(&place).err(), Some(VaultError::FileDamaged));
}

#[test]
fn older_values_that_somebody_put_in_before_the_damage_do_not_come_back_as_current() {
    let place = Place::new();
    let mut vault = place.create();
    fill(&mut vault, 5);
    drop(vault);
    let older = place.files().remove("store").unwrap();
    let vault = place.open().unwrap();
    vault.put(Collection::Credential, "0", "used").unwrap();
    drop(vault);
    let path = place.folder.path().join("older");
    std::fs::write(&path, older).unwrap();
    place.tamper(&format!(
        "ATTACH '{}' AS old; DELETE FROM main.record WHERE id >> 48 = 3;
         INSERT INTO main.record SELECT * FROM old.record WHERE id >> 48 = 3; PRAGMA user_version = 0;",
        path.display()
    ));
    assert_eq!(place.open().err(), Some(VaultError::FileDamaged));
    let (vault, report) = salvage(&place).unwrap();
    assert_eq!(
        report.iter().map(|done| (done.collection, done.kept)).collect::<Vec<_>>(),
        [(Some(Collection::Credential), 0)]
    );
    assert_eq!(all(&vault, Collection::Credential), Ok((vec![], 0)));
    assert_eq!(all(&vault, Collection::Draft).map(|(items, _)| items.len()), Ok(5));
}

/// How one flipped byte came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Harmless,
    Named,
    RecordRefused,
    FileRefused,
}

const FLIPPED: usize = 3;

fn read_flipped(place: &Place) -> Outcome {
    let Ok(vault) = place.open() else { return Outcome::FileRefused };
    let (mut missing, mut refused) = (0, 0);
    for collection in KINDS {
        for n in 0..FLIPPED {
            match vault.find::<String>(collection, &n.to_string()) {
                Ok(Some(found)) => assert_eq!(found, value(collection, n), "wrong value"),
                Ok(None) => missing += 1,
                Err(_) => refused += 1,
            }
        }
        match all(&vault, collection) {
            Ok((items, damaged)) => {
                refused += damaged;
                missing += FLIPPED.saturating_sub(items.len() + damaged);
                items.into_iter().for_each(|(key, found)| assert_eq!(found, value(collection, key.parse().unwrap())));
            }
            Err(_) => refused += 1,
        }
    }
    match vault.read_attachment("a", 0) {
        Ok(chunk) => assert_eq!(&**chunk.unwrap(), b"content", "wrong content"),
        Err(_) => refused += 1,
    }
    match vault.list_history(None, 50) {
        Ok(page) => {
            refused += page.damaged.len();
            missing += 3_usize.saturating_sub(page.items.len() + page.damaged.len());
            page.items.into_iter().for_each(|(seq, found)| assert_eq!(found, entry(i64::try_from(seq).unwrap())));
        }
        Err(_) => refused += 1,
    }
    if !vault.findings().is_empty() {
        return Outcome::Named;
    }
    assert_eq!(missing, 0, "something is missing and nothing says so");
    if refused > 0 { Outcome::RecordRefused } else { Outcome::Harmless }
}

#[test]
fn every_flipped_byte_is_harmless_or_named_or_refused() {
    let place = Place::new();
    fill(&mut place.create(), FLIPPED);
    let files = place.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["store"]);
    let good = &files["store"];
    assert_eq!(read_flipped(&place), Outcome::Harmless);
    let (mut counts, mut salvaged) = (BTreeMap::new(), 0);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
        std::fs::write(place.path(), &bad).unwrap();
        let outcome = read_flipped(&place);
        *counts.entry(outcome).or_insert(0) += 1;
        if outcome == Outcome::FileRefused && at % 32 == 0 {
            // The byte may have belonged to one record.
            let (vault, _) = salvage(&place).unwrap();
            let kept = [Collection::Draft, Collection::Outbox].map(|collection| all(&vault, collection).unwrap().0);
            assert!(kept.iter().map(Vec::len).sum::<usize>() + 1 >= 2 * FLIPPED, "byte {at}");
            for ((key, found), collection) in kept
                .iter()
                .zip([Collection::Draft, Collection::Outbox])
                .flat_map(|(items, of)| items.iter().map(move |item| (item, of)))
            {
                assert_eq!(*found, value(collection, key.parse().unwrap()), "byte {at}");
            }
            drop(vault);
            restore(&place, &BTreeMap::new());
            salvaged += 1;
        }
    }
    println!("flipped bytes: {}, outcomes: {counts:?}, salvaged: {salvaged}", good.len());
    assert_eq!(counts.len(), 4, "all outcomes occur");
}
