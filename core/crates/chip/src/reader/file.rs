use core::fmt;

use crate::{ChipError, tlv::Header};

/// A file of a chip. Fingerprints and iris images (DG3, DG4) are not among them: they need rights that a citizen has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileId {
    /// EF.CardSecurity: the static key of PACE's chip authentication mapping, signed. Read only after that mapping.
    CardSecurity,
    /// EF.COM: the list of files, unsigned.
    Com,
    /// EF.SOD: the signed hashes of all files.
    Sod,
    /// Machine-readable zone.
    Dg1,
    /// Face.
    Dg2,
    /// Further personal details.
    Dg11,
    /// Further document details.
    Dg12,
    /// The Vietnamese card's data in Unicode.
    Dg13,
    /// What the chip can do, and its Chip Authentication key.
    Dg14,
    /// Active Authentication key.
    Dg15,
}

/// Facts about a file.
struct Facts {
    id: u16,
    tag: u32,
    most: usize,
    typical: usize,
}

impl FileId {
    /// What a Vietnamese identity card is read for, in an order that proves the chip early and leaves the longest file, which
    /// can be resumed, for the end.
    pub const IDENTITY: [Self; 6] = [Self::Sod, Self::Dg14, Self::Dg1, Self::Dg13, Self::Dg15, Self::Dg2];

    fn facts(self) -> Facts {
        let facts = |id, tag, most, typical| Facts { id, tag, most, typical };
        match self {
            Self::CardSecurity => facts(0x011D, 0x30, 0x1_0000, 1500),
            Self::Com => facts(0x011E, 0x60, 0x400, 25),
            Self::Sod => facts(0x011D, 0x77, 0x1_0000, 2000),
            Self::Dg1 => facts(0x0101, 0x61, 0x400, 95),
            Self::Dg2 => facts(0x0102, 0x75, 0x8_0000, 15_000),
            Self::Dg11 => facts(0x010B, 0x6B, 0x1_0000, 200),
            Self::Dg12 => facts(0x010C, 0x6C, 0x4_0000, 200),
            Self::Dg13 => facts(0x010D, 0x6D, 0x1_0000, 500),
            Self::Dg14 => facts(0x010E, 0x6E, 0x1_0000, 400),
            Self::Dg15 => facts(0x010F, 0x6F, 0x4000, 300),
        }
    }

    /// The file identifier.
    pub fn id(self) -> u16 {
        self.facts().id
    }

    /// The short file identifier: the last five bits.
    pub(crate) fn short(self) -> u8 {
        self.id().to_be_bytes()[1] & 0x1F
    }

    /// The tag of the whole file.
    pub fn tag(self) -> u32 {
        self.facts().tag
    }

    /// The most bytes that are read of it.
    pub fn most(self) -> usize {
        self.facts().most
    }

    /// About how long it is, before that is known.
    pub(crate) fn typical(self) -> usize {
        self.facts().typical
    }
}

/// A file as far as it was read. It stays when the link is lost.
#[derive(Clone, Default)]
pub(crate) struct Partial {
    pub(crate) bytes: Vec<u8>,
    /// Length of the whole file, from its first bytes.
    pub(crate) total: Option<usize>,
    /// The status word with which the chip refuses it.
    pub(crate) refused: Option<u16>,
}

impl Partial {
    /// Whether there is nothing more to ask for.
    pub(crate) fn is_over(&self) -> bool {
        self.refused.is_some() || self.total.is_some_and(|total| self.bytes.len() >= total)
    }

    /// The content, once it is complete.
    pub(crate) fn complete(&self) -> Option<&[u8]> {
        self.total.filter(|total| self.bytes.len() >= *total).map(|_| self.bytes.as_slice())
    }

    /// Takes the next bytes; gives how many of them belong to the file.
    pub(crate) fn extend(&mut self, file: FileId, data: &[u8]) -> Result<usize, ChipError> {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(data);
        let total = match self.total {
            Some(total) => total,
            None => {
                let header = Header::parse(&self.bytes)?;
                if header.tag != file.tag() {
                    return Err(ChipError::Malformed);
                }
                if header.total() > file.most() {
                    return Err(ChipError::FileTooLarge);
                }
                *self.total.insert(header.total())
            }
        };
        // What lies in the file behind its object is not read on purpose, and not kept.
        self.bytes.truncate(total);
        Ok(self.bytes.len() - before)
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partial({} of {:?} bytes, refused {:?})", self.bytes.len(), self.total, self.refused)
    }
}
