//! EF.COM: what the chip says it holds. Unsigned: the security object decides.

use super::{DataGroup, LdsFile};
use crate::{
    ChipError,
    tlv::{Tlv, objects},
};

/// EF.COM: versions and the list of data groups. Unsigned, so good for nothing but a plan of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Com {
    /// Version of the logical data structure, as in `0107`.
    pub lds_version: [u8; 4],
    /// Version of Unicode, as in `040000`.
    pub unicode_version: [u8; 6],
    /// The data groups, in the order of the file; unknown tags are left out.
    pub groups: Vec<DataGroup>,
}

impl Com {
    const TAG: u32 = 0x60;
    const MAX_GROUPS: usize = 32;

    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        Self::read(bytes).map_err(|error| error.in_file(LdsFile::Com))
    }

    fn read(bytes: &[u8]) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(Self::TAG, bytes)?);
        let lds_version = digits(parts.expect(0x5F01)?)?;
        let unicode_version = digits(parts.expect(0x5F36)?)?;
        let tags = parts.expect(0x5C)?;
        if tags.len() > Self::MAX_GROUPS {
            return Err(ChipError::Malformed);
        }
        let groups = tags.iter().filter_map(|tag| DataGroup::from_tag(u32::from(*tag))).collect();
        Ok(Self { lds_version, unicode_version, groups })
    }

    /// The file.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Vec<u8> {
        use crate::tlv::encode;
        let tags: Vec<u8> = self.groups.iter().filter_map(|group| u8::try_from(group.tag()).ok()).collect();
        let parts =
            [encode(0x5F01, &[&self.lds_version]), encode(0x5F36, &[&self.unicode_version]), encode(0x5C, &[&tags])];
        encode(Self::TAG, &parts.each_ref().map(Vec::as_slice))
    }
}

fn digits<const N: usize>(value: &[u8]) -> Result<[u8; N], ChipError> {
    let digits = <[u8; N]>::try_from(value).map_err(|_| ChipError::Malformed)?;
    if digits.iter().all(u8::is_ascii_digit) { Ok(digits) } else { Err(ChipError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_of_a_vietnamese_card_lists_its_groups() {
        let bytes = [
            &[0x60, 0x18, 0x5F, 0x01, 0x04][..],
            b"0107",
            &[0x5F, 0x36, 0x06],
            b"040000",
            &[0x5C, 0x06, 0x61, 0x75, 0x63, 0x6D, 0x6E, 0x6F],
        ]
        .concat();
        let com = Com::parse(&bytes).unwrap();
        assert_eq!(com.groups.iter().map(|group| group.number()).collect::<Vec<_>>(), [1, 2, 3, 13, 14, 15]);
        assert_eq!((&com.lds_version, &com.unicode_version), (b"0107", b"040000"));
        #[cfg(feature = "personalise")]
        assert_eq!(com.encode(), bytes);
        let malformed = Err(ChipError::FileMalformed(LdsFile::Com));
        for end in 0..bytes.len() {
            assert_eq!(Com::parse(&bytes[..end]), malformed, "{end}");
        }
        let letters = bytes.iter().map(|byte| if *byte == b'7' { b'x' } else { *byte }).collect::<Vec<_>>();
        assert_eq!(Com::parse(&letters), malformed);
    }
}
