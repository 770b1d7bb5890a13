//! What the app does with passcode, hardware and files, in the order in which the façade does it.

use std::{future::Future, pin::pin, sync::Arc, task};

use eid_crypto::{HardwareInput, Passcode, Random, SecretKey, kdf::KdfCost};
use eid_vault::{
    Collection, CountedTry, Envelope, EnvelopeBinding, EnvelopeKind, Factor, Folder, GuardPort, GuardSession,
    GuardSlot, HARDWARE_ALIASES, Moment, Permission, VaultError,
};

use crate::{Failure, World, hardware::Hardware};

/// The passcode that the phone is activated with.
pub(crate) const FIRST: &str = "271828";
/// The passcode that it is changed to.
pub(crate) const SECOND: &str = "314159";

/// A try that was counted and not yet made.
pub(crate) type Counted = CountedTry<Port>;

/// Hardware and file of the guard.
pub(crate) struct Port {
    folder: Folder,
    hardware: Arc<Hardware>,
    rng: Arc<dyn Random>,
}

impl World {
    pub(crate) fn binding(&self) -> Result<EnvelopeBinding, Failure> {
        Ok(self.folder.load_or_make_binding("app", &*self.rng)?)
    }

    /// Hardware key, store, guard, envelope: the last one makes the phone activated.
    pub(crate) fn activate(&mut self) -> Result<(), Failure> {
        if self.folder.has_envelope()? {
            return Ok(());
        }
        let binding = self.binding()?;
        let envelope = self.seal(Factor::Passcode(&passcode(FIRST)?), 1, &binding)?;
        let vault = self.folder.create_vault(&Self::vault_key()?, &self.rng)?;
        vault.put(Collection::Account, "pid", "000199000123")?;
        self.vault = Some(vault);
        now(GuardSession::create(self.port(), &binding, &moment(0)))?;
        Ok(self.folder.store_envelope(&envelope)?)
    }

    /// An envelope of the vault key under a hardware key that is made for it.
    pub(crate) fn seal(&self, factor: Factor<'_>, epoch: u32, binding: &EnvelopeBinding) -> Result<Envelope, Failure> {
        let cost = matches!(factor, Factor::Passcode(_)).then_some(KdfCost::FLOOR);
        let (input, sealing) = Envelope::prepare(&*self.rng, factor, cost, epoch, binding)?;
        self.hardware.make(sealing.hardware_alias(), &*self.rng)?;
        let answer = self.hardware.derive(sealing.hardware_alias(), &input)?;
        Ok(sealing.seal(&*self.rng, &answer, &Self::vault_key()?)?)
    }

    /// Counts a try, or waits until one is allowed.
    pub(crate) fn count_try(&mut self, at: i64) -> Result<(), Failure> {
        match self.may_try(at)? {
            Permission::Allowed => self.counted = Some(now(self.guard(at)?.count(&moment(at)))?),
            Permission::WaitUntil { .. } => {}
            Permission::Destroyed => return Err(VaultError::Failed.into()),
        }
        Ok(())
    }

    /// Whether a try is allowed; a wait that is observed is stored.
    pub(crate) fn may_try(&self, at: i64) -> Result<Permission, Failure> {
        now(self.guard(at)?.check(&moment(at)))
    }

    /// The counted try was right. What a restarted app finds was not counted by itself, and is cleared by the next right one.
    pub(crate) fn right_try(&mut self, at: i64) -> Result<(), Failure> {
        match self.counted.take() {
            Some(counted) => now(counted.right(Some(1))),
            None => now(self.guard(at)?.right(Some(1))),
        }
    }

    pub(crate) fn guard(&self, at: i64) -> Result<GuardSession<Port>, Failure> {
        now(GuardSession::load(self.port(), &self.binding()?, &moment(at)))
    }

    /// Destroys the keys, then deletes the files.
    pub(crate) fn reset(&mut self) -> Result<(), Failure> {
        self.vault = None;
        for alias in HARDWARE_ALIASES {
            self.hardware.remove(alias);
        }
        Ok(self.folder.wipe()?)
    }

    /// Stores the envelope of the second passcode beside the first.
    pub(crate) fn store_next(&mut self) -> Result<(), Failure> {
        let envelope = self.seal(Factor::Passcode(&passcode(SECOND)?), 2, &self.binding()?)?;
        Ok(self.folder.store_next(&envelope)?)
    }

    /// The platform took the second passcode.
    pub(crate) fn commit_next(&mut self) -> Result<(), Failure> {
        // Also when it was put in place before, and only its hardware key is left over.
        if self.folder.load_envelopes()?.is_some_and(|envelopes| envelopes.next.is_some()) {
            self.folder.commit_next()?;
        }
        self.hardware.remove(EnvelopeKind::Passcode.hardware_alias(1));
        Ok(())
    }

    /// The platform did not take it.
    pub(crate) fn drop_next(&mut self) -> Result<(), Failure> {
        self.hardware.remove(EnvelopeKind::Passcode.hardware_alias(2));
        Ok(self.folder.drop_next()?)
    }

    fn port(&self) -> Port {
        Port { folder: self.folder.clone(), hardware: Arc::clone(&self.hardware), rng: Arc::clone(&self.rng) }
    }
}

impl GuardPort for Port {
    type Error = Failure;

    fn is_gone(error: &Failure) -> bool {
        *error == Failure::HardwareGone
    }

    async fn make_secret(&self, slot: GuardSlot) -> Result<(), Failure> {
        self.hardware.make(slot.alias(), &*self.rng)
    }

    async fn derive(&self, slot: GuardSlot, input: HardwareInput) -> Result<SecretKey, Failure> {
        self.hardware.derive(slot.alias(), &input)
    }

    async fn remove(&self, slot: GuardSlot) -> Result<(), Failure> {
        self.hardware.remove(slot.alias());
        Ok(())
    }

    async fn load(&self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.folder.load_guard()?)
    }

    async fn store(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        Ok(self.folder.store_guard(&bytes)?)
    }
}

/// The passcode of these digits.
pub(crate) fn passcode(digits: &str) -> Result<Passcode, Failure> {
    Ok(Passcode::parse(digits.as_bytes().to_vec())?)
}

/// So many seconds after the phone was started.
pub(crate) fn moment(seconds: i64) -> Moment {
    let monotonic_ms = u64::try_from(seconds).unwrap_or(0) * 1000;
    Moment { unix_seconds: 1_790_000_000 + seconds, monotonic_ms, boot_id: [1; 16] }
}

/// Drives a future of which nothing ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = task::Context::from_waker(task::Waker::noop());
    loop {
        if let task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
