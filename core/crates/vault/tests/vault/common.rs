//! A store in a folder of its own, closed and opened at will.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use eid_crypto::{SecretKey, SystemRandom};
use eid_vault::{Act, Collection, HistoryEntry, Vault, VaultError};
use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) vault_key: SecretKey,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, vault_key: SecretKey::make(&SystemRandom::new()).unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn create(&self) -> Vault {
        Vault::create(&self.path(), &self.vault_key, [1; 16], Arc::new(SystemRandom::new())).unwrap()
    }

    pub(crate) fn open(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.path(), &self.vault_key, Arc::new(SystemRandom::new()))
    }

    /// Runs statements on the closed store as somebody who has the file and not the key.
    pub(crate) fn tamper(&self, statements: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(statements).unwrap();
        // Everything into the one file, so that tests may look at its bytes.
        let mode: String = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(String::new())).unwrap();
        drop(mode);
    }

    /// Every file in the folder with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files
            .map(|file| file.unwrap())
            .map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()))
            .collect()
    }
}

pub(crate) fn entry(number: i64) -> HistoryEntry {
    HistoryEntry {
        at: 1_790_000_000 + number,
        act: Act::Presented,
        counterpart: format!("Quầy số {number}"),
        fields: vec!["name".into(), "birth_date".into()],
        purpose: "Mở tài khoản".into(),
        result: None,
    }
}

/// All values of a collection, and how many do not open.
pub(crate) fn all(vault: &Vault, collection: Collection) -> Result<(Vec<(String, String)>, usize), VaultError> {
    let (mut items, mut damaged, mut after) = (Vec::new(), 0, None);
    loop {
        let page = vault.list(collection, after, 50)?;
        items.extend(page.items);
        damaged += page.damaged.len();
        assert!(page.next.is_none() || page.next > after, "pages move on");
        after = page.next;
        if after.is_none() {
            return Ok((items, damaged));
        }
    }
}
