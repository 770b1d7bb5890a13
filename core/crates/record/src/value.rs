//! Typed values, and how each type of field is read.

use core::fmt;

use eid_model::{
    Code, CommuneCode, Date, FormerProvinceCode, ModelError, PartialDate, PersonName, PhoneNumber, Pid, ProvinceCode,
    Sex, bounded_line, matching_form,
};
use serde::Deserialize;

use crate::mask::Mask;

/// A value that has the form of its field. `Debug` shows the type only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A line of text.
    Text(String),
    /// A person's name.
    Name(PersonName),
    /// A personal identification number (số định danh cá nhân).
    Pid(Pid),
    /// A day.
    Date(Date),
    /// A date of birth, perhaps without day or month.
    PartialDate(PartialDate),
    /// A phone number.
    Phone(PhoneNumber),
    /// A registered sex.
    Sex(Sex),
    /// A number.
    Number(Number),
    /// Yes or no.
    Flag(bool),
    /// A code of a table, known to it or not.
    Code(String),
    /// A province of today.
    Province(ProvinceCode),
    /// A province until June 2025.
    FormerProvince(FormerProvinceCode),
    /// A commune, ward or special zone.
    Commune(CommuneCode),
}

/// A number with a fixed count of decimals: 2.34 is 234 units with two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Number {
    units: i64,
    decimals: u8,
}

/// How two values of one field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same.
    Same,
    /// One thing said in two ways: hoà and hòa, capitals, a date of which one side knows the year only.
    Alike,
    /// Two things.
    Different,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FieldType {
    Text(TextForm),
    Name,
    Pid,
    Date,
    PartialDate,
    Phone,
    Sex,
    Number(NumberForm),
    Flag,
    Code(CodeForm),
    Province,
    FormerProvince,
    Commune,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextForm {
    /// Most characters.
    max: usize,
    #[serde(default)]
    chars: Chars,
    /// Signs that people put between digits are taken out: space, dot, hyphen.
    #[serde(default)]
    compact: bool,
    /// Letters are made capitals.
    #[serde(default)]
    upper: bool,
    /// Forms of which one should fit: `#` is a digit, `@` a capital letter A–Z, `*` either, all else itself.
    #[serde(default)]
    patterns: Vec<String>,
    /// True if a text that fits no pattern is wrong; otherwise it is only odd.
    #[serde(default)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Chars {
    #[default]
    Any,
    Digits,
    /// ASCII letters and digits.
    Alphanumeric,
    /// ASCII letters and digits, and signs that numbers of papers have.
    Reference,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberForm {
    /// In units.
    min: i64,
    /// In units.
    max: i64,
    #[serde(default)]
    decimals: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeForm {
    pub(crate) table: String,
    /// A sibling field whose text stands before the code in the table, with a colon: codes that were given anew.
    pub(crate) within: Option<String>,
    /// A word that stands before the code in the table, with a colon: short lists of a kind share one table.
    pub(crate) set: Option<String>,
}

/// A value, and a reason to look at it again.
pub(crate) type Read = Result<(Value, Option<Code>), Code>;

impl Value {
    /// The one way in which the value is written in forms.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Code(text) => text.clone(),
            Self::Name(name) => name.as_str().to_owned(),
            Self::Pid(pid) => pid.as_str().to_owned(),
            Self::Date(date) => date.to_string(),
            Self::PartialDate(date) => date.iso_form(),
            Self::Phone(phone) => phone.as_str().to_owned(),
            Self::Sex(sex) => sex.as_str().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Province(code) => code.to_string(),
            Self::FormerProvince(code) => code.to_string(),
            Self::Commune(code) => code.to_string(),
        }
    }

    /// Compares with another value of the same field.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let alike = match (self, other) {
            (one, other) if one == other => return Likeness::Same,
            (Self::Name(one), Self::Name(other)) => one.matching_form() == other.matching_form(),
            (Self::Text(one), Self::Text(other)) => matching_form(one) == matching_form(other),
            (Self::PartialDate(one), Self::PartialDate(other)) => {
                one.earliest().max(other.earliest()) <= one.latest().min(other.latest())
            }
            _ => false,
        };
        if alike { Likeness::Alike } else { Likeness::Different }
    }

    pub(crate) fn masked(&self, mask: Option<Mask>) -> String {
        match (self, mask) {
            (_, Some(mask)) => mask.apply(&self.text()),
            (Self::Pid(pid), None) => pid.masked(),
            (Self::Phone(phone), None) => phone.masked(),
            _ => self.text(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(…)",
            Self::Name(_) => "Name(…)",
            Self::Pid(_) => "Pid(…)",
            Self::Date(_) => "Date(…)",
            Self::PartialDate(_) => "PartialDate(…)",
            Self::Phone(_) => "Phone(…)",
            Self::Sex(_) => "Sex(…)",
            Self::Number(_) => "Number(…)",
            Self::Flag(_) => "Flag(…)",
            Self::Code(_) => "Code(…)",
            Self::Province(_) => "Province(…)",
            Self::FormerProvince(_) => "FormerProvince(…)",
            Self::Commune(_) => "Commune(…)",
        })
    }
}

