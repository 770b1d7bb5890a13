//! Status lists (draft-ietf-oauth-status-list, CWT form) and the snapshot of them that a counter keeps.

use std::{collections::BTreeMap, io::Read as _};

use eid_crypto::SigningKey;
use eid_model::UnixTime;
use flate2::{Compression, read::ZlibDecoder, read::ZlibEncoder};

use crate::{
    KeyUse, ProofError, TrustList,
    cbor::{Key, Reader, Writer},
    cose::{self, Header, Sign1, Typ},
    error::Malformed,
    labels,
    time::{from_secs, to_secs},
};

/// Bits of one entry: valid, revoked and suspended need two.
const BITS: i64 = 2;
const ENTRIES_PER_BYTE: usize = 4;

/// Largest list after decompression: 2^22 entries.
const MAX_LIST_BYTES: u64 = 1 << 20;

/// Largest snapshot file.
const MAX_SNAPSHOT_BYTES: usize = 64 << 20;

/// Whether a token may still be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Neither revoked nor suspended.
    Valid,
    /// Withdrawn for good.
    Revoked,
    /// Withdrawn for now: the holder locked the account, or an office did.
    Suspended,
}

impl Status {
    const fn bits(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Revoked => 1,
            Self::Suspended => 2,
        }
    }

    /// The draft leaves 3 to applications; we have no use for it and believe nothing that carries it.
    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Valid,
            2 => Self::Suspended,
            _ => Self::Revoked,
        }
    }
}

/// What an issuer signs as one status list.
#[derive(Debug)]
pub struct StatusListDraft<'a> {
    /// The issuer's name, as in the trust list.
    pub issuer: &'a str,
    /// The list's address, as in the tokens.
    pub uri: &'a str,
    /// The status of each entry.
    pub statuses: &'a [Status],
    /// When the list was made.
    pub issued_at: UnixTime,
    /// When it must no longer be used.
    pub expires_at: UnixTime,
    /// After how many seconds a new one should be fetched.
    pub ttl_s: u32,
}

impl StatusListDraft<'_> {
    /// Makes the signed list: a Status List Token in CWT form, two bits an entry, zlib.
    ///
    /// # Errors
    /// [`ProofError::DraftInvalid`] for times outside 1970–2106; [`ProofError::Crypto`].
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, ProofError> {
        let secs = |time: UnixTime| to_secs(time).map(i64::from).ok_or(ProofError::DraftInvalid);
        // The draft counts entries from the least significant bits of each byte.
        let packed: Vec<u8> = self
            .statuses
            .chunks(ENTRIES_PER_BYTE)
            .map(|four| four.iter().rev().fold(0, |byte, status| byte << 2 | status.bits()))
            .collect();
        let mut compressed = Vec::new();
        ZlibEncoder::new(packed.as_slice(), Compression::best())
            .read_to_end(&mut compressed)
            .map_err(|_| ProofError::DraftInvalid)?;
        let mut writer = Writer::new();
        writer.map(6).int(labels::ISS).text(self.issuer).int(labels::SUB).text(self.uri);
        writer.int(labels::EXP).int(secs(self.expires_at)?).int(labels::IAT).int(secs(self.issued_at)?);
        writer.int(labels::STATUS_LIST).map(2).text("lst").bytes(&compressed).text("bits").int(BITS);
        writer.int(labels::TTL).int(self.ttl_s.into());
        Ok(cose::sign(key, Typ::Name(labels::TYP_STATUS_LIST), cose::NO_HEADER, &writer.finish())?)
    }
}

/// Puts signed lists into one snapshot file: a CBOR array of byte strings.
pub fn bundle_status_lists(tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(tokens.len());
    for token in tokens {
        writer.bytes(token);
    }
    writer.finish()
}

/// Of a snapshot file, the lists of registrars: all that a phone needs to know which counters were withdrawn.
///
/// # Errors
/// [`ProofError::StatusListInvalid`] as [`StatusSnapshot::parse`].
pub fn keep_registrar_lists(bytes: &[u8], trust: &TrustList) -> Result<Vec<u8>, ProofError> {
    if bytes.len() > MAX_SNAPSHOT_BYTES {
        return Err(ProofError::StatusListInvalid);
    }
    let is_registrar =
        |issuer: &str| trust.keys().iter().any(|key| key.usage == KeyUse::Registrar && key.issuer == issuer);
    let kept = Reader::whole(bytes, |reader| {
        let count = reader.array()?;
        let mut kept = Vec::new();
        for _ in 0..count {
            let token = reader.bytes()?;
            if is_registrar(&read_token(token, trust)?.1.issuer) {
                kept.push(token.to_vec());
            }
        }
        Ok(kept)
    });
    kept.map(|kept| bundle_status_lists(&kept)).map_err(|Malformed| ProofError::StatusListInvalid)
}

/// The status lists that a counter keeps, each checked against the trust list.
#[derive(Debug, Clone, Default)]
pub struct StatusSnapshot(BTreeMap<String, List>);

