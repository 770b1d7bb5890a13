//! Sealing and opening with the store's keys, each sealing counted.

use std::sync::{Arc, Mutex};

use eid_crypto::{
    CryptoError, KeySlot, Random, Wiping,
    seal::{Context, Mark},
};
use zeroize::Zeroizing;

use crate::{Vault, VaultError, schema::LAYOUT, store::KEY_CHECK, write::load_meta};

/// Random bytes for so many nonces are drawn at once.
const NONCES: usize = 64;

/// A source of nonces that asks the system once for many: a call costs as much as sealing a kilobyte. What is longer than a
/// nonce, such as a key, is drawn each time.
pub(crate) struct Nonces {
    source: Arc<dyn Random>,
    /// What was drawn and not used yet.
    drawn: Mutex<Vec<[u8; 12]>>,
}

impl Nonces {
    pub(crate) fn new(source: Arc<dyn Random>) -> Self {
        Self { source, drawn: Mutex::new(Vec::with_capacity(NONCES)) }
    }
}

impl Random for Nonces {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let Ok(out) = <&mut [u8; 12]>::try_from(&mut *out) else { return self.source.fill(out) };
        let mut drawn = self.drawn.lock().map_err(|_| CryptoError::RandomUnavailable)?;
        if drawn.is_empty() {
            let mut fresh = [[0; 12]; NONCES];
            self.source.fill(fresh.as_flattened_mut())?;
            drawn.extend_from_slice(&fresh);
        }
        // Taken out: no nonce is used twice.
        *out = drawn.pop().ok_or(CryptoError::RandomUnavailable)?;
        Ok(())
    }
}

/// Sealings under one `store_id` before nothing is sealed any more.
const SEAL_LIMIT: u64 = 1 << 32;

impl Vault {
    pub(crate) fn seal(&self, slot: KeySlot, place: &Context, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.count_seal()?;
        Ok(self.keys.seal(slot, &self.rng, place, plain)?)
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
        self.compartments.borrow().with(&self.keys, slot, |key| key.seal_apart(&self.rng, place, body))
    }

    /// Opens a record's value.
    pub(crate) fn open_apart(
        &self,
        slot: KeySlot,
        place: &Context,
        mark: &Mark,
        body: &[u8],
    ) -> Result<Wiping, VaultError> {
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
            Err(VaultError::Crypto(CryptoError::Damaged))
                if self.load_manifest().is_ok_and(|found| found.is_some()) =>
            {
                // The keys fit: it is the check that was damaged.
                Err(VaultError::FileDamaged)
            }
            Err(VaultError::Crypto(CryptoError::Damaged)) => Err(VaultError::KeyMismatch),
            Ok(None) | Err(VaultError::Crypto(CryptoError::UnknownFormat)) => Err(VaultError::FileDamaged),
            Err(other) => Err(other),
        }
    }
}

pub(crate) fn meta_place(name: &'static str) -> Context {
    Context::new("meta", name.as_bytes()).with(&[LAYOUT])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use eid_crypto::{SystemRandom, random};

    use super::*;

    #[test]
    fn nonces_are_each_given_once_and_keys_are_drawn_by_themselves() {
        let nonces = Nonces::new(Arc::new(SystemRandom::new()));
        let given: BTreeSet<[u8; 12]> = (0..5 * NONCES).map(|_| random(&nonces).unwrap()).collect();
        assert_eq!(given.len(), 5 * NONCES);
        assert_ne!(random::<32>(&nonces).unwrap(), [0; 32]);
    }

    #[test]
    fn source_that_gives_nothing_gives_no_nonce() {
        struct Dry;
        impl Random for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), CryptoError> {
                Err(CryptoError::RandomUnavailable)
            }
        }
        let nonces = Nonces::new(Arc::new(Dry));
        assert_eq!(random::<12>(&nonces), Err(CryptoError::RandomUnavailable));
        assert_eq!(random::<32>(&nonces), Err(CryptoError::RandomUnavailable));
    }
}
