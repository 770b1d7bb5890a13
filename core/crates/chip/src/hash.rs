use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use crate::legacy;

/// The hash functions that documents name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1, in old documents only.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// All of them; SHA-256 first, the most usual one.
    pub const ALL: [Self; 5] = [Self::Sha256, Self::Sha1, Self::Sha224, Self::Sha384, Self::Sha512];

    /// The digest of the parts, one after the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => legacy::sha1(parts).to_vec(),
            Self::Sha224 => parts.iter().fold(Sha224::new(), Sha224::chain_update).finalize().to_vec(),
            Self::Sha256 => parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().to_vec(),
            Self::Sha384 => parts.iter().fold(Sha384::new(), Sha384::chain_update).finalize().to_vec(),
            Self::Sha512 => parts.iter().fold(Sha512::new(), Sha512::chain_update).finalize().to_vec(),
        }
    }

    /// Length of a digest in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}
