//! Fields of a definition.

use eid_model::{Language, Phrase};
use serde::Deserialize;

use crate::{
    CodeTable, Tables, Value,
    finding::Severity,
    input::Choice,
    mask::Mask,
    path::is_name,
    value::{CodeForm, FieldType},
};

/// A field, or a list of items that have fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    name: String,
    label: Phrase,
    #[serde(rename = "type")]
    form: Option<FieldType>,
    list: Option<List>,
    #[serde(default)]
    required: bool,
    required_if: Option<Condition>,
    #[serde(default)]
    sensitive: bool,
    mask: Option<Mask>,
    #[serde(default)]
    search: bool,
    /// The claim of a QR proof that this field fills.
    claim: Option<String>,
    group: Option<String>,
    /// A day that has come already.
    #[serde(default)]
    past: bool,
    /// The holder's own datum that this must agree with.
    holder: Option<HolderDatum>,
    /// How much it weighs when it does not.
    #[serde(default = "error")]
    holder_severity: Severity,
    /// Only the authority states it; a citizen can only ask for it to be looked at.
    #[serde(default)]
    official: bool,
}

/// What a list holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// The fields that tell items apart.
    pub(crate) key: Vec<String>,
    pub(crate) max: usize,
    pub(crate) fields: Vec<Field>,
}

/// True when another field of the same item, or of the record, has one of these texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) field: String,
    pub(crate) any_of: Vec<String>,
}

/// What a record may repeat of its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HolderDatum {
    Pid,
    Name,
    BirthDate,
    Sex,
}

impl Field {
    /// The name in paths.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called.
    pub fn label(&self) -> &Phrase {
        &self.label
    }

    /// The fields of each item, if this is a list.
    pub fn items(&self) -> Option<&[Field]> {
        self.list.as_ref().map(|list| list.fields.as_slice())
    }

    /// True if it may never be left out.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// True for sensitive personal data.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// True if only the authority states it.
    pub fn is_official(&self) -> bool {
        self.official
    }

    /// True if records are found by it.
    pub fn is_searched(&self) -> bool {
        self.search
    }

    /// The claim of a QR proof that it fills.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// The table that its codes are of.
    pub fn table(&self) -> Option<&str> {
        self.code_form().map(|form| form.table.as_str())
    }

    /// What screens show of a value until its holder asks for all of it.
    pub fn mask(&self, value: &Value) -> String {
        value.masked(self.mask)
    }

    /// A code in words; `beside` gives the text of a field beside it. `None` if this is no code or no table knows it.
    pub(crate) fn words<'t>(
        &self,
        code: &str,
        beside: impl Fn(&str) -> Option<String>,
        tables: &'t Tables,
    ) -> Option<&'t Phrase> {
        let form = self.code_form()?;
        let row = tables.row(&form.table, &form.code(code, beside)?)?;
        Some(row.label())
    }

    pub(crate) fn list(&self) -> Option<&List> {
        self.list.as_ref()
    }

    /// The group it is shown and shared with, if it is in one itself.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    pub(crate) fn form(&self) -> Option<&FieldType> {
        self.form.as_ref()
    }

    pub(crate) fn code_form(&self) -> Option<&CodeForm> {
        match &self.form {
            Some(FieldType::Code(form)) => Some(form),
            _ => None,
        }
    }

    pub(crate) fn required_if(&self) -> Option<&Condition> {
        self.required_if.as_ref()
    }

    pub(crate) fn is_past(&self) -> bool {
        self.past
    }

    pub(crate) fn holder(&self) -> Option<(HolderDatum, Severity)> {
        self.holder.map(|datum| (datum, self.holder_severity))
    }
}

impl CodeForm {
    /// The code as its table has it.
    pub(crate) fn code(&self, code: &str, beside: impl Fn(&str) -> Option<String>) -> Option<String> {
        match (&self.within, &self.set) {
            (Some(field), _) => Some(format!("{}:{code}", beside(field)?)),
            (None, Some(set)) => Some(format!("{set}:{code}")),
            (None, None) => Some(code.to_owned()),
        }
    }

    /// The rows of its table that it can have, as choices.
    pub(crate) fn choices(&self, tables: &Tables, language: Language) -> Vec<Choice> {
        let rows = tables.find(&self.table).map(CodeTable::list).unwrap_or_default();
        let rows = rows.iter().filter_map(|row| {
            let (within, code) = match (&self.within, &self.set) {
                (None, None) => (None, row.code()),
                (Some(_), _) => row.code().split_once(':').map(|(within, code)| (Some(within.to_owned()), code))?,
                (None, Some(set)) => (None, row.code().strip_prefix(set.as_str())?.strip_prefix(':')?),
            };
            let (code, label) = (code.to_owned(), row.label().text(language).to_owned());
            Some(Choice { code, label, within, from: row.from(), until: row.until() })
        });
        rows.collect()
    }
}

fn error() -> Severity {
    Severity::Error
}

pub(crate) fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

pub(crate) fn is_day(fields: &[Field], name: &str) -> bool {
    find(fields, name).is_some_and(|field| matches!(field.form, Some(FieldType::Date)))
}

/// Names are told apart, each field is a value or (on the first level) a list, and conditions and codes name fields beside them.
pub(crate) fn are_sound(fields: &[Field], lists: bool) -> bool {
    let beside = |name: &String| find(fields, name).is_some_and(|field| field.list.is_none());
    fields.iter().enumerate().all(|(at, field)| {
        let value = match (&field.form, &field.list) {
            (Some(_), None) => true,
            (None, Some(list)) => {
                lists
                    && are_sound(&list.fields, false)
                    && !list.key.is_empty()
                    && list.key.iter().all(|key| find(&list.fields, key).is_some_and(|field| field.required))
            }
            _ => false,
        };
        value
            && is_name(&field.name)
            && fields.iter().take(at).all(|other| other.name != field.name)
            && field.required_if.as_ref().is_none_or(|condition| beside(&condition.field))
            && field.code_form().and_then(|form| form.within.as_ref()).is_none_or(beside)
    })
}
