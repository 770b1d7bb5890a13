use std::collections::BTreeMap;

use unicode_normalization::is_nfc;

use crate::{
    ProofError,
    cbor::{Reader, Writer},
    error::Malformed,
    labels,
};

/// A claim of `identity-data` (IANA CWT claim 169). Numbers 75–99 are ours, of the closed-ecosystem range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// Personal identification number (số định danh cá nhân): 12 digits.
    Pid,
    /// Full name, NFC.
    FullName,
    /// Date of birth, `YYYYMMDD`; unknown parts are zeros.
    BirthDate,
    /// Gender: 1 male, 2 female, 3 other.
    Gender,
    /// Residence, lines separated by LF.
    Residence,
    /// Phone number.
    Phone,
    /// Nationality, three letters (ISO 3166).
    Nationality,
    /// Portrait: WebP, at most 700 bytes.
    Face,
    /// At least 16 years old.
    AgeOver16,
    /// At least 18 years old.
    AgeOver18,
    /// Health-insurance card number (mã thẻ BHYT): 10–15 characters.
    HealthCardNumber,
    /// Health insurance valid to, `YYYYMMDD`.
    HealthCardValidTo,
    /// Registered health facility.
    HealthFacility,
    /// Place of origin (quê quán).
    Origin,
    /// Place of birth registration.
    BirthRegistration,
    /// ID card issued on, `YYYYMMDD`.
    CardIssued,
    /// ID card expires on, `YYYYMMDD`.
    CardExpires,
    /// Driving-licence number.
    LicenceNumber,
    /// Driving-licence class.
    LicenceClass,
}

impl Claim {
    /// All claims, by number.
    pub const ALL: [Self; 19] = [
        Self::Pid,
        Self::FullName,
        Self::BirthDate,
        Self::Gender,
        Self::Residence,
        Self::Phone,
        Self::Nationality,
        Self::Face,
        Self::AgeOver16,
        Self::AgeOver18,
        Self::HealthCardNumber,
        Self::HealthCardValidTo,
        Self::HealthFacility,
        Self::Origin,
        Self::BirthRegistration,
        Self::CardIssued,
        Self::CardExpires,
        Self::LicenceNumber,
        Self::LicenceClass,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self.row().0
    }

    /// A short name for JSON and options.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// The claim with this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| i64::from(claim.number()) == number)
    }

    /// The claim with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.name() == name)
    }

    const fn row(self) -> (u8, &'static str, Form) {
        match self {
            Self::Pid => (1, "pid", Form::Digits(12)),
            Self::FullName => (4, "full_name", Form::Text),
            Self::BirthDate => (8, "birth_date", Form::Digits(8)),
            Self::Gender => (9, "gender", Form::Gender),
            Self::Residence => (10, "residence", Form::Lines),
            Self::Phone => (12, "phone", Form::Text),
            Self::Nationality => (13, "nationality", Form::Sized(3, 3)),
            Self::Face => (62, "face", Form::Face),
            Self::AgeOver16 => (79, "age_over_16", Form::Flag),
            Self::AgeOver18 => (80, "age_over_18", Form::Flag),
            Self::HealthCardNumber => (81, "health_card_number", Form::Sized(10, 15)),
            Self::HealthCardValidTo => (82, "health_card_valid_to", Form::Digits(8)),
            Self::HealthFacility => (83, "health_facility", Form::Text),
            Self::Origin => (84, "origin", Form::Text),
            Self::BirthRegistration => (85, "birth_registration", Form::Text),
            Self::CardIssued => (86, "card_issued", Form::Digits(8)),
            Self::CardExpires => (87, "card_expires", Form::Digits(8)),
            Self::LicenceNumber => (88, "licence_number", Form::Text),
            Self::LicenceClass => (89, "licence_class", Form::Text),
        }
    }
}

/// The form of a claim's value.
enum Form {
    Digits(usize),
    Sized(usize, usize),
    Text,
    Lines,
    Gender,
    Flag,
    Face,
}

/// Longest text of one claim, in bytes.
const MAX_TEXT: usize = 500;

/// Largest portrait, in bytes.
const MAX_FACE: usize = 700;

/// The value of one claim.
#[derive(Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// Text, NFC, without control or direction-changing characters.
    Text(String),
    /// A small number: gender.
    Number(u8),
    /// Yes or no: age tests.
    Flag(bool),
    /// A WebP picture.
    Face(Vec<u8>),
}

impl core::fmt::Debug for ClaimValue {
    /// Shows the kind only: values are personal data.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(…)",
            Self::Number(_) => "Number(…)",
            Self::Flag(_) => "Flag(…)",
            Self::Face(_) => "Face(…)",
        })
    }
}

/// Claims by number, each with a value that fits its form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<Claim, ClaimValue>);

impl Claims {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a claim; a former value is replaced.
    ///
    /// # Errors
    /// [`ProofError::ClaimInvalid`] if the value does not fit the claim's form.
    pub fn insert(&mut self, claim: Claim, value: ClaimValue) -> Result<(), ProofError> {
        if !fits(claim, &value) {
            return Err(ProofError::ClaimInvalid(claim));
        }
        self.0.insert(claim, value);
        Ok(())
    }

    /// The value of a claim.
    pub fn get(&self, claim: Claim) -> Option<&ClaimValue> {
        self.0.get(&claim)
    }

