use crypto_bigint::{
    BoxedUint,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use zeroize::Zeroize as _;

use crate::{
    ChipError,
    tlv::{self, Tlv},
};

/// An RSA public key of a document: Active Authentication, document signers, countries. Public operations only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl RsaKey {
    /// Takes modulus (1024 to 8192 bits, odd) and exponent (odd, above 1, at most 64 bits) as big-endian numbers without
    /// leading zeros.
    ///
    /// # Errors
    /// [`ChipError::Unsupported`] outside these bounds.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, ChipError> {
        let bits = (n.len() * 8)
            .saturating_sub(n.first().map_or(0, |byte| usize::try_from(byte.leading_zeros()).unwrap_or(0)));
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1) && number.first() != Some(&0);
        let fits = (1024..=8192).contains(&bits) && odd(n) && odd(e) && e.len() <= 8 && e != [1];
        if fits { Ok(Self { n: n.to_vec(), e: e.to_vec() }) } else { Err(ChipError::Unsupported) }
    }

    /// Reads `RSAPublicKey` (RFC 8017, A.1.1).
    ///
    /// # Errors
    /// [`ChipError::Malformed`], [`ChipError::Unsupported`].
    pub fn parse(der: &[u8]) -> Result<Self, ChipError> {
        let mut parts = tlv::objects(Tlv::expect(tlv::SEQUENCE, der)?);
        let n = tlv::unsigned(parts.expect(tlv::INTEGER)?)?;
        let e = tlv::unsigned(parts.expect(tlv::INTEGER)?)?;
        parts.finish()?;
        Self::new(n, e)
    }

    /// Length of the modulus in bytes.
    pub fn bytes(&self) -> usize {
        self.n.len()
    }

    /// The modulus.
    pub fn modulus(&self) -> &[u8] {
        &self.n
    }

    /// The exponent.
    #[cfg(feature = "personalise")]
    pub(crate) fn exponent(&self) -> &[u8] {
        &self.e
    }

    /// `signature ^ e mod n`, at the modulus' length.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when the signature has not the modulus' length or is not below it.
    pub fn recover(&self, signature: &[u8]) -> Result<Vec<u8>, ChipError> {
        if signature.len() != self.n.len() || signature >= self.n.as_slice() {
            return Err(ChipError::Malformed);
        }
        power(&self.n, &self.e, signature)
    }
}

/// `message ^ d mod n` in constant time: what a simulated chip signs with.
///
/// # Errors
/// [`ChipError::Malformed`] when a number has not the modulus' length, or the modulus is even.
pub fn private_power(n: &[u8], d: &[u8], message: &[u8]) -> Result<Vec<u8>, ChipError> {
    if message.len() != n.len() || message >= n || d.len() > n.len() {
        return Err(ChipError::Malformed);
    }
    power(n, d, message)
}

fn power(n: &[u8], exponent: &[u8], base: &[u8]) -> Result<Vec<u8>, ChipError> {
    let modulus = BoxedUint::from_be_slice_vartime(n).into_odd().into_option().ok_or(ChipError::Malformed)?;
    let parameters = BoxedMontyParams::new_vartime(modulus);
    let base = BoxedUint::from_be_slice(base, parameters.bits_precision()).map_err(|_| ChipError::Malformed)?;
    let mut exponent = BoxedUint::from_be_slice_vartime(exponent);
    let power = BoxedMontyForm::new(base, &parameters).pow(&exponent).retrieve();
    exponent.zeroize();
    let bytes = power.to_be_bytes();
    Ok(bytes.iter().skip(bytes.len().saturating_sub(n.len())).copied().collect())
}
