//! Hash functions of documents.

use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::{
    ChipError,
    tlv::{OID, SEQUENCE, Tlv, encode, objects},
};

/// A hash function that documents are signed or files are listed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-1, of the first passports. Weak: see [`Strength`](super::Strength).
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256; the Vietnamese card.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    const OIDS: [(&[u8], Self); 5] = [
        (&[0x2B, 0x0E, 0x03, 0x02, 0x1A], Self::Sha1),
        (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], Self::Sha224),
        (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], Self::Sha256),
        (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], Self::Sha384),
        (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], Self::Sha512),
    ];

    /// Reads an algorithm identifier; its parameters are absent or NULL.
    pub(crate) fn parse(identifier: &Tlv<'_>) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(SEQUENCE, identifier.whole)?);
        let oid = parts.expect(OID)?;
        if let Some(parameters) = parts.next()
            && parameters?.whole != [5, 0]
        {
            return Err(ChipError::Malformed);
        }
        parts.finish()?;
        Self::OIDS.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash).ok_or(ChipError::AlgorithmUnknown)
    }

    /// Bytes of the hash.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of the parts, one after the other.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), |state, part| state.chain_update(part)).finalize().to_vec()
        }
        match self {
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha224 => run::<Sha224>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }

    /// The algorithm identifier's bytes, with NULL parameters.
    pub(crate) fn encode(self) -> Vec<u8> {
        encode(SEQUENCE, &[&self.encode_oid(), &[5, 0]])
    }

    /// The algorithm identifier's bytes, without parameters.
    pub(super) fn encode_bare(self) -> Vec<u8> {
        encode(SEQUENCE, &[&self.encode_oid()])
    }

    fn encode_oid(self) -> Vec<u8> {
        let oid = Self::OIDS.iter().find(|(_, hash)| *hash == self).map(|(oid, _)| *oid).unwrap_or_default();
        encode(OID, &[oid])
    }
}
