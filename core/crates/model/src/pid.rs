//! The personal identification number.

use core::fmt;

use crate::{BirthRegistrationTable, Code, ModelError, PartialDate, Sex, quiet::text_serde};

/// A personal identification number (số định danh cá nhân): 12 digits, also the number of the ID card.
///
/// Digits 1–3 are the place of **birth registration**, digit 4 is century and sex, 5–6 the year of birth, 7–12 random
/// (Decree 137/2015 Art. 13, Circular 07/2016 Art. 7). There is no check digit: every 12 digits parse.
///
/// The number can be cancelled and made anew, so it is a value, not a key of a person for ever. It says nothing about
/// where somebody lives: 080 in a number is Long An, which no longer exists, while province 80 of today is Tây Ninh. A
/// registration code therefore cannot be looked up among the provinces:
///
/// ```compile_fail
/// # use eid_model::{Pid, ProvinceTable};
/// let pid = Pid::parse("080090000001").unwrap();
/// ProvinceTable::embedded().find(pid.birth_registration_code());
/// ```
///
/// `Debug` does not show the number and there is no `Display`: use [`masked`](Self::masked) on screens and, where the
/// whole number is really meant, [`as_str`](Self::as_str).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid([u8; 12]);

/// Where a number disagrees with what somebody declared. A reason to show and to offer a correction, never silent. Both
/// values are with the caller; this type holds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PidMismatch {
    /// The year of birth differs.
    BirthYear,
    /// The sex registered at issue differs.
    Sex,
}

/// What is odd about a number without making it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PidNotice {
    /// The birth-registration code is not in the table. Codes of births abroad and of births since July 2025 are not
    /// public.
    UnknownRegistrationCode,
}

impl Pid {
    /// Reads exactly twelve ASCII digits.
    ///
    /// # Errors
    /// [`ModelError::PidFormat`].
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let digits = <[u8; 12]>::try_from(text.as_bytes()).map_err(|_| ModelError::PidFormat)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(ModelError::PidFormat) }
    }

    /// The whole number. Personal data: never for logs or errors.
    pub fn as_str(&self) -> &str {
        // Twelve ASCII digits are always UTF-8; the empty text can never be seen.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number for screens and lists: first three and last two digits, as in `000*******01`.
    pub fn masked(&self) -> String {
        let [a, b, c, .., y, z] = self.0.map(char::from);
        format!("{a}{b}{c}*******{y}{z}")
    }

    /// Digits 1–3: the code of the place where the birth was registered, 0–999. Not a province of today; see
    /// [`BirthRegistrationTable`].
    pub fn birth_registration_code(&self) -> u16 {
        let [a, b, c, ..] = self.digits();
        a * 100 + b * 10 + c
    }

    /// The year of birth that digits 4–6 say, 1900–2399.
    pub fn birth_year(&self) -> u16 {
        let [_, _, _, century_and_sex, tens, units, ..] = self.digits();
        1900 + century_and_sex / 2 * 100 + tens * 10 + units
    }

    /// The sex registered when the number was issued. Not a gender identity; infer nothing else from it.
    pub fn sex(&self) -> Sex {
        let [_, _, _, century_and_sex, ..] = self.digits();
        if century_and_sex % 2 == 0 { Sex::Male } else { Sex::Female }
    }

    /// The last six digits: the card access number (CAN) of the holder's ID card.
    pub fn last_six(&self) -> &str {
        self.as_str().get(6..).unwrap_or_default()
    }

    /// True for numbers starting with 000 or 999, which no place of registration has: people of tests and sandboxes.
    pub fn is_sandbox(&self) -> bool {
        matches!(self.birth_registration_code(), 0 | 999)
    }

    /// Compares the number with a declared birth date and sex. Empty when they agree.
    pub fn check_against(&self, birth: &PartialDate, sex: Sex) -> Vec<PidMismatch> {
        let mut mismatches = Vec::new();
        if self.birth_year() != birth.year() {
            mismatches.push(PidMismatch::BirthYear);
        }
        if self.sex() != sex {
            mismatches.push(PidMismatch::Sex);
        }
        mismatches
    }

    /// What is odd about the number, by a table of registration codes. Never a reason to refuse it.
    pub fn notice(&self, table: &BirthRegistrationTable) -> Option<PidNotice> {
        table.find(self.birth_registration_code()).is_none().then_some(PidNotice::UnknownRegistrationCode)
    }

    fn digits(&self) -> [u16; 12] {
        self.0.map(|digit| u16::from(digit - b'0'))
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid(redacted)")
    }
}

