//! The QR code printed on the identity card: `number|old number|name|birth|sex|residence|issued`, and more since 2024.
//!
//! Unsigned: anybody can print one. It gives the card access number and something to compare; it is never proof.

use core::fmt;

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    ChipError,
    lds::{CardGeneration, parse_sex},
};

/// The text of an identity card's QR code (mã QR trên thẻ căn cước). Declared, not verified; `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct CardQr {
    /// The personal number.
    pub pid: Pid,
    /// The nine-digit number of the card before.
    pub old_number: Option<String>,
    /// The full name.
    pub name: PersonName,
    /// The birth date.
    pub birth: PartialDate,
    /// The sex.
    pub sex: Sex,
    /// The residence in one line.
    pub residence: String,
    /// The day of issue.
    pub issued: Option<Date>,
    /// What follows on newer cards, in order: cancelled personal numbers, parents of children.
    pub more: Vec<String>,
}

impl CardQr {
    const MAX_BYTES: usize = 2_048;
    const MAX_FIELDS: usize = 16;

    /// Reads the text that a scanner gives.
    ///
    /// # Errors
    /// [`ChipError::CardQrFormat`].
    pub fn parse(text: &str) -> Result<Self, ChipError> {
        Self::read(text).ok_or(ChipError::CardQrFormat)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES {
            return None;
        }
        let text: String = text.trim().nfc().collect();
        let mut fields: Vec<&str> = text.split('|').map(str::trim).collect();
        while fields.len() > 7 && fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        if fields.len() > Self::MAX_FIELDS || text.chars().any(char::is_control) {
            return None;
        }
        let [number, old_number, name, birth, sex, residence, issued, more @ ..] = fields.as_slice() else {
            return None;
        };
        let old_number = match old_number.len() {
            0 => None,
            9 | 12 if old_number.bytes().all(|byte| byte.is_ascii_digit()) => Some((*old_number).to_owned()),
            _ => return None,
        };
        let issued = match day_first(issued) {
            Some(PartialDate::Day(date)) => Some(date),
            Some(_) => return None,
            None if issued.is_empty() => None,
            None => return None,
        };
        Some(Self {
            pid: Pid::parse(number).ok()?,
            old_number,
            name: PersonName::parse(name).ok()?,
            birth: day_first(birth)?,
            sex: parse_sex(sex)?,
            residence: (*residence).to_owned(),
            issued,
            more: more.iter().map(|field| (*field).to_owned()).collect(),
        })
    }

    /// The card access number (CAN): the last six digits of the personal number.
    pub fn can(&self) -> &str {
        self.pid.last_six()
    }

    /// The card that prints as many fields. A guess: labels only.
    pub fn generation(&self) -> CardGeneration {
        if self.more.is_empty() { CardGeneration::Citizen2021 } else { CardGeneration::Identity2024 }
    }
}

impl fmt::Debug for CardQr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardQr({:?}, redacted)", self.generation())
    }
}

/// `ddmmyyyy`, with `00` for an unknown day or month, or the year alone.
fn day_first(text: &str) -> Option<PartialDate> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let form = match (digits, text.len()) {
        (true, 4) => text.to_owned(),
        (true, 8) => match (text.get(..2)?, text.get(2..4)?, text.get(4..)?) {
            ("00", "00", year) => year.to_owned(),
            ("00", month, year) => format!("{year}-{month}"),
            (day, month, year) => format!("{year}-{month}-{day}"),
        },
        _ => return None,
    };
    PartialDate::parse(&form).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CARD_2021: &str = "000199000123|012345678|Nguyễn Thị Thử|31121999|Nữ|Số 1, Xã Thử, Hà Nội|10012021";

    #[test]
    fn card_of_2021_read_gives_its_fields() {
        let card = CardQr::parse(CARD_2021).unwrap();
        assert_eq!((card.pid.as_str(), card.can()), ("000199000123", "000123"));
        assert_eq!(card.old_number.as_deref(), Some("012345678"));
        assert_eq!((card.name.as_str(), card.sex), ("Nguyễn Thị Thử", Sex::Female));
        assert_eq!((card.birth.iso_form().as_str(), card.residence.as_str()), ("1999-12-31", "Số 1, Xã Thử, Hà Nội"));
        assert_eq!((card.issued, card.generation()), (Date::new(2021, 1, 10).ok(), CardGeneration::Citizen2021));
        assert_eq!(format!("{card:?}"), "CardQr(Citizen2021, redacted)");
    }

    #[test]
    fn card_of_2024_read_keeps_what_is_new() {
        let text = format!("{CARD_2021}|000199000999|Nguyễn Văn Cha|Trần Thị Mẹ");
        let card = CardQr::parse(&text).unwrap();
        assert_eq!(card.more, ["000199000999", "Nguyễn Văn Cha", "Trần Thị Mẹ"]);
        assert_eq!(card.generation(), CardGeneration::Identity2024);
    }

    #[test]
    fn variants_that_cards_have_are_read() {
        for (from, to) in [
            ("|012345678|", "||"),
            ("31121999", "00001999"),
            ("31121999", "00121999"),
            ("31121999", "1999"),
            ("|10012021", "|"),
            ("|10012021", "|10012021||"),
            ("Nữ", "NỮ"),
            ("Nữ", "Nu\u{31b}\u{303}"),
        ] {
            assert!(CardQr::parse(&CARD_2021.replace(from, to)).is_ok(), "{from} → {to}");
        }
        assert!(CardQr::parse(&format!(" {CARD_2021}\r\n")).is_ok());
    }

    #[test]
    fn texts_that_are_no_card_are_refused() {
        for (from, to) in [
            ("000199000123", "00019900012"),
            ("012345678", "01234567"),
            ("Nguyễn Thị Thử", ""),
            ("31121999", "19991231"),
            ("31121999", "31021999"),
            ("31121999", ""),
            ("|Nữ|", "|X|"),
            ("|10012021", ""),
            ("10012021", "00012021"),
            ("Xã", "X\u{0}"),
            ("Hà Nội", &"|".repeat(3_000)),
            ("|10012021", "|10012021|a|b|c|d|e|f|g|h|i|k"),
        ] {
            assert_eq!(CardQr::parse(&CARD_2021.replace(from, to)), Err(ChipError::CardQrFormat), "{from} → {to}");
        }
        for text in ["", "7041", "|||||||", "https://vnn.example/?q=1"] {
            assert_eq!(CardQr::parse(text), Err(ChipError::CardQrFormat), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,64}", at in 0_usize..90, with in any::<char>()) {
            drop(CardQr::parse(&text));
            let changed: String = CARD_2021.chars().enumerate().map(|(i, c)| if i == at { with } else { c }).collect();
            drop(CardQr::parse(&changed));
        }
    }
}
