//! The record of used proofs: SQLite, shared by the processes of one counter.

use std::{fs::File, io::Read as _, path::Path, time::Duration};

use eid_model::UnixTime;
use eid_proof::{ReplayCache, ReplayEntry, ReplayUnavailable, Seen, TrustList};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::CounterError;

/// How each SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
/// `PRAGMA application_id` of our files: "eIDr".
const APPLICATION_ID: i64 = 0x6549_4472;
/// `PRAGMA user_version`.
const SCHEMA_VERSION: i64 = 2;
/// What version 1 had.
const SCHEMA_1: &str = "
    CREATE TABLE used (
        hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
        seen_at INTEGER NOT NULL,
        keep_until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX used_keep_until ON used (keep_until);";
/// What version 2 adds.
const SCHEMA_2: &str = "
    CREATE TABLE lists (
        environment TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";
/// How long one process waits for another to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Entries are kept this much longer than asked, in seconds: a clock set forward by mistake must not empty the record
/// before somebody sets it back.
const PURGE_GRACE_S: i64 = 86_400;

/// A record of used proofs and challenges, and of the newest trust lists, in a file. Of proofs it holds hashes and times only, survives restarts, and may be
/// shared by several processes: of two that see the same proof at once, exactly one is told "first".
#[derive(Debug)]
pub struct ReplayStore {
    connection: Connection,
}

impl ReplayStore {
    /// Opens the record, or makes it if the file is absent or empty.
    ///
    /// # Errors
    /// [`CounterError::ReplayUnusable`] if the file cannot be written, is damaged, or belongs to another program; such
    /// a file is left as it is.
    pub fn open(path: &Path) -> Result<Self, CounterError> {
        if is_foreign(path) {
            return Err(CounterError::ReplayUnusable);
        }
        Self::connect(path).ok().flatten().ok_or(CounterError::ReplayUnusable)
    }

    /// `None` for a file that is not ours.
    fn connect(path: &Path) -> rusqlite::Result<Option<Self>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // One transaction, so that of two processes that find an empty file only one fills it.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match (pragma("application_id")?, pragma("user_version")?, tables) {
            (APPLICATION_ID, SCHEMA_VERSION, _) => {}
            (APPLICATION_ID, 1, _) => transaction.execute_batch(SCHEMA_2)?,
            (0, 0, 0) => {
                transaction.execute_batch(SCHEMA_1)?;
                transaction.execute_batch(SCHEMA_2)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            }
            _ => return Ok(None),
        }
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
        // The mode belongs to the file. SQLite does not wait when another process is just setting it; then there is
        // nothing to do.
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => Err(error),
            _ => Ok(Some(Self { connection })),
        }
    }

    /// Remembers the trust list's version, and refuses a list that is older than the one remembered: it may still hold a
    /// key that was stolen since.
    ///
    /// # Errors
    /// [`CounterError::TrustOlder`]; [`CounterError::ReplayUnusable`] if the record cannot be read or written.
    pub fn remember_list(&mut self, trust: &TrustList) -> Result<(), CounterError> {
        match self.try_remember(trust) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CounterError::TrustOlder),
            Err(_) => Err(CounterError::ReplayUnusable),
        }
    }

    /// False for an older list, which leaves what is remembered as it is.
    fn try_remember(&self, trust: &TrustList) -> rusqlite::Result<bool> {
        // One statement: of two processes at once neither puts the lower version over the higher.
        let remember = "INSERT INTO lists VALUES (?1, ?2) ON CONFLICT (environment)
                        DO UPDATE SET version = ?2 WHERE version <= ?2";
        Ok(self.connection.execute(remember, params![trust.environment(), trust.version()])? == 1)
    }

    /// Records many at once: they are on the disk together, or none is. An entry is compared with those before it, too.
    pub(crate) fn record_all(&mut self, entries: &[ReplayEntry]) -> Vec<Result<Seen, ReplayUnavailable>> {
        match self.try_record_all(entries) {
            Ok(seen) => seen.into_iter().map(Ok).collect(),
            Err(_) => vec![Err(ReplayUnavailable); entries.len()],
        }
    }

    fn try_record_all(&mut self, entries: &[ReplayEntry]) -> rusqlite::Result<Vec<Seen>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(newest) = entries.iter().map(|entry| entry.seen_at.seconds()).max() {
            let forgotten = newest.saturating_sub(PURGE_GRACE_S);
            transaction.prepare_cached("DELETE FROM used WHERE keep_until < ?1")?.execute([forgotten])?;
        }
        let seen = entries.iter().map(|entry| record(&transaction, entry)).collect::<rusqlite::Result<_>>()?;
        transaction.commit()?;
        Ok(seen)
    }
}

