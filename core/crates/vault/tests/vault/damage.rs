//! Files that were damaged, exchanged, or never ours: a stated reason or the right data, never wrong data, never a panic.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::common::{Place, all, entry};
use eid_crypto::{SecretKey, SystemRandom};
use eid_vault::{Collection, Finding, Vault, VaultError};
use rusqlite::Connection;

const OF_GRANT: &str = "id >> 48 = 2";
const OF_CREDENTIAL: &str = "id >> 48 = 3";
const OF_SETTING: &str = "id >> 48 = 5";

/// Collections of all ways of keeping.
const SOME: [Collection; 5] =
    [Collection::Account, Collection::Grant, Collection::Credential, Collection::HealthRecord, Collection::Setting];

/// The value that [`filled`] stores under a key: some within a page, some over several.
fn value(collection: Collection, n: usize) -> String {
    format!("{} {n} {}", collection.name(), "v".repeat(n * n * 40))
}

/// What [`read_everything`] counts in an empty store: 60 records, found and listed, and 20 entries.
const EVERYTHING: usize = 60 + 60 + 20;

/// A closed store with 60 records and 20 entries of history.
fn filled() -> Place {
    let place = Place::new();
    fill(&mut place.create());
    place
}

fn fill(vault: &mut Vault) {
    let filled = vault.transaction(|vault| {
        for n in 0..12 {
            for collection in SOME {
                vault.put(collection, &n.to_string(), &value(collection, n))?;
            }
        }
        for n in 1..=20 {
            vault.append_history(&entry(n))?;
        }
        Ok::<_, VaultError>(())
    });
    filled.unwrap();
}

/// Reads all that [`filled`] wrote: each thing is right, or is missing or refused. Returns how many were not there.
fn read_everything(vault: &Vault) -> usize {
    let mut lost = 0;
    for collection in SOME {
        for n in 0..12 {
            match vault.find::<String>(collection, &n.to_string()) {
                Ok(Some(found)) => assert!(found == value(collection, n), "wrong data"),
                Ok(None) | Err(_) => lost += 1,
            }
        }
        match all(vault, collection) {
            Ok((items, _)) => {
                lost += 12_usize.saturating_sub(items.len());
                for (key, found) in items {
                    assert!(found == value(collection, key.parse().unwrap()), "wrong data in a list");
                }
            }
            Err(_) => lost += 12,
        }
    }
    match vault.list_history(None, 50) {
        Ok(page) => {
            lost += 20_usize.saturating_sub(page.items.len());
            for (seq, found) in page.items {
                assert!(found == entry(i64::try_from(seq).unwrap()), "wrong history");
            }
        }
        Err(_) => lost += 20,
    }
    match vault.verify_history() {
        // A journal whose one transaction does not count leaves the whole state before it, of a lower generation.
        Ok(count) => {
            let whole = count == 20 || (count, lost, vault.generation()) == (0, EVERYTHING, 1);
            assert!(whole || vault.findings().len() + lost > 0, "a chain that holds is whole");
        }
        Err(_) => lost += 1,
    }
    lost
}

/// Puts the files in place, opens and reads, and writes too; true if anything was noticed.
fn is_noticed(place: &Place, files: &BTreeMap<String, Vec<u8>>) -> bool {
    for name in place.files().keys() {
        std::fs::remove_file(place.folder.path().join(name)).unwrap();
    }
    for (name, bytes) in files {
        std::fs::write(place.folder.path().join(name), bytes).unwrap();
    }
    let Ok(vault) = place.open() else { return true };
    let lost = read_everything(&vault);
    if vault.put(Collection::Setting, "0", "new").is_ok()
        && let Ok(Some(found)) = vault.find::<String>(Collection::Setting, "0")
    {
        assert_eq!(found, "new");
    }
    lost > 0
}

#[test]
fn flipped_byte_anywhere_in_the_store_never_gives_wrong_data() {
    let place = filled();
    let files = place.files();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["store"]);
    assert!(!is_noticed(&place, &files));
    let length = files["store"].len();
    let (mut noticed, mut tried) = (0, 0);
    // All of the file header, then samples over all pages, the beginnings of pages among them.
    for at in (0..100).chain((0..length).step_by(4096)).chain((101..length).step_by(1499)) {
        let mut bad = files.clone();
        bad.get_mut("store").unwrap()[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
        tried += 1;
        noticed += usize::from(is_noticed(&place, &bad));
    }
    assert!(noticed > tried / 2, "{noticed} of {tried} noticed");
}

