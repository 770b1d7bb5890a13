//! The last step on a phone that holds a store: a forgotten passcode is replaced, or the account is taken back from another
//! phone. Everything that is stored is kept.

use std::sync::Arc;

use eid_crypto::{Passcode, SecretKey};
use eid_model::{AccountState, Factor as Shown};
use eid_proof::ProofError;
use eid_vault::{
    Act, Collection, Envelope, EnvelopeBinding, EnvelopeKind, Factor, GuardSession, HistoryEntry, Vault, VaultError,
};

use super::{
    bind::{Granted, bind_device, check_passcode, derive_key},
    lock_code::LockCode,
    pending::Desk,
    set_up::{activated, seal_for_recovery, seal_passcode},
};
use crate::{
    Error, Unlocked,
    app::Inner,
    device::GuardKeys,
    ports::Event,
    record::{ACCOUNT, Account, STANDING},
    store::discard,
    usecase::{act::BIOMETRIC_KEY, present::load_credentials, unlock::Entered},
};

/// That there is an envelope which the platform's share may open.
pub(super) async fn check_recovery(inner: &Arc<Inner>) -> Result<(), Error> {
    inner.blocking(|inner| load_recovery(inner).map(drop)).await
}

fn load_recovery(inner: &Inner) -> Result<(Envelope, EnvelopeBinding), Error> {
    let binding = inner.binding()?;
    let envelope = inner.folder.load_envelope(EnvelopeKind::Recovery).ok().flatten();
    Ok((envelope.filter(|envelope| envelope.belongs_to(&binding)).ok_or(Error::RecoveryMissing)?, binding))
}

/// Replaces the passcode: the platform's share opens the store, whose key is then sealed for the new passcode. The envelope comes
/// last; until then another try begins where this one did.
pub(super) async fn recover(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    passcode: Passcode,
) -> Result<(Unlocked, LockCode), Error> {
    if desk.pending.challenge.is_none() {
        return Err(Error::StepNotDue);
    }
    check_passcode(desk, &passcode)?;
    let (envelope, binding) = inner.blocking(load_recovery).await?;
    let passcode = Arc::new(passcode);
    let (key, source) = derive_key(inner, &passcode).await?;
    let (granted, lock_code) = bind_device(inner, desk, &key, source).await?;
    let epoch = granted.passcode_epoch;
    desk.pending.passcode_epoch = Some(epoch);
    desk.save(inner).await?;

    let vault_key = Arc::new(open_recovery(inner, &envelope, &binding, &granted.recovery_share).await?);
    let now = inner.ports.clock.now()?;
    let mut guard = GuardSession::load(GuardKeys(Arc::clone(inner)), &binding, &now).await?;
    let known = guard.guard().generation();
    let (unlocked, generation) = Unlocked::open(inner, Arc::clone(&vault_key), known, Shown::Passcode).await?;
    let renewed = async {
        keep_renewed(&unlocked, granted).await?;
        if guard.guard().is_destroyed() {
            // What a kill left of them must have no tries again.
            for epoch in [epoch, epoch.wrapping_add(1)] {
                inner.ports.secure_key.remove(EnvelopeKind::Passcode.hardware_alias(epoch)).await?;
            }
        }
        guard.right(Some(generation)).await?;
        replace_passcode(inner, &passcode, epoch, &vault_key, &binding).await
    };
    locked_unless(inner, renewed.await)?;
    inner.tell(&[Event::HistoryChanged]);
    Ok((unlocked, lock_code))
}

async fn open_recovery(
    inner: &Arc<Inner>,
    envelope: &Envelope,
    binding: &EnvelopeBinding,
    share: &SecretKey,
) -> Result<SecretKey, Error> {
    let (question, pending) = envelope.challenge(Factor::Recovery(share), binding)?;
    let answer = inner.derive(envelope.hardware_alias(), &question).await?;
    match pending.open(&answer) {
        Err(VaultError::EnvelopeForeign) => Err(Error::RecoveryShareWrong),
        opened => Ok(opened?),
    }
}

/// Stores what the new passcode's key comes from, with the grant.
async fn keep_renewed(unlocked: &Unlocked, granted: Granted) -> Result<(), Error> {
    let session = unlocked.session()?;
    let (at, device_key) = (session.inner.now()?.seconds(), granted.device_key);
    let keep = move |vault: &mut Vault| {
        let before: Account = vault.find(Collection::Account, ACCOUNT)?.ok_or(Error::NotActivated)?;
        if before.account_id != granted.grant.account_id {
            return Err(ProofError::CredentialInvalid.into());
        }
        let entry = HistoryEntry {
            at,
            act: Act::Updated,
            counterpart: granted.issuer.clone(),
            fields: vec!["passcode".to_owned()],
            purpose: "recovery".to_owned(),
            result: None,
        };
        vault.transaction(|vault| {
            vault.put(Collection::Account, ACCOUNT, &granted.account())?;
            // The platform gives no grant for an account that is stopped.
            vault.put(Collection::Account, STANDING, &AccountState::Active)?;
            vault.append_history(&entry).map(drop)
        })?;
        Ok(vault.make_durable().map(drop)?)
    };
    session.vault(keep).await?;
    session.inner.store_standing(AccountState::Active, device_key).await
}

