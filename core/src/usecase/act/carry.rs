//! An act that all has been shown for goes out, and what comes of it.

use std::sync::Arc;

use async_trait::async_trait;
use eid_crypto::{Signature, VerifyingKey};
use eid_model::Code;
use eid_platform::{ActAnswer, ActOrder as Sent, Instruction, OneTimeCode, PlatformError, RequestSigner};
use eid_vault::{Act, Collection, HistoryEntry, Vault};

use super::{
    ActOutcome, ActProgress, Acting, BIOMETRIC_KEY, BiometricRecord, ORDERED, Proven,
    order::{Order, Ordered},
};
use crate::{
    EidApp, Error, LockCode,
    device::{BIOMETRIC_ALIAS, HardwareKey},
    ports::{Event, KeyAccess},
    record::StoredKey,
    session::Session,
    usecase::{contact::PHONE_CODE, face::FacePicture, sign_in::is_replayed},
};

/// The key that takes face or finger. When it is gone, the citizen is told so of it, and not of the phone's key.
#[derive(Debug)]
struct Finger(HardwareKey);

#[async_trait]
impl RequestSigner for Finger {
    fn public_key(&self) -> VerifyingKey {
        self.0.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError> {
        RequestSigner::sign(&self.0, message).await.map_err(|error| match error {
            PlatformError::Signer(Code::KEY_INVALIDATED) => PlatformError::Signer(Code::BIOMETRICS_CHANGED),
            other => other,
        })
    }
}

impl Session {
    /// Has the platform carry the act out. What was shown for it is spent then, whatever the answer.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        acting: &mut Acting,
        ordered: &Ordered,
        finger: Option<BiometricRecord>,
    ) -> Result<ActProgress, Error> {
        let proven = acting.proven.take().ok_or(Error::Internal)?;
        let finger = finger.map(|record| self.finger(record.key.0));
        if let Order::SubmitUpdate { update, .. } = &ordered.order {
            return self.queue(acting, proven, (ordered, update), finger.as_ref()).await;
        }
        let made = match ordered.order {
            Order::CountBiometrics { .. } => Some(self.make_finger().await?),
            _ => None,
        };
        match self.send(&proven, &ordered.order, finger.as_ref(), made.as_ref()).await {
            Ok(answer) => {
                let outcome = self.end(&proven, ordered, answer, made).await?;
                acting.done = Some((ordered.id.clone(), outcome.clone()));
                Ok(ActProgress::Done(outcome))
            }
            Err(error) => self.fail(acting, proven, ordered, error, finger.is_some()).await,
        }
    }

    /// A change of a record is signed here and goes out when there is a network.
    async fn queue(
        self: &Arc<Self>,
        acting: &mut Acting,
        proven: Proven,
        (ordered, update): (&Ordered, &str),
        finger: Option<&Finger>,
    ) -> Result<ActProgress, Error> {
        let signer = finger.map(|finger| finger as &dyn RequestSigner);
        let forget = |vault: &Vault| Ok(vault.remove(Collection::Account, ORDERED).map(drop)?);
        match self.queue_update(update, (&proven.account, &proven.key), signer, forget).await {
            Ok(()) => {
                acting.done = Some((ordered.id.clone(), ActOutcome::Queued));
                Ok(ActProgress::Done(ActOutcome::Queued))
            }
            Err(error @ (Error::Record(_) | Error::UpdateUnknown)) => {
                self.forget_order().await?;
                Err(error)
            }
            Err(error) => self.fail(acting, proven, ordered, error, finger.is_some()).await,
        }
    }

