//! The app's folder: which files there are, and in which order they come into being.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use eid_crypto::{Random, SecretKey, random};

use crate::{
    Attempts, Envelope, EnvelopeBinding, Moment, Vault, VaultError,
    file::{beside, load_start, replace},
};

/// The folder that holds one installation's store and the small files beside it.
///
/// `install` (who this installation is), `store` (records and history), `attempts`, and `envelope`, which comes last and makes the
/// phone activated. All are useless elsewhere: nothing opens without this phone's key hardware.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Names a folder; nothing is touched yet.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The binding of this installation's envelopes; folder and installation are made at the first call.
    ///
    /// # Errors
    /// [`VaultError::EnvelopeForeign`] for an `install` file of another form, [`VaultError::Full`], [`VaultError::ReadOnly`],
    /// [`VaultError::Failed`].
    pub fn load_or_make_binding(&self, app_id: &str, rng: &dyn Random) -> Result<EnvelopeBinding, VaultError> {
        let path = self.0.join("install");
        std::fs::create_dir_all(&self.0).map_err(|error| VaultError::on_write(&error))?;
        let install_id = match load_start(&path, 17)? {
            Some(bytes) => bytes.try_into().map_err(|_| VaultError::EnvelopeForeign)?,
            None => {
                let fresh: [u8; 16] = random(rng)?;
                replace(&path, &fresh)?;
                fresh
            }
        };
        Ok(EnvelopeBinding { app_id: app_id.to_owned(), install_id })
    }

    /// True if there is an envelope to unlock.
    ///
    /// # Errors
    /// [`VaultError::Failed`].
    pub fn has_envelope(&self) -> Result<bool, VaultError> {
        self.envelope().try_exists().map_err(|_| VaultError::Failed)
    }

    /// The envelope; `None` if there is none.
    ///
    /// # Errors
    /// What [`Envelope::load`] gives.
    pub fn load_envelope(&self) -> Result<Option<Envelope>, VaultError> {
        Envelope::load(&self.envelope())
    }

    /// Stores the envelope: from here on the phone is activated.
    ///
    /// # Errors
    /// What [`Envelope::store`] gives.
    pub fn store_envelope(&self, envelope: &Envelope) -> Result<(), VaultError> {
        envelope.store(&self.envelope())
    }

    /// The record of passcode tries.
    ///
    /// # Errors
    /// What [`Attempts::load`] gives.
    pub fn load_attempts(&self, now: &Moment) -> Result<Attempts, VaultError> {
        Attempts::load(&self.0.join("attempts"), now)
    }

    /// Stores the record of passcode tries.
    ///
    /// # Errors
    /// What [`Attempts::store`] gives.
    pub fn store_attempts(&self, attempts: &Attempts) -> Result<(), VaultError> {
        attempts.store(&self.0.join("attempts"))
    }

    /// Makes a new store. One that is there already has no envelope any more – an activation broke off, or the envelope was lost –
    /// and nothing opens it; but it is not ours to delete, so it is set aside as `store-without-envelope`.
    ///
    /// # Errors
    /// [`VaultError::StoreExists`] while there is an envelope; otherwise what [`Vault::create`] gives.
    pub fn create_vault(&self, vault_key: &SecretKey, rng: &Arc<dyn Random>) -> Result<Vault, VaultError> {
        if self.has_envelope()? {
            return Err(VaultError::StoreExists);
        }
        // With its journal, which holds the last writes after a kill; the store itself goes last.
        for suffix in ["-wal", "-shm", ""] {
            let aside = beside(&self.0.join("store-without-envelope"), suffix);
            // A journal of an older store must not stand beside a newer one.
            drop(std::fs::remove_file(&aside));
            match std::fs::rename(beside(&self.store(), suffix), aside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(VaultError::on_write(&error)),
                _ => {}
            }
        }
        Vault::create(&self.store(), vault_key, random(&**rng)?, Arc::clone(rng))
    }

    /// Opens the store.
    ///
    /// # Errors
    /// What [`Vault::open`] gives.
    pub fn open_vault(&self, vault_key: &SecretKey, rng: &Arc<dyn Random>) -> Result<Vault, VaultError> {
        Vault::open(&self.store(), vault_key, Arc::clone(rng))
    }

    /// Deletes all that this installation stored, the envelope first: from then on nothing opens the rest.
    ///
    /// # Errors
    /// [`VaultError::ReadOnly`], [`VaultError::Failed`]; calling it again goes on.
    pub fn wipe(&self) -> Result<(), VaultError> {
        let names = ["envelope", "attempts", "install", "store", "store-wal", "store-shm"];
        let aside = ["", "-wal", "-shm"].map(|suffix| format!("store-without-envelope{suffix}"));
        for name in names.into_iter().chain(aside.iter().map(String::as_str)) {
            match std::fs::remove_file(self.0.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(VaultError::on_write(&error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn envelope(&self) -> PathBuf {
        self.0.join("envelope")
    }

    fn store(&self) -> PathBuf {
        self.0.join("store")
    }
}

#[cfg(test)]
mod tests {
    use eid_crypto::{Passcode, SystemRandom, kdf::KdfCost};

    use super::*;
    use crate::Collection;

    #[test]
    fn installation_is_made_once_and_read_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("app"));
        let rng = SystemRandom::new();
        let first = folder.load_or_make_binding("app", &rng).unwrap();
        assert!(folder.load_or_make_binding("app", &rng).unwrap() == first);
        std::fs::write(place.path().join("app/install"), b"short").unwrap();
        assert_eq!(folder.load_or_make_binding("app", &rng).err(), Some(VaultError::EnvelopeForeign));
    }

    #[test]
    fn store_of_an_activation_that_broke_off_is_set_aside_and_one_with_envelope_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let rng: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let key = SecretKey::make(&*rng).unwrap();
        folder.create_vault(&key, &rng).unwrap().put(Collection::Setting, "x", "old").unwrap();
        let other = SecretKey::make(&*rng).unwrap();
        assert_eq!(folder.create_vault(&other, &rng).unwrap().find::<String>(Collection::Setting, "x"), Ok(None));
        let aside = Vault::open(&place.path().join("store-without-envelope"), &key, Arc::clone(&rng)).unwrap();
        assert_eq!(aside.find(Collection::Setting, "x"), Ok(Some("old".to_owned())));

        let passcode = Passcode::parse(b"271828".to_vec()).unwrap();
        let binding = folder.load_or_make_binding("app", &*rng).unwrap();
        let (envelope, _) = Envelope::make(&*rng, &passcode, &key, b"blob", &binding, KdfCost::FLOOR).unwrap();
        folder.store_envelope(&envelope).unwrap();
        assert_eq!(folder.create_vault(&other, &rng).err(), Some(VaultError::StoreExists));
        assert!(folder.open_vault(&other, &rng).is_ok());
    }
}
