//! Golden databases: one file of each released schema in `tests/golden`, made by the program of its time and never changed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eid_crypto::{SecretBytes, SecretKey, SystemRandom};
use eid_vault::{Act, Collection, Finding, HistoryEntry, Vault, VaultError};

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

/// What schema 2 could hold besides, and an attachment.
const ADDED_BY_SCHEMA_2: [(Collection, &str, &str); 7] = [
    (Collection::Record, "vehicle", "record"),
    (Collection::PartyRecord, "card", "party record"),
    (Collection::HealthRecord, "insurance", "health record"),
    (Collection::Draft, "form", "draft"),
    (Collection::Outbox, "form", "to be sent"),
    (Collection::Receipt, "form", "receipt"),
    (Collection::HardwareKey, "c-0", "to be removed"),
];

/// What schema 3 could hold besides.
const ADDED_BY_SCHEMA_3: [(Collection, &str, &str); 2] =
    [(Collection::Consent, "k-1", "consent"), (Collection::DataRequest, "r-1", "request")];
const ATTACHMENT: &[u8] = b"content of an attachment";

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

fn read(vault: &Vault) {
    for (collection, key, value) in OF_SCHEMA_1 {
        assert_eq!(vault.find(collection, key), Ok(Some(value.to_owned())));
    }
    let shown = vault.list_history(None, 50).unwrap();
    assert_eq!(shown.items.into_iter().map(|(_, entry)| entry).rev().collect::<Vec<_>>(), history());
    assert_eq!((vault.verify_history(), vault.findings(), vault.check_all()), (Ok(3), [].as_slice(), Ok(vec![])));
}

fn open_copy(folder: &Path, schema: u32, tamper: &str) -> Result<Vault, VaultError> {
    let path = folder.join("store");
    std::fs::copy(golden(schema), &path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(tamper).unwrap();
    Vault::open(&path, &vault_key(), Arc::new(SystemRandom::new()))
}

#[test]
fn store_of_schema_1_is_brought_up_to_date_with_all_that_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = open_copy(folder.path(), 1, "").unwrap();
    read(&vault);
    vault.put(Collection::Draft, "new", "text").unwrap();
    vault.put(Collection::HealthRecord, "new", "text").unwrap();
    drop(vault);
    vault = Vault::open(&folder.path().join("store"), &vault_key(), Arc::new(SystemRandom::new())).unwrap();
    read(&vault);
    assert_eq!(vault.find(Collection::HealthRecord, "new"), Ok(Some("text".to_owned())));
}

fn read_since_2(vault: &Vault) {
    read(vault);
    for (collection, key, value) in ADDED_BY_SCHEMA_2 {
        assert_eq!(vault.find(collection, key), Ok(Some(value.to_owned())));
    }
    assert_eq!(&**vault.read_attachment("photo", 0).unwrap().unwrap(), ATTACHMENT);
}

#[test]
fn store_of_schema_2_is_brought_up_to_date_with_all_that_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open_copy(folder.path(), 2, "").unwrap();
    read_since_2(&vault);
    assert_eq!(vault.generation(), 3, "the store was at generation 2");
    for (collection, key, value) in ADDED_BY_SCHEMA_3 {
        vault.put(collection, key, value).unwrap();
    }
    drop(vault);
    let vault = Vault::open(&folder.path().join("store"), &vault_key(), Arc::new(SystemRandom::new())).unwrap();
    read_since_2(&vault);
    for (collection, key, value) in ADDED_BY_SCHEMA_3 {
        assert_eq!(vault.find(collection, key), Ok(Some(value.to_owned())));
    }
}

#[test]
fn damage_in_a_store_of_schema_2_stays_a_finding_through_the_step() {
    let missing = |collection| vec![Finding::RowsMissing { collection }];
    for (tamper, expected) in [
        ("DELETE FROM record WHERE id >> 48 = 9", missing(Collection::Draft)),
        ("DELETE FROM meta WHERE name = 'manifest'", vec![Finding::ManifestLost]),
        ("UPDATE meta SET value = x'0101' WHERE name = 'manifest'", vec![Finding::ManifestLost]),
        ("DELETE FROM history WHERE seq = 3", vec![Finding::HistoryBroken { seq: 3 }]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = open_copy(folder.path(), 2, tamper).unwrap();
        assert_eq!(vault.findings(), expected, "{tamper}");
        vault.repair(5).unwrap();
        assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])), "{tamper}");
    }
}

#[test]
fn store_of_schema_3_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open_copy(folder.path(), 3, "").unwrap();
    read_since_2(&vault);
    for (collection, key, value) in ADDED_BY_SCHEMA_3 {
        assert_eq!(vault.find(collection, key), Ok(Some(value.to_owned())));
    }
    assert_eq!(vault.generation(), 2);
}

#[test]
fn damage_in_a_store_of_schema_1_is_a_finding_and_takes_nothing_else() {
    let changed = |collection| Finding::RowsChanged { collection };
    for (tamper, expected) in [
        (
            "UPDATE record SET sealed = zeroblob(99) WHERE collection = 3 AND id % 2 = 0",
            vec![changed(Collection::Credential)],
        ),
        ("UPDATE record SET sealed = x'0101' WHERE collection = 5", vec![changed(Collection::Setting)]),
        ("UPDATE record SET layout = 9 WHERE collection = 2", vec![changed(Collection::Grant)]),
        ("UPDATE record SET collection = 2 WHERE collection = 4", vec![changed(Collection::Grant)]),
        ("UPDATE record SET collection = 99 WHERE collection = 4", vec![]),
        ("DELETE FROM history WHERE seq = 2", vec![Finding::HistoryBroken { seq: 2 }]),
        ("DELETE FROM history WHERE seq = 3", vec![Finding::HistoryBroken { seq: 3 }]),
        ("DELETE FROM meta WHERE name = 'history_head'", vec![Finding::HistoryBroken { seq: 0 }]),
        ("UPDATE meta SET value = x'00' WHERE name = 'history_head'", vec![Finding::HistoryBroken { seq: 0 }]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = open_copy(folder.path(), 1, tamper).unwrap();
        assert_eq!(vault.findings(), expected, "{tamper}");
        assert_eq!(vault.find(Collection::Account, "account"), Ok(Some(OF_SCHEMA_1[0].2.to_owned())), "{tamper}");
        vault.repair(5).unwrap();
        assert_eq!((vault.findings(), vault.check_all()), ([].as_slice(), Ok(vec![])), "{tamper}");
    }
}

/// Makes it the first time, which is when the schema is released; from then on it is never made again.
#[test]
fn present_schema_has_a_golden_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut vault = Vault::create(&path, &vault_key(), STORE_ID, Arc::new(SystemRandom::new())).unwrap();
    let filled = vault.transaction(|vault| {
        let records = OF_SCHEMA_1.into_iter().chain(ADDED_BY_SCHEMA_2).chain(ADDED_BY_SCHEMA_3);
        records.into_iter().try_for_each(|(collection, key, value)| vault.put(collection, key, value))?;
        vault.begin_attachment("photo", "image/png")?;
        vault.finish_attachment("photo", ATTACHMENT)?;
        history().iter().try_for_each(|entry| vault.append_history(entry).map(drop))
    });
    assert_eq!(filled, Ok::<_, VaultError>(()));
    drop(vault);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    drop(connection);
    if !golden(schema).exists() {
        std::fs::copy(&path, golden(schema)).unwrap();
        panic!("golden database of schema {schema} made: commit it");
    }
}
