//! What a holder does with what is written down about him: keep, write out, erase.

use std::collections::BTreeSet;

use eid_core::{HistoryExport, RecordsExport};
use eid_record::RecordKind;

use crate::{
    EidError, Language, Unlocked,
    record::kind_named,
    views::{count, redacted},
};

redacted!(HistoryExportView, RecordsExportView);

/// The history, written out.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HistoryExportView {
    /// The data file, JSON: names of fields and never their values.
    pub json: Vec<u8>,
    /// A compact JWS of the device key that names the data file by its SHA-256. To be kept beside it.
    pub signature: String,
    /// The level-2 grant, which says whose key signed. It holds name and personal number: the holder decides who gets it.
    pub grant: String,
    /// The same for reading: a page of HTML that runs and fetches nothing.
    pub html: String,
    /// How many entries.
    pub entries: u32,
    /// Where the next export begins, if there are more.
    pub next: Option<u64>,
}

impl From<HistoryExport> for HistoryExportView {
    fn from(export: HistoryExport) -> Self {
        let HistoryExport { json, signature, grant, html, entries, next } = export;
        Self { json, signature, grant, html, entries: count(entries), next }
    }
}

/// Records, written out.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct RecordsExportView {
    /// The data file, JSON.
    pub json: Vec<u8>,
    /// A compact JWS of the device key that names the data file by its SHA-256. To be kept beside it.
    pub signature: String,
    /// The level-2 grant, which says whose key signed.
    pub grant: String,
    /// The same for reading: a page of HTML that runs and fetches nothing.
    pub html: String,
    /// How many records.
    pub records: u32,
}

impl From<RecordsExport> for RecordsExportView {
    fn from(export: RecordsExport) -> Self {
        let RecordsExport { json, signature, grant, html, records } = export;
        Self { json, signature, grant, html, records: count(records) }
    }
}

#[uniffi::export]
impl Unlocked {
    /// How many days history entries are kept on this phone: 1827, which is five years, unless the holder chose less.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn history_days(&self) -> Result<u32, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.history_days().await?) }).await
    }

    /// Keeps history entries for so many days, 30 to 1827. Older ones are dropped from here on.
    ///
    /// # Errors
    /// `Invalid` 9001; `Locked`, `Storage`.
    pub async fn keep_history_for(&self, days: u32) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.keep_history_for(days).await?) }).await
    }

    /// Erases all history entries before the one at position `before`, or all, on this phone only and for good; one entry says
    /// so. Ask twice. Runs to its end.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    #[uniffi::method(default(before = None))]
    pub async fn erase_history(&self, before: Option<u64>) -> Result<(), EidError> {
        let core = self.session.core()?;
        self.session.call().run_to_end(async move { Ok(core.erase_history(before).await?) }).await
    }

    /// Writes out at most 20,000 history entries, oldest first, from the beginning or `after` a position that the last export's
    /// `next` gave. The phone may ask for the holder's presence.
    ///
    /// # Errors
    /// `Locked`, `UserCancelled`, `Device`, `Storage`.
    #[uniffi::method(default(after = None))]
    pub async fn export_history(&self, language: Language, after: Option<u64>) -> Result<HistoryExportView, EidError> {
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.export_history(after, language.into()).await?.into()) }).await
    }

    /// Writes out the records of the kinds that the holder chose. The phone may ask for the holder's presence. The files hold all values
    /// in the clear: say so before.
    ///
    /// # Errors
    /// `Rejected` 8180 for a kind that is not known; `Locked`, `UserCancelled`, `Device`, `Storage`.
    pub async fn export_records(&self, kinds: Vec<String>, language: Language) -> Result<RecordsExportView, EidError> {
        // Each once, however often it was named.
        let kinds = kinds.iter().map(|kind| kind_named(kind)).collect::<Result<BTreeSet<_>, _>>()?;
        let kinds: Vec<RecordKind> = kinds.into_iter().collect();
        let core = self.session.core()?;
        self.session.call().run(async move { Ok(core.export_records(&kinds, language.into()).await?.into()) }).await
    }
}
