//! Acts that ask for more than a session: ordered, shown for step by step, carried out.

use eid_core::{ActOrder, ActOutcome, StepUp};

use crate::{EidError, LockCodeView, Unlocked, views::redacted};

redacted!(ActDraft, ActProgress);

/// What the citizen wants done.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Display)]
pub enum ActDraft {
    /// The number that a code was sent to becomes the account's (đổi số điện thoại).
    ChangePhone {
        /// The code from the text message.
        code: String,
    },
    /// The number that a code was sent to becomes the second one (số điện thoại thứ hai).
    SetSecondPhone {
        /// The code from the text message.
        code: String,
    },
    /// The number is still the holder's.
    ConfirmPhone {
        /// The code from the text message.
        code: String,
    },
    /// The phrase that stands in the platform's messages, and on this phone before the passcode is typed (câu nhận biết).
    SetPhrase {
        /// 3–40 letters and spaces.
        phrase: String,
    },
    /// Another lock code; the one before is good no more.
    NewLockCode,
    /// Face or finger count for acts: after a day, or at once if the holder's face is shown.
    CountBiometrics {
        /// Ask for the face, so that they count at once.
        at_once: bool,
    },
    /// Face or finger count no more.
    StopBiometrics,
    /// A change of a record goes to its authority ([`Unlocked::begin_update`]). The passcode is enough for most kinds, and needs no
    /// network.
    SubmitUpdate {
        /// Which change.
        update: String,
    },
}

impl From<ActDraft> for ActOrder {
    fn from(draft: ActDraft) -> Self {
        match draft {
            ActDraft::ChangePhone { code } => Self::ChangePhone { code },
            ActDraft::SetSecondPhone { code } => Self::SetSecondPhone { code },
            ActDraft::ConfirmPhone { code } => Self::ConfirmPhone { code },
            ActDraft::SetPhrase { phrase } => Self::SetPhrase { phrase },
            ActDraft::NewLockCode => Self::NewLockCode,
            ActDraft::CountBiometrics { at_once } => Self::CountBiometrics { at_once },
            ActDraft::StopBiometrics => Self::StopBiometrics,
            ActDraft::SubmitUpdate { update } => Self::SubmitUpdate { update },
        }
    }
}

/// What has yet to be shown before an act is carried out.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StepUpView {
    /// Names the order, for its answers.
    pub id: String,
    /// The act's name, as in the signed configuration: `change_phone`, say.
    pub act: String,
    /// The level that it asks for: 1 to 4 (Decree 69/2024 Art. 20).
    pub level: u32,
    /// Kinds of factors that have yet to be shown.
    pub missing: Vec<FactorKind>,
    /// What the citizen may show now, the least trouble first.
    pub choices: Vec<FactorChoice>,
    /// Until when what was shown counts; if nothing was, until when the order stands. Seconds since 1970.
    pub expires_at: i64,
}

/// The three kinds of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FactorKind {
    /// Something one has.
    Possessed,
    /// Something one knows.
    Known,
    /// Something one is.
    Biometric,
}

/// One way to show that it is the holder who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FactorChoice {
    /// `answer_with_passcode`.
    Passcode,
    /// `answer_with_biometrics`.
    Biometrics,
    /// `answer_with_face`.
    Face,
}

/// How far an ordered act is.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Display)]
pub enum ActProgress {
    /// More has to be shown.
    Missing {
        /// What.
        step: StepUpView,
    },
    /// It is done.
    Done,
    /// It is done, and there is a new lock code: show it, and ask to write it down. The phone does not keep it.
    NewLockCode {
        /// The code.
        code: LockCodeView,
    },
    /// It is done: face or finger count from this time on, in seconds since 1970.
    BiometricsCount {
        /// By the platform's clock.
        from: i64,
    },
    /// It is confirmed, and sent as soon as the platform can be reached: [`Unlocked::record_update`] says how far it is.
    Queued,
}

impl From<StepUp> for StepUpView {
    fn from(step: StepUp) -> Self {
        let StepUp { id, act, rule, missing, choices, expires_at } = step;
        Self {
            id,
            act: act.name().to_owned(),
            level: rule.level.number().into(),
            missing: missing.into_iter().map(Into::into).collect(),
            choices: choices.into_iter().map(Into::into).collect(),
            expires_at: expires_at.seconds(),
        }
    }
}

