//! What the phone must provide: few, coarse, fallible traits, given to [`crate::EidApp::open`] in one [`Ports`].
//!
//! What the phone merely *knows* (network state, scanned text, links) is pushed in by method calls instead.

use std::sync::Arc;

use async_trait::async_trait;
use eid_crypto::{HardwareInput, Random, SecretBytes, Signature, VerifyingKey};
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
    /// Who is told that something changed.
    pub events: Arc<dyn EventSink>,
    /// The reader of contactless chips, if the phone has one.
    pub chip: Option<Arc<dyn ChipLink>>,
    /// Attestation of the app and the phone; never required.
    pub integrity: Option<Arc<dyn Integrity>>,
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

    /// Makes a secret key for [`Self::derive`]: of HMAC-SHA-256, or of ECDH over P-256. A key that had this alias is replaced.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn make_secret(&self, alias: &str, access: KeyAccess) -> Result<(), SecureKeyError>;

    /// A pseudo-random function under the secret key of this alias: 32 bytes, the same each time for one key and one input.
    /// Either HMAC-SHA-256 of [`HardwareInput::bytes`], or the x coordinate of ECDH with [`HardwareInput::point`].
    ///
    /// # Security
    /// The key never leaves the hardware, so each passcode guess takes an operation of this phone.
    ///
    /// # Errors
    /// [`SecureKeyError`].
    async fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretBytes, SecureKeyError>;

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
    /// With the face or the finger of an enrolled person, asked by the phone at each use; never with the screen lock's code
    /// instead. The key dies when the enrolled set changes, and is then [`SecureKeyError::Invalidated`].
    WithBiometrics,
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
    /// Wall clock, monotonic clock and the boot that the latter counts from. Answers at once.
    ///
    /// # Errors
    /// [`ClockError`].
    fn now(&self) -> Result<Moment, ClockError>;
}

/// Why the phone does not tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// A clock did not answer, or not in the agreed form.
    #[error("clock is not available")]
    Unavailable,
}

impl ClockError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Unavailable => Code::CLOCK_UNAVAILABLE,
        }
    }
}

/// What changed. A shell then asks for what its screen shows; an event carries no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The app was locked.
    Locked,
    /// Credentials came, were used or went.
    CredentialsChanged,
    /// The history has a new entry.
    HistoryChanged,
    /// Something was wrong with the store, and was repaired: [`crate::Unlocked::repairs`] says what.
    StoreRepaired,
    /// Records came, changed or went.
    RecordsChanged,
    /// A change of a record was begun, or went on.
    UpdatesChanged,
    /// The account was locked, unlocked, closed or moved to another phone, or the holder's card expired or was renewed:
    /// [`crate::EidApp::app_status`] says how it stands.
    AccountChanged,
    /// The reading of a card went on, or waits for the card: [`crate::Activation::card_progress`] says how far it is.
    CardProgress,
}

/// Who is told that something changed.
pub trait EventSink: Send + Sync {
    /// Takes an event. Returns at once and calls nothing of the core.
    fn on_event(&self, event: Event);
}

/// Longest answer of a chip: an extended-length response (ISO/IEC 7816-4) of 65,536 bytes and its two status bytes.
pub const MAX_RESPONSE: usize = 65_538;

/// The phone's reader of contactless chips. One session at a time: it begins with the first [`Self::connect`] and is over after
/// [`Self::end_session`]. The core gives every wait its limit.
#[async_trait]
pub trait ChipLink: Send + Sync {
    /// Connects afresh to the chip in the field: one that was connected is let go and has forgotten everything. Waits for a chip
    /// to come, at most `wait_ms`. Begins a session, with the phone's own prompt where it has one, unless one is under way.
    ///
    /// # Errors
    /// [`ChipLinkError::Timeout`] if no chip came; [`ChipLinkError`].
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError>;

    /// Sends a command APDU and gives the response APDU: 2 to [`MAX_RESPONSE`] bytes, the status word last. Waits for it at most
    /// `timeout_ms`. After an error the chip has to be connected afresh.
    ///
    /// # Errors
    /// [`ChipLinkError`].
    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError>;

    /// Ends the session and says to the holder how it went. Again is no error.
    ///
    /// # Errors
    /// [`ChipLinkError`].
    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError>;
}

/// What the phone's reader and the chip's radio carry at most, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChipLimits {
    /// The longest command APDU; 261 without extended lengths.
    pub max_command: u32,
    /// The longest response APDU, status word included; 258 without extended lengths.
    pub max_response: u32,
}

impl ChipLimits {
    /// A reader that knows no extended lengths (ISO/IEC 7816-4).
    pub const SHORT: Self = Self { max_command: 261, max_response: 258 };
}

/// Why the chip did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChipLinkError {
    /// The holder ended the session at the phone's own prompt.
    #[error("cancelled by the holder")]
    UserCancelled,
    /// The chip left the field, or there is no session.
    #[error("chip left the field")]
    TagLost,
    /// The chip did not answer in time.
    #[error("chip did not answer in time")]
    Timeout,
    /// The phone's reader is off, busy or missing.
    #[error("chip reader is not available")]
    Unavailable,
    /// The answer is no response APDU.
    #[error("chip reader gave a malformed answer")]
    Malformed,
}

impl ChipLinkError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::UserCancelled => Code::USER_CANCELLED,
            Self::TagLost | Self::Malformed => Code::CHIP_LINK_LOST,
            Self::Timeout => Code::CHIP_NOT_FOUND,
            Self::Unavailable => Code::CHIP_READER_MISSING,
        }
    }
}

/// Longest attestation, in bytes.
pub const MAX_ATTESTATION: usize = 16 * 1024;

/// Attestation of the app and the phone by the phone's maker. Optional everywhere: no service depends on it.
#[async_trait]
pub trait Integrity: Send + Sync {
    /// A statement about this app and phone that is bound to `nonce`: 1 to [`MAX_ATTESTATION`] bytes.
    ///
    /// # Errors
    /// [`IntegrityError`].
    async fn attest(&self, nonce: &[u8]) -> Result<Vec<u8>, IntegrityError>;
}

/// Why there is no attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntegrityError {
    /// The phone has none, or its maker's service did not answer.
    #[error("attestation is not available")]
    Unavailable,
    /// The answer is empty or too long.
    #[error("attestation is malformed")]
    Malformed,
}
