use eid_proof::QrSymbol;

use crate::SandboxError;

/// Light modules around the symbol, each side.
const QUIET_ZONE: usize = 4;

/// Draws a QR symbol as a grey PNG: `scale` pixels a module, dark on white, quiet zone included.
///
/// # Errors
/// [`SandboxError::Picture`] for a scale of 0 or beyond 32.
pub fn qr_png(symbol: &QrSymbol, scale: usize) -> Result<Vec<u8>, SandboxError> {
    if !(1..=32).contains(&scale) {
        return Err(SandboxError::Picture);
    }
    let edge = (symbol.side() + 2 * QUIET_ZONE) * scale;
    let dark = |x: usize, y: usize| {
        let module = |pixel: usize| (pixel / scale).checked_sub(QUIET_ZONE);
        module(x).zip(module(y)).is_some_and(|(x, y)| symbol.is_dark(x, y))
    };
    let pixels: Vec<u8> =
        (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y))).map(|(x, y)| if dark(x, y) { 0 } else { 255 }).collect();
    let side = u32::try_from(edge).map_err(|_| SandboxError::Picture)?;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|_| SandboxError::Picture)?;
    writer.write_image_data(&pixels).map_err(|_| SandboxError::Picture)?;
    writer.finish().map_err(|_| SandboxError::Picture)?;
    Ok(out)
}
