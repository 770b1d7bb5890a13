use std::io::Cursor;

use eid_proof::QrSymbol;
use image::{GrayImage, ImageFormat, Luma};

use crate::CounterError;

/// Light modules around a symbol, each side.
pub(crate) const QUIET_ZONE: u8 = 4;

/// Most pixels a module in a picture; paper is printed from [`QrSymbol::to_svg`].
const MAX_PIXELS: u32 = 32;

/// A QR symbol as a PNG picture, black on white with its quiet zone. Modules are whole pixels, 1 to 32 of them a side: what
/// screens and printers scale by themselves they blur.
///
/// # Errors
/// [`CounterError::PictureUnwritable`].
pub fn draw_png(symbol: &QrSymbol, pixels: u32) -> Result<Vec<u8>, CounterError> {
    let pixels = pixels.clamp(1, MAX_PIXELS);
    let side = u32::from(symbol.version()) * 4 + 17 + 2 * u32::from(QUIET_ZONE);
    let module = |pixel: u32| (pixel / pixels).checked_sub(QUIET_ZONE.into()).and_then(|at| usize::try_from(at).ok());
    let picture = GrayImage::from_fn(side * pixels, side * pixels, |x, y| {
        let dark = module(x).zip(module(y)).is_some_and(|(x, y)| symbol.is_dark(x, y));
        Luma([if dark { 0 } else { 255 }])
    });
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).map_err(|_| CounterError::PictureUnwritable)?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;

    #[test]
    fn drawn_picture_is_read_back_whatever_its_scale() {
        let text = format!("7041{}", "1234567890".repeat(100));
        let symbol = QrSymbol::encode(&text).unwrap();
        for (pixels, wanted) in [(0, 1), (1, 1), (3, 3), (32, 32), (u32::MAX, 32)] {
            let file = draw_png(&symbol, pixels).unwrap();
            let picture = image::load_from_memory(&file).unwrap();
            assert_eq!(picture.width(), (u32::try_from(symbol.side()).unwrap() + 8) * wanted);
            assert_eq!(Input::parse(file), Ok(Input::Text(text.clone())), "{pixels}");
        }
    }
}