#[derive(Clone)]
struct List {
    issuer: String,
    issued_at: UnixTime,
    expires_at: UnixTime,
    packed: Vec<u8>,
}

impl core::fmt::Debug for List {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("List").field("issued_at", &self.issued_at).field("bytes", &self.packed.len()).finish()
    }
}

/// What a snapshot says of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusEntry {
    /// The status.
    pub status: Status,
    /// When its list was made.
    pub as_of: UnixTime,
    /// When its list must no longer be used.
    pub expires_at: UnixTime,
}

impl StatusSnapshot {
    /// Parses a snapshot file. One bad list spoils it: a counter should fetch a whole one again.
    ///
    /// # Errors
    /// [`ProofError::StatusListInvalid`] for a malformed, oversized or wrongly signed list.
    pub fn parse(bytes: &[u8], trust: &TrustList) -> Result<Self, ProofError> {
        if bytes.len() > MAX_SNAPSHOT_BYTES {
            return Err(ProofError::StatusListInvalid);
        }
        let lists = Reader::whole(bytes, |reader| {
            let count = reader.array()?;
            let mut lists = BTreeMap::new();
            for _ in 0..count {
                let (uri, list) = read_token(reader.bytes()?, trust)?;
                lists.insert(uri, list);
            }
            Ok(lists)
        });
        lists.map(Self).map_err(|Malformed| ProofError::StatusListInvalid)
    }

    /// When the oldest list inside was made; `None` for an empty snapshot.
    pub fn as_of(&self) -> Option<UnixTime> {
        self.0.values().map(|list| list.issued_at).min()
    }

    /// What the snapshot says of entry `index` of the list at `uri` of this issuer.
    pub fn find(&self, issuer: &str, uri: &str, index: u32) -> Option<StatusEntry> {
        let list = self.0.get(uri).filter(|list| list.issuer == issuer)?;
        let index = usize::try_from(index).ok()?;
        let byte = list.packed.get(index / ENTRIES_PER_BYTE)?;
        let status = Status::from_bits(byte >> (index % ENTRIES_PER_BYTE * 2));
        Some(StatusEntry { status, as_of: list.issued_at, expires_at: list.expires_at })
    }
}

fn read_token(bytes: &[u8], trust: &TrustList) -> Result<(String, List), Malformed> {
    let (sign1, ()) = Reader::whole(bytes, |reader| Sign1::read(reader, cose::no_unprotected))?;
    let header = Header::parse(sign1.protected)?;
    header.require(Typ::Name(labels::TYP_STATUS_LIST))?;
    let key_id = header.require_kid()?;
    let (mut issuer, mut uri, mut expires_at, mut issued_at, mut compressed) = (None, None, None, None, None);
    Reader::whole(sign1.payload, |reader| {
        reader.map(|reader, key| {
            match key {
                Key::Int(labels::ISS) => issuer = Some(reader.text()?),
                Key::Int(labels::SUB) => uri = Some(reader.text()?),
                Key::Int(labels::EXP) => expires_at = Some(from_secs(reader.uint32()?)),
                Key::Int(labels::IAT) => issued_at = Some(from_secs(reader.uint32()?)),
                Key::Int(labels::TTL) => drop(reader.uint32()?),
                Key::Int(labels::STATUS_LIST) => compressed = Some(read_list(reader)?),
                _ => return Err(Malformed),
            }
            Ok(())
        })
    })?;
    let (issuer, issued_at) = (issuer.ok_or(Malformed)?, issued_at.ok_or(Malformed)?);
    // The signature before the decompression: only a trusted signer may make us work.
    let trusted = trust
        .find(KeyUse::Status, &key_id, issuer)
        .filter(|key| key.is_valid_at(issued_at))
        .any(|key| sign1.verify(&key.key).is_ok());
    if !trusted {
        return Err(Malformed);
    }
    let packed = decompress(compressed.ok_or(Malformed)?)?;
    let list = List { issuer: issuer.to_owned(), issued_at, expires_at: expires_at.ok_or(Malformed)?, packed };
    Ok((uri.ok_or(Malformed)?.to_owned(), list))
}

fn read_list<'b>(reader: &mut Reader<'b>) -> Result<&'b [u8], Malformed> {
    let (mut bits, mut list) = (None, None);
    reader.map(|reader, key| {
        match key {
            Key::Text("lst") => list = Some(reader.bytes()?),
            Key::Text("bits") => bits = Some(reader.int()?),
            _ => return Err(Malformed),
        }
        Ok(())
    })?;
    list.filter(|_| bits == Some(BITS)).ok_or(Malformed)
}

fn decompress(compressed: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut packed = Vec::new();
    let mut limited = ZlibDecoder::new(compressed).take(MAX_LIST_BYTES + 1);
    let length = limited.read_to_end(&mut packed).map_err(|_| Malformed)?;
    if u64::try_from(length).is_ok_and(|length| length <= MAX_LIST_BYTES) { Ok(packed) } else { Err(Malformed) }
}
