//! Hybrid public key encryption (RFC 9180) to one recipient: base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM,
//! one message for each encapsulated key.
//!
//! Base mode says nothing about the sender. Whoever needs to know binds the message by `aad` to a session that is known.

use p256::{
    NonZeroScalar, PublicKey,
    elliptic_curve::{point::AffineCoordinates as _, sec1::ToSec1Point as _},
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};

use crate::{CryptoError, Random, SecretKey, VerifyingKey, Wiping, scrub::scrubbed};

/// An encapsulated key: a point, SEC1 uncompressed.
const ENC: usize = 65;
const TAG: usize = 16;
const NONCE: usize = 12;
/// By how much a sealed message is longer than the plaintext.
pub const OVERHEAD: usize = ENC + TAG;

/// `suite_id` of the KEM: DHKEM(P-256, HKDF-SHA256).
const KEM: &[u8] = b"KEM\x00\x10";
/// `suite_id` of the whole: with HKDF-SHA256 and AES-256-GCM.
const SUITE: &[u8] = b"HPKE\x00\x10\x00\x01\x00\x02";
/// `mode_base`.
const MODE: &[u8] = &[0];

/// The recipient's key pair, in software: a platform's key, never a citizen's.
pub struct RecipientKey {
    secret: SecretKey,
    public: VerifyingKey,
}

impl RecipientKey {
    /// The key pair of 32 secret random bytes: `DeriveKeyPair` of section 7.1.3.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`], which is never seen: no 256 candidates in a row lie outside the group's order.
    pub fn derive(seed: &SecretKey) -> Result<Self, CryptoError> {
        scrubbed(|| {
            // EXPOSE: the seed is the input of the derivation.
            let prk = extract(KEM, &[], b"dkp_prk", &[seed.expose()])?;
            for counter in 0..=u8::MAX {
                let secret = expand(KEM, &prk, b"candidate", &[&[counter]], 32)?;
                if let Some(scalar) = scalar(&secret) {
                    let point = PublicKey::from_secret_scalar(&scalar).to_sec1_point(false);
                    return Ok(Self { secret, public: VerifyingKey::parse(point.as_bytes())? });
                }
            }
            Err(CryptoError::KeyMalformed)
        })
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// x of the point that this key and another's public half have in common.
    fn agree(&self, other: &VerifyingKey) -> Result<SecretKey, CryptoError> {
        let scalar = scalar(&self.secret).ok_or(CryptoError::KeyMalformed)?;
        let other = PublicKey::from_sec1_bytes(other.sec1()).map_err(|_| CryptoError::KeyMalformed)?;
        let shared = (other.to_projective() * scalar.as_ref()).to_affine();
        SecretKey::derive_with(|out| {
            out.copy_from_slice(&shared.x());
            Ok(())
        })
    }
}

impl core::fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RecipientKey(…)")
    }
}

/// Seals a message for the holder of `recipient`: 65 bytes of encapsulated key, then the ciphertext with its tag.
///
/// `info` names the use, `aad` the occasion; both must be the same at [`open`].
///
/// # Errors
/// [`CryptoError::KeyMalformed`] if `recipient` is no point of the curve, [`CryptoError::RandomUnavailable`].
pub fn seal(
    rng: &dyn Random,
    recipient: &VerifyingKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let ephemeral = RecipientKey::derive(&SecretKey::make(rng)?)?;
    scrubbed(|| {
        let shared = shared_secret(&ephemeral.agree(recipient)?, &ephemeral.public, recipient)?;
        let (cipher, nonce) = key_schedule(&shared, info)?;
        // Room for all of it at once, so that no copy of the plaintext stays behind.
        let mut out = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
        out.extend_from_slice(ephemeral.public.sec1());
        out.extend_from_slice(plaintext);
        let body = out.get_mut(ENC..).ok_or(CryptoError::Damaged)?;
        let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), body).map_err(|_| CryptoError::Damaged)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    })
}

