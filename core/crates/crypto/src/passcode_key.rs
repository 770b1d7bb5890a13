use p256::{
    NistP256, NonZeroScalar, ProjectivePoint,
    elliptic_curve::{
        Curve as _,
        bigint::{NonZero, U256, U384},
        sec1::ToSec1Point as _,
    },
};
use ring::{
    hkdf,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use zeroize::Zeroizing;

use crate::{
    CryptoError, Passcode, SecretKey, Signature, VerifyingKey,
    kdf::{KdfCost, stretch_passcode},
    scrub::scrubbed,
};

/// What the scalar is expanded for; no other key has this `info`.
const INFO: &[u8] = b"eid-core/v1/passcode-key\0";

/// Bytes that the scalar is made from: 128 bits more than the order has, so that the remainder favours no scalar.
const WIDE: usize = 48;

/// The key that a passcode stands for (khóa mật mã): P-256, derived each time from the six digits and a salt, and never
/// stored. It signs instructions, so that only the platform, which knows its public half, can tell a right passcode from a
/// wrong one, and counts.
///
/// The scalar is `(HKDF-SHA-256(Argon2id(passcode, salt, cost)) mod (n − 1)) + 1` over 48 bytes: FIPS 186-5, A.2.1. All
/// arithmetic with it takes the same time for every scalar; it is wiped on drop.
///
/// # Security
/// Whoever has the salt and the public half tests a passcode with one Argon2id. The salt lies sealed in the phone's store, and
/// the public half at the platform: neither side has both, so neither half may ever be sent or kept with the other.
pub struct PasscodeKey {
    scalar: SecretKey,
    public: VerifyingKey,
}

impl PasscodeKey {
    /// The key of a passcode: the same each time for one salt and cost. Takes as long as one Argon2id of this cost.
    ///
    /// # Errors
    /// [`CryptoError::KdfUnavailable`] for unacceptable cost or when memory is short.
    pub fn derive(passcode: &Passcode, salt: &[u8; 16], cost: KdfCost) -> Result<Self, CryptoError> {
        let stretched = stretch_passcode(passcode, salt, cost)?;
        scrubbed(|| {
            let mut wide = Zeroizing::new([0; WIDE]);
            // EXPOSE: HKDF-Extract takes the stretched passcode.
            hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
                .extract(stretched.expose())
                .expand(&[INFO], Wide)
                .and_then(|okm| okm.fill(wide.as_mut_slice()))
                .map_err(|_| CryptoError::KdfUnavailable)?;
            Self::from_wide(&wide)
        })
    }

    /// The key of these bytes, by remainder (FIPS 186-5, A.2.1).
    fn from_wide(wide: &[u8; WIDE]) -> Result<Self, CryptoError> {
        let order = NistP256::ORDER.get();
        let range: Option<NonZero<U256>> = NonZero::new(order.wrapping_sub(&U256::ONE)).into();
        let range = range.ok_or(CryptoError::KeyMalformed)?;
        let number = Zeroizing::new(U384::from_be_slice(wide).rem(&range).wrapping_add(&U256::ONE));
        let scalar = SecretKey::derive_with(|out| {
            out.copy_from_slice(number.to_be_bytes().as_ref());
            Ok::<_, CryptoError>(())
        })?;
        // EXPOSE: the public half is computed from the scalar.
        let point: Option<NonZeroScalar> = NonZeroScalar::from_repr((*scalar.expose()).into()).into();
        let point = Zeroizing::new(point.ok_or(CryptoError::KeyMalformed)?);
        let public = (ProjectivePoint::GENERATOR * point.as_ref()).to_affine().to_sec1_point(false);
        Ok(Self { scalar, public: VerifyingKey::parse(public.as_bytes())? })
    }

    /// Signs `message` (ES256; the nonce is random and mixed with the key by ring).
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`]; [`CryptoError::KeyMalformed`], which is never seen.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, CryptoError> {
        scrubbed(|| {
            let (algorithm, rng) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            // EXPOSE: ring takes the scalar into a key of its own, which lies on the stack that is wiped.
            let scalar = self.scalar.expose().as_slice();
            let pair =
                EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, self.public.sec1().as_slice(), &rng);
            let signed = pair.map_err(|_| CryptoError::KeyMalformed)?.sign(&rng, message);
            let signed = signed.map_err(|_| CryptoError::RandomUnavailable)?;
            signed.as_ref().try_into().map_err(|_| CryptoError::RandomUnavailable)
        })
    }

    /// The public half, for the platform alone; see [Security](Self#security).
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }
}

impl core::fmt::Debug for PasscodeKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PasscodeKey(…)")
    }
}

/// The length that is expanded to.
struct Wide;

impl hkdf::KeyType for Wide {
    fn len(&self) -> usize {
        WIDE
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        core::array::from_fn(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2).unwrap(), 16).unwrap())
    }

    fn passcode(digits: &str) -> Passcode {
        Passcode::parse(digits.as_bytes().to_vec()).unwrap()
    }

    /// Made by Argon2id, HKDF and P-256 of OpenSSL, through Python's `cryptography`.
    #[test]
    fn keys_of_the_frozen_vectors_come_out() {
        let costs = [KdfCost::FLOOR, KdfCost { memory_kib: 20 * 1024, passes: 3, lanes: 2 }];
        for (digits, salt, cost, scalar, x) in VECTORS {
            let key = PasscodeKey::derive(&passcode(digits), &unhex(salt), costs[cost]).unwrap();
            assert_eq!(hex(key.scalar.expose()), scalar, "{digits} {salt}");
            assert_eq!(hex(&key.public().x()), x, "{digits} {salt}");
        }
    }

    const VECTORS: [(&str, &str, usize, &str, &str); 3] = [
        (
            "271828",
            "07070707070707070707070707070707",
            0,
            "9230e88958e6a824bdbef60ae84c0a27b13ebcfd4630e1873a4a60a6f46618a6",
            "262144a54692310b2d9e33a2c212167ad977af99137e61978b710dc98c2365b3",
        ),
        (
            "314159",
            "000102030405060708090a0b0c0d0e0f",
            0,
            "b6fddf81b16acd85cb72abae6dfcb115872874ed872b48eab94901552e96d205",
            "8535d228c1e8de2d6b35456917543cd375b0fff239ddcb1405f784744fa8aef0",
        ),
        (
            "141421",
            "ffffffffffffffffffffffffffffffff",
            1,
            "8aabf816afab59d5ceb242e42f05e561607f403b26bbbfee2b473c4830c40198",
            "203bdd028b166285ecbc615577024b5f462cd566615d97f41c012975658429b0",
        ),
    ];

    #[test]
    fn signature_verifies_for_its_key_and_message_only() -> Result<(), CryptoError> {
        let key = PasscodeKey::derive(&passcode("271828"), &[7; 16], KdfCost::FLOOR)?;
        let other = PasscodeKey::derive(&passcode("271829"), &[7; 16], KdfCost::FLOOR)?;
        let elsewhere = PasscodeKey::derive(&passcode("271828"), &[8; 16], KdfCost::FLOOR)?;
        let signature = key.sign(b"message")?;
        key.public().verify(b"message", &signature)?;
        assert!(key.public().verify(b"massage", &signature).is_err());
        assert!(other.public().verify(b"message", &signature).is_err());
        assert!(elsewhere.public().verify(b"message", &signature).is_err());
        Ok(())
    }

    #[test]
    fn numbers_at_the_ends_of_the_range_become_scalars_of_the_range() {
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        let low = order.replace("2551", "2550");
        let wide = |number: &str| unhex(&format!("{number:0>96}"));
        for (number, scalar) in [
            ("0", format!("{:0>64}", "1")),
            ("1", format!("{:0>64}", "2")),
            // n − 2 is the largest remainder, n − 1 is none, and n is one more.
            (order.replace("2551", "254f").as_str(), low.clone()),
            (low.as_str(), format!("{:0>64}", "1")),
            (order, format!("{:0>64}", "2")),
        ] {
            let key = PasscodeKey::from_wide(&wide(number)).unwrap();
            assert_eq!(hex(key.scalar.expose()), scalar, "{number}");
            assert!(key.public().verify(b"m", &key.sign(b"m").unwrap()).is_ok(), "{number}");
        }
    }

    #[test]
    fn key_prints_nothing_of_itself() {
        let key = PasscodeKey::from_wide(&[0x41; WIDE]).unwrap();
        assert_eq!(format!("{key:?}"), "PasscodeKey(…)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_bytes_become_a_key_that_signs(wide in any::<[u8; 32]>(), more in any::<[u8; 16]>()) {
            let bytes: Vec<u8> = more.into_iter().chain(wide).collect();
            let key = PasscodeKey::from_wide(&bytes.try_into().unwrap()).unwrap();
            prop_assert!(key.public().verify(b"m", &key.sign(b"m").unwrap()).is_ok());
        }
    }
}
