//! DG1: the machine-readable zone, as the state signed it.

use core::fmt;

use super::{DataGroup, LdsFile};
use crate::{ChipError, mrz::Mrz, tlv::objects};

/// DG1: the machine-readable zone (dòng MRZ) on the chip.
pub struct Dg1 {
    /// The zone, with all check digits right.
    pub mrz: Mrz,
}

impl Dg1 {
    const MRZ: u32 = 0x5F1F;

    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], and those of [`Mrz::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let text = Self::read(bytes).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG1)))?;
        Mrz::parse(text).map(|mrz| Self { mrz })
    }

    fn read(bytes: &[u8]) -> Result<&str, ChipError> {
        let mut parts = objects(DataGroup::DG1.open(bytes)?);
        let zone = parts.expect(Self::MRZ)?;
        parts.finish()?;
        core::str::from_utf8(zone).map_err(|_| ChipError::Malformed)
    }

    /// The file for a zone.
    #[cfg(feature = "personalise")]
    pub fn encode(mrz: &Mrz) -> Vec<u8> {
        use crate::tlv::encode;
        encode(DataGroup::DG1.tag(), &[&encode(Self::MRZ, &[mrz.as_str().as_bytes()])])
    }
}

impl fmt::Debug for Dg1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dg1").field("mrz", &self.mrz).finish()
    }
}
