//! Phone numbers of Vietnam.

use core::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{
    Code, Edition, ModelError,
    quiet::text_serde,
    table::{embedded, read, rises},
};

/// A phone number of ten digits from 0 (số điện thoại), kept in the form of E.164: `+84` and nine digits.
///
/// The prefix does not name the operator: numbers can be ported. `Debug` does not show the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber([u8; 12]);

/// What is odd about a phone number without making it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneNotice {
    /// No mobile network of the table uses this prefix.
    UnknownPrefix,
}

impl PhoneNumber {
    /// Reads `0900000001` or `+84900000001`; spaces, dots and hyphens between digits are dropped.
    ///
    /// # Errors
    /// [`ModelError::PhoneFormat`].
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        const MAX_BYTES: usize = 24;
        if text.len() > MAX_BYTES {
            return Err(ModelError::PhoneFormat);
        }
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
        let subscriber = compact.strip_prefix("+84").or_else(|| compact.strip_prefix('0'));
        let e164 = format!("+84{}", subscriber.ok_or(ModelError::PhoneFormat)?);
        match <[u8; 12]>::try_from(e164.as_bytes()) {
            Ok(bytes @ [_, _, _, b'1'..=b'9', rest @ ..]) if rest.iter().all(u8::is_ascii_digit) => Ok(Self(bytes)),
            _ => Err(ModelError::PhoneFormat),
        }
    }

    /// The whole number in the form of E.164. Personal data: never for logs or errors.
    pub fn as_str(&self) -> &str {
        // Plus sign and ASCII digits are always UTF-8; the empty text can never be seen.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The whole number as people dial it at home: ten digits from 0.
    pub fn national_form(&self) -> String {
        format!("0{}", self.as_str().get(3..).unwrap_or_default())
    }

    /// The number for screens: its last three digits, as in `*******001`.
    pub fn masked(&self) -> String {
        let [.., a, b, c] = self.0.map(char::from);
        format!("*******{a}{b}{c}")
    }

    /// What is odd about the number, by a table of prefixes. Never a reason to refuse it.
    pub fn notice(&self, table: &MobilePrefixTable) -> Option<PhoneNotice> {
        let national = self.national_form();
        let known = national.get(..3).is_some_and(|prefix| table.contains(prefix));
        (!known).then_some(PhoneNotice::UnknownPrefix)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(redacted)")
    }
}

text_serde!(PhoneNumber, as_str);

impl PhoneNotice {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::UnknownPrefix => Code::PHONE_PREFIX_UNKNOWN,
        }
    }
}

/// The three-digit prefixes that mobile networks use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MobilePrefixTable {
    edition: Edition,
    prefixes: Vec<String>,
}

impl MobilePrefixTable {
    const MAX_BYTES: usize = 64 * 1024;

    /// The table compiled into the library.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<MobilePrefixTable> =
            LazyLock::new(|| embedded(MobilePrefixTable::parse(include_str!("../data/mobile-prefixes.json"))));
        &TABLE
    }

    /// Reads a newer table: JSON in the form of `data/mobile-prefixes.json`, prefixes rising.
    ///
    /// # Errors
    /// [`ModelError::TableInvalid`].
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let table: Self = read(json, Self::MAX_BYTES)?;
        let formed = |p: &String| p.len() == 3 && p.starts_with('0') && p.bytes().all(|b| b.is_ascii_digit());
        let valid = rises(&table.prefixes, Clone::clone) && table.prefixes.iter().all(formed);
        if valid { Ok(table) } else { Err(ModelError::TableInvalid) }
    }

    /// Version, date and source.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// True if a mobile network uses the prefix, such as `090`.
    pub fn contains(&self, prefix: &str) -> bool {
        self.prefixes.binary_search_by(|known| known.as_str().cmp(prefix)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_parse_to_one_number() {
        for text in ["0900000001", "+84900000001", "0900 000 001", "090.000.0001", "+84 90-000-0001"] {
            let number = PhoneNumber::parse(text).unwrap();
            assert_eq!((number.as_str(), number.national_form().as_str()), ("+84900000001", "0900000001"), "{text}");
            assert_eq!(number.masked(), "*******001");
            assert_eq!(format!("{number:?}"), "PhoneNumber(redacted)");
        }
    }

    #[test]
    fn malformed_number_parse_refuses() {
        for text in [
            "",
            "0",
            "090000001",
            "09000000012",
            "01690000001 ext",
            "016900000012",
            "0000000001",
            "+840900000001",
            "+84000000001",
            "84900000001",
            "0084900000001",
            "+1 900000001",
            "(090)0000001",
            "090000\u{660}01",
            "09000000a1",
            "09000000+1",
            "9000000001",
            "0+900000001",
        ] {
            assert_eq!(PhoneNumber::parse(text), Err(ModelError::PhoneFormat), "{text:?}");
        }
        assert!(PhoneNumber::parse(&("0900000001".to_owned() + &" ".repeat(99))).is_err());
    }

    #[test]
    fn unknown_prefix_noticed_is_a_warning_only() {
        let table = MobilePrefixTable::embedded();
        for (text, known) in [("0900000001", true), ("0550000001", true), ("0540000001", false), ("0100000001", false)]
        {
            assert_eq!(PhoneNumber::parse(text).unwrap().notice(table).is_none(), known, "{text}");
        }
        assert_eq!(PhoneNotice::UnknownPrefix.code(), Code::PHONE_PREFIX_UNKNOWN);
        assert_eq!(table.prefixes.len(), 36);
    }

    #[test]
    fn faulty_table_parse_refuses() {
        let table = |prefixes: &str| {
            MobilePrefixTable::parse(&format!(
                r#"{{"edition":{{"version":2,"effective_from":"2030-01-01","source":"invented"}},"prefixes":[{prefixes}]}}"#
            ))
        };
        assert!(table(r#""010","090""#).unwrap().contains("010"));
        for prefixes in [r#""090","010""#, r#""010","010""#, r#""90""#, r#""900""#, r#""0900""#, "90"] {
            assert_eq!(table(prefixes).err(), Some(ModelError::TableInvalid), "{prefixes}");
        }
    }

    proptest! {
        #[test]
        fn any_nine_digits_parse_the_same_in_both_forms(text in "[1-9][0-9]{8}") {
            let number = PhoneNumber::parse(&format!("0{text}")).unwrap();
            prop_assert_eq!(PhoneNumber::parse(&format!("+84{text}")).unwrap(), number);
            prop_assert_eq!(PhoneNumber::parse(number.as_str()).unwrap(), number);
            prop_assert_eq!(number.national_form(), format!("0{text}"));
        }

        #[test]
        fn any_text_parse_never_panics(text in ".{0,30}") {
            let _ = PhoneNumber::parse(&text);
        }
    }
}
