//! Machine-readable zones for invented people.

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};

use super::Mrz;
use crate::{ChipError, kdf::check_digit};

/// What a Vietnamese card's machine-readable zone is made from.
#[derive(Debug, Clone)]
pub struct MrzDraft {
    /// The personal number; the document's number is its last nine digits.
    pub pid: Pid,
    /// The full name; the first word is the family name.
    pub name: PersonName,
    /// The birth date; unknown parts become fillers.
    pub birth: PartialDate,
    /// The sex.
    pub sex: Sex,
    /// The day of expiry; none on cards of the elderly, whose lines say 31 December 99.
    pub expiry: Option<Date>,
}

impl MrzDraft {
    /// The three lines as one text of 90 characters.
    ///
    /// # Errors
    /// [`ChipError::MrzMalformed`] for a name without a letter from A to Z.
    pub fn make_card(&self) -> Result<Mrz, ChipError> {
        let number = with_check(self.pid.as_str().get(3..).unwrap_or_default());
        let optional = with_check(&format!("{}<<", self.pid.as_str()));
        let expiry = self.expiry.map_or_else(|| "991231".to_owned(), |day| six_digits(day.into()));
        let (birth, expiry) = (with_check(&six_digits(self.birth)), with_check(&expiry));
        let sex = match self.sex {
            Sex::Male => 'M',
            Sex::Female => 'F',
        };
        let composite = check_digit(format!("{number}{optional}{birth}{expiry}{}", "<".repeat(11)).as_bytes());
        let mut name: String = name_field(&self.name);
        name.truncate(30);
        let filled = format!("{name:<<30}");
        Mrz::parse(&format!(
            "IDVNM{number}{optional}{birth}{sex}{expiry}VNM{}{}{filled}",
            "<".repeat(11),
            char::from(composite)
        ))
    }
}

fn with_check(text: &str) -> String {
    format!("{text}{}", char::from(check_digit(text.as_bytes())))
}

fn six_digits(date: PartialDate) -> String {
    let part = |part: Option<u8>| part.map_or_else(|| "<<".to_owned(), |part| format!("{part:02}"));
    format!("{:02}{}{}", date.year() % 100, part(date.month()), part(date.day()))
}

/// `FAMILY<<MIDDLE<GIVEN`; hyphens part words, apostrophes vanish (9303 part 3, section 4.6).
fn name_field(name: &PersonName) -> String {
    let letters = name.ascii_form().to_ascii_uppercase().replace('-', " ");
    let words = letters.split(' ').map(|word| word.chars().filter(char::is_ascii_alphabetic).collect::<String>());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    match words.split_first() {
        Some((family, rest)) => format!("{family}<<{}", rest.join("<")),
        None => String::new(),
    }
}
