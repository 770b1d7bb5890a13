//! What the manifest is for: rows that are gone, rows put back from an older copy, and the way out of it.

use crate::common::{Place, all, entry};
use eid_model::Code;
use eid_vault::{Act, Collection, Finding, Vault, VaultError};

const OF_CREDENTIAL: &str = "id >> 48 = 3";
const OF_DRAFT: &str = "id >> 48 = 9";

/// A closed store with four credentials, four drafts and three entries of history.
fn filled() -> Place {
    let place = Place::new();
    let mut vault = place.create();
    let filled = vault.transaction(|vault| {
        for n in 0..4 {
            vault.put(Collection::Credential, &n.to_string(), &format!("credential {n}"))?;
            vault.put(Collection::Draft, &n.to_string(), &format!("draft {n}"))?;
        }
        (1..=3).try_for_each(|n| vault.append_history(&entry(n)).map(drop))
    });
    assert_eq!(filled, Ok::<_, VaultError>(()));
    place
}

/// Takes statements from an older copy: `old` is attached.
fn splice(place: &Place, older: &[u8], statements: &str) {
    let path = place.folder.path().join("older");
    std::fs::write(&path, older).unwrap();
    place.tamper(&format!("ATTACH '{}' AS old; {statements}", path.display()));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn untouched_store_has_no_findings_and_its_generation_counts_writes() {
    let place = filled();
    let mut vault = place.open().unwrap();
    assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
    let before = vault.generation();
    vault.put(Collection::Setting, "a", "b").unwrap();
    vault.transaction(|vault| vault.put(Collection::Setting, "a", "c")).unwrap();
    assert_eq!(vault.transaction(|_| Err::<(), _>(VaultError::Failed)), Err(VaultError::Failed));
    vault.transaction(|_| Ok::<_, VaultError>(())).unwrap();
    vault.find::<String>(Collection::Setting, "a").unwrap();
    assert_eq!(vault.generation(), before + 2);
    drop(vault);
    assert_eq!(place.open().unwrap().generation(), before + 2);
}

#[test]
fn rows_that_are_gone_or_from_an_older_copy_are_named_by_collection() {
    let (credential, draft) = (Collection::Credential, Collection::Draft);
    let missing = |collection| Finding::RowsMissing { collection };
    let changed = |collection| Finding::RowsChanged { collection };
    for (what, statements, expected) in [
        ("row removed", format!("DELETE FROM main.record WHERE {OF_DRAFT} AND id % 8 = 2"), vec![missing(draft)]),
        ("all rows removed", "DELETE FROM main.record".into(), vec![missing(credential), missing(draft)]),
        (
            "older value put back",
            format!("UPDATE main.record SET (mark, sealed) = (SELECT mark, sealed FROM old.record WHERE old.record.id = main.record.id) WHERE {OF_CREDENTIAL} AND id % 8 = 1"),
            vec![changed(credential)],
        ),
        (
            "removed row put back",
            "INSERT INTO main.record SELECT * FROM old.record WHERE id NOT IN (SELECT id FROM main.record)".into(),
            vec![changed(credential)],
        ),
        (
            "all rows of the older copy under the newer manifest",
            "DELETE FROM main.record; INSERT INTO main.record SELECT * FROM old.record".into(),
            vec![changed(credential)],
        ),
        ("row copied under another key", format!("INSERT INTO main.record SELECT id + 100, randomblob(32), mark, sealed FROM main.record WHERE {OF_DRAFT} LIMIT 1"), vec![changed(draft)]),
        ("manifest removed", "DELETE FROM main.meta WHERE name = 'manifest'".into(), vec![Finding::ManifestLost]),
        ("manifest exchanged", "UPDATE main.meta SET value = (SELECT value FROM main.meta WHERE name = 'key_check') WHERE name = 'manifest'".into(), vec![Finding::ManifestLost]),
        ("older manifest over newer rows", "UPDATE main.meta SET value = (SELECT value FROM old.meta WHERE name = 'manifest') WHERE name = 'manifest'".into(), vec![changed(credential)]),
    ] as [(&str, String, Vec<Finding>); 9]
    {
        let place = filled();
        let vault = place.open().unwrap();
        vault.put(Collection::Credential, "5", "to be used").unwrap();
        drop(vault);
        let older = place.files().remove("store").unwrap();
        let vault = place.open().unwrap();
        vault.put(Collection::Credential, "0", "used").unwrap();
        vault.remove(Collection::Credential, "5").unwrap();
        drop(vault);
        splice(&place, &older, &statements);
        let vault = place.open().unwrap();
        // An older manifest knows one row more.
        let same = vault.findings() == expected || (what.starts_with("older manifest") && vault.findings() == [missing(credential)]);
        assert!(same, "{what}: {:?}", vault.findings());
        // It stays until it is repaired, whatever is written meanwhile.
        vault.put(Collection::Setting, "a", "b").unwrap();
        vault.put(Collection::Draft, "new", "text").unwrap();
        let found = vault.findings().to_vec();
        drop(vault);
        let mut vault = place.open().unwrap();
        assert_eq!(vault.findings(), found, "{what}");
        assert_eq!(vault.find(Collection::Draft, "new"), Ok(Some("text".to_owned())), "{what}");
        let report = vault.repair(5).unwrap();
        assert!(!report.is_empty(), "{what}");
        assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])), "{what}");
        drop(vault);
        let vault = place.open().unwrap();
        assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])), "{what}");
        assert_eq!(vault.find(Collection::Draft, "new"), Ok(Some("text".to_owned())), "{what}");
    }
}

