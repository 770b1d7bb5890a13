//! Unlocking with the passcode, offline.

use std::sync::Arc;

use eid_crypto::{Passcode, SecretKey};
use eid_vault::{Attempts, Moment, Permission, VaultError};

use crate::{EidApp, Error, Unlocked, app::Inner, device::UNSEAL_KEY, ports::SecureKeyError};

impl EidApp {
    /// Unlocks with the passcode: six ASCII digits, wiped here. Makes no network call.
    ///
    /// Three wrong tries are free; then they cost 1, 5 and 30 minutes and 24 hours. A try counts before it is made, so that
    /// killing the app does not give it back. Runs to its end once the try counts.
    ///
    /// # Errors
    /// [`Error::NotActivated`], [`Error::PasscodeWrong`], [`Error::PasscodeWait`], [`Error::Crypto`] for a malformed passcode,
    /// [`Error::Key`], [`Error::Vault`]; only [`Error::PasscodeWrong`] costs a try.
    pub async fn unlock(&self, passcode: Vec<u8>) -> Result<Unlocked, Error> {
        let passcode = Passcode::parse(passcode)?;
        let inner = Arc::clone(&self.inner);
        let _entrance = inner.entrance.lock().await;
        let envelope = inner.load_envelope().await?;
        let now = inner.ports.clock.now()?;
        inner.blocking(move |inner| inner.check_attempts(&now).map(drop)).await?;
        let secret = inner.ports.secure_key.unseal(UNSEAL_KEY, envelope.hardware_blob()).await?;
        let hardware = SecretKey::parse(&secret).map_err(|_| SecureKeyError::Malformed)?;
        let opened = inner.blocking(move |inner| {
            let before = inner.check_attempts(&now)?;
            let binding = inner.binding()?;
            let mut attempts = before.clone();
            attempts.wrong(&now);
            inner.folder.store_attempts(&attempts)?;
            let vault_key = match envelope.open(&passcode, &hardware, &binding) {
                Ok(key) => key,
                Err(VaultError::PasscodeWrong) => {
                    let wait_s = waiting(&mut attempts, &now);
                    return Err(Error::PasscodeWrong { wrong_tries: attempts.wrong_tries(), wait_s });
                }
                Err(other) => {
                    // The passcode was not tried: the try is given back.
                    inner.folder.store_attempts(&before)?;
                    return Err(other.into());
                }
            };
            attempts.right();
            inner.folder.store_attempts(&attempts)?;
            Ok(vault_key)
        });
        let vault_key = opened.await?;
        Unlocked::open(&inner, vault_key).await
    }
}

impl Inner {
    fn check_attempts(&self, now: &Moment) -> Result<Attempts, Error> {
        let mut attempts = self.folder.load_attempts(now)?;
        match waiting(&mut attempts, now) {
            0 => Ok(attempts),
            wait_s => {
                // What was waited so far counts even if the phone restarts.
                self.folder.store_attempts(&attempts)?;
                Err(Error::PasscodeWait { wait_s })
            }
        }
    }
}

fn waiting(attempts: &mut Attempts, now: &Moment) -> u64 {
    match attempts.check(now) {
        Permission::Allowed => 0,
        Permission::WaitUntil { seconds, .. } => seconds,
    }
}
