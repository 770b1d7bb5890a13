//! What was erased is nowhere in the files.

use crate::common::{Place, entry};
use eid_vault::{CHUNK, Collection, VaultError};
use rusqlite::Connection;

/// Sealed bytes of a table's rows, as they lie in the files.
fn sealed(place: &Place, query: &str) -> Vec<Vec<u8>> {
    let connection = Connection::open(place.path()).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn assert_gone(place: &Place, needles: &[Vec<u8>]) {
    for (name, bytes) in place.files() {
        for needle in needles {
            let part = needle.get(..24).unwrap_or(needle);
            assert!(!bytes.windows(part.len()).any(|window| window == part), "{name} still holds it");
        }
    }
}

#[test]
fn erased_record_leaves_no_ciphertext_in_any_file() {
    for length in [20, 9000] {
        let place = Place::new();
        let mut vault = place.create();
        vault.put(Collection::Draft, "kept", "x").unwrap();
        vault.put(Collection::Draft, "gone", &"y".repeat(length)).unwrap();
        let needles = sealed(&place, "SELECT sealed FROM record WHERE id > 0 ORDER BY id LIMIT 1 OFFSET 1");
        // Overwritten once, so that an older value lay there, too.
        vault.put(Collection::Draft, "gone", &"z".repeat(length)).unwrap();
        let needles = [
            needles,
            sealed(&place, "SELECT CAST(mark || sealed AS BLOB) FROM record WHERE id > 0 ORDER BY id LIMIT 1 OFFSET 1"),
        ]
        .concat();
        assert_eq!(vault.erase(Collection::Draft, "gone"), Ok(true));
        assert_gone(&place, &needles);
        assert_eq!(vault.erase(Collection::Draft, "gone"), Ok(false));
        assert_eq!(vault.find(Collection::Draft, "kept"), Ok(Some("x".to_owned())));
        assert_eq!(place.open().unwrap().findings(), []);
    }
}

#[test]
fn erased_compartment_leaves_neither_key_nor_records() {
    let place = Place::new();
    let mut vault = place.create();
    for n in 0..9 {
        vault.put(Collection::HealthRecord, &n.to_string(), &"blood group".repeat(n * 40)).unwrap();
        vault.put(Collection::PartyRecord, &n.to_string(), "cell").unwrap();
    }
    let before = place.files();
    let key = sealed(&place, "SELECT value FROM meta WHERE name = 'compartment_health'");
    let records = sealed(&place, "SELECT CAST(mark || sealed AS BLOB) FROM record WHERE id >> 48 = 8");
    vault.erase_compartment(Collection::HealthRecord.slot()).unwrap();
    assert_gone(&place, &[key, records].concat());
    assert_eq!(vault.find::<String>(Collection::HealthRecord, "3"), Ok(None));
    assert_eq!(vault.find(Collection::PartyRecord, "3"), Ok(Some("cell".to_owned())));
    vault.put(Collection::HealthRecord, "3", "new").unwrap();
    drop(vault);
    assert_eq!(place.open().unwrap().check_all(), Ok(vec![]));
    // Rows that somebody kept do not open under the new key.
    let old = place.folder.path().join("old");
    std::fs::write(&old, &before["store"]).unwrap();
    std::fs::write(place.folder.path().join("old-wal"), &before["store-wal"]).unwrap();
    place.tamper(&format!(
        "ATTACH '{}' AS old; DELETE FROM main.record; INSERT INTO main.record SELECT * FROM old.record;",
        old.display()
    ));
    let vault = place.open().unwrap();
    let found = vault.find::<String>(Collection::HealthRecord, "3");
    assert_eq!(found, Err(VaultError::Damaged(Collection::HealthRecord)));
    assert_eq!(vault.find(Collection::PartyRecord, "3"), Ok(Some("cell".to_owned())));
}

#[test]
fn values_of_compartments_are_of_few_lengths() {
    let place = Place::new();
    let vault = place.create();
    for n in 0..20 {
        vault.put(Collection::HealthRecord, &n.to_string(), &"x".repeat(n * 30)).unwrap();
        vault.put(Collection::PartyRecord, &n.to_string(), &"x".repeat(n * 30)).unwrap();
    }
    for value in sealed(&place, "SELECT sealed FROM record WHERE id > 0") {
        assert_eq!(value.len() % 256, 0);
    }
    assert_eq!(vault.find(Collection::HealthRecord, "9"), Ok(Some("x".repeat(270))));
}

#[test]
fn erased_history_begins_later_and_holds() {
    let place = Place::new();
    let mut vault = place.create();
    for n in 1..=130 {
        vault.append_history(&entry(n)).unwrap();
    }
    let needles = sealed(&place, "SELECT sealed FROM history WHERE seq < 100");
    vault.erase_history(100, None).unwrap();
    assert_gone(&place, &needles);
    for vault in [&vault, &place.open().unwrap()] {
        assert_eq!((vault.verify_history(), vault.findings()), (Ok(130), [].as_slice()));
        let page = vault.list_history(Some(105), 50).unwrap();
        assert_eq!(page.items.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [104, 103, 102, 101, 100]);
        assert_eq!((page.damaged, page.next), (vec![], None));
        let exported: Vec<u64> =
            vault.export_history(None).flat_map(|page| page.unwrap().items).map(|(seq, _)| seq).collect();
        assert_eq!(exported, (100..=130).collect::<Vec<_>>());
    }
    vault.erase_history(u64::MAX, None).unwrap();
    assert_eq!(vault.append_history(&entry(131)), Ok(131));
    vault.erase_history(50, None).unwrap();
    assert_eq!(place.open().unwrap().verify_history(), Ok(131));
    assert_eq!(place.open().unwrap().list_history(None, 50).unwrap().items, [(131, entry(131))]);
}

#[test]
fn history_erased_with_a_note_holds_nothing_but_it() {
    let place = Place::new();
    let mut vault = place.create();
    for n in 1..=5 {
        vault.append_history(&entry(n)).unwrap();
    }
    vault.erase_history(u64::MAX, Some(&entry(6))).unwrap();
    for vault in [&vault, &place.open().unwrap()] {
        assert_eq!(vault.list_history(None, 50).unwrap().items, [(6, entry(6))]);
        assert_eq!((vault.verify_history(), vault.findings()), (Ok(6), [].as_slice()));
    }
    vault.append_history(&entry(7)).unwrap();
    let after: Vec<u64> =
        vault.export_history(Some(6)).flat_map(|page| page.unwrap().items).map(|(seq, _)| seq).collect();
    assert_eq!(after, [7]);
}

#[test]
fn erased_entries_that_are_put_back_are_found_and_not_shown() {
    let place = Place::new();
    let mut vault = place.create();
    for n in 1..=9 {
        vault.append_history(&entry(n)).unwrap();
    }
    drop(vault);
    let before = place.files();
    vault = place.open().unwrap();
    vault.erase_history(6, None).unwrap();
    drop(vault);
    let old = place.folder.path().join("old");
    std::fs::write(&old, &before["store"]).unwrap();
    place.tamper(&format!(
        "ATTACH '{}' AS old; INSERT INTO main.history SELECT * FROM old.history WHERE seq < 6;",
        old.display()
    ));
    let vault = place.open().unwrap();
    assert_eq!(vault.findings(), [eid_vault::Finding::HistoryBroken { seq: 1 }]);
    assert_eq!(vault.list_history(None, 50).unwrap().items.len(), 4);
}

#[test]
fn erased_attachment_leaves_neither_key_nor_chunks() {
    let place = Place::new();
    let mut vault = place.create();
    vault.begin_attachment("a", "image/jpeg").unwrap();
    vault.append_attachment("a", &vec![7; CHUNK]).unwrap();
    vault.finish_attachment("a", b"end").unwrap();
    let needles =
        [sealed(&place, "SELECT sealed FROM chunk"), sealed(&place, "SELECT sealed FROM record WHERE id > 0")].concat();
    assert_eq!(vault.erase_attachment("a"), Ok(true));
    assert_gone(&place, &needles);
    assert_eq!((vault.erase_attachment("a"), vault.find_attachment("a")), (Ok(false), Ok(None)));
}
