//! Forms of records, for screens that draw them: the kinds, their fields and what can be chosen. None of it is of a person, and
//! it is there before anybody unlocks.

use eid_record::{Cardinality, Changes, Choice, Field, Input, RecordKind, Sensitivity, Tables};

use crate::{
    EidError, Language,
    guard::guarded,
    record::kind_named,
    views::{count, word},
};

/// A kind of record (loại dữ liệu cá nhân).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordKindInfo {
    /// Its name wherever a kind is asked for; never changed.
    pub kind: String,
    /// What it is called.
    pub label: String,
    /// What the authority is called that keeps these records (cơ quan quản lý nguồn).
    pub authority: String,
    /// True if fields of it are sensitive personal data.
    pub is_sensitive: bool,
    /// What its holder can do about a record.
    pub changes: RecordChanges,
    /// Most records that a person has.
    pub most: u32,
    /// The act that sends a change, as in [`crate::StepUpView::act`].
    pub act: String,
    /// True if services may ask for it.
    pub is_shared: bool,
}

/// What a citizen can do about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RecordChanges {
    /// Declare it (kê khai): it holds as declared until the authority confirms it.
    Declare,
    /// Ask the authority to enter or correct it: until then it does not hold.
    Ask,
}

/// The form of a kind.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordFormInfo {
    /// The kind.
    pub kind: String,
    /// Which edition of the fields: it rises.
    pub edition: u32,
    /// Fields that are shown and shared together.
    pub groups: Vec<FieldGroupInfo>,
    /// The fields, in the order of the form.
    pub fields: Vec<FieldInfo>,
}

/// Fields that are shown and shared together.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldGroupInfo {
    /// What [`FieldInfo::group`] says.
    pub name: String,
    /// What it is called.
    pub label: String,
}

/// A field. Its path is its name; that of a field of a list's item is `list[item].name`, where a screen may put any text that
/// tells the items apart in place of `item`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldInfo {
    /// The name.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// How it is entered.
    pub input: FieldInput,
    /// True if it may never be left out.
    pub is_required: bool,
    /// When it may not be left out otherwise.
    pub required_when: Option<RequiredWhen>,
    /// True for sensitive personal data.
    pub is_sensitive: bool,
    /// True if only the authority states it: shown, and not to be typed.
    pub is_official: bool,
    /// The group, if it is in one.
    pub group: Option<String>,
    /// The field beside it whose code decides which choices there are.
    pub chosen_within: Option<String>,
}

/// Another field that makes this one required.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RequiredWhen {
    /// The field beside it.
    pub field: String,
    /// With one of these codes.
    pub any_of: Vec<String>,
}

/// How a value is entered. Whatever was typed may be given to the core, which says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FieldInput {
    /// A line of text.
    Text {
        /// Most characters.
        max: u32,
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
    /// A number; decimals as the bounds have them.
    Number {
        /// The least.
        min: String,
        /// The most.
        max: String,
    },
    /// `true` or `false`.
    Flag,
    /// One code of these.
    Choice {
        /// In the order of the table.
        choices: Vec<ChoiceInfo>,
    },
    /// The code of a commune, five digits.
    Commune,
    /// Items that have fields.
    Items {
        /// The fields that tell items apart.
        key: Vec<String>,
        /// Most items.
        max: u32,
        /// The fields of each.
        fields: Vec<FieldInfo>,
    },
}

/// A code that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ChoiceInfo {
    /// What is put into the form.
    pub code: String,
    /// What it is called.
    pub label: String,
    /// The code of the field [`FieldInfo::chosen_within`] under which alone it can be chosen.
    pub within: Option<String>,
    /// The first day on which it is in use, `YYYY-MM-DD`, if there is one.
    pub from: Option<String>,
    /// The last day on which it is in use, if there is one: offer it no more afterwards.
    pub until: Option<String>,
}

/// The kinds of records that this version knows.
#[uniffi::export]
pub fn record_kinds(language: Language) -> Vec<RecordKindInfo> {
    // A panic would cross the border with its text.
    guarded(|| Ok(RecordKind::ALL.iter().map(|kind| kind_info(*kind, language)).collect())).unwrap_or_default()
}

