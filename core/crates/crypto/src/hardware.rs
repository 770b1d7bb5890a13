use p256::{
    NistP256, NonZeroScalar, ProjectivePoint, PublicKey,
    elliptic_curve::{point::AffineCoordinates as _, sec1::ToSec1Point as _},
    hash2curve::GroupDigest as _,
};

use crate::{CryptoError, Random, SecretBytes, SecretKey, hash::keyed_hash, scrub::scrubbed};

/// Domain separation of [`HardwareInput::point`], in the form that RFC 9380 §3.1 asks for.
const DOMAIN: &[u8] = b"EID-CORE-V01-CS01-with-P256_XMD:SHA-256_SSWU_RO_";

/// What a secret key of the phone's hardware is asked about, in the two forms that hardware can take.
///
/// The hardware is a pseudo-random function whose key never leaves it: either HMAC-SHA-256 of [`Self::bytes`] (Android
/// Keystore), or the x coordinate of ECDH with [`Self::point`] (Secure Enclave, which knows P-256 only).
///
/// # Security
/// An input that a passcode went into lets its holder test passcodes, one Argon2id each. It is wiped on drop.
pub struct HardwareInput(SecretKey);

impl HardwareInput {
    /// An input of these 32 bytes.
    pub fn new(bytes: SecretKey) -> Self {
        Self(bytes)
    }

    /// The input for hardware that computes HMAC-SHA-256.
    ///
    /// # Security
    /// Each caller says in an `EXPOSE:` comment why it needs them.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The input for hardware that computes ECDH: a P-256 point, 65 bytes SEC1 uncompressed, hashed from the bytes by
    /// P256_XMD:SHA-256_SSWU_RO_ (RFC 9380).
    ///
    /// # Security
    /// Nobody knows the point's discrete logarithm. With `d·G` for a known `d` the answer would be `d` times the hardware's
    /// *public* key, and no hardware would be needed to compute it.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`] for the point at infinity, which nobody will ever see.
    pub fn point(&self) -> Result<SecretBytes, CryptoError> {
        // EXPOSE: the hash to the curve takes the bytes.
        scrubbed(|| {
            let point = hash_to_curve(self.0.expose(), DOMAIN)?.to_affine().to_sec1_point(false);
            if point.len() == 65 {
                Ok(SecretBytes::new(point.as_bytes().to_vec()))
            } else {
                Err(CryptoError::KeyMalformed)
            }
        })
    }
}

impl core::fmt::Debug for HardwareInput {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HardwareInput(…)")
    }
}

fn hash_to_curve(message: &[u8], domain: &[u8]) -> Result<ProjectivePoint, CryptoError> {
    NistP256::hash_from_bytes(&[message], &[domain]).map_err(|_| CryptoError::KeyMalformed)
}

/// A secret key of the phone's hardware, held in software: the stand-in for tests, in both forms that phones have.
/// A citizen's real keys never take this form.
pub struct DerivingKey(Form);

enum Form {
    Hmac(SecretKey),
    Ecdh(NonZeroScalar),
}

impl DerivingKey {
    /// Makes a key for HMAC-SHA-256, as Android's hardware has.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make_hmac(rng: &dyn Random) -> Result<Self, CryptoError> {
        Ok(Self(Form::Hmac(SecretKey::make(rng)?)))
    }

    /// Makes a key for ECDH over P-256, as the Secure Enclave has.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make_ecdh(rng: &dyn Random) -> Result<Self, CryptoError> {
        // EXPOSE: the scalar is read from fresh bytes; one in 2^32 lies outside the group's order.
        let scalar: Option<NonZeroScalar> = NonZeroScalar::from_repr((*SecretKey::make(rng)?.expose()).into()).into();
        scalar.map(|scalar| Self(Form::Ecdh(scalar))).ok_or(CryptoError::RandomUnavailable)
    }

    /// The 32 bytes that belong to this key and `input`: the same each time.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`], which is never seen.
    pub fn derive(&self, input: &HardwareInput) -> Result<SecretKey, CryptoError> {
        match &self.0 {
            // EXPOSE: this object plays the hardware that the input goes into.
            Form::Hmac(key) => SecretKey::parse(&SecretBytes::new(keyed_hash(key, input.bytes()).to_vec())),
            Form::Ecdh(scalar) => {
                // EXPOSE: as above.
                let point =
                    PublicKey::from_sec1_bytes(input.point()?.expose()).map_err(|_| CryptoError::KeyMalformed)?;
                let point = point.to_projective();
                scrubbed(|| {
                    let shared = (point * scalar.as_ref()).to_affine();
                    SecretKey::derive_with(|out| {
                        out.copy_from_slice(&shared.x());
                        Ok(())
                    })
                })
            }
        }
    }
}