    /// The value of a claim that is text.
    pub fn text(&self, claim: Claim) -> Option<&str> {
        match self.get(claim) {
            Some(ClaimValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The portrait's bytes.
    pub fn face(&self) -> Option<&[u8]> {
        match self.get(Claim::Face) {
            Some(ClaimValue::Face(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The claims by number.
    pub fn iter(&self) -> impl Iterator<Item = (Claim, &ClaimValue)> {
        self.0.iter().map(|(claim, value)| (*claim, value))
    }

    /// How many claims there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a claim that came over the wire and must be new.
    pub(crate) fn add_parsed(&mut self, claim: Claim, value: ClaimValue) -> Result<(), Malformed> {
        if !fits(claim, &value) || self.0.insert(claim, value).is_some() {
            return Err(Malformed);
        }
        Ok(())
    }
}

fn fits(claim: Claim, value: &ClaimValue) -> bool {
    match (claim.row().2, value) {
        (Form::Digits(length), ClaimValue::Text(text)) => {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        (Form::Sized(low, high), ClaimValue::Text(text)) => (low..=high).contains(&text.len()) && is_clean(text, false),
        (Form::Text, ClaimValue::Text(text)) => is_clean(text, false),
        (Form::Lines, ClaimValue::Text(text)) => is_clean(text, true),
        (Form::Gender, ClaimValue::Number(number)) => (1..=3).contains(number),
        (Form::Flag, ClaimValue::Flag(_)) => true,
        (Form::Face, ClaimValue::Face(bytes)) => (1..=MAX_FACE).contains(&bytes.len()),
        _ => false,
    }
}

/// NFC, bounded, and without characters that would let a text disguise itself on an officer's screen.
pub(crate) fn is_clean(text: &str, lines: bool) -> bool {
    let disguising = |c: char| {
        (c.is_control() && !(lines && c == '\n'))
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    !text.is_empty() && text.len() <= MAX_TEXT && !text.contains(disguising) && is_nfc(text)
}

/// Writes a claim's value as it stands in `identity-data`; a face is written as the item inside its array.
pub(crate) fn write_value(writer: &mut Writer, value: &ClaimValue) {
    match value {
        ClaimValue::Text(text) => writer.text(text),
        ClaimValue::Number(number) => writer.int(i64::from(*number)),
        ClaimValue::Flag(flag) => writer.bool(*flag),
        ClaimValue::Face(bytes) => writer
            .map(3)
            .int(labels::FACE_DATA)
            .bytes(bytes)
            .int(labels::FACE_FORMAT)
            .int(labels::FACE_FORMAT_IMAGE)
            .int(labels::FACE_SUBFORMAT)
            .int(labels::FACE_SUBFORMAT_WEBP),
    };
}

/// Reads the value of a claim other than the face.
pub(crate) fn read_value(reader: &mut Reader<'_>, claim: Claim) -> Result<ClaimValue, Malformed> {
    match claim.row().2 {
        Form::Gender => u8::try_from(reader.int()?).map(ClaimValue::Number).map_err(|_| Malformed),
        Form::Flag => reader.bool().map(ClaimValue::Flag),
        Form::Face => read_face(reader),
        Form::Digits(_) | Form::Sized(..) | Form::Text | Form::Lines => {
            reader.text().map(|text| ClaimValue::Text(text.to_owned()))
        }
    }
}

/// Reads a face item: `{0: image, 1: 0, 2: 4}`.
pub(crate) fn read_face(reader: &mut Reader<'_>) -> Result<ClaimValue, Malformed> {
    let mut image = None;
    let mut formats = 0;
    reader.map(|reader, key| {
        match key {
            crate::cbor::Key::Int(labels::FACE_DATA) => image = Some(reader.bytes()?.to_vec()),
            crate::cbor::Key::Int(labels::FACE_FORMAT) if reader.int()? == labels::FACE_FORMAT_IMAGE => formats += 1,
            crate::cbor::Key::Int(labels::FACE_SUBFORMAT) if reader.int()? == labels::FACE_SUBFORMAT_WEBP => {
                formats += 1;
            }
            _ => return Err(Malformed),
        }
        Ok(())
    })?;
    image.filter(|_| formats == 2).map(ClaimValue::Face).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_rise() {
        assert!(Claim::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
        for claim in Claim::ALL {
            assert_eq!(Claim::from_number(i64::from(claim.number())), Some(claim));
            assert_eq!(Claim::from_name(claim.name()), Some(claim));
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let text = |s: &str| ClaimValue::Text(s.to_owned());
        for (claim, value) in [
            (Claim::Pid, text("00019900012")),
            (Claim::Pid, text("00019900012a")),
            (Claim::Pid, ClaimValue::Number(1)),
            (Claim::FullName, text("")),
            (Claim::FullName, text("A\nB")),
            (Claim::FullName, text("A\u{202e}B")),
            (Claim::FullName, text("NGUYE\u{302}\u{303}N")), // not NFC
            (Claim::FullName, text(&"A".repeat(501))),
            (Claim::Gender, ClaimValue::Number(4)),
            (Claim::Nationality, text("VN")),
            (Claim::Face, ClaimValue::Face(vec![])),
            (Claim::Face, ClaimValue::Face(vec![0; 701])),
            (Claim::AgeOver18, text("true")),
        ] {
            assert_eq!(Claims::new().insert(claim, value), Err(ProofError::ClaimInvalid(claim)), "{claim:?}");
        }
        assert!(Claims::new().insert(Claim::Residence, text("Thôn A\nXã B\nTỉnh C")).is_ok());
    }
}