#[test]
fn repair_drops_what_can_be_fetched_again_and_keeps_and_marks_what_the_holder_made() {
    let place = filled();
    place.tamper(&format!(
        "DELETE FROM record WHERE {OF_CREDENTIAL} AND id % 8 = 1; DELETE FROM record WHERE {OF_DRAFT} AND id % 8 = 1;
         UPDATE record SET sealed = x'00' WHERE {OF_DRAFT} AND id % 8 = 2;"
    ));
    let mut vault = place.open().unwrap();
    let report = vault.repair(5).unwrap();
    let told: Vec<_> = report.iter().map(|done| (done.collection, done.kept, done.code)).collect();
    assert_eq!(
        told,
        [(Some(Collection::Credential), 0, Code::RECORDS_MISSING), (Some(Collection::Draft), 2, Code::RECORDS_MISSING)]
    );
    for vault in [&vault, &place.open().unwrap()] {
        assert_eq!(all(vault, Collection::Credential), Ok((vec![], 0)));
        assert_eq!(all(vault, Collection::Draft).map(|(items, damaged)| (items.len(), damaged)), Ok((2, 0)));
        assert!(vault.is_marked(Collection::Draft) && !vault.is_marked(Collection::Credential));
        assert_eq!(vault.verify_history(), Ok(3));
    }
    vault.clear_mark(Collection::Draft).unwrap();
    drop(vault);
    assert!(!place.open().unwrap().is_marked(Collection::Draft));
}

#[test]
fn record_that_does_not_open_goes_alone() {
    let place = filled();
    place.tamper(&format!("UPDATE record SET sealed = x'00' WHERE {OF_CREDENTIAL} AND id % 8 = 2"));
    let mut vault = place.open().unwrap();
    assert_eq!(vault.findings(), []);
    let found = vault.check_all().unwrap();
    assert!(matches!(found.as_slice(), [Finding::RecordDamaged { collection: Collection::Credential, .. }]));
    assert_eq!(found.first().map(Finding::code), Some(Code::RECORD_DAMAGED));
    let report = vault.repair(5).unwrap();
    assert!(matches!(report.as_slice(), [done] if done.kept == 3 && done.lost == 1));
    assert_eq!(vault.check_all(), Ok(vec![]));
}

