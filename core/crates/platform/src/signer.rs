use async_trait::async_trait;
use eid_crypto::{PasscodeKey, Signature, VerifyingKey};

use crate::PlatformError;

/// A P-256 key that signs requests: the phone's key hardware, behind whatever prompt it needs.
///
/// A call that is repeated asks for a new signature, because the platform takes each `jti` once. The key's authorisation
/// must therefore last for the length of a call, or the citizen is asked again. Waiting for a signature does not count
/// against the call's time.
#[async_trait]
pub trait RequestSigner: Send + Sync {
    /// The public half.
    fn public_key(&self) -> VerifyingKey;

    /// Signs `message` with ES256 (SHA-256, r ‖ s).
    ///
    /// # Errors
    /// [`PlatformError::Signer`] with the reason of the key hardware.
    async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError>;
}

/// The key of the passcode that was typed just now: it signs in software, and needs no prompt.
#[async_trait]
impl RequestSigner for PasscodeKey {
    fn public_key(&self) -> VerifyingKey {
        *self.public()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError> {
        Ok(Self::sign(self, message)?)
    }
}
