//! The store, given any bytes as its database file.

use std::{fs, path::Path, sync::Arc};

use eid_crypto::{SecretBytes, SecretKey, SystemRandom};
use eid_vault::{Collection, Vault, VaultError};

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

/// Bytes that SQLite takes as a database, opened with the key of the corpus's seeds: opens or is refused, and gives out
/// nothing that the seeds do not hold.
pub fn vault_database(data: &[u8]) {
    let Ok(folder) = scratch() else { return };
    let path = folder.path().join("store");
    if fs::write(&path, data).is_err() {
        return;
    }
    let key = SecretKey::parse(&SecretBytes::new(vec![0x47; 32]));
    let Ok(mut vault) = key.map_err(VaultError::from).and_then(|key| open(&path, &key)) else { return };
    for collection in Collection::ALL {
        read(&vault, collection);
    }
    read_history(&vault);
    let _written = vault.transaction(|vault| vault.put(Collection::Setting, "first", "first"));
    let _removed = vault.remove(Collection::Account, "second");
    read(&vault, Collection::Setting);
}

fn open(path: &Path, key: &SecretKey) -> Result<Vault, VaultError> {
    Vault::open(path, key, Arc::new(SystemRandom::new()))
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

fn read_history(vault: &Vault) {
    let whole = vault.verify_history();
    let mut before = None;
    for _ in 0..100 {
        let Ok(page) = vault.list_history(before, 50) else { return };
        for (number, entry) in &page.items {
            assert_eq!(i64::try_from(*number).ok(), Some(entry.at - HISTORY_START), "an entry in another's place");
        }
        assert!(page.damaged.is_empty() || whole.is_err(), "damage that the chain does not show");
        before = page.next;
        if before.is_none() {
            break;
        }
    }
}

/// In memory where there is such a folder: thousands of files are written.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}