#[test]
fn flipped_byte_in_the_journal_never_gives_wrong_data() {
    let place = Place::new();
    let mut vault = place.create();
    fill(&mut vault);
    // Copied while open, so that the data is still in the journal.
    let mut files = place.files();
    drop(vault);
    files.remove("store-shm").unwrap();
    assert!(!is_noticed(&place, &files));
    let length = files["store-wal"].len();
    let (mut noticed, mut tried) = (0, 0);
    for at in (0..64).chain((65..length).step_by(1999)) {
        let mut bad = files.clone();
        bad.get_mut("store-wal").unwrap()[at] ^= 0x10;
        tried += 1;
        noticed += usize::from(is_noticed(&place, &bad));
    }
    assert!(noticed > tried / 2, "{noticed} of {tried} noticed");
}

#[test]
fn truncated_store_is_refused_or_read_as_far_as_it_goes() {
    let place = filled();
    let files = place.files();
    let length = files["store"].len();
    for keep in [0, 1, 16, 60, 71, 99, 100, 1000, 4095, 4096, 8192, length / 2, length - 4096, length - 1] {
        let bad = BTreeMap::from([("store".to_owned(), files["store"][..keep].to_vec())]);
        assert!(is_noticed(&place, &bad), "cut to {keep}");
        if keep < 72 {
            std::fs::write(place.path(), &bad["store"]).unwrap();
            assert_eq!(place.open().err(), Some(VaultError::Foreign), "cut to {keep}");
            assert_eq!(std::fs::read(place.path()).unwrap(), bad["store"]);
        }
    }
}

#[test]
fn row_or_value_in_another_place_is_damage_and_the_others_stay_readable() {
    let grant = |n: u64| format!("(SELECT key FROM record WHERE {OF_GRANT} ORDER BY id LIMIT 1 OFFSET {n})");
    for (what, statements, damaged) in [
        (
            "values swapped",
            format!(
                "CREATE TEMP TABLE a AS SELECT id, mark, sealed FROM record WHERE {OF_GRANT} ORDER BY id LIMIT 2;
                 UPDATE record SET (mark, sealed) = (SELECT mark, sealed FROM a WHERE a.id <> record.id)
                 WHERE id IN (SELECT id FROM a);"
            ),
            vec![0, 1],
        ),
        (
            "keys swapped",
            format!(
                "CREATE TEMP TABLE a AS SELECT id, key FROM record WHERE {OF_GRANT} ORDER BY id LIMIT 2;
                 UPDATE record SET key = randomblob(32) WHERE id IN (SELECT id FROM a);
                 UPDATE record SET key = (SELECT key FROM a WHERE a.id <> record.id) WHERE id IN (SELECT id FROM a);"
            ),
            vec![0, 1],
        ),
        (
            "value of another collection",
            format!(
                "UPDATE record SET (mark, sealed) = (SELECT mark, sealed FROM record WHERE {OF_CREDENTIAL} LIMIT 1)
                 WHERE key = {}",
                grant(2)
            ),
            vec![2],
        ),
        ("value emptied", format!("UPDATE record SET sealed = x'' WHERE key = {}", grant(3)), vec![3]),
        ("mark exchanged", format!("UPDATE record SET mark = randomblob(28) WHERE key = {}", grant(4)), vec![4]),
        ("mark cut", format!("UPDATE record SET mark = x'00' WHERE key = {}", grant(5)), vec![5]),
    ] as [(&str, String, Vec<usize>); 6]
    {
        let place = filled();
        place.tamper(&statements);
        let vault = place.open().unwrap();
        let expected: &[Finding] = match what {
            // The manifest speaks of marks: a value that does not belong to its mark is seen when it is read.
            "value emptied" => &[],
            _ => &[Finding::RowsChanged { collection: Collection::Grant }],
        };
        assert_eq!(vault.findings(), expected, "{what}");
        let named = vault.check_all().unwrap().len();
        assert_eq!(named, expected.len() + damaged.len(), "{what}");
        for n in 0..12 {
            let found = vault.find::<String>(Collection::Grant, &n.to_string());
            let expected = if damaged.contains(&n) {
                Err(VaultError::Damaged(Collection::Grant))
            } else {
                Ok(Some(value(Collection::Grant, n)))
            };
            assert!(found == expected, "{what}: record {n}");
        }
        let (items, found_damaged) = all(&vault, Collection::Grant).unwrap();
        assert_eq!((items.len(), found_damaged), (12 - damaged.len(), damaged.len()), "{what}");
        // What can be fetched again is stored over it, or removed.
        vault.put(Collection::Grant, &damaged[0].to_string(), "again").unwrap();
        assert_eq!(vault.find(Collection::Grant, &damaged[0].to_string()), Ok(Some("again".to_owned())), "{what}");
    }
}

