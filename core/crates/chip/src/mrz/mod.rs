//! The machine-readable zone (dòng MRZ) of cards and passports: ICAO 9303 parts 4 to 6.

#[cfg(feature = "personalise")]
mod draft;
mod layout;

use core::{fmt, ops::Range};

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};
use zeroize::Zeroizing;

use crate::{ChipError, MrzKey};
use layout::Layout;

#[cfg(feature = "personalise")]
pub use draft::MrzDraft;

/// The size of a machine-readable zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MrzFormat {
    /// Three lines of 30: ID cards.
    Td1,
    /// Two lines of 36: larger cards.
    Td2,
    /// Two lines of 44: passports.
    Td3,
}

/// A field of a machine-readable zone, for errors and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MrzField {
    /// Number and length of the lines, or a character that no line may have.
    Lines,
    /// The kind of document.
    DocumentCode,
    /// The state that issued the document.
    IssuingState,
    /// The document's number.
    DocumentNumber,
    /// The holder's birth date.
    BirthDate,
    /// The holder's sex.
    Sex,
    /// The day the document expires.
    ExpiryDate,
    /// The holder's nationality.
    Nationality,
    /// Optional data; on a CCCD and in passports the personal number.
    OptionalData,
    /// The holder's name.
    Name,
    /// The check digit over all lines.
    Composite,
}

/// A date of a machine-readable zone: two digits of the year, and month and day if known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MrzDate {
    year_of_century: u8,
    month: Option<u8>,
    day: Option<u8>,
}

/// A machine-readable zone whose form and check digits are right.
///
/// It opens the chip, so it is held as a secret: wiped on drop, not shown by `Debug`. Unsigned by itself; the copy in
/// data group 1 is signed.
pub struct Mrz {
    text: Zeroizing<String>,
    format: MrzFormat,
    number: Zeroizing<String>,
    birth: Option<MrzDate>,
    expiry: Option<MrzDate>,
    sex: Option<Sex>,
}

impl Mrz {
    /// Reads the lines, one after the other or separated by line breaks or spaces.
    ///
    /// # Errors
    /// [`ChipError::MrzMalformed`] or [`ChipError::MrzCheckDigit`] with the first field that is wrong.
    pub fn parse(text: &str) -> Result<Self, ChipError> {
        const MAX_BYTES: usize = 128;
        if text.len() > MAX_BYTES {
            return Err(ChipError::MrzMalformed(MrzField::Lines));
        }
        let mut lines = Zeroizing::new(String::with_capacity(MAX_BYTES));
        lines.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
        if !lines.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'<')) {
            return Err(ChipError::MrzMalformed(MrzField::Lines));
        }
        let format = match lines.len() {
            90 => MrzFormat::Td1,
            72 => MrzFormat::Td2,
            88 => MrzFormat::Td3,
            _ => return Err(ChipError::MrzMalformed(MrzField::Lines)),
        };
        let layout = Layout::of(format);
        check_letters(&lines, layout)?;
        let number = layout.document_number(&lines)?;
        let birth = layout::date(&lines, &layout.birth, MrzField::BirthDate)?;
        let expiry = layout::date(&lines, &layout.expiry, MrzField::ExpiryDate)?;
        let sex = match part(&lines, &layout.sex) {
            "M" => Some(Sex::Male),
            "F" => Some(Sex::Female),
            "<" | "X" => None,
            _ => return Err(ChipError::MrzMalformed(MrzField::Sex)),
        };
        layout.check_optional_data(&lines)?;
        layout.check_composite(&lines)?;
        Ok(Self { text: lines, format, number, birth, expiry, sex })
    }

    /// The size.
    pub fn format(&self) -> MrzFormat {
        self.format
    }

    /// The lines without breaks: 90, 72 or 88 characters. A secret, and personal data.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The kind of document: one or two letters, as in `P`, `ID` or `I`.
    pub fn document_code(&self) -> &str {
        self.part(|layout| &layout.code).trim_end_matches('<')
    }

    /// The three-letter code of the issuing state (`D` for Germany), as in `VNM`.
    pub fn issuing_state(&self) -> &str {
        self.part(|layout| &layout.state).trim_end_matches('<')
    }

    /// The document's number without fillers; also a long one that goes on in the optional data.
    pub fn document_number(&self) -> &str {
        &self.number
    }

    /// The three-letter code of the nationality (`D` for Germany).
    pub fn nationality(&self) -> &str {
        self.part(|layout| &layout.nationality).trim_end_matches('<')
    }

    /// The optional data with its inner fillers, without those at the end.
    pub fn optional_data(&self) -> &str {
        self.part(|layout| &layout.optional).trim_end_matches('<')
    }

    /// The birth date, if the document knows any part of it.
    pub fn birth(&self) -> Option<MrzDate> {
        self.birth
    }

    /// The day of expiry, if the document has one.
    pub fn expiry(&self) -> Option<MrzDate> {
        self.expiry
    }

    /// The sex; `None` where the document does not say.
    pub fn sex(&self) -> Option<Sex> {
        self.sex
    }

    /// The personal number (số định danh cá nhân) that a Vietnamese card has in its optional data; `None` on other
    /// documents.
    pub fn pid(&self) -> Option<Pid> {
        if !self.is_vietnamese_card() {
            return None;
        }
        self.part(|layout| &layout.optional).get(..12).and_then(|digits| Pid::parse(digits).ok())
    }

    /// The name as written: family name, then the rest, single spaces, no accents.
    ///
    /// # Errors
    /// [`ChipError::MrzMalformed`] when no letter is there.
    pub fn name(&self) -> Result<PersonName, ChipError> {
        let words: Vec<&str> = self.name_field().split('<').filter(|word| !word.is_empty()).collect();
        PersonName::parse(&words.join(" ")).map_err(|_| ChipError::MrzMalformed(MrzField::Name))
    }

    /// True when a name (with accents) is the one of this zone: same letters without accents, hyphens and apostrophes,
    /// and the zone's may be cut short.
    pub fn names(&self, name: &PersonName) -> bool {
        let (letters, cut_short) = self.letters();
        fits_letters(name, &letters, cut_short)
    }

    /// The letters of the name, and whether the field may be too short for all of them.
    pub(crate) fn letters(&self) -> (String, bool) {
        let letters = self.name_field().chars().filter(|c| *c != '<').collect();
        (letters, !self.name_field().ends_with('<'))
    }

    /// What opens the chip: number, birth date and expiry.
    ///
    /// # Errors
    /// None for a zone that was parsed.
    pub fn key(&self) -> Result<MrzKey, ChipError> {
        let part = |range| part(&self.text, range);
        let layout = Layout::of(self.format);
        MrzKey::new(&self.number, part(&layout.birth), part(&layout.expiry))
    }

    fn is_vietnamese_card(&self) -> bool {
        self.format == MrzFormat::Td1 && self.issuing_state() == "VNM"
    }

    fn name_field(&self) -> &str {
        self.part(|layout| &layout.name)
    }

    fn part(&self, field: impl Fn(&'static Layout) -> &'static Range<usize>) -> &str {
        part(&self.text, field(Layout::of(self.format)))
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({:?}, redacted)", self.format)
    }
}

