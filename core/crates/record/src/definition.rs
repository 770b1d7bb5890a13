//! What a kind of record is, as data: `kinds/<kind>/kind.json`.

use eid_model::{Edition, Phrase};
use serde::Deserialize;

use crate::{
    Path, RecordError, Tables, Value,
    finding::Severity,
    mask::Mask,
    path::is_name,
    value::{CodeForm, FieldType},
};

/// What a kind is and which fields it has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    edition: Edition,
    label: Phrase,
    authority: String,
    sensitivity: Sensitivity,
    compartment: Compartment,
    cardinality: Cardinality,
    changes: Changes,
    freshness: Freshness,
    share: Share,
    #[serde(default)]
    groups: Vec<Group>,
    /// Fields that tell one record of the kind from another in a list.
    title: Vec<String>,
    /// Pairs of dates of which the first is not later; of one list, both.
    #[serde(default)]
    order: Vec<(String, String)>,
    /// Fields that no two records of a person have all the same.
    #[serde(default)]
    unique: Vec<String>,
    fields: Vec<Field>,
}

/// How sensitive a kind or a field is (Law 91/2025; dữ liệu cá nhân cơ bản, nhạy cảm).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Basic personal data.
    Basic,
    /// Sensitive personal data: whoever shares it is told so.
    Sensitive,
}

/// Which part of the vault keeps the records, each under a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compartment {
    /// With most others.
    General,
    /// Party membership.
    Party,
    /// Health.
    Health,
}

/// How many records of a kind a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    /// At most one.
    One,
    /// At most so many.
    UpTo(u16),
}

/// What a citizen can do about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changes {
    /// Declare it; it holds as declared until the authority confirms it.
    Declare,
    /// Ask the authority to enter or correct it; until then it does not hold.
    Ask,
}

/// How long an answer of the authority may be shown before it is asked again, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// A record.
    pub found_s: u32,
    /// "No data found".
    pub absent_s: u32,
    /// The authority could not answer.
    pub failed_s: u32,
    /// A record that somebody enforces the law by: older than this, the screen offers to ask for its state anew. None: the same
    /// as `found_s`.
    pub enforcement_s: Option<u32>,
}

/// Whether a record may leave the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// True if services may ask for it. False: it is only shown to its holder.
    pub services: bool,
    /// True if fields of it may stand in a QR proof.
    pub proof: bool,
}

/// Fields that are shown and shared together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    name: String,
    label: Phrase,
}

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

impl Definition {
    const MAX_BYTES: usize = 128 * 1024;

    /// Reads a definition and checks that what it names is there.
    ///
    /// # Errors
    /// [`RecordError::TableInvalid`].
    pub(crate) fn parse(json: &str) -> Result<Self, RecordError> {
        let read: Self = eid_model::read_table(json, Self::MAX_BYTES).map_err(|_| RecordError::TableInvalid)?;
        if read.is_sound() { Ok(read) } else { Err(RecordError::TableInvalid) }
    }

    /// Version, date and source of the fields.
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// What the kind is called.
    pub fn label(&self) -> &Phrase {
        &self.label
    }

    /// The authority that keeps these records (cơ quan quản lý nguồn), a code of the table `authorities`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The most sensitive of its fields.
    pub fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// Where the vault keeps it.
    pub fn compartment(&self) -> Compartment {
        self.compartment
    }

    /// How many a person has.
    pub fn cardinality(&self) -> Cardinality {
        self.cardinality
    }

    /// What the holder can do about it.
    pub fn changes(&self) -> Changes {
        self.changes
    }

    /// How long it stays fresh.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Whether it may be shared.
    pub fn share(&self) -> Share {
        self.share
    }

    /// Groups of fields that are shared apart from one another.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Names of the fields that tell records apart in a list.
    pub fn title(&self) -> impl Iterator<Item = &str> {
        self.title.iter().map(String::as_str)
    }

    /// The fields in the order of a form.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of a path.
    pub fn find(&self, path: &Path) -> Option<&Field> {
        let field = find(&self.fields, path.field())?;
        match (path.leaf(), &field.list) {
            (None, None) => Some(field),
            (Some(leaf), Some(list)) => find(&list.fields, leaf),
            _ => None,
        }
    }

    pub(crate) fn list(&self, name: &str) -> Option<&List> {
        find(&self.fields, name)?.list.as_ref()
    }

    pub(crate) fn order(&self) -> &[(String, String)] {
        &self.order
    }

    pub(crate) fn unique(&self) -> &[String] {
        &self.unique
    }

    /// The group of a path: its own, or that of its list.
    pub fn group_of(&self, path: &Path) -> Option<&str> {
        let own = self.find(path).and_then(|field| field.group.as_deref());
        own.or_else(|| find(&self.fields, path.field())?.group.as_deref())
    }

    fn is_sound(&self) -> bool {
        let known = |name: &String| find(&self.fields, name).is_some_and(|field| field.list.is_none());
        let group =
            |field: &Field| field.group.as_ref().is_none_or(|name| self.groups.iter().any(|group| group.name == *name));
        let dates = |(one, other): &(String, String)| match (one.split_once('.'), other.split_once('.')) {
            (Some((list, a)), Some((same, b))) => {
                list == same && self.list(list).is_some_and(|list| is_day(&list.fields, a) && is_day(&list.fields, b))
            }
            (None, None) => is_day(&self.fields, one) && is_day(&self.fields, other),
            _ => false,
        };
        are_sound(&self.fields, true)
            && self.title.iter().chain(&self.unique).all(known)
            && self.fields.iter().all(group)
            && self.order.iter().all(dates)
            && (!self.has_sensitive_field() || self.sensitivity == Sensitivity::Sensitive)
            && (self.share.proof || !self.every_field().any(|field| field.claim.is_some()))
    }

    fn has_sensitive_field(&self) -> bool {
        self.every_field().any(|field| field.sensitive)
    }

    /// Fields and fields of lists.
    pub(crate) fn every_field(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .flat_map(|field| core::iter::once(field).chain(field.list.iter().flat_map(|list| &list.fields)))
    }
}

impl Group {
    /// The name that fields refer to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called.
    pub fn label(&self) -> &Phrase {
        &self.label
    }
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
}

fn error() -> Severity {
    Severity::Error
}

pub(crate) fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

fn is_day(fields: &[Field], name: &str) -> bool {
    find(fields, name).is_some_and(|field| matches!(field.form, Some(FieldType::Date)))
}

/// Names are told apart, each field is a value or (on the first level) a list, and conditions and codes name fields beside them.
fn are_sound(fields: &[Field], lists: bool) -> bool {
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
