//! The last step: device key, grant, passcode; and the store, which makes the phone activated.

use std::sync::Arc;

use eid_chip::reader::ChipProfile;
use eid_crypto::{HardwareInput, Passcode, PasscodeKey, SecretKey, VerifyingKey};
use eid_platform::{BindRequest, Grant};
use eid_proof::ProofError;
use eid_vault::{Act, Collection, Envelope, Factor, GuardSession, HistoryEntry, Sealing, Vault, VaultError};

use super::{
    lock_code::LockCode,
    pending::{Desk, Evidence},
};
use crate::{
    Error,
    app::Inner,
    device::{DEVICE_KEY, GuardKeys, HardwareKey},
    ports::KeyAccess,
    record::{ACCOUNT, Account, CHIP_PROFILE, PasscodeKeySource, StoredKey, StoredTrustList, TRUST_LIST},
    session::verify_grant,
};

/// Epoch of the first passcode.
const FIRST: u32 = 1;

/// A verified grant, not yet stored.
struct Granted {
    grant: Grant,
    jwt: String,
    issuer: String,
    trust_list: Vec<u8>,
    device_key: VerifyingKey,
    profile: ChipProfile,
    /// What the passcode key comes from.
    source: PasscodeKeySource,
    recovery_share: SecretKey,
}

/// Binds the phone and makes its store.
pub(super) async fn set_up(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    passcode: Passcode,
) -> Result<(Vault, LockCode), Error> {
    if desk.pending.challenge.is_none() {
        return Err(Error::StepNotDue);
    }
    check_passcode(desk, &passcode)?;
    let derived = inner.blocking(move |inner| {
        let source = PasscodeKeySource::make(&*inner.ports.random, inner.kdf_cost()?)?;
        Ok((source.derive(&passcode)?, source, passcode))
    });
    let (key, source, passcode) = derived.await?;
    let (granted, lock_code) = bind_device(inner, desk, &key, source).await?;
    Ok((make_all(inner, passcode, granted).await?, lock_code))
}

/// Nobody's passcode is to be guessed from what stands on the card.
fn check_passcode(desk: &Desk, passcode: &Passcode) -> Result<(), Error> {
    let pending = &desk.pending;
    let mut known = vec![pending.pid.as_str().to_owned(), pending.phone.as_str().to_owned()];
    match pending.evidence {
        Some(Evidence::Card(Some(birth))) => known.extend([birth.card_form(), birth.claim169_form()]),
        // The birth date is not known yet: none of that year's will do.
        _ => {
            let year = pending.pid.birth_year();
            for (month, day) in (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day))) {
                known.extend([format!("{day:02}{month:02}{year:04}"), format!("{year:04}{month:02}{day:02}")]);
            }
        }
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Ok(passcode.check_new(&known)?)
}

/// May be repeated with another passcode, and with what was made for it: until the phone is activated the last one counts.
async fn bind_device(
    inner: &Arc<Inner>,
    desk: &mut Desk,
    passcode: &PasscodeKey,
    source: PasscodeKeySource,
) -> Result<(Granted, LockCode), Error> {
    let public = match desk.device_key() {
        Some(public) => public,
        None => {
            let public = inner.ports.secure_key.generate(DEVICE_KEY, KeyAccess::WhileUnlocked).await?;
            desk.pending.device_key = Some(StoredKey(public));
            desk.save(inner).await?;
            public
        }
    };
    // First, so that nothing but the phone itself can fail once the platform has bound it.
    let (trust, trust_list) = inner.fetch_trust_list().await?;
    let pending = &desk.pending;
    let (Some(started), Some(challenge)) = (&pending.started, &pending.challenge) else {
        return Err(Error::StepNotDue);
    };
    let device = HardwareKey::new(&inner.ports.secure_key, DEVICE_KEY, public);
    let now = inner.now()?;
    let id = &started.activation_id;
    let recovery_share = SecretKey::make(&*inner.ports.random)?;
    let (challenge, share) = (&challenge.device_challenge, &recovery_share);
    let bind = BindRequest { challenge, device: &device, passcode, recovery_share: share };
    let answer = inner.platform.bind_device(id, bind, now).await;
    let bound = desk.answered(inner, answer).await?;
    let (grant, issuer) = verify_grant(&bound.grant, &trust, &public, now)?;
    let ours = grant.pid == desk.pending.pid && grant.account_id == bound.account_id && issuer == bound.issuer;
    if !ours {
        return Err(ProofError::CredentialInvalid.into());
    }
    let profile = desk.pending.profile.clone();
    let granted =
        Granted { grant, jwt: bound.grant, issuer, trust_list, device_key: public, profile, source, recovery_share };
    Ok((granted, LockCode::new(bound.lock_code)))
}

