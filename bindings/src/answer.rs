//! A counter asks, the citizen answers.

use std::sync::Arc;

use eid_core::{CounterAnswer, Paper};
use eid_model::Code;
use eid_proof::{CounterCode, QrSymbol};

use crate::{
    EidError, FactorKind, Presentation, Purpose, QrView, Unlocked,
    views::{claims_named, redacted},
};

/// Longest text of a code that is looked at; a counter's code is shorter.
const MAX_TEXT: usize = 8 * 1024;

redacted!(CounterAskView, AnswerDraft, PaperView);

/// Who asks, and what for: what the screen shows before anything is answered.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct CounterAskView {
    /// The counter's identifier, `rp/…`.
    pub counter: String,
    /// Its registered name.
    pub name: String,
    /// Who registered it.
    pub registrar: String,
    /// What it asks for; of a printed code all that it may ask for, for the citizen to choose.
    pub purposes: Vec<Purpose>,
    /// True if it asks for the photo; never for a printed code.
    pub photo: bool,
    /// Which claims it asks for, by name, for [`Purpose::Flex`] only.
    pub claims: Vec<String>,
    /// What for, in the counter's words; a printed code says nothing.
    pub reason: Option<String>,
    /// Until when it takes an answer, by the counter's clock: seconds since 1970; a printed code has no end but its
    /// registration's.
    pub expires_at: i64,
    /// When the list was made by which it was not withdrawn; none if this phone has no list that speaks of it: say so.
    pub checked_as_of: Option<i64>,
    /// The host that takes the answer over the network, too, by [`crate::Presentation::send`]; the counter learns the phone's network
    /// address by that. None: show the code.
    pub answer_host: Option<String>,
}

/// What the citizen lets the counter see: never more than it asked for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct AnswerDraft {
    /// One of [`CounterAskView::purposes`].
    pub purpose: Purpose,
    /// Show the photo.
    #[uniffi(default = false)]
    pub photo: bool,
    /// Which of the claims asked for to show, for [`Purpose::Flex`] only.
    #[uniffi(default = [])]
    pub claims: Vec<String>,
    /// As in [`crate::PresentDraft`].
    #[uniffi(default = false)]
    pub allow_reuse: bool,
}

impl TryFrom<AnswerDraft> for CounterAnswer {
    type Error = EidError;

    fn try_from(draft: AnswerDraft) -> Result<Self, EidError> {
        let AnswerDraft { purpose, photo, claims, allow_reuse } = draft;
        Ok(Self { purpose: purpose.into(), photo, claims: claims_named(&claims)?, allow_reuse })
    }
}

/// A credential to print: for a day without the phone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PaperView {
    /// The text of the code.
    pub text: String,
    /// The code itself.
    pub qr: QrView,
    /// When counters stop taking it: seconds since 1970.
    pub valid_until: i64,
}

/// A counter's code that was checked. It answers nothing: [`Unlocked::answer_counter`] does.
#[derive(Debug, uniffi::Object)]
pub struct CounterAsk {
    inner: eid_core::CounterAsk,
}

#[uniffi::export]
impl CounterAsk {
    /// What to show.
    pub fn view(&self) -> CounterAskView {
        let (code, registration) = (self.inner.code(), self.inner.code().registration());
        let view = CounterAskView {
            counter: registration.counter().to_owned(),
            name: registration.name().to_owned(),
            registrar: registration.registrar().to_owned(),
            purposes: registration.allowed().iter().map(|purpose| (*purpose).into()).collect(),
            photo: false,
            claims: Vec::new(),
            reason: None,
            expires_at: registration.expires_at().seconds(),
            checked_as_of: self.inner.checked_as_of().map(|at| at.seconds()),
            answer_host: self.inner.answer_host().map(str::to_owned),
        };
        match code {
            CounterCode::Poster(_) => view,
            CounterCode::Request(request) => {
                let asked = request.asked();
                CounterAskView {
                    purposes: vec![asked.purpose.into()],
                    photo: asked.photo,
                    claims: asked.claims.iter().map(|claim| claim.name().to_owned()).collect(),
                    reason: Some(asked.reason.clone()),
                    expires_at: request.expires_at().seconds(),
                    ..view
                }
            }
        }
    }
}

#[uniffi::export]
impl Unlocked {
    /// Reads a counter's code, from a screen or printed, and checks who asks, for what and when; makes no network call.
    ///
    /// # Errors
    /// `Invalid` 5110: no counter's code. `Rejected` 5111, 5113, 5114, 5116 or `Expired` 5112, 5115: not to be answered; the text
    /// of the code says why, and the history notes it. `Locked`, `Storage`.
    pub async fn read_counter_code(&self, text: String) -> Result<Arc<CounterAsk>, EidError> {
        if text.len() > MAX_TEXT {
            return Err(EidError::of(Code::COUNTER_CODE_UNREADABLE));
        }
        let core = self.session.core()?;
        let work = async move { Ok(Arc::new(CounterAsk { inner: core.read_counter_code(&text).await? })) };
        self.session.call().run(work).await
    }

    /// What the citizen has yet to show before an answer: nothing as a rule, shortly after unlocking. `Known` is shown by
    /// [`Unlocked::confirm_passcode`], `Biometric` by unlocking with face or finger.
    ///
    /// # Errors
    /// `Locked`.
    pub async fn missing_for_answer(&self) -> Result<Vec<FactorKind>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.missing_for_answer()?.into_iter().map(Into::into).collect()) };
        self.session.call().run(work).await
    }

    /// Shows the passcode once more: six ASCII digits, which are consumed and wiped. A try like any other. Runs to its end.
    ///
    /// # Errors
    /// What [`crate::EidApp::unlock`] gives for it; `Locked`.
    pub async fn confirm_passcode(&self, passcode: Vec<u8>) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.confirm_passcode(passcode).await?) }).await
    }

    /// Takes a credential for a paper, with the photo or without. Whoever holds the paper can show it, so counters say of it that
    /// its holder is not proven: say so before. Makes no network call; runs to its end.
    ///
    /// # Errors
    /// As [`Unlocked::present`]; `Invalid` 5104 for [`Purpose::Flex`].
    pub async fn print_paper(&self, purpose: Purpose, photo: bool) -> Result<PaperView, EidError> {
        let core = self.session.core()?;
        let work = async move {
            let Paper { text, valid_until } = core.print_paper(purpose.into(), photo).await?;
            let symbol = QrSymbol::encode(&text).map_err(|error| EidError::of(error.code()))?;
            Ok(PaperView { qr: QrView::from(&symbol), valid_until: valid_until.seconds(), text })
        };
        self.session.call().run_to_end(work).await
    }

    /// Answers: takes a credential and writes the history entry; makes no network call. The proof is good for this counter
    /// alone, and for a request for it alone. Runs to its end.
    ///
    /// # Errors
    /// `Invalid` 5117 for more than was asked; `AuthFailed` 2056 if something is missing; `Expired` 5115 once the request is too
    /// old; otherwise as [`Unlocked::present`].
    pub async fn answer_counter(
        &self,
        ask: Arc<CounterAsk>,
        draft: AnswerDraft,
    ) -> Result<Arc<Presentation>, EidError> {
        let answer = CounterAnswer::try_from(draft)?;
        let core = self.session.core()?;
        let work = async move { Ok(core.answer_counter(&ask.inner, answer).await?) };
        let shown = self.session.call().run_to_end(work).await?;
        self.session.show(shown)
    }
}
