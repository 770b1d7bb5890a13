//! Decodes the face of DG2: JPEG and JPEG 2000, in safe Rust and within bounds.
//!
//! A picture is the largest and most complicated thing that a chip says. Sizes are read and bounded before a decoder runs;
//! for JPEG 2000, whose headers can ask for much work with few bytes, so are tiles, components, precincts and layers.

mod codestream;

use core::fmt;

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use crate::{
    ChipError,
    lds::{FaceImage, ImageFormat},
};

/// A decoded picture: rows from the top, pixels from the left, one byte a channel. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// What a pixel is.
    pub channels: Channels,
    /// `width × height` pixels of one or three bytes.
    pub pixels: Vec<u8>,
}

/// What a pixel of a bitmap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One byte: lightness.
    Grey,
    /// Three bytes: red, green, blue.
    Rgb,
}

/// A portrait of 300 dots per inch has 0.3 million pixels; the largest in use, 2 million.
const MAX_PIXELS: u64 = 1 << 21;
const MAX_SIDE: u32 = 4_096;
/// A picture file; the largest in use have 60 KB.
const MAX_BYTES: usize = 1 << 20;

impl Bitmap {
    /// Decodes a picture.
    ///
    /// # Errors
    /// [`ChipError::ImageTooLarge`] before anything is decoded, [`ChipError::ImageUnsupported`] for kinds that no document
    /// has, [`ChipError::ImageDamaged`].
    pub fn decode(face: &FaceImage<'_>) -> Result<Self, ChipError> {
        if face.bytes.len() > MAX_BYTES {
            return Err(ChipError::ImageTooLarge);
        }
        match face.format {
            ImageFormat::Jpeg => decode_jpeg(face.bytes),
            ImageFormat::Jp2 => decode_jpeg2000(codestream::inside_jp2(face.bytes)?),
            ImageFormat::Jpeg2000Codestream => decode_jpeg2000(face.bytes),
        }
    }

    /// The picture in grey, for a matcher: the luma of BT.601.
    pub fn to_grey(&self) -> Self {
        let pixels = match self.channels {
            Channels::Grey => self.pixels.clone(),
            Channels::Rgb => self.pixels.as_chunks().0.iter().map(luma).collect(),
        };
        Self { channels: Channels::Grey, pixels, ..*self }
    }

    /// The picture if the bytes are as many as its size says.
    fn new(width: u32, height: u32, channels: Channels, pixels: Vec<u8>) -> Result<Self, ChipError> {
        let bytes = match channels {
            Channels::Grey => 1,
            Channels::Rgb => 3,
        };
        let expected = u64::from(width) * u64::from(height) * bytes;
        if u64::try_from(pixels.len()) == Ok(expected) {
            Ok(Self { width, height, channels, pixels })
        } else {
            Err(ChipError::ImageDamaged)
        }
    }
}

impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bitmap({} × {} {:?}, redacted)", self.width, self.height, self.channels)
    }
}

fn luma([red, green, blue]: &[u8; 3]) -> u8 {
    let sum = 299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue);
    u8::try_from((sum + 500) / 1_000).unwrap_or(u8::MAX)
}

fn check_size(width: u32, height: u32) -> Result<(), ChipError> {
    match (width, height) {
        (0, _) | (_, 0) => Err(ChipError::ImageDamaged),
        (1..=MAX_SIDE, 1..=MAX_SIDE) if u64::from(width) * u64::from(height) <= MAX_PIXELS => Ok(()),
        _ => Err(ChipError::ImageTooLarge),
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<Bitmap, ChipError> {
    /// Each scan of a progressive picture goes over all pixels.
    const MAX_SCANS: usize = 32;
    let damaged = |_| ChipError::ImageDamaged;
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or(ChipError::ImageDamaged)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height)?;
    let (space, channels) = match info.components {
        1 => (ColorSpace::Luma, Channels::Grey),
        3 => (ColorSpace::RGB, Channels::Rgb),
        _ => return Err(ChipError::ImageUnsupported),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(|_| ChipError::ImageDamaged)?;
    Bitmap::new(width, height, channels, pixels)
}

fn decode_jpeg2000(codestream: &[u8]) -> Result<Bitmap, ChipError> {
    let size = codestream::check(codestream)?;
    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(codestream, &settings).map_err(|_| ChipError::ImageDamaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|_| ChipError::ImageDamaged)?;
    let channels = if size.components == 1 { Channels::Grey } else { Channels::Rgb };
    Bitmap::new(size.width, size.height, channels, decoded.data_u8())
}

#[cfg(test)]
mod tests;
