use std::{
    cell::{Cell, RefCell},
    path::Path,
    sync::Arc,
};

use eid_crypto::{KeyRing, KeySlot, Random, SecretKey};
use rusqlite::Connection;

use crate::{
    VaultError,
    check::Finding,
    compartments::Compartments,
    file::{beside, make_private, name_refusal, publish},
    schema::{APPLICATION_ID, TABLES, VERSION, check_header, check_version, connect, use_journal},
    sealing::Nonces,
    write::{State, load_meta},
};

/// Sealings under one `store_id` before the next opening seals everything anew under another. Random 96-bit nonces allow
/// 2^32 under one key (NIST SP 800-38D, 8.3); the count is over all keys of a store.
pub(crate) const RENEW_AT: u64 = 1 << 31;

pub(crate) const STORE_ID: &str = "store_id";
pub(crate) const KEY_CHECK: &str = "key_check";

/// The encrypted store (kho dữ liệu): records by [`crate::Collection`], attachments, and the holder's history.
///
/// Calls block. A vault is `Send` and not `Sync`: the façade keeps it behind a mutex. Dropping it wipes its keys: that is
/// how it is locked.
pub struct Vault {
    pub(crate) connection: Connection,
    pub(crate) keys: KeyRing,
    pub(crate) compartments: RefCell<Compartments>,
    pub(crate) rng: Nonces,
    /// True while [`Vault::transaction`] runs its closure.
    pub(crate) in_transaction: Cell<bool>,
    pub(crate) state: RefCell<State>,
    /// True while `synchronous=FULL` is in force.
    pub(crate) full: Cell<bool>,
    pub(crate) findings: Vec<Finding>,
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
        // What an earlier store left. SQLite would replay a journal into a store that it does not belong to.
        for journal in JOURNALS {
            drop(std::fs::remove_file(beside(path, journal)));
        }
        let draft = beside(path, ".new");
        let made = Self::draft(&draft, vault_key, store_id, Arc::clone(&rng));
        made.and_then(|vault| vault.publish(&draft, path)).map_err(|error| name_refusal(path, error))?;
        Self::open(path, vault_key, rng)
    }

    /// Makes an empty store over whatever an earlier attempt left at `draft`.
    pub(crate) fn draft(
        draft: &Path,
        vault_key: &SecretKey,
        store_id: [u8; 16],
        rng: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        for journal in JOURNALS {
            drop(std::fs::remove_file(beside(draft, journal)));
        }
        make_private(draft).map_err(|error| VaultError::on_write(&error))?;
        let vault = Self::over(connect(draft)?, KeyRing::derive_from(vault_key, &store_id)?, rng);
        let write = vault.begin(true)?;
        vault.fill(store_id)?;
        write.commit()?;
        Ok(vault)
    }

    /// Closes a draft and gives it its name.
    pub(crate) fn publish(self, draft: &Path, path: &Path) -> Result<(), VaultError> {
        self.connection.close().map_err(|(_, error)| error)?;
        publish(draft, path).map_err(|error| VaultError::on_write(&error))
    }

    /// Opens the store at `path`; one of an older version is brought up to date. `rng` gives the nonces of what is sealed.
    ///
    /// All rows are compared with the manifest: what does not fit is in [`Self::findings`], and the rest is usable. When so
    /// much was sealed that nonces might meet, everything is sealed anew under other keys.
    ///
    /// # Errors
    /// [`VaultError::StoreMissing`]; [`VaultError::Foreign`] and [`VaultError::Newer`], the file being untouched;
    /// [`VaultError::KeyMismatch`]; [`VaultError::FileDamaged`] if SQLite cannot read its structure, for which there is
    /// [`Self::salvage`]; [`VaultError::ReadOnly`], [`VaultError::Full`], [`VaultError::Busy`], [`VaultError::Failed`].
    pub fn open(path: &Path, vault_key: &SecretKey, rng: Arc<dyn Random>) -> Result<Self, VaultError> {
        Self::open_with(path, vault_key, rng, RENEW_AT).map_err(|error| name_refusal(path, error))
    }

    pub(crate) fn open_with(
        path: &Path,
        vault_key: &SecretKey,
        rng: Arc<dyn Random>,
        renew_at: u64,
    ) -> Result<Self, VaultError> {
        check_header(path)?;
        let connection = connect(path)?;
        // The header that was checked may be older than the journal.
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        check_version(version)?;
        if connection.is_readonly(c"main")? {
            return Err(VaultError::ReadOnly);
        }
        let store_id = load_meta(&connection, STORE_ID)?.and_then(|id| id.try_into().ok());
        let keys = KeyRing::derive_from(vault_key, &store_id.ok_or(VaultError::FileDamaged)?)?;
        let mut vault = Self::over(connection, keys, rng);
        vault.check_key()?;
        use_journal(&vault.connection)?;
        if version < VERSION {
            vault.migrate()?;
        }
        vault.take_stock()?;
        if vault.findings.is_empty() && vault.state.borrow().manifest.seals >= renew_at {
            // Half of the limit is left: if there is no room now, there will be.
            vault.renew(vault_key).unwrap_or_default();
        }
        Ok(vault)
    }

    /// Runs `act`; what it writes lands together when it returns `Ok`, on the disk, or not at all.
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
        let write = self.begin(true)?;
        let outcome = {
            let _inside = Inside::enter(&self.in_transaction);
            act(self)
        };
        // An error drops the transaction, which rolls back.
        let value = outcome?;
        if self.connection.is_autocommit() {
            return Err(VaultError::Failed.into());
        }
        write.commit()?;
        Ok(value)
    }

    /// The number of transactions that wrote, since the store was made: an older copy of the file has a lower one. What
    /// [`Self::make_durable`] gives may be kept elsewhere to compare with.
    pub fn generation(&self) -> u64 {
        self.state.borrow().manifest.generation
    }

    /// Waits until all that was stored is on the disk, also what can be fetched again; gives the generation, which no power
    /// cut takes back from here on.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn make_durable(&mut self) -> Result<u64, VaultError> {
        if self.state.borrow().unsynced {
            let write = self.begin(true)?;
            self.edit(|_| {});
            write.commit()?;
        }
        Ok(self.generation())
    }

    /// Moves what was written into the one file, and cuts the journal, so that neither holds what was removed. To be called outside a
    /// transaction.
    ///
    /// # Errors
    /// [`VaultError::Busy`] if another connection reads: nothing is lost, and the next one cuts it; [`VaultError::Full`],
    /// [`VaultError::Failed`], [`VaultError::FileDamaged`].
    pub fn checkpoint(&self) -> Result<(), VaultError> {
        let busy: bool = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy { Err(VaultError::Busy) } else { Ok(()) }
    }

    pub(crate) fn over(connection: Connection, keys: KeyRing, rng: Arc<dyn Random>) -> Self {
        Self {
            connection,
            keys,
            compartments: RefCell::default(),
            rng: Nonces::new(rng),
            in_transaction: Cell::new(false),
            state: RefCell::new(State::EMPTY),
            full: Cell::new(true),
            findings: Vec::new(),
        }
    }

    /// Writes tables and first entries into an empty file, with the marks that make it a store.
    fn fill(&self, store_id: [u8; 16]) -> Result<(), VaultError> {
        for (_, table) in TABLES {
            self.connection.execute(table, [])?;
        }
        self.store_id(&store_id)?;
        self.store_sealed_meta(KeySlot::Identity, KEY_CHECK, &[])?;
        self.make_compartments()?;
        self.edit(|_| {});
        self.connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection.pragma_update(None, "user_version", VERSION)?;
        Ok(())
    }
}