/// Makes keys, store, guard and envelope; the envelope comes last and makes the phone activated.
async fn make_all(inner: &Arc<Inner>, passcode: Passcode, granted: Granted) -> Result<Vault, Error> {
    let prepared = inner.blocking(move |inner| {
        let (factor, cost) = (Factor::Passcode(&passcode), inner.kdf_cost()?);
        let binding = inner.binding()?;
        let (question, sealing) = Envelope::prepare(&*inner.ports.random, factor, Some(cost), FIRST, &binding)?;
        Ok((question, sealing, binding))
    });
    let (question, sealing, binding) = prepared.await?;
    inner.ports.secure_key.make_secret(sealing.hardware_alias(), KeyAccess::WhileUnlocked).await?;
    let answer = inner.derive(sealing.hardware_alias(), &question).await?;
    let vault_key = SecretKey::make(&*inner.ports.random)?;
    let envelope = sealing.seal(&*inner.ports.random, &answer, &vault_key)?;
    let (vault, recovery) = inner
        .blocking({
            let binding = binding.clone();
            move |inner| {
                let factor = Factor::Recovery(&granted.recovery_share);
                let recovery = Envelope::prepare(&*inner.ports.random, factor, None, FIRST, &binding)?;
                Ok((make_store(inner, &vault_key, &granted)?, (recovery, vault_key)))
            }
        })
        .await?;
    seal_for_recovery(inner, recovery).await?;
    let now = inner.ports.clock.now()?;
    GuardSession::create(GuardKeys(Arc::clone(inner)), &binding, &now).await?;
    inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await?;
    Ok(vault)
}

/// The envelope that the platform's share opens when the passcode is forgotten.
async fn seal_for_recovery(
    inner: &Arc<Inner>,
    ((question, sealing), vault_key): ((HardwareInput, Sealing), SecretKey),
) -> Result<(), Error> {
    let alias = sealing.hardware_alias();
    inner.ports.secure_key.make_secret(alias, KeyAccess::WhileUnlocked).await?;
    let answer = inner.derive(alias, &question).await?;
    let envelope = sealing.seal(&*inner.ports.random, &answer, &vault_key)?;
    inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await
}

/// Makes the store and fills it.
fn make_store(inner: &Inner, vault_key: &SecretKey, granted: &Granted) -> Result<Vault, Error> {
    let mut vault = inner.folder.create_vault(vault_key, &inner.ports.random)?;
    let (grant, at) = (&granted.grant, inner.now()?);
    let account = Account {
        account_id: grant.account_id.clone(),
        pid: grant.pid,
        name: grant.name.clone(),
        birth_date: grant.birth_date,
        level: eid_model::AccountLevel::Two,
        issuer: granted.issuer.clone(),
        granted_at: grant.issued_at,
        grant_expires_at: grant.expires_at,
        grant: granted.jwt.clone(),
        device_key: granted.device_key,
        passcode_key: Some(granted.source),
    };
    let entry = HistoryEntry {
        at: at.seconds(),
        act: Act::Activated,
        counterpart: granted.issuer.clone(),
        fields: Vec::new(),
        purpose: String::new(),
        result: None,
    };
    vault.transaction(|vault| -> Result<(), VaultError> {
        vault.put(Collection::Account, ACCOUNT, &account)?;
        vault.put(Collection::TrustData, TRUST_LIST, &StoredTrustList(granted.trust_list.clone()))?;
        vault.put(Collection::Setting, CHIP_PROFILE, &granted.profile)?;
        vault.append_history(&entry).map(drop)
    })?;
    Ok(vault)
}
