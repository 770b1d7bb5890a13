//! What a scenario acts on: the app's folder, with randomness and keys that are the same in every run.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use eid_crypto::{CryptoError, Random, SecretBytes, SecretKey};
use eid_vault::{Folder, Vault, VaultError};

use crate::Dice;

/// Why a step failed: what the vault said.
pub type Failure = VaultError;

/// The app's folder below `root`, and what the app holds in memory.
pub struct World {
    /// The folder that the app was given.
    pub folder: Folder,
    /// The open store.
    pub vault: Option<Vault>,
    /// Randomness that is the same in every run.
    pub rng: Arc<dyn Random>,
}

impl World {
    /// The world on a folder below `root`; nothing is touched.
    pub fn new(root: &Path) -> Self {
        let folder = Folder::new(app_folder(root));
        Self { folder, vault: None, rng: Arc::new(SeededRandom(Mutex::new(Dice::new(1)))) }
    }

    /// The vault key of the scenarios that need no passcode.
    ///
    /// # Errors
    /// None: the length is right.
    pub fn vault_key() -> Result<SecretKey, CryptoError> {
        SecretKey::parse(&SecretBytes::new(vec![7; 32]))
    }

    /// Opens the store with [`Self::vault_key`].
    ///
    /// # Errors
    /// What [`Vault::open`] gives.
    pub fn open(&mut self) -> Result<(), Failure> {
        self.vault = None;
        self.vault = Some(self.folder.open_vault(&Self::vault_key()?, &self.rng)?);
        Ok(())
    }

    /// All that the open store holds.
    ///
    /// # Errors
    /// What opening and reading give.
    pub fn held(&mut self) -> Result<String, Failure> {
        crate::read::records(self.vault()?)
    }

    /// The open store; opened if it is not.
    ///
    /// # Errors
    /// What [`Vault::open`] gives.
    pub fn vault(&mut self) -> Result<&mut Vault, Failure> {
        if self.vault.is_none() {
            self.open()?;
        }
        self.vault.as_mut().ok_or(VaultError::StoreMissing)
    }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("World(…)")
    }
}

/// The app's folder, one below the root: that it is made counts as well.
pub(crate) fn app_folder(root: &Path) -> PathBuf {
    root.join("app")
}

struct SeededRandom(Mutex<Dice>);

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in out.chunks_mut(4) {
            for (to, from) in part.iter_mut().zip(dice.next().to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}