/// Files that SQLite keeps beside a database.
pub(crate) const JOURNALS: [&str; 3] = ["-journal", "-wal", "-shm"];

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use eid_crypto::SystemRandom;

    use super::*;
    use crate::Collection::{Account, Setting, TrustData};

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
    fn only_what_can_be_fetched_again_may_wait_for_the_disk() {
        let (_folder, mut vault) = vault();
        let synchronous = |vault: &Vault| {
            vault.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, u8>(0)).unwrap()
        };
        for collection in crate::Collection::ALL {
            vault.put(collection, "k", "v").unwrap();
            assert_eq!(synchronous(&vault), if collection.is_refetchable() { 1 } else { 2 }, "{collection:?}");
        }
        vault.put(TrustData, "k", "w").unwrap();
        let generation = vault.generation();
        assert_eq!(vault.make_durable(), Ok(generation + 1));
        assert_eq!((vault.make_durable(), synchronous(&vault)), (Ok(generation + 1), 2));
        vault.put(TrustData, "k", "x").unwrap();
        vault.transaction(|vault| vault.put(TrustData, "k", "y")).unwrap();
        assert_eq!((vault.make_durable(), synchronous(&vault)), (Ok(generation + 3), 2));
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
            "SELECT sealed FROM record WHERE id > 2 AND id <= 9 ORDER BY id",
            "SELECT max(id) FROM record WHERE id BETWEEN 2 AND 9",
            "SELECT sealed FROM chunk WHERE id = 7",
            "SELECT sealed FROM history WHERE seq < 5 ORDER BY seq DESC",
        ] {
            let mut plan = vault.connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let steps: Vec<String> = plan.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
            assert!(steps.len() == 1 && steps[0].starts_with("SEARCH"), "{query}: {steps:?}");
        }
    }
}
