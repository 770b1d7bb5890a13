//! Pictures: decoded within bounds, made smaller, and encoded anew.

use jpeg_decoder::{CodingProcess, Decoder as JpegDecoder, Error as JpegError, PixelFormat};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use png::{Decoder as PngDecoder, DecodingError, Limits, Transformations};

use crate::{
    EvidenceError, MAX_PICTURE,
    shrink::{Pixels, RGB, Shrink},
    upright::Orientation,
};

/// The most pixels that a file may say it has.
const MAX_PIXELS: usize = 50_000_000;

/// The most of one that has to be in memory as a whole: a progressive JPEG, an interlaced PNG.
const MAX_PIXELS_AT_ONCE: usize = 12_000_000;

/// The most pixels that are sent: an A4 page at 130 dots per inch.
const PIXELS_SENT: usize = 1_600_000;

/// The longest side that is decoded.
const MAX_SIDE: usize = 30_000;

/// Passes over the picture that a JPEG may ask for; usual ones have up to ten.
const MAX_SCANS: usize = 64;

/// Qualities that are tried, from what prints well to what can just be read.
const QUALITIES: [u8; 5] = [85, 75, 65, 55, 45];

/// A decoded picture, in the size that is sent and upright.
pub(crate) struct Picture(Pixels);

pub(crate) fn decode_jpeg(bytes: &[u8]) -> Result<Picture, EvidenceError> {
    // In the picture's own data 0xff is followed by zero or a restart marker: this is a count of passes, or more.
    if bytes.windows(2).filter(|pair| *pair == [0xff, 0xda]).count() > MAX_SCANS {
        return Err(EvidenceError::Damaged);
    }
    let mut decoder = JpegDecoder::new(bytes);
    decoder.read_info().map_err(|error| jpeg_error(&error))?;
    let info = decoder.info().ok_or(EvidenceError::Damaged)?;
    let is_whole = info.coding_process != CodingProcess::DctSequential;
    let (width, height) = fit((info.width.into(), info.height.into()), is_whole)?;
    let bound = |side: usize| u16::try_from(side).map_err(|_| EvidenceError::TooLarge);
    // The decoder leaves details out while it decodes: a picture of 50 megapixels is never in memory.
    let decoded = decoder.scale(bound(width)?, bound(height)?).map_err(|error| jpeg_error(&error))?;
    let decoded = (usize::from(decoded.0), usize::from(decoded.1));
    let to_rgb = match info.pixel_format {
        PixelFormat::RGB24 => ToRgb::Rgb,
        PixelFormat::L8 => ToRgb::Gray,
        PixelFormat::L16 | PixelFormat::CMYK32 => return Err(EvidenceError::Kind),
    };
    let pixels = decoder.decode().map_err(|error| jpeg_error(&error))?;
    let orientation = Orientation::parse(decoder.exif_data());
    let mut shrink = Shrink::new(decoded, (width, height));
    let row = decoded.0 * to_rgb.bytes();
    pixels.chunks_exact(row.max(1)).take(decoded.1).for_each(|row| to_rgb.push(row, &mut shrink));
    Ok(Picture(orientation.apply(shrink.finish()?)))
}

pub(crate) fn decode_png(bytes: &[u8]) -> Result<Picture, EvidenceError> {
    let mut decoder = PngDecoder::new_with_limits(std::io::Cursor::new(bytes), Limits { bytes: 96 * 1024 * 1024 });
    // Compressed texts and profiles are not even inflated.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|error| png_error(&error))?;
    let side = |side: u32| usize::try_from(side).map_err(|_| EvidenceError::TooLarge);
    let size = (side(header.width)?, side(header.height)?);
    let to = fit(size, header.interlaced)?;
    let is_interlaced = header.interlaced;
    let mut reader = decoder.read_info().map_err(|error| png_error(&error))?;
    let to_rgb = match reader.output_color_type().0 {
        png::ColorType::Grayscale => ToRgb::Gray,
        png::ColorType::GrayscaleAlpha => ToRgb::GrayAlpha,
        png::ColorType::Rgb => ToRgb::Rgb,
        png::ColorType::Rgba => ToRgb::Rgba,
        png::ColorType::Indexed => return Err(EvidenceError::Damaged),
    };
    let mut shrink = Shrink::new(size, to);
    if is_interlaced {
        let mut pixels = vec![0; reader.output_buffer_size().ok_or(EvidenceError::TooLarge)?];
        let line = reader.next_frame(&mut pixels).map_err(|error| png_error(&error))?.line_size;
        pixels.chunks_exact(line.max(1)).take(size.1).for_each(|row| to_rgb.push(row, &mut shrink));
    } else {
        for _ in 0..size.1 {
            let row = reader.next_row().map_err(|error| png_error(&error))?.ok_or(EvidenceError::Damaged)?;
            to_rgb.push(row.data(), &mut shrink);
        }
    }
    let orientation = Orientation::parse(reader.info().exif_metadata.as_deref());
    Ok(Picture(orientation.apply(shrink.finish()?)))
}

