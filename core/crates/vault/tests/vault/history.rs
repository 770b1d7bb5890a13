//! The holder's history: pages and the chain, with everything done to it that can be done without the key.

use crate::common::{Place, entry};
use eid_model::Code;
use eid_vault::{Act, Finding, HistoryEntry, VaultError};

/// A closed store with so many entries.
fn place_with(entries: i64) -> Place {
    let place = Place::new();
    let vault = place.create();
    for number in 1..=entries {
        assert_eq!(vault.append_history(&entry(number)).unwrap(), u64::try_from(number).unwrap());
    }
    place
}

#[test]
fn pages_go_back_from_the_newest_entry() {
    let vault = place_with(120).open().unwrap();
    let (mut seen, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = vault.list_history(before, 1000).unwrap();
        assert!(page.items.len() <= 50 && page.damaged.is_empty());
        seen.extend(page.items);
        (before, pages) = (page.next, pages + 1);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    let expected: Vec<(u64, HistoryEntry)> =
        (1..=120).rev().map(|number| (u64::try_from(number).unwrap(), entry(number))).collect();
    assert_eq!(seen, expected);
    assert_eq!(vault.verify_history(), Ok(120));
    assert_eq!(vault.list_history(Some(3), 10).unwrap().items, [(2, entry(2)), (1, entry(1))]);
}

#[test]
fn entry_comes_back_with_each_of_its_fields() {
    let place = Place::new();
    let vault = place.create();
    let refused = HistoryEntry { act: Act::Updated, result: Some(Code::Q07_AUDIENCE), ..entry(1) };
    vault.append_history(&refused).unwrap();
    assert_eq!(vault.list_history(None, 1).unwrap().items, [(1, refused.clone())]);
    assert_eq!(format!("{refused:?}"), "HistoryEntry { act: Updated, result: Some(Q07_AUDIENCE(5007)), .. }");
    let long = HistoryEntry { purpose: "x".repeat(5000), ..entry(2) };
    assert_eq!(vault.append_history(&long), Err(VaultError::TooLarge));
    assert_eq!(vault.append_history(&entry(2)), Ok(2));
    assert_eq!(vault.verify_history(), Ok(2));
}

#[test]
fn what_is_done_to_the_history_without_the_key_shows() {
    let swap = |a: u64, b: u64| {
        format!(
            "UPDATE history SET seq = 1000 WHERE seq = {a}; UPDATE history SET seq = {a} WHERE seq = {b};
             UPDATE history SET seq = {b} WHERE seq = 1000;"
        )
    };
    for (what, statements, broken_at) in [
        ("first removed", "DELETE FROM history WHERE seq = 1".into(), 1),
        ("middle removed", "DELETE FROM history WHERE seq = 4".into(), 4),
        (
            "middle removed and the rest moved up",
            "DELETE FROM history WHERE seq = 4; UPDATE history SET seq = seq - 1 WHERE seq > 4;".into(),
            4,
        ),
        ("last removed", "DELETE FROM history WHERE seq = 7".into(), 7),
        ("all removed", "DELETE FROM history".into(), 1),
        ("two swapped", swap(2, 5), 2),
        (
            "one written over another",
            "UPDATE history SET sealed = (SELECT sealed FROM history WHERE seq = 2) WHERE seq = 3".into(),
            3,
        ),
        ("one put in twice", "INSERT INTO history SELECT 8, sealed FROM history WHERE seq = 7".into(), 8),
        ("one put in before", "INSERT INTO history SELECT 0, sealed FROM history WHERE seq = 7".into(), 0),
        ("negative number", "INSERT INTO history SELECT -1, sealed FROM history WHERE seq = 7".into(), 0),
        ("emptied", "UPDATE history SET sealed = x'' WHERE seq = 5".into(), 5),
    ] as [(&str, String, u64); 11]
    {
        let place = place_with(7);
        place.tamper(&statements);
        let vault = place.open().unwrap();
        let found = vault.check_all().unwrap();
        assert!(matches!(found.as_slice(), [Finding::HistoryBroken { .. }, ..]), "{what}: {found:?}");
        if broken_at > 0 {
            assert_eq!(vault.verify_history(), Err(VaultError::HistoryBroken { seq: broken_at }), "{what}");
        }
        if let Ok(page) = vault.list_history(None, 50) {
            for (seq, shown) in page.items {
                assert_eq!(shown, entry(i64::try_from(seq).unwrap()), "{what}: shows no entry in another's place");
            }
        }
    }
}

#[test]
fn history_of_an_older_copy_under_the_newer_end_shows() {
    let place = place_with(3);
    let older = place.files();
    place.open().unwrap().append_history(&entry(4)).unwrap();
    let old_path = place.folder.path().join("older");
    std::fs::write(&old_path, &older["store"]).unwrap();
    place.tamper(&format!(
        "ATTACH '{}' AS old; DELETE FROM history; INSERT INTO history SELECT * FROM old.history;",
        old_path.display()
    ));
    assert_eq!(place.open().unwrap().verify_history(), Err(VaultError::HistoryBroken { seq: 4 }));
}

#[test]
fn entry_of_another_continuation_under_the_same_number_shows() {
    let place = place_with(2);
    let fork = place.files();
    let append_three = |from: i64| {
        let vault = place.open().unwrap();
        for number in from..from + 3 {
            vault.append_history(&entry(number)).unwrap();
        }
    };
    append_three(30);
    let other = place.folder.path().join("other");
    std::fs::rename(place.path(), &other).unwrap();
    std::fs::write(place.path(), &fork["store"]).unwrap();
    append_three(3);
    assert_eq!(place.open().unwrap().verify_history(), Ok(5));
    // Entry 3 of the other store opens here, for key, number and what came before are the same; entry 4 tells.
    for (seq, broken_at) in [(3, 4), (4, 5), (5, 5)] {
        let from = format!("(SELECT sealed FROM other.history WHERE seq = {seq})");
        place.tamper(&format!(
            "ATTACH '{}' AS other; UPDATE main.history SET sealed = {from} WHERE seq = {seq};",
            other.display()
        ));
        assert_eq!(place.open().unwrap().verify_history(), Err(VaultError::HistoryBroken { seq: broken_at }));
    }
}

#[test]
fn damaged_entry_is_named_in_its_page_and_the_others_are_shown() {
    let place = place_with(5);
    place.tamper("UPDATE history SET sealed = zeroblob(100) WHERE seq = 3");
    let vault = place.open().unwrap();
    let page = vault.list_history(None, 50).unwrap();
    assert_eq!(page.damaged, [3]);
    assert_eq!(page.items.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [5, 4, 2, 1]);
    assert_eq!(vault.append_history(&entry(6)), Ok(6), "life goes on");
}

/// Where the child process finds the store.
#[cfg(target_os = "linux")]
const PLACE: &str = "EID_TEST_HISTORY";

/// A figure of this process, in KiB.
#[cfg(target_os = "linux")]
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn hundred_thousand_entries_are_paged_walked_and_exported_in_little_memory() {
    let place = Place::new();
    let mut vault = place.create();
    vault.transaction(|vault| (1..=100_000).try_for_each(|n| vault.append_history(&entry(n)).map(drop))).unwrap();
    drop(vault);
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::child_that_reads_a_long_history", "--nocapture"])
        .env(PLACE, place.path())
        .env("EID_TEST_KEY", place.vault_key.expose().map(|byte| byte.to_string()).join(" "))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{told}{}", String::from_utf8_lossy(&child.stderr));
    println!("{}", told.lines().find(|line| line.contains("growth")).unwrap());
}

/// The other half of the test before, in a process of its own; by itself it does nothing.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "what the parent process says")]
fn child_that_reads_a_long_history() {
    let Ok(path) = std::env::var(PLACE) else { return };
    let key = std::env::var("EID_TEST_KEY").unwrap();
    let key = key.split(' ').map(|byte| byte.parse().unwrap()).collect();
    let key = eid_crypto::SecretKey::parse(&eid_crypto::SecretBytes::new(key)).unwrap();
    let rng = std::sync::Arc::new(eid_crypto::SystemRandom::new());
    let before = memory("VmRSS:");
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let vault = eid_vault::Vault::open(path.as_ref(), &key, rng).unwrap();
    let (mut seen, mut from) = (0, None);
    loop {
        let page = vault.list_history(from, 50).unwrap();
        seen += page.items.len();
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let exported: usize = vault.export_history(None).map(|page| page.unwrap().items.len()).sum();
    assert_eq!((seen, exported, vault.verify_history()), (100_000, 100_000, Ok(100_000)));
    let growth = memory("VmHWM:") - before;
    println!("growth by opening, paging, exporting and walking 100000 entries: {growth} KiB");
    assert!(growth <= 8 * 1024, "{growth} KiB");
}

#[test]
fn chain_is_walked_in_parts_and_from_where_it_was_left() {
    let place = place_with(10);
    let vault = place.open().unwrap();
    for _ in 0..3 {
        assert_eq!(vault.verify_history_part(3), Ok(false));
    }
    assert_eq!(vault.verify_history_part(3), Ok(true));
    vault.append_history(&entry(11)).unwrap();
    // What was walked is not looked at again, unless another connection wrote.
    vault.append_history(&entry(12)).unwrap();
    assert_eq!(vault.verify_history_part(2), Ok(false));
    assert_eq!(vault.verify_history_part(2), Ok(true));
    place.tamper("DELETE FROM history WHERE seq = 2");
    assert_eq!(vault.verify_history(), Err(VaultError::HistoryBroken { seq: 2 }));
}

#[test]
fn walk_goes_on_in_another_opening_from_its_mark() {
    let place = place_with(10);
    let vault = place.open().unwrap();
    assert_eq!(vault.verify_history_part(6), Ok(false));
    let mark = vault.history_mark();
    drop(vault);
    let vault = place.open().unwrap();
    vault.resume_history(&mark);
    assert_eq!((vault.verify_history_part(3), vault.verify_history_part(3)), (Ok(false), Ok(true)));
    // A mark that the chain does not pass through.
    let other = place_with(10);
    let other = other.open().unwrap();
    other.resume_history(&mark);
    assert_eq!(other.verify_history_part(3), Err(VaultError::HistoryBroken { seq: 7 }));
}
