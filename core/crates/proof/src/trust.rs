use eid_crypto::{SigningKey, VerifyingKey};
use eid_model::UnixTime;

use crate::{
    ProofError,
    cbor::{Key, Reader, Writer},
    cose::{self, Header, KeyId, Sign1, Typ},
    error::Malformed,
    labels,
    time::{from_secs, to_secs},
};

/// Largest signed trust list, in bytes.
const MAX_LIST_BYTES: usize = 256 * 1024;

/// What a key in a trust list may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Issuer tokens.
    Proof,
    /// Status lists.
    Status,
    /// Level-2 grants.
    Grant,
    /// Registrations of counters.
    Registrar,
}

impl KeyUse {
    const ALL: [Self; 4] = [Self::Proof, Self::Status, Self::Grant, Self::Registrar];

    const fn number(self) -> i64 {
        match self {
            Self::Proof => 1,
            Self::Status => 2,
            Self::Grant => 3,
            Self::Registrar => 4,
        }
    }
}

/// One key of a trust list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The public key.
    pub key: VerifyingKey,
    /// The issuer's name, as it stands in tokens.
    pub issuer: String,
    /// What it may sign.
    pub usage: KeyUse,
    /// Valid from: what it signed before is refused.
    pub not_before: UnixTime,
    /// Valid to: what it signed later is refused. Old and new keys overlap by at least a token's life.
    pub not_after: UnixTime,
}

