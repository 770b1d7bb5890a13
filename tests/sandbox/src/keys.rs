//! The platform's signing keys and the trust list that makes them known.

use eid_crypto::{SigningKey, VerifyingKey};
use eid_model::UnixTime;
use eid_proof::{KeyUse, TrustListDraft, TrustedKey};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::SandboxError;

/// The root that signs the sandbox's trust list: 65 bytes SEC1. A counter may embed it, and must then say "sandbox".
pub const SANDBOX_ROOT: &[u8] = include_bytes!("../keys/sandbox-root.pub");

/// The private half of [`SANDBOX_ROOT`], PKCS#8. Public on purpose: it proves nothing about anybody.
pub const SANDBOX_ROOT_PKCS8: &[u8] = include_bytes!("../keys/sandbox-root.NOT-SECRET.pk8");

/// The issuer's name in tokens, grants and lists. Short, as it is part of every QR code.
pub(crate) const ISSUER: &str = "e.example";

/// Who registers counters. Its lists have a name of their own, so that phones can keep them without those of tokens.
pub(crate) const REGISTRAR: &str = "r.example";

const DAY: i64 = 86_400;

/// How long a key may sign, by the trust list.
const KEY_LIFE: i64 = 3 * 365 * DAY;

/// How long a retired key stays in the trust list after its last use: the longest life of a token.
const OVERLAP: i64 = 31 * DAY;

/// How long a trust list is good.
const LIST_LIFE: i64 = 30 * DAY;

/// What a key of the platform signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Proof,
    Status,
    Grant,
    Registrar,
}

impl Role {
    const ALL: [Self; 4] = [Self::Proof, Self::Status, Self::Grant, Self::Registrar];

    const fn name(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Status => "status",
            Self::Grant => "grant",
            Self::Registrar => "registrar",
        }
    }

    const fn usage(self) -> KeyUse {
        match self {
            Self::Proof => KeyUse::Proof,
            Self::Status => KeyUse::Status,
            Self::Grant => KeyUse::Grant,
            Self::Registrar => KeyUse::Registrar,
        }
    }

    /// The names under which it signs. Status lists are made by one office for both.
    const fn issuers(self) -> &'static [&'static str] {
        match self {
            Self::Proof | Self::Grant => &[ISSUER],
            Self::Status => &[ISSUER, REGISTRAR],
            Self::Registrar => &[REGISTRAR],
        }
    }
}

/// Makes the keys that are not there yet: all of them, the first time.
pub(crate) fn make_missing(tx: &Transaction<'_>, now: i64) -> Result<(), SandboxError> {
    for role in Role::ALL {
        if find_active(tx, role)?.is_none() {
            make(tx, role, now)?;
        }
    }
    Ok(())
}

/// The key that signs in a role today.
pub(crate) fn active(tx: &Transaction<'_>, role: Role) -> Result<SigningKey, SandboxError> {
    find_active(tx, role)?.ok_or(SandboxError::Store(rusqlite::Error::QueryReturnedNoRows))
}

/// Retires the key that signs tokens and makes a new one. Tokens of the old one stay good until they expire.
pub(crate) fn rotate(tx: &Transaction<'_>, now: i64) -> Result<(), SandboxError> {
    let role = Role::Proof.name();
    tx.execute("UPDATE keys SET retired_at = ?1 WHERE role = ?2 AND retired_at IS NULL", params![now, role])?;
    make(tx, Role::Proof, now)
}

/// The trust list, signed by the sandbox root. Its version rises whenever a key comes or goes.
pub(crate) fn trust_list(tx: &Transaction<'_>, now: i64, environment: &str) -> Result<Vec<u8>, SandboxError> {
    if tx.execute("DELETE FROM keys WHERE retired_at < ?1", params![now.saturating_sub(OVERLAP)])? > 0 {
        raise_version(tx)?;
    }
    let draft = TrustListDraft {
        version: tx.query_row("SELECT version FROM trust_list", [], |row| row.get(0))?,
        environment: environment.to_owned(),
        issued_at: UnixTime::from_seconds(now),
        next_update: UnixTime::from_seconds(now.saturating_add(LIST_LIFE)),
        keys: list(tx)?,
    };
    Ok(draft.sign(&SigningKey::parse_pkcs8(SANDBOX_ROOT_PKCS8)?)?)
}

fn list(tx: &Transaction<'_>) -> Result<Vec<TrustedKey>, SandboxError> {
    let mut keys = Vec::new();
    for role in Role::ALL {
        let mut rows = tx.prepare("SELECT pkcs8, created_at, retired_at FROM keys WHERE role = ? ORDER BY id")?;
        let stored = rows.query_map([role.name()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for row in stored {
            let (pkcs8, created_at, retired_at): (Vec<u8>, i64, Option<i64>) = row?;
            let not_after = retired_at.unwrap_or(created_at.saturating_add(KEY_LIFE));
            let key = *SigningKey::parse_pkcs8(&pkcs8)?.public();
            keys.extend(role.issuers().iter().map(|issuer| TrustedKey {
                key,
                issuer: (*issuer).to_owned(),
                usage: role.usage(),
                // Tokens say the day they were issued, not the hour.
                not_before: UnixTime::from_seconds(created_at - created_at.rem_euclid(DAY)),
                not_after: UnixTime::from_seconds(not_after),
            }));
        }
    }
    Ok(keys)
}

fn make(tx: &Transaction<'_>, role: Role, now: i64) -> Result<(), SandboxError> {
    let pkcs8 = SigningKey::make_pkcs8()?;
    tx.execute("INSERT INTO keys (role, pkcs8, created_at) VALUES (?, ?, ?)", params![role.name(), *pkcs8, now])?;
    raise_version(tx)
}

fn raise_version(tx: &Transaction<'_>) -> Result<(), SandboxError> {
    if tx.execute("UPDATE trust_list SET version = version + 1", [])? == 0 {
        tx.execute("INSERT INTO trust_list (version) VALUES (1)", [])?;
    }
    Ok(())
}

fn find_active(tx: &Transaction<'_>, role: Role) -> Result<Option<SigningKey>, SandboxError> {
    let column = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
    let active = "SELECT pkcs8 FROM keys WHERE role = ? AND retired_at IS NULL";
    let found = tx.query_row(active, [role.name()], column).optional()?;
    Ok(found.map(|pkcs8| SigningKey::parse_pkcs8(&pkcs8)).transpose()?)
}

/// The public half of the key that signs in a role today.
pub(crate) fn public(tx: &Transaction<'_>, role: Role) -> Result<VerifyingKey, SandboxError> {
    Ok(*active(tx, role)?.public())
}
