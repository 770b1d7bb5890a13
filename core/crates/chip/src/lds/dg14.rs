//! DG14: the security options that need a signature: Chip Authentication, Active Authentication over curves.

use super::{DataGroup, LdsFile};
use crate::{ChipError, SecurityInfos};

/// DG14: `SecurityInfos` (ICAO 9303 part 11, section 9.2), the signed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dg14 {
    /// What the chip can do, with its keys.
    pub infos: SecurityInfos,
}

impl Dg14 {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let infos = DataGroup::DG14.open(bytes).and_then(SecurityInfos::parse);
        infos.map(|infos| Self { infos }).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG14)))
    }

    /// The file with the protocols and keys of Chip Authentication.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] for a key of a group.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Result<Vec<u8>, ChipError> {
        use crate::tlv::{OID, SEQUENCE, SET, encode, encode_integer};
        /// `id-PK-ECDH`.
        const KEY_ECDH: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02];
        let id = |id: Option<u32>| id.map_or_else(Vec::new, |id| encode_integer(&id.to_be_bytes()));
        let mut infos = Vec::new();
        for info in &self.infos.chip_authentication {
            let parts = [encode(OID, &[&info.oid()]), encode_integer(&[1]), id(info.key_id)];
            infos.extend(encode(SEQUENCE, &parts.each_ref().map(Vec::as_slice)));
        }
        for key in &self.infos.keys {
            let public = crate::PublicKey::Agreement(key.key.clone()).encode()?;
            infos.extend(encode(SEQUENCE, &[&encode(OID, &[KEY_ECDH]), &public, &id(key.key_id)]));
        }
        Ok(encode(DataGroup::DG14.tag(), &[&encode(SET, &[&infos])]))
    }
}
