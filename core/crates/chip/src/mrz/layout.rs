//! Where the fields of the three sizes are, and what their check digits cover.

use core::ops::Range;

use zeroize::Zeroizing;

use super::{MrzDate, MrzField, MrzFormat, part};
use crate::{ChipError, kdf::check_digit};

/// Positions in the lines put together, from 0.
pub(super) struct Layout {
    format: MrzFormat,
    /// The first letters that the document code may have.
    pub(super) codes: &'static str,
    pub(super) code: Range<usize>,
    pub(super) state: Range<usize>,
    pub(super) number: Range<usize>,
    pub(super) birth: Range<usize>,
    pub(super) sex: Range<usize>,
    pub(super) expiry: Range<usize>,
    pub(super) nationality: Range<usize>,
    pub(super) optional: Range<usize>,
    pub(super) name: Range<usize>,
    composite: &'static [Range<usize>],
    composite_at: usize,
}

const TD1: Layout = Layout {
    format: MrzFormat::Td1,
    codes: "ACI",
    code: 0..2,
    state: 2..5,
    number: 5..14,
    optional: 15..30,
    birth: 30..36,
    sex: 37..38,
    expiry: 38..44,
    nationality: 45..48,
    name: 60..90,
    composite: &[5..30, 30..37, 38..45, 48..59],
    composite_at: 59,
};

const TD2: Layout = Layout {
    format: MrzFormat::Td2,
    codes: "ACIPV",
    code: 0..2,
    state: 2..5,
    name: 5..36,
    number: 36..45,
    nationality: 46..49,
    birth: 49..55,
    sex: 56..57,
    expiry: 57..63,
    optional: 64..71,
    composite: &[36..46, 49..56, 57..71],
    composite_at: 71,
};

const TD3: Layout = Layout {
    format: MrzFormat::Td3,
    codes: "PV",
    code: 0..2,
    state: 2..5,
    name: 5..44,
    number: 44..53,
    nationality: 54..57,
    birth: 57..63,
    sex: 64..65,
    expiry: 65..71,
    optional: 72..86,
    composite: &[44..54, 57..64, 65..87],
    composite_at: 87,
};

impl Layout {
    pub(super) const fn of(format: MrzFormat) -> &'static Self {
        match format {
            MrzFormat::Td1 => &TD1,
            MrzFormat::Td2 => &TD2,
            MrzFormat::Td3 => &TD3,
        }
    }

    /// The number without fillers. One of more than nine characters has a filler for its check digit and goes on in the
    /// optional data, check digit and filler behind it (9303 part 5, note j; part 6 the same).
    pub(super) fn document_number(&self, lines: &str) -> Result<Zeroizing<String>, ChipError> {
        let wrong = ChipError::MrzMalformed(MrzField::DocumentNumber);
        let first = part(lines, &self.number);
        let long = part(lines, &(self.number.end..self.number.end + 1)) == "<" && self.format != MrzFormat::Td3;
        let mut number = Zeroizing::new(String::with_capacity(32));
        number.push_str(first);
        let digit = if long {
            let (rest, _) = part(lines, &self.optional).split_once('<').ok_or(wrong)?;
            let (rest, digit) = rest.split_at_checked(rest.len().saturating_sub(1)).ok_or(wrong)?;
            number.push_str(rest);
            digit
        } else {
            part(lines, &(self.number.end..self.number.end + 1))
        };
        if number.starts_with('<') || number.trim_end_matches('<').contains('<') && long {
            return Err(wrong);
        }
        if digit.as_bytes() != [check_digit(number.as_bytes())] {
            return Err(ChipError::MrzCheckDigit(MrzField::DocumentNumber));
        }
        let length = number.trim_end_matches('<').len();
        number.truncate(length);
        Ok(number)
    }

    /// The check digit of the optional data: passports have one (a filler if there are no data). Vietnamese cards have
    /// one too, over the first fourteen characters, although ICAO leaves the field to the state.
    pub(super) fn check_optional_data(&self, lines: &str) -> Result<(), ChipError> {
        if self.format == MrzFormat::Td3 {
            return check(lines, &self.optional, MrzField::OptionalData);
        }
        let number = part(lines, &(self.optional.start..self.optional.start + 12));
        let own = part(lines, &self.state) == "VNM" && number.bytes().all(|b| b.is_ascii_digit());
        if own && self.format == MrzFormat::Td1 {
            return check(lines, &(self.optional.start..self.optional.end - 1), MrzField::OptionalData);
        }
        Ok(())
    }

    pub(super) fn check_composite(&self, lines: &str) -> Result<(), ChipError> {
        let mut covered = Zeroizing::new(String::with_capacity(64));
        for range in self.composite {
            covered.push_str(part(lines, range));
        }
        let digit = part(lines, &(self.composite_at..self.composite_at + 1));
        if digit.as_bytes() == [check_digit(covered.as_bytes())] {
            Ok(())
        } else {
            Err(ChipError::MrzCheckDigit(MrzField::Composite))
        }
    }
}

/// A date and its check digit.
pub(super) fn date(lines: &str, range: &Range<usize>, field: MrzField) -> Result<Option<MrzDate>, ChipError> {
    let date = MrzDate::parse(part(lines, range), field)?;
    check(lines, range, field)?;
    Ok(date)
}

/// The check digit behind a field; a filler if the field is empty.
fn check(lines: &str, range: &Range<usize>, field: MrzField) -> Result<(), ChipError> {
    let (text, digit) = (part(lines, range), part(lines, &(range.end..range.end + 1)));
    let none = digit == "<" && text.bytes().all(|b| b == b'<');
    if none || digit.as_bytes() == [check_digit(text.as_bytes())] {
        Ok(())
    } else {
        Err(ChipError::MrzCheckDigit(field))
    }
}
