//! Records: any serde type, by collection and key.

use eid_crypto::{
    KeyRing, KeySlot, Wiping,
    seal::{Context, Mark},
};
use rusqlite::{OptionalExtension as _, Row};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Collection, Vault, VaultError,
    json::{encode, fill_up},
    manifest::Sum,
    schema::LAYOUT,
    write::Write,
};

/// The most that one record may hold, in bytes: its key and the JSON of its value.
pub const MAX_VALUE: usize = 1024 * 1024;

/// Length of a mark.
const MARK: usize = size_of::<Mark>();

/// The most entries that a page has.
pub(crate) const MAX_PAGE: usize = 50;

/// A part of a list. A page begins at a position, not at a count: writing between two pages shifts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, in the list's order.
    pub items: Vec<T>,
    /// Positions of entries in this part that do not open.
    pub damaged: Vec<u64>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<u64>,
}

/// A row of `record` as it is found by its key.
type Found = (i64, Vec<u8>);

impl Vault {
    /// Stores `value` under `key`, in place of what was there.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond [`MAX_VALUE`], [`VaultError::Unencodable`]; [`VaultError::CompartmentLost`];
    /// [`VaultError::SealLimit`]; [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Busy`],
    /// [`VaultError::Failed`], [`VaultError::FileDamaged`]: what was stored is still there.
    pub fn put<T: Serialize + ?Sized>(&self, collection: Collection, key: &str, value: &T) -> Result<(), VaultError> {
        // The key is kept with the value, because a list needs it and the row has its hash only.
        let mut body = encode(&[], &(key, value), MAX_VALUE)?;
        fill_up(&mut body, collection.step());
        let row_key = self.row_key(collection, key)?;
        let write = self.write_to(collection)?;
        self.seal_row(collection, &row_key, &mut body)?;
        // It is ciphertext now: nothing to wipe.
        drop(body.into_sealed());
        write.map_or(Ok(()), Write::commit)
    }

    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] if it does not open or is no `T`; [`VaultError::FileDamaged`], [`VaultError::Failed`].
    pub fn find<T: DeserializeOwned>(&self, collection: Collection, key: &str) -> Result<Option<T>, VaultError> {
        let row_key = self.row_key(collection, key)?;
        let mut statement =
            self.connection.prepare_cached("SELECT id, key, mark, sealed FROM record WHERE key = ?1")?;
        let opened = statement.query_row([row_key], |row| Ok(self.parse_record(collection, row))).optional()?;
        match opened {
            None => Ok(None),
            Some(Some((_, value))) => Ok(Some(value)),
            Some(None) => Err(VaultError::Damaged(collection)),
        }
    }

    /// Keys and values of a collection in the order in which the keys were first stored, at most `limit` (1 to 50) at a
    /// time, from the beginning or `after` a position that [`Page::next`] gave.
    ///
    /// # Errors
    /// [`VaultError::FileDamaged`], [`VaultError::Failed`]. A record that does not open, or is no `T`, is counted in
    /// [`Page::damaged`] and fails nothing.
    pub fn list<T: DeserializeOwned>(
        &self,
        collection: Collection,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Page<(String, T)>, VaultError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, key, mark, sealed FROM record WHERE id > ?1 AND id <= ?2 ORDER BY id")?;
        let after = after.map_or(i64::MIN, |position| i64::try_from(position).unwrap_or(i64::MAX));
        let mut rows = statement.query((after.max(collection.first_id()), collection.last_id()))?;
        let mut page = PageBuilder::new(limit);
        while let Some(row) = rows.next()? {
            if !page.add(row.get(0)?, || self.parse_record(collection, row))? {
                break;
            }
        }
        Ok(page.finish())
    }

    /// Removes the record under `key`, damaged or not; false if there is none.
    ///
    /// What was sealed there may stay in the journal for a while: [`Self::erase`] leaves nothing.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn remove(&self, collection: Collection, key: &str) -> Result<bool, VaultError> {
        let row_key = self.row_key(collection, key)?;
        let write = self.write_to(collection)?;
        let found = self.find_row(&row_key)?;
        if let Some((id, mark)) = &found {
            self.drop_row(*id, &row_key, mark)?;
        }
        write.map_or(Ok(()), Write::commit)?;
        Ok(found.is_some())
    }

    /// Removes the record under `key` so that its ciphertext is nowhere in the files any more; false if there is none.
    ///
    /// # Errors
    /// [`VaultError::Busy`] if another connection reads: call again; otherwise as for [`Self::put`].
    pub fn erase(&mut self, collection: Collection, key: &str) -> Result<bool, VaultError> {
        let found = self.remove(collection, key)?;
        self.checkpoint()?;
        Ok(found)
    }

    pub(crate) fn row_key(&self, collection: Collection, key: &str) -> Result<[u8; 32], VaultError> {
        Ok(self.keys.keyed_hash(KeySlot::Lookup, &[collection.name().as_bytes(), b"\0", key.as_bytes()])?)
    }

    /// Seals `body` in place and stores it as a row, inside a transaction.
    pub(crate) fn seal_row(
        &self,
        collection: Collection,
        row_key: &[u8; 32],
        body: &mut [u8],
    ) -> Result<(), VaultError> {
        let mark = self.seal_apart(collection.slot(), &place(collection, row_key), body)?;
        self.store_row(collection, row_key, &mark, body)
    }

    /// Stores a row in place of what its key had, inside a transaction, and tells the manifest.
    pub(crate) fn store_row(
        &self,
        collection: Collection,
        row_key: &[u8],
        mark: &[u8],
        sealed: &[u8],
    ) -> Result<(), VaultError> {
        self.check_writable()?;
        let id = self.next_id(collection)?;
        let insert = |id: i64| {
            self.connection
                .prepare_cached(
                    "INSERT INTO record (id, key, mark, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING",
                )?
                .execute((id, row_key, mark, sealed))
        };
        if insert(id)? == 0 {
            // The key is there already.
            let (id, old) = self.find_row(row_key)?.ok_or(VaultError::FileDamaged)?;
            if Collection::of_id(id) == Some(collection) {
                self.connection
                    .prepare_cached("UPDATE record SET mark = ?2, sealed = ?3 WHERE id = ?1")?
                    .execute((id, mark, sealed))?;
                let term = self.term(collection, row_key, &old)?;
                self.edit(|manifest| manifest.edit(collection, |table| table.sum.remove(&term)));
            } else {
                // A foreign hand moved the row to another collection.
                self.drop_row(id, row_key, &old)?;
                insert(self.next_id(collection)?)?;
            }
        }
        let term = self.term(collection, row_key, mark)?;
        self.edit(|manifest| manifest.edit(collection, |table| table.sum.add(&term)));
        Ok(())
    }

    /// Deletes a row inside a transaction, and tells the manifest.
    pub(crate) fn drop_row(&self, id: i64, row_key: &[u8], mark: &[u8]) -> Result<(), VaultError> {
        self.check_writable()?;
        self.connection.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([id])?;
        if let Some(collection) = Collection::of_id(id) {
            let term = self.term(collection, row_key, mark)?;
            self.edit(|manifest| manifest.edit(collection, |table| table.sum.remove(&term)));
        }
        Ok(())
    }

    /// Deletes all rows of a collection inside a transaction; gives how many there were.
    pub(crate) fn drop_rows(&self, collection: Collection) -> Result<u64, VaultError> {
        let dropped = self
            .connection
            .prepare_cached("DELETE FROM record WHERE id BETWEEN ?1 AND ?2")?
            .execute((collection.first_id(), collection.last_id()))?;
        self.edit(|manifest| manifest.edit(collection, |table| table.sum = Sum::default()));
        Ok(u64::try_from(dropped).unwrap_or(u64::MAX))
    }

    /// What a row adds to the sum of its collection.
    pub(crate) fn term(&self, collection: Collection, row_key: &[u8], mark: &[u8]) -> Result<[u8; 32], VaultError> {
        term(&self.keys, collection, row_key, mark)
    }

    /// Opens a row `id, key, mark, sealed`; `None` if it is damaged.
    pub(crate) fn open_record(&self, collection: Collection, row: &Row<'_>) -> Option<Wiping> {
        let row_key = row.get_ref(1).ok()?.as_blob().ok()?;
        let mark = row.get_ref(2).ok()?.as_blob().ok()?.try_into().ok()?;
        let sealed = row.get_ref(3).ok()?.as_blob().ok()?;
        self.open_apart(collection.slot(), &place(collection, row_key), mark, sealed).ok()
    }

    fn parse_record<T: DeserializeOwned>(&self, collection: Collection, row: &Row<'_>) -> Option<(String, T)> {
        serde_json::from_slice(&self.open_record(collection, row)?).ok()
    }

    fn find_row(&self, row_key: &[u8]) -> Result<Option<Found>, VaultError> {
        let mut statement = self.connection.prepare_cached("SELECT id, mark FROM record WHERE key = ?1")?;
        Ok(statement.query_row([row_key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}

/// Collects rows into a page and looks one row further, to know whether there is more.
pub(crate) struct PageBuilder<T> {
    page: Page<T>,
    limit: usize,
    last: Option<u64>,
}

impl<T> PageBuilder<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let page = Page { items: Vec::new(), damaged: Vec::new(), next: None };
        Self { page, limit: limit.clamp(1, MAX_PAGE), last: None }
    }

    /// Adds the entry at `position`; false if the page was full without it.
    ///
    /// [`VaultError::FileDamaged`] if the same position comes twice in a row: a damaged tree of pages does that.
    pub(crate) fn add(&mut self, position: i64, open: impl FnOnce() -> Option<T>) -> Result<bool, VaultError> {
        let position = u64::try_from(position).map_err(|_| VaultError::FileDamaged)?;
        if self.last == Some(position) {
            return Err(VaultError::FileDamaged);
        }
        if self.page.items.len() + self.page.damaged.len() == self.limit {
            self.page.next = self.last;
            return Ok(false);
        }
        self.last = Some(position);
        match open() {
            Some(item) => self.page.items.push(item),
            None => self.page.damaged.push(position),
        }
        Ok(true)
    }

    pub(crate) fn finish(self) -> Page<T> {
        self.page
    }
}

/// What a row adds to the sum of its collection, under these keys.
pub(crate) fn term(
    keys: &KeyRing,
    collection: Collection,
    row_key: &[u8],
    mark: &[u8],
) -> Result<[u8; 32], VaultError> {
    // A row of other lengths is none of ours; its term is told apart, so that bytes moved from key to mark show.
    let kind = if row_key.len() == 32 && mark.len() == MARK { collection.number() } else { 0 };
    Ok(keys.keyed_hash(KeySlot::Manifest, &[&[kind], row_key, mark])?)
}

pub(crate) fn place(collection: Collection, row_key: &[u8]) -> Context {
    Context::new("record", row_key).with(collection.name().as_bytes()).with(&[LAYOUT])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_that_comes_twice_is_damage_of_the_file() {
        let mut page = PageBuilder::new(5);
        assert_eq!(page.add(7, || Some("a")), Ok(true));
        assert_eq!(page.add(7, || Some("b")), Err(VaultError::FileDamaged));
        assert_eq!(page.add(-1, || Some("c")), Err(VaultError::FileDamaged));
    }
}
