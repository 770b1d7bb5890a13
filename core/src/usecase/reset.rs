//! Starting over on this phone: the way out when its key or its files are lost.

use eid_vault::HARDWARE_ALIASES;

use crate::{
    EidApp, Error,
    device::{BIOMETRIC_ALIAS, DEVICE_KEY},
};

impl EidApp {
    /// Destroys this phone's keys and deletes what it stored, so that it can be activated again. Nothing on the phone can undo
    /// it: the shell asks the citizen twice. The account at the platform stays.
    ///
    /// The hardware keys go first: whatever is left of the files opens no more. Calling it again goes on where it stopped.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Vault`].
    pub async fn reset(&self) -> Result<(), Error> {
        let _entrance = self.inner.entrance.lock().await;
        // Waits for a step that is under way.
        let mut desk = self.inner.front.desk.lock().await;
        self.lock();
        *self.inner.opened() = Default::default();
        for alias in HARDWARE_ALIASES.into_iter().chain([DEVICE_KEY, BIOMETRIC_ALIAS]) {
            self.inner.ports.secure_key.remove(alias).await?;
        }
        self.inner.forget_pending(&mut desk).await?;
        *self.inner.standing() = None;
        self.inner.blocking(|inner| Ok(inner.folder.wipe()?)).await
    }
}
