//! Golden databases: one file of each released schema in `tests/golden`, made by the program of its time and never changed.

use std::{path::PathBuf, sync::Arc};

use eid_crypto::{SecretBytes, SecretKey, SystemRandom};
use eid_vault::{Act, Collection, HistoryEntry, Vault, VaultError};

/// Vault key and store id of all golden databases; also in `tests/golden/README.md`.
const VAULT_KEY: [u8; 32] = [0x47; 32];
const STORE_ID: [u8; 16] = [0x6f; 16];

/// What schema 1 could hold, as written: collection, key, value.
const OF_SCHEMA_1: [(Collection, &str, &str); 7] = [
    (Collection::Account, "account", "000199000123 Trần Thị Mẫu"),
    (Collection::Grant, "level-2", "grant of level 2"),
    (Collection::Credential, "c-1", "token one"),
    (Collection::Credential, "c-2", "token two"),
    (Collection::TrustData, "trust-list", "list 7"),
    (Collection::Setting, "language", "vi"),
    (Collection::Setting, "theme", "dark"),
];

fn vault_key() -> SecretKey {
    SecretKey::parse(&SecretBytes::new(VAULT_KEY.to_vec())).unwrap()
}

fn golden(schema: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/schema-{schema}.store"))
}

fn history() -> [HistoryEntry; 3] {
    let entry = |number: i64, act, counterpart: &str, fields: &[&str]| HistoryEntry {
        at: 1_790_000_000 + number,
        act,
        counterpart: counterpart.into(),
        fields: fields.iter().map(|&field| field.to_owned()).collect(),
        purpose: "Mở tài khoản".into(),
        result: None,
    };
    [
        entry(1, Act::Activated, "", &[]),
        entry(2, Act::Updated, "", &[]),
        entry(3, Act::Presented, "Quầy số 3", &["name", "birth_date"]),
    ]
}

/// Run once when a schema is released: `cargo test -p eid-vault --test vault -- --ignored make_golden`.
#[test]
#[ignore = "makes a file of the repository"]
fn make_golden_of_this_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut vault = Vault::create(&path, &vault_key(), STORE_ID, Arc::new(SystemRandom::new())).unwrap();
    let filled = vault.transaction(|vault| {
        OF_SCHEMA_1.into_iter().try_for_each(|(collection, key, value)| vault.put(collection, key, value))?;
        history().iter().try_for_each(|entry| vault.append_history(entry).map(drop))
    });
    assert_eq!(filled, Ok::<_, VaultError>(()));
    drop(vault);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    drop(connection);
    assert!(!golden(schema).exists(), "a golden database is never made again");
    std::fs::copy(&path, golden(schema)).unwrap();
}
