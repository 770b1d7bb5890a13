//! Transactions: each that changes rows changes the manifest with them, once, at its end.

use eid_crypto::{CryptoError, KeySlot};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{Collection, Vault, VaultError, history::Head, manifest::Manifest, sealing::meta_place, store::STORE_ID};

pub(crate) const MANIFEST: &str = "manifest";

/// What the vault knows of the file while it is open.
pub(crate) struct State {
    /// As in the file, or as the transaction under way has it.
    pub(crate) manifest: Manifest,
    /// True if [`Self::manifest`] is not in the file yet.
    pub(crate) dirty: bool,
    /// True if transactions may still be on their way to the disk, be it of the process before.
    pub(crate) unsynced: bool,
    /// How far the history's chain was walked and holds.
    pub(crate) verified: Head,
    /// SQLite's count of what other connections changed; `None` until the manifest was read.
    data_version: Option<i64>,
    /// The highest row number of each collection, where it is known.
    last_ids: [Option<i64>; Collection::ALL.len()],
}

impl State {
    pub(crate) const EMPTY: Self = Self {
        manifest: Manifest::EMPTY,
        dirty: false,
        unsynced: true,
        verified: Head::EMPTY,
        data_version: None,
        last_ids: [None; Collection::ALL.len()],
    };
}

/// A transaction that writes. Dropping it undoes all of it, the manifest in memory included.
pub(crate) struct Write<'v> {
    vault: &'v Vault,
    /// The manifest when it began; `None` once it has landed.
    before: Option<Manifest>,
}

impl Write<'_> {
    /// Stores the manifest if anything changed, and lets all of it land.
    pub(crate) fn commit(mut self) -> Result<(), VaultError> {
        self.vault.store_manifest()?;
        self.vault.run("COMMIT")?;
        self.before = None;
        let mut state = self.vault.state.borrow_mut();
        if state.dirty {
            state.unsynced = !self.vault.full.get();
        }
        state.dirty = false;
        Ok(())
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // SQLite may have ended it by itself. If it cannot be undone now, the next opening does it.
            if !self.vault.connection.is_autocommit() {
                self.vault.run("ROLLBACK").unwrap_or_default();
            }
            let mut state = self.vault.state.borrow_mut();
            // Nonces that were drawn stay drawn.
            state.manifest = Manifest { seals: state.manifest.seals, ..before };
            state.verified = state.manifest.base;
            state.dirty = false;
            state.last_ids = State::EMPTY.last_ids;
        }
    }
}

