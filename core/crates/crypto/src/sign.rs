use p256::elliptic_curve::sec1::ToSec1Point as _;
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use zeroize::Zeroizing;

use crate::CryptoError;

/// An ECDSA P-256 signature over SHA-256: r ‖ s, 64 bytes, big-endian (the COSE and JOSE form).
pub type Signature = [u8; 64];

/// A P-256 public key: 65 bytes SEC1, `04 ‖ x ‖ y`.
///
/// Parsing checks the form only; ring checks that the point lies on the curve when it verifies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 65]);

impl VerifyingKey {
    /// Parses an uncompressed SEC1 point.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`] unless it is 65 bytes that begin with 04.
    pub fn parse(sec1: &[u8]) -> Result<Self, CryptoError> {
        match <[u8; 65]>::try_from(sec1) {
            Ok(bytes) if bytes.first() == Some(&4) => Ok(Self(bytes)),
            _ => Err(CryptoError::KeyMalformed),
        }
    }

    /// Builds the key from its coordinates.
    pub fn from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut bytes = [4; 65];
        let (_, rest) = bytes.split_at_mut(1);
        for (to, from) in rest.iter_mut().zip(x.iter().chain(y)) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Rebuilds the key from x and the sign bit of y (the one-bit y of a COSE_Key, RFC 9053 §7.1.1).
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`] if no point of the curve has this x.
    pub fn decompress(x: &[u8; 32], y_is_odd: bool) -> Result<Self, CryptoError> {
        let mut compressed = [if y_is_odd { 3 } else { 2 }; 33];
        for (to, from) in compressed.iter_mut().skip(1).zip(x) {
            *to = *from;
        }
        let point = p256::PublicKey::from_sec1_bytes(&compressed).map_err(|_| CryptoError::KeyMalformed)?;
        Self::parse(point.to_sec1_point(false).as_bytes())
    }

    /// Verifies `signature` over `message` (ES256).
    ///
    /// # Errors
    /// [`CryptoError::SignatureInvalid`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.as_slice())
            .verify(message, signature)
            .map_err(|_| CryptoError::SignatureInvalid)
    }

    /// The SEC1 form.
    pub fn sec1(&self) -> &[u8; 65] {
        &self.0
    }

    /// The affine x coordinate.
    pub fn x(&self) -> [u8; 32] {
        self.coordinate(1)
    }

    /// The affine y coordinate.
    pub fn y(&self) -> [u8; 32] {
        self.coordinate(33)
    }

    fn coordinate(&self, from: usize) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, byte) in out.iter_mut().zip(self.0.iter().skip(from)) {
            *to = *byte;
        }
        out
    }
}

impl core::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("VerifyingKey(…)")
    }
}

/// A P-256 private key held in software: an issuer's key in the sandbox, or the stand-in for a phone's key hardware.
/// A citizen's real keys never take this form.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: VerifyingKey,
    rng: SystemRandom,
}

impl SigningKey {
    /// Makes a fresh key and returns its PKCS#8 document, which wipes itself.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make_pkcs8() -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| Zeroizing::new(document.as_ref().to_vec()))
            .map_err(|_| CryptoError::RandomUnavailable)
    }

    /// Makes a fresh key that is never stored.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make() -> Result<Self, CryptoError> {
        Self::parse_pkcs8(&Self::make_pkcs8()?)
    }

    /// Parses a PKCS#8 document.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`].
    pub fn parse_pkcs8(document: &[u8]) -> Result<Self, CryptoError> {
        let rng = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &rng)
            .map_err(|_| CryptoError::KeyMalformed)?;
        let public = VerifyingKey::parse(pair.public_key().as_ref())?;
        Ok(Self { pair, public, rng })
    }

    /// Signs `message` (ES256; the nonce is random and mixed with the key by ring).
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn sign(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        let signature = self.pair.sign(&self.rng, message).map_err(|_| CryptoError::RandomUnavailable)?;
        signature.as_ref().try_into().map_err(|_| CryptoError::RandomUnavailable)
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_verifies_for_its_key_and_message_only() -> Result<(), CryptoError> {
        let (key, other) = (SigningKey::make()?, SigningKey::make()?);
        let signature = key.sign(b"message")?;
        key.public().verify(b"message", &signature)?;
        assert!(key.public().verify(b"massage", &signature).is_err());
        assert!(other.public().verify(b"message", &signature).is_err());
        let mut bad = signature;
        bad[10] ^= 1;
        assert!(key.public().verify(b"message", &bad).is_err());
        Ok(())
    }

    #[test]
    fn key_round_trips_through_coordinates() -> Result<(), CryptoError> {
        let key = *SigningKey::make()?.public();
        assert_eq!(VerifyingKey::from_coordinates(&key.x(), &key.y()), key);
        assert_eq!(VerifyingKey::parse(key.sec1())?, key);
        let odd = key.y()[31] & 1 == 1;
        assert_eq!(VerifyingKey::decompress(&key.x(), odd)?, key);
        assert_ne!(VerifyingKey::decompress(&key.x(), !odd)?, key);
        assert_eq!(VerifyingKey::decompress(&[0xff; 32], odd).err(), Some(CryptoError::KeyMalformed));
        assert_eq!(VerifyingKey::parse(&key.sec1()[1..]).err(), Some(CryptoError::KeyMalformed));
        Ok(())
    }

    #[test]
    fn stored_key_signs_for_the_same_public_key() -> Result<(), CryptoError> {
        let document = SigningKey::make_pkcs8()?;
        let (a, b) = (SigningKey::parse_pkcs8(&document)?, SigningKey::parse_pkcs8(&document)?);
        a.public().verify(b"m", &b.sign(b"m")?)?;
        Ok(())
    }
}
