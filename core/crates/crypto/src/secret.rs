use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{CryptoError, Random};

/// Secret bytes of any length: wiped on drop, compared in constant time, never shown.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Box<[u8]>);

impl SecretBytes {
    /// Takes the bytes over. The vector's spare capacity, if any, is wiped with it.
    pub fn new(bytes: Vec<u8>) -> Self {
        let bytes = Zeroizing::new(bytes);
        Self(bytes.as_slice().into())
    }

    /// The bytes, for the length of one operation.
    ///
    /// # Security
    /// Each caller says in an `EXPOSE:` comment why it needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl core::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

/// A 32-byte symmetric key or key-derivation input. Boxed, so that moving it leaves no copies; wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Box<[u8; 32]>);

impl SecretKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`].
    pub fn make(rng: &dyn Random) -> Result<Self, CryptoError> {
        let mut key = Self(Box::new([0; 32]));
        rng.fill(key.0.as_mut())?;
        Ok(key)
    }

    /// Fills a new key in place, so that no copy stays on the stack.
    pub(crate) fn derive_with<E>(fill: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::new([0; 32]));
        fill(&mut key.0)?;
        Ok(key)
    }

    /// Copies a key out of a secret that holds exactly 32 bytes, such as what a hardware unseal gave.
    ///
    /// # Errors
    /// [`CryptoError::KeyMalformed`] for any other length.
    pub fn parse(bytes: &SecretBytes) -> Result<Self, CryptoError> {
        Self::derive_with(|key| {
            // EXPOSE: the bytes move from one wiping container to another.
            let bytes: &[u8; 32] = bytes.expose().try_into().map_err(|_| CryptoError::KeyMalformed)?;
            key.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// The key's bytes, for the length of one operation.
    ///
    /// # Security
    /// Each caller says in an `EXPOSE:` comment why it needs them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretKey {}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn secrets_print_nothing_of_themselves() -> Result<(), CryptoError> {
        assert_eq!(format!("{:?}", SecretBytes::new(b"123456".to_vec())), "SecretBytes(…)");
        assert_eq!(format!("{:?}", SecretKey::make(&SystemRandom::new())?), "SecretKey(…)");
        Ok(())
    }

    #[test]
    fn key_of_another_length_is_refused() {
        assert_eq!(SecretKey::parse(&SecretBytes::new(vec![1; 31])).err(), Some(CryptoError::KeyMalformed));
        assert!(SecretKey::parse(&SecretBytes::new(vec![1; 32])).is_ok());
    }
}
