//! What a citizen can agree to (sự đồng ý), in which words, and to whom.

use core::fmt;
use std::{collections::BTreeSet, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{
    Date, Edition, ModelError, Phrase,
    line::Line,
    quiet::text_serde,
    table::{embedded, read},
};

/// One version of what is asked for one purpose: a consent keeps the version it was given under (Law 91/2025 Art. 9).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentText {
    purpose: PurposeCode,
    version: u32,
    effective_from: Date,
    /// The longest term.
    term_days: u32,
    fields: Vec<ConsentField>,
    text: Phrase,
    sensitive_text: Option<Phrase>,
}

/// A field that a purpose may need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentField {
    name: FieldName,
    sensitive: bool,
}

impl ConsentField {
    /// The field's name, as in the table of words.
    pub fn name(&self) -> &str {
        self.name.0.as_str()
    }

    /// True for sensitive personal data (dữ liệu cá nhân nhạy cảm).
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }
}

impl ConsentText {
    /// The purpose's code.
    pub fn purpose(&self) -> &str {
        &self.purpose.0
    }

    /// 1 for the first, rising.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The first day on which this version is shown.
    pub fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// The longest time that a consent lasts, in days.
    pub fn term_days(&self) -> u32 {
        self.term_days
    }

    /// The fields that the purpose may need. None is chosen in advance.
    pub fn fields(&self) -> &[ConsentField] {
        &self.fields
    }

    /// What is agreed to, in words.
    pub fn text(&self) -> &Phrase {
        &self.text
    }

    /// The words that say which data are sensitive; there if a field is.
    pub fn sensitive_text(&self) -> Option<&Phrase> {
        self.sensitive_text.as_ref()
    }

    /// The named fields, in the order of the names; `None` if a name is not of this purpose or there twice, or there is none.
    pub fn select(&self, names: &[String]) -> Option<Vec<ConsentField>> {
        let unique = names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let find = |name: &String| self.fields.iter().find(|field| field.name() == name).cloned();
        let found: Option<Vec<_>> = names.iter().map(find).collect();
        found.filter(|fields| unique && !fields.is_empty())
    }

    fn is_sound(&self) -> bool {
        let names: BTreeSet<_> = self.fields.iter().map(ConsentField::name).collect();
        let sensitive = self.fields.iter().any(ConsentField::is_sensitive);
        (1..=32).contains(&self.fields.len())
            && names.len() == self.fields.len()
            && sensitive == self.sensitive_text.is_some()
            && (1..=3_653).contains(&self.term_days)
            && self.version > 0
    }
}

/// The versioned texts of all purposes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentTextTable {
    edition: Edition,
    texts: Vec<ConsentText>,
}

