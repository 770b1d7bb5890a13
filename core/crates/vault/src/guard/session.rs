use std::future::Future;

use eid_crypto::{HardwareInput, SecretBytes, SecretKey};

use super::{Guard, GuardRecord, Moment, Permission, question};
use crate::{EnvelopeBinding, VaultError};

/// The two hardware keys that take turns in vouching for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum GuardSlot {
    /// `guard-a`, 0 in the byte form.
    A = 0,
    /// `guard-b`, 1 in the byte form.
    B = 1,
}

impl GuardSlot {
    /// Alias of the hardware key.
    pub fn alias(self) -> &'static str {
        match self {
            Self::A => "guard-a",
            Self::B => "guard-b",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What the guard needs from outside: two keys of the phone's hardware and one file. Each call is a step between which the app
/// may be killed.
pub trait GuardPort: Send + Sync {
    /// Why a step failed.
    type Error: From<VaultError> + Send;

    /// True if the error says that the hardware has no such key: it was removed, replaced or never there.
    fn is_gone(error: &Self::Error) -> bool;

    /// Makes the key anew; what it answered before, nobody can have again.
    fn make_secret(&self, slot: GuardSlot) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The key's answer to `input`.
    fn derive(
        &self,
        slot: GuardSlot,
        input: HardwareInput,
    ) -> impl Future<Output = Result<SecretKey, Self::Error>> + Send;

    /// Removes the key. Not an error if there is none.
    fn remove(&self, slot: GuardSlot) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The file; `None` if there is none.
    fn load(&self) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;

    /// Replaces the file: after a crash there is the old one or the new one.
    fn store(&self, bytes: Vec<u8>) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The record of passcode tries, kept so that nobody turns it back.
///
/// The file's tag is the answer of a hardware key to its digest. Each change of the count makes the *other* key anew, stores
/// the file under it, and removes the key before: a copy of an older file names a key that is gone. The three steps may break
/// off anywhere; what is found then is the old record or the new one, and no try was made in between.
///
/// A record that is missing, damaged, foreign or not vouched for becomes [`Guard::lost`], stored at once. Hardware that does not
/// answer is an error and changes nothing.
///
/// The order of a try: [`Self::load`], [`Self::check`], [`Self::count`]; then, and not before, the hardware is asked about
/// the passcode; then [`CountedTry::right`], [`CountedTry::give_back`], or neither.
#[derive(Debug)]
pub struct GuardSession<P> {
    port: P,
    binding: [u8; 32],
    slot: GuardSlot,
    guard: Guard,
}

/// A try that has been counted and may now be made.
#[derive(Debug)]
pub struct CountedTry<P> {
    session: GuardSession<P>,
    /// The file without this try, under the same key: giving it back takes no hardware, which may be what failed.
    without: Vec<u8>,
}

impl<P: GuardPort> GuardSession<P> {
    /// Makes the record of a fresh installation, over whatever was there.
    ///
    /// # Errors
    /// What the port gives.
    pub async fn create(port: P, binding: &EnvelopeBinding, now: &Moment) -> Result<Self, P::Error> {
        Self::begin(port, binding.digest(), Guard { seen: *now, ..Guard::default() }).await
    }

    /// Loads the record and has the hardware vouch for it.
    ///
    /// # Errors
    /// What the port gives; [`VaultError::Newer`].
    pub async fn load(port: P, binding: &EnvelopeBinding, now: &Moment) -> Result<Self, P::Error> {
        let binding = binding.digest();
        match port.load().await?.map(|bytes| GuardRecord::parse(&bytes)) {
            Some(Err(VaultError::Newer)) => Err(VaultError::Newer.into()),
            None | Some(Err(_)) => Self::begin(port, binding, Guard::lost(now)).await,
            Some(Ok(GuardRecord { slot, guard, tag })) => {
                match port.derive(slot, question(&binding, slot, &guard)?).await {
                    // EXPOSE: the answer is compared with the tag, in constant time.
                    Ok(answer) if SecretBytes::new(answer.expose().to_vec()) == tag => {
                        Ok(Self { port, binding, slot, guard })
                    }
                    Err(error) if !P::is_gone(&error) => Err(error),
                    Ok(_) | Err(_) => Self::begin(port, binding, Guard::lost(now)).await,
                }
            }
        }
    }

    /// Whether the passcode may be tried now. A wait that was observed is stored, under the same key: a copy from before says
    /// that more of it is left.
    ///
    /// # Errors
    /// What the port gives.
    pub async fn check(&mut self, now: &Moment) -> Result<Permission, P::Error> {
        let permission = self.guard.check(now);
        if matches!(permission, Permission::WaitUntil { .. }) {
            let observed = self.vouch(self.slot, &self.guard).await?;
            self.port.store(observed).await?;
        }
        Ok(permission)
    }

    /// Counts a try, before it is made.
    ///
    /// # Errors
    /// What the port gives: the try must not be made then, and is not counted.
    pub async fn count(mut self, now: &Moment) -> Result<CountedTry<P>, P::Error> {
        let (before, old) = (self.guard.clone(), self.slot);
        let mut counted = before.clone();
        counted.count(now);
        self.slot = old.other();
        self.port.make_secret(self.slot).await?;
        let without = self.vouch(self.slot, &before).await?;
        let with = self.vouch(self.slot, &counted).await?;
        self.port.store(with).await?;
        self.guard = counted;
        if let Err(error) = self.port.remove(old).await {
            // No try is made while the old key lives. That the old count stays cannot be helped if storing fails as well.
            return self.port.store(without).await.and(Err(error));
        }
        Ok(CountedTry { session: self, without })
    }

    /// The holder came in by biometrics or recovery ([`Guard::clear`]).
    ///
    /// # Errors
    /// What the port gives; the old record then stays.
    pub async fn clear(&mut self, generation: Option<u64>) -> Result<(), P::Error> {
        let mut guard = self.guard.clone();
        guard.clear(generation);
        self.rotate(guard).await
    }

    /// The passcode was right, or a new one was set ([`Guard::right`]).
    ///
    /// # Errors
    /// What the port gives; the old record then stays.
    pub async fn right(&mut self, generation: Option<u64>) -> Result<(), P::Error> {
        let mut guard = self.guard.clone();
        guard.right(generation);
        self.rotate(guard).await
    }

    /// The record as it stands.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Starts a record under the first key. Whatever older file there is names a key that is made anew or removed.
    async fn begin(port: P, binding: [u8; 32], guard: Guard) -> Result<Self, P::Error> {
        let mut session = Self { port, binding, slot: GuardSlot::B, guard: Guard::default() };
        session.rotate(guard).await?;
        Ok(session)
    }

    /// Stores `guard` under the other key, made anew, and removes the one before.
    async fn rotate(&mut self, guard: Guard) -> Result<(), P::Error> {
        let old = self.slot;
        let new = old.other();
        self.port.make_secret(new).await?;
        let bytes = self.vouch(new, &guard).await?;
        self.port.store(bytes).await?;
        (self.slot, self.guard) = (new, guard);
        self.port.remove(old).await
    }

    /// The file of a record that the key of `slot` vouches for.
    async fn vouch(&self, slot: GuardSlot, guard: &Guard) -> Result<Vec<u8>, P::Error> {
        let answer = self.port.derive(slot, question(&self.binding, slot, guard)?).await?;
        // EXPOSE: the tag is written into the file.
        let tag = SecretBytes::new(answer.expose().to_vec());
        Ok(GuardRecord { slot, guard: guard.clone(), tag }.encode())
    }
}

impl<P: GuardPort> CountedTry<P> {
    /// True if no other try follows a wrong one: the hardware keys of the passcode are removed after they answered and *before*
    /// the envelope is opened, so that nobody learns what the tenth try was and keeps them.
    pub fn is_last(&self) -> bool {
        self.session.guard.is_destroyed()
    }

    /// The record with this try.
    pub fn guard(&self) -> &Guard {
        self.session.guard()
    }

    /// The try was right.
    ///
    /// # Errors
    /// What the port gives; the try then stays counted.
    pub async fn right(mut self, generation: Option<u64>) -> Result<(), P::Error> {
        self.session.right(generation).await
    }

    /// The try was not made: hardware or memory failed before the passcode met the envelope.
    ///
    /// # Errors
    /// What the port gives; the try then stays counted.
    pub async fn give_back(self) -> Result<(), P::Error> {
        self.session.port.store(self.without).await
    }
}

#[cfg(test)]
mod tests;
