//! Consents: shown as an offer, given by an act of its own, withdrawn at any time.

use std::sync::Arc;

use eid_core::{ConsentAsk, ConsentState};
use eid_model::ConsentField;

use crate::{EidError, Language, Unlocked, views::redacted};

redacted!(ConsentDraft, ConsentOfferView, ConsentView);

/// What a recipient asks for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ConsentDraft {
    /// The purpose's code.
    pub purpose: String,
    /// The recipient's identifier: 1 to 64 of `a-z 0-9 . / -`.
    pub recipient_id: String,
    /// The recipient's name.
    pub recipient_name: String,
    /// Which fields, by name.
    pub fields: Vec<String>,
    /// For how many days; the purpose's longest term if none is given.
    #[uniffi(default = None)]
    pub days: Option<u32>,
    /// In which language it is shown.
    pub language: Language,
}

/// A field, and whether it is sensitive.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConsentFieldView {
    /// The field's name, as in the table of words.
    pub name: String,
    /// True for sensitive personal data (dữ liệu cá nhân nhạy cảm).
    pub is_sensitive: bool,
}

impl From<&ConsentField> for ConsentFieldView {
    fn from(field: &ConsentField) -> Self {
        Self { name: field.name().to_owned(), is_sensitive: field.is_sensitive() }
    }
}

/// What is shown before anybody agrees to anything.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ConsentOfferView {
    /// What is agreed to, in words.
    pub text: String,
    /// The words that say which data are sensitive: to be shown where there are any.
    pub sensitive_text: Option<String>,
    /// Which data; show all of them, none chosen.
    pub fields: Vec<ConsentFieldView>,
    /// Who would receive them.
    pub recipient_name: String,
    /// For how many days.
    pub days: u32,
    /// The version of the text.
    pub text_version: u32,
}

/// Whether a consent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ConsentStatus {
    /// It holds.
    Active,
    /// Its term is over.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// A consent that was given.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ConsentView {
    /// Names it.
    pub id: String,
    /// The purpose's code.
    pub purpose: String,
    /// The recipient's identifier.
    pub recipient_id: String,
    /// The recipient's name.
    pub recipient_name: String,
    /// Which data.
    pub fields: Vec<ConsentFieldView>,
    /// The version of the text that was shown.
    pub text_version: u32,
    /// When it was given: seconds since 1970.
    pub given_at: i64,
    /// When it ends by itself.
    pub expires_at: i64,
    /// When it was withdrawn.
    pub withdrawn_at: Option<i64>,
    /// Whether it holds now.
    pub status: ConsentStatus,
    /// True if the platform knows all of this.
    pub is_sent: bool,
}

impl From<eid_core::Consent> for ConsentView {
    fn from(consent: eid_core::Consent) -> Self {
        let eid_core::Consent {
            id,
            purpose,
            recipient,
            fields,
            text_version,
            language: _,
            given_at,
            expires_at,
            withdrawn_at,
            state,
            is_sent,
        } = consent;
        Self {
            id,
            purpose,
            recipient_id: recipient.id().to_owned(),
            recipient_name: recipient.name().to_owned(),
            fields: fields.iter().map(ConsentFieldView::from).collect(),
            text_version,
            given_at: given_at.seconds(),
            expires_at: expires_at.seconds(),
            withdrawn_at: withdrawn_at.map(|at| at.seconds()),
            status: match state {
                ConsentState::Active => ConsentStatus::Active,
                ConsentState::Expired => ConsentStatus::Expired,
                ConsentState::Withdrawn => ConsentStatus::Withdrawn,
            },
            is_sent,
        }
    }
}

/// An offer on the screen. It agrees to nothing: [`Unlocked::give_consent`] does.
#[derive(Debug, uniffi::Object)]
pub struct ConsentOffer {
    inner: eid_core::ConsentOffer,
}

#[uniffi::export]
impl ConsentOffer {
    /// What to show.
    pub fn view(&self) -> ConsentOfferView {
        ConsentOfferView {
            text: self.inner.text().to_owned(),
            sensitive_text: self.inner.sensitive_text().map(str::to_owned),
            fields: self.inner.fields().iter().map(ConsentFieldView::from).collect(),
            recipient_name: self.inner.recipient().name().to_owned(),
            days: self.inner.days(),
            text_version: self.inner.text_version(),
        }
    }
}

/// Most fields of a draft, and of an agreement; no purpose has more.
const MAX_FIELDS: usize = 32;

#[uniffi::export]
impl Unlocked {
    /// Makes what a recipient asks for into something to be shown. Changes nothing.
    ///
    /// # Errors
    /// `NotFound` 9006 for a purpose that is not known; `Invalid` 9002 for fields that it does not need, 9007 for the recipient,
    /// 9001 for no days; `Locked`.
    pub async fn offer_consent(&self, draft: ConsentDraft) -> Result<Arc<ConsentOffer>, EidError> {
        let ConsentDraft { purpose, recipient_id, recipient_name, mut fields, days, language } = draft;
        // One more than can be is as wrong as a million more.
        fields.truncate(MAX_FIELDS + 1);
        let language = language.into();
        let ask = ConsentAsk { purpose, recipient_id, recipient_name, fields, days, language };
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(Arc::new(ConsentOffer { inner: core.offer_consent(&ask)? })) }).await
    }

    /// Gives consent to exactly what was shown: `agreed` names all fields of the offer, and `told_sensitive` says that the
    /// citizen saw the words about sensitive data, where there are some. Call it for an act of the citizen only: nothing else is
    /// consent. The phone may ask for the holder's presence. Runs to its end; sent at the next [`Unlocked::refill`].
    ///
    /// # Errors
    /// `Invalid` 9002 or 9003, `Conflict` 9004, `Rejected` 9014, `UserCancelled`, `Device`, `Locked`, `Storage`: nothing is
    /// agreed to then.
    pub async fn give_consent(
        &self,
        offer: Arc<ConsentOffer>,
        mut agreed: Vec<String>,
        told_sensitive: bool,
    ) -> Result<ConsentView, EidError> {
        agreed.truncate(MAX_FIELDS + 1);
        let core = self.session.core()?;
        let work = async move { Ok(core.give_consent(&offer.inner, &agreed, told_sensitive).await?.into()) };
        self.session.call().run_to_end(work).await
    }

    /// The consents, in the order in which they were given; 500 at most.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn consents(&self) -> Result<Vec<ConsentView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.consents().await?.into_iter().map(ConsentView::from).collect()) };
        self.session.call().run(work).await
    }

    /// Withdraws a consent: it holds no more from here on, with or without a network. Runs to its end.
    ///
    /// # Errors
    /// `NotFound` 9005; `Locked`, `Storage`.
    pub async fn withdraw_consent(&self, id: String) -> Result<ConsentView, EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.withdraw_consent(&id).await?.into()) }).await
    }

    /// Tells the platform what it does not know yet, and takes over what was given on an earlier phone, which asks for
    /// [`Unlocked::sign_in`] before. Runs to its end.
    ///
    /// # Errors
    /// `AuthFailed` 2056 after all was sent; `Network`, `Rejected`, `Device`, `Locked`, `Storage`. What was not sent is sent the next time.
    pub async fn renew_consents(&self) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.renew_consents().await?) }).await
    }
}
