//! The history as a document: JSON that is signed, and HTML made from the same. `core/docs/consent.md` describes both.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_vault::HistoryEntry;
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use crate::Error;

mod html;
mod page;
mod records;

pub(crate) use html::write_html;
pub(crate) use records::{RecordEntry, RecordsDocument, write_records_html};

/// Name and version of the format.
const FORMAT: &str = "eid-history/1";

/// The data file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Document {
    pub(crate) format: Format,
    pub(crate) account_id: String,
    pub(crate) issuer: String,
    /// Seconds since 1970, UTC, by the phone's clock.
    pub(crate) made_at: i64,
    /// Entries up to this number were erased by the holder, or passed their term.
    pub(crate) erased_to: u64,
    /// Numbers of entries that do not open.
    pub(crate) damaged: Vec<u64>,
    /// Where the next document goes on; `None` if this one is complete.
    pub(crate) next: Option<u64>,
    #[serde(serialize_with = "write_entries")]
    pub(crate) entries: Vec<(u64, HistoryEntry)>,
}

/// What the device key signs: which file it is.
#[derive(Debug, Serialize)]
pub(crate) struct Statement<'a> {
    sub: &'a str,
    iat: i64,
    format: &'static str,
    media_type: &'static str,
    sha256: String,
    length: usize,
    entries: usize,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(FORMAT)
    }
}

impl Document {
    /// The bytes of the file. They are what counts: nothing puts them into another form before they are compared.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|_| Error::Internal)
    }
}

impl<'a> Statement<'a> {
    pub(crate) fn new(document: &'a Document, digest: &[u8; 32], length: usize) -> Self {
        let of = (document.account_id.as_str(), document.made_at);
        Self::of_file(of, FORMAT, (digest, length), document.entries.len())
    }

    /// Of an account at a time: a file of a format, with its digest and length, and how many entries it has.
    fn of_file(
        (sub, iat): (&'a str, i64),
        format: &'static str,
        (digest, length): (&[u8; 32], usize),
        entries: usize,
    ) -> Self {
        Self {
            sub,
            iat,
            format,
            media_type: "application/json",
            sha256: URL_SAFE_NO_PAD.encode(digest),
            length,
            entries,
        }
    }
}

fn write_entries<S: Serializer>(entries: &[(u64, HistoryEntry)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Numbered<'a> {
        number: u64,
        #[serde(flatten)]
        entry: &'a HistoryEntry,
    }
    let mut list = serializer.serialize_seq(Some(entries.len()))?;
    for (number, entry) in entries {
        list.serialize_element(&Numbered { number: *number, entry })?;
    }
    list.end()
}

#[cfg(test)]
pub(crate) mod tests {
    use eid_model::Code;
    use eid_vault::Act;

    use super::*;

    /// A document with everything that can be in one.
    pub(crate) fn document() -> Document {
        let entry = |at, act, counterpart: &str, fields: &[&str], purpose: &str, result| HistoryEntry {
            at,
            act,
            counterpart: counterpart.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            purpose: purpose.to_owned(),
            result,
        };
        Document {
            account_id: "account-1".to_owned(),
            issuer: "e.example".to_owned(),
            made_at: 1_795_348_800,
            erased_to: 2,
            damaged: vec![5],
            next: Some(6),
            entries: vec![
                (3, entry(1_795_300_000, Act::Presented, "rp/<b>&\"'", &["full_name", "x<y"], "id", None)),
                (
                    4,
                    entry(
                        1_795_310_000,
                        Act::Updated,
                        "e.example",
                        &["id"],
                        "credentials",
                        Some(Code::SESSION_REFUSED),
                    ),
                ),
                (6, entry(i64::MAX, Act::Erased, "", &[], "2", None)),
            ],
            ..Document::default()
        }
    }

    #[test]
    fn document_written_says_each_entry_by_names_and_numbers() {
        let json: serde_json::Value = serde_json::from_slice(&document().encode().unwrap()).unwrap();
        assert_eq!(json["format"], "eid-history/1");
        assert_eq!((json["erased_to"].as_u64(), json["next"].as_u64()), (Some(2), Some(6)));
        assert_eq!(
            json["entries"][1],
            serde_json::json!({
                "number": 4, "at": 1_795_310_000_i64, "act": "updated", "counterpart": "e.example",
                "fields": ["id"], "purpose": "credentials", "result": 7012
            })
        );
        assert_eq!(json["entries"][0]["result"], serde_json::Value::Null);
    }

    #[test]
    fn statement_names_the_file_by_its_digest_and_length() {
        let document = document();
        let statement = serde_json::to_value(Statement::new(&document, &[0xff; 32], 77)).unwrap();
        assert_eq!(statement["sha256"], "_".repeat(42) + "8");
        assert_eq!((statement["length"].as_u64(), statement["entries"].as_u64()), (Some(77), Some(3)));
        assert_eq!((&statement["sub"], &statement["format"]), (&"account-1".into(), &"eid-history/1".into()));
    }

    #[test]
    fn schema_in_the_documents_names_the_members_and_acts_that_are_written() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../docs/history-export.schema.json")).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&document().encode().unwrap()).unwrap();
        let names = |value: &serde_json::Value| -> std::collections::BTreeSet<String> {
            match value {
                serde_json::Value::Object(members) => members.keys().cloned().collect(),
                list => list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            }
        };
        let of_entry = &schema["properties"]["entries"]["items"];
        for (schema, written) in [(&schema, &file), (of_entry, &file["entries"][0])] {
            assert_eq!(names(&schema["required"]), names(written));
            assert_eq!(names(&schema["properties"]), names(written));
        }
        for act in names(&of_entry["properties"]["act"]["enum"]) {
            serde_json::from_value::<Act>(act.clone().into()).unwrap();
            assert!(eid_model::WordTable::embedded().find("act", &act).is_some(), "{act}");
        }
    }
}
