use ring::rand::SecureRandom as _;

use crate::CryptoError;

/// A source of random bytes, injected wherever randomness enters.
pub trait Random: Send + Sync {
    /// Fills `out` completely.
    ///
    /// # Errors
    /// [`CryptoError::RandomUnavailable`] when the source gives none; `out` must then not be used.
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError>;
}

/// The operating system's generator (getrandom), through ring.
#[derive(Debug, Clone)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// A handle on the system's generator; costs nothing.
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(out).map_err(|_| CryptoError::RandomUnavailable)
    }
}

/// `N` random bytes.
///
/// # Errors
/// [`CryptoError::RandomUnavailable`].
pub fn random<const N: usize>(rng: &dyn Random) -> Result<[u8; N], CryptoError> {
    let mut out = [0; N];
    rng.fill(&mut out)?;
    Ok(out)
}
