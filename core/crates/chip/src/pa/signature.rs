//! Keys and signature algorithms as certificates name them.

use super::rsa::Pss;
use crate::{
    ChipError, Hash, Public, PublicKey,
    tlv::{INTEGER, OID, Objects, SEQUENCE, Tlv, objects, small, unsigned},
};

/// What is still believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strength {
    /// No SHA-1, no RSA below 2048 bits, no curve below 224 bits. All that Vietnamese cards need.
    #[default]
    Present,
    /// Also SHA-1, RSA from 1024 bits and curves of 192 bits: passports from before 2010.
    Legacy,
}

/// How something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureAlgorithm {
    RsaV15(Hash),
    RsaPss(Pss),
    Ecdsa(Hash),
}

const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// `ansi-X9-62 signatures`.
pub(super) const ECDSA: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04];

impl PublicKey {
    /// `SubjectPublicKeyInfo`, with the parameters of curves spelt out, as on real chips.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] for a key of a group.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Result<Vec<u8>, ChipError> {
        use crate::tlv::{BIT_STRING, encode, encode_integer};
        let (algorithm, parameters, key) = match self {
            Self::Rsa(key) => {
                let numbers = [key.modulus(), key.exponent()].map(encode_integer);
                ([RSA, &[1]].concat(), vec![5, 0], encode(SEQUENCE, &numbers.each_ref().map(Vec::as_slice)))
            }
            Self::Agreement(Public::Ec(point)) => {
                (EC_PUBLIC_KEY.to_vec(), point.curve().explicit_parameters(), point.encode())
            }
            Self::Agreement(Public::Dh(_)) => return Err(ChipError::Unsupported),
        };
        let algorithm = encode(SEQUENCE, &[&encode(OID, &[&algorithm]), &parameters]);
        Ok(encode(SEQUENCE, &[&algorithm, &encode(BIT_STRING, &[&[0], &key])]))
    }

    /// Refuses a key that is too weak.
    pub(super) fn check(&self, strength: Strength) -> Result<(), ChipError> {
        let enough = match (self, strength) {
            (_, Strength::Legacy) => true,
            (Self::Rsa(key), Strength::Present) => key.bits() >= 2048,
            (Self::Agreement(Public::Ec(point)), Strength::Present) => point.curve().field_bytes() >= 28,
            (Self::Agreement(Public::Dh(_)), Strength::Present) => false,
        };
        if enough { Ok(()) } else { Err(ChipError::AlgorithmWeak) }
    }

    /// True when the signature over the parts is made with this key. False also where key and algorithm do not go
    /// together.
    pub(super) fn verifies(&self, algorithm: SignatureAlgorithm, message: &[&[u8]], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa(key), SignatureAlgorithm::RsaV15(hash)) => key.verifies_v15(hash, message, signature),
            (Self::Rsa(key), SignatureAlgorithm::RsaPss(pss)) => key.verifies_pss(&pss, message, signature),
            (Self::Agreement(Public::Ec(point)), SignatureAlgorithm::Ecdsa(hash)) => {
                let numbers = parse_ecdsa(signature);
                numbers.is_ok_and(|(r, s)| point.curve().verify(point, &hash.digest(message), r, s))
            }
            _ => false,
        }
    }
}

impl SignatureAlgorithm {
    /// Reads an algorithm identifier. One that names the key only is completed with the hash named elsewhere.
    pub(super) fn parse(identifier: &Tlv<'_>, hash: Option<Hash>) -> Result<Self, ChipError> {
        use Hash::{Sha1, Sha224, Sha256, Sha384, Sha512};
        let mut parts = objects(Tlv::expect(SEQUENCE, identifier.whole)?);
        let oid = parts.expect(OID)?;
        if let Some(rsa) = oid.strip_prefix(RSA) {
            return match rsa {
                [1] => hash.map(Self::RsaV15).ok_or(ChipError::AlgorithmUnknown),
                [2..=4] => Err(ChipError::AlgorithmWeak),
                [5] => Ok(Self::RsaV15(Sha1)),
                [10] => parse_pss(parts).map(Self::RsaPss),
                [11] => Ok(Self::RsaV15(Sha256)),
                [12] => Ok(Self::RsaV15(Sha384)),
                [13] => Ok(Self::RsaV15(Sha512)),
                [14] => Ok(Self::RsaV15(Sha224)),
                _ => Err(ChipError::AlgorithmUnknown),
            };
        }
        if oid == EC_PUBLIC_KEY {
            return hash.map(Self::Ecdsa).ok_or(ChipError::AlgorithmUnknown);
        }
        match oid.strip_prefix(ECDSA) {
            Some([1]) => Ok(Self::Ecdsa(Sha1)),
            Some([3, 1]) => Ok(Self::Ecdsa(Sha224)),
            Some([3, 2]) => Ok(Self::Ecdsa(Sha256)),
            Some([3, 3]) => Ok(Self::Ecdsa(Sha384)),
            Some([3, 4]) => Ok(Self::Ecdsa(Sha512)),
            _ => Err(ChipError::AlgorithmUnknown),
        }
    }

    /// Refuses a hash that is too weak. The mask's hash needs no strength.
    pub(super) fn check(self, strength: Strength) -> Result<(), ChipError> {
        let (Self::RsaV15(hash) | Self::Ecdsa(hash) | Self::RsaPss(Pss { hash, .. })) = self;
        hash.check(strength)
    }
}

/// `RSASSA-PSS-params` of RFC 4055; what is left out has the value of SHA-1's days.
fn parse_pss(mut outer: Objects<'_>) -> Result<Pss, ChipError> {
    const MGF1: u8 = 8;
    let mut pss = Pss { hash: Hash::Sha1, mask_hash: Hash::Sha1, salt_length: 20 };
    let Some(parameters) = outer.next() else { return Ok(pss) };
    let mut last = 0;
    for part in objects(Tlv::expect(SEQUENCE, parameters?.whole)?) {
        let part = part?;
        if part.tag <= last {
            return Err(ChipError::Malformed);
        }
        last = part.tag;
        let inner = Tlv::only(part.value)?;
        match part.tag {
            0xA0 => pss.hash = Hash::parse_identifier(&inner)?,
            0xA1 => {
                let mut mask = objects(Tlv::expect(SEQUENCE, inner.whole)?);
                if mask.expect(OID)?.strip_prefix(RSA) != Some(&[MGF1]) {
                    return Err(ChipError::AlgorithmUnknown);
                }
                pss.mask_hash = Hash::parse_identifier(&mask.required()?)?;
            }
            0xA2 if inner.tag == INTEGER => {
                pss.salt_length = usize::try_from(small(inner.value)?).map_err(|_| ChipError::Malformed)?;
            }
            0xA3 if inner.tag == INTEGER && small(inner.value)? == 1 => {}
            _ => return Err(ChipError::Malformed),
        }
    }
    Ok(pss)
}

/// `ECDSA-Sig-Value`: r and s.
fn parse_ecdsa(signature: &[u8]) -> Result<(&[u8], &[u8]), ChipError> {
    let mut parts = objects(Tlv::expect(SEQUENCE, signature)?);
    let (r, s) = (unsigned(parts.expect(INTEGER)?)?, unsigned(parts.expect(INTEGER)?)?);
    parts.finish()?;
    Ok((r, s))
}
