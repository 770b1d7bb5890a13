//! Answering a counter (trả lời yêu cầu của quầy): who asks, what for, and a proof for that counter alone. All of it offline;
//! [`Presentation::send`] is the other way to hand it over.

use eid_crypto::Passcode;
use eid_model::{Code, Evidence, Factor, FactorKind, GuardedAct, UnixTime};
use eid_proof::{Audience, Claim, CounterCode, Purpose, StatusSnapshot};
use eid_vault::{Act, Collection, HistoryEntry};

use std::sync::Arc;

use crate::{
    EidApp, Error, PresentRequest, Presentation, Unlocked,
    record::{COUNTER_LISTS, StoredCounterLists},
    session::Session,
    task::to_end,
    usecase::send::Delivery,
};

/// A counter's code that was checked: who asks is registered, may ask for this, and asks now.
#[derive(Debug, Clone)]
pub struct CounterAsk {
    code: CounterCode,
    checked_as_of: Option<UnixTime>,
}

impl CounterAsk {
    /// What was scanned: a request, or a counter's printed code that says who it is.
    pub fn code(&self) -> &CounterCode {
        &self.code
    }

    /// When the list was made by which the counter's registration was not withdrawn; `None` if this phone has no list that
    /// speaks of it. The screen says so.
    pub fn checked_as_of(&self) -> Option<UnixTime> {
        self.checked_as_of
    }

    /// The host that takes the answer over the network, if the counter has that: the one it is registered with.
    pub fn answer_host(&self) -> Option<&str> {
        self.answer_to().and_then(|_| self.code.registration().host())
    }

    /// The address that takes the answer.
    pub(crate) fn answer_to(&self) -> Option<&str> {
        match &self.code {
            CounterCode::Request(request) => request.asked().answer_to.as_deref(),
            CounterCode::Poster(_) => None,
        }
    }

    /// How the history names the counter: its name for people, and the one that no other has.
    pub(crate) fn counterpart(&self) -> String {
        let registration = self.code.registration();
        format!("{} ({})", registration.name(), registration.counter())
    }
}

/// What the citizen lets a counter see, after being shown who asks and what for: never more than was asked.
#[derive(Debug, Clone)]
pub struct CounterAnswer {
    /// Which proof; of use for a printed code, which asks for none in particular. Of a request it is the one asked for.
    pub purpose: Purpose,
    /// Show the photo.
    pub photo: bool,
    /// Which of the claims asked for to show, for [`Purpose::Flex`] only.
    pub claims: Vec<Claim>,
    /// As in [`PresentRequest::allow_reuse`].
    pub allow_reuse: bool,
}

impl Unlocked {
    /// Reads the text of a counter's code and checks all of it, by what this phone knows: no network call. Whoever is refused
    /// stands in the history, unless the code is none.
    ///
    /// # Errors
    /// [`Error::Proof`]: no counter's code, or one that must not be answered, with the reason; [`Error::Vault`],
    /// [`Error::Locked`].
    pub async fn read_counter_code(&self, text: &str) -> Result<CounterAsk, Error> {
        let session = self.session()?;
        let code = CounterCode::read(text)?;
        let checked = session.check_counter(&code).await;
        let ask = CounterAsk { checked_as_of: checked.as_ref().ok().copied().flatten(), code };
        if let Err(error @ Error::Proof(_)) = &checked {
            session.note_refused_counter(&ask, error.code()).await?;
        }
        checked.map(|_| ask)
    }

    /// What the citizen has yet to show to this phone before a counter is answered, by the signed configuration; nothing as a
    /// rule, shortly after unlocking. [`FactorKind::Known`] is shown by [`Self::confirm_passcode`], [`FactorKind::Biometric`] by
    /// [`EidApp::unlock_with_biometrics`].
    ///
    /// # Errors
    /// [`Error::Clock`], [`Error::Locked`].
    pub fn missing_for_answer(&self) -> Result<Vec<FactorKind>, Error> {
        self.session()?.missing_for_answer()
    }

