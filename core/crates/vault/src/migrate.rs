//! From an older schema to this one: numbered steps, one transaction each. A crash or an error in a step leaves the file as it
//! was before the step.

use eid_crypto::{CryptoError, KeySlot, seal};
use rusqlite::Row;

use crate::{
    Collection, Vault, VaultError,
    history::Head,
    records::place,
    schema::{LAYOUT, TABLES, VERSION},
    sealing::meta_place,
    store::STORE_ID,
    write::load_meta,
};

/// Version 1 did not count what it sealed; no store of it came near this many.
const SEALS_OF_1: u64 = 1 << 20;

/// Where version 1 kept the end of the history's chain.
const HEAD_OF_1: &str = "history_head";

impl Vault {
    /// Brings the file to this schema, one step after the other.
    pub(crate) fn migrate(&mut self) -> Result<(), VaultError> {
        let write = self.begin(true)?;
        // Read again under the lock: another process may have been quicker.
        let version: u32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            1 => self.migrate_from_1()?,
            2 => self.migrate_from_2()?,
            _ => {}
        }
        self.connection.pragma_update(None, "user_version", VERSION)?;
        write.commit()
    }

    /// 2 to 3: two collections more, of which the manifest has to speak. A lost one stays lost: [`Self::take_stock`] finds it.
    fn migrate_from_2(&self) -> Result<(), VaultError> {
        if let Some(manifest) = self.load_manifest()? {
            self.edit(|present| *present = manifest);
        }
        Ok(())
    }

    /// 1 to 3: marks beside the values, rows numbered by collection, manifest, keys of compartments.
    ///
    /// Each value stays sealed as it was. A record that does not open is kept, and the collection's damage becomes a finding.
    fn migrate_from_1(&self) -> Result<(), VaultError> {
        self.connection.execute_batch(
            "ALTER TABLE record RENAME TO record_1; ALTER TABLE history RENAME TO history_1;
             DROP INDEX record_by_collection;",
        )?;
        for (name, table) in TABLES {
            if name != "meta" {
                self.connection.execute(table, [])?;
            }
        }
        let store_id = load_meta(&self.connection, STORE_ID)?.and_then(|id| id.try_into().ok());
        self.store_id(&store_id.ok_or(VaultError::FileDamaged)?)?;
        self.make_compartments()?;
        let mut statement =
            self.connection.prepare("SELECT collection, key, layout, sealed FROM record_1 ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.take_record_of_1(row)?;
        }
        drop(rows);
        drop(statement);
        self.take_history_of_1()?;
        self.connection.execute_batch("DROP TABLE record_1; DROP TABLE history_1;")?;
        self.edit(|manifest| manifest.seals = manifest.seals.saturating_add(SEALS_OF_1));
        Ok(())
    }

    /// A row `collection, key, layout, sealed` of version 1. One of no collection was never to be seen.
    fn take_record_of_1(&self, row: &Row<'_>) -> Result<(), VaultError> {
        let number: i64 = row.get(0)?;
        let Some(collection) = usize::try_from(number - 1).ok().and_then(|index| Collection::ALL.get(index)) else {
            return Ok(());
        };
        let (row_key, sealed) =
            (row.get_ref(1)?.as_blob().unwrap_or_default(), row.get_ref(3)?.as_blob().unwrap_or_default());
        let opens = row.get::<_, i64>(2)? == i64::from(LAYOUT)
            && self.open_sealed(collection.slot(), &place(*collection, row_key), sealed).is_ok();
        match seal::split(sealed).filter(|_| opens) {
            Some((mark, body)) => self.store_row(*collection, row_key, &mark, body),
            None => {
                self.store_row(*collection, row_key, &[0; 28], sealed)?;
                self.edit(|manifest| manifest.edit(*collection, |table| table.changed = true));
                Ok(())
            }
        }
    }

    fn take_history_of_1(&self) -> Result<(), VaultError> {
        self.connection.execute("INSERT INTO history SELECT seq, sealed FROM history_1 WHERE layout = 1", [])?;
        let sealed = load_meta(&self.connection, HEAD_OF_1)?;
        let head = sealed.map(|sealed| self.open_sealed(KeySlot::History, &meta_place(HEAD_OF_1), &sealed));
        let head = match head.transpose() {
            Ok(plain) => plain.and_then(|plain| {
                let (seq, link) = plain.split_first_chunk()?;
                Some(Head { seq: u64::from_be_bytes(*seq), link: link.try_into().ok()? })
            }),
            Err(VaultError::Crypto(CryptoError::Damaged | CryptoError::UnknownFormat)) => None,
            Err(other) => return Err(other),
        };
        self.connection.execute("DELETE FROM meta WHERE name = ?1", [HEAD_OF_1])?;
        let last = self.last_link()?.unwrap_or(Head::EMPTY);
        self.edit(|manifest| manifest.head = head.unwrap_or(last));
        let broken_at = match self.verify_history() {
            Err(VaultError::HistoryBroken { seq }) => Some(seq),
            other => other.map(|_| head.is_none().then_some(0))?,
        };
        self.edit(|manifest| manifest.broken_at = broken_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use eid_crypto::{KeyRing, SecretBytes, SecretKey, SystemRandom};
    use rusqlite::Connection;

    use super::*;
    use crate::schema::connect;

    fn golden(folder: &Path) -> (std::path::PathBuf, SecretKey) {
        let path = folder.join("store");
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schema-1.store"), &path).unwrap();
        (path, SecretKey::parse(&SecretBytes::new(vec![0x47; 32])).unwrap())
    }

    fn version_and_rows(path: &Path) -> (u32, u32) {
        let connection = Connection::open(path).unwrap();
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        (version, connection.query_row("SELECT count(*) FROM record WHERE id > 0", [], |row| row.get(0)).unwrap())
    }

    #[test]
    fn step_that_finds_no_room_leaves_the_version_before_and_succeeds_later() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = golden(folder.path());
        let pages: u32 = connect(&path).unwrap().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let mut refused = 0;
        for room in 0..20 {
            let rng = Arc::new(SystemRandom::new());
            let keys = KeyRing::derive_from(&key, &[0x6f; 16]).unwrap();
            let mut vault = Vault::over(connect(&path).unwrap(), keys, rng);
            let query = format!("PRAGMA max_page_count = {}", pages + room);
            vault.connection.query_row(&query, [], |_| Ok(())).unwrap();
            let outcome = vault.migrate();
            drop(vault);
            if outcome.is_ok() {
                break;
            }
            assert_eq!(outcome, Err(VaultError::Full));
            assert_eq!(version_and_rows(&path), (1, 7), "with {room} pages more");
            refused += 1;
        }
        assert!(refused > 0 && version_and_rows(&path) == (VERSION, 7), "{refused}");
        assert_eq!(Vault::open(&path, &key, Arc::new(SystemRandom::new())).unwrap().findings(), []);
    }

    #[test]
    fn step_that_is_broken_off_leaves_the_version_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = golden(folder.path());
        // A table in the way of the step's last statements but one: everything before has been done.
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE VIEW history_1 AS SELECT 1;").unwrap();
        drop(connection);
        let opened = Vault::open(&path, &key, Arc::new(SystemRandom::new()));
        assert_eq!(opened.err(), Some(VaultError::FileDamaged));
        assert_eq!(version_and_rows(&path), (1, 7));
    }
}
