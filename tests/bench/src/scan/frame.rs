//! A camera before a phone: frames of a code on a screen, worse than life as far as told, and the same for the same seed.
//!
//! The code lies on a screen whose pixels have dark gaps; the screen is turned and tilted before the camera, out of focus, moved
//! while the shutter is open, unevenly lit, with reflections, noise and JPEG. The classes of light and the share of the frame that
//! the code fills are those of the design's measurements. Not in it: rolling shutter, changing exposure, scratches, a bent screen.

use eid_proof::QrSymbol;
use image::{ExtendedColorType, GrayImage, ImageError, ImageFormat, codecs::jpeg::JpegEncoder};

use super::numbers::{Dice, apply, byte, index, invert, multiply, single, whole};

/// Light modules around a symbol.
const QUIET: f64 = 4.0;

/// From the phone to the camera, in widths of the code: some 20 cm for one of 6 cm.
const DISTANCE: f64 = 3.2;

/// Samples across one pixel; also the steps of a movement.
const SAMPLES: usize = 3;

/// Pixels of a phone's screen over which codes are drawn, in whole pixels a module.
const SCREEN: f64 = 1000.0;

/// How dark the gaps between a screen's pixels make it, and how wide they are, of a pixel.
const GAP: (f64, f64) = (0.35, 0.2);

/// How good the circumstances are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Light {
    /// A steady hand in even light.
    Good,
    /// A desk: a hand that moves, a lamp in the screen, a middling camera.
    Typical,
    /// All of it bad at once.
    Poor,
    /// A sharp camera whose pixels are about as wide as the screen's: stripes.
    Moire,
}

/// What a class of light allows; blur and noise are as said, the rest is drawn up to it.
struct Limits {
    /// Between the screen and the frame, in degrees.
    tilt: f64,
    /// Gaussian, in pixels.
    blur: f64,
    /// In pixels.
    motion: f64,
    /// Peaks of reflections, of full light; none below the first.
    glare: (f64, f64),
    /// Reach of reflections, of the frame's height.
    reach: (f64, f64),
    /// From one edge to the other, of the middle.
    gradient: f64,
    /// Of 255.
    noise: f64,
    /// Quality; without one there is no JPEG.
    jpeg: Option<u8>,
}

impl Light {
    pub(crate) const ALL: [Self; 4] = [Self::Good, Self::Typical, Self::Poor, Self::Moire];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Typical => "typical",
            Self::Poor => "poor",
            Self::Moire => "moiré",
        }
    }

    fn limits(self) -> Limits {
        let (none, small, large) = ((0.0, 0.0), (0.04, 0.09), (0.08, 0.16));
        match self {
            Self::Good => Limits {
                tilt: 5.0,
                blur: 0.5,
                motion: 0.0,
                glare: none,
                reach: none,
                gradient: 0.1,
                noise: 3.0,
                jpeg: None,
            },
            Self::Typical => Limits {
                tilt: 12.0,
                blur: 0.9,
                motion: 1.5,
                glare: (0.15, 0.45),
                reach: small,
                gradient: 0.25,
                noise: 6.0,
                jpeg: Some(80),
            },
            Self::Poor => Limits {
                tilt: 20.0,
                blur: 1.4,
                motion: 3.0,
                glare: (0.4, 1.0),
                reach: large,
                gradient: 0.4,
                noise: 10.0,
                jpeg: Some(60),
            },
            Self::Moire => Limits {
                tilt: 5.0,
                blur: 0.3,
                motion: 0.0,
                glare: none,
                reach: none,
                gradient: 0.1,
                noise: 3.0,
                jpeg: Some(80),
            },
        }
    }
}

/// A photograph of the code.
///
/// # Errors
/// [`ImageError`] of the JPEG coder.
pub(crate) fn photograph(
    symbol: &QrSymbol,
    (width, height): (u32, u32),
    light: Light,
    seed: u64,
) -> Result<GrayImage, ImageError> {
    let mut dice = Dice(seed);
    let limits = light.limits();
    let size = (f64::from(width), f64::from(height));
    let scene = Scene::draw(symbol, size, light, &limits, &mut dice);
    let mut light = Plane::of(&scene, symbol, width, height);
    light.blur(limits.blur);
    let lamp = Lamp::draw(size, &limits, &mut dice);
    let frame = light.expose(&lamp, limits.noise, &mut dice);
    let Some(quality) = limits.jpeg else { return Ok(frame) };
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality).encode(&frame, width, height, ExtendedColorType::L8)?;
    Ok(image::load_from_memory_with_format(&file, ImageFormat::Jpeg)?.into_luma8())
}