impl Vault {
    /// A transaction of its own, or `None` inside one that is under way. `durable`: it is on the disk when it lands.
    pub(crate) fn write(&self, durable: bool) -> Result<Option<Write<'_>>, VaultError> {
        self.check_writable()?;
        self.connection.is_autocommit().then(|| self.begin(durable)).transpose()
    }

    /// [`Self::write`] for a change of this collection.
    pub(crate) fn write_to(&self, collection: Collection) -> Result<Option<Write<'_>>, VaultError> {
        self.write(!collection.is_refetchable())
    }

    pub(crate) fn begin(&self, durable: bool) -> Result<Write<'_>, VaultError> {
        if self.full.get() != durable {
            self.connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            self.full.set(durable);
        }
        self.run("BEGIN IMMEDIATE")?;
        let mut write = Write { vault: self, before: Some(Manifest::EMPTY) };
        self.refresh()?;
        write.before = Some(self.state.borrow().manifest.clone());
        Ok(write)
    }

    /// Runs a statement without parameters and rows.
    pub(crate) fn run(&self, statement: &'static str) -> Result<(), VaultError> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    /// Reads the manifest again if another connection wrote.
    pub(crate) fn refresh(&self) -> Result<(), VaultError> {
        let known = self.state.borrow().data_version;
        if known.is_none() || known == Some(self.data_version()?) {
            return Ok(());
        }
        let manifest = self.load_manifest()?.ok_or(VaultError::FileDamaged)?;
        let mut state = self.state.borrow_mut();
        state.verified = manifest.base;
        state.manifest = manifest;
        state.last_ids = State::EMPTY.last_ids;
        drop(state);
        self.note_data_version()
    }

    /// Called before each write: SQLite ends a transaction by itself when the disk is full or fails, and what followed in
    /// the same closure would then be stored alone.
    pub(crate) fn check_writable(&self) -> Result<(), VaultError> {
        let lost = self.in_transaction.get() && self.connection.is_autocommit();
        if lost { Err(VaultError::Failed) } else { Ok(()) }
    }

    /// Changes the manifest in memory; the transaction under way stores it.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Manifest)) {
        let mut state = self.state.borrow_mut();
        edit(&mut state.manifest);
        state.dirty = true;
    }

    /// The number for a new row of a collection, inside a transaction.
    pub(crate) fn next_id(&self, collection: Collection) -> Result<i64, VaultError> {
        let known = self.state.borrow().last_ids.get(collection.index()).copied().flatten();
        let last = match known {
            Some(last) => last,
            None => self
                .connection
                .prepare_cached("SELECT max(id) FROM record WHERE id BETWEEN ?1 AND ?2")?
                .query_row((collection.first_id(), collection.last_id()), |row| row.get::<_, Option<i64>>(0))?
                .unwrap_or(collection.first_id()),
        };
        let next = last.saturating_add(1);
        if next > collection.last_id() {
            return Err(VaultError::FileDamaged);
        }
        if let Some(known) = self.state.borrow_mut().last_ids.get_mut(collection.index()) {
            *known = Some(next);
        }
        Ok(next)
    }

    /// From here on, what another connection changes shows.
    pub(crate) fn note_data_version(&self) -> Result<(), VaultError> {
        let version = self.data_version()?;
        self.state.borrow_mut().data_version = Some(version);
        Ok(())
    }

    /// The manifest in the file; `None` if it is missing or does not open.
    pub(crate) fn load_manifest(&self) -> Result<Option<Manifest>, VaultError> {
        let plain = match self.load_sealed_meta(KeySlot::Manifest, MANIFEST) {
            Ok(plain) => plain,
            Err(VaultError::Crypto(CryptoError::Damaged | CryptoError::UnknownFormat)) => None,
            Err(other) => return Err(other),
        };
        Ok(plain.and_then(|plain| Manifest::parse(&plain).ok()))
    }

    pub(crate) fn store_sealed_meta(&self, slot: KeySlot, name: &'static str, plain: &[u8]) -> Result<(), VaultError> {
        let sealed = self.seal(slot, &meta_place(name), plain)?;
        store_meta(&self.connection, name, &sealed)
    }

    pub(crate) fn store_manifest(&self) -> Result<(), VaultError> {
        let plain = {
            let mut state = self.state.borrow_mut();
            if !state.dirty {
                return Ok(());
            }
            state.manifest.generation = state.manifest.generation.saturating_add(1);
            state.manifest.encode()
        };
        self.store_sealed_meta(KeySlot::Manifest, MANIFEST, &plain)
    }

    /// Stores the id of the store, without which no key can be derived: in `meta`, and once more as the key of row 0 of `record`,
    /// which is on another page and of no collection.
    pub(crate) fn store_id(&self, store_id: &[u8; 16]) -> Result<(), VaultError> {
        store_meta(&self.connection, STORE_ID, store_id)?;
        self.connection
            .execute("INSERT OR REPLACE INTO record (id, key, mark, sealed) VALUES (0, ?1, x'', x'')", [store_id])?;
        Ok(())
    }

    fn data_version(&self) -> Result<i64, VaultError> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }
}

pub(crate) fn store_meta(connection: &Connection, name: &str, value: &[u8]) -> Result<(), VaultError> {
    connection
        .prepare_cached("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")?
        .execute((name, value))?;
    Ok(())
}

pub(crate) fn load_meta(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
