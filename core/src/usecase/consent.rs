//! Giving and withdrawing consent (đồng ý, rút lại sự đồng ý), one purpose and one recipient at a time. Nothing is agreed to in
//! advance, and silence agrees to nothing.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::random;
use eid_model::{ConsentField, ConsentText, ConsentTextTable, Language, Recipient, UnixTime};
use eid_platform::{
    CONSENT_TYPE, ConsentStatement, PlatformError, WITHDRAWAL_TYPE, WithdrawalStatement, jws, parse_consent,
};
use eid_vault::{Act, Collection, HistoryEntry, Vault};
use serde::{Deserialize, Serialize};

use crate::{Error, Unlocked, ports::Event, record::Account, session::Session};

/// Consents that are kept at most; settled ones make room.
const MOST_CONSENTS: usize = 500;

/// What a recipient asks for, as the shell understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentAsk {
    /// The purpose's code.
    pub purpose: String,
    /// The recipient's identifier.
    pub recipient_id: String,
    /// The recipient's name.
    pub recipient_name: String,
    /// Which fields, by name.
    pub fields: Vec<String>,
    /// For how many days; the purpose's longest term if it does not say.
    pub days: Option<u32>,
    /// In which language it is shown.
    pub language: Language,
}

/// What is shown to the citizen. It agrees to nothing by itself, and only what was shown can be agreed to.
#[derive(Debug, Clone)]
pub struct ConsentOffer {
    text: &'static ConsentText,
    recipient: Recipient,
    fields: Vec<ConsentField>,
    days: u32,
    language: Language,
}

/// A consent that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Names it.
    pub id: String,
    /// The purpose's code.
    pub purpose: String,
    /// Who receives the data.
    pub recipient: Recipient,
    /// Which data.
    pub fields: Vec<ConsentField>,
    /// The version of the text that was shown.
    pub text_version: u32,
    /// In which language.
    pub language: Language,
    /// When it was given.
    pub given_at: UnixTime,
    /// When it ends by itself.
    pub expires_at: UnixTime,
    /// When it was withdrawn.
    pub withdrawn_at: Option<UnixTime>,
    /// Whether it holds now.
    pub state: ConsentState,
    /// True if the platform knows all of this.
    pub is_sent: bool,
}

/// Whether a consent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentState {
    /// It holds.
    Active,
    /// Its term is over.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// What the store keeps of a consent.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    statement: ConsentStatement,
    /// The signed statement.
    token: String,
    is_sent: bool,
    #[serde(default)]
    withdrawn_at: Option<UnixTime>,
    #[serde(default)]
    is_withdrawal_sent: bool,
}

impl ConsentOffer {
    /// What is agreed to, in words.
    pub fn text(&self) -> &'static str {
        self.text.text().text(self.language)
    }

    /// The words that say which data are sensitive; the citizen has to be told.
    pub fn sensitive_text(&self) -> Option<&'static str> {
        let sensitive = self.fields.iter().any(ConsentField::is_sensitive);
        self.text.sensitive_text().filter(|_| sensitive).map(|phrase| phrase.text(self.language))
    }

    /// The version of the text.
    pub fn text_version(&self) -> u32 {
        self.text.version()
    }

    /// The purpose's code.
    pub fn purpose(&self) -> &str {
        self.text.purpose()
    }

    /// Who would receive the data.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Which data. None of them is chosen yet.
    pub fn fields(&self) -> &[ConsentField] {
        &self.fields
    }

    /// For how many days.
    pub fn days(&self) -> u32 {
        self.days
    }

    /// The language that it is shown in.
    pub fn language(&self) -> Language {
        self.language
    }
}

