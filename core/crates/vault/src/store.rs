use std::{cell::Cell, path::Path, sync::Arc, time::Duration};

use eid_crypto::{CryptoError, KeyRing, KeySlot, Random, SecretKey, seal::Context};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, config::DbConfig, limits::Limit,
};
use zeroize::Zeroizing;

use crate::{
    MAX_VALUE, VaultError,
    file::{beside, make_private, publish},
    history::Head,
    schema::{APPLICATION_ID, LAYOUT, TABLES, VERSION, check_header, check_version},
};

/// How long a call waits for another connection before it gives [`VaultError::Busy`].
const BUSY: Duration = Duration::from_secs(3);

const STORE_ID: &str = "store_id";
const KEY_CHECK: &str = "key_check";

/// The encrypted store (kho dữ liệu): records by [`crate::Collection`], and the holder's history.
///
/// Calls block. A vault is `Send` and not `Sync`: the façade keeps it behind a mutex. Dropping it wipes its keys: that is
/// how it is locked. ring's own key states live for one operation only.
pub struct Vault {
    pub(crate) connection: Connection,
    keys: KeyRing,
    rng: Arc<dyn Random>,
    /// True while [`Vault::transaction`] runs its closure.
    in_transaction: Cell<bool>,
}

impl Vault {
    /// Makes an empty store at `path` and opens it. `store_id` is random: two stores of one vault key share no key.
    ///
    /// The store takes its name when it is complete, so that a crash leaves none or a whole one.
    ///
    /// # Errors
    /// [`VaultError::StoreExists`] if there is any file at `path`; [`VaultError::Full`], [`VaultError::ReadOnly`],
    /// [`VaultError::Failed`].
    pub fn create(
        path: &Path,
        vault_key: &SecretKey,
        store_id: [u8; 16],
        rng: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        if path.try_exists().map_err(|_| VaultError::Failed)? {
            return Err(VaultError::StoreExists);
        }
        let draft = beside(path, ".new");
        // What earlier stores or attempts left. SQLite would replay a journal into a store that it does not belong to.
        for journal in ["-journal", "-wal", "-shm"] {
            drop(std::fs::remove_file(beside(path, journal)));
            drop(std::fs::remove_file(beside(&draft, journal)));
        }
        let on_write = |error| VaultError::on_write(&error);
        make_private(&draft).map_err(on_write)?;
        let keys = KeyRing::derive_from(vault_key, &store_id)?;
        let vault = Self { connection: connect(&draft)?, keys, rng, in_transaction: Cell::new(false) };
        vault.fill(store_id)?;
        let Self { connection, rng, .. } = vault;
        connection.close().map_err(|(_, error)| error)?;
        publish(&draft, path).map_err(on_write)?;
        Self::open(path, vault_key, rng)
    }

