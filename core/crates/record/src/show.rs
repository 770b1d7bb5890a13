//! A payload for screens.

use core::fmt;

use eid_model::{Language, Phrase};

use crate::{Path, Payload, RecordKind, Tables, Value};

/// One field of a record as a screen shows it. `Debug` does not show its texts.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub path: Path,
    /// What the field is called.
    pub label: String,
    /// The value in words: codes by their name, dates as on cards.
    pub text: String,
    /// The value until its holder asks for all of it.
    pub masked: String,
    /// The group it is shown and shared with.
    pub group: Option<String>,
    /// True for sensitive personal data.
    pub sensitive: bool,
}

impl RecordKind {
    /// The values in the order of the form, items of a list one after the other.
    pub fn lines(self, payload: &Payload, tables: &Tables, language: Language) -> Vec<Line> {
        let definition = self.definition();
        let mut lines = Vec::new();
        for field in definition.fields() {
            let Some(items) = field.items() else {
                lines.extend(self.line(payload, Path::within("", field.name()), tables, language));
                continue;
            };
            for prefix in payload.prefixes(field.name()) {
                let paths = items.iter().map(|item| Path::within(&prefix, item.name()));
                lines.extend(paths.filter_map(|path| self.line(payload, path, tables, language)));
            }
        }
        lines
    }

    /// What tells the record from others of its kind in a list, masked.
    pub fn title(self, payload: &Payload, tables: &Tables, language: Language) -> String {
        let definition = self.definition();
        let paths = definition.title().map(|name| Path::within("", name));
        let lines = paths.filter_map(|path| self.line(payload, path, tables, language));
        lines.map(|line| line.masked).collect::<Vec<_>>().join(" · ")
    }

    fn line(self, payload: &Payload, path: Path, tables: &Tables, language: Language) -> Option<Line> {
        let definition = self.definition();
        let (field, value) = (definition.find(&path)?, payload.find(&path)?);
        let beside = |name: &str| payload.find(&Path::within(path.prefix(), name)).map(Value::text);
        let words = match value {
            Value::Code(code) => field.words(code, beside, tables).map(|label| label.text(language).to_owned()),
            _ => None,
        };
        let masked = words.clone().unwrap_or_else(|| field.mask(value));
        let text = words.unwrap_or_else(|| in_words(value, tables, language));
        // What is not masked is shown in words both times.
        let masked = if masked == value.text() { text.clone() } else { masked };
        let group = definition.group_of(&path).map(str::to_owned);
        let (label, sensitive) = (field.label().text(language).to_owned(), field.is_sensitive());
        Some(Line { path, label, text, masked, group, sensitive })
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?})", self.path)
    }
}

/// A value for people. A code of a place that has no name in the tables is shown as the code.
fn in_words(value: &Value, tables: &Tables, language: Language) -> String {
    let word = |phrase: Option<&Phrase>| phrase.map(|phrase| phrase.text(language).to_owned());
    let name = match value {
        Value::Date(date) => Some(eid_model::PartialDate::Day(*date).card_form()),
        Value::PartialDate(date) => Some(date.card_form()),
        Value::Phone(phone) => Some(phone.national_form()),
        Value::Flag(flag) => word(tables.row("words", if *flag { "yes" } else { "no" }).map(|row| row.label())),
        Value::Sex(sex) => word(tables.row("words", sex.as_str()).map(|row| row.label())),
        Value::Province(code) => tables.provinces().find(*code).map(|row| row.name().to_owned()),
        Value::FormerProvince(code) => tables.provinces().find_former(*code).map(|row| row.name().to_owned()),
        Value::Commune(code) => tables.communes().and_then(|table| table.find(*code)).map(|row| row.name().to_owned()),
        _ => None,
    };
    name.unwrap_or_else(|| value.text())
}

#[cfg(test)]
mod tests {
    use eid_model::Date;

    use super::*;
    use crate::{Context, Form, Speaker};

    fn payload(kind: RecordKind, texts: &[(&str, &str)]) -> Payload {
        let mut form = Form::new();
        for (path, text) in texts {
            form.set(Path::parse(path).unwrap(), text).unwrap();
        }
        let today = Date::new(2026, 7, 1).unwrap();
        let context =
            Context { today, holder: None, others: &[], tables: Tables::embedded(), speaker: Speaker::Authority };
        kind.validate(&form, &context).payload().clone()
    }

    #[test]
    fn record_shown_has_words_for_codes_and_masks_numbers() {
        let kind = RecordKind::DrivingLicence;
        let payload = payload(
            kind,
            &[
                ("classes[x].expires_on", "2035-03-01"),
                ("classes[x].class", "B1"),
                ("classes[x].scheme", "2024"),
                ("state", "valid"),
                ("birth_date", "1990"),
                ("number", "000123456789"),
            ],
        );
        let lines = kind.lines(&payload, Tables::embedded(), Language::En);
        let shown: Vec<_> = lines.iter().map(|l| (l.path.as_str(), l.text.as_str(), l.masked.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("number", "000123456789", "********6789"),
                ("birth_date", "1990", "1990"),
                ("state", "Valid", "Valid"),
                (
                    "classes[2024/B1].scheme",
                    "Classes of the 2024 road traffic law",
                    "Classes of the 2024 road traffic law"
                ),
                ("classes[2024/B1].class", "Three-wheelers", "Three-wheelers"),
                ("classes[2024/B1].expires_on", "01/03/2035", "01/03/2035"),
            ]
        );
        assert_eq!(kind.title(&payload, Tables::embedded(), Language::Vi), "********6789");
        assert_eq!(format!("{:?}", lines[0]), "Line(Path(number))");
    }

    #[test]
    fn yes_no_and_sex_shown_are_words_of_both_languages() {
        for (value, vi, en) in [
            (Value::Flag(true), "Có", "Yes"),
            (Value::Flag(false), "Không", "No"),
            (Value::Sex(eid_model::Sex::Female), "Nữ", "Female"),
            (Value::Sex(eid_model::Sex::Male), "Nam", "Male"),
        ] {
            assert_eq!(in_words(&value, Tables::embedded(), Language::Vi), vi);
            assert_eq!(in_words(&value, Tables::embedded(), Language::En), en);
        }
    }
}
