//! Sealing: AES-256-GCM in a versioned envelope, bound to the place where it is stored.
//!
//! Layout: `version (1) ‖ algorithm (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. Version 1, algorithm 1 = AES-256-GCM with a
//! random 96-bit nonce. The associated data is the two header bytes, then the [`Context`]: a value opens only where it was
//! sealed.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{CryptoError, Random, SecretKey, Wiping, random, scrub::scrubbed};

const HEADER: [u8; 2] = [1, 1];
const NONCE: usize = 12;
const TAG: usize = 16;

/// What sealing adds to a value, in bytes.
pub const OVERHEAD: usize = HEADER.len() + NONCE + TAG;

/// Nonce and tag of a value whose ciphertext is kept apart from them: `nonce (12) ‖ tag (16)`. No two sealings share one.
pub type Mark = [u8; NONCE + TAG];

/// Where a sealed value lives. Encoded unambiguously: each part carries its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context(Vec<u8>);

impl Context {
    /// A place: the kind of thing and its identity.
    pub fn new(kind: &'static str, id: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(128);
        // What is associated with a value begins with its header.
        bytes.extend_from_slice(&HEADER);
        Self(bytes).with(kind.as_bytes()).with(id)
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
    scrubbed(|| seal_with(&cipher(key)?, rng, context, plaintext))
}

/// Opens what [`seal`] made. The plaintext wipes itself.
///
/// # Errors
/// [`CryptoError::UnknownFormat`] for another version or algorithm, [`CryptoError::Damaged`] when key, context or any byte
/// differs.
pub fn open(key: &SecretKey, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    scrubbed(|| open_with(&cipher(key)?, context, sealed))
}

/// Mark and ciphertext of a whole sealed value; `None` if it has another header or is too short.
pub fn split(sealed: &[u8]) -> Option<(Mark, &[u8])> {
    let (nonce, rest) = sealed.strip_prefix(&HEADER)?.split_first_chunk::<NONCE>()?;
    let (body, tag) = rest.split_last_chunk::<TAG>()?;
    Some((join(nonce, tag), body))
}

pub(crate) fn seal_with(
    cipher: &LessSafeKey,
    rng: &dyn Random,
    context: &Context,
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
    out.extend_from_slice(&HEADER);
    out.extend_from_slice(&[0; NONCE]);
    out.extend_from_slice(plaintext);
    let body = out.get_mut(HEADER.len() + NONCE..).ok_or(CryptoError::Damaged)?;
    let mark = seal_apart(cipher, rng, context, body)?;
    let (nonce, tag) = mark.split_at(NONCE);
    out.get_mut(HEADER.len()..HEADER.len() + NONCE).ok_or(CryptoError::Damaged)?.copy_from_slice(nonce);
    out.extend_from_slice(tag);
    Ok(out)
}

pub(crate) fn open_with(
    cipher: &LessSafeKey,
    context: &Context,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if sealed.len() >= HEADER.len() && !sealed.starts_with(&HEADER) {
        return Err(CryptoError::UnknownFormat);
    }
    let (mark, body) = split(sealed).ok_or(CryptoError::Damaged)?;
    open_apart(cipher, context, &mark, body).map(|plain| Zeroizing::new(plain.into_sealed()))
}

pub(crate) fn seal_apart(
    cipher: &LessSafeKey,
    rng: &dyn Random,
    context: &Context,
    body: &mut [u8],
) -> Result<Mark, CryptoError> {
    let nonce: [u8; NONCE] = random(rng)?;
    let unique = Nonce::assume_unique_for_key(nonce);
    let tag = cipher.seal_in_place_separate_tag(unique, Aad::from(&context.0), body);
    let tag = tag.map_err(|_| CryptoError::Damaged)?;
    Ok(join(&nonce, tag.as_ref().try_into().map_err(|_| CryptoError::Damaged)?))
}

pub(crate) fn open_apart(
    cipher: &LessSafeKey,
    context: &Context,
    mark: &Mark,
    body: &[u8],
) -> Result<Wiping, CryptoError> {
    let (nonce, tag) = mark.split_first_chunk::<NONCE>().ok_or(CryptoError::Damaged)?;
    let tag: [u8; TAG] = tag.try_into().map_err(|_| CryptoError::Damaged)?;
    let mut buffer = Wiping::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    cipher
        .open_in_place_separate_tag(nonce, Aad::from(&context.0), tag.into(), &mut buffer, 0..)
        .map_err(|_| CryptoError::Damaged)?;
    Ok(buffer)
}

fn cipher(key: &SecretKey) -> Result<LessSafeKey, CryptoError> {
    // EXPOSE: ring expands the key into its one-operation state.
    UnboundKey::new(&AES_256_GCM, key.expose()).map(LessSafeKey::new).map_err(|_| CryptoError::KeyMalformed)
}

fn join(nonce: &[u8; NONCE], tag: &[u8; TAG]) -> Mark {
    let mut mark = [0; NONCE + TAG];
    let (first, last) = mark.split_at_mut(NONCE);
    first.copy_from_slice(nonce);
    last.copy_from_slice(tag);
    mark
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
