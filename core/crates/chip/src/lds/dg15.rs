//! DG15: the key of Active Authentication.

use super::{DataGroup, LdsFile};
use crate::{ChipError, PublicKey};

/// DG15: the public key whose private half never leaves the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dg15 {
    /// RSA, or a point of a known curve.
    pub public_key: PublicKey,
}

impl Dg15 {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::Unsupported`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let key = DataGroup::DG15.open(bytes).and_then(PublicKey::parse);
        key.map(|public_key| Self { public_key }).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG15)))
    }

    /// The file.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] for a key of a group.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Result<Vec<u8>, ChipError> {
        Ok(crate::tlv::encode(DataGroup::DG15.tag(), &[&self.public_key.encode()?]))
    }
}
