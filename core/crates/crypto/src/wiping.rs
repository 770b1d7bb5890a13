use core::{
    hint::black_box,
    ops::{Deref, DerefMut},
};

/// Bytes that are wiped on drop, for values of any size: a megabyte is overwritten as a whole, not byte by byte.
///
/// Letting it grow leaves copies behind, as with any vector.
#[derive(Default, PartialEq, Eq)]
pub struct Wiping(Vec<u8>);

impl Wiping {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Gives the bytes back, which are no secret any more, such as after they were sealed in place.
    pub fn into_sealed(mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

impl Deref for Wiping {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiping {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Wiping {
    fn drop(&mut self) {
        // What was cut off at the end is wiped, too.
        self.0.clear();
        self.0.resize(self.0.capacity(), 0);
        // The optimiser must believe that somebody looks at the zeros.
        black_box(self.0.as_mut_slice());
    }
}

impl core::fmt::Debug for Wiping {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Wiping(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_are_not_shown() {
        let mut bytes = Wiping::new(b"secret".to_vec());
        bytes.push(b'!');
        assert_eq!((bytes.as_slice(), format!("{bytes:?}")), (b"secret!".as_slice(), "Wiping(…)".to_owned()));
        assert_eq!(bytes.into_sealed(), b"secret!");
    }
}
