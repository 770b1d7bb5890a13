//! Keys of the authorities, one of the platform for receipts, and what is signed with them: JWS with detached, unencoded payload
//! (RFC 7515 appendix F, RFC 7797).

use eid_crypto::SigningKey;
use eid_proof::key_id;
use rusqlite::{Transaction, params};
use serde::Serialize;

use crate::{
    SandboxError,
    jwt::{self, Jwk, encode},
};

/// The name of the platform's own key in this table; no authority has it.
pub(crate) const RECEIPTS: &str = "receipts";

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    b64: bool,
    crit: [&'a str; 1],
    kid: &'a str,
    typ: &'a str,
}

/// Who signs, with the newest key.
pub(crate) struct Signer {
    key: SigningKey,
    kid: String,
}

impl Signer {
    /// The key of an authority, by its code, or of the platform. Made the first time.
    pub(crate) fn of(tx: &Transaction<'_>, owner: &str) -> Result<Self, SandboxError> {
        let key = match list(tx, owner)?.pop() {
            Some(key) => key,
            None => make(tx, owner)?,
        };
        let kid = encode(&key_id(key.public()));
        Ok(Self { key, kid })
    }

    /// The signature over content that stands beside it: `header..signature`.
    pub(crate) fn sign_beside(&self, typ: &str, content: &str) -> Result<String, SandboxError> {
        let header = Header { alg: "ES256", b64: false, crit: ["b64"], kid: &self.kid, typ };
        let header = encode(&serde_json::to_vec(&header)?);
        let signature = self.key.sign(format!("{header}.{content}").as_bytes())?;
        Ok(format!("{header}..{}", encode(&signature)))
    }

    /// A JWT around claims.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SandboxError> {
        jwt::sign(typ, &self.kid, claims, &self.key)
    }
}

/// The public halves, the newest last.
pub(crate) fn published(tx: &Transaction<'_>, owner: &str) -> Result<Vec<Jwk>, SandboxError> {
    Signer::of(tx, owner)?;
    Ok(list(tx, owner)?.iter().map(|key| Jwk::new(key.public())).collect())
}

/// Makes a new key. What was signed with the old ones stays good.
pub(crate) fn make(tx: &Transaction<'_>, owner: &str) -> Result<SigningKey, SandboxError> {
    let pkcs8 = SigningKey::make_pkcs8()?;
    tx.execute("INSERT INTO authority_keys (owner, pkcs8) VALUES (?, ?)", params![owner, *pkcs8])?;
    Ok(SigningKey::parse_pkcs8(&pkcs8)?)
}

fn list(tx: &Transaction<'_>, owner: &str) -> Result<Vec<SigningKey>, SandboxError> {
    let mut rows = tx.prepare_cached("SELECT pkcs8 FROM authority_keys WHERE owner = ? ORDER BY id")?;
    let keys = rows.query_map([owner], |row| row.get::<_, Vec<u8>>(0))?;
    keys.map(|pkcs8| Ok(SigningKey::parse_pkcs8(&pkcs8?)?)).collect()
}
