//! Keys expanded once for many operations. The long-lived form of a key that is used row by row: expanding it, and wiping
//! the stack after it, costs more than sealing a kilobyte.
//!
//! ring's key states do not wipe themselves. Here each lies in a box of its own, which is made on a stack that is wiped,
//! and overwritten by the state of an all-zero key when it is dropped. The operations take the state by reference.

use std::hint::black_box;

use ring::{aead, hmac};
use zeroize::Zeroizing;

use crate::{
    CryptoError, Random, SecretKey, Wiping,
    scrub::{scrubbed, scrubbed_shallow},
    seal::{self, Context, Mark},
};

/// An AES-256-GCM key, expanded.
pub struct Sealer(Box<aead::LessSafeKey>);

impl Sealer {
    /// Expands `key`.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`], which 32 bytes never give.
    pub fn new(key: &SecretKey) -> Result<Self, CryptoError> {
        // EXPOSE: ring expands the key into its own form.
        scrubbed(|| expand(key.expose())).map(Self)
    }

    /// As [`seal::seal`].
    ///
    /// # Errors
    /// What [`seal::seal`] gives.
    pub fn seal(&self, rng: &dyn Random, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        seal::seal_with(&self.0, rng, context, plaintext)
    }

    /// As [`seal::open`].
    ///
    /// # Errors
    /// What [`seal::open`] gives.
    pub fn open(&self, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        seal::open_with(&self.0, context, sealed)
    }

    /// Seals `body` in place; what a value needs besides its ciphertext is given back, to be kept apart from it.
    ///
    /// # Errors
    /// What [`seal::seal`] gives; `body` must then not be used.
    pub fn seal_apart(&self, rng: &dyn Random, context: &Context, body: &mut [u8]) -> Result<Mark, CryptoError> {
        seal::seal_apart(&self.0, rng, context, body)
    }

    /// Opens what [`Self::seal_apart`] made.
    ///
    /// # Errors
    /// [`CryptoError::Damaged`] when key, context, mark or any byte differs.
    pub fn open_apart(&self, context: &Context, mark: &Mark, body: &[u8]) -> Result<Wiping, CryptoError> {
        seal::open_apart(&self.0, context, mark, body)
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        if let Ok(empty) = expand(&[0; 32]) {
            *self.0 = *empty;
        }
        black_box(&mut self.0);
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// An HMAC-SHA-256 key, expanded.
pub struct Hasher(Box<hmac::Key>);

impl Hasher {
    /// Expands `key`.
    pub fn new(key: &SecretKey) -> Self {
        // EXPOSE: ring expands the key into its own form.
        scrubbed(|| Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))))
    }

    /// HMAC-SHA-256 of the parts, one after the other.
    pub fn keyed_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut out = [0; 32];
        scrubbed_shallow(|| {
            let mut state = hmac::Context::with_key(&self.0);
            for part in parts {
                state.update(part);
            }
            out.copy_from_slice(state.sign().as_ref());
        });
        out
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        *self.0 = hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]);
        black_box(&mut self.0);
    }
}

impl core::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hasher(…)")
    }
}

fn expand(key: &[u8; 32]) -> Result<Box<aead::LessSafeKey>, CryptoError> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| CryptoError::KeyMalformed)?;
    Ok(Box::new(aead::LessSafeKey::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SystemRandom, hash};

    #[test]
    fn expanded_key_does_what_the_key_does() -> Result<(), CryptoError> {
        let rng = SystemRandom::new();
        let key = SecretKey::make(&rng)?;
        let (sealer, hasher) = (Sealer::new(&key)?, Hasher::new(&key));
        let place = Context::new("t", b"1");
        assert_eq!(&*sealer.open(&place, &seal::seal(&key, &rng, &place, b"data")?)?, b"data");
        assert_eq!(&*seal::open(&key, &place, &sealer.seal(&rng, &place, b"data")?)?, b"data");
        assert_eq!(hasher.keyed_hash(&[b"a", b"bc"]), hash::keyed_hash(&key, b"abc"));
        Ok(())
    }

    #[test]
    fn value_sealed_apart_is_the_same_value_and_opens_in_its_place_only() -> Result<(), CryptoError> {
        let rng = SystemRandom::new();
        let key = SecretKey::make(&rng)?;
        let sealer = Sealer::new(&key)?;
        let place = Context::new("t", b"1");
        let mut body = b"data".to_vec();
        let mark = sealer.seal_apart(&rng, &place, &mut body)?;
        assert_eq!(sealer.open_apart(&place, &mark, &body)?.as_slice(), b"data");
        let whole = [[1, 1].as_slice(), &mark[..12], &body, &mark[12..]].concat();
        assert_eq!(&*sealer.open(&place, &whole)?, b"data");
        assert_eq!(seal::split(&whole), Some((mark, body.as_slice())));
        assert!(sealer.open_apart(&Context::new("t", b"2"), &mark, &body).is_err());
        for at in 0..mark.len() {
            let mut other = mark;
            other[at] ^= 1;
            assert!(sealer.open_apart(&place, &other, &body).is_err(), "byte {at}");
        }
        body[0] ^= 1;
        assert!(sealer.open_apart(&place, &mark, &body).is_err());
        Ok(())
    }
}