    /// Shows the passcode to this phone once more: six ASCII digits, wiped here. It counts as a try, like any other. Asks nobody
    /// else. Runs to its end.
    ///
    /// # Errors
    /// What [`EidApp::unlock`] gives for the passcode; [`Error::Locked`].
    pub async fn confirm_passcode(&self, passcode: Vec<u8>) -> Result<(), Error> {
        let (session, passcode) = (self.session()?, Arc::new(Passcode::parse(passcode)?));
        to_end(async move {
            let _entrance = session.inner.entrance.lock().await;
            let entered = session.inner.enter(passcode).await?;
            entered.tried.right(None).await.ok();
            session.note_shown(Factor::Passcode)
        })
        .await
    }

    /// Takes a credential for the answer and writes the history entry, as [`Self::present_identity`]. The proof is for this
    /// counter alone, and for a request for this request alone. Makes no network call; runs to its end. It can then be shown as a
    /// code, or sent ([`Presentation::send`]) where [`CounterAsk::answer_host`] says so.
    ///
    /// # Errors
    /// [`Error::AnswerBeyondRequest`] for more than was asked; [`Error::SignInNeeded`] if [`Self::missing_for_answer`] says so;
    /// [`Error::Proof`] if the request has grown too old meanwhile; otherwise as [`Self::present_identity`].
    pub async fn answer_counter(&self, ask: &CounterAsk, answer: CounterAnswer) -> Result<Presentation, Error> {
        let session = self.session()?;
        let request = within(&ask.code, answer)?;
        session.check_counter(&ask.code).await?;
        if !session.missing_for_answer()?.is_empty() {
            return Err(Error::SignInNeeded);
        }
        let spelling = match &ask.code {
            CounterCode::Request(request) => request.asked().spelling,
            CounterCode::Poster(_) => None,
        };
        let mut shown = self.show(request, ask.counterpart(), spelling.unwrap_or_default()).await?;
        shown.delivery = ask.answer_to().map(|_| Delivery::new(ask.clone()));
        Ok(shown)
    }
}

/// The showing that answers, if it is no more than what was asked.
fn within(code: &CounterCode, answer: CounterAnswer) -> Result<PresentRequest, Error> {
    let CounterAnswer { purpose, photo, claims, allow_reuse } = answer;
    let (fits, challenge) = match code {
        CounterCode::Poster(registration) => (registration.allowed().contains(&purpose), None),
        CounterCode::Request(request) => {
            let asked = request.asked();
            let all = claims.iter().all(|claim| asked.claims.contains(claim));
            (asked.purpose == purpose && (asked.photo || !photo) && all, Some(request.nonce().to_vec()))
        }
    };
    if !fits {
        return Err(Error::AnswerBeyondRequest);
    }
    let audience = Audience::Counter(code.registration().counter().to_owned());
    Ok(PresentRequest { purpose, audience, challenge, photo, claims, allow_reuse })
}

impl Session {
    pub(crate) async fn check_counter(self: &Arc<Self>, code: &CounterCode) -> Result<Option<UnixTime>, Error> {
        let trust = self.trust_list().await?;
        let stored = self.vault(|vault| {
            let lists: Option<StoredCounterLists> = vault.find(Collection::TrustData, COUNTER_LISTS)?;
            Ok(lists)
        });
        let lists = stored.await?.and_then(|lists| StatusSnapshot::parse(&lists.0, &trust).ok());
        Ok(code.check(&trust, lists.as_ref(), self.inner.now()?)?)
    }

    fn missing_for_answer(&self) -> Result<Vec<FactorKind>, Error> {
        let now = self.inner.now()?;
        let policy = EidApp { inner: Arc::clone(&self.inner) }.auth_policy();
        // The credential's key signs each proof anew.
        let mut shown = vec![Evidence { factor: Factor::DeviceKey, at: now }];
        shown.extend(self.shown_here());
        Ok(policy.missing_factors(GuardedAct::ShowProof, &shown, now))
    }

    async fn note_refused_counter(self: &Arc<Self>, ask: &CounterAsk, code: Code) -> Result<(), Error> {
        let purpose = match &ask.code {
            CounterCode::Request(request) => request.asked().purpose.name(),
            CounterCode::Poster(_) => "",
        };
        let entry = HistoryEntry {
            at: self.inner.now()?.seconds(),
            act: Act::Presented,
            counterpart: ask.counterpart(),
            fields: Vec::new(),
            purpose: purpose.to_owned(),
            result: Some(code),
        };
        self.note_refusal(entry).await;
        Ok(())
    }
}
