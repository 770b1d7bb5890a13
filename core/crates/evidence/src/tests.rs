use jpeg_encoder::{ColorType, Encoder};
use proptest::prelude::*;

use super::*;
use crate::upright::tests::exif;

/// A picture whose left half is red and whose right half is blue.
fn halves(width: u16, height: u16) -> Vec<u8> {
    let row = (0..width).flat_map(|x| if x < width / 2 { [200, 0, 0] } else { [0, 0, 200] });
    let row: Vec<u8> = row.collect();
    row.repeat(height.into())
}

fn jpeg(width: u16, height: u16, prepare: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    prepare(&mut encoder);
    encoder.encode(&halves(width, height), width, height, ColorType::Rgb).unwrap();
    bytes
}

fn png(size: (u32, u32), color: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), "GPS 21.0278".into()).unwrap();
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    bytes
}

/// What a decoder of another make sees.
fn look(prepared: &Prepared) -> (Vec<u8>, usize) {
    let mut decoder = jpeg_decoder::Decoder::new(prepared.bytes.as_slice());
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    assert_eq!(prepared.size, Some((info.width.into(), info.height.into())));
    (pixels, info.width.into())
}

/// Whether a pixel is about this colour.
fn is_near(pixel: &[u8], colour: [u8; 3]) -> bool {
    pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 24)
}

#[test]
fn picture_of_a_camera_becomes_small_and_upright_and_says_nothing_of_where_it_was_taken() {
    let bytes = jpeg(3000, 2000, |encoder| {
        encoder.add_exif_metadata(&exif(6, true)).unwrap();
        encoder.add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0GPS 105.8342".to_vec()).unwrap();
        encoder.add_icc_profile(b"GPS profile").unwrap();
    });
    let bytes = [&bytes[..], b"GPS trailer PK\x03\x04"].concat();
    let prepared = prepare(bytes).unwrap();
    assert_eq!((prepared.media_type, prepared.size), (MediaType::Jpeg, Some((1032, 1549))));
    assert!(prepared.bytes.len() <= MAX_PICTURE);
    for hidden in [&b"GPS"[..], b"Exif", b"adobe", b"ICC", b"PK\x03"] {
        assert!(!prepared.bytes.windows(hidden.len()).any(|part| part == hidden));
    }
    assert!(prepared.bytes.ends_with(&[0xff, 0xd9]));
    // It was held upright: what was left in the file is at the top.
    let (pixels, width) = look(&prepared);
    assert!(is_near(&pixels[..3], [200, 0, 0]) && is_near(&pixels[pixels.len() - 3..], [0, 0, 200]));
    assert!(is_near(&pixels[(width - 1) * 3..width * 3], [200, 0, 0]));
}

#[test]
fn small_picture_keeps_its_size_and_a_progressive_one_is_read() {
    for progressive in [false, true] {
        let prepared = prepare(jpeg(64, 48, |encoder| encoder.set_progressive(progressive))).unwrap();
        assert_eq!(prepared.size, Some((64, 48)));
        assert!(is_near(&look(&prepared).0[..3], [200, 0, 0]));
    }
}

#[test]
fn png_of_any_kind_becomes_a_jpeg_and_what_is_transparent_is_white() {
    use png::{BitDepth::*, ColorType::*};
    for (color, depth, pixel, seen) in [
        (Grayscale, Eight, &[90][..], [90; 3]),
        (Grayscale, Sixteen, &[90, 1], [90; 3]),
        (GrayscaleAlpha, Eight, &[0, 0], [255; 3]),
        (Rgb, Eight, &[200, 0, 0], [200, 0, 0]),
        (Rgba, Eight, &[200, 0, 0, 255], [200, 0, 0]),
        (Rgba, Eight, &[200, 0, 0, 0], [255; 3]),
        (Rgba, Sixteen, &[200, 0, 0, 0, 0, 0, 255, 255], [200, 0, 0]),
    ] {
        let prepared = prepare(png((40, 30), color, depth, &pixel.repeat(40 * 30))).unwrap();
        let (pixels, _) = look(&prepared);
        assert!(is_near(&pixels[..3], seen), "{color:?} {depth:?} {:?}", &pixels[..3]);
        assert!(!prepared.bytes.windows(3).any(|part| part == b"GPS"));
    }
}

#[test]
fn picture_full_of_noise_still_fits() {
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..1200 * 1200 * 3)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let prepared = prepare(png((1200, 1200), png::ColorType::Rgb, png::BitDepth::Eight, &noise)).unwrap();
    assert!(prepared.bytes.len() <= MAX_PICTURE);
    let (width, height) = prepared.size.unwrap();
    assert!(width == height && (400..1200).contains(&width), "{width}");
}

/// A PNG chunk with its checksum.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(data);
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], name, data, &crc.sum().to_be_bytes()].concat()
}

fn deflated(data: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A PNG of eight-bit gray that says it has some size.
fn png_that_says(width: u32, height: u32, interlaced: bool, others: &[u8], data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, interlaced.into()]].concat();
    let parts = [chunk(b"IHDR", &header), others.to_vec(), chunk(b"IDAT", &deflated(data)), chunk(b"IEND", b"")];
    [&b"\x89PNG\r\n\x1a\n"[..], &parts.concat()].concat()
}