impl Unlocked {
    /// Makes what a recipient asks for into something to be shown: the purpose's text of today, and the fields. Changes nothing.
    ///
    /// # Errors
    /// [`Error::ConsentPurposeUnknown`]; [`Error::ConsentNotAsShown`] for fields that the purpose does not need;
    /// [`Error::Model`] for a recipient that is not stated properly; [`Error::TermInvalid`] for no days; [`Error::Locked`].
    pub fn offer_consent(&self, ask: &ConsentAsk) -> Result<ConsentOffer, Error> {
        let today = self.session()?.inner.now()?.date_in_vietnam()?;
        let text = ConsentTextTable::embedded().current(&ask.purpose, today).ok_or(Error::ConsentPurposeUnknown)?;
        let recipient = Recipient::parse(&ask.recipient_id, &ask.recipient_name)?;
        let fields = text.select(&ask.fields).ok_or(Error::ConsentNotAsShown)?;
        let days = ask.days.unwrap_or(text.term_days()).min(text.term_days());
        if days == 0 {
            return Err(Error::TermInvalid);
        }
        Ok(ConsentOffer { text, recipient, fields, days, language: ask.language })
    }

    /// Gives consent to exactly what was shown: `agreed` names the offer's fields, all of them. `told_sensitive` says that the
    /// citizen saw [`ConsentOffer::sensitive_text`], where there is one. The device key signs; the phone may ask for the
    /// holder's presence. Kept on the phone and sent at the next contact. Runs to its end.
    ///
    /// # Errors
    /// [`Error::ConsentNotAsShown`], [`Error::ConsentSensitiveUnconfirmed`], [`Error::ConsentTextChanged`], [`Error::ListFull`];
    /// [`Error::Platform`] with the code of the key hardware if it did not sign; [`Error::Vault`], [`Error::Locked`]. Nothing is
    /// agreed to then.
    pub async fn give_consent(
        &self,
        offer: &ConsentOffer,
        agreed: &[String],
        told_sensitive: bool,
    ) -> Result<Consent, Error> {
        let session = self.session()?;
        let (account, now) = (session.account().await?, session.inner.now()?);
        offer.check(agreed, told_sensitive, now)?;
        let id = URL_SAFE_NO_PAD.encode(random::<16>(&*session.inner.ports.random)?);
        let statement = offer.statement(session.inner.platform.origin(), &account, id, now)?;
        let token = jws::sign(CONSENT_TYPE, &statement, &session.device_key(&account)).await?;
        let entry = history_entry(&statement, Act::Consented, now);
        let stored = Stored { statement, token, is_sent: false, withdrawn_at: None, is_withdrawal_sent: false };
        let given = stored.view(now);
        session.vault(move |vault| keep(vault, &stored, &entry, now)).await?;
        session.tell(&[Event::HistoryChanged]);
        Ok(given)
    }

    /// The consents, in the order in which they were given.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Locked`].
    pub async fn consents(&self) -> Result<Vec<Consent>, Error> {
        let session = self.session()?;
        let now = session.inner.now()?;
        session.vault(move |vault| Ok(load(vault)?.iter().map(|stored| stored.view(now)).collect())).await
    }

    /// Withdraws a consent. It holds no more from here on, whether the platform can be reached or not; the platform is told at
    /// the next contact. Withdrawing again changes nothing.
    ///
    /// # Errors
    /// [`Error::ConsentUnknown`]; [`Error::Vault`], [`Error::Locked`].
    pub async fn withdraw_consent(&self, id: &str) -> Result<Consent, Error> {
        let session = self.session()?;
        let (now, id) = (session.inner.now()?, id.to_owned());
        let withdraw = move |vault: &mut Vault| {
            let mut stored = find(vault, &id)?;
            if stored.withdrawn_at.is_none() {
                // Not before it was given, whatever the clock says.
                let at = now.max(stored.statement.iat);
                stored.withdrawn_at = Some(at);
                let entry = history_entry(&stored.statement, Act::Withdrawn, at);
                vault.transaction(|vault| {
                    vault.put(Collection::Consent, &id, &stored)?;
                    vault.append_history(&entry).map(drop)
                })?;
            }
            Ok(stored.view(now))
        };
        let withdrawn = session.vault(withdraw).await?;
        session.tell(&[Event::HistoryChanged]);
        Ok(withdrawn)
    }

