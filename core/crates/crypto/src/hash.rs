//! SHA-256 and HMAC-SHA-256.

use ring::{digest, hmac};

use crate::{SecretKey, scrub::scrubbed};

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    sha256_parts(&[data])
}

/// SHA-256 of the parts, one after the other.
pub fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Sha256::default();
    for part in parts {
        state.update(part);
    }
    state.finish()
}

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Adds a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl core::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sha256(…)")
    }
}

/// HMAC-SHA-256 of `data` under `key`; for look-up keys and authenticated counters.
pub fn keyed_hash(key: &SecretKey, data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    scrubbed(|| {
        // EXPOSE: ring needs the bytes to make its one-operation HMAC state.
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        out.copy_from_slice(hmac::sign(&key, data).as_ref());
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_one_of_fips_180() {
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
            0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(sha256(b"abc"), expected);
        assert_eq!(sha256_parts(&[b"a", b"", b"bc"]), expected);
    }
}
