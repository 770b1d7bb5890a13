//! The phone's powers as a shell implements them, and the adapters to the core's ports.
//!
//! Lengths are checked here; an exception that a port did not announce loses its text here and counts as `Unavailable`; a
//! port that never answers is given up after [`ANSWER_LIMIT`].

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use eid_core::ports as core_ports;
use eid_crypto::{SecretBytes, Signature, VerifyingKey};
use uniffi::UnexpectedUniFFICallbackError;

use crate::views::redacted;

/// How long a port may take: the holder may have to find his finger, but nobody waits longer than this.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// How much longer than it was told to a chip port may take before it is given up.
const CHIP_GRACE: Duration = Duration::from_secs(5);

/// The phone's powers, all in one.
#[derive(Clone, uniffi::Record)]
pub struct Platform {
    /// Key hardware.
    pub secure_key: Arc<dyn SecureKey>,
    /// Clocks.
    pub clock: Arc<dyn Clock>,
    /// Who is told that something changed.
    pub events: Arc<dyn EventSink>,
    /// The reader of contactless chips, if the phone has one.
    #[uniffi(default = None)]
    pub chip: Option<Arc<dyn ChipLink>>,
    /// Attestation, if the phone has it; never required.
    #[uniffi(default = None)]
    pub integrity: Option<Arc<dyn Integrity>>,
}

impl core::fmt::Debug for Platform {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Platform(…)")
    }
}

/// Non-exportable P-256 keys in the phone's hardware, addressed by an alias of `[a-z0-9-]`, at most 40 characters.
///
/// Called on threads of the core, several at once. Nothing may be cached between calls.
#[uniffi::export(foreign)]
#[async_trait]
pub trait SecureKey: Send + Sync {
    /// Makes a signing key in place of one that had this alias; gives its public point, 65 bytes SEC1.
    async fn generate(&self, alias: String, access: KeyAccess) -> Result<Vec<u8>, SecureKeyError>;

    /// Signs with ES256 (SHA-256 of `data`): r ‖ s, 64 bytes.
    async fn sign(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, SecureKeyError>;

    /// Makes a secret for [`Self::derive`] in place of one that had this alias. It never leaves the hardware.
    async fn make_secret(&self, alias: String, access: KeyAccess) -> Result<(), SecureKeyError>;

    /// A pseudo-random function under the secret of this alias: the same input gives the same 32 bytes, and only this
    /// hardware can tell them.
    async fn derive(&self, alias: String, input: HardwareInput) -> Result<Vec<u8>, SecureKeyError>;

    /// Destroys what has this alias. Not an error if nothing has.
    async fn remove(&self, alias: String) -> Result<(), SecureKeyError>;
}

/// When a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum KeyAccess {
    /// While the phone is unlocked.
    WhileUnlocked,
    /// With the holder's presence, asked by the phone.
    WithPresence,
    /// With a fingerprint or face that is enrolled now: the key dies when another is enrolled.
    WithBiometrics,
}

/// One input in the two forms that hardware can take; an implementation uses one and ignores the other.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HardwareInput {
    /// 32 bytes, for HMAC-SHA-256 (Android Keystore).
    pub bytes: Vec<u8>,
    /// A point of P-256 that `bytes` hash to, 65 bytes SEC1, for ECDH (Secure Enclave). Nobody knows its logarithm.
    pub point: Vec<u8>,
}

redacted!(HardwareInput);

/// Why the key hardware did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum SecureKeyError {
    /// The holder cancelled the phone's prompt.
    #[error("cancelled by the holder")]
    UserCancelled,
    /// There is no such key, or the hardware dropped it.
    #[error("key is gone")]
    Invalidated,
    /// The hardware is busy, locked or missing.
    #[error("key hardware is not available")]
    Unavailable,
    /// The hardware answered in a form that is not agreed.
    #[error("key hardware gave a malformed answer")]
    Malformed,
}

/// The phone's clocks, read together.
#[uniffi::export(foreign)]
pub trait Clock: Send + Sync {
    /// The present moment. Answers at once.
    ///
    /// # Errors
    /// [`ClockError`].
    fn now(&self) -> Result<Moment, ClockError>;
}

/// A reading of the phone's clocks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Moment {
    /// Wall clock: seconds since 1970, UTC.
    pub unix_seconds: i64,
    /// Milliseconds since the phone started, sleep included.
    pub monotonic_ms: u64,
    /// 16 bytes that differ from boot to boot, and only then.
    pub boot_id: Vec<u8>,
}

/// Why the phone does not tell the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ClockError {
    /// A clock did not answer.
    #[error("clock is not available")]
    Unavailable,
}

