//! A field for screens that draw a form: how it is typed or chosen, and what there is to choose from.

use eid_model::{Date, Language};

use crate::{Field, Number, Tables, value::FieldType};

/// How a value is entered. Screens help with it; what counts is [`RecordKind::validate`](crate::RecordKind::validate).
#[derive(Debug, Clone, Copy)]
pub enum Input<'d> {
    /// A line of text.
    Text {
        /// Most characters.
        max: usize,
        /// True if it has digits only.
        digits: bool,
    },
    /// A person's name.
    Name,
    /// A personal identification number (số định danh cá nhân).
    Pid,
    /// A day: `YYYY-MM-DD`.
    Date,
    /// A day, a month or a year: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    PartialDate,
    /// A phone number.
    Phone,
    /// A number; its decimals are those of the bounds.
    Number {
        /// The least.
        min: Number,
        /// The most.
        max: Number,
    },
    /// `true` or `false`.
    Flag,
    /// A code, one of [`Field::choices`].
    Choice,
    /// The code of a commune, five digits: the list of communes comes from the platform.
    Commune,
    /// Items that have fields.
    List {
        /// The fields that tell items apart.
        key: &'d [String],
        /// Most items.
        max: usize,
        /// The fields of each item.
        fields: &'d [Field],
    },
}

/// A code that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is put into the form.
    pub code: String,
    /// What it is called.
    pub label: String,
    /// The code of [`Field::chosen_within`] under which alone it can be chosen.
    pub within: Option<String>,
    /// The first day on which it can be used, if there is one.
    pub from: Option<Date>,
    /// The last day on which it can be used, if there is one.
    pub until: Option<Date>,
}

impl Choice {
    /// A code that has no days.
    fn plain(code: String, label: &str) -> Self {
        Self { code, label: label.to_owned(), within: None, from: None, until: None }
    }
}