text_serde!(Pid, as_str);

impl PidMismatch {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::BirthYear => Code::PID_BIRTH_YEAR_MISMATCH,
            Self::Sex => Code::PID_SEX_MISMATCH,
        }
    }
}

impl PidNotice {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::UnknownRegistrationCode => Code::PID_REGISTRATION_UNKNOWN,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pid(text: &str) -> Pid {
        Pid::parse(text).unwrap()
    }

    #[test]
    fn malformed_number_parse_refuses() {
        for text in [
            "",
            "00019000000",
            "0001900000011",
            "00019000000a",
            " 00190000001",
            "000190000001 ",
            "000-19000001",
            "+00190000001",
            "0001900000\u{661}",
            "\u{ff10}\u{ff10}\u{ff10}\u{ff10}",
        ] {
            assert_eq!(Pid::parse(text), Err(ModelError::PidFormat), "{text:?}");
        }
    }

    #[test]
    fn fourth_digit_read_gives_century_and_sex() {
        for (digit, century, sex) in [
            (0, 1900, Sex::Male),
            (1, 1900, Sex::Female),
            (2, 2000, Sex::Male),
            (3, 2000, Sex::Female),
            (4, 2100, Sex::Male),
            (5, 2100, Sex::Female),
            (6, 2200, Sex::Male),
            (7, 2200, Sex::Female),
            (8, 2300, Sex::Male),
            (9, 2300, Sex::Female),
        ] {
            let pid = pid(&format!("000{digit}07123456"));
            assert_eq!((pid.birth_year(), pid.sex()), (century + 7, sex), "digit {digit}");
        }
    }

    #[test]
    fn declared_data_checked_gives_every_reason() {
        let number = pid("000190000001");
        let born = |text| PartialDate::parse(text).unwrap();
        for (birth, sex, expected) in [
            ("1990", Sex::Female, vec![]),
            ("1990-12", Sex::Female, vec![]),
            ("31/12/1990", Sex::Female, vec![]),
            ("1991-01-01", Sex::Female, vec![PidMismatch::BirthYear]),
            ("2090", Sex::Female, vec![PidMismatch::BirthYear]),
            ("1990", Sex::Male, vec![PidMismatch::Sex]),
            ("1890", Sex::Male, vec![PidMismatch::BirthYear, PidMismatch::Sex]),
        ] {
            assert_eq!(number.check_against(&born(birth), sex), expected, "{birth} {sex:?}");
        }
        assert_eq!(PidMismatch::Sex.code(), Code::PID_SEX_MISMATCH);
        assert_eq!(PidMismatch::BirthYear.code(), Code::PID_BIRTH_YEAR_MISMATCH);
    }

    #[test]
    fn unknown_registration_code_noticed_is_a_warning_only() {
        let table = BirthRegistrationTable::embedded();
        for text in ["003090000001", "023090000001", "000090000001", "999090000001"] {
            let notice = pid(text).notice(table).unwrap();
            assert_eq!(notice.code(), Code::PID_REGISTRATION_UNKNOWN);
        }
        assert_eq!(pid("080090000001").notice(table), None);
    }

    #[test]
    fn number_shown_is_masked_and_debug_is_redacted() {
        let number = pid("000190765401");
        assert_eq!(number.masked(), "000*******01");
        assert_eq!(format!("{number:?}"), "Pid(redacted)");
        assert_eq!(number.last_six(), "765401");
        assert_eq!(number.as_str(), "000190765401");
    }

    #[test]
    fn number_outside_all_registers_is_sandbox() {
        assert!(pid("000190000001").is_sandbox() && pid("999190000001").is_sandbox());
        assert!(!pid("001190000001").is_sandbox() && !pid("998190000001").is_sandbox());
    }

    proptest! {
        #[test]
        fn any_twelve_digits_parse_and_return(place in 0_u16..1_000, century in 0_u16..10, year in 0_u16..100, tail in "[0-9]{6}") {
            let text = format!("{place:03}{century}{year:02}{tail}");
            let number = pid(&text);
            prop_assert_eq!(number.as_str(), text.as_str());
            prop_assert_eq!(number.birth_registration_code(), place);
            prop_assert_eq!(number.birth_year() % 100, year);
            prop_assert_eq!(number.last_six(), tail.as_str());
        }

        #[test]
        fn any_text_parse_never_panics(text in ".{0,16}") {
            let _ = Pid::parse(&text);
        }
    }
}