/// Who is told that something changed.
#[uniffi::export(foreign)]
pub trait EventSink: Send + Sync {
    /// Takes an event, on a thread of the core. Returns at once; the shell then asks for what its screen shows.
    ///
    /// # Errors
    /// [`EventSinkError`]: the event is lost.
    fn on_event(&self, event: Event) -> Result<(), EventSinkError>;
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Event {
    /// The app was locked.
    Locked,
    /// Credentials came, were used or went.
    CredentialsChanged,
    /// The history has a new entry.
    HistoryChanged,
    /// Something was wrong with the store, and was repaired.
    StoreRepaired,
    /// Records came, changed or went.
    RecordsChanged,
    /// A change of a record was begun, or went on.
    UpdatesChanged,
    /// The account was locked, unlocked, closed or moved to another phone, or the holder's card expired or was renewed: `app_status`
    /// says how it stands.
    AccountChanged,
    /// The reading of a card went on, or waits for the card.
    CardProgress,
}

/// Why an event was not taken. Nothing is told twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum EventSinkError {
    /// Nobody listens.
    #[error("nobody listens")]
    Unavailable,
}

/// The phone's reader of contactless chips. One session at a time: it begins with the first [`Self::connect`] and is over after
/// [`Self::end_session`].
#[uniffi::export(foreign)]
#[async_trait]
pub trait ChipLink: Send + Sync {
    /// Connects afresh to the chip in the field: one that was connected is let go and has forgotten everything. Waits for a chip
    /// to come, at most `wait_ms`, and then gives `Timeout`. Begins a session, with the phone's own prompt where it has one,
    /// unless one is under way.
    async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError>;

    /// Sends a command APDU and gives the response APDU: 2 to 65,538 bytes, the status word last. Waits for it at most
    /// `timeout_ms`. After an error the core connects afresh.
    async fn transceive(&self, command: Vec<u8>, timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError>;

    /// Ends the session and says to the holder how it went. Again is no error.
    async fn end_session(&self, success: bool) -> Result<(), ChipLinkError>;
}

/// What the phone's reader and the chip's radio carry at most, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ChipLimits {
    /// The longest command APDU; 261 without extended lengths.
    pub max_command: u32,
    /// The longest response APDU, status word included; 258 without extended lengths.
    pub max_response: u32,
}

/// Why the chip did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
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
}

/// Attestation of the app and the phone by the phone's maker; never required.
#[uniffi::export(foreign)]
#[async_trait]
pub trait Integrity: Send + Sync {
    /// A statement that is bound to `nonce`: 1 to 16,384 bytes.
    async fn attest(&self, nonce: Vec<u8>) -> Result<Vec<u8>, IntegrityError>;
}

/// Why there is no attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum IntegrityError {
    /// The phone has none, or its maker's service did not answer.
    #[error("attestation is not available")]
    Unavailable,
}

/// An exception that was not announced: its text may hold anything, so it goes no further.
macro_rules! drop_foreign_text {
    ($($error:ident),+) => {$(
        impl From<UnexpectedUniFFICallbackError> for $error {
            fn from(_: UnexpectedUniFFICallbackError) -> Self {
                Self::Unavailable
            }
        }
    )+};
}

drop_foreign_text!(SecureKeyError, ClockError, EventSinkError, ChipLinkError, IntegrityError);

/// A foreign port as a port of the core.
pub(crate) struct Adapter<P: ?Sized>(pub(crate) Arc<P>);

async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>, late: E) -> Result<T, E> {
    tokio::time::timeout(ANSWER_LIMIT, answer).await.unwrap_or(Err(late))
}

#[async_trait]
impl core_ports::SecureKey for Adapter<dyn SecureKey> {
    async fn generate(
        &self,
        alias: &str,
        access: core_ports::KeyAccess,
    ) -> Result<VerifyingKey, core_ports::SecureKeyError> {
        let public = key_answer(self.0.generate(alias.to_owned(), access.into())).await?;
        VerifyingKey::parse(&public).map_err(|_| core_ports::SecureKeyError::Malformed)
    }

    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, core_ports::SecureKeyError> {
        let signature = key_answer(self.0.sign(alias.to_owned(), message.to_vec())).await?;
        signature.try_into().map_err(|_| core_ports::SecureKeyError::Malformed)
    }

    async fn make_secret(&self, alias: &str, access: core_ports::KeyAccess) -> Result<(), core_ports::SecureKeyError> {
        key_answer(self.0.make_secret(alias.to_owned(), access.into())).await
    }

