//! Where an activation, a recovery or the lifting of a lock stands. Sealed on the phone before each call that must be repeatable, and after each answer, before a step
//! returns: the app may be killed at any point and goes on where it was.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eid_chip::reader::ChipProfile;
use eid_crypto::{VerifyingKey, random};
use eid_model::{Code, PartialDate, PhoneNumber, Pid, UnixTime};
use eid_platform::{ActivationId, ActivationPurpose, ActivationStarted, CardUpload, DeviceChallenge, PlatformError};
use eid_vault::{PENDING_ALIAS, PendingSeal, VaultError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::LockCode;
use crate::{
    Error,
    app::Inner,
    ports::{KeyAccess, SecureKeyError},
    record::StoredKey,
    usecase::card::{CardAccess, CardProgress},
};

/// Where an activation stands, for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationState {
    /// What it is for.
    pub purpose: ActivationPurpose,
    /// The personal number that was typed.
    pub pid: Pid,
    /// The phone number that was typed.
    pub phone: PhoneNumber,
    /// What is due.
    pub step: ActivationStep,
    /// Until when the one-time code is good, once it was sent.
    pub code_expires_at: Option<UnixTime>,
    /// Until when the other steps have to be done, once the code was right.
    pub expires_at: Option<UnixTime>,
    /// Tries that the platform leaves for what is due, where it said so.
    pub tries_left: Option<u8>,
}

/// A step of an activation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActivationStep {
    /// A one-time code has to be asked for, again: [`crate::Activation::send_code`].
    Start,
    /// The one-time code: [`crate::Activation::confirm_code`].
    Code,
    /// The card, or a voucher in its place: [`crate::Activation::read_card`], [`crate::Activation::use_voucher`].
    Card,
    /// The face: [`crate::Activation::submit_face`].
    Face,
    /// The passcode: [`crate::Activation::complete`].
    Passcode,
    /// The account's lock, in place of a passcode: [`crate::Activation::lift_lock`].
    Lock,
}

/// What the phone keeps of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Tells the activations of this phone apart.
    pub(crate) serial: [u8; 16],
    #[serde(default)]
    pub(crate) purpose: ActivationPurpose,
    pub(crate) pid: Pid,
    pub(crate) phone: PhoneNumber,
    pub(crate) idempotency_key: [u8; 16],
    pub(crate) started: Option<ActivationStarted>,
    pub(crate) challenge: Option<DeviceChallenge>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) face: bool,
    pub(crate) tries_left: Option<u8>,
    /// The key is made once: repeating the binding with another one would be refused. For a recovery it is the one that is there.
    pub(crate) device_key: Option<StoredKey>,
    /// The number that the platform gave to the new passcode of a recovery. When this phone's has it, all is done.
    #[serde(default)]
    pub(crate) passcode_epoch: Option<u32>,
    pub(crate) profile: ChipProfile,
}

/// What an activation begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) purpose: ActivationPurpose,
    pub(crate) pid: Pid,
    pub(crate) phone: PhoneNumber,
    /// The key that is bound already.
    pub(crate) device_key: Option<StoredKey>,
}

/// What the platform took in the step of the card.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Evidence {
    /// A card; the birth date on it must not become the passcode.
    Card(Option<PartialDate>),
    Voucher,
}

/// The activation of this phone, while the app runs.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) pending: Pending,
    seal: PendingSeal,
    /// A card that was read but not taken by the platform yet: never on disk.
    pub(crate) unsent: Option<Unsent>,
}

/// A card that was read and judged.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) access: CardAccess,
    pub(crate) card: CardUpload,
    pub(crate) birth: Option<PartialDate>,
}

/// The one activation that a phone can have, and what may be asked of it while a step is under way.
#[derive(Debug, Default)]
pub(crate) struct Front {
    pub(crate) desk: Arc<tokio::sync::Mutex<Option<Desk>>>,
    shown: Mutex<Option<ActivationState>>,
    progress: Mutex<Option<CardProgress>>,
    lock_code: Mutex<Option<LockCode>>,
}

