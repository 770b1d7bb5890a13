//! DG2: the face, in ISO/IEC 19794-5 or 39794-5. The picture is located, not decoded; see [`image`](crate::image).

use core::fmt;

use super::{DataGroup, LdsFile};
use crate::{
    ChipError,
    tlv::{Objects, Tlv, objects},
};

/// DG2: pictures of the face (ảnh chân dung). At least one.
pub struct Dg2<'a> {
    faces: Vec<FaceImage<'a>>,
}

/// A picture inside DG2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FaceImage<'a> {
    /// By the picture's own first bytes; what the record says about it is not believed.
    pub format: ImageFormat,
    /// The picture file.
    pub bytes: &'a [u8],
}

/// How a picture is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// JPEG 2000 in its JP2 container.
    Jp2,
    /// A bare JPEG 2000 codestream.
    Jpeg2000Codestream,
}

impl<'a> Dg2<'a> {
    const MAX_FACES: u32 = 9;
    const GROUP: u32 = 0x7F61;
    const TEMPLATE: u32 = 0x7F60;
    const HEADER: u32 = 0xA1;
    const BLOCK_19794: u32 = 0x5F2E;
    const BLOCK_39794: u32 = 0x7F2E;

    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`]; [`ChipError::ImageUnsupported`] when a picture is of no known kind.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ChipError> {
        Self::read(bytes).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG2)))
    }

    fn read(bytes: &'a [u8]) -> Result<Self, ChipError> {
        let mut group = objects(Tlv::expect(Self::GROUP, DataGroup::DG2.open(bytes)?)?);
        let count = crate::tlv::small(group.expect(crate::tlv::INTEGER)?)?;
        if !(1..=Self::MAX_FACES).contains(&count) {
            return Err(ChipError::Malformed);
        }
        let mut faces = Vec::new();
        for _ in 0..count {
            let mut template = objects(group.expect(Self::TEMPLATE)?);
            let mut block = template.required()?;
            if block.tag == Self::HEADER {
                block = template.required()?;
            }
            match block.tag {
                Self::BLOCK_19794 => read_19794(block.value, &mut faces)?,
                Self::BLOCK_39794 => faces.push(read_39794(block.value)?),
                _ => return Err(ChipError::Malformed),
            }
        }
        if faces.is_empty() { Err(ChipError::Malformed) } else { Ok(Self { faces }) }
    }

    /// The pictures, best first as the state ordered them; never empty.
    pub fn faces(&self) -> &[FaceImage<'a>] {
        &self.faces
    }
}

impl fmt::Debug for Dg2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dg2({} faces, redacted)", self.faces.len())
    }
}

impl<'a> FaceImage<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, ChipError> {
        let format = ImageFormat::of(bytes).ok_or(ChipError::ImageUnsupported)?;
        Ok(Self { format, bytes })
    }
}

impl fmt::Debug for FaceImage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaceImage({:?}, {} bytes, redacted)", self.format, self.bytes.len())
    }
}

impl ImageFormat {
    /// The format whose files begin like this.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const JP2: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0xFF, 0x4F, 0xFF, 0x51, ..] => Some(Self::Jpeg2000Codestream),
            _ if bytes.starts_with(JP2) => Some(Self::Jp2),
            _ => None,
        }
    }
}

/// The facial record of ISO/IEC 19794-5:2005: a header of 14 bytes, then records of 20 bytes, feature points of 8, image
/// information of 12, and the picture up to the record's end.
fn read_19794<'a>(block: &'a [u8], faces: &mut Vec<FaceImage<'a>>) -> Result<(), ChipError> {
    const RECORD: usize = 20;
    const POINT: usize = 8;
    const INFORMATION: usize = 12;
    let mut rest = Fields(block);
    if rest.take(4)? != b"FAC\0" || rest.take(4)? != b"010\0" {
        return Err(ChipError::Malformed);
    }
    // The length counts the whole block; some encoders got it wrong, and the object's own length is checked.
    rest.number(4)?;
    let count = rest.number(2)?;
    if !(1..=9).contains(&count) {
        return Err(ChipError::Malformed);
    }
    for _ in 0..count {
        let mut record = Fields(rest.0);
        let length = record.number(4)?;
        let points = record.number(2)?;
        let before_picture = RECORD + points * POINT + INFORMATION;
        let record = rest.take(length)?;
        faces.push(FaceImage::new(record.get(before_picture..).ok_or(ChipError::Malformed)?)?);
    }
    Ok(())
}

/// The face image data block of ISO/IEC 39794-5:2019 in ICAO's application profile, of which only the way to the picture
/// is followed: `[1] [APPLICATION 5] representationBlocks [1] → first → imageRepresentation [1] → base [0] → 2D [0] →
/// data [0]`.
fn read_39794(block: &[u8]) -> Result<FaceImage<'_>, ChipError> {
    const DATA_BLOCK: u32 = 0x65;
    let mut outer = Tlv::only(block)?;
    if outer.tag != DATA_BLOCK {
        outer = Tlv::only(outer.value)?;
    }
    if outer.tag != DATA_BLOCK {
        return Err(ChipError::Malformed);
    }
    let blocks = find(outer.children(), 0xA1)?;
    let representation = blocks.children().required()?;
    let image = find(representation.children(), 0xA1)?;
    let base = find(image.children(), 0xA0)?;
    let plane = find(base.children(), 0xA0)?;
    FaceImage::new(find(plane.children(), 0x80)?.value)
}

fn find(parts: Objects<'_>, tag: u32) -> Result<Tlv<'_>, ChipError> {
    for part in parts {
        let part = part?;
        if part.tag == tag {
            return Ok(part);
        }
    }
    Err(ChipError::Malformed)
}

/// Fixed-length fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ChipError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ChipError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A big-endian number of at most four bytes.
    fn number(&mut self, bytes: usize) -> Result<usize, ChipError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
}

#[cfg(feature = "personalise")]
impl Dg2<'_> {
    /// The file with one picture in ISO/IEC 19794-5, as the Vietnamese card has it: the picture begins at byte 84 when the
    /// file is longer than 255 bytes and shorter than 64 KiB.
    pub fn encode(picture: &[u8], width: u16, height: u16) -> Vec<u8> {
        use crate::tlv::encode;
        let length = |more: usize| u32::try_from(picture.len() + more).unwrap_or(u32::MAX).to_be_bytes();
        let kind = u8::from(ImageFormat::of(picture) != Some(ImageFormat::Jpeg));
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let block = encode(
            Self::BLOCK_19794,
            &[
                b"FAC\x00010\x00",
                &length(46),
                &[0, 1],
                &length(32),
                &[0; 16],
                &[1, kind],
                &size,
                &[1, 0, 0, 0, 0, 0],
                picture,
            ],
        );
        let header = encode(Self::HEADER, &[&[0x81, 1, 2], &[0x82, 1, 0], &[0x87, 2, 1, 1], &[0x88, 2, 0, 8]]);
        let template = encode(Self::TEMPLATE, &[&header, &block]);
        encode(DataGroup::DG2.tag(), &[&encode(Self::GROUP, &[&[2, 1, 1], &template])])
    }
}