#[test]
fn broken_history_goes_on_behind_an_entry_that_says_so() {
    for (statements, kept, lost) in [
        ("DELETE FROM history WHERE seq = 2", 3, 1),
        ("DELETE FROM history WHERE seq = 3", 3, 1),
        ("UPDATE history SET sealed = x'' WHERE seq = 1", 4, 0),
    ] {
        let place = filled();
        place.tamper(statements);
        let mut vault = place.open().unwrap();
        assert_eq!(vault.append_history(&entry(4)), Ok(4), "{statements}: nothing blocks what comes");
        let report = vault.repair(77).unwrap();
        let told = eid_vault::Repaired { collection: None, kept, lost, code: Code::HISTORY_BROKEN };
        assert_eq!(report, [told], "{statements}: no collection is concerned");
        assert_eq!(vault.append_history(&entry(5)), Ok(6));
        for vault in [&vault, &place.open().unwrap()] {
            assert_eq!(vault.verify_history(), Ok(6), "{statements}");
            let page = vault.list_history(None, 50).unwrap();
            let repaired = page.items.iter().find(|(seq, _)| *seq == 5).unwrap();
            assert_eq!((repaired.1.act, repaired.1.at), (Act::Repaired, 77));
            assert_eq!(repaired.1.result, Some(Code::HISTORY_BROKEN));
            assert!(page.items.contains(&(4, entry(4))), "older entries are still shown");
        }
    }
}

#[test]
fn two_vaults_of_one_file_do_not_contradict_each_other() {
    let place = filled();
    let (one, other) = (place.open().unwrap(), place.open().unwrap());
    for n in 0..4 {
        one.put(Collection::Draft, &n.to_string(), "by one").unwrap();
        other.put(Collection::Draft, &(n + 2).to_string(), "by the other").unwrap();
        one.append_history(&entry(10 + n)).unwrap();
        other.append_history(&entry(20 + n)).unwrap();
    }
    assert_eq!(one.verify_history(), other.verify_history());
    drop((one, other));
    let vault = place.open().unwrap();
    assert_eq!((vault.findings(), vault.verify_history()), ([].as_slice(), Ok(11)));
}

#[test]
fn lost_key_of_a_compartment_takes_its_records_only_and_is_made_anew() {
    let place = filled();
    place.open().unwrap().put(Collection::HealthRecord, "a", "x").unwrap();
    place.tamper("UPDATE meta SET value = x'00' WHERE name = 'compartment_health'");
    let mut vault = place.open().unwrap();
    let slot = Collection::HealthRecord.slot();
    assert_eq!(vault.findings(), [Finding::CompartmentLost { slot }]);
    assert_eq!(vault.find::<String>(Collection::HealthRecord, "a"), Err(VaultError::Damaged(Collection::HealthRecord)));
    assert_eq!(vault.put(Collection::HealthRecord, "b", "x"), Err(VaultError::CompartmentLost(slot)));
    vault.put(Collection::PartyRecord, "b", "x").unwrap();
    vault.repair(5).unwrap();
    vault.put(Collection::HealthRecord, "b", "x").unwrap();
    drop(vault);
    let vault: Vault = place.open().unwrap();
    assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
    assert_eq!(vault.find(Collection::HealthRecord, "b"), Ok(Some("x".to_owned())));
}

#[test]
fn older_copy_found_out_gives_up_what_can_be_fetched_and_keeps_what_the_holder_made() {
    let place = filled();
    let older = place.open().unwrap().generation();
    let mut vault = place.open().unwrap();
    assert_eq!(vault.go_on_from_copy(older, 7), Ok(vec![]), "not older");
    let known = older + 20;
    let report = vault.go_on_from_copy(known, 7).unwrap();
    let of = |collection| report.iter().find(|repaired| repaired.collection == Some(collection)).copied().unwrap();
    assert_eq!((of(Collection::Credential).kept, of(Collection::Credential).lost), (0, 4));
    assert_eq!((of(Collection::Draft).kept, of(Collection::Draft).lost), (4, 0));
    assert!(report.iter().all(|repaired| repaired.code == Code::STORE_ROLLED_BACK) && report.len() == 2);
    assert!(vault.is_marked(Collection::Draft) && !vault.is_marked(Collection::Credential));
    assert!(vault.generation() > known);
    drop(vault);
    let mut vault = place.open().unwrap();
    assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])));
    let (_, last) = vault.list_history(None, 1).unwrap().items.remove(0);
    assert_eq!((last.act, last.result, last.at), (Act::Repaired, Some(Code::STORE_ROLLED_BACK), 7));
    assert_eq!(vault.go_on_from_copy(known, 8), Ok(vec![]));
}