impl Pending {
    fn new(asked: Asked, serial: [u8; 16], idempotency_key: [u8; 16]) -> Self {
        let Asked { purpose, pid, phone, device_key } = asked;
        Self {
            serial,
            purpose,
            pid,
            phone,
            idempotency_key,
            started: None,
            challenge: None,
            evidence: None,
            face: false,
            tries_left: None,
            device_key,
            passcode_epoch: None,
            profile: ChipProfile::default(),
        }
    }

    pub(crate) fn step(&self) -> ActivationStep {
        match self {
            Self { started: None, .. } => ActivationStep::Start,
            Self { challenge: None, .. } => ActivationStep::Code,
            Self { evidence: None, .. } => ActivationStep::Card,
            Self { face: false, .. } => ActivationStep::Face,
            Self { purpose: ActivationPurpose::Unlock, .. } => ActivationStep::Lock,
            _ => ActivationStep::Passcode,
        }
    }

    fn state(&self) -> ActivationState {
        ActivationState {
            purpose: self.purpose,
            pid: self.pid,
            phone: self.phone,
            step: self.step(),
            code_expires_at: self.started.as_ref().map(|started| started.code_expires_at),
            expires_at: self.challenge.as_ref().map(|challenge| challenge.expires_at),
            tries_left: self.tries_left,
        }
    }

    /// Forgets what the platform knows of it no more; what was typed stays, and so does what was learnt about the chip.
    fn begin_anew(&mut self, idempotency_key: [u8; 16]) {
        let profile = self.profile.clone();
        let device_key = self.device_key.filter(|_| self.purpose == ActivationPurpose::Recover);
        let asked = Asked { purpose: self.purpose, pid: self.pid, phone: self.phone, device_key };
        *self = Self { profile, ..Self::new(asked, self.serial, idempotency_key) };
    }
}

impl Desk {
    /// A desk for what was typed. If that was asked for before and no answer came, the platform is to see the same request.
    pub(crate) async fn open(inner: &Arc<Inner>, asked: Asked) -> Result<Self, Error> {
        let rng = &*inner.ports.random;
        let mut pending = Pending::new(asked, random(rng)?, random(rng)?);
        if let Ok(Some(before)) = Self::load(inner).await {
            let earlier = &before.pending;
            let same = |asked: &Pending| (asked.purpose, asked.pid, asked.phone);
            if same(earlier) == same(&pending) && earlier.started.is_none() {
                pending.idempotency_key = earlier.idempotency_key;
            }
            pending.profile = before.pending.profile;
        }
        let question = PendingSeal::make_question(rng)?;
        inner.ports.secure_key.make_secret(PENDING_ALIAS, KeyAccess::WhileUnlocked).await?;
        let desk = Self { pending, seal: inner.pending_seal(question).await?, unsent: None };
        desk.save(inner).await?;
        Ok(desk)
    }

    /// What is stored.
    ///
    /// # Errors
    /// [`Error::ActivationLost`] for what does not open any more.
    pub(crate) async fn load(inner: &Arc<Inner>) -> Result<Option<Self>, Error> {
        let Some(file) = inner.blocking(|inner| Ok(inner.folder.load_pending()?)).await? else { return Ok(None) };
        let question = PendingSeal::question(&file).map_err(|_| Error::ActivationLost)?;
        let seal = inner.pending_seal(question).await.map_err(|error| match error {
            Error::Key(SecureKeyError::Invalidated) => Error::ActivationLost,
            other => other,
        })?;
        let content = seal.open(&file).map_err(|_| Error::ActivationLost)?;
        let pending = serde_json::from_slice(&content).map_err(|_| Error::ActivationLost)?;
        Ok(Some(Self { pending, seal, unsent: None }))
    }

    pub(crate) async fn save(&self, inner: &Arc<Inner>) -> Result<(), Error> {
        let content = Zeroizing::new(serde_json::to_vec(&self.pending).map_err(|_| VaultError::Unencodable)?);
        let file = self.seal.seal(&*inner.ports.random, &content)?;
        inner.blocking(move |inner| Ok(inner.folder.store_pending(&file)?)).await?;
        inner.front.show(&self.pending);
        Ok(())
    }