impl Field {
    /// How its value is entered.
    pub fn input(&self) -> Input<'_> {
        if let Some(list) = self.list() {
            return Input::List { key: &list.key, max: list.max, fields: &list.fields };
        }
        match self.form() {
            Some(FieldType::Text(form)) => Input::Text { max: form.max(), digits: form.is_digits() },
            Some(FieldType::Name) => Input::Name,
            Some(FieldType::Pid) => Input::Pid,
            Some(FieldType::Date) => Input::Date,
            Some(FieldType::PartialDate) => Input::PartialDate,
            Some(FieldType::Phone) => Input::Phone,
            Some(FieldType::Number(form)) => {
                let (min, max) = form.bounds();
                Input::Number { min, max }
            }
            Some(FieldType::Flag) => Input::Flag,
            Some(FieldType::Commune) => Input::Commune,
            // A definition with a field that is neither a value nor a list is not read.
            Some(FieldType::Sex | FieldType::Code(_) | FieldType::Province | FieldType::FormerProvince) | None => {
                Input::Choice
            }
        }
    }

    /// The field beside it that must be filled in for this one to be required, and the texts of it that make it so.
    pub fn required_when(&self) -> Option<(&str, &[String])> {
        self.required_if().map(|condition| (condition.field.as_str(), condition.any_of.as_slice()))
    }

    /// The field beside it whose code decides which codes this one can have.
    pub fn chosen_within(&self) -> Option<&str> {
        self.code_form()?.within.as_deref()
    }

    /// What can be chosen, in the order of the table; nothing for other fields. Codes that ended or have yet to begin are among
    /// them: an old record may have one.
    pub fn choices(&self, tables: &Tables, language: Language) -> Vec<Choice> {
        let word = |code: &str| {
            tables.row("words", code).map(|row| Choice::plain(code.to_owned(), row.label().text(language)))
        };
        match self.form() {
            Some(FieldType::Code(form)) => form.choices(tables, language),
            Some(FieldType::Sex) => ["female", "male"].into_iter().filter_map(word).collect(),
            Some(FieldType::Province) => {
                let rows = tables.provinces().list().iter();
                rows.map(|row| Choice::plain(row.code().to_string(), row.name())).collect()
            }
            Some(FieldType::FormerProvince) => {
                let until = Some(tables.provinces().former_until());
                let rows = tables.provinces().list_former().iter();
                rows.map(|row| Choice { until, ..Choice::plain(row.code().to_string(), row.name()) }).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Context, Form, Path, RecordKind, Speaker};

    fn field(kind: RecordKind, path: &str) -> &'static Field {
        kind.definition().find(&Path::parse(path).unwrap()).unwrap()
    }

    #[test]
    fn every_field_of_every_kind_can_be_drawn() {
        for kind in RecordKind::ALL {
            for field in kind.definition().every_field() {
                match field.input() {
                    Input::Text { max, .. } => assert!(max > 0),
                    Input::Number { min, max } => assert!(min.units() < max.units()),
                    Input::List { key, max, fields } => assert!(!key.is_empty() && max > 0 && !fields.is_empty()),
                    Input::Choice => {
                        assert!(
                            !field.choices(Tables::embedded(), Language::Vi).is_empty(),
                            "{kind:?} {}",
                            field.name()
                        );
                    }
                    _ => assert!(field.choices(Tables::embedded(), Language::Vi).is_empty()),
                }
            }
        }
    }

    /// What a screen offers is what validation knows, for each choice of each field.
    #[test]
    fn every_choice_put_into_a_form_is_known() {
        let today = Date::new(2026, 7, 1).unwrap();
        let (tables, speaker) = (Tables::embedded(), Speaker::Authority);
        let context = Context { today, holder: None, others: &[], tables, speaker };
        let unknown = [eid_model::Code::FIELD_CHOICE, eid_model::Code::CODE_UNKNOWN];
        let mut seen = 0;
        for kind in RecordKind::ALL {
            let top = kind
                .definition()
                .fields()
                .iter()
                .filter(|field| field.items().is_none())
                .map(|field| ("".to_owned(), field));
            let inner = kind.definition().fields().iter().flat_map(|field| {
                field.items().unwrap_or_default().iter().map(|item| (format!("{}[1].", field.name()), item))
            });
            for (prefix, field) in top.chain(inner) {
                for choice in field.choices(tables, Language::En) {
                    let mut form = Form::new();
                    let path = Path::parse(&format!("{prefix}{}", field.name())).unwrap();
                    form.set(path.clone(), &choice.code).unwrap();
                    if let Some((beside, within)) = field.chosen_within().zip(choice.within) {
                        form.set(Path::parse(&format!("{prefix}{beside}")).unwrap(), &within).unwrap();
                    }
                    let checked = kind.validate(&form, &context);
                    let found = checked
                        .findings()
                        .iter()
                        .find(|found| *found.path() == path && unknown.contains(&found.code()));
                    assert!(found.is_none(), "{kind:?} {path:?} {}", choice.code);
                    seen += 1;
                }
            }
        }
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn fields_that_depend_on_others_say_on_which() {
        let class = field(RecordKind::DrivingLicence, "classes[1].class");
        assert_eq!(class.chosen_within(), Some("scheme"));
        let choices = class.choices(Tables::embedded(), Language::En);
        let b1: BTreeSet<_> =
            choices.iter().filter(|c| c.code == "B1").map(|c| (c.within.as_deref(), c.label.as_str())).collect();
        assert_eq!(b1.len(), 2, "one class, two meanings: {b1:?}");
        let until = field(RecordKind::DrivingLicence, "state_until");
        assert_eq!(until.required_when(), Some(("state", ["suspended".to_owned()].as_slice())));
        let purpose = field(RecordKind::BankAccount, "purpose").choices(Tables::embedded(), Language::Vi);
        let purpose: Vec<_> = purpose.iter().map(|choice| (choice.code.as_str(), choice.label.as_str())).collect();
        assert_eq!(purpose, [("benefit", "Nhận trợ cấp, an sinh xã hội"), ("general", "Giao dịch chung")]);
        assert!(matches!(field(RecordKind::DrivingLicence, "number").input(), Input::Text { max: 20, digits: false }));
    }
}