/// A JPEG whose frame says it has some size.
fn jpeg_that_says(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut bytes = jpeg(16, 16, |encoder| encoder.set_progressive(progressive));
    let frame = bytes.windows(2).position(|m| m == [0xff, if progressive { 0xc2 } else { 0xc0 }]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn hostile_pictures_are_refused_each_with_its_reason() {
    let gray_rows = |width: usize, height: usize| vec![0; (width + 1) * height];
    let text_bomb = chunk(b"zTXt", &[&b"k\0\0"[..], &deflated(&vec![0; 64 << 20])].concat());
    let scans = |count: usize| {
        let bytes = jpeg(16, 16, |_| ());
        let at = bytes.windows(2).position(|m| m == [0xff, 0xda]).unwrap();
        [&bytes[..at], &bytes[at..bytes.len() - 2].repeat(count), &[0xff, 0xd9]].concat()
    };
    let good = jpeg(64, 64, |_| ());
    for (what, bytes, error) in [
        ("nothing", vec![], EvidenceError::Kind),
        ("text", b"GIF89a".to_vec(), EvidenceError::Kind),
        ("HEIC", b"\0\0\0\x18ftypheic".to_vec(), EvidenceError::Kind),
        ("page", b"<html>".to_vec(), EvidenceError::Kind),
        ("PDF behind other bytes", b" %PDF-1.7\n%%EOF".to_vec(), EvidenceError::Kind),
        ("beginning of a JPEG", vec![0xff, 0xd8, 0xff], EvidenceError::Damaged),
        ("JPEG cut in the middle", good[..good.len() / 2].to_vec(), EvidenceError::Damaged),
        ("JPEG of nothing", jpeg_that_says(0, 16, false), EvidenceError::Damaged),
        ("JPEG that says 4 gigapixels", jpeg_that_says(65_535, 65_535, false), EvidenceError::TooLarge),
        ("progressive JPEG that says 13 megapixels", jpeg_that_says(4_000, 3_300, true), EvidenceError::TooLarge),
        ("JPEG of many passes", scans(65), EvidenceError::Damaged),
        ("PNG that says 4 gigapixels", png_that_says(65_535, 65_535, false, b"", b""), EvidenceError::TooLarge),
        ("PNG of the longest side", png_that_says(u32::MAX, 1, false, b"", b""), EvidenceError::TooLarge),
        (
            "interlaced PNG that says 13 megapixels",
            png_that_says(4_000, 3_300, true, b"", b""),
            EvidenceError::TooLarge,
        ),
        ("PNG of nothing", png_that_says(0, 16, false, b"", b""), EvidenceError::Damaged),
        ("PNG without rows", png_that_says(64, 64, false, b"", b""), EvidenceError::Damaged),
        ("PNG cut in the middle", png_that_says(64, 64, false, b"", &gray_rows(64, 32)), EvidenceError::Damaged),
        ("longer than any", vec![0xff; MAX_INPUT + 1], EvidenceError::TooLarge),
    ] {
        assert_eq!(prepare(bytes).err(), Some(error), "{what}");
    }
    // What is compressed beside the picture is not inflated, and what is behind it is left behind.
    let bomb = png_that_says(64, 64, false, &text_bomb, &gray_rows(64, 64));
    assert_eq!(prepare(bomb).unwrap().size, Some((64, 64)));
    let longer = png_that_says(64, 64, false, b"", &vec![0; 64 << 20]);
    assert!(prepare(longer).is_ok_and(|prepared| prepared.size == Some((64, 64))));
}

#[test]
fn reasons_have_their_codes_and_show_nothing() {
    let errors = [
        EvidenceError::Kind,
        EvidenceError::TooLarge,
        EvidenceError::Damaged,
        EvidenceError::Locked,
        EvidenceError::Active,
    ];
    let numbers = errors.map(|error| error.code().number());
    assert_eq!(numbers, [8220, 8221, 8222, 8223, 8224]);
    let prepared = prepare(jpeg(16, 16, |_| ())).unwrap();
    assert_eq!(format!("{prepared:?}"), format!("Prepared({} bytes)", prepared.bytes.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn altered_picture_is_refused_or_made_a_picture_within_bounds(
        which in 0..4_usize, at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match which {
            0 => jpeg(40, 24, |encoder| encoder.add_exif_metadata(&exif(8, false)).unwrap()),
            1 => jpeg(40, 24, |encoder| encoder.set_progressive(true)),
            2 => png((40, 24), png::ColorType::Rgba, png::BitDepth::Eight, &[7; 40 * 24 * 4]),
            _ => png_that_says(24, 8, true, b"", &[1; 300]),
        };
        let at = at.index(bytes.len());
        bytes[at] = to;
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(prepared) = prepare(bytes) {
            prop_assert!(prepared.bytes.len() <= MAX_PICTURE && prepared.media_type == MediaType::Jpeg);
            let (width, height) = prepared.size.unwrap();
            prop_assert!(width * height <= 1_600_000);
        }
    }

    #[test]
    fn any_bytes_prepared_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), head in 0..4_usize) {
        drop(prepare(bytes.clone()));
        let heads: [&[u8]; 4] = [&[0xff, 0xd8, 0xff, 0xc0], b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", &[0xff, 0xd8, 0xff, 0xdb]];
        bytes.splice(0..0, heads[head].iter().copied());
        drop(prepare(bytes));
    }
}
