//! How the citizen is reached: phone numbers and the codes that prove them, "is this still yours?", and the phrase by which true
//! messages and the true app are known (domain F9, F13).

use std::sync::Arc;

use eid_model::{PhoneNumber, SafetyPhrase, UnixTime};
use eid_platform::{Contact, ContactKind, DeviceState, PhoneCodeUse};
use eid_vault::{Collection, PHRASE_ALIAS, PhraseSeal};
use serde::{Deserialize, Serialize};

use crate::{EidApp, Error, Unlocked, app::Inner, ports::KeyAccess, session::Session, task::to_end};

/// Key of [`AskedCode`], in the account's collection.
pub(crate) const PHONE_CODE: &str = "phone-code";

/// Key of [`Told`], in the account's collection.
const TOLD: &str = "contacts";

/// After so many seconds the citizen is asked whether a number is still his: half a year.
const CONFIRM_AFTER_S: i64 = 180 * 86_400;

/// What a one-time code to a phone number is asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum PhoneCode {
    /// For [`crate::ActOrder::ChangePhone`].
    Change {
        /// The new number.
        phone: String,
    },
    /// For [`crate::ActOrder::SetSecondPhone`].
    Second {
        /// The second number.
        phone: String,
    },
    /// For [`crate::ActOrder::ConfirmPhone`].
    Confirm {
        /// Which number.
        contact: ContactKind,
    },
}

impl core::fmt::Debug for PhoneCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PhoneCode(…)")
    }
}

/// The code that was asked for last, as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPhoneCode {
    /// The number that was typed; `None` for one of the account's own.
    pub phone: Option<PhoneNumber>,
    /// Until when the code is good, by the platform's clock; `None` when it is not known whether it was sent: ask again.
    pub expires_at: Option<UnixTime>,
}

/// A phone number of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactView {
    /// Its last digits.
    pub hint: String,
    /// The first or the second.
    pub kind: ContactKind,
    /// When its holder last proved to have it.
    pub confirmed_at: UnixTime,
    /// True if the citizen should be asked whether it is still his.
    pub is_due: bool,
}

/// A code that was asked for, in the store before the platform hears of it: nothing is typed twice.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AskedCode {
    pub(crate) what_for: CodeFor,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) expires_at: Option<UnixTime>,
}

/// What a code is for, without the number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CodeFor {
    Change,
    Second,
    Confirm,
}

/// What the platform told last.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    contacts: Vec<Contact>,
    phrase: Option<SafetyPhrase>,
}

impl EidApp {
    /// The phrase that the citizen knows the true app by, to be shown before the passcode is typed; `None` if none was chosen, or
    /// if it does not open on this phone. Works while the app is locked.
    ///
    /// # Errors
    /// [`Error::Key`] when the hardware is not available, [`Error::Vault`].
    pub async fn safety_phrase(&self) -> Result<Option<SafetyPhrase>, Error> {
        self.inner.load_phrase().await
    }
}

impl Unlocked {
    /// Has a one-time code sent to a number; gives until when it is good. The number is in the store before the call, and the same
    /// again within a minute sends no other message. Asks for [`Self::sign_in`] before.
    ///
    /// # Errors
    /// [`Error::Model`] for a number out of form, [`Error::SignInNeeded`]; [`Error::Platform`], [`Error::Vault`], [`Error::Locked`].
    pub async fn send_phone_code(&self, code: PhoneCode) -> Result<UnixTime, Error> {
        let session = self.session()?;
        let (what_for, phone, contact) = match &code {
            PhoneCode::Change { phone } => (CodeFor::Change, Some(PhoneNumber::parse(phone)?), None),
            PhoneCode::Second { phone } => (CodeFor::Second, Some(PhoneNumber::parse(phone)?), None),
            PhoneCode::Confirm { contact } => (CodeFor::Confirm, None, Some(*contact)),
        };
        to_end(async move {
            let asked = AskedCode { what_for, phone, expires_at: None };
            session.keep_asked(asked.clone()).await?;
            let account = session.account().await?;
            let (device, now) = (session.device_key(&account), session.inner.now()?);
            let wanted = match (&asked.phone, what_for, contact) {
                (Some(phone), CodeFor::Change, _) => PhoneCodeUse::Change(phone),
                (Some(phone), _, _) => PhoneCodeUse::Second(phone),
                (None, _, Some(ContactKind::Second)) => PhoneCodeUse::ConfirmSecond,
                (None, _, _) => PhoneCodeUse::ConfirmFirst,
            };
            let access = session.access_signed_in(&account, now).await?;
            let answer = session.inner.platform.send_phone_code(&access, wanted, &device, now).await;
            drop(access);
            let expires_at = session.accepted_signed_in(answer).await?;
            session.keep_asked(AskedCode { expires_at: Some(expires_at), ..asked }).await?;
            Ok(expires_at)
        })
        .await
    }

