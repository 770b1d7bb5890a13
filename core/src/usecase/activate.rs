//! Activating level 2 on this phone (kích hoạt định danh mức độ 2) in steps: phone number, one-time code, card, face, passcode. In
//! the same steps a forgotten passcode is replaced, and one's own lock of the account lifted.
//!
//! Each step is stored before its call returns. A step that is done is not repeated, and one that the platform refused may be
//! tried again; when the platform knows the activation no more, it begins anew with what was typed.

mod bind;
mod lock_code;
mod pending;
mod renew;
mod set_up;

use std::sync::Arc;

use eid_crypto::Passcode;
use eid_model::{AccountState, PhoneNumber, Pid};
use eid_platform::{ActivationPurpose, OneTimeCode, PlatformError, Voucher};
use eid_vault::EnvelopeKind;
use tokio::sync::{OwnedMappedMutexGuard, OwnedMutexGuard};

pub use lock_code::LockCode;
pub(crate) use pending::Front;
pub use pending::{ActivationState, ActivationStep};
use pending::{Asked, Desk, Evidence, Pending, Unsent};

use crate::{
    EidApp, Error, Unlocked,
    app::Inner,
    record::StoredKey,
    task::to_end,
    usecase::{
        card::{CardAccess, CardProgress, CardRead, CardTask},
        face::FacePicture,
    },
};

/// An activation under way. Letting it go ends nothing: [`EidApp::resume_activation`] goes on with it, also after the app was
/// killed.
///
/// Steps wait for each other. A call that is dropped ends there, and may be repeated; only [`Self::complete`] runs to its end.
#[derive(Debug, Clone)]
pub struct Activation {
    inner: Arc<Inner>,
    serial: [u8; 16],
}

/// The desk of one activation, while a step is under way.
type Turn = OwnedMappedMutexGuard<Option<Desk>, Desk>;

impl EidApp {
    /// Starts an activation: the platform sends a one-time code to the phone number that the register has. One that was under
    /// way on this phone is over.
    ///
    /// After an error of the network the same again is one request for the platform: no second code is sent.
    ///
    /// # Errors
    /// [`Error::AlreadyActivated`], [`Error::Model`] for a malformed number, [`Error::Platform`]; [`Error::Key`], [`Error::Vault`].
    pub async fn start_activation(&self, pid: &str, phone: &str) -> Result<Activation, Error> {
        self.start(ActivationPurpose::Activate, pid, phone).await
    }

    /// Starts replacing a forgotten passcode (quên mật mã) on this phone, also after wrong tries have destroyed it: the same steps
    /// as an activation, with the same errors. Everything that the phone holds is kept.
    ///
    /// # Errors
    /// As [`Self::start_activation`]; [`Error::NotActivated`]; [`Error::RecoveryMissing`] on a phone that was activated before this
    /// was possible; [`Error::AccountStopped`] if another phone has the account now.
    pub async fn start_recovery(&self, pid: &str, phone: &str) -> Result<Activation, Error> {
        self.start(ActivationPurpose::Recover, pid, phone).await
    }

    /// Starts lifting one's own lock of an account (mở khóa tài khoản), on any phone, activated or not: the steps of an activation
    /// up to the face, and then [`Activation::lift_lock`].
    ///
    /// # Errors
    /// As [`Self::start_activation`], without [`Error::AlreadyActivated`].
    pub async fn start_account_unlock(&self, pid: &str, phone: &str) -> Result<Activation, Error> {
        self.start(ActivationPurpose::Unlock, pid, phone).await
    }

    async fn start(&self, purpose: ActivationPurpose, pid: &str, phone: &str) -> Result<Activation, Error> {
        let inner = Arc::clone(&self.inner);
        let device_key = inner.may_start(purpose).await?;
        let asked = Asked { purpose, pid: Pid::parse(pid)?, phone: PhoneNumber::parse(phone)?, device_key };
        let opened = to_end({
            let inner = Arc::clone(&inner);
            async move {
                let mut desk = Arc::clone(&inner.front.desk).lock_owned().await;
                *desk = Some(Desk::open(&inner, asked).await?);
                OwnedMutexGuard::try_map(desk, Option::as_mut).map_err(|_| Error::Internal)
            }
        });
        let mut turn = opened.await?;
        let activation = Activation { inner, serial: turn.pending.serial };
        match activation.ask_for_code(&mut turn).await {
            Err(error @ Error::Platform(PlatformError::Refused { .. })) => {
                drop(turn);
                activation.forget().await?;
                Err(error)
            }
            asked => asked.map(|()| activation),
        }
    }

