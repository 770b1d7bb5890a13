//! Pictures made smaller by area: each new pixel is the mean of the part of the old picture that it covers. Row by row, so that the
//! old picture need not be in memory.

use crate::EvidenceError;

/// Colours of a pixel.
pub(crate) const RGB: usize = 3;

/// A picture in memory: rows of red, green, blue.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

/// A picture that becomes smaller while its rows arrive.
pub(crate) struct Shrink {
    from: (usize, usize),
    to: (usize, usize),
    /// Rows that arrived.
    row: usize,
    /// The row that is being made: weighted sums.
    sums: Vec<u64>,
    rgb: Vec<u8>,
}

impl Shrink {
    /// From a size to one that is smaller or the same, in both directions; neither is nothing.
    pub(crate) fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        let to = (to.0.clamp(1, from.0.max(1)), to.1.clamp(1, from.1.max(1)));
        Self { from, to, row: 0, sums: vec![0; to.0 * RGB], rgb: Vec::with_capacity(to.0 * to.1 * RGB) }
    }

    /// The next row, of the old width.
    pub(crate) fn push(&mut self, row: &[u8]) {
        // One old row covers to.1 of from.1 parts of a new one: in these units all borders are whole numbers.
        let (old, new) = (self.from.1, self.to.1);
        let (begin, end) = (self.row * new, (self.row + 1) * new);
        let border = (begin / old + 1) * old;
        let here = border.min(end) - begin;
        self.add(row, here);
        if end >= border {
            self.finish_row();
            self.add(row, end - border);
        }
        self.row += 1;
    }

    /// Adds an old row with a weight.
    fn add(&mut self, row: &[u8], weight: usize) {
        if weight == 0 {
            return;
        }
        let (old, new) = (self.from.0, self.to.0);
        for (x, pixel) in row.chunks_exact(RGB).enumerate() {
            let (begin, end) = (x * new, (x + 1) * new);
            let column = begin / old;
            let border = (column + 1) * old;
            self.add_pixel(column, pixel, (border.min(end) - begin) * weight);
            self.add_pixel(column + 1, pixel, end.saturating_sub(border) * weight);
        }
    }

    fn add_pixel(&mut self, column: usize, pixel: &[u8], weight: usize) {
        let weight = u64::try_from(weight).unwrap_or(u64::MAX);
        let sums = self.sums.iter_mut().skip(column * RGB);
        for (sum, value) in sums.zip(pixel) {
            *sum = sum.saturating_add(weight.saturating_mul(u64::from(*value)));
        }
    }

    fn finish_row(&mut self) {
        let whole = u64::try_from(self.from.0 * self.from.1).unwrap_or(u64::MAX).max(1);
        for sum in &mut self.sums {
            self.rgb.push(u8::try_from((*sum + whole / 2) / whole).unwrap_or(u8::MAX));
            *sum = 0;
        }
    }

    /// The new picture, after all rows.
    pub(crate) fn finish(self) -> Result<Pixels, EvidenceError> {
        let (width, height) = self.to;
        if self.row != self.from.1 || self.rgb.len() != width * height * RGB {
            return Err(EvidenceError::Damaged);
        }
        Ok(Pixels { width, height, rgb: self.rgb })
    }
}

impl Pixels {
    /// The same picture in another, smaller size.
    pub(crate) fn shrink(&self, to: (usize, usize)) -> Result<Self, EvidenceError> {
        let mut shrink = Shrink::new((self.width, self.height), to);
        self.rgb.chunks_exact(self.width * RGB).for_each(|row| shrink.push(row));
        shrink.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shrink(from: (usize, usize), to: (usize, usize), rgb: &[u8]) -> Vec<u8> {
        Pixels { width: from.0, height: from.1, rgb: rgb.to_vec() }.shrink(to).unwrap().rgb
    }

    #[test]
    fn pixels_shrunk_are_the_means_of_what_they_cover() {
        let gray = |values: &[u8]| values.iter().flat_map(|v| [*v; 3]).collect::<Vec<_>>();
        assert_eq!(shrink((2, 2), (1, 1), &gray(&[0, 10, 20, 30])), gray(&[15]));
        assert_eq!(shrink((4, 1), (2, 1), &gray(&[0, 10, 20, 30])), gray(&[5, 25]));
        // Three become two: each takes one and a half.
        assert_eq!(shrink((3, 1), (2, 1), &gray(&[0, 90, 180])), gray(&[30, 150]));
        assert_eq!(shrink((1, 3), (1, 2), &gray(&[0, 90, 180])), gray(&[30, 150]));
        assert_eq!(shrink((1, 2), (1, 1), &[1, 2, 3, 3, 4, 5]), [2, 3, 4]);
    }

    proptest! {
        #[test]
        fn picture_shrunk_keeps_its_size_and_brightness(
            (w, h) in (1..40_usize, 1..40_usize), (a, b) in (1..40_usize, 1..40_usize), seed in any::<u8>(),
        ) {
            let to = (a.min(w), b.min(h));
            let rgb: Vec<u8> = (0..w * h * 3).map(|i| (i * 7 + usize::from(seed)).to_le_bytes()[0]).collect();
            let out = shrink((w, h), to, &rgb);
            prop_assert_eq!(out.len(), to.0 * to.1 * 3);
            let mean = |rgb: &[u8]| rgb.iter().map(|v| f64::from(*v)).sum::<f64>() / rgb.len() as f64;
            prop_assert!((mean(&out) - mean(&rgb)).abs() <= 0.5 + 1e-9);
            prop_assert_eq!(shrink((w, h), (w, h), &rgb), rgb);
        }
    }
}
