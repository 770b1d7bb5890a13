//! QR codes in pictures: what must be read, what must be refused.

use std::io::Cursor;

use eid_counter::{CounterError, Input};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, LumaA, RgbaImage, imageops};

use crate::world::{AGE, CHALLENGED, SIGNED, base45, digits, scan_at, vector_station};

/// Draws `text` as a QR code at level L with a quiet zone of four modules.
pub(crate) fn draw(text: &str, pixels_per_module: u32) -> GrayImage {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::L).unwrap();
    let side = u32::try_from(code.width()).unwrap() + 8;
    GrayImage::from_fn(side * pixels_per_module, side * pixels_per_module, |x, y| {
        let at = |v: u32| usize::try_from(v / pixels_per_module).unwrap().checked_sub(4).filter(|v| *v < code.width());
        let dark = at(x).zip(at(y)).is_some_and(|at| code[at] == qrcode::Color::Dark);
        Luma([if dark { 0 } else { 255 }])
    })
}

/// The bytes of a PNG file.
pub(crate) fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A text like that of a proof with photo: one thousand bytes in digits, a version-22 symbol.
fn long_proof_text() -> String {
    digits(&(0_u32..1000).map(|i| u8::try_from((i * i + 7 * i) % 251).unwrap()).collect::<Vec<_>>())
}

fn rotate(picture: &GrayImage, degrees: f32) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = picture.dimensions();
    let side = (f32::from(u16::try_from(w + h).unwrap()) * 0.75) as u32;
    let middle = |v: u32| v as f32 / 2.0;
    GrayImage::from_fn(side, side, |x, y| {
        let (dx, dy) = (x as f32 - middle(side), y as f32 - middle(side));
        let (u, v) = (cos * dx + sin * dy + middle(w), cos * dy - sin * dx + middle(h));
        imageops::interpolate_bilinear(picture, u, v).unwrap_or(Luma([255]))
    })
}

#[test]
fn code_in_usual_pictures_is_read() {
    let text = long_proof_text();
    let clean = draw(&text, 4);
    let mut noisy = imageops::blur(&clean, 1.0);
    let mut state = 1_u32;
    for pixel in noisy.pixels_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pixel.0[0] = (i32::from(pixel.0[0] / 2 + 60) + (state >> 24) as i32 / 8 - 16).clamp(0, 255) as u8;
    }
    let transparent = image::GrayAlphaImage::from_fn(clean.width(), clean.height(), |x, y| {
        LumaA([0, 255 - clean.get_pixel(x, y).0[0]])
    });
    let mut screenshot = RgbaImage::from_pixel(1080, 2400, image::Rgba([18, 32, 64, 255]));
    imageops::overlay(&mut screenshot, &DynamicImage::from(draw(&text, 8)).to_rgba8(), 40, 600);
    let mut inverted = clean.clone();
    imageops::invert(&mut inverted);
    let cases: Vec<(&str, DynamicImage)> = vec![
        ("clean", clean.clone().into()),
        ("one pixel a module", draw(&text, 1).into()),
        ("two pixels a module", draw(&text, 2).into()),
        ("twenty pixels a module", draw(&text, 20).into()),
        ("screenshot", screenshot.into()),
        ("turned by 7°", rotate(&clean, 7.0).into()),
        ("turned by 45°", rotate(&clean, 45.0).into()),
        ("turned by 180°", rotate(&clean, 180.0).into()),
        ("blurred", imageops::blur(&clean, 1.5).into()),
        ("blurred and turned", imageops::blur(&rotate(&clean, 12.0), 1.2).into()),
        ("noisy and pale", noisy.into()),
        ("transparent", transparent.into()),
        ("light on dark", inverted.into()),
        ("16 bits", DynamicImage::from(clean).to_luma16().into()),
    ];
    let mut unread = Vec::new();
    for (name, picture) in cases {
        if Input::parse(png(picture)) != Ok(Input::Text(text.clone())) {
            unread.push(name);
        }
    }
    assert!(unread.is_empty(), "not read: {unread:?}");
}

/// Puts pictures beside each other on white.
fn beside(pictures: &[GrayImage]) -> GrayImage {
    let side = pictures.iter().map(|picture| picture.height()).max().unwrap() + 40;
    let mut all = GrayImage::from_pixel(side * u32::try_from(pictures.len()).unwrap(), side, Luma([255]));
    for (at, picture) in (0_i64..).zip(pictures) {
        imageops::replace(&mut all, picture, at * i64::from(side) + 20, 20);
    }
    all
}

#[test]
fn proof_among_other_codes_is_taken() {
    let (ours, same) = (draw(&digits(AGE), 4), draw(&digits(AGE), 3));
    let others = [draw("https://e.example/menu", 6), draw("00020101021138570010A000000727", 5)];
    let picture = beside(&[others[0].clone(), ours.clone(), others[1].clone(), same]);
    assert_eq!(Input::parse(png(picture)), Ok(Input::Text(digits(AGE))));
    let second = draw(&base45(CHALLENGED), 4);
    assert_eq!(Input::parse(png(beside(&[ours, second]))), Err(CounterError::SeveralProofs));
}

#[test]
fn picture_of_another_code_is_named() {
    let input = Input::parse(png(draw("https://e.example/menu", 6))).unwrap();
    let report = serde_json::to_value(vector_station().verify(&input, &scan_at(SIGNED))).unwrap();
    assert_eq!((report["code"].as_str(), report["detail"]["scanned"].as_str()), (Some("Q01"), Some("link")));
}

#[test]
fn picture_without_a_readable_code_is_refused() {
    let mut torn = draw(&digits(AGE), 4);
    imageops::replace(&mut torn, &GrayImage::from_pixel(140, 140, Luma([255])), 90, 90);
    for picture in [GrayImage::from_pixel(1, 1, Luma([0])), GrayImage::from_pixel(640, 480, Luma([255])), torn] {
        assert_eq!(Input::parse(png(picture)), Err(CounterError::NoSymbol));
    }
}

/// A PNG that is nothing but a header for 8-bit RGBA.
fn header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes().iter().chain(&height.to_be_bytes()).chain(&[8, 6, 0, 0, 0]));
    let sum = crc32(&chunk);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(chunk.iter().chain(&sum.to_be_bytes()));
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn picture_beyond_50_megapixels_is_refused_by_its_header() {
    for (width, height) in [(10_000, 5_001), (u32::MAX >> 1, 1), (1, 60_000_000), (65_535, 65_535)] {
        assert_eq!(Input::parse(header(width, height)), Err(CounterError::InputTooLarge), "{width}×{height}");
    }
    assert_eq!(Input::parse(header(10_000, 5_000)), Err(CounterError::PictureDamaged), "allowed, but nothing follows");
    assert_eq!(Input::parse(header(0, 5)), Err(CounterError::PictureDamaged));
}

#[test]
fn damaged_picture_is_refused() {
    let whole = png(draw(&digits(AGE), 4));
    for length in [9, 20, 40, whole.len() / 2, whole.len() - 20] {
        let error = Input::parse(whole[..length].to_vec()).unwrap_err();
        assert!(matches!(error, CounterError::PictureDamaged | CounterError::NoSymbol), "{length}: {error:?}");
    }
}
