//! What a kind of record is, as data: `kinds/<kind>/kind.json`.

use eid_model::{Edition, GuardedAct, Phrase};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    Path, RecordError,
    field::{Field, List, are_sound, find, is_day},
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
    #[serde(default = "update_record", deserialize_with = "act")]
    act: GuardedAct,
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

    /// What the holder confirms when a change is sent: it decides how they prove that it is they.
    pub fn act(&self) -> GuardedAct {
        self.act
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
        match (path.leaf(), field.list()) {
            (None, None) => Some(field),
            (Some(leaf), Some(list)) => find(&list.fields, leaf),
            _ => None,
        }
    }

    pub(crate) fn list(&self, name: &str) -> Option<&List> {
        find(&self.fields, name)?.list()
    }

    pub(crate) fn order(&self) -> &[(String, String)] {
        &self.order
    }

    pub(crate) fn unique(&self) -> &[String] {
        &self.unique
    }

    /// The group of a path: its own, or that of its list.
    pub fn group_of(&self, path: &Path) -> Option<&str> {
        let own = self.find(path).and_then(Field::group);
        own.or_else(|| find(&self.fields, path.field())?.group())
    }

    fn is_sound(&self) -> bool {
        let known = |name: &String| find(&self.fields, name).is_some_and(|field| field.list().is_none());
        let group = |field: &Field| field.group().is_none_or(|name| self.groups.iter().any(|group| group.name == name));
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
            && (self.share.proof || !self.every_field().any(|field| field.claim().is_some()))
    }

    fn has_sensitive_field(&self) -> bool {
        self.every_field().any(Field::is_sensitive)
    }

    /// Fields and fields of lists.
    pub(crate) fn every_field(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .flat_map(|field| core::iter::once(field).chain(field.list().into_iter().flat_map(|list| &list.fields)))
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

const fn update_record() -> GuardedAct {
    GuardedAct::UpdateRecord
}

fn act<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GuardedAct, D::Error> {
    let name = String::deserialize(deserializer)?;
    GuardedAct::from_name(&name).ok_or_else(|| D::Error::custom(RecordError::TableInvalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = r#"{
        "edition": {"version": 1, "effective_from": "2026-01-01", "source": "invented"}, "label": {"vi": "a", "en": "a"},
        "authority": "bank", "sensitivity": "sensitive", "compartment": "general", "cardinality": {"up_to": 2}, "changes": "ask",
        "freshness": {"found_s": 1, "absent_s": 1, "failed_s": 1}, "share": {"services": true, "proof": true},
        "groups": [{"name": "g", "label": {"vi": "g", "en": "g"}}], "title": ["a"], "order": [["d", "e"], ["l.d", "l.e"]], "unique": ["a"],
        "fields": [
            {"name": "a", "label": {"vi": "a", "en": "a"}, "type": {"code": {"table": "t", "within": "b"}}, "claim": "c", "group": "g"},
            {"name": "b", "label": {"vi": "b", "en": "b"}, "type": "pid", "sensitive": true, "required_if": {"field": "a", "any_of": ["x"]}},
            {"name": "d", "label": {"vi": "d", "en": "d"}, "type": "date"}, {"name": "e", "label": {"vi": "e", "en": "e"}, "type": "date"},
            {"name": "l", "label": {"vi": "l", "en": "l"}, "list": {"key": ["k"], "max": 3, "fields": [
                {"name": "k", "label": {"vi": "k", "en": "k"}, "type": "name", "required": true},
                {"name": "d", "label": {"vi": "d", "en": "d"}, "type": "date"}, {"name": "e", "label": {"vi": "e", "en": "e"}, "type": "date"}]}}
        ]}"#;

    #[test]
    fn definition_that_contradicts_itself_parse_refuses() {
        let read = Definition::parse(KIND).unwrap();
        assert_eq!((read.cardinality(), read.every_field().count()), (Cardinality::UpTo(2), 8));
        assert_eq!(read.act(), GuardedAct::UpdateRecord);
        for (from, to) in [
            (r#""title": ["a"]"#, r#""title": ["z"]"#),
            (r#""title": ["a"]"#, r#""title": ["l"]"#),
            (r#""unique": ["a"]"#, r#""unique": ["z"]"#),
            (r#"["d", "e"]"#, r#"["d", "a"]"#),
            (r#"["l.d", "l.e"]"#, r#"["l.d", "e"]"#),
            (r#"["l.d", "l.e"]"#, r#"["l.d", "l.k"]"#),
            (r#""within": "b""#, r#""within": "z""#),
            (r#"{"field": "a", "any_of""#, r#"{"field": "z", "any_of""#),
            (r#""group": "g""#, r#""group": "h""#),
            (r#""key": ["k"]"#, r#""key": ["d"]"#),
            (r#""key": ["k"]"#, r#""key": []"#),
            (r#""sensitivity": "sensitive""#, r#""sensitivity": "basic""#),
            (r#""proof": true"#, r#""proof": false"#),
            (r#"{"name": "e""#, r#"{"name": "d""#),
            (r#"{"name": "b""#, r#"{"name": "B""#),
            (r#""type": "pid""#, r#""list": {"key": ["k"], "max": 1, "fields": []}"#),
            (r#""type": "name", "required": true"#, r#""list": {"key": ["k"], "max": 1, "fields": []}"#),
            (r#""type": "pid""#, r#""type": "pin""#),
            (r#""changes": "ask""#, r#""changes": "ask", "act": "pay""#),
            (r#""authority": "bank""#, r#""authority": "bank", "more": 1"#),
        ] {
            let changed = KIND.replacen(from, to, 1);
            assert_ne!(changed, KIND, "{from}");
            assert_eq!(Definition::parse(&changed).err(), Some(RecordError::TableInvalid), "{from} → {to}");
        }
    }
}
