use proptest::prelude::*;

use super::*;
use crate::lds::Dg2;

const DG2_19794: &[u8] = include_bytes!("../../../../../tests/vectors/chip/bsi2008/Datagroup2.bin");
const DG2_39794: &[u8] = include_bytes!("../../../../../tests/vectors/chip/icao-39794-5-dg2.bin");
const RGB: &[u8] = include_bytes!("../../../../../tests/vectors/chip/rgb.jpg");
const GREY: &[u8] = include_bytes!("../../../../../tests/vectors/chip/grey.jpg");

fn decode(bytes: &[u8]) -> Result<Bitmap, ChipError> {
    Bitmap::decode(&FaceImage { format: ImageFormat::of(bytes).ok_or(ChipError::ImageUnsupported)?, bytes })
}

fn jp2() -> &'static [u8] {
    Dg2::parse(DG2_19794).unwrap().faces()[0].bytes
}

#[test]
fn third_party_faces_are_decoded() {
    let old = Dg2::parse(DG2_19794).unwrap();
    let new = Dg2::parse(DG2_39794).unwrap();
    assert_eq!((old.faces().len(), old.faces()[0].bytes.len()), (1, 15_083 - 84));
    assert_eq!(old.faces()[0].format, ImageFormat::Jp2);
    for face in [old.faces()[0], new.faces()[0]] {
        let bitmap = Bitmap::decode(&face).unwrap();
        assert_eq!((bitmap.width, bitmap.height, bitmap.channels), (413, 531, Channels::Rgb));
        // Not one colour: the spread of lightness is that of a photograph.
        let grey = bitmap.to_grey();
        assert_eq!(grey.pixels.len(), 413 * 531);
        let (darkest, lightest) = (grey.pixels.iter().min().unwrap(), grey.pixels.iter().max().unwrap());
        assert!(lightest - darkest > 150, "{darkest} to {lightest}");
        let bare =
            FaceImage { format: ImageFormat::Jpeg2000Codestream, bytes: codestream::inside_jp2(face.bytes).unwrap() };
        assert_eq!(Bitmap::decode(&bare), Ok(bitmap));
    }
}

#[test]
fn jpeg_decoded_has_its_colours() {
    let near = |is: u8, should: usize| (usize::from(is)).abs_diff(should) <= 24;
    let colour = decode(RGB).unwrap();
    assert_eq!((colour.width, colour.height, colour.channels), (60, 80, Channels::Rgb));
    let grey = decode(GREY).unwrap();
    assert_eq!((grey.width, grey.height, grey.channels), (60, 80, Channels::Grey));
    for (x, y) in [(5, 5), (30, 10), (10, 60), (20, 40)] {
        let at = y * 60 + x;
        let [red, green, blue] = colour.pixels.as_chunks().0[at];
        assert!(near(red, 4 * x) && near(green, 3 * y) && near(blue, 2 * (x + y)), "{x} {y}: {red} {green} {blue}");
        assert!(near(grey.pixels[at], 2 * x + y));
        assert!(near(colour.to_grey().pixels[at], (299 * 4 * x + 587 * 3 * y + 114 * 2 * (x + y)) / 1_000));
    }
    assert_eq!(format!("{grey:?}"), "Bitmap(60 × 80 Grey, redacted)");
}

/// The size in the JPEG's frame header.
fn with_jpeg_size(height: u16, width: u16) -> Vec<u8> {
    let at = RGB.windows(4).position(|window| window == [0xFF, 0xC0, 0, 17]).unwrap() + 5;
    let mut bytes = RGB.to_vec();
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn picture_bombs_are_refused_before_decoding() {
    for (height, width, error) in [
        (u16::MAX, u16::MAX, ChipError::ImageTooLarge),
        (4_097, 1, ChipError::ImageTooLarge),
        (2_048, 1_025, ChipError::ImageTooLarge),
    ] {
        assert_eq!(decode(&with_jpeg_size(height, width)), Err(error), "{height} {width}");
    }
    assert!(decode(&with_jpeg_size(0, 60)).is_err());
    assert_eq!(decode(&[RGB, &[0; MAX_BYTES]].concat()), Err(ChipError::ImageTooLarge));

    let codestream = codestream::inside_jp2(jp2()).unwrap();
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = codestream.to_vec();
        bytes[at..at + with.len()].copy_from_slice(with);
        decode(&bytes)
    };
    // SIZ begins at byte 2: marker, length, capabilities, then eight numbers of four bytes from byte 8.
    for (what, at, with, error) in [
        ("wide", 8, [0, 1, 0, 0], ChipError::ImageTooLarge),
        ("endless", 8, [0xFF; 4], ChipError::ImageTooLarge),
        ("nothing", 8, [0; 4], ChipError::ImageDamaged),
        ("tiny tiles", 24, [0, 0, 0, 1], ChipError::ImageTooLarge),
        ("no tiles", 24, [0; 4], ChipError::ImageDamaged),
        ("tiles from afar", 32, [0xFF; 4], ChipError::ImageDamaged),
    ] {
        assert_eq!(changed(at, &with), Err(error), "{what}");
    }
    assert_eq!(changed(40, &[0xFF, 0xFF]), Err(ChipError::ImageUnsupported), "components");
    let coding = codestream.windows(2).position(|window| window == [0xFF, 0x52]).unwrap();
    assert_eq!(changed(coding + 6, &[0xFF, 0xFF]), Err(ChipError::ImageTooLarge), "layers");
    assert_eq!(changed(coding + 9, &[33]), Err(ChipError::ImageTooLarge), "levels");
}

#[test]
fn cut_pictures_end_in_an_error_or_a_picture() {
    for (bytes, step) in [(RGB, 7), (GREY, 7), (jp2(), 499)] {
        for end in (0..bytes.len()).step_by(step) {
            if let Ok(bitmap) = decode(&bytes[..end]) {
                assert!(bitmap.width <= 413, "{end}");
            }
        }
    }
    assert_eq!(decode(b"\0\0\0\x0CjP  \r\n\x87\n"), Err(ChipError::ImageDamaged));
    let palette = [&b"\0\0\0\x0CjP  \r\n\x87\n"[..], b"\0\0\0\x10jp2h\0\0\0\x08pclr"].concat();
    assert_eq!(decode(&palette), Err(ChipError::ImageUnsupported));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn changed_pictures_are_decoded_or_refused(at in 0_usize..2_000, bytes in proptest::collection::vec(any::<u8>(), 1..4)) {
        for picture in [RGB, GREY] {
            let mut changed = picture.to_vec();
            let at = at % changed.len();
            let end = (at + bytes.len()).min(changed.len());
            changed.splice(at..end, bytes.iter().copied());
            drop(decode(&changed));
        }
        let mut changed = jp2().to_vec();
        changed[at] ^= bytes[0];
        drop(decode(&changed));
    }
}
