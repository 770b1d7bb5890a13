//! The files of the chip (ICAO 9303 part 10; DG13 as Vietnam fills it): foreign bytes in, types out.
//!
//! A file that parses is only well formed. What is in it may be believed after [`pa`](crate::pa) has compared its hash
//! with the signed one.

mod com;
mod dg1;
mod dg13;
mod dg14;
mod dg15;
mod dg2;
mod security_object;
mod text;

use crate::{ChipError, tlv::Tlv};

pub use com::Com;
pub use dg1::Dg1;
pub use dg2::{Dg2, FaceImage, ImageFormat};
pub(crate) use dg13::parse_sex;
pub use dg13::{CardGeneration, Dg13, Dg13Field, Dg13Value};
pub use dg14::Dg14;
pub use dg15::Dg15;
pub use security_object::{SecurityObject, VersionInfo};

/// A data group of the chip's application, 1–16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataGroup(u8);

/// A file of the chip, or another thing that is parsed on the way to believing it; named in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LdsFile {
    /// EF.COM: the list of files; unsigned.
    Com,
    /// EF.SOD: the signed hashes of the data groups.
    Sod,
    /// EF.CardSecurity: a static key of the chip, signed.
    CardSecurity,
    /// One of the data groups.
    Dg(DataGroup),
    /// A certificate of a document signer or a state.
    Certificate,
    /// A list of state certificates, signed by a state.
    MasterList,
    /// A list of certificates that their state took back.
    RevocationList,
    /// Our signed list of trusted and revoked certificates.
    TrustList,
}

impl DataGroup {
    /// The machine-readable zone.
    pub const DG1: Self = Self(1);
    /// The face.
    pub const DG2: Self = Self(2);
    /// The data of the Vietnamese card.
    pub const DG13: Self = Self(13);
    /// The security options: Chip Authentication.
    pub const DG14: Self = Self(14);
    /// The key of Active Authentication.
    pub const DG15: Self = Self(15);

    /// The outer tags of 1 to 16, in this order (9303 part 10, table 34).
    const TAGS: [u8; 16] =
        [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70];

    /// The data group with this number, if there is one.
    pub fn new(number: u32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=16).contains(number)).map(Self)
    }

    /// The data group whose file begins with this tag.
    pub fn from_tag(tag: u32) -> Option<Self> {
        (1..=16).map(Self).find(|group| group.tag() == tag)
    }

    /// 1–16.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The tag that the file begins with.
    pub fn tag(self) -> u32 {
        Self::TAGS.get(usize::from(self.0).wrapping_sub(1)).copied().map_or(0, u32::from)
    }

    /// The value of this group's file, which is exactly one object with the group's tag.
    fn open(self, bytes: &[u8]) -> Result<&[u8], ChipError> {
        Tlv::expect(self.tag(), bytes)
    }
}

#[cfg(test)]
mod tests;
