//! Opening the store, whatever state it is in, and the hardware keys that no record of it names.

use std::{collections::BTreeSet, sync::Arc};

use eid_crypto::SecretKey;
use eid_model::UnixTime;
use eid_vault::{Collection, HistoryMark, Repaired, Vault, VaultError};

use crate::{
    Error,
    app::Inner,
    session::Session,
    usecase::{present::load_credentials, record::forget_progress},
};

/// Opens the store and brings it into order: damage is repaired as far as it can be, and an older copy of the store – the key
/// hardware's record knows of the generation `known` – is gone on from. Says what was found and done.
pub(crate) fn open(
    inner: &Inner,
    vault_key: &SecretKey,
    known: u64,
    now: UnixTime,
) -> Result<(Vault, Vec<Repaired>), Error> {
    let rng = &inner.ports.random;
    let (mut vault, mut report) = match inner.folder.open_vault(vault_key, rng) {
        Ok(vault) => (vault, Vec::new()),
        Err(VaultError::FileDamaged) => inner.folder.salvage_vault(vault_key, rng, now.seconds())?,
        Err(other) => return Err(other.into()),
    };
    if vault.findings().is_empty() && vault.generation() >= known {
        return Ok((vault, report));
    }
    let repaired = in_order(&mut vault, |vault| {
        let mut report = Vec::new();
        if !vault.findings().is_empty() {
            report = vault.repair(now.seconds())?;
        }
        report.extend(vault.go_on_from_copy(known, now.seconds())?);
        Ok(report)
    })?;
    report.extend(repaired);
    Ok((vault, report))
}

/// Goes on from an older copy of the store, though something may have been written to it since it was opened.
pub(crate) fn go_on_from_copy(vault: &mut Vault, known: u64, now: UnixTime) -> Result<Vec<Repaired>, Error> {
    let known = known.max(vault.generation().saturating_add(1));
    in_order(vault, |vault| Ok(vault.go_on_from_copy(known, now.seconds())?))
}

/// Looks at all of a history of which a part was found broken, and repairs the store if it does not hold. No mark of an earlier
/// walk is believed.
pub(crate) fn repair_history(vault: &mut Vault, now: UnixTime) -> Result<Vec<Repaired>, Error> {
    vault.resume_history(&HistoryMark::START);
    match vault.verify_history() {
        Err(VaultError::HistoryBroken { .. }) => in_order(vault, |vault| Ok(vault.repair(now.seconds())?)),
        other => Ok(other.map(|_| Vec::new())?),
    }
}

/// Repairs, and notes the hardware keys of credentials that went.
fn in_order(
    vault: &mut Vault,
    repair: impl FnOnce(&mut Vault) -> Result<Vec<Repaired>, Error>,
) -> Result<Vec<Repaired>, Error> {
    let before = keys_named(vault)?;
    let report = repair(vault)?;
    if !report.is_empty() {
        forget_progress(vault)?;
    }
    let after = keys_named(vault)?;
    let gone: Vec<&String> = before.difference(&after).collect();
    if !gone.is_empty() {
        vault.transaction(|vault| gone.iter().try_for_each(|alias| discard(vault, alias)))?;
    }
    Ok(report)
}

/// Notes that a hardware key is to be removed; inside the transaction that takes its last use away, or before it is made.
pub(crate) fn discard(vault: &Vault, alias: &str) -> Result<(), VaultError> {
    vault.put(Collection::HardwareKey, alias, &())
}

/// Notes that a hardware key has a use, in the transaction that stores that use.
pub(crate) fn keep(vault: &Vault, alias: &str) -> Result<(), VaultError> {
    vault.remove(Collection::HardwareKey, alias).map(drop)
}

impl Session {
    /// Removes the hardware keys that were noted, also by an app that was killed since.
    pub(crate) async fn remove_discarded(self: &Arc<Self>) -> Result<(), Error> {
        loop {
            let page = self.vault(|vault| Ok(vault.list::<()>(Collection::HardwareKey, None, 50)?)).await?;
            if page.items.is_empty() {
                return Ok(());
            }
            for (alias, ()) in &page.items {
                self.inner.ports.secure_key.remove(alias).await?;
            }
            let forget = move |vault: &mut Vault| {
                vault.transaction(|vault| page.items.iter().try_for_each(|(alias, ())| keep(vault, alias)))?;
                Ok(())
            };
            self.vault(forget).await?;
        }
    }
}

fn keys_named(vault: &Vault) -> Result<BTreeSet<String>, Error> {
    Ok(load_credentials(vault)?.into_iter().map(|(_, credential)| credential.key_alias).collect())
}