impl core::fmt::Debug for DerivingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DerivingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    fn input(byte: u8) -> HardwareInput {
        HardwareInput::new(SecretKey::parse(&SecretBytes::new(vec![byte; 32])).unwrap())
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn points_of_rfc_9380_appendix_j_1_1_come_out() {
        let domain = b"QUUX-V01-CS02-with-P256_XMD:SHA-256_SSWU_RO_";
        let long = |start: &str, letter: &str, count: usize| format!("{start}{}", letter.repeat(count));
        for (message, x, y) in [
            (
                String::new(),
                "2c15230b26dbc6fc9a37051158c95b79656e17a1a920b11394ca91c44247d3e4",
                "8a7a74985cc5c776cdfe4b1f19884970453912e9d31528c060be9ab5c43e8415",
            ),
            (
                "abc".to_owned(),
                "0bb8b87485551aa43ed54f009230450b492fead5f1cc91658775dac4a3388a0f",
                "5c41b3d0731a27a7b14bc0bf0ccded2d8751f83493404c84a88e71ffd424212e",
            ),
            (
                "abcdef0123456789".to_owned(),
                "65038ac8f2b1def042a5df0b33b1f4eca6bff7cb0f9c6c1526811864e544ed80",
                "cad44d40a656e7aff4002a8de287abc8ae0482b5ae825822bb870d6df9b56ca3",
            ),
            (
                long("q128_", "q", 128),
                "4be61ee205094282ba8a2042bcb48d88dfbb609301c49aa8b078533dc65a0b5d",
                "98f8df449a072c4721d241a3b1236d3caccba603f916ca680f4539d2bfb3c29e",
            ),
            (
                long("a512_", "a", 512),
                "457ae2981f70ca85d8e24c308b14db22f3e3862c5ea0f652ca38b5e49cd64bc5",
                "ecb9f0eadc9aeed232dabc53235368c1394c78de05dd96893eefa62b0f4757dc",
            ),
        ] {
            let point = hash_to_curve(message.as_bytes(), domain).unwrap().to_affine().to_sec1_point(false);
            assert_eq!(hex(point.as_bytes()), format!("04{x}{y}"), "{message}");
        }
    }

    #[test]
    fn point_belongs_to_its_bytes_and_its_domain() {
        let point = input(1).point().unwrap();
        assert_eq!(point, input(1).point().unwrap());
        assert_ne!(point, input(2).point().unwrap());
        let elsewhere = hash_to_curve(&[1; 32], b"ANOTHER-DOMAIN").unwrap().to_affine().to_sec1_point(false);
        assert_ne!(point.expose(), elsewhere.as_bytes());
        assert_eq!((point.expose().len(), point.expose().first()), (65, Some(&4)));
    }

    #[test]
    fn key_in_either_form_answers_by_key_and_input() -> Result<(), CryptoError> {
        let rng = SystemRandom::new();
        for make in [DerivingKey::make_hmac, DerivingKey::make_ecdh] {
            let (key, other) = (make(&rng)?, make(&rng)?);
            assert_eq!(key.derive(&input(1))?, key.derive(&input(1))?);
            assert_ne!(key.derive(&input(1))?, key.derive(&input(2))?);
            assert_ne!(key.derive(&input(1))?, other.derive(&input(1))?);
        }
        Ok(())
    }

    #[test]
    fn point_that_was_made_from_a_known_number_would_need_no_hardware() {
        // Why the point is hashed: the public key of the hardware is no secret, and d·(k·G) = k·(d·G).
        let hardware = NonZeroScalar::from_repr([7; 32].into()).unwrap();
        let public = ProjectivePoint::GENERATOR * hardware.as_ref();
        let known = NonZeroScalar::from_repr([9; 32].into()).unwrap();
        let asked = ProjectivePoint::GENERATOR * known.as_ref();
        assert_eq!((asked * hardware.as_ref()).to_affine().x(), (public * known.as_ref()).to_affine().x());
    }

    #[test]
    fn inputs_and_keys_print_nothing_of_themselves() -> Result<(), CryptoError> {
        let key = DerivingKey::make_hmac(&SystemRandom::new())?;
        assert_eq!(format!("{:?} {key:?}", input(0x41)), "HardwareInput(…) DerivingKey(…)");
        Ok(())
    }
}