    async fn derive(
        &self,
        alias: &str,
        input: &eid_crypto::HardwareInput,
    ) -> Result<SecretBytes, core_ports::SecureKeyError> {
        // EXPOSE: the input goes into the phone's hardware; the allocator wipes this copy.
        let point = input.point().map_err(|_| core_ports::SecureKeyError::Unavailable)?;
        let input = HardwareInput { bytes: input.bytes().to_vec(), point: point.expose().to_vec() };
        let secret = SecretBytes::new(key_answer(self.0.derive(alias.to_owned(), input)).await?);
        // EXPOSE: its length only.
        if secret.expose().len() == 32 { Ok(secret) } else { Err(core_ports::SecureKeyError::Malformed) }
    }

    async fn remove(&self, alias: &str) -> Result<(), core_ports::SecureKeyError> {
        key_answer(self.0.remove(alias.to_owned())).await
    }
}

async fn key_answer<T>(
    answer: impl Future<Output = Result<T, SecureKeyError>>,
) -> Result<T, core_ports::SecureKeyError> {
    in_time(answer, SecureKeyError::Unavailable).await.map_err(|error| match error {
        SecureKeyError::UserCancelled => core_ports::SecureKeyError::UserCancelled,
        SecureKeyError::Invalidated => core_ports::SecureKeyError::Invalidated,
        SecureKeyError::Unavailable => core_ports::SecureKeyError::Unavailable,
        SecureKeyError::Malformed => core_ports::SecureKeyError::Malformed,
    })
}

impl From<core_ports::KeyAccess> for KeyAccess {
    fn from(access: core_ports::KeyAccess) -> Self {
        match access {
            core_ports::KeyAccess::WhileUnlocked => Self::WhileUnlocked,
            core_ports::KeyAccess::WithPresence => Self::WithPresence,
            core_ports::KeyAccess::WithBiometrics => Self::WithBiometrics,
        }
    }
}

impl core_ports::Clock for Adapter<dyn Clock> {
    fn now(&self) -> Result<core_ports::Moment, core_ports::ClockError> {
        let unavailable = core_ports::ClockError::Unavailable;
        let Moment { unix_seconds, monotonic_ms, boot_id } = self.0.now().map_err(|error| match error {
            ClockError::Unavailable => unavailable,
        })?;
        let boot_id = boot_id.try_into().map_err(|_| unavailable)?;
        Ok(core_ports::Moment { unix_seconds, monotonic_ms, boot_id })
    }
}

impl From<core_ports::Event> for Event {
    fn from(event: core_ports::Event) -> Self {
        match event {
            core_ports::Event::Locked => Self::Locked,
            core_ports::Event::CredentialsChanged => Self::CredentialsChanged,
            core_ports::Event::HistoryChanged => Self::HistoryChanged,
            core_ports::Event::StoreRepaired => Self::StoreRepaired,
            core_ports::Event::AccountChanged => Self::AccountChanged,
            core_ports::Event::RecordsChanged => Self::RecordsChanged,
            core_ports::Event::UpdatesChanged => Self::UpdatesChanged,
            core_ports::Event::CardProgress => Self::CardProgress,
        }
    }
}

#[async_trait]
impl core_ports::ChipLink for Adapter<dyn ChipLink> {
    async fn connect(&self, wait_ms: u32) -> Result<core_ports::ChipLimits, core_ports::ChipLinkError> {
        let ChipLimits { max_command, max_response } = chip_answer(self.0.connect(wait_ms), wait_ms).await?;
        Ok(core_ports::ChipLimits { max_command, max_response })
    }

    async fn transceive(&self, command: &[u8], timeout_ms: u32) -> Result<Vec<u8>, core_ports::ChipLinkError> {
        let response = chip_answer(self.0.transceive(command.to_vec(), timeout_ms), timeout_ms).await?;
        let sized = (2..=core_ports::MAX_RESPONSE).contains(&response.len());
        if sized { Ok(response) } else { Err(core_ports::ChipLinkError::Malformed) }
    }

    async fn end_session(&self, success: bool) -> Result<(), core_ports::ChipLinkError> {
        chip_answer(self.0.end_session(success), 0).await
    }
}

/// The answer of a chip port that was given so many milliseconds, and a moment more.
async fn chip_answer<T>(
    answer: impl Future<Output = Result<T, ChipLinkError>>,
    given_ms: u32,
) -> Result<T, core_ports::ChipLinkError> {
    let limit = Duration::from_millis(given_ms.into()).saturating_add(CHIP_GRACE).min(ANSWER_LIMIT);
    let answer = tokio::time::timeout(limit, answer).await.unwrap_or(Err(ChipLinkError::Timeout));
    answer.map_err(|error| match error {
        ChipLinkError::UserCancelled => core_ports::ChipLinkError::UserCancelled,
        ChipLinkError::TagLost => core_ports::ChipLinkError::TagLost,
        ChipLinkError::Timeout => core_ports::ChipLinkError::Timeout,
        ChipLinkError::Unavailable => core_ports::ChipLinkError::Unavailable,
    })
}

