//! The store, given any bytes as its database file.

use std::{fs, path::Path, sync::Arc};

use eid_crypto::{Random, SecretBytes, SecretKey, SystemRandom};
use eid_vault::{Act, Collection, Finding, HistoryEntry, Page, Vault, VaultError};

/// What the golden database holds (`core/crates/vault/tests/golden`), which is one of the seeds; the other seeds hold values
/// that are their own keys.
const GOLDEN: [(&str, &str); 7] = [
    ("account", "000199000123 Trần Thị Mẫu"),
    ("level-2", "grant of level 2"),
    ("c-1", "token one"),
    ("c-2", "token two"),
    ("trust-list", "list 7"),
    ("language", "vi"),
    ("theme", "dark"),
];
/// The first entry's moment is one second later.
const HISTORY_START: i64 = 1_790_000_000;
/// When damage is repaired.
const NOW: i64 = 1_795_348_800;

/// Bytes that SQLite takes as a database, opened with the key of the corpus's seeds: opens, is salvaged or refused, gives out
/// nothing that the seeds do not hold, and is whole again after a repair.
pub fn vault_database(data: &[u8]) {
    let Ok(folder) = scratch() else { return };
    let path = folder.path().join("store");
    if fs::write(&path, data).is_err() {
        return;
    }
    let Ok(key) = SecretKey::parse(&SecretBytes::new(vec![0x47; 32])) else { return };
    let rng: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let opened = match Vault::open(&path, &key, Arc::clone(&rng)) {
        Err(VaultError::FileDamaged) => Vault::salvage(&path, &key, [2; 16], NOW, Arc::clone(&rng)).map(|made| made.0),
        opened => opened,
    };
    let Ok(mut vault) = opened else { return };
    read_all(&vault);
    let Ok(found) = vault.check_all() else { return };
    let history_fits =
        !found.iter().any(|finding| matches!(finding, Finding::HistoryBroken { .. } | Finding::ManifestLost));
    assert!(!history_fits || history_opens(&vault), "damage that the chain does not show");
    // From here on it is a store like any other.
    if vault.repair(NOW).is_ok() {
        assert_eq!(vault.check_all(), Ok(Vec::new()), "damage that a repair leaves");
        assert_eq!(vault.put(Collection::Setting, "first", "first"), Ok(()), "a repaired store takes no record");
        read_all(&vault);
    }
}

fn read_all(vault: &Vault) {
    for collection in Collection::ALL {
        read(vault, collection);
    }
    read_attachment(vault);
    read_history(vault);
}

fn check(key: &str, value: &str) {
    assert!(key == value || GOLDEN.contains(&(key, value)), "a value that was never stored");
}

fn read(vault: &Vault, collection: Collection) {
    let mut after = None;
    // A page has 50 entries; a damaged tree of pages must not go round for ever.
    for _ in 0..100 {
        let Ok(page) = vault.list::<String>(collection, after, 50) else { return };
        for (key, value) in page.items {
            check(&key, &value);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for key in ["first", "second"] {
        if let Ok(Some(value)) = vault.find::<String>(collection, key) {
            check(key, &value);
        }
    }
}

fn read_attachment(vault: &Vault) {
    for number in 0..100 {
        match vault.read_attachment("photo", number) {
            Ok(Some(chunk)) => assert!(chunk.iter().all(|byte| *byte == 0x5a), "a chunk that was never stored"),
            Ok(None) | Err(_) => return,
        }
    }
}

fn read_history(vault: &Vault) {
    let mut before = None;
    for _ in 0..100 {
        let Ok(page) = vault.list_history(before, 50) else { return };
        for (number, entry) in &page.items {
            let place = i64::try_from(*number).ok();
            assert!(
                place == Some(entry.at - HISTORY_START) || entry.act == Act::Repaired,
                "an entry in another's place"
            );
        }
        before = page.next;
        if before.is_none() {
            return;
        }
    }
}

/// An entry before the chain's beginning, as a repair may leave it, counts as well.
fn history_opens(vault: &Vault) -> bool {
    let repaired = |page: &Page<(u64, HistoryEntry)>| page.items.iter().any(|(_, entry)| entry.act == Act::Repaired);
    vault.list_history(None, 50).is_ok_and(|page| page.damaged.is_empty() || repaired(&page))
}

/// In memory where there is such a folder: thousands of files are written.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}
