//! Numbers for frames: dice, homographies, and the way back to whole ones.

/// The same numbers for the same seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from one to the other.
    pub(crate) fn within(&mut self, from: f64, to: f64) -> f64 {
        let [a, b, c, d, ..] = self.next().to_be_bytes();
        from + (to - from) * f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    }

    /// About normal: twelve throws.
    pub(crate) fn normal(&mut self) -> f64 {
        let four = |bytes: [u8; 8]| {
            bytes.as_chunks::<2>().0.iter().map(|two| f64::from(u16::from_be_bytes(*two))).sum::<f64>()
        };
        (0..3).map(|_| four(self.next().to_be_bytes())).sum::<f64>() / 65_535.0 - 6.0
    }
}

/// The product of two homographies.
pub(crate) fn multiply(left: [[f64; 3]; 3], right: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [a, b, c] = right;
    left.map(|[x, y, z]| {
        [x * a[0] + y * b[0] + z * c[0], x * a[1] + y * b[1] + z * c[1], x * a[2] + y * b[2] + z * c[2]]
    })
}

/// Where a homography leads a point.
pub(crate) fn apply(matrix: &[[f64; 3]; 3], (x, y): (f64, f64)) -> (f64, f64) {
    let [u, v, w] = matrix.map(|[a, b, c]| a * x + b * y + c);
    (u / w, v / w)
}

/// Up to a factor, which a homography does not see.
pub(crate) fn invert(matrix: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let [[a, b, c], [d, e, f], [g, h, i]] = *matrix;
    [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
}

/// A count.
pub(crate) fn whole(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// The module at a place.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a module's number, not negative; `as` saturates"
)]
pub(crate) fn index(at: f64) -> usize {
    at.max(0.0) as usize
}

/// A grey value of 255.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a grey value; `as` saturates")]
pub(crate) fn byte(value: f64) -> u8 {
    value.round() as u8
}

/// Half as exact.
#[expect(clippy::cast_possible_truncation, reason = "brightness needs no more")]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}