/// The form of a kind, to be drawn.
///
/// # Errors
/// `Rejected` 8180 for a kind that this version does not know.
#[uniffi::export]
pub fn record_form(kind: &str, language: Language) -> Result<RecordFormInfo, EidError> {
    guarded(|| {
        let kind = kind_named(kind)?;
        let (definition, language) = (kind.definition(), language.into());
        let groups = definition.groups().iter().map(|group| FieldGroupInfo {
            name: group.name().to_owned(),
            label: group.label().text(language).to_owned(),
        });
        Ok(RecordFormInfo {
            kind: kind.name().to_owned(),
            edition: definition.edition().version(),
            groups: groups.collect(),
            fields: fields(definition.fields(), language),
        })
    })
}

fn kind_info(kind: RecordKind, language: Language) -> RecordKindInfo {
    let definition = kind.definition();
    RecordKindInfo {
        kind: kind.name().to_owned(),
        label: definition.label().text(language.into()).to_owned(),
        authority: word("authorities", definition.authority(), language),
        is_sensitive: definition.sensitivity() == Sensitivity::Sensitive,
        changes: match definition.changes() {
            Changes::Declare => RecordChanges::Declare,
            Changes::Ask => RecordChanges::Ask,
        },
        most: match definition.cardinality() {
            Cardinality::One => 1,
            Cardinality::UpTo(most) => most.into(),
        },
        act: definition.act().name().to_owned(),
        is_shared: definition.share().services,
    }
}

fn fields(fields: &[Field], language: eid_model::Language) -> Vec<FieldInfo> {
    let info = |field: &Field| FieldInfo {
        name: field.name().to_owned(),
        label: field.label().text(language).to_owned(),
        input: input(field, language),
        is_required: field.is_required(),
        required_when: field
            .required_when()
            .map(|(field, any_of)| RequiredWhen { field: field.to_owned(), any_of: any_of.to_vec() }),
        is_sensitive: field.is_sensitive(),
        is_official: field.is_official(),
        group: field.group().map(str::to_owned),
        chosen_within: field.chosen_within().map(str::to_owned),
    };
    fields.iter().map(info).collect()
}

fn input(field: &Field, language: eid_model::Language) -> FieldInput {
    match field.input() {
        Input::Text { max, digits } => FieldInput::Text { max: count(max), digits },
        Input::Name => FieldInput::Name,
        Input::Pid => FieldInput::Pid,
        Input::Date => FieldInput::Date,
        Input::PartialDate => FieldInput::PartialDate,
        Input::Phone => FieldInput::Phone,
        Input::Number { min, max } => FieldInput::Number { min: min.to_string(), max: max.to_string() },
        Input::Flag => FieldInput::Flag,
        Input::Choice => {
            let choices = field.choices(Tables::embedded(), language).into_iter().map(ChoiceInfo::from);
            FieldInput::Choice { choices: choices.collect() }
        }
        Input::Commune => FieldInput::Commune,
        Input::List { key, max, fields: items } => {
            FieldInput::Items { key: key.to_vec(), max: count(max), fields: fields(items, language) }
        }
    }
}

impl From<Choice> for ChoiceInfo {
    fn from(choice: Choice) -> Self {
        let Choice { code, label, within, from, until } = choice;
        let day = |day: eid_model::Date| day.to_string();
        Self { code, label, within, from: from.map(day), until: until.map(day) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_form_in_both_languages() {
        let kinds = record_kinds(Language::Vi);
        assert_eq!(kinds.len(), RecordKind::ALL.len());
        for kind in &kinds {
            let form = record_form(&kind.kind, Language::En).unwrap();
            assert!(form.edition > 0 && form.fields.iter().any(|field| field.is_required), "{}", kind.kind);
            for field in &form.fields {
                let known = |name: &String| form.groups.iter().any(|group| group.name == *name);
                assert!(field.group.as_ref().is_none_or(known) && !field.label.is_empty(), "{}", field.name);
            }
        }
        let bank = kinds.iter().find(|kind| kind.kind == "bank_account").unwrap();
        assert_eq!((bank.label.as_str(), bank.authority.as_str(), bank.most), ("Tài khoản ngân hàng", "Ngân hàng", 50));
        assert_eq!(
            (bank.act.as_str(), bank.changes, bank.is_sensitive),
            ("change_bank_account", RecordChanges::Declare, true)
        );
    }

    #[test]
    fn unknown_kind_has_no_form_and_is_not_repeated() {
        let refused = record_form("planted", Language::Vi).unwrap_err();
        assert_eq!(refused, EidError::of(eid_model::Code::RECORD_KIND_UNKNOWN));
    }
}