#[test]
fn row_moved_to_another_collection_does_not_open_there() {
    let place = filled();
    // Grants and credentials share a key slot: only the place tells them apart.
    place.tamper(&format!("UPDATE record SET id = id - (1 << 48) + 100 WHERE {OF_CREDENTIAL}"));
    let (grants, damaged) = all(&place.open().unwrap(), Collection::Grant).unwrap();
    assert_eq!((grants.len(), damaged), (12, 12));
    let vault = place.open().unwrap();
    let (moved, there) = (Collection::Credential, Collection::Grant);
    assert_eq!(
        vault.findings(),
        [Finding::RowsChanged { collection: there }, Finding::RowsMissing { collection: moved }]
    );
    vault.put(Collection::Credential, "0", "again").unwrap();
    assert_eq!(all(&vault, Collection::Credential), Ok((vec![("0".into(), "again".into())], 0)));
}

#[test]
fn row_of_another_store_of_the_same_key_does_not_open() {
    let place = filled();
    let rng = Arc::new(SystemRandom::new());
    let other_path = place.folder.path().join("other");
    let other = Vault::create(&other_path, &place.vault_key, [2; 16], rng).unwrap();
    other.put(Collection::Grant, "0", "of the other").unwrap();
    drop(other);
    place.tamper(&format!(
        "ATTACH '{}' AS other; DELETE FROM record WHERE {OF_GRANT}; INSERT INTO record SELECT * FROM other.record WHERE id > 0;",
        other_path.display()
    ));
    let vault = place.open().unwrap();
    assert_eq!(all(&vault, Collection::Grant), Ok((vec![], 1)));
    assert_eq!(vault.find::<String>(Collection::Grant, "0"), Ok(None));
}

#[test]
fn wrong_key_opens_nothing_and_changes_nothing() {
    let place = filled();
    let files = place.files();
    let rng = Arc::new(SystemRandom::new());
    let wrong = SecretKey::make(&*rng).unwrap();
    assert_eq!(Vault::open(&place.path(), &wrong, rng).err(), Some(VaultError::KeyMismatch));
    assert_eq!(place.files(), files);
    assert_eq!(read_everything(&place.open().unwrap()), 0);
}

#[test]
fn exchanged_marks_of_the_store_are_named() {
    for (statements, expected) in [
        ("UPDATE meta SET value = randomblob(16) WHERE name = 'store_id'", VaultError::KeyMismatch),
        ("UPDATE meta SET value = x'00' WHERE name = 'store_id'", VaultError::FileDamaged),
        ("DELETE FROM meta WHERE name = 'key_check'", VaultError::FileDamaged),
        ("DROP TABLE meta", VaultError::FileDamaged),
        ("PRAGMA user_version = 0", VaultError::FileDamaged),
        ("PRAGMA application_id = 5", VaultError::Foreign),
        ("PRAGMA user_version = 4", VaultError::Newer),
        ("PRAGMA user_version = -1", VaultError::Newer),
    ] {
        let place = filled();
        place.tamper(statements);
        let files = place.files();
        assert_eq!(place.open().err(), Some(expected), "{statements}");
        assert_eq!(place.files(), files, "{statements}: the file was changed");
    }
}

