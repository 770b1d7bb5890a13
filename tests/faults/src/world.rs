//! What a scenario acts on: the app's folder and the phone's key hardware, with randomness that is the same in every run.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use eid_crypto::{CryptoError, Random, SecretBytes, SecretKey};
use eid_vault::{Folder, Vault, VaultError};

use crate::{Dice, hardware::Hardware, phone::Counted};

/// Why a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// What the vault said.
    Vault(VaultError),
    /// The hardware has no such key.
    HardwareGone,
}

/// The app's folder below a root, and what the app holds in memory.
pub struct World {
    pub(crate) root: PathBuf,
    pub(crate) folder: Folder,
    /// The open store.
    pub(crate) vault: Option<Vault>,
    pub(crate) hardware: Arc<Hardware>,
    pub(crate) rng: Arc<dyn Random>,
    /// A passcode try between its count and its outcome.
    pub(crate) counted: Option<Counted>,
}

impl World {
    /// The world on a folder below `root`, with this hardware. `seed` is that of the randomness. Nothing is touched.
    pub fn new(root: &Path, hardware: Hardware, seed: u64) -> Self {
        Self {
            root: root.to_owned(),
            folder: Folder::new(app_folder(root)),
            vault: None,
            hardware: Arc::new(hardware),
            rng: Arc::new(SeededRandom(Mutex::new(Dice::new(seed)))),
            counted: None,
        }
    }

    /// The vault key of all scenarios: that of the golden databases (`core/crates/vault/tests/golden`).
    pub(crate) fn vault_key() -> Result<SecretKey, CryptoError> {
        SecretKey::parse(&SecretBytes::new(vec![0x47; 32]))
    }

    /// Makes the store, without an envelope.
    pub(crate) fn create(&mut self) -> Result<(), Failure> {
        self.binding()?;
        self.vault = Some(self.folder.create_vault(&Self::vault_key()?, &self.rng)?);
        Ok(())
    }

    /// Opens the store.
    pub(crate) fn open(&mut self) -> Result<(), Failure> {
        self.vault = None;
        self.vault = Some(self.folder.open_vault(&Self::vault_key()?, &self.rng)?);
        Ok(())
    }

    /// Opens the store; of one that is damaged makes a new one of what can be read.
    pub(crate) fn open_or_salvage(&mut self) -> Result<(), Failure> {
        match self.open() {
            Err(Failure::Vault(VaultError::FileDamaged)) => {
                self.vault = Some(self.folder.salvage_vault(&Self::vault_key()?, &self.rng, 60)?.0);
                Ok(())
            }
            opened => opened,
        }
    }

    /// The open store; opened if it is not.
    pub(crate) fn vault(&mut self) -> Result<&mut Vault, Failure> {
        if self.vault.is_none() {
            self.open()?;
        }
        Ok(self.vault.as_mut().ok_or(VaultError::StoreMissing)?)
    }

    /// Forgets what the app holds in memory.
    pub fn close(&mut self) {
        self.vault = None;
        self.counted = None;
    }

    /// All that the open store holds; `None` if none is open.
    pub fn held(&self) -> Option<Result<String, String>> {
        self.vault.as_ref().map(crate::read::stored)
    }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("World(…)")
    }
}

impl Failure {
    /// The vault's code; 0 for what the vault did not say.
    pub fn code(self) -> u16 {
        match self {
            Self::Vault(error) => error.code().number(),
            Self::HardwareGone => 0,
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Vault(error) => error.fmt(f),
            Self::HardwareGone => f.write_str("hardware has no such key"),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        Self::Vault(error.into())
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
            for (to, from) in part.iter_mut().zip(dice.number().to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}
