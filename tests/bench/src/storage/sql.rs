//! A store of plain SQL statements, the vault's own without sealing: SQLite as it comes, or SQLCipher with a raw key.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::work::{Failed, PAGE, Store};

const TABLES: &str = "
    CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL,
        key TEXT NOT NULL UNIQUE,
        value BLOB NOT NULL
    ) STRICT;
    CREATE INDEX record_by_collection ON record (collection);
";
const PUT: &str = "INSERT INTO record (collection, key, value) VALUES (1, ?1, ?2)
    ON CONFLICT (key) DO UPDATE SET collection = 1, value = ?2";

/// A connection; `ENCRYPTED`: with a key, which only SQLCipher understands.
pub(crate) struct Sql<const ENCRYPTED: bool>(Connection);

impl<const ENCRYPTED: bool> Sql<ENCRYPTED> {
    fn connect(path: &Path, full: bool) -> Result<Self, Failed> {
        let connection = Connection::open(path)?;
        if ENCRYPTED {
            // A raw key: no passphrase is stretched, as in the vault, whose key is at hand, too.
            connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "07".repeat(32)))?;
        }
        let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(Failed(format!("journal is {mode}")));
        }
        connection.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(Self(connection))
    }
}

impl<const ENCRYPTED: bool> Store for Sql<ENCRYPTED> {
    fn create(path: &Path, full: bool) -> Result<Self, Failed> {
        let store = Self::connect(path, full)?;
        store.0.execute_batch(TABLES)?;
        Ok(store)
    }

    fn open(path: &Path) -> Result<Self, Failed> {
        Self::connect(path, false)
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), Failed> {
        self.0.prepare_cached(PUT)?.execute((key, value.as_bytes()))?;
        Ok(())
    }

    fn put_all(&mut self, records: &[(String, String)]) -> Result<(), Failed> {
        let transaction = self.0.transaction()?;
        for (key, value) in records {
            transaction.prepare_cached(PUT)?.execute((key, value.as_bytes()))?;
        }
        Ok(transaction.commit()?)
    }

    fn find(&mut self, key: &str) -> Result<usize, Failed> {
        let mut statement = self.0.prepare_cached("SELECT value FROM record WHERE key = ?1")?;
        let value: Option<Vec<u8>> = statement.query_row([key], |row| row.get(0)).optional()?;
        Ok(value.map_or(0, |value| value.len()))
    }

    fn scan(&mut self, skip: usize, records: usize) -> Result<usize, Failed> {
        let (mut after, mut sum, mut seen) = (i64::try_from(skip)?, 0, 0);
        while seen < records {
            let mut statement = self.0.prepare_cached(
                "SELECT id, key, value FROM record WHERE collection = 1 AND id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let rows = statement.query_map([after, page], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
            })?;
            let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
            let Some((last, ..)) = rows.last() else { break };
            after = *last;
            sum += rows.iter().map(|(_, _, value)| value.len()).sum::<usize>();
            seen += rows.len();
        }
        Ok(sum)
    }

    fn put_blob(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.0.pragma_update(None, "synchronous", "FULL")?;
        self.0.prepare_cached(PUT)?.execute(("blob", bytes))?;
        Ok(())
    }

    fn find_blob(&mut self) -> Result<usize, Failed> {
        self.find("blob")
    }
}
