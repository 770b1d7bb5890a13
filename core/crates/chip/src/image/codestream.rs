//! The headers of JPEG 2000 (ISO/IEC 15444-1, annexes A and I), read for bounds only.

use super::check_size;
use crate::ChipError;

/// What the codestream's size marker says, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u16,
}

const SOC: u16 = 0xFF4F;
const SIZ: u16 = 0xFF51;
const COD: u16 = 0xFF52;
const COC: u16 = 0xFF53;
const POC: u16 = 0xFF5F;
const PPM: u16 = 0xFF60;
const PPT: u16 = 0xFF61;
const SOT: u16 = 0xFF90;
const SOD: u16 = 0xFF93;
const EOC: u16 = 0xFFD9;

const MAX_TILES: u64 = 64;
const MAX_TILE_PARTS: usize = 256;
const MAX_LEVELS: u8 = 10;
const MAX_LAYERS: u16 = 32;
/// Precincts of fewer than 32 samples a side make work out of nothing; encoders take 128 or no limit.
const MIN_PRECINCT: u8 = 5;

/// The codestream in a JP2 file without a palette.
pub(super) fn inside_jp2(file: &[u8]) -> Result<&[u8], ChipError> {
    let mut rest = file;
    while !rest.is_empty() {
        let (kind, content, after) = next_box(rest)?;
        match &kind {
            b"jp2c" => return Ok(content),
            b"jp2h" => {
                let mut inner = content;
                while !inner.is_empty() {
                    let (kind, _, after) = next_box(inner)?;
                    if &kind == b"pclr" {
                        return Err(ChipError::ImageUnsupported);
                    }
                    inner = after;
                }
            }
            _ => {}
        }
        rest = after;
    }
    Err(ChipError::ImageDamaged)
}

/// Kind and content of a box, and what follows it.
type JpBox<'a> = ([u8; 4], &'a [u8], &'a [u8]);

fn next_box(bytes: &[u8]) -> Result<JpBox<'_>, ChipError> {
    let damaged = ChipError::ImageDamaged;
    let (length, rest) = bytes.split_first_chunk().ok_or(damaged)?;
    let (kind, _) = rest.split_first_chunk().ok_or(damaged)?;
    let (head, length) = match u32::from_be_bytes(*length) {
        0 => (8, bytes.len()),
        1 => {
            let long = bytes.get(8..).and_then(|rest| rest.first_chunk()).ok_or(damaged)?;
            (16, usize::try_from(u64::from_be_bytes(*long)).map_err(|_| damaged)?)
        }
        length => (8, usize::try_from(length).map_err(|_| damaged)?),
    };
    let (whole, after) = bytes.split_at_checked(length).ok_or(damaged)?;
    Ok((*kind, whole.get(head..).ok_or(damaged)?, after))
}

/// Reads the headers and refuses what would be too much work.
pub(super) fn check(codestream: &[u8]) -> Result<Size, ChipError> {
    let mut reader = Reader(codestream);
    if reader.u16()? != SOC || reader.u16()? != SIZ {
        return Err(ChipError::ImageDamaged);
    }
    let size = read_size(reader.segment()?)?;
    let mut parts = 0;
    loop {
        let at = reader.0;
        match reader.u16()? {
            SOT => {
                parts += 1;
                if parts > MAX_TILE_PARTS {
                    return Err(ChipError::ImageTooLarge);
                }
                let mut head = Reader(reader.segment()?);
                head.u16()?;
                let length = usize::try_from(head.u32()?).map_err(|_| ChipError::ImageDamaged)?;
                loop {
                    match reader.u16()? {
                        SOD => break,
                        marker => check_marker(marker, &mut reader, size)?,
                    }
                }
                // A length of 0 reaches to the end.
                if length == 0 {
                    return Ok(size);
                }
                let header = at.len() - reader.0.len();
                reader.skip(length.checked_sub(header).ok_or(ChipError::ImageDamaged)?)?;
                if reader.0.is_empty() {
                    return Ok(size);
                }
            }
            EOC => return Ok(size),
            marker if parts == 0 => check_marker(marker, &mut reader, size)?,
            _ => return Err(ChipError::ImageDamaged),
        }
    }
}

