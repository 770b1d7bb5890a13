//! How the citizen is reached, and the phrase by which true messages and the true app are known.

use eid_core::AskedPhoneCode;

use crate::{EidApp, EidError, Unlocked, call::Call, views::redacted};

redacted!(PhoneCodeDraft, AskedPhoneCodeView, ContactView);

/// What a one-time code to a phone number is asked for.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Display)]
pub enum PhoneCodeDraft {
    /// For another first number.
    Change {
        /// The new number.
        phone: String,
    },
    /// For a second number.
    Second {
        /// The second number.
        phone: String,
    },
    /// For a number that is still the holder's.
    Confirm {
        /// Which one.
        contact: ContactKind,
    },
}

/// The first number of an account, or the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ContactKind {
    /// The one that the register has.
    First,
    /// The one that its holder added.
    Second,
}

/// The code that was asked for last.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct AskedPhoneCodeView {
    /// The number that was typed; none for one of the account's own.
    pub phone: Option<String>,
    /// Until when the code is good, in seconds since 1970; none when it is not known whether it was sent: ask again.
    pub expires_at: Option<i64>,
}

/// A phone number of the account.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ContactView {
    /// Its last digits.
    pub hint: String,
    /// The first or the second.
    pub kind: ContactKind,
    /// When its holder last proved to have it: seconds since 1970.
    pub confirmed_at: i64,
    /// True if the citizen should be asked whether it is still his.
    pub is_due: bool,
}

impl From<ContactKind> for eid_core::ContactKind {
    fn from(kind: ContactKind) -> Self {
        match kind {
            ContactKind::First => Self::First,
            ContactKind::Second => Self::Second,
        }
    }
}

impl From<PhoneCodeDraft> for eid_core::PhoneCode {
    fn from(draft: PhoneCodeDraft) -> Self {
        match draft {
            PhoneCodeDraft::Change { phone } => Self::Change { phone },
            PhoneCodeDraft::Second { phone } => Self::Second { phone },
            PhoneCodeDraft::Confirm { contact } => Self::Confirm { contact: contact.into() },
        }
    }
}

impl From<AskedPhoneCode> for AskedPhoneCodeView {
    fn from(asked: AskedPhoneCode) -> Self {
        let AskedPhoneCode { phone, expires_at } = asked;
        Self { phone: phone.map(|phone| phone.as_str().to_owned()), expires_at: expires_at.map(|at| at.seconds()) }
    }
}

impl From<eid_core::ContactView> for ContactView {
    fn from(contact: eid_core::ContactView) -> Self {
        let eid_core::ContactView { hint, kind, confirmed_at, is_due } = contact;
        let kind = match kind {
            eid_core::ContactKind::First => ContactKind::First,
            eid_core::ContactKind::Second => ContactKind::Second,
        };
        Self { hint, kind, confirmed_at: confirmed_at.seconds(), is_due }
    }
}

#[uniffi::export]
impl Unlocked {
    /// Has a one-time code sent to a number; gives until when it is good, in seconds since 1970. The number is stored before the call,
    /// and the same again within a minute sends no other message. Runs to its end.
    ///
    /// # Errors
    /// `AuthFailed` 2056: sign in first; `Invalid` for a number out of form; `Network` 7015 when it was asked for too often. `Locked`,
    /// `Rejected`, `Device`, `Storage`.
    pub async fn send_phone_code(&self, draft: PhoneCodeDraft) -> Result<i64, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.send_phone_code(draft.into()).await?.seconds()) };
        self.session.call().run_to_end(work).await
    }

    /// The code that was asked for last and is not used yet.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn asked_phone_code(&self) -> Result<Option<AskedPhoneCodeView>, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.asked_phone_code().await?.map(Into::into)) }).await
    }

    /// The phone numbers of the account, as the platform told them at the last contact.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Device`.
    pub async fn contacts(&self) -> Result<Vec<ContactView>, EidError> {
        let core = self.session.core()?;
        let work = async move { Ok(core.contacts().await?.into_iter().map(ContactView::from).collect()) };
        self.session.call().run(work).await
    }
}

#[uniffi::export]
impl EidApp {
    /// The phrase that the citizen knows the true app by (câu nhận biết): show it before the passcode is typed. None if none was
    /// chosen. Works while the app is locked.
    ///
    /// # Errors
    /// `Device`, `Storage`.
    pub async fn safety_phrase(&self) -> Result<Option<String>, EidError> {
        let core = self.core.clone();
        let work = async move { Ok(core.safety_phrase().await?.map(|phrase| phrase.as_str().to_owned())) };
        Call::on(&self.engine).run(work).await
    }
}
