//! The file's format: what makes it ours, and its tables.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use crate::{MAX_VALUE, VaultError, file::load_start};

/// How long a call waits for another connection before it gives [`VaultError::Busy`].
const BUSY: Duration = Duration::from_secs(3);

/// SQLite's `application_id` of a store: "eIDV".
pub(crate) const APPLICATION_ID: u32 = 0x6549_4456;

/// SQLite's `user_version`: the version of [`TABLES`] and of what is in them. Older ones are brought up to date when they
/// are opened.
pub(crate) const VERSION: u32 = 3;

/// How a sealed value is laid out inside: part of its associated data.
pub(crate) const LAYOUT: u8 = 1;

/// The tables, by name. All that is not sealed is a number, a keyed hash, a mark (nonce and tag), `store_id`, or a name in
/// `meta`.
///
/// A row of `record` is numbered by its collection and a serial number, so that a collection lies together and needs no index;
/// its mark comes before the sealed value, so that the marks can be read without the pages that long values run over to.
pub(crate) const TABLES: [(&str, &str); 4] = [
    ("chunk", "CREATE TABLE chunk (id INTEGER PRIMARY KEY, mark BLOB NOT NULL, sealed BLOB NOT NULL) STRICT"),
    ("history", "CREATE TABLE history (seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT"),
    ("meta", "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"),
    (
        "record",
        "CREATE TABLE record (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, mark BLOB NOT NULL, sealed BLOB NOT NULL) \
         STRICT",
    ),
];

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
        1..=VERSION => Ok(()),
        0 => Err(VaultError::FileDamaged),
        _ => Err(VaultError::Newer),
    }
}

/// Opens an existing file with settings that trust nothing in it.
pub(crate) fn connect(path: &Path) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
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

/// Checks that the file has [`TABLES`] as they were made and nothing beside: statements then mean what they say.
pub(crate) fn check_tables(connection: &Connection) -> Result<(), VaultError> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_master WHERE NOT (type = 'index' AND sql IS NULL AND name = \
         'sqlite_autoindex_record_1') ORDER BY name",
    )?;
    let found: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let same = found.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).eq(TABLES);
    if same { Ok(()) } else { Err(VaultError::FileDamaged) }
}

/// Checks the tree of pages: order of rows, pages used twice or not at all. Of a large file, of the records alone, for the
/// rest is read rarely and tells its damage then.
pub(crate) fn check_structure(connection: &Connection) -> Result<(), VaultError> {
    /// 16 MiB.
    const LARGE: u32 = 4096;
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let check = if pages > LARGE { "PRAGMA quick_check(record)" } else { "PRAGMA quick_check" };
    let answer: String = connection.query_row(check, [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(VaultError::FileDamaged) }
}

/// Has writes go to a journal beside the file. The answer comes before the change is stored, so what follows it is waited for:
/// a full disk shows there.
pub(crate) fn use_journal(connection: &Connection) -> Result<(), VaultError> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    let in_use = rows.next()?.map(|row| row.get::<_, String>(0)).transpose()?;
    while rows.next()?.is_some() {}
    if in_use.as_deref() == Some("wal") { Ok(()) } else { Err(VaultError::Failed) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn settings_that_protect_the_file_are_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let rng = std::sync::Arc::new(eid_crypto::SystemRandom::new());
        let key = eid_crypto::SecretKey::make(&*rng).unwrap();
        let vault = crate::Vault::create(&folder.path().join("store"), &key, [1; 16], rng).unwrap();
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
}