    /// Signs and sends it; once more if an older copy of this store has used its numbers up.
    async fn send(
        self: &Arc<Self>,
        proven: &Proven,
        order: &Order,
        finger: Option<&Finger>,
        made: Option<&Finger>,
    ) -> Result<ActAnswer, Error> {
        let Proven { account, key: passcode, .. } = proven;
        let (device, biometric) = (self.device_key(account), finger.map(|finger| finger as &dyn RequestSigner));
        let code = match order {
            Order::ChangePhone { code, .. } | Order::SetSecondPhone { code, .. } | Order::ConfirmPhone { code, .. } => {
                Some(OneTimeCode::parse(code)?)
            }
            _ => None,
        };
        let mut again = true;
        loop {
            let (challenge, now) = (self.inner.platform.challenge().await?, self.inner.now()?);
            let seq = self.next_seq(None).await?;
            let (account, challenge, device) = (&account.account_id, &challenge, &device);
            let instruction = Instruction { account, seq, challenge, device, passcode, biometric };
            let sent = to_send(order, code.as_ref(), made).ok_or(Error::Internal)?;
            match self.inner.platform.carry_out(instruction, sent, now).await {
                Err(error) if again && is_replayed(&error) => self.learn_seq(&proven.account).await?,
                answer => return self.heed(answer).await,
            }
            again = false;
        }
    }

    /// Notes what was done, and that it is done, at once.
    async fn end(
        self: &Arc<Self>,
        proven: &Proven,
        ordered: &Ordered,
        answer: ActAnswer,
        made: Option<Finger>,
    ) -> Result<ActOutcome, Error> {
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Updated,
            counterpart: proven.account.issuer.clone(),
            fields: vec![ordered.order.act().name().to_owned()],
            purpose: ordered.order.act().name().to_owned(),
            result: None,
        };
        let (outcome, record) = match (answer, made) {
            (ActAnswer::BiometricKey { usable_from }, Some(made)) => {
                let key = StoredKey(made.0.public);
                (ActOutcome::BiometricsCount { from: usable_from }, Some(BiometricRecord { key, usable_from }))
            }
            (ActAnswer::LockCode(code), _) => (ActOutcome::LockCode(Arc::new(LockCode::new(code))), None),
            _ => (ActOutcome::Done, None),
        };
        let (is_stop, has_code) = (matches!(ordered.order, Order::StopBiometrics), ordered.order.has_code());
        let note = move |vault: &mut Vault| {
            vault.transaction(|vault| {
                vault.remove(Collection::Account, ORDERED)?;
                if has_code {
                    vault.remove(Collection::Account, PHONE_CODE)?;
                }
                if is_stop {
                    vault.remove(Collection::Account, BIOMETRIC_KEY)?;
                }
                if let Some(record) = record {
                    vault.put(Collection::Account, BIOMETRIC_KEY, &record)?;
                }
                vault.append_history(&entry).map(drop)
            })?;
            Ok(())
        };
        self.vault(note).await?;
        self.tell(&[Event::HistoryChanged]);
        if is_stop {
            self.inner.ports.secure_key.remove(BIOMETRIC_ALIAS).await.ok();
        }
        // Numbers and phrase as the platform has them now; the next contact tells them otherwise.
        self.report(&proven.account).await.ok();
        Ok(outcome)
    }

    /// What becomes of an order that was not carried out.
    async fn fail(
        self: &Arc<Self>,
        acting: &mut Acting,
        proven: Proven,
        ordered: &Ordered,
        error: Error,
        with_finger: bool,
    ) -> Result<ActProgress, Error> {
        let code = error.code();
        match error {
            // The phone did not sign: nothing was sent, and another choice remains.
            Error::Platform(PlatformError::Signer(signer)) => {
                acting.proven = Some(proven);
                if signer == Code::BIOMETRICS_CHANGED {
                    self.forget_finger().await?;
                    return Err(Error::BiometricsChanged);
                }
                Err(error)
            }
            Error::Platform(PlatformError::Refused { .. }) if code == Code::AUTH_LEVEL_TOO_LOW => {
                // The platform asks for more than this phone knew of, or does not count what it counted.
                EidApp { inner: Arc::clone(&self.inner) }.renew_configuration().await?;
                self.renew_configuration().await?;
                acting.finger_refused |= with_finger;
                acting.proven = Some(proven);
                let step = self.prompt(acting, ordered).await?;
                if step.missing.is_empty() { Err(error) } else { Ok(ActProgress::Missing(step)) }
            }
            Error::Platform(PlatformError::Refused { .. }) if code == Code::BIOMETRIC_KEY_WRONG => {
                acting.proven = Some(proven);
                self.forget_finger().await?;
                Err(error)
            }
            Error::Platform(PlatformError::Refused { .. }) if is_final(code) => {
                self.forget_order().await?;
                Err(error)
            }
            Error::AccountStopped(_) => {
                self.forget_order().await?;
                Err(error)
            }
            other => Err(other),
        }
    }

    /// Shows a face to the platform, in the session that the passcode opens.
    pub(super) async fn show_face(self: &Arc<Self>, acting: &mut Acting, face: &FacePicture) -> Result<(), Error> {
        let proven = acting.proven.as_ref().ok_or(Error::Internal)?;
        let (account, now) = (&proven.account, self.inner.now()?);
        if self.signed_in.lock().await.is_none() {
            self.open_session(account, &proven.key).await?;
        }
        let key = self.inner.configuration().await?.face_key;
        let sealed = face.seal(&self.inner, &key, account.account_id.as_str())?;
        let device = self.device_key(account);
        let access = self.access_signed_in(account, now).await?;
        let answer = self.inner.platform.show_own_face(&access, sealed, &device, now).await;
        drop(access);
        self.accepted_signed_in(answer).await?;
        acting.face_at = Some(now);
        Ok(())
    }

    pub(super) async fn biometric_record(self: &Arc<Self>) -> Result<Option<BiometricRecord>, Error> {
        self.vault(|vault| Ok(vault.find(Collection::Account, BIOMETRIC_KEY)?)).await
    }

    /// Face or finger count no more, as far as this phone knows.
    async fn forget_finger(self: &Arc<Self>) -> Result<(), Error> {
        self.inner.ports.secure_key.remove(BIOMETRIC_ALIAS).await?;
        self.vault(|vault| Ok(vault.remove(Collection::Account, BIOMETRIC_KEY).map(drop)?)).await
    }

    fn finger(&self, public: VerifyingKey) -> Finger {
        Finger(HardwareKey::new(&self.inner.ports.secure_key, BIOMETRIC_ALIAS, public))
    }

    /// A new key that takes face or finger. One that was registered before is gone with it, and so it counts no more.
    async fn make_finger(self: &Arc<Self>) -> Result<Finger, Error> {
        self.forget_finger().await?;
        let public = self.inner.ports.secure_key.generate(BIOMETRIC_ALIAS, KeyAccess::WithBiometrics).await?;
        Ok(self.finger(public))
    }
}