impl From<eid_model::FactorKind> for FactorKind {
    fn from(kind: eid_model::FactorKind) -> Self {
        match kind {
            eid_model::FactorKind::Possessed => Self::Possessed,
            eid_model::FactorKind::Known => Self::Known,
            eid_model::FactorKind::Biometric => Self::Biometric,
        }
    }
}

impl From<eid_core::Choice> for FactorChoice {
    fn from(choice: eid_core::Choice) -> Self {
        match choice {
            eid_core::Choice::Passcode => Self::Passcode,
            eid_core::Choice::Biometrics => Self::Biometrics,
            eid_core::Choice::Face => Self::Face,
        }
    }
}

impl From<eid_core::ActProgress> for ActProgress {
    fn from(progress: eid_core::ActProgress) -> Self {
        match progress {
            eid_core::ActProgress::Missing(step) => Self::Missing { step: step.into() },
            eid_core::ActProgress::Done(ActOutcome::Done) => Self::Done,
            eid_core::ActProgress::Done(ActOutcome::Queued) => Self::Queued,
            eid_core::ActProgress::Done(ActOutcome::LockCode(code)) => Self::NewLockCode { code: (&*code).into() },
            eid_core::ActProgress::Done(ActOutcome::BiometricsCount { from }) => {
                Self::BiometricsCount { from: from.seconds() }
            }
        }
    }
}

#[uniffi::export]
impl Unlocked {
    /// Orders an act; it takes the place of one that was ordered before and is not done. It is stored before this returns: an app
    /// that is killed goes on with `pending_act`. Asks nobody.
    ///
    /// # Errors
    /// `Invalid` 1031 for a phrase out of form; `AuthFailed` 2010 for a code that is not six digits; `Conflict` 7018 for one that was
    /// not asked for (`send_phone_code`). `Locked`, `Storage`.
    pub async fn order_act(&self, draft: ActDraft) -> Result<StepUpView, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.order_act(draft.into()).await?.into()) }).await
    }

    /// The act that was ordered and is not done; none after a day.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Device`.
    pub async fn pending_act(&self) -> Result<Option<StepUpView>, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.pending_act().await?.map(Into::into)) }).await
    }

    /// Gives an order up. Not an error if it is over already.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn cancel_act(&self, id: String) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.cancel_act(&id).await?) }).await
    }

    /// Shows the passcode for an order: six ASCII digits, which are consumed and wiped; it counts as a try, like any other. If nothing
    /// more is missing, the act is carried out. The same answer again gives what came of it, and does nothing. Runs to its end.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for the passcode; `Conflict` 1030 when the order is done, given up or replaced; what the
    /// platform refuses with: `AuthFailed` 2010, 2012 and `Expired` 2011 for a code (order again), `AuthFailed` 2059 with the wait on the
    /// first day after the account came to this phone. `Network`: the order stands. `Locked`, `Rejected`, `Device`, `Storage`.
    pub async fn answer_with_passcode(&self, id: String, passcode: Vec<u8>) -> Result<ActProgress, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.answer_with_passcode(&id, passcode).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// Shows face or finger to the phone, which asks for them; they sign this act and no other. An answer that comes too late gives
    /// what has to be shown anew. Runs to its end.
    ///
    /// # Errors
    /// `UserCancelled`: nothing was sent, and another choice remains. `AuthFailed` 2008 when they do not count, 2007 when the enrolled
    /// set has changed, 2047 when the platform does not know this phone's: show the face then. As `answer_with_passcode`.
    pub async fn answer_with_biometrics(&self, id: String) -> Result<ActProgress, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.answer_with_biometrics(&id).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// Shows the holder's face to the platform: a picture or short clip as in an activation, consumed and wiped. Runs to its end.
    ///
    /// # Errors
    /// `Invalid` 2044 for what is no picture; `AuthFailed` 2043 with the tries left, 2045 when they are spent for an hour. As
    /// `answer_with_passcode`.
    pub async fn answer_with_face(&self, id: String, picture: Vec<u8>) -> Result<ActProgress, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.answer_with_face(&id, picture).await?.into()) };
        self.session.call().run_to_end(work).await
    }
}
