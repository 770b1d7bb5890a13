//! Stand-ins for a phone, for tests and the demo. They misbehave on request: key hardware fails as told, and [`Misbehaving`]
//! makes any of them answer late, twice or with a wrong length.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use eid_crypto::{DerivingKey, HardwareInput, SecretBytes, Signature, SigningKey, SystemRandom, VerifyingKey};
use eid_vault::Moment;

use super::{
    ChipLimits, ChipLink, ChipLinkError, Clock, ClockError, Event, EventSink, Integrity, IntegrityError, KeyAccess,
    SecureKey, SecureKeyError,
};

mod mishap;
pub use mishap::{Misbehaving, Mishap};

/// Key hardware in software: keys live in this object and nowhere else. Never for a real identity.
#[derive(Debug, Default)]
pub struct SoftwareKey(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, (Key, KeyAccess)>,
    as_enclave: bool,
    mishap: Option<Mishaps>,
    operations: u64,
}

#[derive(Debug)]
enum Key {
    Signing(Box<SigningKey>),
    Deriving(DerivingKey),
}

/// When operations fail, and how.
#[derive(Debug, Clone, Copy)]
struct Mishaps {
    error: SecureKeyError,
    /// Operations that still succeed.
    after: u64,
    /// Operations that fail then.
    count: u64,
}

impl SoftwareKey {
    /// Hardware that knows P-256 only, like the Secure Enclave: secrets are derived by ECDH.
    pub fn enclave() -> Self {
        Self(Mutex::new(State { as_enclave: true, ..State::default() }))
    }

    /// Every operation fails like this from now on; `None` ends it.
    pub fn misbehave(&self, mishap: Option<SecureKeyError>) {
        self.state().mishap = mishap.map(|error| Mishaps { error, after: 0, count: u64::MAX });
    }

    /// Operations fail like this after so many that succeed, so many times.
    pub fn misbehave_after(&self, after: u64, count: u64, error: SecureKeyError) {
        self.state().mishap = Some(Mishaps { error, after, count });
    }

    /// Another face or finger is enrolled: the keys that need biometrics are gone.
    pub fn enroll_another(&self) {
        self.state().keys.retain(|_, (_, access)| *access != KeyAccess::WithBiometrics);
    }

    /// Aliases of the keys that there are.
    pub fn aliases(&self) -> Vec<String> {
        self.state().keys.keys().cloned().collect()
    }

    /// What a key asks for when it is used; `None` if there is none.
    pub fn access(&self, alias: &str) -> Option<KeyAccess> {
        self.state().keys.get(alias).map(|(_, access)| *access)
    }

    /// How many keys there are.
    pub fn key_count(&self) -> usize {
        self.state().keys.len()
    }

    /// How many operations were asked for.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Result<MutexGuard<'_, State>, SecureKeyError> {
        let mut state = self.state();
        state.operations += 1;
        match &mut state.mishap {
            Some(Mishaps { after: 0, count: 0, .. }) | None => {}
            Some(Mishaps { error, after: 0, count }) => {
                *count -= 1;
                return Err(*error);
            }
            Some(Mishaps { after, .. }) => *after -= 1,
        }
        Ok(state)
    }
}

#[async_trait]
impl SecureKey for SoftwareKey {
    async fn generate(&self, alias: &str, access: KeyAccess) -> Result<VerifyingKey, SecureKeyError> {
        let mut state = self.begin()?;
        let key = SigningKey::make().map_err(|_| SecureKeyError::Unavailable)?;
        let public = *key.public();
        state.keys.insert(alias.to_owned(), (Key::Signing(Box::new(key)), access));
        Ok(public)
    }

    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, SecureKeyError> {
        match self.begin()?.keys.get(alias) {
            Some((Key::Signing(key), _)) => key.sign(message).map_err(|_| SecureKeyError::Unavailable),
            _ => Err(SecureKeyError::Invalidated),
        }
    }

    async fn make_secret(&self, alias: &str, access: KeyAccess) -> Result<(), SecureKeyError> {
        let mut state = self.begin()?;
        let make = if state.as_enclave { DerivingKey::make_ecdh } else { DerivingKey::make_hmac };
        let key = make(&SystemRandom::new()).map_err(|_| SecureKeyError::Unavailable)?;
        state.keys.insert(alias.to_owned(), (Key::Deriving(key), access));
        Ok(())
    }

    async fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretBytes, SecureKeyError> {
        match self.begin()?.keys.get(alias) {
            Some((Key::Deriving(key), _)) => {
                let answer = key.derive(input).map_err(|_| SecureKeyError::Unavailable)?;
                // EXPOSE: this object plays the hardware that the answer comes out of.
                Ok(SecretBytes::new(answer.expose().to_vec()))
            }
            _ => Err(SecureKeyError::Invalidated),
        }
    }

    async fn remove(&self, alias: &str) -> Result<(), SecureKeyError> {
        self.begin()?.keys.remove(alias);
        Ok(())
    }
}

/// Clocks that stand where they are set.
#[derive(Debug)]
pub struct SetClock(Mutex<Moment>);

impl SetClock {
    /// Clocks at this wall time, one hour after a boot.
    pub fn at(unix_seconds: i64) -> Self {
        Self(Mutex::new(Moment { unix_seconds, monotonic_ms: 3_600_000, boot_id: [1; 16] }))
    }

    /// Lets time pass on both clocks.
    pub fn pass(&self, seconds: u32) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.unix_seconds = now.unix_seconds.saturating_add(i64::from(seconds));
        now.monotonic_ms = now.monotonic_ms.saturating_add(u64::from(seconds) * 1000);
    }

    /// Restarts the phone: the monotonic clock begins again.
    pub fn reboot(&self) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.monotonic_ms = 0;
        now.boot_id = now.boot_id.map(|byte| byte.wrapping_add(1));
    }

    /// Sets the wall clock alone, as a person can.
    pub fn set_wall(&self, unix_seconds: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unix_seconds = unix_seconds;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Result<Moment, ClockError> {
        Ok(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps the events that it is told.
#[derive(Debug, Default)]
pub struct EventLog(Mutex<Vec<Event>>);

impl EventLog {
    /// The events so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for EventLog {
    fn on_event(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// A chip that has the eMRTD application and answers nothing but SELECT.
#[derive(Debug, Default)]
pub struct SoftwareChip {
    connected: Mutex<bool>,
}

#[async_trait]
impl ChipLink for SoftwareChip {
    async fn connect(&self, _wait_ms: u32) -> Result<ChipLimits, ChipLinkError> {
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = true;
        Ok(ChipLimits::SHORT)
    }

    async fn transceive(&self, command: &[u8], _timeout_ms: u32) -> Result<Vec<u8>, ChipLinkError> {
        if !*self.connected.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(ChipLinkError::TagLost);
        }
        // Status words of ISO/IEC 7816-4: done, file not found, instruction not supported.
        Ok(match command {
            [0x00, 0xa4, 0x04, _, 0x07, 0xa0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01, ..] => vec![0x90, 0x00],
            [0x00, 0xa4, ..] => vec![0x6a, 0x82],
            _ => vec![0x6d, 0x00],
        })
    }

    async fn end_session(&self, _success: bool) -> Result<(), ChipLinkError> {
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = false;
        Ok(())
    }
}

/// A statement that says nothing but its nonce.
#[derive(Debug, Default)]
pub struct SoftwareIntegrity;

#[async_trait]
impl Integrity for SoftwareIntegrity {
    async fn attest(&self, nonce: &[u8]) -> Result<Vec<u8>, IntegrityError> {
        Ok([b"not attested: ", nonce].concat())
    }
}
