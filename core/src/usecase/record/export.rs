//! Writing records out for their holder (xuất dữ liệu cá nhân), by kinds that he chooses.

use std::collections::BTreeMap;

use eid_crypto::hash::sha256;
use eid_model::Language;
use eid_platform::jws;
use eid_record::{RecordKind, Wish};
use eid_vault::Act;

use super::{
    desk::{Desk, ids},
    rows::load_updates,
};
use crate::{
    Error, Unlocked,
    export::{RecordEntry, RecordsDocument, write_records_html},
};

/// Records, written out. `core/docs/consent.md` describes how the signature is checked: it is that of the history. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordsExport {
    /// The data file: JSON, with every text as the authority says it, and with what is pending.
    pub json: Vec<u8>,
    /// A compact JWS of the device key over a statement that names the data file by its SHA-256.
    pub signature: String,
    /// The level-2 grant: says whose key signed.
    pub grant: String,
    /// The same for reading: HTML without scripts and without anything from elsewhere.
    pub html: String,
    /// How many records.
    pub records: usize,
}

impl core::fmt::Debug for RecordsExport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecordsExport({} records)", self.records)
    }
}

impl Unlocked {
    /// Writes out the records of these kinds and of no other, as a data file that others can check, and for reading. The device key signs;
    /// the phone may ask for the holder's presence. Leaves an entry in the history. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Vault`], [`Error::Platform`] with the code of the key hardware if it did not sign, [`Error::Clock`], [`Error::Locked`].
    pub async fn export_records(&self, kinds: &[RecordKind], language: Language) -> Result<RecordsExport, Error> {
        let session = self.session()?;
        let (account, now) = (session.account().await?, session.inner.now()?);
        let (desk, kinds) = (Desk::open(std::sync::Arc::clone(&session)).await?, kinds.to_vec());
        let records = desk.work(move |desk, vault| {
            let updates = load_updates(vault)?;
            let mut entries = Vec::new();
            for kind in kinds {
                let of_kind = desk.of_kind(vault, kind)?;
                for id in desk.shelf(vault, |shelf| ids(shelf, kind))? {
                    entries.extend(desk.entry(vault, &of_kind, (kind, &id), (&updates, language))?);
                }
            }
            Ok(entries)
        });
        let document =
            RecordsDocument::new(account.account_id.as_str(), &account.issuer, now.seconds(), records.await?);
        let json = document.encode()?;
        let digest = sha256(&json);
        let statement = document.statement(&digest, json.len());
        let signature = jws::sign("eid-export+jwt", &statement, &session.device_key(&account)).await?;
        let html = write_records_html(&document, &digest, language);
        let records = document.records.len();
        session.append(Act::Exported, String::new(), Vec::new(), "records", None).await?;
        Ok(RecordsExport { json, signature, grant: account.grant, html, records })
    }
}

impl Desk {
    fn entry(
        &self,
        vault: &eid_vault::Vault,
        of_kind: &[(String, eid_record::Payload)],
        (kind, id): (RecordKind, &str),
        shown: (&[super::rows::KeptUpdate], Language),
    ) -> Result<Option<RecordEntry>, Error> {
        let Some(view) = self.view(vault, of_kind, (kind, id), shown)? else { return Ok(None) };
        let known = super::rows::find_record(vault, kind, id)?.map(|kept| kept.record.form()).unwrap_or_default();
        let fields = known.iter().map(|(path, text)| (path.as_str().to_owned(), text.to_owned())).collect();
        let wished = view.pending.into_iter().map(|(path, wish)| {
            let text = if let Wish::Text(text) = wish { Some(text) } else { None };
            (path.as_str().to_owned(), text)
        });
        let pending: BTreeMap<String, Option<String>> = wished.collect();
        Ok(Some(RecordEntry {
            kind,
            id: view.id,
            authority: view.authority,
            status: view.status,
            as_of: view.as_of.map(eid_model::UnixTime::seconds),
            fields,
            pending,
            lines: view.lines,
        }))
    }
}
