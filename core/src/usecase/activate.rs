//! Activating level 2 on this phone (kích hoạt định danh mức độ 2): phone number and one-time code, device key, grant,
//! passcode.

use std::sync::Arc;

use eid_crypto::{Passcode, PasscodeKey, SecretKey, VerifyingKey, random};
use eid_model::{PhoneNumber, Pid, UnixTime};
use eid_platform::{ActivationStarted, DeviceChallenge, Grant, OneTimeCode};
use eid_proof::ProofError;
use eid_vault::{Act, Collection, Envelope, Factor, GuardSession, HistoryEntry, Vault, VaultError};

use crate::{
    EidApp, Error, Unlocked,
    app::{Inner, to_end},
    device::{DEVICE_KEY, GuardKeys, HardwareKey},
    ports::{KeyAccess, SecureKeyError},
    record::{ACCOUNT, Account, PasscodeKeySource, StoredTrustList, TRUST_LIST},
    session::verify_grant,
};

/// An activation under way. Each step may be tried again after an error; nothing on the phone changes before the last.
#[derive(Debug)]
pub struct Activation {
    inner: Arc<Inner>,
    pid: Pid,
    phone: PhoneNumber,
    started: ActivationStarted,
    step: Step,
    /// Made once: the passcode key that the platform knows must be the one that the store's salt gives.
    source: Option<PasscodeKeySource>,
}

#[derive(Debug)]
enum Step {
    Code,
    /// The code was right. The key is made once: repeating the binding with another one would be refused.
    Device(DeviceChallenge, Option<VerifyingKey>),
    Passcode(Box<Granted>),
    /// Nothing is kept of what the store now holds: a shell may hold on to this object after the app was locked.
    Done,
}

impl Step {
    fn device_key(&self) -> Option<VerifyingKey> {
        match self {
            Self::Code | Self::Done => None,
            Self::Device(_, made) => *made,
            Self::Passcode(granted) => Some(granted.device_key),
        }
    }
}

/// A verified grant, not yet stored.
#[derive(Debug, Clone)]
struct Granted {
    grant: Grant,
    jwt: String,
    issuer: String,
    trust_list: Vec<u8>,
    device_key: VerifyingKey,
    challenge: DeviceChallenge,
    /// Of the passcode that the platform was told of last.
    passcode_key: VerifyingKey,
}

impl EidApp {
    /// Starts an activation: the platform sends a one-time code to the phone number that the register has.
    ///
    /// Cancel-safe: nothing on the phone changes.
    ///
    /// # Errors
    /// [`Error::AlreadyActivated`], [`Error::Model`] for a malformed number, [`Error::Platform`].
    pub async fn start_activation(&self, pid: &str, phone: &str) -> Result<Activation, Error> {
        let inner = Arc::clone(&self.inner);
        if inner.is_activated().await? {
            return Err(Error::AlreadyActivated);
        }
        let (pid, phone) = (Pid::parse(pid)?, PhoneNumber::parse(phone)?);
        let idempotency_key = random(&*inner.ports.random)?;
        let started = inner.platform.start_activation(&pid, &phone, &idempotency_key).await?;
        Ok(Activation { inner, pid, phone, started, step: Step::Code, source: None })
    }
}

impl Activation {
    /// Until when the one-time code is good.
    pub fn code_expires_at(&self) -> UnixTime {
        self.started.code_expires_at
    }

    /// Sends the one-time code that the citizen typed. Once it was right, further calls do nothing.
    ///
    /// # Errors
    /// [`Error::Platform`]: wrong code with the tries left, late code, or no connection.
    pub async fn confirm_code(&mut self, code: &str) -> Result<(), Error> {
        if matches!(self.step, Step::Code) {
            let code = OneTimeCode::parse(code)?;
            let challenge = self.inner.platform.confirm_code(&self.started.activation_id, &code).await?;
            self.step = Step::Device(challenge, None);
        }
        Ok(())
    }