impl TrustedKey {
    /// True if something signed at `time` may stand.
    pub fn is_valid_at(&self, time: UnixTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

/// What the root signs: the keys that may be believed, with a rising version.
#[derive(Debug, Clone)]
pub struct TrustListDraft {
    /// Rises with each change; a lower one never replaces a higher.
    pub version: u32,
    /// Which world the keys belong to, such as `sandbox`; shown beside each verdict.
    pub environment: String,
    /// When the list was made.
    pub issued_at: UnixTime,
    /// When the next one is due.
    pub next_update: UnixTime,
    /// The keys.
    pub keys: Vec<TrustedKey>,
}

const VERSION: i64 = 1;
const ISSUED_AT: i64 = 2;
const NEXT_UPDATE: i64 = 3;
const ENVIRONMENT: i64 = 4;
const KEYS: i64 = 5;

const KEY_USE: i64 = 1;
const KEY_ISSUER: i64 = 2;
const KEY_COSE: i64 = 3;
const KEY_NOT_BEFORE: i64 = 4;
const KEY_NOT_AFTER: i64 = 5;

impl TrustListDraft {
    /// Signs the list with the root's key.
    ///
    /// # Errors
    /// [`ProofError::DraftInvalid`] for times outside 1970–2106 or a list that is too large; [`ProofError::Crypto`].
    pub fn sign(&self, root: &SigningKey) -> Result<Vec<u8>, ProofError> {
        let secs = |time: UnixTime| to_secs(time).map(i64::from).ok_or(ProofError::DraftInvalid);
        let mut writer = Writer::new();
        writer.map(5).int(VERSION).int(self.version.into()).int(ISSUED_AT).int(secs(self.issued_at)?);
        writer.int(NEXT_UPDATE).int(secs(self.next_update)?).int(ENVIRONMENT).text(&self.environment);
        writer.int(KEYS).array(self.keys.len());
        for key in &self.keys {
            writer.map(5).int(KEY_USE).int(key.usage.number()).int(KEY_ISSUER).text(&key.issuer).int(KEY_COSE);
            cose::write_key(&mut writer, &key.key);
            writer.int(KEY_NOT_BEFORE).int(secs(key.not_before)?).int(KEY_NOT_AFTER).int(secs(key.not_after)?);
        }
        let signed = cose::sign(root, Typ::Name(labels::TYP_TRUST_LIST), cose::NO_HEADER, &writer.finish())?;
        if signed.len() > MAX_LIST_BYTES { Err(ProofError::DraftInvalid) } else { Ok(signed) }
    }
}

/// A trust list whose signature was checked, or a single key given by hand.
#[derive(Debug, Clone)]
pub struct TrustList(Content);

#[derive(Debug, Clone)]
enum Content {
    Signed(TrustListDraft),
    Single(TrustedKey),
}

impl TrustList {
    /// Parses a signed list and checks it against the roots that this program knows.
    ///
    /// # Errors
    /// [`ProofError::TrustListInvalid`] for a malformed, oversized or wrongly signed one.
    pub fn parse(bytes: &[u8], roots: &[VerifyingKey]) -> Result<Self, ProofError> {
        let signed = || -> Result<TrustListDraft, Malformed> {
            if bytes.len() > MAX_LIST_BYTES {
                return Err(Malformed);
            }
            let (sign1, ()) = Reader::whole(bytes, |reader| Sign1::read(reader, cose::no_unprotected))?;
            let header = Header::parse(sign1.protected)?;
            header.require(Typ::Name(labels::TYP_TRUST_LIST))?;
            let key_id = header.require_kid()?;
            let root = roots.iter().find(|root| cose::key_id(root) == key_id).ok_or(Malformed)?;
            sign1.verify(root).map_err(|_| Malformed)?;
            Reader::whole(sign1.payload, read_list)
        };
        signed().map(|list| Self(Content::Signed(list))).map_err(|Malformed| ProofError::TrustListInvalid)
    }

    /// Trusts exactly one key, for any issuer name and key id and at any time: for integration tests.
    pub fn single(key: VerifyingKey) -> Self {
        let (not_before, not_after) = (from_secs(0), from_secs(u32::MAX));
        Self(Content::Single(TrustedKey { key, issuer: String::new(), usage: KeyUse::Proof, not_before, not_after }))
    }

    /// The keys for this use with this id and issuer name; several only while a key is listed twice.
    pub(crate) fn find(&self, usage: KeyUse, key_id: &KeyId, issuer: &str) -> impl Iterator<Item = &TrustedKey> {
        self.keys().iter().filter(move |key| match self.0 {
            Content::Signed(_) => key.usage == usage && key.issuer == issuer && cose::key_id(&key.key) == *key_id,
            Content::Single(_) => usage == KeyUse::Proof,
        })
    }

    /// All keys.
    pub fn keys(&self) -> &[TrustedKey] {
        match &self.0 {
            Content::Signed(list) => &list.keys,
            Content::Single(key) => core::slice::from_ref(key),
        }
    }

    /// The list's version; 0 for a single key.
    pub fn version(&self) -> u32 {
        self.signed().map_or(0, |list| list.version)
    }

    /// The world that the keys belong to; `test` for a single key.
    pub fn environment(&self) -> &str {
        self.signed().map_or("test", |list| &list.environment)
    }

    /// When the list was made; a single key has no age.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.signed().map(|list| list.issued_at)
    }

    /// When the next list is due.
    pub fn next_update(&self) -> Option<UnixTime> {
        self.signed().map(|list| list.next_update)
    }

    /// True if this list may take the place of `old`: same environment, and not an older version.
    pub fn may_replace(&self, old: &Self) -> bool {
        self.environment() == old.environment() && self.version() >= old.version()
    }

    fn signed(&self) -> Option<&TrustListDraft> {
        match &self.0 {
            Content::Signed(list) => Some(list),
            Content::Single(_) => None,
        }
    }
}

fn read_list(reader: &mut Reader<'_>) -> Result<TrustListDraft, Malformed> {
    let (mut version, mut issued_at, mut next_update, mut environment, mut keys) = (None, None, None, None, None);
    reader.map(|reader, key| {
        match key {
            Key::Int(VERSION) => version = Some(reader.uint32()?),
            Key::Int(ISSUED_AT) => issued_at = Some(from_secs(reader.uint32()?)),
            Key::Int(NEXT_UPDATE) => next_update = Some(from_secs(reader.uint32()?)),
            Key::Int(ENVIRONMENT) => environment = Some(reader.text()?.to_owned()),
            Key::Int(KEYS) => {
                let count = reader.array()?;
                keys = Some((0..count).map(|_| read_trusted_key(reader)).collect::<Result<Vec<_>, _>>()?);
            }
            _ => return Err(Malformed),
        }
        Ok(())
    })?;
    Ok(TrustListDraft {
        version: version.ok_or(Malformed)?,
        environment: environment.ok_or(Malformed)?,
        issued_at: issued_at.ok_or(Malformed)?,
        next_update: next_update.ok_or(Malformed)?,
        keys: keys.ok_or(Malformed)?,
    })
}

fn read_trusted_key(reader: &mut Reader<'_>) -> Result<TrustedKey, Malformed> {
    let (mut usage, mut issuer, mut public, mut not_before, mut not_after) = (None, None, None, None, None);
    reader.map(|reader, key| {
        match key {
            Key::Int(KEY_USE) => {
                let number = reader.int()?;
                usage = Some(KeyUse::ALL.into_iter().find(|usage| usage.number() == number).ok_or(Malformed)?);
            }
            Key::Int(KEY_ISSUER) => issuer = Some(reader.text()?.to_owned()),
            Key::Int(KEY_COSE) => public = Some(cose::read_key(reader)?),
            Key::Int(KEY_NOT_BEFORE) => not_before = Some(from_secs(reader.uint32()?)),
            Key::Int(KEY_NOT_AFTER) => not_after = Some(from_secs(reader.uint32()?)),
            _ => return Err(Malformed),
        }
        Ok(())
    })?;
    Ok(TrustedKey {
        key: public.ok_or(Malformed)?,
        issuer: issuer.ok_or(Malformed)?,
        usage: usage.ok_or(Malformed)?,
        not_before: not_before.ok_or(Malformed)?,
        not_after: not_after.ok_or(Malformed)?,
    })
}