impl Order {
    fn has_code(&self) -> bool {
        matches!(self, Self::ChangePhone { .. } | Self::SetSecondPhone { .. } | Self::ConfirmPhone { .. })
    }
}

fn to_send<'a>(order: &'a Order, code: Option<&'a OneTimeCode>, made: Option<&'a Finger>) -> Option<Sent<'a>> {
    Some(match order {
        Order::ChangePhone { phone, .. } => Sent::ChangePhone { phone, code: code? },
        Order::SetSecondPhone { phone, .. } => Sent::SetSecondPhone { phone, code: code? },
        Order::ConfirmPhone { .. } => Sent::ConfirmPhone { code: code? },
        Order::SetPhrase { phrase } => Sent::SetPhrase { phrase },
        Order::NewLockCode => Sent::LockCode,
        Order::CountBiometrics { .. } => Sent::RegisterBiometricKey { key: made? },
        Order::StopBiometrics => Sent::RemoveBiometricKey,
        Order::SubmitUpdate { .. } => return None,
    })
}

/// A refusal after which the same order never succeeds: something else has to be typed, or it has to be ordered on another day.
fn is_final(code: Code) -> bool {
    [Code::CODE_WRONG, Code::CODE_EXPIRED, Code::CODE_TRIES_SPENT, Code::COOLING_OFF, Code::REQUEST_INVALID]
        .contains(&code)
}