/// Opens what [`seal`] gave.
///
/// # Errors
/// [`CryptoError::KeyMalformed`] if it does not begin with a point of the curve, [`CryptoError::Damaged`] if it is not for this
/// key, `info` and `aad`, or was changed.
pub fn open(key: &RecipientKey, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Wiping, CryptoError> {
    let (enc, ciphertext) = sealed.split_at_checked(ENC).ok_or(CryptoError::Damaged)?;
    let enc = VerifyingKey::parse(enc)?;
    scrubbed(|| {
        let shared = shared_secret(&key.agree(&enc)?, &enc, &key.public)?;
        let (cipher, nonce) = key_schedule(&shared, info)?;
        let mut body = Wiping::new(ciphertext.to_vec());
        let length = cipher.open_in_place(nonce, Aad::from(aad), &mut body).map_err(|_| CryptoError::Damaged)?.len();
        body.truncate(length);
        Ok(body)
    })
}

/// `ExtractAndExpand` of section 4.1.
fn shared_secret(dh: &SecretKey, enc: &VerifyingKey, recipient: &VerifyingKey) -> Result<SecretKey, CryptoError> {
    // EXPOSE: the shared point is the input of the derivation.
    let prk = extract(KEM, &[], b"eae_prk", &[dh.expose()])?;
    expand(KEM, &prk, b"shared_secret", &[enc.sec1(), recipient.sec1()], 32)
}

/// `KeySchedule` of section 5.1 without a pre-shared key: key and nonce of the first message, which is the only one.
fn key_schedule(shared: &SecretKey, info: &[u8]) -> Result<(LessSafeKey, Nonce), CryptoError> {
    let psk_id = extract(SUITE, &[], b"psk_id_hash", &[])?;
    let info = extract(SUITE, &[], b"info_hash", &[info])?;
    // EXPOSE: the hashes are of public values; the shared secret is the salt, as the standard has it.
    let context: [&[u8]; 3] = [MODE, psk_id.expose(), info.expose()];
    let secret = extract(SUITE, shared.expose(), b"secret", &[])?;
    let key = expand(SUITE, &secret, b"key", &context, 32)?;
    let nonce = expand(SUITE, &secret, b"base_nonce", &context, 12)?;
    // EXPOSE: ring expands the key into its one-operation state.
    let cipher = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| CryptoError::KeyMalformed)?;
    let (nonce, _) = nonce.expose().split_first_chunk::<NONCE>().ok_or(CryptoError::KeyMalformed)?;
    Ok((LessSafeKey::new(cipher), Nonce::assume_unique_for_key(*nonce)))
}

/// `LabeledExtract` of section 4.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], input: &[&[u8]]) -> Result<SecretKey, CryptoError> {
    mac(salt, [b"HPKE-v1".as_slice(), suite, label].iter().chain(input))
}

/// `LabeledExpand` of section 4 for up to 32 bytes, which are one block of HKDF-Expand; what is behind `length` is not used.
fn expand(suite: &[u8], prk: &SecretKey, label: &[u8], info: &[&[u8]], length: u16) -> Result<SecretKey, CryptoError> {
    let length = length.to_be_bytes();
    let head: [&[u8]; 4] = [&length, b"HPKE-v1", suite, label];
    // EXPOSE: the key of this derivation.
    mac(prk.expose(), head.iter().chain(info).chain(&[[1].as_slice()]))
}

/// HMAC-SHA-256 of the parts, one after the other.
fn mac<'a, 'b: 'a>(key: &[u8], parts: impl Iterator<Item = &'a &'b [u8]>) -> Result<SecretKey, CryptoError> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let tag = context.sign();
    SecretKey::derive_with(|out| {
        out.copy_from_slice(tag.as_ref().get(..32).ok_or(CryptoError::KeyMalformed)?);
        Ok(())
    })
}