/// Where the screen is: from pixels of the frame to modules of the code.
struct Scene {
    /// Rows of the homography from frame to screen, whose origin is the code's upper left corner.
    to_screen: [[f64; 3]; 3],
    /// Modules a side.
    side: f64,
    /// Of the screen's own pixels, in one module.
    pitch: f64,
    /// The frame's movement while the shutter is open, in pixels.
    motion: (f64, f64),
    /// Brightness of dark and light modules, of full light.
    tones: (f64, f64),
}

impl Scene {
    /// Draws until the whole code is in the frame.
    fn draw(symbol: &QrSymbol, (width, height): (f64, f64), light: Light, limits: &Limits, dice: &mut Dice) -> Self {
        let side = f64::from(u16::from(symbol.version()) * 4 + 17);
        loop {
            let fill = dice.within(0.6, 0.85) * height;
            let to_frame = view(side, fill, limits.tilt, dice);
            let middle =
                [width / 2.0 + dice.within(-0.05, 0.05) * height, height / 2.0 + dice.within(-0.05, 0.05) * height];
            let to_frame = multiply([[1.0, 0.0, middle[0]], [0.0, 1.0, middle[1]], [0.0, 0.0, 1.0]], to_frame);
            let inside = [(0.0, 0.0), (side, 0.0), (0.0, side), (side, side)].into_iter().all(|corner| {
                let (x, y) = apply(&to_frame, corner);
                (2.0..width - 2.0).contains(&x) && (2.0..height - 2.0).contains(&y)
            });
            let angle = dice.within(0.0, core::f64::consts::TAU);
            let length = dice.within(0.0, limits.motion);
            let pitch = match light {
                Light::Moire => (fill / side * dice.within(0.85, 1.15)).round().max(1.0),
                _ => (SCREEN / (side + 2.0 * QUIET)).floor(),
            };
            let tones = (dice.within(0.015, 0.05), dice.within(0.5, 0.85));
            if inside {
                let motion = (length * angle.cos(), length * angle.sin());
                return Self { to_screen: invert(&to_frame), side, pitch, motion, tones };
            }
        }
    }

    /// The brightness that a point of the frame sees.
    fn look(&self, symbol: &QrSymbol, point: (f64, f64)) -> f64 {
        let (u, v) = apply(&self.to_screen, point);
        let beyond = (-u).max(-v).max(u - self.side).max(v - self.side);
        if beyond > QUIET * 2.5 {
            // The phone's frame, and the desk.
            return if beyond > QUIET * 3.5 { 0.16 } else { 0.01 };
        }
        let (dark, light) = self.tones;
        let tone = if beyond <= 0.0 && symbol.is_dark(index(u), index(v)) { dark } else { light };
        let gap = |at: f64| (at * self.pitch).rem_euclid(1.0) < GAP.1;
        if gap(u) || gap(v) { tone * (1.0 - GAP.0) } else { tone }
    }

    /// True if nothing but desk is near.
    fn is_desk(&self, point: (f64, f64)) -> bool {
        let (u, v) = apply(&self.to_screen, point);
        (-u).max(-v).max(u - self.side).max(v - self.side) > QUIET * 4.5
    }
}

/// From the code's plane to a frame whose middle is the origin.
fn view(side: f64, fill: f64, tilt: f64, dice: &mut Dice) -> [[f64; 3]; 3] {
    let quarter = core::f64::consts::FRAC_PI_2 * dice.within(0.0, 4.0).floor();
    let roll = quarter + dice.within(-15.0, 15.0).to_radians();
    let (toward, tilt) = (dice.within(0.0, core::f64::consts::TAU), dice.within(0.0, tilt).to_radians());
    let turn = |angle: f64| [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0], [0.0, 0.0, 1.0]];
    let lean = [[1.0, 0.0, 0.0], [0.0, tilt.cos(), -tilt.sin()], [0.0, tilt.sin(), tilt.cos()]];
    // Tilted about any axis in the plane, then rolled.
    let rotation = multiply(turn(roll + toward), multiply(lean, turn(-toward)));
    let distance = DISTANCE * side;
    let focal = fill / side * distance;
    let [a, b, c] = rotation;
    let half = side / 2.0;
    let column = |row: [f64; 3], shift: f64| [row[0], row[1], shift - half * (row[0] + row[1])];
    let scale = [[focal, 0.0, 0.0], [0.0, focal, 0.0], [0.0, 0.0, 1.0]];
    multiply(scale, [column(a, 0.0), column(b, 0.0), column(c, distance)])
}