impl ConsentTextTable {
    const MAX_BYTES: usize = 256 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<ConsentTextTable> =
            LazyLock::new(|| embedded(ConsentTextTable::parse(include_str!("../data/consent-texts.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/consent-texts.json`, by purpose and version, dates not going back.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let follows = |a: &ConsentText, b: &ConsentText| {
            (a.purpose() < b.purpose())
                || (a.purpose == b.purpose && a.version < b.version && a.effective_from <= b.effective_from)
        };
        let sound = table.texts.iter().all(ConsentText::is_sound) && table.texts.is_sorted_by(follows);
        if sound { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// All versions of all purposes.
    pub fn texts(&self) -> &[ConsentText] {
        &self.texts
    }

    /// What is shown for a purpose on a day; `None` for a purpose that the table does not have yet.
    pub fn current(&self, purpose: &str, on: Date) -> Option<&ConsentText> {
        self.texts.iter().rev().find(|text| text.purpose() == purpose && text.effective_from <= on)
    }

    /// The version that a consent was given under.
    pub fn find(&self, purpose: &str, version: u32) -> Option<&ConsentText> {
        self.texts.iter().find(|text| text.purpose() == purpose && text.version == version)
    }
}

/// Who receives the data (bên nhận): an identifier and a name for people.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RecipientFields")]
pub struct Recipient {
    id: RecipientId,
    name: Line,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipientFields {
    id: RecipientId,
    name: Line,
}

impl TryFrom<RecipientFields> for Recipient {
    type Error = ModelError;

    fn try_from(fields: RecipientFields) -> Result<Self, ModelError> {
        let RecipientFields { id, name } = fields;
        if name.as_str().is_empty() { Err(ModelError::RecipientInvalid) } else { Ok(Self { id, name }) }
    }
}

impl Recipient {
    /// An identifier of 1–64 of `a-z 0-9 . / -`, and a name of 1–200 characters.
    ///
    /// # Errors
    /// [`ModelError::RecipientInvalid`].
    pub fn parse(id: &str, name: &str) -> Result<Self, ModelError> {
        let name = Line::parse(name).map_err(|_| ModelError::RecipientInvalid)?;
        RecipientFields { id: RecipientId::parse(id)?, name }.try_into()
    }

    /// The identifier.
    pub fn id(&self) -> &str {
        &self.id.0
    }

    /// The name for people.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

#[derive(Clone, PartialEq, Eq)]
struct RecipientId(String);

impl RecipientId {
    fn parse(text: &str) -> Result<Self, ModelError> {
        code(text, b"./-").map(Self).ok_or(ModelError::RecipientInvalid)
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

text_serde!(RecipientId, as_str);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PurposeCode(String);

impl PurposeCode {
    fn parse(text: &str) -> Result<Self, ModelError> {
        code(text, b"-").map(Self).ok_or(ModelError::TableInvalid)
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

text_serde!(PurposeCode, as_str);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldName(String);

impl FieldName {
    fn parse(text: &str) -> Result<Self, ModelError> {
        code(text, b"_").map(Self).ok_or(ModelError::TableInvalid)
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

text_serde!(FieldName, as_str);

/// 1–64 lower-case letters, digits and some marks.
fn code(text: &str, marks: &[u8]) -> Option<String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || marks.contains(&b);
    ((1..=64).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, WordTable};

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn text_of_a_day_is_the_newest_in_force_and_older_ones_stay() {
        let table = ConsentTextTable::embedded();
        for (on, version) in
            [("2024-06-30", None), ("2024-07-01", Some(1)), ("2025-12-31", Some(1)), ("2026-01-01", Some(2))]
        {
            let text = table.current("sim-registration", day(on));
            assert_eq!(text.map(ConsentText::version), version, "{on}");
        }
        assert!(table.find("sim-registration", 1).is_some() && table.find("sim-registration", 3).is_none());
        assert!(table.current("x", day("2026-01-01")).is_none());
    }

    #[test]
    fn every_purpose_and_field_has_its_words() {
        for text in ConsentTextTable::embedded().texts() {
            assert!(WordTable::embedded().find("purpose", text.purpose()).is_some(), "{}", text.purpose());
            for field in text.fields() {
                assert!(WordTable::embedded().find("field", field.name()).is_some(), "{}", field.name());
            }
            for language in [Language::Vi, Language::En] {
                assert!(text.text().text(language).len() > 40);
            }
        }
    }

    #[test]
    fn fields_are_selected_by_name_only_if_each_is_of_the_purpose() {
        let text = ConsentTextTable::embedded().find("sim-registration", 2).unwrap();
        let select = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            text.select(&names).map(|fields| fields.iter().map(|f| (f.name().to_owned(), f.is_sensitive())).collect())
        };
        assert_eq!(select(&["face", "pid"]), Some(vec![("face".to_owned(), true), ("pid".to_owned(), false)]));
        for names in [&[] as &[&str], &["pid", "pid"], &["bank_account"], &["pid", ""]] {
            assert_eq!(select(names), None::<Vec<_>>, "{names:?}");
        }
    }

    #[test]
    fn faulty_table_parse_refuses() {
        const TWO: &str = r#"{"edition":{"version":1,"effective_from":"2026-01-01","source":"invented"},"texts":[
            {"purpose":"a","version":1,"effective_from":"2026-01-01","term_days":9,"text":{"vi":"Á","en":"A"},
             "fields":[{"name":"pid","sensitive":false},{"name":"face","sensitive":true}],"sensitive_text":{"vi":"Á","en":"S"}},
            {"purpose":"a","version":2,"effective_from":"2026-02-01","term_days":9,"text":{"vi":"Á","en":"A"},
             "fields":[{"name":"pid","sensitive":false}],"sensitive_text":null}]}"#;
        assert!(ConsentTextTable::parse(TWO).is_ok());
        for (from, to) in [
            ("\"sensitive\":true", "\"sensitive\":false"),
            ("\"name\":\"face\"", "\"name\":\"pid\""),
            ("\"term_days\":9", "\"term_days\":0"),
            ("\"version\":2", "\"version\":1"),
            ("2026-02-01", "2025-02-01"),
            ("\"purpose\":\"a\"", "\"purpose\":\"A b\""),
            ("\"sensitive_text\":null", "\"sensitive_text\":{\"vi\":\"Á\",\"en\":\"S\"}"),
        ] {
            let faulty = TWO.replace(from, to);
            assert_ne!(faulty, TWO);
            assert_eq!(ConsentTextTable::parse(&faulty).err(), Some(ModelError::TableInvalid), "{from} → {to}");
        }
    }

    #[test]
    fn recipient_has_an_identifier_and_a_name_without_tricks() {
        let recipient = Recipient::parse("rp/telecom-1", " Viễn thông  Mẫu ").unwrap();
        assert_eq!((recipient.id(), recipient.name()), ("rp/telecom-1", "Viễn thông Mẫu"));
        assert_eq!(format!("{recipient:?}"), "Recipient(…)");
        for (id, name) in
            [("", "A"), ("a b", "A"), ("A", "A"), ("a", ""), ("a", "  "), ("a", "x\u{202e}y"), ("a", "x\ny")]
        {
            assert_eq!(Recipient::parse(id, name).err(), Some(ModelError::RecipientInvalid), "{id:?} {name:?}");
        }
        assert!(Recipient::parse(&"a".repeat(65), "A").is_err());
        for json in [
            r#"{"id":"a b","name":"A"}"#,
            r#"{"id":"a","name":" "}"#,
            r#"{"id":"a"}"#,
            r#"{"id":"a","name":"A","x":1}"#,
        ] {
            assert!(serde_json::from_str::<Recipient>(json).is_err(), "{json}");
        }
        let json = serde_json::to_string(&recipient).unwrap();
        assert_eq!(serde_json::from_str::<Recipient>(&json).unwrap(), recipient);
    }
}
