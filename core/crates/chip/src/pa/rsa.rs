//! RSA with public keys only: PKCS #1 v1.5 and PSS signatures of certificates and documents (RFC 8017).
//!
//! ring verifies neither SHA-1 nor SHA-224 with PSS, nor a salt of another length than the hash; the crate `rsa` brings
//! private-key code with an advisory. Here is the public operation and two paddings; nothing is secret.

use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};

use crate::{
    ChipError, Hash,
    tlv::{INTEGER, SEQUENCE, Tlv, objects, unsigned},
};

/// An RSA public key of 1024 to 8192 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    const MIN_BITS: usize = 1024;
    const MAX_BITS: usize = 8192;
    const MAX_EXPONENT_BYTES: usize = 8;

    /// Reads `RSAPublicKey` of PKCS #1.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] for an even modulus or an impossible exponent, [`ChipError::AlgorithmWeak`] and
    /// [`ChipError::AlgorithmUnknown`] for a modulus out of bounds.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(SEQUENCE, bytes)?);
        let modulus = unsigned(parts.expect(INTEGER)?)?.to_vec();
        let exponent = unsigned(parts.expect(INTEGER)?)?.to_vec();
        parts.finish()?;
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        if !odd(&modulus) || !odd(&exponent) || exponent == [1] || exponent.len() > Self::MAX_EXPONENT_BYTES {
            return Err(ChipError::Malformed);
        }
        let key = Self { modulus, exponent };
        match key.bits() {
            ..Self::MIN_BITS => Err(ChipError::AlgorithmWeak),
            Self::MIN_BITS..=Self::MAX_BITS => Ok(key),
            _ => Err(ChipError::AlgorithmUnknown),
        }
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> usize {
        let unused = self.modulus.first().map_or(0, |byte| byte.leading_zeros());
        self.modulus.len() * 8 - usize::try_from(unused).unwrap_or(0)
    }

    /// Modulus without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Exponent without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The signature to the power of the exponent, at the modulus' length; `None` when it is not below the modulus or has
    /// another length.
    pub fn recover(&self, signature: &[u8]) -> Option<Vec<u8>> {
        if signature.len() != self.modulus.len() {
            return None;
        }
        let modulus = BoxedUint::from_be_slice_vartime(&self.modulus);
        let precision = modulus.bits_precision();
        let number = BoxedUint::from_be_slice(signature, precision).ok()?;
        if number >= modulus {
            return None;
        }
        let params = BoxedMontyParams::new_vartime(Odd::new(modulus).into_option()?);
        let exponent = BoxedUint::from_be_slice_vartime(&self.exponent);
        let bits = exponent.bits_vartime();
        let power = BoxedMontyForm::new(number, &params).pow_bounded_exp(&exponent, bits).retrieve().to_be_bytes();
        let padding = power.len().checked_sub(self.modulus.len())?;
        power.get(padding..).map(<[u8]>::to_vec)
    }

    /// EMSA-PKCS1-v1_5 with the hash of the parts.
    pub(super) fn verifies_v15(&self, hash: Hash, message: &[&[u8]], signature: &[u8]) -> bool {
        let digest = hash.digest(message);
        // The parameters of the hash's identifier are NULL, or absent with some encoders.
        let expected = |identifier: Vec<u8>| {
            let info = crate::tlv::encode(SEQUENCE, &[&identifier, &crate::tlv::encode(4, &[&digest])]);
            let filling = self.modulus.len().checked_sub(info.len() + 3).filter(|length| *length >= 8)?;
            Some([&[0, 1], vec![0xFF; filling].as_slice(), &[0], &info].concat())
        };
        let Some(recovered) = self.recover(signature) else { return false };
        [hash.identifier(), hash.bare_identifier()].into_iter().filter_map(expected).any(|expected| expected == recovered)
    }

    /// EMSA-PSS with trailer BC; a salt of exactly the length stated.
    pub(super) fn verifies_pss(&self, pss: &Pss, message: &[&[u8]], signature: &[u8]) -> bool {
        self.pss(pss, message, signature).unwrap_or(false)
    }

    fn pss(&self, pss: &Pss, message: &[&[u8]], signature: &[u8]) -> Option<bool> {
        let length = (self.bits() - 1).div_ceil(8);
        let recovered = self.recover(signature)?;
        let (above, encoded) = recovered.split_at_checked(recovered.len().checked_sub(length)?)?;
        let (rest, trailer) = encoded.split_at_checked(encoded.len().checked_sub(1)?)?;
        let (masked, seed) = rest.split_at_checked(rest.len().checked_sub(pss.hash.bytes())?)?;
        let unused = length * 8 - (self.bits() - 1);
        let top = 0xFF_u8 >> unused;
        if above.iter().any(|byte| *byte != 0) || trailer != [0xBC] || masked.first()? & !top != 0 {
            return Some(false);
        }
        let mask = mgf1(pss.mask_hash, seed, masked.len());
        let mut block: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
        *block.first_mut()? &= top;
        let (padding, salt) = block.split_at_checked(block.len().checked_sub(pss.salt_length)?)?;
        let (one, zeros) = padding.split_last()?;
        if *one != 1 || zeros.iter().any(|byte| *byte != 0) {
            return Some(false);
        }
        let digest = pss.hash.digest(message);
        Some(pss.hash.digest(&[&[0; 8], &digest, salt]) == seed)
    }
}

/// Parameters of a PSS signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pss {
    pub(super) hash: Hash,
    pub(super) mask_hash: Hash,
    pub(super) salt_length: usize,
}

fn mgf1(hash: Hash, seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(move |counter| hash.digest(&[seed, &counter.to_be_bytes()]));
    blocks.take(length).collect()
}
