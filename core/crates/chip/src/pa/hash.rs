//! Hash functions as certificates and documents name them.

use super::Strength;
use crate::{
    ChipError, Hash,
    tlv::{OID, SEQUENCE, Tlv, encode, objects},
};

const OIDS: [(&[u8], Hash); 5] = [
    (&[0x2B, 0x0E, 0x03, 0x02, 0x1A], Hash::Sha1),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], Hash::Sha224),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], Hash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], Hash::Sha384),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], Hash::Sha512),
];

impl Hash {
    /// Reads an algorithm identifier; its parameters are absent or NULL.
    pub(crate) fn parse_identifier(identifier: &Tlv<'_>) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(SEQUENCE, identifier.whole)?);
        let oid = parts.expect(OID)?;
        if let Some(parameters) = parts.next()
            && parameters?.whole != [5, 0]
        {
            return Err(ChipError::Malformed);
        }
        parts.finish()?;
        OIDS.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash).ok_or(ChipError::AlgorithmUnknown)
    }

    /// The algorithm identifier's bytes, with NULL parameters.
    pub(crate) fn identifier(self) -> Vec<u8> {
        encode(SEQUENCE, &[&self.oid(), &[5, 0]])
    }

    /// The algorithm identifier's bytes, without parameters.
    pub(super) fn bare_identifier(self) -> Vec<u8> {
        encode(SEQUENCE, &[&self.oid()])
    }

    fn oid(self) -> Vec<u8> {
        let oid = OIDS.iter().find(|(_, hash)| *hash == self).map(|(oid, _)| *oid).unwrap_or_default();
        encode(OID, &[oid])
    }

    /// Refuses SHA-1, unless old documents are wanted.
    pub(super) fn check(self, strength: Strength) -> Result<(), ChipError> {
        if self == Self::Sha1 && strength == Strength::Present { Err(ChipError::AlgorithmWeak) } else { Ok(()) }
    }
}
