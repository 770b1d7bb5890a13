//! DG13 of the Vietnamese card: sixteen numbered fields.
//!
//! The layout is not published by the issuer; it was decoded from real cards by several people independently. So the
//! reader is tolerant: it goes by the fields' numbers, not by place or type, and keeps what it does not know.

use core::fmt;
use std::collections::BTreeMap;

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};

use super::{DataGroup, LdsFile, text::text};
use crate::{
    ChipError,
    tlv::{INTEGER, OID, SEQUENCE, SET, Tlv, objects, small},
};

/// DG13 of the card (thẻ căn cước): fields by number. Personal data; `Debug` shows the numbers only.
#[derive(Clone, PartialEq, Eq)]
pub struct Dg13 {
    version: u32,
    fields: BTreeMap<u32, Dg13Value>,
}

/// What a field holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Dg13Value {
    /// The number of the field and nothing else: the holder has no such data.
    Empty,
    /// One text, in NFC.
    Text(String),
    /// Several texts in order; one of them may be empty. Father and mother, spouse.
    Texts(Vec<String>),
    /// Something of another form: its bytes.
    Other(Vec<u8>),
}

/// The known fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dg13Field {
    /// 1: the personal number.
    PersonalNumber = 1,
    /// 2: the full name with accents.
    FullName = 2,
    /// 3: the birth date.
    BirthDate = 3,
    /// 4: the sex.
    Sex = 4,
    /// 5: the nationality.
    Nationality = 5,
    /// 6: the ethnic group.
    Ethnicity = 6,
    /// 7: the religion.
    Religion = 7,
    /// 8: the place of origin, or of birth registration.
    PlaceOfOrigin = 8,
    /// 9: the residence.
    Residence = 9,
    /// 10: identifying marks.
    IdentifyingMarks = 10,
    /// 11: the day of issue.
    IssueDate = 11,
    /// 12: the day of expiry, or words saying that there is none.
    ExpiryDate = 12,
    /// 13: father and mother.
    Parents = 13,
    /// 14: the spouse.
    Spouse = 14,
    /// 15: the nine-digit number of the card before.
    OldNumber = 15,
    /// 16: sixteen characters whose meaning is not known for sure.
    ChipNumber = 16,
}

/// Which card a field is shown for: the labels differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardGeneration {
    /// The citizen card of 2021 (căn cước công dân gắn chip).
    Citizen2021,
    /// The card since July 2024 (thẻ căn cước, Circular 16/2024/TT-BCA).
    Identity2024,
}

