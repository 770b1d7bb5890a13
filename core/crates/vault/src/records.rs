//! Records: any serde type, by collection and key.

use eid_crypto::seal::{Context, OVERHEAD};
use rusqlite::{OptionalExtension as _, Row};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Collection, Vault, VaultError, json::encode, schema::LAYOUT};

/// The most that one record may hold, in bytes: its key and the JSON of its value.
pub const MAX_VALUE: usize = 1024 * 1024;

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

impl Vault {
    /// Stores `value` under `key`, in place of what was there.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] beyond [`MAX_VALUE`], [`VaultError::Unencodable`]; [`VaultError::Full`],
    /// [`VaultError::ReadOnly`], [`VaultError::Busy`], [`VaultError::Failed`], [`VaultError::FileDamaged`]: what was stored
    /// is still there.
    pub fn put<T: Serialize + ?Sized>(&self, collection: Collection, key: &str, value: &T) -> Result<(), VaultError> {
        self.check_writable()?;
        let row_key = self.row_key(collection, key)?;
        // The key is kept with the value, because a list needs it and the row has its hash only.
        let plain = encode(&[], &(key, value), MAX_VALUE)?;
        let sealed = self.seal(collection.slot(), &place(collection, &row_key), &plain)?;
        self.connection
            .prepare_cached(
                "INSERT INTO record (collection, key, layout, sealed) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE SET collection = ?1, layout = ?3, sealed = ?4",
            )?
            .execute((collection.number(), row_key, LAYOUT, sealed))?;
        Ok(())
    }

    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] if it does not open or is no `T`; [`VaultError::FileDamaged`], [`VaultError::Failed`].
    pub fn find<T: DeserializeOwned>(&self, collection: Collection, key: &str) -> Result<Option<T>, VaultError> {
        let row_key = self.row_key(collection, key)?;
        let mut statement =
            self.connection.prepare_cached("SELECT id, key, layout, sealed FROM record WHERE key = ?1")?;
        let opened = statement.query_row([row_key], |row| Ok(self.open_record(collection, row))).optional()?;
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
        let mut statement = self.connection.prepare_cached(
            "SELECT id, key, layout, sealed FROM record WHERE collection = ?1 AND id > ?2 ORDER BY id",
        )?;
        let after = after.map_or(i64::MIN, |position| i64::try_from(position).unwrap_or(i64::MAX));
        let mut rows = statement.query((collection.number(), after))?;
        let mut page = PageBuilder::new(limit);
        while let Some(row) = rows.next()? {
            if !page.add(row.get(0)?, || self.open_record(collection, row))? {
                break;
            }
        }
        Ok(page.finish())
    }

    /// Removes the record under `key`, damaged or not; false if there is none.
    ///
    /// # Errors
    /// As for [`Self::put`].
    pub fn remove(&self, collection: Collection, key: &str) -> Result<bool, VaultError> {
        self.check_writable()?;
        let row_key = self.row_key(collection, key)?;
        let removed = self.connection.prepare_cached("DELETE FROM record WHERE key = ?1")?.execute([row_key])?;
        Ok(removed > 0)
    }

    fn row_key(&self, collection: Collection, key: &str) -> Result<[u8; 32], VaultError> {
        self.lookup_hash(&[collection.name().as_bytes(), b"\0", key.as_bytes()].concat())
    }

    /// Key and value of a row `id, key, layout, sealed`; `None` if it is damaged.
    fn open_record<T: DeserializeOwned>(&self, collection: Collection, row: &Row<'_>) -> Option<(String, T)> {
        let row_key = row.get_ref(1).ok()?.as_blob().ok()?;
        let sealed = open_layout(row)?;
        let plain = self.open_sealed(collection.slot(), &place(collection, row_key), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
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

/// The sealed bytes of a row whose columns 2 and 3 are `layout, sealed`; `None` if they cannot be ours.
pub(crate) fn open_layout<'r>(row: &'r Row<'_>) -> Option<&'r [u8]> {
    let layout: u8 = row.get(2).ok()?;
    let sealed = row.get_ref(3).ok()?.as_blob().ok()?;
    (layout == LAYOUT && sealed.len() <= MAX_VALUE + OVERHEAD).then_some(sealed)
}

fn place(collection: Collection, row_key: &[u8]) -> Context {
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