    /// Tells the platform what it does not know yet, and takes over what was given on an earlier phone, which asks for
    /// [`Self::sign_in`] before. [`Self::refill_credentials`] sends too.
    ///
    /// # Errors
    /// [`Error::SignInNeeded`] after all was sent; [`Error::Platform`]: what was not sent is sent the next time. [`Error::Vault`],
    /// [`Error::Locked`].
    pub async fn renew_consents(&self) -> Result<(), Error> {
        let session = self.session()?;
        let account = session.account().await?;
        session.send_consents(&account).await?;
        let now = session.inner.now()?;
        let access = session.access_signed_in(&account, now).await?;
        let kept = session.inner.platform.consents(&access, &session.device_key(&account), now).await;
        drop(access);
        let kept = session.accepted_signed_in(kept).await?;
        let import = move |vault: &mut Vault| {
            for held in kept {
                let statement = parse_consent(&held.consent, &account.account_id)?;
                if vault.find::<Stored>(Collection::Consent, &statement.jti)?.is_none() {
                    let (id, withdrawn_at) = (statement.jti.clone(), held.withdrawn_at);
                    let stored = Stored {
                        statement,
                        token: held.consent,
                        is_sent: true,
                        withdrawn_at,
                        is_withdrawal_sent: withdrawn_at.is_some(),
                    };
                    make_room(vault, now)?;
                    vault.put(Collection::Consent, &id, &stored)?;
                }
            }
            Ok(())
        };
        session.vault(import).await
    }
}

impl ConsentOffer {
    fn check(&self, agreed: &[String], told_sensitive: bool, now: UnixTime) -> Result<(), Error> {
        let sorted = |mut names: Vec<String>| {
            names.sort_unstable();
            names
        };
        let shown = self.fields.iter().map(|field| field.name().to_owned()).collect();
        if sorted(agreed.to_vec()) != sorted(shown) {
            return Err(Error::ConsentNotAsShown);
        }
        if self.sensitive_text().is_some() && !told_sensitive {
            return Err(Error::ConsentSensitiveUnconfirmed);
        }
        let current = ConsentTextTable::embedded().current(self.purpose(), now.date_in_vietnam()?);
        if current.map(ConsentText::version) != Some(self.text.version()) {
            return Err(Error::ConsentTextChanged);
        }
        Ok(())
    }

    fn statement(
        &self,
        platform: &str,
        account: &Account,
        id: String,
        now: UnixTime,
    ) -> Result<ConsentStatement, Error> {
        let exp = now.checked_add(i64::from(self.days).saturating_mul(86_400)).ok_or(Error::TermInvalid)?;
        Ok(ConsentStatement {
            aud: platform.to_owned(),
            sub: account.account_id.clone(),
            jti: id,
            iat: now,
            exp,
            purpose: self.purpose().to_owned(),
            recipient: self.recipient.clone(),
            fields: self.fields.clone(),
            text_version: self.text.version(),
            text_language: self.language,
            text_sha256: ConsentStatement::digest(self.text(), self.sensitive_text()),
        })
    }
}

impl Stored {
    fn state(&self, now: UnixTime) -> ConsentState {
        match self.withdrawn_at {
            Some(_) => ConsentState::Withdrawn,
            None if now >= self.statement.exp => ConsentState::Expired,
            None => ConsentState::Active,
        }
    }

    /// True if nobody has to be told anything more.
    fn is_settled(&self) -> bool {
        self.is_sent && (self.withdrawn_at.is_none() || self.is_withdrawal_sent)
    }

    fn view(&self, now: UnixTime) -> Consent {
        let ConsentStatement { jti, iat, exp, purpose, recipient, fields, text_version, text_language, .. } =
            self.statement.clone();
        Consent {
            id: jti,
            purpose,
            recipient,
            fields,
            text_version,
            language: text_language,
            given_at: iat,
            expires_at: exp,
            withdrawn_at: self.withdrawn_at,
            state: self.state(now),
            is_sent: self.is_settled(),
        }
    }
}

