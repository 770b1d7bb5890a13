//! What the last step of each activation begins with: a passcode that is good enough, its key, and the device key bound to the
//! account for the level-2 grant.

use std::sync::Arc;

use eid_crypto::{Passcode, PasscodeKey, SecretKey, VerifyingKey};
use eid_platform::{ActivationPurpose, BindRequest, Flaw, Grant, PlatformError};
use eid_proof::ProofError;

use super::{
    lock_code::LockCode,
    pending::{Desk, Evidence},
};
use crate::{
    Error,
    app::Inner,
    device::{DEVICE_KEY, HardwareKey},
    ports::KeyAccess,
    record::{Account, PasscodeKeySource, StoredKey},
    session::verify_grant,
};

/// Epoch of the first passcode of a phone.
pub(super) const FIRST: u32 = 1;

/// A verified grant, not yet stored.
pub(super) struct Granted {
    pub(super) grant: Grant,
    pub(super) jwt: String,
    pub(super) issuer: String,
    pub(super) trust_list: Vec<u8>,
    pub(super) device_key: VerifyingKey,
    /// What the passcode key comes from.
    pub(super) source: PasscodeKeySource,
    /// The number of the passcode.
    pub(super) passcode_epoch: u32,
    /// What the platform keeps for this phone.
    pub(super) recovery_share: SecretKey,
}

impl Granted {
    pub(super) fn account(&self) -> Account {
        let grant = &self.grant;
        Account {
            account_id: grant.account_id.clone(),
            pid: grant.pid,
            name: grant.name.clone(),
            birth_date: grant.birth_date,
            level: eid_model::AccountLevel::Two,
            issuer: self.issuer.clone(),
            granted_at: grant.issued_at,
            grant_expires_at: grant.expires_at,
            grant: self.jwt.clone(),
            device_key: self.device_key,
            passcode_key: Some(self.source),
        }
    }
}

/// Nobody's passcode is to be guessed from what stands on the card.
pub(super) fn check_passcode(desk: &Desk, passcode: &Passcode) -> Result<(), Error> {
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

/// The key of a passcode, from a new salt: takes as long as one try.
pub(super) async fn derive_key(
    inner: &Arc<Inner>,
    passcode: &Arc<Passcode>,
) -> Result<(PasscodeKey, PasscodeKeySource), Error> {
    let passcode = Arc::clone(passcode);
    let derive = move |inner: &Inner| {
        let source = PasscodeKeySource::make(&*inner.ports.random, inner.kdf_cost()?)?;
        Ok((source.derive(&passcode)?, source))
    };
    inner.blocking(derive).await
}

/// May be repeated with another passcode, and with what was made for it: until the phone has stored it the last one counts.
pub(super) async fn bind_device(
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
    let share = SecretKey::make(&*inner.ports.random)?;
    let challenge = &challenge.device_challenge;
    let bind = BindRequest { challenge, device: &device, passcode, recovery_share: &share };
    let answer = inner.platform.bind_device(id, bind, now).await;
    let bound = desk.answered(inner, answer).await?;
    let (grant, issuer) = verify_grant(&bound.grant, &trust, &public, now)?;
    let ours = grant.pid == desk.pending.pid && grant.account_id == bound.account_id && issuer == bound.issuer;
    if !ours {
        return Err(ProofError::CredentialInvalid.into());
    }
    if desk.pending.purpose == ActivationPurpose::Activate && bound.passcode_epoch != FIRST {
        return Err(PlatformError::Nonsense(Flaw::Shape).into());
    }
    let granted = Granted {
        grant,
        jwt: bound.grant,
        issuer,
        trust_list,
        device_key: public,
        source,
        passcode_epoch: bound.passcode_epoch,
        recovery_share: bound.recovery_share,
    };
    Ok((granted, LockCode::new(bound.lock_code)))
}