impl Dg13 {
    const MAX_FIELDS: usize = 64;
    const MAX_BYTES: usize = 16 * 1024;
    /// 1.0.10646.1.0.8, "UTF-8".
    #[cfg(feature = "personalise")]
    const UTF8_OID: &[u8] = &[0x28, 0xD3, 0x16, 0x01, 0x00, 0x08];

    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`] when the frame is broken, a number stands twice, or there are too many fields. A field
    /// of an unexpected form is no error: it becomes [`Dg13Value::Other`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        Self::read(bytes).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG13)))
    }

    fn read(bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ChipError::Malformed);
        }
        let mut frame = objects(Tlv::expect(SEQUENCE, DataGroup::DG13.open(bytes)?)?);
        let version = small(frame.expect(INTEGER)?)?;
        frame.expect(OID)?;
        let set = frame.required()?;
        if !matches!(set.tag, SET | SEQUENCE) {
            return Err(ChipError::Malformed);
        }
        let mut fields = BTreeMap::new();
        for field in set.children() {
            let field = field?;
            let (number, value) = Tlv::first(field.value)?;
            let number = if number.tag == INTEGER { small(number.value)? } else { return Err(ChipError::Malformed) };
            let twice = fields.insert(number, Dg13Value::read(value)?).is_some();
            if field.tag != SEQUENCE || twice || fields.len() > Self::MAX_FIELDS {
                return Err(ChipError::Malformed);
            }
        }
        Ok(Self { version, fields })
    }

    /// The version that the file states; 1 so far.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// All fields by number, unknown numbers too.
    pub fn fields(&self) -> impl Iterator<Item = (u32, &Dg13Value)> {
        self.fields.iter().map(|(number, value)| (*number, value))
    }

    /// A known field.
    pub fn value(&self, field: Dg13Field) -> Option<&Dg13Value> {
        self.fields.get(&field.number())
    }

    /// The text of a field that has exactly one.
    pub fn text(&self, field: Dg13Field) -> Option<&str> {
        match self.value(field)? {
            Dg13Value::Text(text) => Some(text),
            Dg13Value::Texts(texts) => match texts.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            Dg13Value::Empty | Dg13Value::Other(_) => None,
        }
    }

    /// Field 1, if it is a personal number.
    pub fn pid(&self) -> Option<Pid> {
        Pid::parse(self.text(Dg13Field::PersonalNumber)?).ok()
    }

    /// Field 2, if it is a name.
    pub fn name(&self) -> Option<PersonName> {
        PersonName::parse(self.text(Dg13Field::FullName)?).ok()
    }

    /// Field 3, if it is a date; day or month may be unknown.
    pub fn birth(&self) -> Option<PartialDate> {
        PartialDate::parse(self.text(Dg13Field::BirthDate)?).ok()
    }

    /// Field 4, if it is one of the registered sexes.
    pub fn sex(&self) -> Option<Sex> {
        parse_sex(self.text(Dg13Field::Sex)?)
    }

    /// Field 11, if it is a day.
    pub fn issued(&self) -> Option<Date> {
        Date::parse(self.text(Dg13Field::IssueDate)?).ok()
    }

    /// Field 12, if it is a day. Cards of the elderly have words there instead.
    pub fn expires(&self) -> Option<Date> {
        Date::parse(self.text(Dg13Field::ExpiryDate)?).ok()
    }

    /// Field 13, first part.
    pub fn father(&self) -> Option<&str> {
        self.part(Dg13Field::Parents, 0)
    }

    /// Field 13, second part.
    pub fn mother(&self) -> Option<&str> {
        self.part(Dg13Field::Parents, 1)
    }

    /// Field 14.
    pub fn spouse(&self) -> Option<&str> {
        self.part(Dg13Field::Spouse, 0)
    }

    /// Field 15, if it is nine digits.
    pub fn old_number(&self) -> Option<&str> {
        let digits = |text: &&str| text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        self.text(Dg13Field::OldNumber).filter(digits)
    }

    fn part(&self, field: Dg13Field, at: usize) -> Option<&str> {
        let text = match self.value(field)? {
            Dg13Value::Text(text) if at == 0 => text,
            Dg13Value::Texts(texts) => texts.get(at)?,
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

impl fmt::Debug for Dg13 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dg13(fields {:?}, redacted)", self.fields.keys().collect::<Vec<_>>())
    }
}

impl Dg13Value {
    /// What follows a field's number.
    fn read(bytes: &[u8]) -> Result<Self, ChipError> {
        const MAX_TEXTS: usize = 8;
        let parts = objects(bytes).collect::<Result<Vec<_>, _>>()?;
        let value = match parts.as_slice() {
            [] => Some(Self::Empty),
            [only] if only.tag != SEQUENCE => text(only).map(Self::Text),
            siblings if siblings.len() <= MAX_TEXTS => texts(siblings).map(Self::Texts),
            _ => None,
        };
        Ok(value.unwrap_or_else(|| Self::Other(bytes.to_vec())))
    }
}

impl fmt::Debug for Dg13Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Text(_) => "Text(redacted)",
            Self::Texts(_) => "Texts(redacted)",
            Self::Other(_) => "Other(redacted)",
        })
    }
}

impl Dg13Field {
    /// 1–16.
    pub const fn number(self) -> u32 {
        match self {
            Self::PersonalNumber => 1,
            Self::FullName => 2,
            Self::BirthDate => 3,
            Self::Sex => 4,
            Self::Nationality => 5,
            Self::Ethnicity => 6,
            Self::Religion => 7,
            Self::PlaceOfOrigin => 8,
            Self::Residence => 9,
            Self::IdentifyingMarks => 10,
            Self::IssueDate => 11,
            Self::ExpiryDate => 12,
            Self::Parents => 13,
            Self::Spouse => 14,
            Self::OldNumber => 15,
            Self::ChipNumber => 16,
        }
    }

    /// What to call the field on a screen: Vietnamese, English. Whether the card of 2024 changed the meaning of 8 and 9
    /// on the chip as it did in print is not published.
    pub const fn label(self, card: CardGeneration) -> (&'static str, &'static str) {
        match (self, card) {
            (Self::PersonalNumber, _) => ("Số định danh cá nhân", "Personal number"),
            (Self::FullName, _) => ("Họ, chữ đệm và tên", "Full name"),
            (Self::BirthDate, _) => ("Ngày, tháng, năm sinh", "Date of birth"),
            (Self::Sex, _) => ("Giới tính", "Sex"),
            (Self::Nationality, _) => ("Quốc tịch", "Nationality"),
            (Self::Ethnicity, _) => ("Dân tộc", "Ethnic group"),
            (Self::Religion, _) => ("Tôn giáo", "Religion"),
            (Self::PlaceOfOrigin, CardGeneration::Citizen2021) => ("Quê quán", "Place of origin"),
            (Self::PlaceOfOrigin, CardGeneration::Identity2024) => {
                ("Nơi đăng ký khai sinh", "Place of birth registration")
            }
            (Self::Residence, CardGeneration::Citizen2021) => ("Nơi thường trú", "Place of permanent residence"),
            (Self::Residence, CardGeneration::Identity2024) => ("Nơi cư trú", "Place of residence"),
            (Self::IdentifyingMarks, _) => ("Đặc điểm nhân dạng", "Identifying marks"),
            (Self::IssueDate, _) => ("Ngày cấp", "Date of issue"),
            (Self::ExpiryDate, _) => ("Có giá trị đến", "Date of expiry"),
            (Self::Parents, _) => ("Cha, mẹ", "Father, mother"),
            (Self::Spouse, _) => ("Vợ, chồng", "Spouse"),
            (Self::OldNumber, _) => ("Số CMND cũ", "Old ID number"),
            (Self::ChipNumber, _) => ("Mã của chip", "Chip number"),
        }
    }
}

/// `Nam` or `Nữ`, in any case.
pub(crate) fn parse_sex(text: &str) -> Option<Sex> {
    match text.to_lowercase().as_str() {
        "nam" => Some(Sex::Male),
        "nữ" => Some(Sex::Female),
        _ => None,
    }
}

/// The texts of sibling sequences of one text each, or of one sequence around such siblings. An empty sequence is an
/// empty text, so that a mother does not move to the father's place.
fn texts(siblings: &[Tlv<'_>]) -> Option<Vec<String>> {
    if let [around] = siblings {
        let inside = nested(around)?;
        if inside.iter().any(|part| part.tag == SEQUENCE) {
            return inside.iter().map(|part| single_text(part, &nested(part)?)).collect();
        }
    }
    siblings.iter().map(|part| single_text(part, &nested(part)?)).collect()
}

fn nested<'a>(sequence: &Tlv<'a>) -> Option<Vec<Tlv<'a>>> {
    sequence.children().collect::<Result<_, _>>().ok()
}

fn single_text(sequence: &Tlv<'_>, inside: &[Tlv<'_>]) -> Option<String> {
    match inside {
        _ if sequence.tag != SEQUENCE => None,
        [] => Some(String::new()),
        [only] => text(only),
        _ => None,
    }
}

#[cfg(feature = "personalise")]
impl Dg13 {
    /// The content for a card, version 1.
    pub fn from_fields(fields: impl IntoIterator<Item = (Dg13Field, Dg13Value)>) -> Self {
        Self { version: 1, fields: fields.into_iter().map(|(field, value)| (field.number(), value)).collect() }
    }

    /// The file, fields by number, with the string types that real cards have.
    pub fn encode(&self) -> Vec<u8> {
        use super::text::{PRINTABLE_STRING, UTF8_STRING};
        use crate::tlv::{encode, encode_integer};
        let integer = |number: u32| encode_integer(&number.to_be_bytes());
        let string = |number: u32, text: &str| {
            let printable = matches!(number, 1 | 3 | 11 | 15 | 16);
            encode(if printable { PRINTABLE_STRING } else { UTF8_STRING }, &[text.as_bytes()])
        };
        let fields: Vec<u8> = self.fields.iter().fold(Vec::new(), |mut set, (number, value)| {
            let value = match value {
                Dg13Value::Empty => Vec::new(),
                Dg13Value::Text(text) => string(*number, text),
                Dg13Value::Texts(texts) => {
                    texts.iter().flat_map(|text| encode(SEQUENCE, &[&string(*number, text)])).collect()
                }
                Dg13Value::Other(bytes) => bytes.clone(),
            };
            set.extend(encode(SEQUENCE, &[&integer(*number), &value]));
            set
        });
        let frame = [integer(self.version), encode(OID, &[Self::UTF8_OID]), encode(SET, &[&fields])];
        encode(DataGroup::DG13.tag(), &[&encode(SEQUENCE, &frame.each_ref().map(Vec::as_slice))])
    }
}