fn record(transaction: &Transaction<'_>, entry: &ReplayEntry) -> rusqlite::Result<Seen> {
    let mut find = transaction.prepare_cached("SELECT seen_at FROM used WHERE hash = ?1")?;
    let mut find =
        |hash: &[u8; 32]| find.query_row([hash.as_slice()], |row| row.get(0)).map(UnixTime::from_seconds).optional();
    if let Some(at) = find(&entry.proof)? {
        return Ok(Seen::Again { at });
    }
    if let Some(challenge) = &entry.challenge
        && let Some(at) = find(challenge)?
    {
        return Ok(Seen::ChallengeSpent { at });
    }
    let mut insert = transaction.prepare_cached("INSERT INTO used VALUES (?1, ?2, ?3)")?;
    let (now, keep_until) = (entry.seen_at.seconds(), entry.keep_until.seconds());
    for hash in core::iter::once(&entry.proof).chain(&entry.challenge) {
        insert.execute(params![hash.as_slice(), now, keep_until])?;
    }
    Ok(Seen::First)
}

impl ReplayCache for ReplayStore {
    fn record(&mut self, entry: &ReplayEntry) -> Result<Seen, ReplayUnavailable> {
        self.record_all(core::slice::from_ref(entry)).pop().unwrap_or(Err(ReplayUnavailable))
    }
}