/// Takes the account back to a phone that another one had superseded, where the passcode still opens the store. The state of the
/// account comes last; until then another try begins where this one did.
pub(super) async fn take_back(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    passcode: Passcode,
) -> Result<(Unlocked, LockCode), Error> {
    if desk.pending.challenge.is_none() {
        return Err(Error::StepNotDue);
    }
    let passcode = Arc::new(passcode);
    let Entered { binding, vault_key, tried, .. } = inner.enter(Arc::clone(&passcode)).await?;
    let (vault_key, known) = (Arc::new(vault_key), tried.guard().generation());
    tried.right(None).await.ok();
    let (unlocked, _) = Unlocked::open(inner, Arc::clone(&vault_key), known, Shown::Passcode).await?;
    let taken = async {
        let session = unlocked.session()?;
        if session.account().await?.pid != desk.pending.pid {
            // Another person's store is not his.
            return Err(Error::AccountStopped(AccountState::Superseded));
        }
        let (key, source) = derive_key(inner, &passcode).await?;
        let (granted, lock_code) = bind_device(inner, desk, &key, source).await?;
        seal_for_recovery(inner, &granted.recovery_share, &vault_key, &binding).await?;
        replace_passcode(inner, &passcode, granted.passcode_epoch, &vault_key, &binding).await?;
        let (device_key, entry) = (granted.device_key, activated(inner, &granted)?);
        session.vault(move |vault| keep_taken_back(vault, &granted, &entry)).await?;
        inner.store_standing(AccountState::Active, device_key).await?;
        session.remove_discarded().await.ok();
        Ok(lock_code)
    };
    let lock_code = locked_unless(inner, taken.await)?;
    inner.tell(&[Event::AccountChanged, Event::CredentialsChanged, Event::HistoryChanged]);
    Ok((unlocked, lock_code))
}

/// Stores the grant for the new device key, without what the old one had: its credentials are revoked, and its face or finger does
/// not count.
fn keep_taken_back(vault: &mut Vault, granted: &Granted, entry: &HistoryEntry) -> Result<(), Error> {
    let credentials = load_credentials(vault)?;
    vault.transaction(|vault| {
        for (alias, _) in &credentials {
            discard(vault, alias)?;
            vault.remove(Collection::Credential, alias)?;
        }
        vault.remove(Collection::Account, BIOMETRIC_KEY)?;
        vault.put(Collection::Account, ACCOUNT, &granted.account())?;
        vault.put(Collection::Account, STANDING, &AccountState::Active)?;
        vault.append_history(entry).map(drop)
    })?;
    Ok(vault.make_durable().map(drop)?)
}

/// Puts an envelope for this passcode in the place of the one in force, whatever that is. After a crash there is one or the
/// other: two passcodes whose numbers ask for the same hardware key have one between them that asks for the other.
async fn replace_passcode(
    inner: &Arc<Inner>,
    passcode: &Arc<Passcode>,
    epoch: u32,
    vault_key: &SecretKey,
    binding: &EnvelopeBinding,
) -> Result<(), Error> {
    let alias = EnvelopeKind::Passcode.hardware_alias(epoch);
    let between = epoch.wrapping_add(1);
    let in_force = inner.blocking(|inner| Ok(inner.folder.load_envelope(EnvelopeKind::Passcode).ok().flatten()));
    let steps = match in_force.await?.map(|envelope| envelope.hardware_alias()) {
        Some(same) if same == alias => &[between, epoch][..],
        _ => &[epoch],
    };
    for epoch in steps {
        let envelope = seal_passcode(inner, passcode, *epoch, vault_key, binding).await?;
        inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await?;
    }
    inner.blocking(|inner| Ok(inner.folder.drop_next()?)).await?;
    // If it fails now, the next unlocking removes it.
    inner.ports.secure_key.remove(EnvelopeKind::Passcode.hardware_alias(between)).await.ok();
    Ok(())
}

/// What was opened on the way stays open only if all went well.
fn locked_unless<T>(inner: &Inner, outcome: Result<T, Error>) -> Result<T, Error> {
    if outcome.is_err() {
        inner.lock();
    }
    outcome
}
