//! What the phone must provide: few, coarse, fallible traits, given to [`crate::EidApp::open`] in one [`Ports`].
//!
//! What the phone merely *knows* (network state, scanned text, links) is pushed in by method calls instead.

use std::sync::Arc;

use async_trait::async_trait;
use eid_crypto::{Random, SecretBytes, SecretKey, Signature, VerifyingKey};
use eid_model::Code;
pub use eid_vault::Moment;

#[cfg(feature = "fakes")]
pub mod fake;

/// The phone's powers.
#[derive(Clone)]
pub struct Ports {
    /// Key hardware.
    pub secure_key: Arc<dyn SecureKey>,
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Randomness; [`eid_crypto::SystemRandom`] outside tests.
    pub random: Arc<dyn Random>,
}

impl core::fmt::Debug for Ports {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ports(…)")
    }
}

/// Non-exportable keys in the phone's hardware (Android Keystore or StrongBox, Secure Enclave).
///
/// A key is addressed by an alias of `[a-z0-9-]`, at most 40 characters. Nothing may be cached between calls: the core
/// decides when a key is asked.
#[async_trait]
pub trait SecureKey: Send + Sync {
    /// Makes a P-256 signing key. A key that had this alias is replaced.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn generate(&self, alias: &str, access: KeyAccess) -> Result<VerifyingKey, SecureKeyError>;

    /// Signs `message` with ES256: SHA-256, r ‖ s of 64 bytes.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, SecureKeyError>;

    /// Seals a secret under a hardware key of its own with this alias, made anew; gives the blob (at most 512 bytes) that only
    /// this hardware opens.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn seal(&self, alias: &str, secret: &SecretKey) -> Result<Vec<u8>, SecureKeyError>;

    /// Opens what [`Self::seal`] made: one hardware operation for each passcode try.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn unseal(&self, alias: &str, blob: &[u8]) -> Result<SecretBytes, SecureKeyError>;

    /// Destroys a key. Not an error if there is none.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn remove(&self, alias: &str) -> Result<(), SecureKeyError>;
}

/// When a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAccess {
    /// While the phone is unlocked: signs requests.
    WhileUnlocked,
    /// With the holder's presence, asked by the phone: signs identity proofs.
    WithPresence,
}

/// Why the key hardware did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecureKeyError {
    /// The holder cancelled the phone's prompt.
    #[error("cancelled by the holder")]
    UserCancelled,
    /// There is no such key, or the hardware dropped it (screen lock removed, biometrics changed).
    #[error("key is gone")]
    Invalidated,
    /// The hardware is busy, locked or missing.
    #[error("key hardware is not available")]
    Unavailable,
    /// The hardware answered in a form that is not agreed.
    #[error("key hardware gave a malformed answer")]
    Malformed,
}

impl SecureKeyError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::UserCancelled => Code::USER_CANCELLED,
            Self::Invalidated => Code::KEY_INVALIDATED,
            Self::Unavailable => Code::KEY_UNAVAILABLE,
            Self::Malformed => Code::KEY_ANSWER_INVALID,
        }
    }
}

/// The phone's clocks, read together.
pub trait Clock: Send + Sync {
    /// Wall clock, monotonic clock and the boot that the latter counts from.
    fn now(&self) -> Moment;
}