    /// Opens the store at `path`. `rng` gives the nonces of what is sealed.
    ///
    /// # Errors
    /// [`VaultError::StoreMissing`]; [`VaultError::Foreign`] and [`VaultError::Newer`], the file being untouched;
    /// [`VaultError::KeyMismatch`]; [`VaultError::FileDamaged`]; [`VaultError::ReadOnly`], [`VaultError::Full`],
    /// [`VaultError::Busy`], [`VaultError::Failed`].
    pub fn open(path: &Path, vault_key: &SecretKey, rng: Arc<dyn Random>) -> Result<Self, VaultError> {
        check_header(path)?;
        let connection = connect(path)?;
        // The header that was checked may be older than the journal.
        check_version(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)?;
        if connection.is_readonly(c"main")? {
            return Err(VaultError::ReadOnly);
        }
        let store_id = load_meta(&connection, STORE_ID)?.and_then(|id| id.try_into().ok());
        let keys = KeyRing::derive_from(vault_key, &store_id.ok_or(VaultError::FileDamaged)?)?;
        let vault = Self { connection, keys, rng, in_transaction: Cell::new(false) };
        match vault.load_sealed_meta(KeySlot::Identity, KEY_CHECK) {
            Ok(Some(_)) => {}
            Err(VaultError::Crypto(CryptoError::Damaged)) => return Err(VaultError::KeyMismatch),
            Ok(None) | Err(VaultError::Crypto(CryptoError::UnknownFormat)) => return Err(VaultError::FileDamaged),
            Err(other) => return Err(other),
        }
        let mode: String = vault.connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(VaultError::Failed);
        }
        Ok(vault)
    }

    /// Runs `act`; what it writes lands together when it returns `Ok`, or not at all.
    ///
    /// Any error that `act` returns, a panic in it, and a failed write whose error it swallowed all leave the store as it
    /// was. Keep it short and wait for nothing outside while it runs.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use eid_crypto::{SecretKey, SystemRandom};
    /// # use eid_vault::{Collection, Vault, VaultError};
    /// # fn main() -> Result<(), VaultError> {
    /// # let folder = tempfile::tempdir().map_err(|_| VaultError::Failed)?;
    /// # let rng = Arc::new(SystemRandom::new());
    /// # let mut vault = Vault::create(&folder.path().join("store"), &SecretKey::make(&*rng)?, [1; 16], rng)?;
    /// vault.transaction(|vault| {
    ///     vault.put(Collection::Setting, "language", "vi")?;
    ///     vault.put(Collection::Setting, "theme", "dark")
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `act` returns; what beginning and committing give: [`VaultError::Busy`], [`VaultError::Full`],
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`].
    pub fn transaction<R, E: From<VaultError>>(&mut self, act: impl FnOnce(&Self) -> Result<R, E>) -> Result<R, E> {
        let transaction = self.begin()?;
        let outcome = {
            let _inside = Inside::enter(&self.in_transaction);
            act(self)
        };
        // An error drops the transaction, which rolls back.
        let value = outcome?;
        if self.connection.is_autocommit() {
            return Err(VaultError::Failed.into());
        }
        transaction.commit().map_err(VaultError::from)?;
        Ok(value)
    }

    /// Called before each write: SQLite ends a transaction by itself when the disk is full or fails, and what followed in
    /// the same closure would then be stored alone.
    pub(crate) fn check_writable(&self) -> Result<(), VaultError> {
        let lost = self.in_transaction.get() && self.connection.is_autocommit();
        if lost { Err(VaultError::Failed) } else { Ok(()) }
    }

    /// A transaction of its own, for writes of several statements outside [`Self::transaction`]; `None` inside.
    pub(crate) fn begin_unless_inside(&self) -> Result<Option<Transaction<'_>>, VaultError> {
        self.check_writable()?;
        (!self.in_transaction.get()).then(|| self.begin()).transpose()
    }

    pub(crate) fn seal(&self, slot: KeySlot, place: &Context, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(self.keys.seal(slot, &*self.rng, place, plain)?)
    }

    pub(crate) fn open_sealed(
        &self,
        slot: KeySlot,
        place: &Context,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Ok(self.keys.open(slot, place, sealed)?)
    }

    pub(crate) fn lookup_hash(&self, data: &[u8]) -> Result<[u8; 32], VaultError> {
        Ok(self.keys.keyed_hash(KeySlot::Lookup, data)?)
    }

    pub(crate) fn store_sealed_meta(&self, slot: KeySlot, name: &'static str, plain: &[u8]) -> Result<(), VaultError> {
        let sealed = self.seal(slot, &meta_place(name), plain)?;
        store_meta(&self.connection, name, &sealed)
    }

    pub(crate) fn load_sealed_meta(
        &self,
        slot: KeySlot,
        name: &'static str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let sealed = load_meta(&self.connection, name)?;
        sealed.map(|sealed| self.open_sealed(slot, &meta_place(name), &sealed)).transpose()
    }

    fn begin(&self) -> Result<Transaction<'_>, VaultError> {
        // "Unchecked" because it takes a shared reference; `in_transaction` keeps it from being nested.
        Ok(Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?)
    }

    /// Writes tables and first entries into an empty file, with the marks that make it a store.
    fn fill(&self, store_id: [u8; 16]) -> Result<(), VaultError> {
        let transaction = self.begin()?;
        transaction.execute_batch(TABLES)?;
        store_meta(&transaction, STORE_ID, &store_id)?;
        self.store_sealed_meta(KeySlot::Identity, KEY_CHECK, &[])?;
        self.store_head(&Head::EMPTY)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        Ok(transaction.commit()?)
    }
}

impl core::fmt::Debug for Vault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// Raises a flag for as long as it lives, a panic included.
struct Inside<'a>(&'a Cell<bool>);

impl<'a> Inside<'a> {
    fn enter(flag: &'a Cell<bool>) -> Self {
        flag.set(true);
        Self(flag)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Opens an existing file with settings that trust nothing in it.
fn connect(path: &Path) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // No code that a foreign hand may have put into the schema runs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // No row beyond what can have been written is read into memory.
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(MAX_VALUE + 4096).unwrap_or(i32::MAX))?;
    for (name, value) in [
        ("cell_size_check", "ON"),
        ("secure_delete", "ON"),
        ("synchronous", "FULL"),
        ("temp_store", "MEMORY"),
        ("mmap_size", "0"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

fn meta_place(name: &'static str) -> Context {
    Context::new("meta", name.as_bytes()).with(&[LAYOUT])
}

fn store_meta(connection: &Connection, name: &str, value: &[u8]) -> Result<(), VaultError> {
    connection
        .prepare_cached("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
        .execute((name, value))?;
    Ok(())
}

fn load_meta(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use eid_crypto::SystemRandom;

    use super::*;
    use crate::Collection::{Account, Setting};

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let rng = Arc::new(SystemRandom::new());
        let vault_key = SecretKey::make(&*rng).unwrap();
        let vault = Vault::create(&folder.path().join("store"), &vault_key, [1; 16], rng).unwrap();
        (folder, vault)
    }

    /// Lets the file grow by `pages` at most.
    fn leave_room(vault: &Vault, pages: u32) {
        let count: u32 = vault.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let query = format!("PRAGMA max_page_count = {}", count + pages);
        vault.connection.query_row(&query, [], |_| Ok(())).unwrap();
    }

    #[test]
    fn vault_can_be_handed_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<Vault>();
    }

    #[test]
    fn settings_that_protect_the_file_are_in_force() {
        let (_folder, vault) = vault();
        for (name, expected) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("secure_delete", "1"),
            ("temp_store", "2"),
        ] {
            let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            let found: String = vault.connection.query_row(&query, [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn full_storage_refuses_the_write_and_keeps_what_was_stored() {
        let (_folder, vault) = vault();
        vault.put(Account, "self", "before").unwrap();
        leave_room(&vault, 2);
        assert_eq!(vault.put(Account, "self", &"x".repeat(100_000)), Err(VaultError::Full));
        assert_eq!(vault.find(Account, "self"), Ok(Some("before".to_owned())));
        vault.put(Account, "self", "small").unwrap();
        leave_room(&vault, 1000);
        vault.put(Account, "self", &"x".repeat(100_000)).unwrap();
    }

    #[test]
    fn transaction_that_swallows_a_full_storage_stores_nothing() {
        let (_folder, mut vault) = vault();
        vault.put(Account, "self", "before").unwrap();
        leave_room(&vault, 2);
        let outcome = vault.transaction(|vault| {
            vault.put(Account, "self", "changed")?;
            assert_eq!(vault.put(Setting, "large", &"x".repeat(100_000)), Err(VaultError::Full));
            assert_eq!(vault.put(Setting, "after", "x"), Err(VaultError::Failed));
            assert_eq!(vault.remove(Account, "self"), Err(VaultError::Failed));
            Ok::<_, VaultError>(())
        });
        assert_eq!(outcome, Err(VaultError::Failed));
        assert_eq!(vault.find(Account, "self"), Ok(Some("before".to_owned())));
        assert_eq!(vault.find::<String>(Setting, "after"), Ok(None));
        vault.put(Setting, "after", "x").unwrap();
    }

    #[test]
    fn read_only_storage_refuses_the_write_and_stays_readable() {
        let (_folder, mut vault) = vault();
        vault.put(Account, "self", "before").unwrap();
        vault.connection.pragma_update(None, "query_only", true).unwrap();
        assert_eq!(vault.put(Account, "self", "after"), Err(VaultError::ReadOnly));
        assert_eq!(vault.remove(Account, "self"), Err(VaultError::ReadOnly));
        assert_eq!(vault.transaction(|vault| vault.put(Account, "self", "after")), Err(VaultError::ReadOnly));
        assert_eq!(vault.find(Account, "self"), Ok(Some("before".to_owned())));
    }

    #[test]
    fn store_held_by_another_connection_is_busy() {
        let (folder, mut vault) = vault();
        vault.connection.busy_timeout(Duration::ZERO).unwrap();
        let other = Connection::open(folder.path().join("store")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(vault.put(Account, "self", "x"), Err(VaultError::Busy));
        assert_eq!(vault.transaction(|_| Ok::<_, VaultError>(())), Err(VaultError::Busy));
        other.execute_batch("ROLLBACK").unwrap();
        vault.put(Account, "self", "x").unwrap();
    }

    #[test]
    fn statements_find_their_rows_by_an_index_and_sort_nothing() {
        let (_folder, vault) = vault();
        for query in [
            "SELECT sealed FROM record WHERE key = x'00'",
            "SELECT sealed FROM record WHERE collection = 1 AND id > 2 ORDER BY id",
            "SELECT sealed FROM history WHERE seq < 5 ORDER BY seq DESC",
        ] {
            let mut plan = vault.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let steps: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
            assert!(steps.len() == 1 && steps[0].starts_with("SEARCH"), "{query}: {steps:?}");
        }
    }
}