    /// Takes the platform's answer to a step. After a refusal it is stored what that leaves: the tries, or nothing but what was
    /// typed.
    pub(crate) async fn answered<T>(
        &mut self,
        inner: &Arc<Inner>,
        answer: Result<T, PlatformError>,
    ) -> Result<T, Error> {
        let error = match answer {
            Ok(answer) => {
                self.pending.tries_left = None;
                return Ok(answer);
            }
            Err(error) => error,
        };
        let over = [
            Code::ACTIVATION_UNKNOWN,
            Code::CODE_EXPIRED,
            Code::CODE_TRIES_SPENT,
            Code::FACE_TRIES_SPENT,
            Code::KEY_INVALIDATED,
        ];
        if over.contains(&error.code()) {
            self.begin_anew(inner).await?;
        } else if let PlatformError::Refused { tries_left: Some(tries_left), .. } = error {
            self.pending.tries_left = Some(tries_left);
            self.save(inner).await?;
        }
        Err(error.into())
    }

    /// Back to the start, with what was typed.
    pub(crate) async fn begin_anew(&mut self, inner: &Arc<Inner>) -> Result<(), Error> {
        self.pending.begin_anew(random(&*inner.ports.random)?);
        self.unsent = None;
        self.save(inner).await
    }

    /// The activation's name at the platform.
    pub(crate) fn id(&self) -> Result<ActivationId, Error> {
        Ok(self.pending.started.as_ref().ok_or(Error::StepNotDue)?.activation_id.clone())
    }

    pub(crate) fn device_key(&self) -> Option<VerifyingKey> {
        self.pending.device_key.as_ref().map(|key| key.0)
    }
}

impl Front {
    fn show(&self, pending: &Pending) {
        *lock(&self.shown) = Some(pending.state());
    }

    pub(crate) fn shown(&self) -> Option<ActivationState> {
        lock(&self.shown).clone()
    }

    pub(crate) fn progress(&self) -> Option<CardProgress> {
        *lock(&self.progress)
    }

    /// Says how far the reading is; true if that is news.
    pub(crate) fn set_progress(&self, progress: Option<CardProgress>) -> bool {
        core::mem::replace(&mut *lock(&self.progress), progress) != progress
    }

    pub(crate) fn hand_over(&self, code: LockCode) {
        *lock(&self.lock_code) = Some(code);
    }

    pub(crate) fn take_lock_code(&self) -> Option<LockCode> {
        lock(&self.lock_code).take()
    }

    fn clear(&self) {
        *lock(&self.shown) = None;
        *lock(&self.progress) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    async fn pending_seal(self: &Arc<Self>, question: [u8; 32]) -> Result<PendingSeal, Error> {
        let answer = self.derive(PENDING_ALIAS, &PendingSeal::input(&question)?).await?;
        self.blocking(move |inner| Ok(PendingSeal::new(question, &answer, &inner.binding()?)?)).await
    }

    /// Forgets the activation; the key first, so that what is left opens nothing. The caller holds the desk.
    pub(crate) async fn forget_pending(self: &Arc<Self>, desk: &mut Option<Desk>) -> Result<(), Error> {
        *desk = None;
        self.front.clear();
        self.ports.secure_key.remove(PENDING_ALIAS).await?;
        self.blocking(|inner| Ok(inner.folder.remove_pending()?)).await
    }

    /// Takes what is stored to the desk, unless an activation lies there already. What does not open any more is forgotten, so
    /// that nobody is stuck with it. On an activated phone that is what a kill left of one that was over.
    pub(crate) async fn take_pending(self: &Arc<Self>, desk: &mut Option<Desk>) -> Result<(), Error> {
        if desk.is_some() {
            return Ok(());
        }
        match Desk::load(self).await {
            Ok(Some(found)) => {
                self.front.show(&found.pending);
                *desk = Some(found);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Error::ActivationLost) => {
                self.forget_pending(desk).await?;
                if self.is_activated().await? { Ok(()) } else { Err(Error::ActivationLost) }
            }
            Err(other) => Err(other),
        }
    }
}
