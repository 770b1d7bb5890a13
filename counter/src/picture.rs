//! QR codes in pictures.

use std::{collections::HashSet, io::Cursor, panic::catch_unwind};

use eid_proof::{TextError, decode_text};
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageError, Limits, codecs::png::PngDecoder, imageops};
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, FilteredImageReader, Luma8Source, MultiFormatReader, RXingResult,
    Reader as _, common::HybridBinarizer, multi::MultipleBarcodeReader as _, qrcode::cpp_port::QrReader,
};

use crate::CounterError;

/// The largest picture that is decoded, in pixels.
pub const MAX_PIXELS: u64 = 50_000_000;
/// The most memory that a decoded picture may take, in bytes: [`MAX_PIXELS`] with four channels of eight bits, rounded
/// up.
const MAX_DECODED: u64 = 256 * 1024 * 1024;
/// The largest picture that the slow search gets, in pixels; a larger one is reduced to half size, and again.
const MAX_SLOW_PIXELS: u64 = 4_000_000;

/// Reads the text of the QR code in a PNG picture.
pub(crate) fn read_code(png: &[u8]) -> Result<String, CounterError> {
    let picture = decode(png)?;
    let mut texts = search(&picture);
    if texts.is_empty() {
        texts = search_harder(&picture);
    }
    choose(texts)
}

/// Of the codes in one picture the one that is an identity proof; when none is, the first, so that the officer can be told
/// what it is.
pub(crate) fn choose(texts: Vec<String>) -> Result<String, CounterError> {
    let mut ours: Vec<_> = texts.iter().filter(|text| is_ours(text)).collect();
    ours.sort_unstable();
    ours.dedup();
    match *ours {
        [] => texts.into_iter().next().ok_or(CounterError::NoSymbol),
        [text] => Ok(text.clone()),
        _ => Err(CounterError::SeveralProofs),
    }
}

fn is_ours(text: &str) -> bool {
    !matches!(decode_text(text), Err(TextError::NotOurs(_)))
}

fn decode(png: &[u8]) -> Result<GrayImage, CounterError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED);
    let decoder = PngDecoder::with_limits(Cursor::new(png), limits).map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(CounterError::InputTooLarge);
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    Ok(if picture.color().has_alpha() { on_white(&picture) } else { picture.into_luma8() })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn refusal(error: ImageError) -> CounterError {
    match error {
        ImageError::Limits(_) => CounterError::InputTooLarge,
        _ => CounterError::PictureDamaged,
    }
}

/// A picture with transparency, laid on white paper: a QR code saved without a background is often black on
/// transparent black.
fn on_white(picture: &DynamicImage) -> GrayImage {
    let source = picture.to_luma_alpha8();
    GrayImage::from_fn(source.width(), source.height(), |x, y| {
        let [grey, alpha] = source.get_pixel(x, y).0.map(u16::from);
        let blended = (grey * alpha + 255 * (255 - alpha)) / 255;
        image::Luma([u8::try_from(blended).unwrap_or(u8::MAX)])
    })
}

/// All QR symbols that a plain search finds.
fn search(picture: &GrayImage) -> Vec<String> {
    run_decoder(picture, |bitmap, hints| QrReader.decode_multiple_with_hints(bitmap, hints))
}

/// The one symbol that a slow search finds, which also tries smaller copies, closed gaps and inverted colours.
fn search_harder(picture: &GrayImage) -> Vec<String> {
    let (mut width, mut height) = picture.dimensions();
    while u64::from(width) * u64::from(height) > MAX_SLOW_PIXELS {
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
    let reduced = imageops::thumbnail(picture, width, height);
    run_decoder(&reduced, |bitmap, hints| {
        FilteredImageReader::new(MultiFormatReader::default()).decode_with_hints(bitmap, hints).map(|one| vec![one])
    })
}

type Bitmap<'a> = BinaryBitmap<HybridBinarizer<Luma8Source<'a>>>;
type Decoder = fn(&mut Bitmap<'_>, &DecodeHints) -> rxing::common::Result<Vec<RXingResult>>;

fn run_decoder(picture: &GrayImage, decode: Decoder) -> Vec<String> {
    // rxing indexes without checks in places, and says so; no picture may take the counter down.
    let found = catch_unwind(|| {
        let hints = DecodeHints {
            PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
            TryHarder: Some(true),
            AlsoInverted: Some(true),
            ..DecodeHints::default()
        };
        let source = Luma8Source::new_with_slice(picture.as_raw(), picture.width(), picture.height())?;
        decode(&mut BinaryBitmap::new(HybridBinarizer::new(source)), &hints)
    });
    let symbols = found.ok().and_then(Result::ok).unwrap_or_default();
    symbols.iter().map(|symbol| symbol.getText().to_owned()).collect()
}