impl MrzDate {
    fn parse(text: &str, field: MrzField) -> Result<Option<Self>, ChipError> {
        let wrong = ChipError::MrzMalformed(field);
        let [y1, y2, m1, m2, d1, d2] = *text.as_bytes() else { return Err(wrong) };
        if text.bytes().all(|b| b == b'<') {
            return Ok(None);
        }
        let two = |tens: u8, units: u8| match (tens, units) {
            (b'<', b'<') => Ok(None),
            (b'0'..=b'9', b'0'..=b'9') => Ok(Some((tens - b'0') * 10 + (units - b'0'))),
            _ => Err(wrong),
        };
        let date = Self { year_of_century: two(y1, y2)?.ok_or(wrong)?, month: two(m1, m2)?, day: two(d1, d2)? };
        // Some year of the century rule's reach must have this day; 2000 and 1996 stand for leap years.
        if date.in_year(2000 + u16::from(date.year_of_century)).is_none() { Err(wrong) } else { Ok(Some(date)) }
    }

    /// The date as a date of birth: the latest that is not after `today`.
    pub fn as_birth(&self, today: Date) -> Option<PartialDate> {
        let candidates = [2200, 2100, 2000, 1900, 1800].map(|century: u16| century + u16::from(self.year_of_century));
        let dates = candidates.into_iter().filter_map(|year| self.in_year(year));
        dates.into_iter().find(|date| first_day(date) <= (today.year(), today.month(), today.day()))
    }

    /// The date as a day of expiry: the first that is not more than twenty years before `today`. Chips in documents are
    /// younger than that, and cards without expiry say 31 December 99.
    pub fn as_expiry(&self, today: Date) -> Option<PartialDate> {
        let earliest = today.year().saturating_sub(20);
        let candidates = [1900, 2000, 2100, 2200].map(|century: u16| century + u16::from(self.year_of_century));
        candidates.into_iter().filter(|year| *year >= earliest).find_map(|year| self.in_year(year))
    }

    /// True when a date has the same parts.
    pub fn is(&self, date: &PartialDate) -> bool {
        u16::from(self.year_of_century) == date.year() % 100 && self.month == date.month() && self.day == date.day()
    }

    fn in_year(&self, year: u16) -> Option<PartialDate> {
        let text = match (self.month, self.day) {
            (Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
            (Some(month), None) => format!("{year:04}-{month:02}"),
            (None, None) => format!("{year:04}"),
            (None, Some(_)) => return None,
        };
        PartialDate::parse(&text).ok()
    }
}

impl fmt::Debug for MrzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzDate(redacted)")
    }
}

/// Year, month and day of the first day that a date may mean.
fn first_day(date: &PartialDate) -> (u16, u8, u8) {
    (date.year(), date.month().unwrap_or(1), date.day().unwrap_or(1))
}

/// Code, state, nationality and name: letters (the number 9 of no state), fillers at the end only.
fn check_letters(lines: &str, layout: &Layout) -> Result<(), ChipError> {
    for (range, field) in [(&layout.state, MrzField::IssuingState), (&layout.nationality, MrzField::Nationality)] {
        let letters = part(lines, range).trim_end_matches('<');
        if letters.is_empty() || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(ChipError::MrzMalformed(field));
        }
    }
    let code = part(lines, &layout.code);
    if !code.starts_with(|c: char| layout.codes.contains(c)) {
        return Err(ChipError::MrzMalformed(MrzField::DocumentCode));
    }
    let name = part(lines, &layout.name);
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) || name.bytes().any(|b| b.is_ascii_digit()) {
        return Err(ChipError::MrzMalformed(MrzField::Name));
    }
    Ok(())
}

/// True when the letters are those of the name, or its first ones.
pub(crate) fn fits_letters(name: &PersonName, letters: &str, cut_short: bool) -> bool {
    let ascii = name.ascii_form();
    let full: String = ascii.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    if cut_short { full.starts_with(letters) } else { full == letters }
}

/// A part of text whose length and ASCII were checked before.
fn part<'a>(lines: &'a str, range: &Range<usize>) -> &'a str {
    lines.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
