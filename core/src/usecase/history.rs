//! The holder's own history (lịch sử sử dụng): how long it is kept, writing it out, erasing it.

use std::sync::Arc;

use eid_crypto::hash::sha256;
use eid_model::{Code, Language};
use eid_platform::jws;
use eid_vault::{Act, Collection, HistoryEntry, Vault, VaultError};

use crate::{
    Error, Unlocked, care,
    export::{Document, Statement, write_html},
    ports::Event,
    session::Session,
};

/// The term of the law for the history of e-ID use: five years, two leap days included (Decree 69/2024 Art. 28).
pub const MAX_HISTORY_DAYS: u32 = 1827;

/// The shortest term that the holder can choose.
pub const MIN_HISTORY_DAYS: u32 = 30;

/// Most entries of one export; the rest goes into another.
pub const MAX_EXPORT: usize = 20_000;

/// A refusal that is the same as one of the last day is not noted again.
const SAME_REFUSAL_S: i64 = 86_400;

/// Key of the term, in the settings.
const DAYS: &str = "history-days";

/// The history, written out (xuất lịch sử). `core/docs/consent.md` has the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryExport {
    /// The data file: JSON, names of fields and never their values.
    pub json: Vec<u8>,
    /// A compact JWS of the device key over a statement that names the data file by its SHA-256.
    pub signature: String,
    /// The level-2 grant: says whose key signed. It holds the holder's name and number, so he decides whom to give it to.
    pub grant: String,
    /// The same for reading: HTML without scripts and without anything from elsewhere.
    pub html: String,
    /// How many entries.
    pub entries: usize,
    /// Where the next export begins, if there are more.
    pub next: Option<u64>,
}

impl Unlocked {
    /// How many days entries are kept on this phone: [`MAX_HISTORY_DAYS`] unless the holder chose less.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Vault`].
    pub async fn history_days(&self) -> Result<u32, Error> {
        self.session()?.vault(|vault| load_history_days(vault)).await
    }

    /// Keeps entries for so many days, [`MIN_HISTORY_DAYS`] to [`MAX_HISTORY_DAYS`]; older ones are dropped from here on, in the
    /// background, after the platform has shown that so much time has passed. What the platform keeps is not touched.
    ///
    /// # Errors
    /// [`Error::TermInvalid`]; [`Error::Locked`], [`Error::Vault`].
    pub async fn keep_history_for(&self, days: u32) -> Result<(), Error> {
        if !(MIN_HISTORY_DAYS..=MAX_HISTORY_DAYS).contains(&days) {
            return Err(Error::TermInvalid);
        }
        let session = self.session()?;
        session.vault(move |vault| Ok(vault.put(Collection::Setting, DAYS, &days)?)).await?;
        care::drop_old(&Arc::downgrade(&session)).await
    }

    /// Erases all entries before the one at position `before`, or all (xóa lịch sử), for good, on this phone only. One entry says
    /// so. Runs to its end.
    ///
    /// # Errors
    /// [`Error::Vault`]; [`Error::Locked`].
    pub async fn erase_history(&self, before: Option<u64>) -> Result<(), Error> {
        let session = self.session()?;
        let at = session.inner.now()?.seconds();
        let erase = move |vault: &mut Vault| {
            let (_, last) = vault.history_ends();
            let before = before.unwrap_or(u64::MAX).min(last.saturating_add(1));
            let note = HistoryEntry {
                at,
                act: Act::Erased,
                counterpart: String::new(),
                fields: Vec::new(),
                purpose: before.saturating_sub(1).to_string(),
                result: None,
            };
            Ok(vault.erase_history(before, Some(&note))?)
        };
        session.vault(erase).await?;
        session.tell(&[Event::HistoryChanged]);
        Ok(())
    }

    /// Writes out the history from its beginning, or `after` a position, oldest first: as a data file that others can check, and
    /// for reading. The device key signs; the phone may ask for the holder's presence. Leaves an entry that says so.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Platform`] with the code of the key hardware if it did not sign, [`Error::Locked`].
    pub async fn export_history(&self, after: Option<u64>, language: Language) -> Result<HistoryExport, Error> {
        let session = self.session()?;
        let (account, now) = (session.account().await?, session.inner.now()?);
        let mut document = session.vault(move |vault| collect(vault, after)).await?;
        (document.account_id, document.issuer) = (account.account_id.as_str().to_owned(), account.issuer.clone());
        document.made_at = now.seconds();
        let json = document.encode()?;
        let digest = sha256(&json);
        let statement = Statement::new(&document, &digest, json.len());
        let signature = jws::sign("eid-export+jwt", &statement, &session.device_key(&account)).await?;
        let html = write_html(&document, &digest, language);
        let entries = document.entries.len();
        session.append(Act::Exported, String::new(), Vec::new(), "history", None).await?;
        Ok(HistoryExport { json, signature, grant: account.grant, html, entries, next: document.next })
    }
}

/// The holder's choice, or the longest term. A damaged choice counts as none.
pub(crate) fn load_history_days(vault: &Vault) -> Result<u32, Error> {
    match vault.find::<u32>(Collection::Setting, DAYS) {
        Ok(days) => Ok(days.unwrap_or(MAX_HISTORY_DAYS).clamp(MIN_HISTORY_DAYS, MAX_HISTORY_DAYS)),
        Err(VaultError::Damaged(_)) => Ok(MAX_HISTORY_DAYS),
        Err(other) => Err(other.into()),
    }
}

/// The entries of an export, and what is known to be missing.
fn collect(vault: &mut Vault, after: Option<u64>) -> Result<Document, Error> {
    let (erased_to, last) = vault.history_ends();
    let mut document = Document { erased_to, ..Document::default() };
    for page in vault.export_history(after) {
        let page = page?;
        document.damaged.extend(page.damaged);
        document.entries.extend(page.items);
        if document.entries.len().saturating_add(document.damaged.len()) >= MAX_EXPORT {
            let end = document.entries.last().map(|(seq, _)| *seq).max(document.damaged.last().copied());
            document.next = end.filter(|end| *end < last);
            break;
        }
    }
    Ok(document)
}

impl Session {
    /// Adds an entry to the history, at the present time.
    pub(crate) async fn append(
        self: &Arc<Self>,
        act: Act,
        counterpart: String,
        fields: Vec<String>,
        purpose: &str,
        result: Option<Code>,
    ) -> Result<(), Error> {
        let at = self.inner.now()?.seconds();
        let entry = HistoryEntry { at, act, counterpart, fields, purpose: purpose.to_owned(), result };
        self.vault(move |vault| Ok(vault.append_history(&entry).map(drop)?)).await?;
        self.tell(&[Event::HistoryChanged]);
        Ok(())
    }

    /// Adds an entry about a refusal, unless the same was noted within a day: what is tried again by itself would fill the
    /// history otherwise. An entry that cannot be written hides no refusal.
    pub(crate) async fn note_refusal(self: &Arc<Self>, entry: HistoryEntry) {
        let noted = self.vault(move |vault| {
            let same = |old: &HistoryEntry| {
                let recent = entry.at.saturating_sub(old.at) < SAME_REFUSAL_S;
                recent && *old == HistoryEntry { at: old.at, ..entry.clone() }
            };
            if vault.list_history(None, 50)?.items.iter().any(|(_, old)| same(old)) {
                return Ok(false);
            }
            vault.append_history(&entry)?;
            Ok(true)
        });
        if matches!(noted.await, Ok(true)) {
            self.tell(&[Event::HistoryChanged]);
        }
    }
}