    /// Where the activation stands that was begun on this phone and is not finished; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::ActivationLost`] for one that does not open any more: it is forgotten, and the citizen begins anew.
    /// [`Error::Key`], [`Error::Vault`].
    pub async fn pending_activation(&self) -> Result<Option<ActivationState>, Error> {
        Ok(self.resume_activation().await?.and_then(|_| self.inner.front.shown()))
    }

    /// The activation that was begun on this phone and is not finished, to go on with; `None` if there is none. Makes no network
    /// call.
    ///
    /// # Errors
    /// As [`Self::pending_activation`].
    pub async fn resume_activation(&self) -> Result<Option<Activation>, Error> {
        let inner = Arc::clone(&self.inner);
        to_end(async move {
            let mut desk = inner.front.desk.lock().await;
            inner.take_pending(&mut desk).await?;
            if let Some(found) = desk.as_ref()
                && inner.is_over(&found.pending).await?
            {
                // The app was killed when all was done.
                inner.forget_pending(&mut desk).await?;
            }
            Ok(desk.as_ref().map(|desk| Activation { inner: Arc::clone(&inner), serial: desk.pending.serial }))
        })
        .await
    }
}

impl Activation {
    /// Where it stands, as of the last step that ended. `None` when it is finished or another one was begun.
    pub fn state(&self) -> Option<ActivationState> {
        self.inner.front.shown()
    }

    /// How far the reading of the card is; `None` when no reading is under way. [`crate::ports::Event::CardProgress`] says when
    /// to ask.
    pub fn card_progress(&self) -> Option<CardProgress> {
        self.inner.front.progress()
    }

    /// Asks for a one-time code again, after the last one has expired or its tries are spent. While a request of this kind is
    /// unanswered it is the same request.
    ///
    /// # Errors
    /// [`Error::Platform`], [`Error::ActivationReplaced`], [`Error::Key`], [`Error::Vault`].
    pub async fn send_code(&self) -> Result<(), Error> {
        let mut desk = self.turn().await?;
        if desk.pending.step() != ActivationStep::Start {
            desk.begin_anew(&self.inner).await?;
        }
        self.ask_for_code(&mut desk).await
    }

    /// Sends the one-time code that the citizen typed. Once it was right, further calls do nothing.
    ///
    /// # Errors
    /// [`Error::Platform`]: wrong code with the tries left, late code, or no connection. [`Error::StepNotDue`] when a new code has
    /// to be asked for first.
    pub async fn confirm_code(&self, code: &str) -> Result<(), Error> {
        let code = OneTimeCode::parse(code)?;
        let mut desk = self.turn().await?;
        if desk.pending.challenge.is_some() {
            return Ok(());
        }
        let answer = self.inner.platform.confirm_code(&desk.id()?, &code).await;
        desk.pending.challenge = Some(desk.answered(&self.inner, answer).await?);
        desk.save(&self.inner).await
    }

    /// Reads the identity card, judges it and sends what was read to the platform. Waits for the card, also when it is lost on
    /// the way; the reading ends when this call is dropped. Once the platform took a card, further calls do nothing.
    ///
    /// What was read stays in memory until the platform has it: after an error of the network the same call sends it without
    /// another reading.
    ///
    /// # Errors
    /// [`Error::ChipLink`] without a reader or a card, [`Error::Chip`] for a card that cannot be read or is not genuine,
    /// [`Error::Card`] for another person's or an expired one, [`Error::Platform`]; [`Error::StepNotDue`].
    pub async fn read_card(&self, access: CardAccess) -> Result<(), Error> {
        let mut desk = self.turn().await?;
        if desk.pending.evidence.is_some() {
            return Ok(());
        }
        if desk.unsent.as_ref().is_none_or(|unsent| unsent.access != access) {
            desk.unsent = None;
            let configuration = self.inner.configuration().await?;
            let task = CardTask {
                access: access.clone(),
                challenge: desk.pending.challenge.as_ref().ok_or(Error::StepNotDue)?.chip_challenge,
                profile: desk.pending.profile.clone(),
                pid: desk.pending.pid,
                trust: self.inner.chip_trust(&configuration)?,
            };
            let CardRead { outcome, profile } = self.inner.read_card(task).await?;
            desk.pending.profile = profile;
            let (card, birth) = match outcome {
                Ok(read) => read,
                Err(error) => {
                    desk.save(&self.inner).await?;
                    return Err(error);
                }
            };
            desk.unsent = Some(Unsent { access, card, birth });
        }
        self.send_card(&mut desk).await
    }

