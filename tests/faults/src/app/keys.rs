//! Key hardware that outlives its process: each change is stored beside the app's folder before the call returns, where no
//! fault reaches.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use eid_core::ports::{KeyAccess, SecureKey, SecureKeyError};
use eid_crypto::{HardwareInput, SecretBytes, Signature, SigningKey, SystemRandom, VerifyingKey};

use crate::{
    Hardware,
    hardware::{load, store},
};

/// The keys of the phone whose folder this is.
#[derive(Debug)]
pub(super) struct StoredKeys {
    hardware: Hardware,
    root: PathBuf,
}

impl StoredKeys {
    pub(super) fn load(root: &Path) -> Self {
        Self { hardware: Hardware::new(load(root), false), root: root.to_owned() }
    }

    fn store(&self) -> Result<(), SecureKeyError> {
        store(&self.root, &self.hardware.keys()).map_err(|_| SecureKeyError::Unavailable)
    }
}

#[async_trait]
impl SecureKey for StoredKeys {
    async fn generate(&self, alias: &str, _access: KeyAccess) -> Result<VerifyingKey, SecureKeyError> {
        let document = SigningKey::make_pkcs8().map_err(|_| SecureKeyError::Unavailable)?;
        let key = SigningKey::parse_pkcs8(&document).map_err(|_| SecureKeyError::Unavailable)?;
        self.hardware.keep(alias, serde_json::to_string(document.as_slice()).unwrap_or_default());
        self.store()?;
        Ok(*key.public())
    }

    async fn sign(&self, alias: &str, message: &[u8]) -> Result<Signature, SecureKeyError> {
        let keys = self.hardware.keys();
        let document = keys.get(alias).and_then(|key| serde_json::from_str::<Vec<u8>>(key).ok());
        let key = document.and_then(|document| SigningKey::parse_pkcs8(&document).ok());
        key.ok_or(SecureKeyError::Invalidated)?.sign(message).map_err(|_| SecureKeyError::Unavailable)
    }

    async fn make_secret(&self, alias: &str, _access: KeyAccess) -> Result<(), SecureKeyError> {
        self.hardware.make(alias, &SystemRandom::new()).map_err(|_| SecureKeyError::Unavailable)?;
        self.store()
    }

    async fn derive(&self, alias: &str, input: &HardwareInput) -> Result<SecretBytes, SecureKeyError> {
        let answer = self.hardware.derive(alias, input).map_err(|_| SecureKeyError::Invalidated)?;
        // EXPOSE: this object plays the hardware that the answer comes out of.
        Ok(SecretBytes::new(answer.expose().to_vec()))
    }

    async fn remove(&self, alias: &str) -> Result<(), SecureKeyError> {
        self.hardware.remove(alias);
        self.store()
    }
}