    /// Binds this phone's key to the account, fetches the level-2 grant, and sets the passcode. The app is then unlocked.
    ///
    /// Runs to its end: after an error, calling it again goes on where it stopped.
    ///
    /// # Errors
    /// [`Error::Platform`] when the platform refuses level 2 or the grant is not valid; [`Error::Crypto`] for a passcode that is
    /// malformed or too easy to guess; [`Error::Key`]; [`Error::Vault`] when the phone's storage is full, say.
    pub async fn complete(&mut self, passcode: Vec<u8>) -> Result<Unlocked, Error> {
        let passcode = Passcode::parse(passcode)?;
        // Before the device key is touched: a second activation must not break the one that is there.
        let inner = Arc::clone(&self.inner);
        let entrance = Arc::clone(&inner.entrance).lock_owned().await;
        if inner.is_activated().await? {
            return Err(Error::AlreadyActivated);
        }
        passcode.check_new(&[self.pid.as_str(), self.phone.as_str()])?;
        let source = match self.source {
            Some(source) => source,
            None => {
                let made = |inner: &Inner| PasscodeKeySource::make(&*inner.ports.random, inner.kdf_cost()?);
                *self.source.insert(inner.blocking(made).await?)
            }
        };
        let derived = inner.blocking(move |_| Ok((source.derive(&passcode)?, passcode)));
        let (passcode_key, passcode) = derived.await?;
        let granted = self.bind_device(&passcode_key).await?;
        let birth_date = granted.grant.birth_date;
        passcode.check_new(&[&birth_date.card_form(), &birth_date.claim169_form()])?;

        let vault = to_end(async move {
            let _entrance = entrance;
            set_up(inner, passcode, source, granted).await
        })
        .await?;
        self.step = Step::Done;
        Unlocked::new(&self.inner, vault, Vec::new())
    }

    /// Also where only another passcode was chosen since: the platform is told of its key.
    async fn bind_device(&mut self, passcode: &PasscodeKey) -> Result<Granted, Error> {
        let key = &self.inner.ports.secure_key;
        if let Some(public) = self.step.device_key() {
            // Another activation on this phone may have made its own key since: this one has then come to its end.
            let own = HardwareKey::new(key, DEVICE_KEY, public).sign_checked(b"still there").await;
            own.map_err(|error| match error {
                Error::Key(SecureKeyError::Malformed) => SecureKeyError::Invalidated.into(),
                other => other,
            })?;
        }
        let (challenge, public) = match &mut self.step {
            Step::Code | Step::Done => return Err(Error::NotActivated),
            Step::Passcode(granted) if granted.passcode_key == *passcode.public() => {
                return Ok(granted.as_ref().clone());
            }
            Step::Passcode(granted) => (granted.challenge.clone(), granted.device_key),
            Step::Device(challenge, Some(public)) => (challenge.clone(), *public),
            Step::Device(challenge, made) => {
                let public = key.generate(DEVICE_KEY, KeyAccess::WhileUnlocked).await?;
                *made = Some(public);
                (challenge.clone(), public)
            }
        };
        let device = HardwareKey::new(key, DEVICE_KEY, public);
        let now = self.inner.now()?;
        let (id, nonce) = (&self.started.activation_id, &challenge.device_challenge);
        let bound = self.inner.platform.bind_device(id, nonce, &device, passcode, now).await?;
        let (trust, trust_list) = self.inner.fetch_trust_list().await?;
        let (grant, issuer) = verify_grant(&bound.grant, &trust, &public, now)?;
        let ours = grant.pid == self.pid && grant.account_id == bound.account_id && issuer == bound.issuer;
        if !ours {
            return Err(ProofError::CredentialInvalid.into());
        }
        let passcode_key = *passcode.public();
        let granted =
            Granted { grant, jwt: bound.grant, issuer, trust_list, device_key: public, challenge, passcode_key };
        self.step = Step::Passcode(Box::new(granted.clone()));
        Ok(granted)
    }
}

/// Epoch of the first passcode.
const FIRST: u32 = 1;

/// Makes keys, store, guard and envelope; the envelope comes last and makes the phone activated.
async fn set_up(
    inner: Arc<Inner>,
    passcode: Passcode,
    source: PasscodeKeySource,
    granted: Granted,
) -> Result<Vault, Error> {
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
    let vault = inner.blocking(move |inner| make_store(inner, &vault_key, source, &granted)).await?;
    let now = inner.ports.clock.now()?;
    GuardSession::create(GuardKeys(Arc::clone(&inner)), &binding, &now).await?;
    inner.blocking(move |inner| Ok(inner.folder.store_envelope(&envelope)?)).await?;
    Ok(vault)
}

/// Makes the store and fills it.
fn make_store(
    inner: &Inner,
    vault_key: &SecretKey,
    source: PasscodeKeySource,
    granted: &Granted,
) -> Result<Vault, Error> {
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
        passcode_key: Some(source),
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
        vault.append_history(&entry).map(drop)
    })?;
    Ok(vault)
}