#[async_trait]
impl core_ports::Integrity for Adapter<dyn Integrity> {
    async fn attest(&self, nonce: &[u8]) -> Result<Vec<u8>, core_ports::IntegrityError> {
        let answer = in_time(self.0.attest(nonce.to_vec()), IntegrityError::Unavailable).await;
        let statement = answer.map_err(|error| match error {
            IntegrityError::Unavailable => core_ports::IntegrityError::Unavailable,
        })?;
        let sized = (1..=core_ports::MAX_ATTESTATION).contains(&statement.len());
        if sized { Ok(statement) } else { Err(core_ports::IntegrityError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::SecretKey;

    use super::*;

    /// Answers a request for a signature when the millennium ends.
    struct Silent;

    #[async_trait]
    impl SecureKey for Silent {
        async fn generate(&self, _alias: String, _access: KeyAccess) -> Result<Vec<u8>, SecureKeyError> {
            Err(UnexpectedUniFFICallbackError::new("271828").into())
        }
        async fn sign(&self, _alias: String, _data: Vec<u8>) -> Result<Vec<u8>, SecureKeyError> {
            std::future::pending().await
        }
        async fn make_secret(&self, _alias: String, _access: KeyAccess) -> Result<(), SecureKeyError> {
            std::future::pending().await
        }
        async fn derive(&self, _alias: String, _input: HardwareInput) -> Result<Vec<u8>, SecureKeyError> {
            Ok(vec![0; 33])
        }
        async fn remove(&self, _alias: String) -> Result<(), SecureKeyError> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn port_that_never_answers_is_given_up_and_wrong_lengths_are_refused() {
        let key = Adapter(Arc::new(Silent) as Arc<dyn SecureKey>);
        let key: &dyn core_ports::SecureKey = &key;
        let start = tokio::time::Instant::now();
        assert_eq!(key.sign("device", b"").await, Err(core_ports::SecureKeyError::Unavailable));
        assert_eq!(start.elapsed(), ANSWER_LIMIT);
        let input = eid_crypto::HardwareInput::new(SecretKey::make(&eid_crypto::SystemRandom::new()).unwrap());
        assert_eq!(key.derive("vault", &input).await.err(), Some(core_ports::SecureKeyError::Malformed));
        let access = core_ports::KeyAccess::WhileUnlocked;
        assert_eq!(key.make_secret("vault", access).await, Err(core_ports::SecureKeyError::Unavailable));
        let unannounced = key.generate("device", core_ports::KeyAccess::WhileUnlocked).await;
        assert_eq!(unannounced, Err(core_ports::SecureKeyError::Unavailable));
    }

    /// Finds a chip, answers nothing in time, and ends its sessions never.
    #[async_trait]
    impl ChipLink for Silent {
        async fn connect(&self, wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
            tokio::time::sleep(Duration::from_millis(wait_ms.into())).await;
            Err(UnexpectedUniFFICallbackError::new("271828").into())
        }
        async fn transceive(&self, command: Vec<u8>, _timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
            if command.is_empty() { Ok(vec![0x90]) } else { std::future::pending().await }
        }
        async fn end_session(&self, _success: bool) -> Result<(), ChipLinkError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn chip_port_that_never_answers_is_given_up_a_moment_after_its_time() {
        let chip = Adapter(Arc::new(Silent) as Arc<dyn ChipLink>);
        let chip: &dyn core_ports::ChipLink = &chip;
        assert_eq!(chip.connect(30_000).await, Err(core_ports::ChipLinkError::Unavailable));
        assert_eq!(chip.transceive(b"", 1_000).await, Err(core_ports::ChipLinkError::Malformed));
        let start = tokio::time::Instant::now();
        assert_eq!(chip.transceive(b"\x00\xa4", 15_000).await, Err(core_ports::ChipLinkError::Timeout));
        assert_eq!(start.elapsed(), Duration::from_secs(15) + CHIP_GRACE);
        assert_eq!(chip.end_session(true).await, Err(core_ports::ChipLinkError::Timeout));
        assert_eq!(start.elapsed(), Duration::from_secs(15) + 2 * CHIP_GRACE);
        // Nobody waits for longer than for any other port.
        assert_eq!(chip.transceive(b"\x00\xa4", u32::MAX).await, Err(core_ports::ChipLinkError::Timeout));
        assert_eq!(start.elapsed(), Duration::from_secs(15) + 2 * CHIP_GRACE + ANSWER_LIMIT);
    }
}
