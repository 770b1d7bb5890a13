//! Comparing a face that a phone took with the one on the card.

use std::{fmt, io::Cursor};

use eid_chip::{
    image::{Bitmap, Channels},
    lds::{FaceImage, ImageFormat},
};
use eid_crypto::Wiping;
use image::{DynamicImage, GrayImage, ImageReader, Limits, imageops::FilterType};

/// What a phone took of its holder's face.
pub struct FacePicture {
    kind: PictureKind,
    bytes: Wiping,
}

/// How it is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// A short clip, MP4.
    Mp4,
}

/// What a matcher says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceVerdict {
    /// It is the same person.
    Same,
    /// It is another person.
    Other,
    /// There is no picture in it, or none that can be compared.
    Unusable,
}

/// Whoever compares faces for the platform.
pub trait FaceMatcher: fmt::Debug + Send + Sync {
    /// Compares what a phone took with `reference`: the picture file of the card's DG2 (JPEG or JPEG 2000), or the register's
    /// portrait (JPEG). Neither may be kept.
    fn compare(&self, reference: &[u8], taken: &FacePicture) -> FaceVerdict;
}

impl FacePicture {
    /// Longest picture or clip, in bytes.
    const MAX_BYTES: usize = 2 << 20;

    /// Reads what a phone sealed: one byte that names the kind, then the file. None if it is neither.
    pub(crate) fn parse(mut sealed: Wiping) -> Option<Self> {
        let kind = match sealed.first()? {
            1 => PictureKind::Jpeg,
            2 => PictureKind::Png,
            3 => PictureKind::WebP,
            4 => PictureKind::Mp4,
            _ => return None,
        };
        sealed.remove(0);
        (sealed.len() <= Self::MAX_BYTES).then_some(Self { kind, bytes: sealed })
    }

    /// How the bytes are coded, as the phone says.
    pub fn kind(&self) -> PictureKind {
        self.kind
    }

    /// The picture file or the clip.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for FacePicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FacePicture({:?}, redacted)", self.kind)
    }
}

/// The sandbox's stand-in for a matcher. **It recognises pictures, not faces**: both are made small and grey, and it asks how
/// alike they are, whatever their brightness and contrast, shifted or cropped by a few per cent. So it takes a drawn portrait
/// that was coded again, cropped or brightened a little for the same, and tells the sandbox's portraits apart. It would not know
/// a living person in two photographs, and it cannot tell a living face from a printed one. Of a clip it looks at the first
/// frame that is coded as JPEG (Motion JPEG), and at no other codec.
#[derive(Debug, Clone, Copy, Default)]
pub struct PictureMatcher;

/// How alike two pictures of one drawing are at least: coded again, cropped and brightened ones had 0.97 and more, those of
/// two people up to 0.95.
const ALIKE: f32 = 0.96;

/// The size in which pictures are kept for comparing, and the one in which they are compared.
const KEPT: (u32, u32) = (96, 128);
const COMPARED: (u32, u32) = (48, 64);

impl FaceMatcher for PictureMatcher {
    fn compare(&self, reference: &[u8], taken: &FacePicture) -> FaceVerdict {
        let (Some(reference), Some(taken)) = (decode_reference(reference), decode_taken(taken)) else {
            return FaceVerdict::Unusable;
        };
        if likeness(&reference, &taken) >= ALIKE { FaceVerdict::Same } else { FaceVerdict::Other }
    }
}

fn decode_reference(bytes: &[u8]) -> Option<DynamicImage> {
    let face = FaceImage { format: ImageFormat::of(bytes)?, bytes };
    let Bitmap { width, height, channels, pixels } = Bitmap::decode(&face).ok()?.to_grey();
    (channels == Channels::Grey).then_some(())?;
    Some(small(&GrayImage::from_raw(width, height, pixels)?.into()))
}