    async fn send_card(&self, desk: &mut Desk) -> Result<(), Error> {
        let id = desk.id()?;
        let Some(unsent) = &desk.unsent else { return Err(Error::StepNotDue) };
        let (answer, birth) = (self.inner.platform.show_card(&id, &unsent.card).await, unsent.birth);
        if !answer.is_err_and(is_of_network) {
            desk.unsent = None;
        }
        desk.answered(&self.inner, answer).await?;
        desk.pending.evidence = Some(Evidence::Card(birth));
        desk.save(&self.inner).await
    }

    /// Sends a voucher (mã xác nhận) in place of the card: twelve characters that an office printed. Once the platform took a card
    /// or a voucher, further calls do nothing.
    ///
    /// # Errors
    /// [`Error::Platform`]: wrong with the tries left, expired, or no connection; [`Error::StepNotDue`].
    pub async fn use_voucher(&self, voucher: &str) -> Result<(), Error> {
        let voucher = Voucher::parse(voucher)?;
        let mut desk = self.turn().await?;
        if desk.pending.evidence.is_some() {
            return Ok(());
        }
        let answer = self.inner.platform.use_voucher(&desk.id()?, &voucher).await;
        desk.answered(&self.inner, answer).await?;
        desk.pending.evidence = Some(Evidence::Voucher);
        desk.save(&self.inner).await
    }

    /// Sends a picture or short clip of the citizen's face (JPEG, PNG, WebP or MP4, up to 2 MiB), sealed for the platform, which
    /// decides. The bytes are consumed and wiped. Once a face was taken, further calls do nothing.
    ///
    /// # Errors
    /// [`Error::FaceUnusable`], [`Error::Platform`]: not the same face with the tries left, or no connection; [`Error::StepNotDue`].
    pub async fn submit_face(&self, picture: Vec<u8>) -> Result<(), Error> {
        let face = FacePicture::parse(picture)?;
        let mut desk = self.turn().await?;
        if desk.pending.face {
            return Ok(());
        }
        let id = desk.id()?;
        let key = self.inner.configuration().await?.face_key;
        let answer = self.inner.platform.show_face(&id, face.seal(&self.inner, &key, id.as_str())?).await;
        desk.answered(&self.inner, answer).await?;
        desk.pending.face = true;
        desk.save(&self.inner).await
    }

    /// Binds this phone's key to the account, fetches the level-2 grant, and sets the passcode. The app is then unlocked, and the
    /// activation is over.
    ///
    /// A recovery sets the new passcode; its wrong tries are forgotten. On a phone that another one had superseded the passcode is
    /// the one that the phone has: it opens what is stored there, and counts as a try.
    ///
    /// # Errors
    /// For a recovery [`Error::RecoveryShareWrong`]; nothing is lost then. On a superseded phone what [`EidApp::unlock`] gives for
    /// the passcode; [`EidApp::reset`] is the way for somebody who has forgotten it.
    /// [`Error::Platform`] when the platform refuses level 2 or the grant is not valid; [`Error::Crypto`] for a passcode that is
    /// malformed or too easy to guess; [`Error::Key`]; [`Error::Vault`] when the phone's storage is full, say.
    pub async fn complete(&self, passcode: Vec<u8>) -> Result<Unlocked, Error> {
        let passcode = Passcode::parse(passcode)?;
        let this = self.clone();
        to_end(async move {
            // Before the device key is touched: a second activation must not break the one that is there.
            let inner = &this.inner;
            let entrance = Arc::clone(&inner.entrance).lock_owned().await;
            let mut turn = this.turn().await?;
            let (unlocked, lock_code) = match (turn.pending.purpose, inner.is_activated().await?) {
                (ActivationPurpose::Unlock, _) => return Err(Error::StepNotDue),
                (ActivationPurpose::Activate, false) => set_up::set_up(inner, &mut turn, passcode).await?,
                (ActivationPurpose::Activate, true) if inner.is_superseded().await? => {
                    renew::take_back(inner, &mut turn, passcode).await?
                }
                (ActivationPurpose::Activate, true) => return Err(Error::AlreadyActivated),
                (ActivationPurpose::Recover, true) => renew::recover(inner, &mut turn, passcode).await?,
                (ActivationPurpose::Recover, false) => return Err(Error::NotActivated),
            };
            drop(turn);
            // What is left of it opens nothing, and the next start removes it.
            let mut desk = inner.front.desk.lock().await;
            inner.forget_pending(&mut desk).await.ok();
            inner.front.hand_over(lock_code);
            drop(entrance);
            Ok(unlocked)
        })
        .await
    }