impl Number {
    /// The number in units of its last decimal.
    pub fn units(self) -> i64 {
        self.units
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decimals == 0 {
            return write!(f, "{}", self.units);
        }
        let one = 10_i64.pow(u32::from(self.decimals));
        let sign = if self.units < 0 { "-" } else { "" };
        let (whole, part) =
            (self.units.unsigned_abs() / one.unsigned_abs(), self.units.unsigned_abs() % one.unsigned_abs());
        write!(f, "{sign}{whole}.{part:0width$}", width = usize::from(self.decimals))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

impl FieldType {
    /// Reads a text that is not blank.
    pub(crate) fn read(&self, text: &str) -> Read {
        let model = |value: Result<Value, ModelError>| value.map(|value| (value, None)).map_err(ModelError::code);
        let text = text.trim();
        match self {
            Self::Text(form) => form.read(text),
            Self::Name => model(PersonName::parse(text).map(Value::Name)),
            Self::Pid => model(Pid::parse(&without_signs(text)?).map(Value::Pid)),
            Self::Date => model(Date::parse(text).map(Value::Date)),
            Self::PartialDate => model(PartialDate::parse(text).map(Value::PartialDate)),
            Self::Phone => model(PhoneNumber::parse(text).map(Value::Phone)),
            Self::Sex => model(Sex::parse(text).map(Value::Sex)),
            Self::Number(form) => form.read(text),
            Self::Flag => match text {
                "true" => Ok((Value::Flag(true), None)),
                "false" => Ok((Value::Flag(false), None)),
                _ => Err(Code::FIELD_CHOICE),
            },
            Self::Code(_) => read_code(text),
            Self::Province => model(ProvinceCode::parse(text).map(Value::Province)),
            Self::FormerProvince => model(FormerProvinceCode::parse(text).map(Value::FormerProvince)),
            Self::Commune => model(CommuneCode::parse(text).map(Value::Commune)),
        }
    }
}

impl TextForm {
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn is_digits(&self) -> bool {
        self.chars == Chars::Digits
    }

    fn read(&self, text: &str) -> Read {
        /// What [`bounded_line`] takes; more is refused before any of it is looked at.
        const MAX_BYTES: usize = 2_048;
        if text.len() > MAX_BYTES {
            return Err(Code::FIELD_TOO_LONG);
        }
        let line = bounded_line(text, usize::MAX).ok_or(Code::FIELD_CHARACTER)?;
        let line = if self.compact { line.replace([' ', '.', '-'], "") } else { line };
        let line = if self.upper { line.to_uppercase() } else { line };
        if line.chars().count() > self.max {
            return Err(Code::FIELD_TOO_LONG);
        }
        if line.is_empty() || !line.chars().all(|c| self.chars.contain(c)) {
            return Err(Code::FIELD_CHARACTER);
        }
        let fits = self.patterns.is_empty() || self.patterns.iter().any(|pattern| fits(pattern, &line));
        match (fits, self.strict) {
            (true, _) => Ok((Value::Text(line), None)),
            (false, true) => Err(Code::FIELD_FORMAT),
            (false, false) => Ok((Value::Text(line), Some(Code::FIELD_UNUSUAL))),
        }
    }
}

impl Chars {
    fn contain(self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Digits => c.is_ascii_digit(),
            Self::Alphanumeric => c.is_ascii_alphanumeric(),
            Self::Reference => c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '.' | '_' | '(' | ')'),
        }
    }
}

impl NumberForm {
    pub(crate) fn bounds(&self) -> (Number, Number) {
        let number = |units| Number { units, decimals: self.decimals };
        (number(self.min), number(self.max))
    }

    /// Reads `2.34`, `2,34` and, where there are no decimals, `500.000` and `500 000`: what stands between groups of three digits
    /// is a sign for people, and nothing else can be meant by it.
    fn read(&self, text: &str) -> Read {
        let number = self.units(text).ok_or(Code::NUMBER_FORMAT)?;
        if !(self.min..=self.max).contains(&number) {
            return Err(Code::NUMBER_RANGE);
        }
        Ok((Value::Number(Number { units: number, decimals: self.decimals }), None))
    }

    fn units(&self, text: &str) -> Option<i64> {
        const MAX_DIGITS: usize = 18;
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (whole, part) = if self.decimals == 0 {
            (ungrouped(digits)?, "")
        } else {
            let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
            (whole.to_owned(), part)
        };
        let decimals = usize::from(self.decimals);
        let formed = !whole.is_empty()
            && part.len() <= decimals
            && whole.len() + decimals <= MAX_DIGITS
            && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit());
        formed.then(|| format!("{sign}{whole}{part:0<decimals$}").parse().ok()).flatten()
    }
}

/// Digits without the signs between groups of three.
fn ungrouped(digits: &str) -> Option<String> {
    let mut groups = digits.split(['.', ' ']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.iter().all(|group| group.len() == 3) && (rest.is_empty() || (1..=3).contains(&first.len()));
    grouped.then(|| rest.into_iter().fold(first.to_owned(), |all, group| all + group))
}

/// Codes are kept as they are; whether a table knows them is asked later, when the fields beside them are read.
fn read_code(text: &str) -> Read {
    const MAX: usize = 40;
    let formed =
        text.len() <= MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if formed { Ok((Value::Code(text.to_owned()), None)) } else { Err(Code::FIELD_CHOICE) }
}

/// A number as people copy it from a card, in groups.
fn without_signs(text: &str) -> Result<String, Code> {
    if text.len() > 40 { Err(Code::PID_FORMAT) } else { Ok(text.replace([' ', '.', '-'], "")) }
}

fn fits(pattern: &str, text: &str) -> bool {
    pattern.chars().count() == text.chars().count()
        && pattern.chars().zip(text.chars()).all(|(wanted, c)| match wanted {
            '#' => c.is_ascii_digit(),
            '@' => c.is_ascii_uppercase(),
            '*' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            other => c == other,
        })
}