/// True for a file that holds something other than a database. SQLite itself would take a file of less than one page
/// for an empty one, and overwrite it.
fn is_foreign(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start));
    read.is_ok() && !start.is_empty() && start != HEADER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(proof: u8, challenge: Option<u8>, seen_at: i64) -> ReplayEntry {
        let time = UnixTime::from_seconds;
        let challenge = challenge.map(|byte| [byte; 32]);
        ReplayEntry { proof: [proof; 32], challenge, seen_at: time(seen_at), keep_until: time(seen_at + 150) }
    }

    fn count(store: &ReplayStore) -> i64 {
        store.connection.query_row("SELECT count(*) FROM used", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn second_use_is_seen_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("used");
        let at = |seconds| UnixTime::from_seconds(seconds);
        assert_eq!(ReplayStore::open(&path).unwrap().record(&entry(1, None, 100)), Ok(Seen::First));
        let mut store = ReplayStore::open(&path).unwrap();
        assert_eq!(store.record(&entry(1, None, 130)), Ok(Seen::Again { at: at(100) }));
        assert_eq!(store.record(&entry(2, Some(9), 140)), Ok(Seen::First));
        assert_eq!(store.record(&entry(3, Some(9), 150)), Ok(Seen::ChallengeSpent { at: at(140) }));
        assert_eq!(store.record(&entry(2, Some(9), 160)), Ok(Seen::Again { at: at(140) }));
        assert_eq!(store.record(&entry(3, None, 170)), Ok(Seen::First), "a refused answer leaves nothing behind");
    }

    #[test]
    fn old_entries_are_dropped_a_day_late() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ReplayStore::open(&folder.path().join("used")).unwrap();
        store.record(&entry(1, Some(2), 0)).unwrap();
        store.record(&entry(3, None, 150 + PURGE_GRACE_S)).unwrap();
        assert_eq!(count(&store), 3);
        store.record(&entry(4, None, 151 + PURGE_GRACE_S)).unwrap();
        assert_eq!(count(&store), 2);
    }

    #[test]
    fn record_is_durable_and_in_wal_mode() {
        let folder = tempfile::tempdir().unwrap();
        let store = ReplayStore::open(&folder.path().join("used")).unwrap();
        let pragma =
            |name| store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        assert_eq!(pragma("journal_mode"), Ok("wal".to_owned().into()));
        assert_eq!(pragma("synchronous"), Ok(2.into()));
    }

    #[test]
    fn foreign_or_unwritable_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        std::fs::write(path("text"), "Sổ ghi của người khác, dài hơn một trang của SQLite. ".repeat(100)).unwrap();
        std::fs::write(path("short"), "x").unwrap();
        Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        Connection::open(path("newer"))
            .unwrap()
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 3; {SCHEMA_1}"))
            .unwrap();
        for name in ["text", "short", "other", "newer"] {
            let before = std::fs::read(path(name)).unwrap();
            assert_eq!(ReplayStore::open(&path(name)).err(), Some(CounterError::ReplayUnusable), "{name}");
            assert_eq!(std::fs::read(path(name)).unwrap(), before, "{name} was changed");
        }
        assert_eq!(ReplayStore::open(folder.path()).err(), Some(CounterError::ReplayUnusable), "a folder");
        assert_eq!(ReplayStore::open(&path("no/such/folder")).err(), Some(CounterError::ReplayUnusable));
    }

    /// A list of this version, signed by nobody in particular.
    fn list(environment: &str, version: u32) -> TrustList {
        let root = eid_crypto::SigningKey::make().unwrap();
        let at = UnixTime::from_seconds(1_795_000_000);
        let draft = eid_proof::TrustListDraft {
            version,
            environment: environment.to_owned(),
            issued_at: at,
            next_update: at,
            keys: Vec::new(),
        };
        TrustList::parse(&draft.sign(&root).unwrap(), &[*root.public()]).unwrap()
    }

    #[test]
    fn older_trust_list_is_refused_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("used");
        assert_eq!(ReplayStore::open(&path).unwrap().remember_list(&list("pilot", 7)), Ok(()));
        let mut store = ReplayStore::open(&path).unwrap();
        for (environment, version, remembered) in [
            ("pilot", 7, Ok(())),
            ("pilot", 6, Err(CounterError::TrustOlder)),
            ("pilot", 9, Ok(())),
            ("pilot", 8, Err(CounterError::TrustOlder)),
            ("sandbox", 1, Ok(())),
            ("pilot", u32::MAX, Ok(())),
        ] {
            assert_eq!(store.remember_list(&list(environment, version)), remembered, "{environment} {version}");
        }
    }

    #[test]
    fn record_of_version_1_is_kept_and_remembers_lists_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("used");
        Connection::open(&path)
            .unwrap()
            .execute_batch(&format!(
                "{SCHEMA_1} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;
                 INSERT INTO used VALUES (x'{}', 100, 250)",
                "01".repeat(32)
            ))
            .unwrap();
        let mut store = ReplayStore::open(&path).unwrap();
        assert_eq!(store.remember_list(&list("pilot", 7)), Ok(()));
        drop(store);
        let mut store = ReplayStore::open(&path).unwrap();
        assert_eq!(store.remember_list(&list("pilot", 6)), Err(CounterError::TrustOlder));
        assert_eq!(store.record(&entry(1, None, 130)), Ok(Seen::Again { at: UnixTime::from_seconds(100) }));
    }

    #[test]
    fn one_of_many_at_once_is_first() {
        const PROOFS: u8 = 100;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("used");
        let record_all = || {
            let mut store = ReplayStore::open(&path).unwrap();
            (0..PROOFS).filter(|proof| store.record(&entry(*proof, None, 100)).unwrap() == Seen::First).count()
        };
        let firsts: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(record_all)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(firsts, usize::from(PROOFS));
    }
}
