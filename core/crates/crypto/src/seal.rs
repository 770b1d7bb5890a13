//! Sealing: AES-256-GCM in a versioned envelope, bound to the place where it is stored.
//!
//! Layout: `version (1) ‖ algorithm (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. Version 1, algorithm 1 = AES-256-GCM with a
//! random 96-bit nonce. The associated data is the two header bytes, then the [`Context`]: a value opens only where it was
//! sealed.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{CryptoError, Random, SecretKey, random, scrub::scrubbed};

const HEADER: [u8; 2] = [1, 1];
const NONCE: usize = 12;
const TAG: usize = 16;

/// What sealing adds to a value, in bytes.
pub const OVERHEAD: usize = HEADER.len() + NONCE + TAG;

/// Where a sealed value lives. Encoded unambiguously: each part carries its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context(Vec<u8>);

impl Context {
    /// A place: the kind of thing and its identity.
    pub fn new(kind: &'static str, id: &[u8]) -> Self {
        Self(Vec::with_capacity(64)).with(kind.as_bytes()).with(id)
    }

    /// Adds one more part, such as a schema version or a generation.
    #[must_use]
    pub fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }
}

/// Seals `plaintext` under `key` for `context`.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`] without a nonce; [`CryptoError::Damaged`] for a plaintext beyond the cipher's limit.
pub fn seal(key: &SecretKey, rng: &dyn Random, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let nonce: [u8; NONCE] = random(rng)?;
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
    out.extend_from_slice(&HEADER);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let body = out.get_mut(HEADER.len() + NONCE..).ok_or(CryptoError::Damaged)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = scrubbed(|| Ok::<_, CryptoError>(cipher(key)?.seal_in_place_separate_tag(nonce, aad(context), body)));
    let tag = sealed?.map_err(|_| CryptoError::Damaged)?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// Opens what [`seal`] made. The plaintext wipes itself.
///
/// # Errors
/// [`CryptoError::UnknownFormat`] for another version or algorithm, [`CryptoError::Damaged`] when key, context or any byte
/// differs.
pub fn open(key: &SecretKey, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (header, rest) = sealed.split_first_chunk::<2>().ok_or(CryptoError::Damaged)?;
    if *header != HEADER {
        return Err(CryptoError::UnknownFormat);
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(CryptoError::Damaged)?;
    let mut buffer = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = scrubbed(|| {
        let opened = cipher(key)?.open_in_place(nonce, aad(context), &mut buffer);
        opened.map(|plaintext| plaintext.len()).map_err(|_| CryptoError::Damaged)
    })?;
    buffer.truncate(length);
    Ok(buffer)
}

fn cipher(key: &SecretKey) -> Result<LessSafeKey, CryptoError> {
    // EXPOSE: ring expands the key into its one-operation state.
    UnboundKey::new(&AES_256_GCM, key.expose()).map(LessSafeKey::new).map_err(|_| CryptoError::KeyMalformed)
}

fn aad(context: &Context) -> Aad<Vec<u8>> {
    Aad::from([HEADER.as_slice(), &context.0].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemRandom;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sealed_opens_in_its_place_only(data in proptest::collection::vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>()) {
            let rng = SystemRandom::new();
            let (key, other) = (SecretKey::make(&rng).unwrap(), SecretKey::make(&rng).unwrap());
            let place = Context::new("t", b"1").with(b"v1");
            let sealed = seal(&key, &rng, &place, &data).unwrap();
            prop_assert_eq!(sealed.len(), data.len() + OVERHEAD);
            prop_assert_eq!(&*open(&key, &place, &sealed).unwrap(), &data);
            prop_assert!(open(&other, &place, &sealed).is_err());
            prop_assert!(open(&key, &Context::new("t", b"2").with(b"v1"), &sealed).is_err());
            let mut bad = sealed.clone();
            let at = flip.index(bad.len());
            bad[at] ^= 1;
            prop_assert!(open(&key, &place, &bad).is_err());
            prop_assert!(open(&key, &place, &sealed[..sealed.len() - 1]).is_err());
        }
    }

    #[test]
    fn contexts_with_the_same_bytes_in_other_parts_differ() {
        assert_ne!(Context::new("ab", b"c"), Context::new("a", b"bc"));
        assert_ne!(Context::new("a", b"").with(b"b"), Context::new("a", b"b"));
    }

    #[test]
    fn unknown_version_is_named_as_such() {
        let key = SecretKey::make(&SystemRandom::new()).unwrap();
        let place = Context::new("t", b"");
        assert_eq!(open(&key, &place, &[2; 40]).err(), Some(CryptoError::UnknownFormat));
        assert_eq!(open(&key, &place, &[1]).err(), Some(CryptoError::Damaged));
    }
}