/// `SIZ`: the picture, its tiles and its components.
fn read_size(segment: &[u8]) -> Result<Size, ChipError> {
    let mut fields = Reader(segment);
    fields.u16()?;
    let [x_end, y_end, x_start, y_start, tile_x, tile_y, tile_x_start, tile_y_start] = fields.u32s()?;
    let side = |end: u32, start: u32| end.checked_sub(start).ok_or(ChipError::ImageDamaged);
    let (width, height) = (side(x_end, x_start)?, side(y_end, y_start)?);
    check_size(width, height)?;
    let tiles = |end: u32, start: u32, size: u32| {
        let reach = u64::from(side(end, start)?);
        if size == 0 { Err(ChipError::ImageDamaged) } else { Ok(reach.div_ceil(u64::from(size))) }
    };
    if tiles(x_end, tile_x_start, tile_x)? * tiles(y_end, tile_y_start, tile_y)? > MAX_TILES {
        return Err(ChipError::ImageTooLarge);
    }
    let components = fields.u16()?;
    if components != 1 && components != 3 {
        return Err(ChipError::ImageUnsupported);
    }
    for _ in 0..components {
        let [depth, across, down] = fields.bytes()?;
        if depth & 0x7F > 15 || !(1..=4).contains(&across) || !(1..=4).contains(&down) {
            return Err(ChipError::ImageUnsupported);
        }
    }
    Ok(Size { width, height, components })
}

/// A marker of a main header or a tile part's header; its segment is passed over.
fn check_marker(marker: u16, reader: &mut Reader<'_>, size: Size) -> Result<(), ChipError> {
    match marker {
        // Markers without a segment.
        0xFF30..=0xFF3F => Ok(()),
        COD => {
            let mut fields = Reader(reader.segment()?);
            let [style, _progression] = fields.bytes()?;
            if fields.u16()? > MAX_LAYERS {
                return Err(ChipError::ImageTooLarge);
            }
            fields.skip(1)?;
            check_coding(&mut fields, style & 1 != 0)
        }
        COC => {
            let mut fields = Reader(reader.segment()?);
            fields.skip(if size.components < 257 { 1 } else { 2 })?;
            let [style] = fields.bytes()?;
            check_coding(&mut fields, style & 1 != 0)
        }
        // Another order of progression, and headers packed elsewhere: no portrait has them.
        POC | PPM | PPT => Err(ChipError::ImageUnsupported),
        0xFF50..=0xFFFF => reader.segment().map(drop),
        _ => Err(ChipError::ImageDamaged),
    }
}

/// Levels of decomposition, size of code blocks, transformation, and the precincts of each level.
fn check_coding(fields: &mut Reader<'_>, precincts: bool) -> Result<(), ChipError> {
    let [levels, _width, _height, _style, _transformation] = fields.bytes()?;
    if levels > MAX_LEVELS {
        return Err(ChipError::ImageTooLarge);
    }
    for _ in 0..if precincts { levels + 1 } else { 0 } {
        let [exponents] = fields.bytes()?;
        if exponents & 0x0F < MIN_PRECINCT || exponents >> 4 < MIN_PRECINCT {
            return Err(ChipError::ImageTooLarge);
        }
    }
    Ok(())
}

/// Big-endian fields, one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ChipError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ChipError::ImageDamaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, ChipError> {
        self.bytes().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, ChipError> {
        self.bytes().map(u32::from_be_bytes)
    }

    fn u32s<const N: usize>(&mut self) -> Result<[u32; N], ChipError> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.u32()?;
        }
        Ok(numbers)
    }

    fn skip(&mut self, count: usize) -> Result<(), ChipError> {
        self.0 = self.0.get(count..).ok_or(ChipError::ImageDamaged)?;
        Ok(())
    }

    /// The content of a marker's segment, whose length counts itself.
    fn segment(&mut self) -> Result<&'a [u8], ChipError> {
        let length = usize::from(self.u16()?).checked_sub(2).ok_or(ChipError::ImageDamaged)?;
        let (segment, rest) = self.0.split_at_checked(length).ok_or(ChipError::ImageDamaged)?;
        self.0 = rest;
        Ok(segment)
    }
}