/// The bytes as a number from 1 to the group's order less one.
fn scalar(secret: &SecretKey) -> Option<NonZeroScalar> {
    // EXPOSE: the arithmetic needs the scalar.
    NonZeroScalar::from_repr((*secret.expose()).into()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SecretBytes, SystemRandom};

    /// RFC 9180's test vectors for this suite; tests/vectors/hpke/ORIGIN.md says where from.
    const VECTOR: &str = include_str!("../../../../tests/vectors/hpke/rfc9180-p256-aes256.json");

    fn bytes(name: &str) -> Vec<u8> {
        let (_, rest) = VECTOR.split_once(&format!("\"{name}\": \"")).unwrap();
        let (hex, _) = rest.split_once('"').unwrap();
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()).collect()
    }

    fn key(name: &str) -> RecipientKey {
        RecipientKey::derive(&SecretKey::parse(&SecretBytes::new(bytes(name))).unwrap()).unwrap()
    }

    /// Gives the recorded bytes instead of random ones.
    struct Recorded(Vec<u8>);

    impl Random for Recorded {
        fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
            out.copy_from_slice(&self.0);
            Ok(())
        }
    }

    #[test]
    fn recorded_message_is_sealed_and_opened_byte_for_byte() {
        let recipient = key("ikmR");
        assert_eq!(recipient.secret.expose().as_slice(), bytes("skRm"));
        assert_eq!(recipient.public.sec1().as_slice(), bytes("pkRm"));
        let (info, aad, plaintext) = (bytes("info"), bytes("aad"), bytes("pt"));
        let sealed = seal(&Recorded(bytes("ikmE")), &recipient.public, &info, &aad, &plaintext).unwrap();
        assert_eq!(sealed, [bytes("enc"), bytes("ct")].concat());
        assert_eq!(**open(&recipient, &info, &aad, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn message_that_is_no_message_is_refused() {
        let recipient = key("ikmR");
        let good = seal(&SystemRandom::new(), &recipient.public, b"i", b"a", b"").unwrap();
        assert_eq!(good.len(), OVERHEAD);
        let mut off_curve = good.clone();
        off_curve[40] ^= 1;
        let mut infinity = good.clone();
        infinity[0] = 0;
        for (sealed, error) in [
            (&off_curve[..], CryptoError::KeyMalformed),
            (&infinity, CryptoError::KeyMalformed),
            (&good[..OVERHEAD - 1], CryptoError::Damaged),
            (&good[..ENC], CryptoError::Damaged),
            (&good[..ENC - 1], CryptoError::Damaged),
            (&[], CryptoError::Damaged),
        ] {
            assert_eq!(open(&recipient, b"i", b"a", sealed).err(), Some(error));
        }
        let off_curve = VerifyingKey::parse(&off_curve[..ENC]).unwrap();
        let refused = seal(&SystemRandom::new(), &off_curve, b"i", b"a", b"").err();
        assert_eq!(refused, Some(CryptoError::KeyMalformed));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn sealed_opens_for_its_key_and_occasion_only(data in proptest::collection::vec(any::<u8>(), 0..300), flip in any::<prop::sample::Index>()) {
            let rng = SystemRandom::new();
            let make = || RecipientKey::derive(&SecretKey::make(&rng).unwrap()).unwrap();
            let (recipient, other) = (make(), make());
            let sealed = seal(&rng, recipient.public(), b"use", b"occasion", &data).unwrap();
            prop_assert_eq!(&**open(&recipient, b"use", b"occasion", &sealed).unwrap(), &data);
            prop_assert!(open(&other, b"use", b"occasion", &sealed).is_err());
            prop_assert!(open(&recipient, b"usf", b"occasion", &sealed).is_err());
            prop_assert!(open(&recipient, b"use", b"occasioo", &sealed).is_err());
            let mut bad = sealed.clone();
            bad[flip.index(sealed.len())] ^= 1;
            prop_assert!(open(&recipient, b"use", b"occasion", &bad).is_err());
        }
    }
}
