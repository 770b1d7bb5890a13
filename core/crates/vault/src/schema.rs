//! The file's format: what makes it ours, and its tables.

use std::path::Path;

use crate::{VaultError, file::load_start};

/// SQLite's `application_id` of a store: "eIDV".
pub(crate) const APPLICATION_ID: u32 = 0x6549_4456;

/// SQLite's `user_version`: the version of [`TABLES`] and of what is in them.
pub(crate) const VERSION: u32 = 1;

/// How a sealed value is laid out inside; stored beside each and part of its associated data, so that a later version can
/// tell which rows it has brought up to date.
pub(crate) const LAYOUT: u8 = 1;

/// The tables. All that is not sealed is a number, a keyed hash, or one of the three names in `meta`.
pub(crate) const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL,
        key BLOB NOT NULL UNIQUE,
        layout INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX record_by_collection ON record (collection);
    CREATE TABLE history (seq INTEGER PRIMARY KEY, layout INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
";

/// Checks that the file is a store that this version can read, from its first bytes and without SQLite, which might
/// replay a journal of somebody else's database.
pub(crate) fn check_header(path: &Path) -> Result<(), VaultError> {
    let header = load_start(path, 100)?.ok_or(VaultError::StoreMissing)?;
    // Offsets by SQLite's file format, 1.3: version at 60, application id at 68.
    let number = |at| header.get(at..).and_then(<[u8]>::first_chunk).copied().map(u32::from_be_bytes);
    if !header.starts_with(b"SQLite format 3\0") || number(68) != Some(APPLICATION_ID) {
        return Err(VaultError::Foreign);
    }
    check_version(number(60).unwrap_or(0))
}

/// [`VaultError::Newer`] for a version after ours.
pub(crate) fn check_version(found: u32) -> Result<(), VaultError> {
    match found {
        VERSION => Ok(()),
        0 => Err(VaultError::FileDamaged),
        _ => Err(VaultError::Newer),
    }
}