/// What the history says of a consent.
fn history_entry(statement: &ConsentStatement, act: Act, at: UnixTime) -> HistoryEntry {
    HistoryEntry {
        at: at.seconds(),
        act,
        counterpart: statement.recipient.name().to_owned(),
        fields: statement.fields.iter().map(|field| field.name().to_owned()).collect(),
        purpose: statement.purpose.clone(),
        result: None,
    }
}

impl Session {
    /// Hands over consents and withdrawals that the platform does not know yet; makes no request if there are none. One that is
    /// refused holds up none of the others.
    pub(crate) async fn send_consents(self: &Arc<Self>, account: &Account) -> Result<(), Error> {
        let pending =
            self.vault(|vault| Ok(load(vault)?.into_iter().filter(|stored| !stored.is_settled()).collect::<Vec<_>>()));
        let mut outcome = Ok(());
        for stored in pending.await? {
            match self.send_consent(account, stored).await {
                Err(error @ Error::Platform(PlatformError::Refused { .. })) => outcome = Err(error),
                other => other?,
            }
        }
        outcome
    }

    async fn send_consent(self: &Arc<Self>, account: &Account, stored: Stored) -> Result<(), Error> {
        let (now, device, platform) = (self.inner.now()?, self.device_key(account), &self.inner.platform);
        let id = stored.statement.jti.clone();
        if !stored.is_sent {
            let access = self.access(account, now).await?;
            let sent = platform.send_consent(&access, &stored.token, &device, now).await;
            drop(access);
            self.accepted(sent).await?;
            self.note_sent(&id, |stored| stored.is_sent = true).await?;
        }
        let Some(at) = stored.withdrawn_at.filter(|_| !stored.is_withdrawal_sent) else { return Ok(()) };
        let statement = WithdrawalStatement {
            aud: platform.origin().to_owned(),
            sub: account.account_id.clone(),
            jti: id.clone(),
            iat: at,
        };
        let token = jws::sign(WITHDRAWAL_TYPE, &statement, &device).await?;
        let access = self.access(account, now).await?;
        let sent = platform.send_withdrawal(&access, (&id, &token), &device, now).await;
        drop(access);
        self.accepted(sent).await?;
        self.note_sent(&id, |stored| stored.is_withdrawal_sent = true).await
    }

    /// Changes the stored consent as it is now: it may have been withdrawn meanwhile.
    async fn note_sent(
        self: &Arc<Self>,
        id: &str,
        change: impl FnOnce(&mut Stored) + Send + 'static,
    ) -> Result<(), Error> {
        let id = id.to_owned();
        self.vault(move |vault| {
            let mut stored = find(vault, &id)?;
            change(&mut stored);
            Ok(vault.put(Collection::Consent, &id, &stored)?)
        })
        .await
    }
}

fn keep(vault: &mut Vault, stored: &Stored, entry: &HistoryEntry, now: UnixTime) -> Result<(), Error> {
    make_room(vault, now)?;
    Ok(vault.transaction(|vault| {
        vault.put(Collection::Consent, &stored.statement.jti, stored)?;
        vault.append_history(entry).map(drop)
    })?)
}

/// Lets the oldest consent that holds no more go if there are too many.
fn make_room(vault: &Vault, now: UnixTime) -> Result<(), Error> {
    let all = load(vault)?;
    if all.len() < MOST_CONSENTS {
        return Ok(());
    }
    let over = |stored: &&Stored| stored.is_settled() && stored.state(now) != ConsentState::Active;
    let oldest = all.iter().find(over).ok_or(Error::ListFull)?;
    vault.remove(Collection::Consent, &oldest.statement.jti)?;
    Ok(())
}

fn find(vault: &Vault, id: &str) -> Result<Stored, Error> {
    vault.find(Collection::Consent, id)?.ok_or(Error::ConsentUnknown)
}

/// All that open. Ones that do not are damage, which the store reports by itself.
fn load(vault: &Vault) -> Result<Vec<Stored>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = vault.list::<Stored>(Collection::Consent, after, 50)?;
        all.extend(page.items.into_iter().map(|(_, stored)| stored));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}
