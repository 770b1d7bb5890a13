//! What the platform makes values with that nobody else can make. A real one keeps these keys in hardware.

use eid_crypto::{Hasher, Random, SecretBytes, SecretKey, hpke::RecipientKey};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::SandboxError;

/// One key for each kind of value.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Of challenges for instructions.
    pub(crate) challenges: Hasher,
    /// Of access and refresh tokens, which are derived, so that none need be stored.
    pub(crate) tokens: Hasher,
    /// Of cursors in the feed of records.
    pub(crate) cursors: Hasher,
    /// Of codes that lock accounts.
    pub(crate) lock_codes: Hasher,
    /// Opens pictures of faces; its public half is in the signed configuration.
    pub(crate) face: RecipientKey,
}

impl Secrets {
    /// Loads the keys, or makes them the first time.
    pub(crate) fn load_or_make(tx: &Transaction<'_>, rng: &dyn Random) -> Result<Self, SandboxError> {
        Ok(Self {
            challenges: Hasher::new(&load_or_make(tx, rng, "challenges")?),
            tokens: Hasher::new(&load_or_make(tx, rng, "tokens")?),
            cursors: Hasher::new(&load_or_make(tx, rng, "cursors")?),
            lock_codes: Hasher::new(&load_or_make(tx, rng, "lock codes")?),
            face: RecipientKey::derive(&load_or_make(tx, rng, "face")?)?,
        })
    }
}

fn load_or_make(tx: &Transaction<'_>, rng: &dyn Random, name: &str) -> Result<SecretKey, SandboxError> {
    let stored = tx.query_row("SELECT key FROM secrets WHERE name = ?", [name], |row| row.get::<_, Vec<u8>>(0));
    if let Some(key) = stored.optional()? {
        return Ok(SecretKey::parse(&SecretBytes::new(key))?);
    }
    let key = SecretKey::make(rng)?;
    // EXPOSE: the sandbox keeps its keys in its database.
    tx.execute("INSERT INTO secrets (name, key) VALUES (?, ?)", params![name, key.expose()])?;
    Ok(key)
}