impl Picture {
    /// As JPEG of at most [`MAX_PICTURE`] bytes, with its width and height.
    pub(crate) fn encode(self) -> Result<(Vec<u8>, (u32, u32)), EvidenceError> {
        let mut picture = self.0;
        loop {
            for quality in QUALITIES {
                let bytes = encode(&picture, quality)?;
                if bytes.len() <= MAX_PICTURE {
                    let side = |side: usize| u32::try_from(side).map_err(|_| EvidenceError::TooLarge);
                    return Ok((bytes, (side(picture.width)?, side(picture.height)?)));
                }
            }
            // More details than fit, as in noise: fewer pixels.
            picture = picture.shrink((picture.width * 7 / 10, picture.height * 7 / 10))?;
        }
    }
}

fn encode(picture: &Pixels, quality: u8) -> Result<Vec<u8>, EvidenceError> {
    let side = |side: usize| u16::try_from(side).map_err(|_| EvidenceError::TooLarge);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_optimized_huffman_tables(true);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    encoder.encode(&picture.rgb, width, height, ColorType::Rgb).map_err(|_| EvidenceError::Damaged)?;
    Ok(bytes)
}

/// Checks a size before anything is allocated for it; gives the size that is sent.
fn fit((width, height): (usize, usize), is_whole: bool) -> Result<(usize, usize), EvidenceError> {
    let pixels = width.checked_mul(height).ok_or(EvidenceError::TooLarge)?;
    let most = if is_whole { MAX_PIXELS_AT_ONCE } else { MAX_PIXELS };
    if pixels > most || width.max(height) > MAX_SIDE {
        return Err(EvidenceError::TooLarge);
    }
    if pixels == 0 {
        return Err(EvidenceError::Damaged);
    }
    if pixels <= PIXELS_SENT {
        return Ok((width, height));
    }
    // As wide as a picture of the same form that has so many pixels; of a strip the short side stays one pixel.
    let [width_64, height_64, sent] =
        [width, height, PIXELS_SENT].map(|number| u64::try_from(number).unwrap_or(u64::MAX));
    let new_width = usize::try_from((width_64 * sent / height_64).isqrt()).unwrap_or(width).clamp(1, width);
    let new_height = (PIXELS_SENT / new_width).min(new_width * height / width).clamp(1, height);
    Ok((new_width, new_height))
}

/// Kinds of pixels that decoders give.
#[derive(Clone, Copy)]
enum ToRgb {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl ToRgb {
    const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => RGB,
            Self::Rgba => 4,
        }
    }

    /// Hands a row over; what is transparent is white, like paper.
    fn push(self, row: &[u8], shrink: &mut Shrink) {
        let over = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        let pixels = row.chunks_exact(self.bytes());
        match self {
            Self::Rgb => shrink.push(row),
            Self::Gray => shrink.push(&row.iter().flat_map(|gray| [*gray; RGB]).collect::<Vec<_>>()),
            Self::GrayAlpha => {
                let rgb = pixels.flat_map(|pixel| match pixel {
                    [gray, alpha] => [over(*gray, *alpha); RGB],
                    _ => [0; RGB],
                });
                shrink.push(&rgb.collect::<Vec<_>>());
            }
            Self::Rgba => {
                let rgb = pixels.flat_map(|pixel| match pixel {
                    [red, green, blue, alpha] => [over(*red, *alpha), over(*green, *alpha), over(*blue, *alpha)],
                    _ => [0; RGB],
                });
                shrink.push(&rgb.collect::<Vec<_>>());
            }
        }
    }
}

/// The originals are dropped: they may quote the file.
fn jpeg_error(error: &JpegError) -> EvidenceError {
    match error {
        JpegError::Unsupported(_) => EvidenceError::Kind,
        JpegError::Format(_) | JpegError::Io(_) | JpegError::Internal(_) => EvidenceError::Damaged,
    }
}

fn png_error(error: &DecodingError) -> EvidenceError {
    match error {
        DecodingError::LimitsExceeded => EvidenceError::TooLarge,
        DecodingError::Format(_) | DecodingError::IoError(_) | DecodingError::Parameter(_) => EvidenceError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn size_beyond_its_bounds_is_refused_before_anything_is_decoded() {
        for (size, is_whole, expected) in [
            ((0, 5), false, Err(EvidenceError::Damaged)),
            ((5, 0), false, Err(EvidenceError::Damaged)),
            ((10_000, 5_001), false, Err(EvidenceError::TooLarge)),
            ((4_000, 3_001), true, Err(EvidenceError::TooLarge)),
            ((30_001, 1), false, Err(EvidenceError::TooLarge)),
            ((usize::MAX, 2), false, Err(EvidenceError::TooLarge)),
            ((4_000, 3_000), true, Ok((1460, 1095))),
            ((10_000, 5_000), false, Ok((1788, 894))),
            ((1_600, 1_000), false, Ok((1_600, 1_000))),
            ((30_000, 1), false, Ok((30_000, 1))),
            ((30_000, 100), false, Ok((21_908, 73))),
        ] {
            assert_eq!(fit(size, is_whole), expected, "{size:?}");
        }
    }

    proptest! {
        #[test]
        fn any_size_fits_and_keeps_its_form(width in 1..30_000_usize, height in 1..30_000_usize) {
            if let Ok((w, h)) = fit((width, height), false) {
                prop_assert!(w * h <= PIXELS_SENT && (1..=width).contains(&w) && (1..=height).contains(&h));
                // Within a pixel of the same form.
                let ideal = w as f64 * height as f64 / width as f64;
                prop_assert!((h as f64 - ideal).abs() <= 1.0, "{}×{} to {}×{}", width, height, w, h);
            }
        }
    }
}