fn decode_taken(taken: &FacePicture) -> Option<DynamicImage> {
    /// Pixels of a side, and bytes that decoding may take.
    const MAX_SIDE: u32 = 8_192;
    const MAX_MEMORY: u64 = 256 << 20;
    let (format, bytes) = match taken.kind {
        PictureKind::Jpeg => (image::ImageFormat::Jpeg, taken.bytes()),
        PictureKind::Png => (image::ImageFormat::Png, taken.bytes()),
        PictureKind::WebP => (image::ImageFormat::WebP, taken.bytes()),
        PictureKind::Mp4 => (image::ImageFormat::Jpeg, first_jpeg(taken.bytes())?),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    Some(small(&reader.decode().ok()?.into_luma8().into()))
}

/// The first picture in a clip.
fn first_jpeg(clip: &[u8]) -> Option<&[u8]> {
    const START: &[u8] = &[0xFF, 0xD8, 0xFF];
    (clip.get(4..8)? == b"ftyp").then_some(())?;
    clip.get(clip.windows(START.len()).position(|window| window == START)?..)
}

fn small(picture: &DynamicImage) -> DynamicImage {
    picture.resize_exact(KEPT.0, KEPT.1, FilterType::Triangle)
}

/// From -1 to 1: the best correlation of one whole picture with a part of the other.
fn likeness(one: &DynamicImage, other: &DynamicImage) -> f32 {
    let (whole_one, whole_other) = (pattern(one), pattern(other));
    let of_one = parts(one).map(|part| correlation(&part, &whole_other));
    let of_other = parts(other).map(|part| correlation(&whole_one, &part));
    of_one.chain(of_other).fold(-1.0, f32::max)
}

/// The picture with up to a fifth of width and height cut off, at each side or at one.
fn parts(picture: &DynamicImage) -> impl Iterator<Item = Vec<f32>> {
    let sizes = [100, 95, 90, 85, 80];
    let places = move |size: u32| (0..3).flat_map(move |x| (0..3).map(move |y| (size, x, y)));
    sizes.into_iter().flat_map(places).map(|(size, x, y)| {
        let (width, height) = (picture.width() * size / 100, picture.height() * size / 100);
        let (left, top) = ((picture.width() - width) * x / 2, (picture.height() - height) * y / 2);
        pattern(&picture.crop_imm(left, top, width, height))
    })
}

/// The pixels in the size in which they are compared, with mean 0 and length 1. All zeros for a plain picture.
fn pattern(picture: &DynamicImage) -> Vec<f32> {
    let small = picture.resize_exact(COMPARED.0, COMPARED.1, FilterType::Triangle).into_luma8();
    let pixels = small.as_raw().iter().copied().map(f32::from).collect::<Vec<_>>();
    let count = f32::from(u16::try_from(pixels.len()).unwrap_or(u16::MAX));
    let mean = pixels.iter().sum::<f32>() / count;
    let length = pixels.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f32>().sqrt();
    let scale = if length > 0.0 { length.recip() } else { 0.0 };
    pixels.iter().map(|pixel| (pixel - mean) * scale).collect()
}

fn correlation(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::portraits;

    fn taken(number: u8, bytes: &[u8]) -> FacePicture {
        FacePicture::parse(Wiping::new([&[number], bytes].concat())).unwrap()
    }

    fn encode(picture: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn everybody_is_known_again_and_nobody_is_another() {
        let mut closest = (f32::MIN, 0, 0);
        for one in 1..=16 {
            assert_eq!(
                PictureMatcher.compare(portraits::large(one), &taken(3, portraits::small(one))),
                FaceVerdict::Same
            );
            let reference = decode_reference(portraits::large(one)).unwrap();
            for other in 1..one {
                let alike = likeness(&reference, &decode_reference(portraits::large(other)).unwrap());
                closest = if alike > closest.0 { (alike, one, other) } else { closest };
            }
        }
        assert!(closest.0 < ALIKE - 0.01, "{closest:?}");
    }

    #[test]
    fn picture_that_was_changed_a_little_is_the_same() {
        for number in 1..=16 {
            let reference = portraits::large(number);
            let picture = image::load_from_memory(reference).unwrap();
            let (width, height) = (picture.width(), picture.height());
            for changed in [
                picture.crop_imm(width / 12, height / 12, width * 10 / 12, height * 10 / 12),
                picture.crop_imm(0, height / 10, width * 9 / 10, height * 9 / 10),
                picture.brighten(30),
                picture.brighten(-30),
                picture.adjust_contrast(-25.0),
                picture.resize_exact(1_080, 1_440, FilterType::Triangle),
            ] {
                let png = encode(&changed, image::ImageFormat::Png);
                assert_eq!(PictureMatcher.compare(reference, &taken(2, &png)), FaceVerdict::Same, "{number}");
            }
        }
    }

    #[test]
    fn bytes_without_a_picture_are_unusable() {
        let reference = portraits::large(1);
        let clip = [b"\0\0\0\x10ftypisom\0\0\0\0mdat".as_slice(), reference].concat();
        assert_eq!(PictureMatcher.compare(reference, &taken(4, &clip)), FaceVerdict::Same);
        assert_eq!(PictureMatcher.compare(reference, &taken(1, reference)), FaceVerdict::Same);
        let plain = encode(&RgbImage::new(40, 40).into(), image::ImageFormat::Png);
        assert_eq!(PictureMatcher.compare(reference, &taken(2, &plain)), FaceVerdict::Other, "nothing on it");
        let huge = encode(&GrayImage::new(8_193, 1).into(), image::ImageFormat::Png);
        for (kind, bytes) in
            [(1, &b""[..]), (2, reference), (3, reference), (4, reference), (4, b"\0\0\0\x10ftypisom"), (2, &huge)]
        {
            assert_eq!(PictureMatcher.compare(reference, &taken(kind, bytes)), FaceVerdict::Unusable, "{kind}");
        }
        for bad in [&[][..], &[0, 1], &[5, 1]] {
            assert!(FacePicture::parse(Wiping::new(bad.to_vec())).is_none());
        }
        assert!(FacePicture::parse(Wiping::new(vec![1; (2 << 20) + 2])).is_none());
    }
}
