//! Sealing and opening with the store's keys, each sealing counted.

use eid_crypto::{
    CryptoError, KeySlot,
    seal::{Context, Mark},
};
use zeroize::Zeroizing;

use crate::{Vault, VaultError, schema::LAYOUT, store::KEY_CHECK, write::load_meta};

/// Sealings under one `store_id` before nothing is sealed any more.
const SEAL_LIMIT: u64 = 1 << 32;

impl Vault {
    pub(crate) fn seal(&self, slot: KeySlot, place: &Context, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.count_seal()?;
        Ok(self.keys.seal(slot, &*self.rng, place, plain)?)
    }

    pub(crate) fn open_sealed(
        &self,
        slot: KeySlot,
        place: &Context,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        Ok(self.keys.open(slot, place, sealed)?)
    }

    /// Seals a record's value in place.
    pub(crate) fn seal_apart(&self, slot: KeySlot, place: &Context, body: &mut [u8]) -> Result<Mark, VaultError> {
        self.count_seal()?;
        self.compartments.borrow().with(&self.keys, slot, |key| key.seal_apart(&*self.rng, place, body))
    }

    /// Opens a record's value.
    pub(crate) fn open_apart(
        &self,
        slot: KeySlot,
        place: &Context,
        mark: &Mark,
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.compartments.borrow().with(&self.keys, slot, |key| key.open_apart(place, mark, body))
    }

    pub(crate) fn load_sealed_meta(
        &self,
        slot: KeySlot,
        name: &'static str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let sealed = load_meta(&self.connection, name)?;
        sealed.map(|sealed| self.open_sealed(slot, &meta_place(name), &sealed)).transpose()
    }

    pub(crate) fn count_seal(&self) -> Result<(), VaultError> {
        let mut state = self.state.borrow_mut();
        if state.manifest.seals >= SEAL_LIMIT {
            return Err(VaultError::SealLimit);
        }
        state.manifest.seals += 1;
        Ok(())
    }

    /// [`VaultError::KeyMismatch`] if the keys are not those of this file.
    pub(crate) fn check_key(&self) -> Result<(), VaultError> {
        match self.load_sealed_meta(KeySlot::Identity, KEY_CHECK) {
            Ok(Some(_)) => Ok(()),
            Err(VaultError::Crypto(CryptoError::Damaged)) => Err(VaultError::KeyMismatch),
            Ok(None) | Err(VaultError::Crypto(CryptoError::UnknownFormat)) => Err(VaultError::FileDamaged),
            Err(other) => Err(other),
        }
    }
}

pub(crate) fn meta_place(name: &'static str) -> Context {
    Context::new("meta", name.as_bytes()).with(&[LAYOUT])
}
