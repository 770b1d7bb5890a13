//! Unlocking with face or finger (sinh trắc học), offline: a second envelope, whose hardware key answers only after the phone has
//! recognised an enrolled person, and dies when somebody else is enrolled. Never a yes or no that the core would have to believe.

use std::sync::Arc;

use eid_crypto::Passcode;
use eid_model::Factor as Shown;
use eid_vault::{Envelope, EnvelopeBinding, EnvelopeKind, Factor, GuardSession, VaultError};

use crate::{
    EidApp, Error, Unlocked,
    app::Inner,
    device::GuardKeys,
    ports::{KeyAccess, SecureKeyError},
    task::to_end,
    usecase::unlock::Entered,
};

impl EidApp {
    /// Turns on unlocking with biometrics: asks the passcode again, and the phone asks for the face or the finger.
    ///
    /// # Errors
    /// What [`EidApp::unlock`] gives for the passcode; [`Error::Key`] if the holder cancels the phone's prompt or the phone has no
    /// biometrics: they are then off.
    pub async fn enable_biometrics(&self, passcode: Vec<u8>) -> Result<(), Error> {
        let passcode = Arc::new(Passcode::parse(passcode)?);
        let inner = Arc::clone(&self.inner);
        to_end(async move {
            let _entrance = inner.entrance.lock().await;
            let entered = inner.enter(passcode).await?;
            let Entered { binding, epoch, vault_key, tried } = entered;
            tried.right(None).await.ok();
            inner.forget_biometrics().await?;
            let key = &inner.ports.secure_key;
            key.make_secret(alias(), KeyAccess::WithBiometrics).await?;
            let rng = &*inner.ports.random;
            let (question, sealing) = Envelope::prepare(rng, Factor::Biometrics, None, epoch, &binding)?;
            let answer = match inner.derive(alias(), &question).await {
                Ok(answer) => answer,
                Err(error) => {
                    key.remove(alias()).await.ok();
                    return Err(error);
                }
            };
            let envelope = sealing.seal(rng, &answer, &vault_key)?;
            inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await
        })
        .await
    }

    /// Turns off unlocking with biometrics. Not an error if it was off.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Vault`].
    pub async fn disable_biometrics(&self) -> Result<(), Error> {
        let _entrance = self.inner.entrance.lock().await;
        self.inner.forget_biometrics().await
    }

    /// True if unlocking with biometrics is turned on. Whether the enrolled set has changed since only the hardware knows.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub async fn has_biometrics(&self) -> Result<bool, Error> {
        self.inner.blocking(|inner| Ok(inner.folder.load_envelope(EnvelopeKind::Biometric)?.is_some())).await
    }

    /// Unlocks with face or finger, for which the phone asks. Makes no network call. Ends the waits after wrong passcodes; a
    /// passcode that was destroyed stays so.
    ///
    /// # Errors
    /// [`Error::AccountStopped`] as for [`EidApp::unlock`]; [`Error::NotActivated`], [`Error::BiometricsOff`]; [`Error::BiometricsChanged`] if somebody was enrolled or removed since:
    /// they are then off; [`Error::Key`] if the holder cancels; [`Error::Vault`].
    pub async fn unlock_with_biometrics(&self) -> Result<Unlocked, Error> {
        let inner = Arc::clone(&self.inner);
        to_end(async move {
            let _entrance = inner.entrance.lock().await;
            let (envelope, binding) = inner.blocking(load_biometric).await?;
            let (question, pending) = envelope.challenge(Factor::Biometrics, &binding)?;
            let opened = match inner.derive(alias(), &question).await {
                Ok(answer) => pending.open(&answer).map_err(Error::from),
                Err(error) => Err(error),
            };
            let vault_key = match opened {
                Ok(vault_key) => vault_key,
                // The key died, or was made anew since.
                Err(Error::Key(SecureKeyError::Invalidated) | Error::Vault(VaultError::EnvelopeForeign)) => {
                    inner.forget_biometrics().await?;
                    return Err(Error::BiometricsChanged);
                }
                Err(error) => return Err(error),
            };
            let now = inner.ports.clock.now()?;
            let mut guard = GuardSession::load(GuardKeys(Arc::clone(&inner)), &binding, &now).await?;
            let (key, known) = (Arc::new(vault_key), guard.guard().generation());
            let (unlocked, generation) = Unlocked::open(&inner, key, known, Shown::PhoneBiometric).await?;
            // Ends waits and a lost record of tries. If it fails, they stay until the next time.
            guard.clear(Some(generation)).await.ok();
            unlocked.admit().await
        })
        .await
    }
}

impl Inner {
    /// Removes key and envelope; the key first, so that what is left opens nothing.
    async fn forget_biometrics(self: &Arc<Self>) -> Result<(), Error> {
        self.ports.secure_key.remove(alias()).await?;
        self.blocking(|inner| Ok(inner.folder.remove_envelope(EnvelopeKind::Biometric)?)).await
    }
}

fn load_biometric(inner: &Inner) -> Result<(Envelope, EnvelopeBinding), Error> {
    if !inner.folder.has_envelope()? {
        return Err(Error::NotActivated);
    }
    let envelope = inner.folder.load_envelope(EnvelopeKind::Biometric)?.ok_or(Error::BiometricsOff)?;
    Ok((envelope, inner.binding()?))
}

/// Alias of the hardware key; the same in each epoch.
fn alias() -> &'static str {
    EnvelopeKind::Biometric.hardware_alias(0)
}