#[test]
fn foreign_file_is_refused_and_stays_as_it_was() {
    let text = |place: &Place| std::fs::write(place.path(), "a letter, not a store\n".repeat(50)).unwrap();
    let empty = |place: &Place| std::fs::write(place.path(), "").unwrap();
    let database = |place: &Place| {
        // Copied while open: a journal lies beside it that SQLite would replay if it opened the file.
        let source = place.folder.path().join("source");
        let connection = Connection::open(&source).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);").unwrap();
        for suffix in ["", "-wal"] {
            let from = format!("{}{suffix}", source.display());
            std::fs::copy(from, format!("{}{suffix}", place.path().display())).unwrap();
        }
    };
    for prepare in [&text as &dyn Fn(&Place), &empty, &database] {
        let place = Place::new();
        prepare(&place);
        let files = place.files();
        assert_eq!(place.open().err(), Some(VaultError::Foreign));
        assert_eq!(place.files(), files);
        let created = Vault::create(&place.path(), &place.vault_key, [1; 16], Arc::new(SystemRandom::new()));
        assert_eq!(created.err(), Some(VaultError::StoreExists));
        assert_eq!(place.files(), files);
    }
    assert_eq!(Place::new().open().err(), Some(VaultError::StoreMissing));
}

#[test]
fn newer_version_that_stands_only_in_the_journal_is_refused_and_loses_nothing() {
    let place = filled();
    let connection = Connection::open(place.path()).unwrap();
    connection.execute_batch("CREATE TABLE of_a_newer_version (x); PRAGMA user_version = 4;").unwrap();
    let files = place.files();
    drop(connection);
    for (name, bytes) in files {
        std::fs::write(place.folder.path().join(name), bytes).unwrap();
    }
    assert_eq!(place.open().err(), Some(VaultError::Newer));
    let connection = Connection::open(place.path()).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM record, of_a_newer_version", [], |row| row.get(0)).unwrap();
    assert_eq!((version, rows), (4, 0));
}

#[test]
fn store_is_made_anew_over_what_a_killed_attempt_left() {
    let place = Place::new();
    let journal = {
        let other = Place::new();
        let _open = {
            let vault = other.create();
            vault.put(Collection::Setting, "of", "another").unwrap();
            vault
        };
        other.files()["store-wal"].clone()
    };
    for (name, bytes) in [("store-wal", journal.as_slice()), ("store.new", b"half"), ("store.new-journal", b"half")] {
        std::fs::write(place.folder.path().join(name), bytes).unwrap();
    }
    let mut vault = place.create();
    for collection in SOME {
        assert_eq!(all(&vault, collection), Ok((vec![], 0)));
    }
    fill(&mut vault);
    drop(vault);
    assert_eq!(place.files().keys().collect::<Vec<_>>(), ["store"]);
    assert_eq!(read_everything(&place.open().unwrap()), 0);
}

#[test]
fn tables_that_are_not_as_they_were_made_are_refused_before_anything_runs() {
    for statements in [
        "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM history; END;",
        "CREATE VIEW v AS SELECT 1;",
        "CREATE TABLE t (x);",
        "CREATE INDEX i ON record (key);",
        "DROP TABLE chunk;",
        "ALTER TABLE record ADD COLUMN x BLOB;",
        "ALTER TABLE history RENAME COLUMN sealed TO other;",
    ] {
        let place = filled();
        place.tamper(statements);
        assert_eq!(place.open().err(), Some(VaultError::FileDamaged), "{statements}");
    }
}

#[test]
fn absurdly_large_row_is_refused_unread() {
    let place = filled();
    place.tamper(&format!("UPDATE record SET sealed = zeroblob(50000000) WHERE {OF_SETTING}"));
    let vault = place.open().unwrap();
    assert_eq!(vault.find::<String>(Collection::Setting, "0"), Err(VaultError::FileDamaged));
    assert_eq!(vault.find(Collection::Grant, "0"), Ok(Some(value(Collection::Grant, 0))));
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let vault = place.create();
    vault.put(Collection::Setting, "a", "b").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for name in place.files().keys() {
        assert_eq!(mode(&place.folder.path().join(name)), 0o600, "{name}");
    }
}
