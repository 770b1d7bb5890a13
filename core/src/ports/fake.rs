//! Stand-ins for a phone, for tests and the demo. They misbehave on request: key hardware fails as told, and [`Misbehaving`]
//! makes any of them answer late, twice or with a wrong length.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use eid_crypto::{
    SecretBytes, SecretKey, Signature, SigningKey, SystemRandom, VerifyingKey,
    seal::{self, Context},
};
use eid_vault::Moment;

use super::{
    ChipLink, ChipLinkError, Clock, ClockError, Event, EventSink, Integrity, IntegrityError, KeyAccess, SecureKey,
    SecureKeyError,
};

mod mishap;
pub use mishap::{Misbehaving, Mishap};

/// Key hardware in software: keys live in this object and nowhere else. Never for a real identity.
#[derive(Debug, Default)]
pub struct SoftwareKey(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    signing: BTreeMap<String, SigningKey>,
    sealing: BTreeMap<String, SecretKey>,
    mishap: Option<SecureKeyError>,
    operations: u64,
}

impl SoftwareKey {
    /// Every operation fails like this from now on; `None` ends it.
    pub fn misbehave(&self, mishap: Option<SecureKeyError>) {
        self.state().mishap = mishap;
    }

    /// How many keys there are.
    pub fn key_count(&self) -> usize {
        let state = self.state();
        state.signing.len() + state.sealing.len()
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
        state.mishap.map_or(Ok(state), Err)
    }
}

#[async_trait]
impl SecureKey for SoftwareKey {
    async fn generate(&self, alias: &str, _access: KeyAccess) -> Result<VerifyingKey, SecureKeyError> {
        let mut state = self.begin()?;
        let key = SigningKey::make().map_err(|_| SecureKeyError::Unavailable)?;
        let public = *key.public();
        state.signing.insert(alias.to_owned(), key);
        Ok(public)
    }

    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, SecureKeyError> {
        let state = self.begin()?;
        let key = state.signing.get(alias).ok_or(SecureKeyError::Invalidated)?;
        key.sign(message).map_err(|_| SecureKeyError::Unavailable)
    }

    async fn seal(&self, alias: &str, secret: &SecretKey) -> Result<Vec<u8>, SecureKeyError> {
        let mut state = self.begin()?;
        let rng = SystemRandom::new();
        let key = SecretKey::make(&rng).map_err(|_| SecureKeyError::Unavailable)?;
        // EXPOSE: this object plays the hardware that the secret goes into.
        let blob = seal::seal(&key, &rng, &place(alias), secret.expose()).map_err(|_| SecureKeyError::Unavailable)?;
        state.sealing.insert(alias.to_owned(), key);
        Ok(blob)
    }

    async fn unseal(&self, alias: &str, blob: &[u8]) -> Result<SecretBytes, SecureKeyError> {
        let state = self.begin()?;
        let key = state.sealing.get(alias).ok_or(SecureKeyError::Invalidated)?;
        let mut secret = seal::open(key, &place(alias), blob).map_err(|_| SecureKeyError::Invalidated)?;
        Ok(SecretBytes::new(core::mem::take(&mut *secret)))
    }

    async fn remove(&self, alias: &str) -> Result<(), SecureKeyError> {
        let mut state = self.begin()?;
        state.signing.remove(alias);
        state.sealing.remove(alias);
        Ok(())
    }
}

fn place(alias: &str) -> Context {
    Context::new("software-key", alias.as_bytes())
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
    ended: Mutex<bool>,
}

#[async_trait]
impl ChipLink for SoftwareChip {
    async fn transceive(&self, command: &[u8]) -> Result<Vec<u8>, ChipLinkError> {
        if *self.ended.lock().unwrap_or_else(PoisonError::into_inner) {
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
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
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
