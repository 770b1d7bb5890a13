//! Compartments of their own: party membership and health. Their keys are random and kept sealed in one small row each, so
//! that taking that row away makes everything in the compartment unreadable at once, wherever copies of it may lie.

use eid_crypto::{CryptoError, KeyRing, KeySlot, Sealer, SecretBytes, SecretKey};

use zeroize::Zeroizing;

use crate::{Collection, Vault, VaultError};

/// The compartments and the names of the rows with their keys.
pub(crate) const COMPARTMENTS: [(KeySlot, &str); 2] =
    [(KeySlot::Party, "compartment_party"), (KeySlot::Health, "compartment_health")];

/// The keys of the compartments; none for one whose row is lost.
#[derive(Default)]
pub(crate) struct Compartments([Option<Sealer>; COMPARTMENTS.len()]);

impl Compartments {
    /// From the keys' bytes, in the order of [`COMPARTMENTS`].
    pub(crate) fn parse(plain: [Option<Zeroizing<Vec<u8>>>; COMPARTMENTS.len()]) -> Result<Self, VaultError> {
        let [party, health] = plain;
        Ok(Self([parse(party)?, parse(health)?]))
    }

    /// Runs `act` with the key that seals records of `slot`.
    pub(crate) fn with<R>(
        &self,
        keys: &KeyRing,
        slot: KeySlot,
        act: impl FnOnce(&Sealer) -> Result<R, CryptoError>,
    ) -> Result<R, VaultError> {
        let own = COMPARTMENTS.iter().zip(&self.0).find(|((of, _), _)| *of == slot);
        match own {
            None => Ok(act(keys.sealer(slot)?)?),
            Some((_, Some(key))) => Ok(act(key)?),
            Some((_, None)) => Err(VaultError::CompartmentLost(slot)),
        }
    }
}

impl Vault {
    /// Makes everything in a compartment unreadable for good, then deletes it: party membership or health.
    ///
    /// The compartment's key goes first, in the same transaction; afterwards neither the store nor its journal holds the key
    /// or the records. New records can be stored at once.
    ///
    /// # Errors
    /// [`VaultError::Busy`] if another connection reads: call again; otherwise as for [`Self::put`].
    pub fn erase_compartment(&mut self, slot: KeySlot) -> Result<(), VaultError> {
        let write = self.begin(true)?;
        let erased = self.make_compartment(slot)?;
        self.drop_rows_of(slot)?;
        write.commit()?;
        self.put_compartment(slot, erased);
        self.checkpoint()
    }

    /// Makes the keys of all compartments, in a store without records.
    pub(crate) fn make_compartments(&self) -> Result<(), VaultError> {
        COMPARTMENTS.into_iter().try_for_each(|(slot, _)| {
            let made = self.make_compartment(slot)?;
            self.put_compartment(slot, made);
            Ok(())
        })
    }

    /// Reads the keys of the compartments; gives those that are lost.
    pub(crate) fn load_compartments(&self) -> Result<Vec<KeySlot>, VaultError> {
        let mut lost = Vec::new();
        for (slot, name) in COMPARTMENTS {
            let plain = match self.load_sealed_meta(slot, name) {
                Ok(plain) => plain,
                Err(VaultError::Crypto(CryptoError::Damaged | CryptoError::UnknownFormat)) => None,
                Err(other) => return Err(other),
            };
            let key = parse(plain)?;
            if key.is_none() {
                lost.push(slot);
            }
            self.put_compartment(slot, key);
        }
        Ok(lost)
    }

    /// Stores a new key for a compartment; `None` for a slot that is none.
    pub(crate) fn make_compartment(&self, slot: KeySlot) -> Result<Option<Sealer>, VaultError> {
        let Some((_, name)) = COMPARTMENTS.into_iter().find(|(of, _)| *of == slot) else { return Ok(None) };
        let key = SecretKey::make(&self.rng)?;
        // EXPOSE: the key is stored sealed under the key of its slot.
        self.store_sealed_meta(slot, name, key.expose())?;
        Ok(Some(Sealer::new(&key)?))
    }

    pub(crate) fn put_compartment(&self, slot: KeySlot, key: Option<Sealer>) {
        let mut compartments = self.compartments.borrow_mut();
        for ((of, _), place) in COMPARTMENTS.into_iter().zip(&mut compartments.0) {
            if of == slot {
                *place = key;
                return;
            }
        }
    }

    /// Deletes all rows of a compartment.
    pub(crate) fn drop_rows_of(&self, slot: KeySlot) -> Result<(), VaultError> {
        let own = COMPARTMENTS.iter().any(|(of, _)| *of == slot);
        let mut collections = Collection::ALL.into_iter().filter(|collection| own && collection.slot() == slot);
        collections.try_for_each(|collection| self.drop_rows(collection).map(drop))
    }
}

/// A key from its bytes; none if they are none.
fn parse(plain: Option<Zeroizing<Vec<u8>>>) -> Result<Option<Sealer>, VaultError> {
    let key = plain.and_then(|plain| SecretKey::parse(&SecretBytes::new(plain.to_vec())).ok());
    Ok(key.map(|key| Sealer::new(&key)).transpose()?)
}
