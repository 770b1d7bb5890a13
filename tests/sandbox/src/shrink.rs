use eid_chip::{
    image::{Bitmap, Channels},
    lds::{FaceImage, ImageFormat},
};
use image::{DynamicImage, GrayImage, imageops::FilterType};
use webp::{Encoder, PixelLayout, WebPConfig};

/// Size of the portrait in a proof.
const SIZE: (u32, u32) = (72, 96);

/// How hard libwebp tries, at most.
const EFFORT: i32 = 6;

/// The issuer's pipeline for portraits: from the picture that a card's chip holds (JPEG or JPEG 2000) to WebP of 72 × 96 with at most
/// `most` bytes – 600 in a proof.
///
/// Grey, because at this size each byte is better spent on the face's features than on its colour; cut to three to four around the
/// middle; the best quality that fits. `core/docs/img/portraits.png` shows what that makes of faces.
///
/// `None` if it is no such picture, or even the worst quality is too large.
pub fn shrink_portrait(picture: &[u8], most: usize) -> Option<Vec<u8>> {
    let face = FaceImage { format: ImageFormat::of(picture)?, bytes: picture };
    let Bitmap { width, height, channels, pixels } = Bitmap::decode(&face).ok()?.to_grey();
    (channels == Channels::Grey).then_some(())?;
    let grey = DynamicImage::from(GrayImage::from_raw(width, height, pixels)?);
    let small = cut(&grey).resize_exact(SIZE.0, SIZE.1, FilterType::Lanczos3).into_rgb8();
    let encode = |quality: u8| encode(&small, quality).filter(|file| file.len() <= most);
    // Files grow with the quality: the best is found by halving.
    let (mut best, mut low, mut high) = (encode(0)?, 0_u8, 100_u8);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match encode(middle) {
            Some(file) => (best, low) = (file, middle),
            None => high = middle,
        }
    }
    Some(best)
}

/// The largest part in the middle that is three wide and four high.
fn cut(picture: &DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let (wide, high) = (width.min(height * 3 / 4).max(1), height.min(width * 4 / 3).max(1));
    picture.crop_imm((width - wide.min(width)) / 2, (height - high.min(height)) / 2, wide, high)
}

fn encode(picture: &image::RgbImage, quality: u8) -> Option<Vec<u8>> {
    let mut config = WebPConfig::new().ok()?;
    config.quality = f32::from(quality);
    config.method = EFFORT;
    let encoder = Encoder::new(picture.as_raw(), PixelLayout::Rgb, picture.width(), picture.height());
    encoder.encode_advanced(&config).ok().map(|file| file.to_vec())
}

#[cfg(test)]
mod tests {
    use image::{ImageReader, RgbImage};

    use super::*;
    use crate::portraits;

    fn open(file: &[u8]) -> RgbImage {
        let reader = ImageReader::with_format(std::io::Cursor::new(file), image::ImageFormat::WebP);
        reader.decode().unwrap().into_rgb8()
    }

    #[test]
    fn every_portrait_of_a_chip_fits_a_proof_and_shows_the_same_face() {
        for number in 1..=16 {
            let chip = portraits::large(number);
            let small = shrink_portrait(chip, 600).unwrap();
            assert!((450..=600).contains(&small.len()), "{number}: {} bytes", small.len());
            let picture = open(&small);
            assert_eq!(picture.dimensions(), SIZE);
            assert!(picture.pixels().all(|pixel| pixel.0.iter().max().unwrap() - pixel.0.iter().min().unwrap() <= 3));
            let taken = crate::FacePicture::parse(eid_crypto::Wiping::new([&[3], small.as_slice()].concat())).unwrap();
            let verdict = crate::FaceMatcher::compare(&crate::PictureMatcher, chip, &taken);
            assert_eq!(verdict, crate::FaceVerdict::Same, "{number}");
        }
    }

    #[test]
    fn more_room_gives_a_better_picture_and_too_little_none() {
        let chip = portraits::large(3);
        let reference = shrink_portrait(chip, 100_000).unwrap();
        let error = |most| {
            let file = shrink_portrait(chip, most).unwrap();
            assert!(file.len() <= most);
            let (one, other) = (open(&reference), open(&file));
            one.as_raw().iter().zip(other.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>()
        };
        let errors = [300, 400, 600, 1000, 3000].map(error);
        assert!(errors.windows(2).all(|pair| pair[0] > pair[1]), "{errors:?}");
        assert_eq!(shrink_portrait(chip, 50), None);
    }

    #[test]
    fn picture_of_another_shape_is_cut_and_what_is_none_is_refused() {
        let wide = RgbImage::from_fn(400, 200, |x, _| image::Rgb([if (125..275).contains(&x) { 250 } else { 0 }; 3]));
        let mut jpeg = std::io::Cursor::new(Vec::new());
        wide.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
        let picture = open(&shrink_portrait(jpeg.get_ref(), 600).unwrap());
        assert!(picture.pixels().all(|pixel| pixel.0[0] > 200), "the edges are cut off");
        for bytes in [&b""[..], b"\xff\xd8\xff", b"GIF89a", &jpeg.get_ref()[..100]] {
            assert_eq!(shrink_portrait(bytes, 600), None);
        }
    }
}
