//! Records written out for their holder: a data file whose digest the device key signs, and the same for reading.

use std::collections::BTreeMap;

use eid_model::{Language, Phrase};
use eid_record::{Line, RecordKind, Tables};
use serde::Serialize;

use super::{Statement, page::Page};
use crate::Error;

/// Name and version of the format.
const FORMAT: &str = "eid-records/1";

/// The data file.
#[derive(Debug, Serialize)]
pub(crate) struct RecordsDocument {
    pub(crate) format: &'static str,
    pub(crate) account_id: String,
    pub(crate) issuer: String,
    /// Seconds since 1970, UTC, by the phone's clock.
    pub(crate) made_at: i64,
    pub(crate) records: Vec<RecordEntry>,
}

/// A record, with whose word it is.
#[derive(Serialize)]
pub(crate) struct RecordEntry {
    #[serde(serialize_with = "write_name")]
    pub(crate) kind: RecordKind,
    pub(crate) id: String,
    pub(crate) authority: &'static str,
    /// `None` for what only the citizen said.
    pub(crate) status: Option<String>,
    /// Since when the authority says so.
    pub(crate) as_of: Option<i64>,
    /// Texts by path.
    pub(crate) fields: BTreeMap<String, String>,
    /// What the citizen wants instead; null for nothing.
    pub(crate) pending: BTreeMap<String, Option<String>>,
    /// For reading.
    #[serde(skip)]
    pub(crate) lines: Vec<Line>,
}

impl core::fmt::Debug for RecordEntry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecordEntry({})", self.kind.name())
    }
}

impl RecordsDocument {
    pub(crate) fn new(account_id: &str, issuer: &str, made_at: i64, records: Vec<RecordEntry>) -> Self {
        Self { format: FORMAT, account_id: account_id.to_owned(), issuer: issuer.to_owned(), made_at, records }
    }

    /// The bytes of the file. They are what counts.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|_| Error::Internal)
    }

    /// What the device key signs.
    pub(crate) fn statement(&self, digest: &[u8; 32], length: usize) -> Statement<'_> {
        Statement::of_file((&self.account_id, self.made_at), FORMAT, (digest, length), self.records.len())
    }
}

/// Writes the page.
pub(crate) fn write_records_html(document: &RecordsDocument, digest: &[u8; 32], language: Language) -> String {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut page = Page::begin(language, "records_title", &["copy"]);
    page.raw("<dl>");
    page.fact("account", &document.account_id);
    page.fact("issuer", &document.issuer);
    page.fact("made", &page.time(document.made_at));
    page.fact("entries", &document.records.len().to_string());
    page.fact("digest", &hex);
    page.raw("</dl>");
    for record in &document.records {
        page.record(record);
    }
    page.finish()
}

impl Page {
    fn record(&mut self, record: &RecordEntry) {
        let language = self.language;
        let word = |table: &str, code: &str| {
            let row = Tables::embedded().row(table, code).map(|row| row.label().text(language));
            row.unwrap_or(code).to_owned()
        };
        self.raw("<h2>");
        self.text(Phrase::text(record.kind.definition().label(), language));
        self.raw("</h2><dl>");
        self.fact("authority", &word("authorities", record.authority));
        let status = record.status.as_deref().map(|status| word("record_status", status));
        self.fact("status", status.as_deref().unwrap_or_else(|| self.word("export", "declared")));
        if let Some(as_of) = record.as_of {
            self.fact("as_of", &self.time(as_of));
        }
        for line in &record.lines {
            self.raw("<dt>");
            self.text(&line.label);
            self.raw("</dt><dd>");
            self.text(&line.text);
            self.raw("</dd>");
        }
        for (path, wanted) in &record.pending {
            let field = eid_record::Path::parse(path).ok();
            let field = field.as_ref().and_then(|path| record.kind.definition().find(path));
            self.raw("<dt>");
            self.text(field.map_or(path.as_str(), |field| field.label().text(language)));
            self.text(" – ");
            self.text(self.word("export", "pending"));
            self.raw("</dt><dd>");
            self.text(wanted.as_deref().unwrap_or("–"));
            self.raw("</dd>");
        }
        self.raw("</dl>");
    }
}

fn write_name<S: serde::Serializer>(kind: &RecordKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}