/// Light on the sensor, linear.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Plane {
    fn of(scene: &Scene, symbol: &QrSymbol, width: u32, height: u32) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
        let values = pixels.map(|pixel| single(see(scene, symbol, pixel))).collect();
        Self { width: usize::try_from(width).unwrap_or(0), height: usize::try_from(height).unwrap_or(0), values }
    }

    /// Gaussian, along rows and then along columns.
    fn blur(&mut self, sigma: f64) {
        let reach = (sigma * 3.0).ceil();
        let weights: Vec<f64> = core::iter::successors(Some(-reach), |at| (*at < reach).then_some(at + 1.0))
            .map(|at| (-0.5 * (at / sigma).powi(2)).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f32> = weights.into_iter().map(|weight| single(weight / sum)).collect();
        self.values = self.values.chunks(self.width).flat_map(|row| smooth(row, &weights)).collect();
        let turned = self.turned();
        let smoothed: Vec<f32> = turned.chunks(self.height).flat_map(|column| smooth(column, &weights)).collect();
        self.values = Self { width: self.height, height: self.width, values: smoothed }.turned();
    }

    /// The values column by column.
    fn turned(&self) -> Vec<f32> {
        (0..self.width).flat_map(|x| self.values.iter().skip(x).step_by(self.width).copied()).collect()
    }

    /// What the camera makes of it.
    fn expose(&self, lamp: &Lamp, noise: f64, dice: &mut Dice) -> GrayImage {
        let width = self.width.max(1);
        let values = self.values.iter().enumerate().map(|(at, value)| {
            let light = lamp.shine(f64::from(*value), (whole(at % width), whole(at / width)));
            byte(light.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0 + noise * dice.normal())
        });
        let size = |length: usize| u32::try_from(length).unwrap_or(0);
        GrayImage::from_vec(size(self.width), size(self.height), values.collect()).unwrap_or_default()
    }
}

/// The mean over a pixel, and over the time of the shutter.
fn see(scene: &Scene, symbol: &QrSymbol, (x, y): (f64, f64)) -> f64 {
    if scene.is_desk((x, y)) {
        return 0.16;
    }
    let count = whole(SAMPLES);
    let mut sum = 0.0;
    for row in 0..SAMPLES {
        for column in 0..SAMPLES {
            // Each sample at a moment of its own.
            let moment = (whole((row * SAMPLES + column) * 4 % (SAMPLES * SAMPLES)) + 0.5) / (count * count) - 0.5;
            let at = |pixel: f64, step: usize, moved: f64| pixel + (whole(step) + 0.5) / count + moved * moment;
            sum += scene.look(symbol, (at(x, column, scene.motion.0), at(y, row, scene.motion.1)));
        }
    }
    sum / (count * count)
}

/// One line, weighted; its ends go on as they are.
fn smooth(line: &[f32], weights: &[f32]) -> Vec<f32> {
    let reach = weights.len() / 2;
    let ends = |value: Option<&f32>| core::iter::repeat_n(value.copied().unwrap_or_default(), reach);
    let padded: Vec<f32> = ends(line.first()).chain(line.iter().copied()).chain(ends(line.last())).collect();
    padded
        .windows(weights.len())
        .map(|window| window.iter().zip(weights).map(|(value, weight)| value * weight).sum())
        .collect()
}

/// Uneven light and reflections.
struct Lamp {
    /// By pixel, across and down.
    gradient: (f64, f64),
    middle: (f64, f64),
    /// Middle, reach and peak.
    glares: Vec<((f64, f64), f64, f64)>,
}

impl Lamp {
    fn draw((width, height): (f64, f64), limits: &Limits, dice: &mut Dice) -> Self {
        let angle = dice.within(0.0, core::f64::consts::TAU);
        let strength = dice.within(0.0, limits.gradient) / height;
        let count = if limits.glare.1 > 0.0 { 1 } else { 0 };
        let glares = (0..count).map(|_| {
            let at = (width / 2.0 + dice.within(-0.5, 0.5) * height, dice.within(0.0, 1.0) * height);
            (at, dice.within(limits.reach.0, limits.reach.1) * height, dice.within(limits.glare.0, limits.glare.1))
        });
        let glares = glares.collect();
        let gradient = (strength * angle.cos(), strength * angle.sin());
        Self { gradient, middle: (width / 2.0, height / 2.0), glares }
    }

    fn shine(&self, value: f64, (x, y): (f64, f64)) -> f64 {
        let uneven = 1.0 + self.gradient.0 * (x - self.middle.0) + self.gradient.1 * (y - self.middle.1);
        let glare = self.glares.iter().map(|((at_x, at_y), reach, peak)| {
            let distance = ((x - at_x).powi(2) + (y - at_y).powi(2)) / reach.powi(2);
            if distance > 20.0 { 0.0 } else { peak * (-0.5 * distance).exp() }
        });
        value * uneven + glare.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_drawn_twice_is_the_same_and_another_seed_gives_another() {
        let symbol = QrSymbol::encode(&"7041".repeat(40)).unwrap();
        for light in Light::ALL {
            let draw = |seed| photograph(&symbol, (320, 240), light, seed).unwrap();
            assert_eq!(draw(7), draw(7));
            assert_ne!(draw(7), draw(8));
            assert_eq!(draw(7).dimensions(), (320, 240));
        }
    }
}
