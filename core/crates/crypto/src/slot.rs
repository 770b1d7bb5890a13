use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::{CryptoError, Hasher, Random, Sealer, SecretKey, kdf::derive_key, seal::Context};

/// Which key an operation uses. Feature code names slots; it never holds keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySlot {
    /// Account, grants and proof credentials.
    Identity,
    /// Personal records of ordinary sensitivity.
    Records,
    /// Party membership: a compartment of its own.
    Party,
    /// Health data: a compartment of its own.
    Health,
    /// Drafts, outbox and receipts.
    Outbox,
    /// The holder's history.
    History,
    /// Attachments.
    Attachments,
    /// Look-up keys: keyed hashes, never sealing.
    Lookup,
    /// What the store says about itself: counts, sums and the end of the history.
    Manifest,
}

impl KeySlot {
    /// All slots that a vault key fills.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Records,
        Self::Party,
        Self::Health,
        Self::Outbox,
        Self::History,
        Self::Attachments,
        Self::Lookup,
        Self::Manifest,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Identity => "vault/identity",
            Self::Records => "vault/records",
            Self::Party => "vault/party",
            Self::Health => "vault/health",
            Self::Outbox => "vault/outbox",
            Self::History => "vault/history",
            Self::Attachments => "vault/attachments",
            Self::Lookup => "vault/lookup",
            Self::Manifest => "vault/manifest",
        }
    }
}

/// Keys by slot, expanded. Dropping it wipes them all.
#[derive(Debug, Default)]
pub struct KeyRing(BTreeMap<KeySlot, Slot>);

/// What one slot can do.
#[derive(Debug)]
struct Slot {
    sealer: Sealer,
    hasher: Hasher,
}

impl KeyRing {
    /// One key for each slot, derived from a vault key and bound to one store (`store_id`).
    ///
    /// # Errors
    /// What [`derive_key`] gives.
    pub fn derive_from(vault_key: &SecretKey, store_id: &[u8; 16]) -> Result<Self, CryptoError> {
        let mut ring = Self::default();
        for slot in KeySlot::ALL {
            ring.insert(slot, &derive_key(&[vault_key], store_id, slot.label(), b"")?)?;
        }
        Ok(ring)
    }

    /// Puts a key into a slot; what was there is wiped.
    ///
    /// # Errors
    /// What [`Sealer::new`] gives.
    pub fn insert(&mut self, slot: KeySlot, key: &SecretKey) -> Result<(), CryptoError> {
        self.0.insert(slot, Slot { sealer: Sealer::new(key)?, hasher: Hasher::new(key) });
        Ok(())
    }

    /// Seals under the key in `slot`.
    ///
    /// # Errors
    /// [`CryptoError::SlotEmpty`], or what [`Sealer::seal`] gives.
    pub fn seal(
        &self,
        slot: KeySlot,
        rng: &dyn Random,
        context: &Context,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.sealer(slot)?.seal(rng, context, plaintext)
    }

    /// Opens under the key in `slot`.
    ///
    /// # Errors
    /// [`CryptoError::SlotEmpty`], or what [`Sealer::open`] gives.
    pub fn open(&self, slot: KeySlot, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.sealer(slot)?.open(context, sealed)
    }

    /// HMAC-SHA-256 of the parts under the key in `slot`, for look-ups and authenticated sums.
    ///
    /// # Errors
    /// [`CryptoError::SlotEmpty`].
    pub fn keyed_hash(&self, slot: KeySlot, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(self.slot(slot)?.hasher.keyed_hash(parts))
    }

    /// The key in `slot`, for sealing apart.
    ///
    /// # Errors
    /// [`CryptoError::SlotEmpty`].
    pub fn sealer(&self, slot: KeySlot) -> Result<&Sealer, CryptoError> {
        Ok(&self.slot(slot)?.sealer)
    }

    fn slot(&self, slot: KeySlot) -> Result<&Slot, CryptoError> {
        self.0.get(&slot).ok_or(CryptoError::SlotEmpty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn slots_of_one_vault_key_do_not_open_each_other() -> Result<(), CryptoError> {
        let rng = SystemRandom::new();
        let vault_key = SecretKey::make(&rng)?;
        let ring = KeyRing::derive_from(&vault_key, &[7; 16])?;
        let place = Context::new("x", b"1");
        let sealed = ring.seal(KeySlot::Health, &rng, &place, b"data")?;
        for slot in KeySlot::ALL {
            assert_eq!(ring.open(slot, &place, &sealed).is_ok(), slot == KeySlot::Health, "{slot:?}");
        }
        let elsewhere = KeyRing::derive_from(&vault_key, &[8; 16])?;
        assert!(elsewhere.open(KeySlot::Health, &place, &sealed).is_err());
        assert_eq!(KeyRing::default().open(KeySlot::Health, &place, &sealed).err(), Some(CryptoError::SlotEmpty));
        Ok(())
    }
}
