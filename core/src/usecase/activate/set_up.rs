//! The last step on a phone that holds nothing yet: device key, grant, passcode; and the store, which makes it activated.

use std::sync::Arc;

use eid_chip::reader::ChipProfile;
use eid_crypto::{Passcode, SecretKey};
use eid_model::{AccountState, Factor as Shown};
use eid_vault::{Act, Collection, Envelope, EnvelopeBinding, Factor, GuardSession, HistoryEntry, Vault, VaultError};

use super::{
    bind::{FIRST, Granted, bind_device, check_passcode, derive_key},
    lock_code::LockCode,
    pending::Desk,
};
use crate::{
    Error, Unlocked,
    app::Inner,
    device::GuardKeys,
    ports::KeyAccess,
    record::{ACCOUNT, CHIP_PROFILE, StoredTrustList, TRUST_LIST},
};

/// Binds the phone and makes its store.
pub(super) async fn set_up(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    passcode: Passcode,
) -> Result<(Unlocked, LockCode), Error> {
    if desk.pending.challenge.is_none() {
        return Err(Error::StepNotDue);
    }
    check_passcode(desk, &passcode)?;
    let passcode = Arc::new(passcode);
    let (key, source) = derive_key(inner, &passcode).await?;
    let (granted, lock_code) = bind_device(inner, desk, &key, source).await?;
    let vault = make_all(inner, passcode, granted, desk.pending.profile.clone()).await?;
    Ok((Unlocked::new(inner, vault, Vec::new(), Shown::Passcode)?, lock_code))
}

/// Makes keys, store, guard and envelope; the envelope comes last and makes the phone activated.
async fn make_all(
    inner: &Arc<Inner>,
    passcode: Arc<Passcode>,
    granted: Granted,
    profile: ChipProfile,
) -> Result<Vault, Error> {
    let binding = inner.blocking(Inner::binding).await?;
    let vault_key = Arc::new(SecretKey::make(&*inner.ports.random)?);
    let envelope = seal_passcode(inner, &passcode, FIRST, &vault_key, &binding).await?;
    let (device_key, key) = (granted.device_key, Arc::clone(&vault_key));
    let make = move |inner: &Inner| Ok((make_store(inner, &key, &granted, &profile)?, granted.recovery_share));
    let (vault, recovery_share) = inner.blocking(make).await?;
    seal_for_recovery(inner, &recovery_share, &vault_key, &binding).await?;
    inner.store_standing(AccountState::Active, device_key).await?;
    let now = inner.ports.clock.now()?;
    GuardSession::create(GuardKeys(Arc::clone(inner)), &binding, &now).await?;
    inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await?;
    Ok(vault)
}

/// Seals the vault key for a passcode, under its hardware key, made anew. Nothing is stored.
pub(super) async fn seal_passcode(
    inner: &Arc<Inner>,
    passcode: &Arc<Passcode>,
    epoch: u32,
    vault_key: &SecretKey,
    binding: &EnvelopeBinding,
) -> Result<Envelope, Error> {
    let (passcode, binding) = (Arc::clone(passcode), binding.clone());
    let prepare = move |inner: &Inner| {
        let (factor, cost) = (Factor::Passcode(&passcode), inner.kdf_cost()?);
        Ok(Envelope::prepare(&*inner.ports.random, factor, Some(cost), epoch, &binding)?)
    };
    let (question, sealing) = inner.blocking(prepare).await?;
    inner.ports.secure_key.make_secret(sealing.hardware_alias(), KeyAccess::WhileUnlocked).await?;
    let answer = inner.derive(sealing.hardware_alias(), &question).await?;
    Ok(sealing.seal(&*inner.ports.random, &answer, vault_key)?)
}

/// Stores the envelope that the platform's share opens when the passcode is forgotten.
pub(super) async fn seal_for_recovery(
    inner: &Arc<Inner>,
    share: &SecretKey,
    vault_key: &SecretKey,
    binding: &EnvelopeBinding,
) -> Result<(), Error> {
    let rng = &*inner.ports.random;
    let (question, sealing) = Envelope::prepare(rng, Factor::Recovery(share), None, FIRST, binding)?;
    inner.ports.secure_key.make_secret(sealing.hardware_alias(), KeyAccess::WhileUnlocked).await?;
    let answer = inner.derive(sealing.hardware_alias(), &question).await?;
    let envelope = sealing.seal(rng, &answer, vault_key)?;
    inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await
}

/// Makes the store and fills it.
fn make_store(inner: &Inner, vault_key: &SecretKey, granted: &Granted, profile: &ChipProfile) -> Result<Vault, Error> {
    let mut vault = inner.folder.create_vault(vault_key, &inner.ports.random)?;
    let (account, entry) = (granted.account(), activated(inner, granted)?);
    vault.transaction(|vault| -> Result<(), VaultError> {
        vault.put(Collection::Account, ACCOUNT, &account)?;
        vault.put(Collection::TrustData, TRUST_LIST, &StoredTrustList(granted.trust_list.clone()))?;
        vault.put(Collection::Setting, CHIP_PROFILE, profile)?;
        vault.append_history(&entry).map(drop)
    })?;
    Ok(vault)
}

/// The history entry of an activation.
pub(super) fn activated(inner: &Inner, granted: &Granted) -> Result<HistoryEntry, Error> {
    Ok(HistoryEntry {
        at: inner.now()?.seconds(),
        act: Act::Activated,
        counterpart: granted.issuer.clone(),
        fields: Vec::new(),
        purpose: String::new(),
        result: None,
    })
}