    /// The code that was asked for last and is not used yet, also by an app that was killed since.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Locked`].
    pub async fn asked_phone_code(&self) -> Result<Option<AskedPhoneCode>, Error> {
        let asked =
            self.session()?.vault(|vault| Ok(vault.find::<AskedCode>(Collection::Account, PHONE_CODE)?)).await?;
        Ok(asked.map(|AskedCode { phone, expires_at, .. }| AskedPhoneCode { phone, expires_at }))
    }

    /// The phone numbers of the account, as the platform told them at the last contact.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Clock`], [`Error::Locked`].
    pub async fn contacts(&self) -> Result<Vec<ContactView>, Error> {
        let session = self.session()?;
        let (told, now) = (session.told().await?, session.inner.now()?);
        let view = |Contact { hint, kind, confirmed_at }| {
            let is_due = now.checked_since(confirmed_at).is_some_and(|age| age >= CONFIRM_AFTER_S);
            ContactView { hint, kind, confirmed_at, is_due }
        };
        Ok(told.contacts.into_iter().map(view).collect())
    }
}

impl Session {
    async fn keep_asked(self: &Arc<Self>, asked: AskedCode) -> Result<(), Error> {
        self.vault(move |vault| Ok(vault.put(Collection::Account, PHONE_CODE, &asked)?)).await
    }

    async fn told(self: &Arc<Self>) -> Result<Told, Error> {
        self.vault(|vault| Ok(vault.find(Collection::Account, TOLD)?.unwrap_or_default())).await
    }

    /// Keeps the numbers and the phrase that the platform told, if they are news.
    pub(crate) async fn keep_told(self: &Arc<Self>, state: &DeviceState) -> Result<(), Error> {
        let told = Told { contacts: state.contacts.clone(), phrase: state.phrase.clone() };
        let before = self.told().await?;
        if told == before {
            return Ok(());
        }
        if told.phrase != before.phrase {
            self.inner.store_phrase(told.phrase.as_ref()).await?;
        }
        self.vault(move |vault| Ok(vault.put(Collection::Account, TOLD, &told)?)).await
    }
}

impl Inner {
    async fn load_phrase(self: &Arc<Self>) -> Result<Option<SafetyPhrase>, Error> {
        let Some(file) = self.blocking(|inner| Ok(inner.folder.load_phrase()?)).await? else { return Ok(None) };
        let Ok(question) = PhraseSeal::question(&file) else { return Ok(None) };
        let seal = match self.phrase_seal(question).await {
            Ok(seal) => seal,
            // A copy of another phone's file.
            Err(Error::Key(crate::ports::SecureKeyError::Invalidated)) => return Ok(None),
            Err(other) => return Err(other),
        };
        let opened = seal.open(&file).ok();
        let text = opened.as_ref().and_then(|text| core::str::from_utf8(text).ok());
        Ok(text.and_then(|text| SafetyPhrase::parse(text).ok()))
    }

    /// If it breaks off, the record in the store still has the phrase before, and the next contact repeats it.
    async fn store_phrase(self: &Arc<Self>, phrase: Option<&SafetyPhrase>) -> Result<(), Error> {
        let Some(phrase) = phrase else {
            self.ports.secure_key.remove(PHRASE_ALIAS).await?;
            return self.blocking(|inner| Ok(inner.folder.store_phrase(None)?)).await;
        };
        let question = PhraseSeal::make_question(&*self.ports.random)?;
        self.ports.secure_key.make_secret(PHRASE_ALIAS, KeyAccess::WhileUnlocked).await?;
        let seal = self.phrase_seal(question).await?;
        let file = seal.seal(&*self.ports.random, phrase.as_str().as_bytes())?;
        self.blocking(move |inner| Ok(inner.folder.store_phrase(Some(&file))?)).await
    }

    async fn phrase_seal(self: &Arc<Self>, question: [u8; 32]) -> Result<PhraseSeal, Error> {
        let answer = self.derive(PHRASE_ALIAS, &PhraseSeal::input(&question)?).await?;
        self.blocking(move |inner| Ok(PhraseSeal::new(question, &answer, &inner.binding()?)?)).await
    }
}