    /// Lifts the holder's own lock of the account, the last step of [`EidApp::start_account_unlock`], which is over then. A phone
    /// that has the account learns of it when it is next unlocked.
    ///
    /// # Errors
    /// [`Error::Platform`], among others when an authority has locked the account; [`Error::StepNotDue`].
    pub async fn lift_lock(&self) -> Result<(), Error> {
        let this = self.clone();
        to_end(async move {
            let inner = &this.inner;
            let mut turn = this.turn().await?;
            if turn.pending.step() != ActivationStep::Lock {
                return Err(Error::StepNotDue);
            }
            let answer = inner.platform.lift_lock(&turn.id()?).await;
            let state = turn.answered(inner, answer).await?;
            if state != AccountState::Active {
                return Err(Error::AccountStopped(state));
            }
            drop(turn);
            this.forget().await
        })
        .await
    }

    /// The lock code, once after [`Self::complete`] has succeeded: the screen shows it and asks the citizen to write it down. The
    /// phone does not keep it.
    pub fn lock_code(&self) -> Option<LockCode> {
        self.inner.front.take_lock_code()
    }

    async fn ask_for_code(&self, desk: &mut Desk) -> Result<(), Error> {
        let asked = &desk.pending;
        let (person, purpose) = ((&asked.pid, &asked.phone), asked.purpose);
        let answer = self.inner.platform.start_activation(person, purpose, &asked.idempotency_key).await;
        desk.pending.started = Some(desk.answered(&self.inner, answer).await?);
        desk.save(&self.inner).await
    }

    /// Forgets what nobody can go on with, unless another activation was begun meanwhile.
    async fn forget(&self) -> Result<(), Error> {
        let (inner, serial) = (Arc::clone(&self.inner), self.serial);
        to_end(async move {
            let mut desk = inner.front.desk.lock().await;
            if desk.as_ref().is_some_and(|desk| desk.pending.serial == serial) {
                inner.forget_pending(&mut desk).await?;
            }
            Ok(())
        })
        .await
    }

    /// The desk, when the step before has ended.
    async fn turn(&self) -> Result<Turn, Error> {
        let desk = Arc::clone(&self.inner.front.desk).lock_owned().await;
        let own =
            OwnedMutexGuard::try_map(desk, |desk| desk.as_mut().filter(|desk| desk.pending.serial == self.serial));
        match own {
            Ok(desk) => Ok(desk),
            Err(_) if self.inner.is_activated().await? => Err(Error::AlreadyActivated),
            Err(_) => Err(Error::ActivationReplaced),
        }
    }
}

impl Inner {
    /// Whether an activation for this purpose may begin on this phone, and the device key if it is the one that is there.
    async fn may_start(self: &Arc<Self>, purpose: ActivationPurpose) -> Result<Option<StoredKey>, Error> {
        let is_activated = self.is_activated().await?;
        match purpose {
            ActivationPurpose::Unlock => Ok(None),
            ActivationPurpose::Activate if is_activated && !self.is_superseded().await? => Err(Error::AlreadyActivated),
            ActivationPurpose::Activate => Ok(None),
            ActivationPurpose::Recover if !is_activated => Err(Error::NotActivated),
            ActivationPurpose::Recover => {
                let standing = self.load_standing().await?.ok_or(Error::RecoveryMissing)?;
                if standing.state == AccountState::Superseded {
                    return Err(Error::AccountStopped(standing.state));
                }
                renew::check_recovery(self).await?;
                Ok(Some(standing.device_key))
            }
        }
    }

    async fn is_superseded(self: &Arc<Self>) -> Result<bool, Error> {
        Ok(self.load_standing().await?.is_some_and(|standing| standing.state == AccountState::Superseded))
    }

    /// True for what nothing is left to do of.
    async fn is_over(self: &Arc<Self>, pending: &Pending) -> Result<bool, Error> {
        let is_activated = self.is_activated().await?;
        match pending.purpose {
            ActivationPurpose::Unlock => Ok(false),
            ActivationPurpose::Activate => Ok(is_activated && !self.is_superseded().await?),
            ActivationPurpose::Recover => {
                let given = pending.passcode_epoch;
                let in_force = |inner: &Self| Ok(inner.folder.load_envelope(EnvelopeKind::Passcode).ok().flatten());
                let in_force = self.blocking(in_force).await?.map(|envelope| envelope.epoch());
                Ok(!is_activated || (given.is_some() && in_force == given))
            }
        }
    }
}

/// True for an error after which the same may be sent again.
fn is_of_network(error: PlatformError) -> bool {
    matches!(
        error,
        PlatformError::Unreachable
            | PlatformError::Interrupted
            | PlatformError::Timeout
            | PlatformError::Untrusted
            | PlatformError::Busy { .. }
            | PlatformError::Nonsense(_)
    )
}
