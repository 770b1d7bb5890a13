//! Words for what the core names by code: acts, fields, purposes.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{
    Edition, ModelError,
    line::Paragraph,
    table::{embedded, read},
};

/// A language of the texts that the core brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Vietnamese (tiếng Việt).
    Vi,
    /// English.
    En,
}

impl Language {
    /// The tag of BCP 47: `vi` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }
}

/// The same text in each language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    vi: Paragraph,
    en: Paragraph,
}

impl Phrase {
    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Vi => self.vi.as_str(),
            Language::En => self.en.as_str(),
        }
    }
}

/// Words by kind and code: what a history entry, a consent or a request says to people. A code that the table does not know
/// is shown as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordTable {
    edition: Edition,
    words: BTreeMap<String, BTreeMap<String, Phrase>>,
}

impl WordTable {
    const MAX_BYTES: usize = 256 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<WordTable> =
            LazyLock::new(|| embedded(WordTable::parse(include_str!("../data/words.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/words.json`.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        read(json, Self::MAX_BYTES)
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// The words for a code of a kind: `act`, `field`, `purpose`, `export`.
    pub fn find(&self, kind: &str, code: &str) -> Option<&Phrase> {
        self.words.get(kind)?.get(code)
    }

    /// The words for a code, or the code itself.
    pub fn text<'a>(&'a self, kind: &str, code: &'a str, language: Language) -> &'a str {
        self.find(kind, code).map_or(code, |phrase| phrase.text(language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_said_in_words_and_an_unknown_one_as_it_is() {
        let table = WordTable::embedded();
        assert_eq!(table.text("act", "presented", Language::En), "Identity proof shown");
        assert_eq!(table.text("act", "presented", Language::Vi), "Xuất trình danh tính");
        assert_eq!(table.text("act", "x-new", Language::Vi), "x-new");
        assert_eq!(table.text("x", "presented", Language::Vi), "presented");
        assert!(table.edition().version() >= 1);
    }

    #[test]
    fn faulty_table_parse_refuses() {
        const ONE: &str = r#"{"edition":{"version":1,"effective_from":"2026-01-01","source":"own words"},
            "words":{"act":{"a":{"vi":"Á","en":"A"}}}}"#;
        assert!(WordTable::parse(ONE).is_ok());
        for (from, to) in
            [("\"Á\"", "\"\""), ("\"Á\"", "7"), (",\"en\":\"A\"", ""), ("\"Á\"", "\"a\\u202eb\""), ("\"en\"", "\"fr\"")]
        {
            let faulty = ONE.replace(from, to);
            assert_ne!(faulty, ONE);
            assert_eq!(WordTable::parse(&faulty).err(), Some(ModelError::TableInvalid), "{from} → {to}");
        }
    }
}
