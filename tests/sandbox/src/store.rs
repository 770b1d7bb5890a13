//! What must survive a restart, in SQLite: one file, or memory.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{SandboxError, Storage, problem::Refusal};

/// The one connection. Calls are short, so they take turns.
#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    /// Opens the database, or makes it.
    pub(crate) fn open(storage: &Storage) -> Result<Self, SandboxError> {
        let mut connection = match storage {
            Storage::Memory => Connection::open_in_memory()?,
            Storage::File(path) => Connection::open(path)?,
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        // A kill of the process loses nothing; a power cut may lose the last moments, which a sandbox can bear.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match transaction.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
            0 => transaction.execute_batch(SCHEMA)?,
            SCHEMA_VERSION => {}
            _ => return Err(SandboxError::StoreVersion),
        }
        transaction.commit()?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` as one transaction. A refusal keeps what was written before it, such as a wrong try or a used nonce;
    /// a fault undoes it.
    pub(crate) fn call<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction);
        if !matches!(&done, Err(refusal) if refusal.is_fault()) {
            transaction.commit()?;
        }
        done
    }

    /// Runs `work` as one transaction that is undone if it fails.
    pub(crate) fn run<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

const SCHEMA_VERSION: i64 = 9;

/// Times are Unix seconds; keys of clients are known by their thumbprint (RFC 7638).
const SCHEMA: &str = "
PRAGMA user_version = 9;
-- The server's certificate. The authority's own key is not kept.
CREATE TABLE tls (authority_pem TEXT NOT NULL, certificate BLOB NOT NULL, key BLOB NOT NULL) STRICT;
-- The platform's signing keys. A retired one stays trusted for a while.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY, role TEXT NOT NULL, pkcs8 BLOB NOT NULL, created_at INTEGER NOT NULL, retired_at INTEGER
) STRICT;
-- Keys of keyed hashes, by what they are for.
CREATE TABLE secrets (name TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT;
CREATE TABLE trust_list (version INTEGER NOT NULL) STRICT;
-- What was decided of the signed configuration, as JSON; none means the default.
CREATE TABLE configuration (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, settings TEXT NOT NULL) STRICT;
-- Attempts to activate, by phone, for the rate limit.
CREATE TABLE attempts (phone TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
-- How far each activation is. Of cards and faces there are hashes and counts only, never what was sent.
CREATE TABLE activations (
    id TEXT PRIMARY KEY, idempotency BLOB NOT NULL UNIQUE, request BLOB NOT NULL, pid TEXT NOT NULL,
    phone TEXT NOT NULL, purpose TEXT NOT NULL, code TEXT NOT NULL, code_expires_at INTEGER NOT NULL, tries_left INTEGER NOT NULL,
    challenge TEXT, chip_challenge BLOB, challenge_expires_at INTEGER,
    card_uploads INTEGER NOT NULL DEFAULT 0, card BLOB,
    voucher_tries INTEGER NOT NULL DEFAULT 5, voucher BLOB,
    face_tries INTEGER NOT NULL DEFAULT 3, face BLOB, face_matched INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Vouchers by their hashes.
CREATE TABLE vouchers (hash BLOB PRIMARY KEY, expires_at INTEGER NOT NULL, used_at INTEGER) STRICT;
-- What happened to people since the register was compiled in. card_state: 0 valid, 1 withdrawn, 2 expired.
CREATE TABLE register (
    pid TEXT PRIMARY KEY, phone TEXT, card_state INTEGER NOT NULL, closed INTEGER NOT NULL, locked INTEGER NOT NULL
) STRICT;
-- Wrong lock codes, for the rate limit.
CREATE TABLE lock_tries (pid TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, phone TEXT NOT NULL, text TEXT NOT NULL, code TEXT NOT NULL, sent_at INTEGER NOT NULL
) STRICT;
CREATE TABLE accounts (
    id TEXT PRIMARY KEY, pid TEXT NOT NULL UNIQUE, device BLOB NOT NULL, status INTEGER NOT NULL DEFAULT 0,
    lock_code BLOB, self_locked INTEGER NOT NULL DEFAULT 0,
    -- When its holder last proved to have the first phone number, which the register has; the second one; the phrase in messages.
    phone_confirmed_at INTEGER NOT NULL DEFAULT 0, second_phone TEXT, second_confirmed_at INTEGER NOT NULL DEFAULT 0,
    phrase TEXT,
    -- Until then some acts are refused, for the account came to another phone.
    cooling_until INTEGER NOT NULL DEFAULT 0
) STRICT;
-- One-time codes to phone numbers of an account; the newest one counts.
CREATE TABLE phone_codes (
    account TEXT PRIMARY KEY, phone TEXT NOT NULL, purpose TEXT NOT NULL, code TEXT NOT NULL, sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, tries_left INTEGER NOT NULL
) STRICT;
-- Keys that take face or finger, by their devices, and from when they count.
CREATE TABLE biometric_keys (device BLOB PRIMARY KEY, key BLOB NOT NULL UNIQUE, usable_from INTEGER NOT NULL) STRICT;
-- When the holder's face was last matched in a session of a device; and tries of it, for the rate limit.
CREATE TABLE faces (device BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE TABLE face_tries (id INTEGER PRIMARY KEY, account TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
-- Every key that was ever bound, so that none moves to another account; and what its phone reported of itself.
CREATE TABLE devices (
    key BLOB PRIMARY KEY, account TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '', bound_at INTEGER NOT NULL DEFAULT 0, last_seen_at INTEGER NOT NULL DEFAULT 0,
    store_generation INTEGER NOT NULL DEFAULT 0, passcode_epoch INTEGER NOT NULL DEFAULT 1,
    recovery_share BLOB
) STRICT;
CREATE INDEX devices_of_account ON devices (account);
-- The passcode key of each device with the wrong tries counted against it, and the last instruction that was taken.
CREATE TABLE passcodes (
    device BLOB PRIMARY KEY, key BLOB NOT NULL, wrong INTEGER NOT NULL DEFAULT 0, wait_until INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL DEFAULT 0, hash BLOB, outcome TEXT
) STRICT;
-- Passcode keys that were replaced, by their devices: what they signed is confirmed again and costs no try.
CREATE TABLE former_passcodes (device BLOB NOT NULL, key BLOB NOT NULL, PRIMARY KEY (device, key)) STRICT;
-- Tokens by their hashes; a family is what goes back to one sign-in.
CREATE TABLE access_tokens (
    hash BLOB PRIMARY KEY, account TEXT NOT NULL, device BLOB NOT NULL, auth_level INTEGER NOT NULL,
    auth_time INTEGER NOT NULL, family BLOB NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_of_device ON access_tokens (device);
CREATE INDEX access_tokens_of_family ON access_tokens (family);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);
CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY, account TEXT NOT NULL, device BLOB NOT NULL, auth_level INTEGER NOT NULL,
    auth_time INTEGER NOT NULL, family BLOB NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER
) STRICT;
CREATE INDEX refresh_tokens_of_device ON refresh_tokens (device);
CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
CREATE TABLE seen_jwts (hash BLOB PRIMARY KEY, keep_until INTEGER NOT NULL) STRICT;
CREATE INDEX seen_jwts_by_expiry ON seen_jwts (keep_until);
-- Tokens issued, each with its own key and its own place in a status list.
CREATE TABLE tokens (
    key BLOB PRIMARY KEY, account TEXT NOT NULL, device BLOB NOT NULL, superseded INTEGER NOT NULL DEFAULT 0,
    list INTEGER NOT NULL, place INTEGER NOT NULL, UNIQUE (list, place)
) STRICT;
-- Registrations of counters, each with its own place in their status list. Of one counter all but the newest are withdrawn.
CREATE TABLE counters (
    id INTEGER PRIMARY KEY, counter TEXT NOT NULL, registration BLOB NOT NULL, place INTEGER NOT NULL UNIQUE,
    status INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Consents as they were signed, and their withdrawals.
CREATE TABLE consents (
    account TEXT NOT NULL, id TEXT NOT NULL, token TEXT NOT NULL, received_at INTEGER NOT NULL,
    withdrawal TEXT, withdrawn_at INTEGER, UNIQUE (account, id)
) STRICT;
-- Requests under the data-protection law: what they say is not kept, for nobody reads it here.
CREATE TABLE data_requests (
    account TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL, received_at INTEGER NOT NULL, plan INTEGER NOT NULL,
    UNIQUE (account, id)
) STRICT;
-- Keys by which authorities, and the platform for receipts, sign what is said of records; the newest signs.
CREATE TABLE authority_keys (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, pkcs8 BLOB NOT NULL) STRICT;
-- When each authority was asked for a person's records last, when it answers, and whether it cannot.
CREATE TABLE asked (
    pid TEXT NOT NULL, kind TEXT NOT NULL, asked_at INTEGER NOT NULL, due_at INTEGER NOT NULL, fails INTEGER NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0, searched INTEGER NOT NULL DEFAULT 0, refreshed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (pid, kind)
) STRICT;
-- What the authorities have. What was struck out is kept for its time.
CREATE TABLE books (
    pid TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, as_of INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    status TEXT NOT NULL, form TEXT NOT NULL, struck INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (pid, kind, id)
) STRICT;
-- What people are told, in this order, as the authorities signed it.
CREATE TABLE feed (
    place INTEGER PRIMARY KEY AUTOINCREMENT, pid TEXT NOT NULL, slot TEXT NOT NULL, member TEXT NOT NULL,
    content TEXT NOT NULL, signature TEXT NOT NULL, UNIQUE (pid, slot)
) STRICT;
CREATE INDEX feed_of_person ON feed (pid, place);
CREATE TABLE feed_generation (generation INTEGER NOT NULL) STRICT;
INSERT INTO feed_generation (generation) VALUES (1);
-- What citizens sent, once for each round, with the receipt.
CREATE TABLE submissions (
    pid TEXT NOT NULL, jti TEXT NOT NULL, round INTEGER NOT NULL, hash BLOB NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL,
    form TEXT NOT NULL, evidence TEXT NOT NULL, receipt TEXT NOT NULL, received_at INTEGER NOT NULL, PRIMARY KEY (pid, jti, round)
) STRICT;
-- Evidence by account and content, and the bytes of it that have arrived.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, sha256 BLOB NOT NULL, length INTEGER NOT NULL, media TEXT NOT NULL,
    offered_at INTEGER NOT NULL, offset INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0, UNIQUE (account, sha256)
) STRICT;
CREATE TABLE evidence_parts (piece INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (piece, at)) STRICT;
-- Updates that citizens sent: the last round, the last step that was told, whether more was asked for, and whether
-- they wait for an authority that could not look at them.
CREATE TABLE dossiers (
    pid TEXT NOT NULL, jti TEXT NOT NULL, round INTEGER NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    is_asked INTEGER NOT NULL DEFAULT 0, waits INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (pid, jti)
) STRICT;
-- Steps that will be told when their time comes, and the record that one enters.
CREATE TABLE steps (
    pid TEXT NOT NULL, jti TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
    content TEXT NOT NULL, form TEXT, PRIMARY KEY (pid, jti, step)
) STRICT;
";
