//! One pass over a form: what it says, and everything that is wrong or odd about it.

use std::collections::{BTreeMap, BTreeSet};

use eid_model::{Code, Date};

use crate::{
    Cardinality, Definition, Field, Finding, Form, Holder, Path, Payload, RecordKind, Severity, Tables, Value,
    finding::Findings, value::Likeness, view::View,
};

/// What a record is judged by. Nothing is fetched: all of it was there before.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The day it is in Vietnam.
    pub today: Date,
    /// The person whose record it is, if known.
    pub holder: Option<&'a Holder>,
    /// The other records of the same kind that the person has.
    pub others: &'a [&'a Payload],
    /// Lists of codes.
    pub tables: &'a Tables,
    /// Who speaks.
    pub speaker: Speaker,
}

/// Who filled a form in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The citizen, who cannot state what only the authority states.
    Citizen,
    /// The authority that keeps the records.
    Authority,
}

/// A form that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    payload: Payload,
    form: Form,
    findings: Vec<Finding>,
}

impl Checked {
    /// Everything that is wrong or odd, by path as the form names it.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// True if nothing is wrong; it may be odd.
    pub fn is_valid(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity() == Severity::Warning)
    }

    /// What could be read.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The form in the one way of writing it: tidy texts, ISO dates, items under their keys. What could not be read stands in it
    /// as it was.
    pub fn form(&self) -> &Form {
        &self.form
    }
}

impl RecordKind {
    /// Looks at a form in one pass: reads each text as its field's type, then asks for what is missing, then the rules.
    pub fn validate(self, form: &Form, context: &Context<'_>) -> Checked {
        let definition = self.definition();
        let mut findings = Findings::default();
        let mut read = read(definition, form, context, &mut findings);
        let names = rename_items(definition, &mut read, &mut findings);
        let Reading { payload, rest } = read;
        find_missing(definition, form, &payload, &names, &mut findings);
        check_fields(definition, &payload, context, &mut findings);
        check_order(definition, &payload, &mut findings);
        check_unique(definition, &payload, context, &mut findings);
        self.check(&View::new(definition, &payload, context), &mut findings);
        let mut form = payload.form();
        for (path, text) in rest {
            form.insert(path, text);
        }
        Checked { payload, form, findings: findings.finish(|path| original(path, &names)) }
    }
}

/// What was read, and the texts that could not be.
struct Reading {
    payload: Payload,
    rest: Vec<(Path, String)>,
}

/// Items by the prefix they have now, with the one they had in the form.
type Names = BTreeMap<String, String>;

fn read(definition: &Definition, form: &Form, context: &Context<'_>, findings: &mut Findings) -> Reading {
    let mut reading = Reading { payload: Payload::default(), rest: Vec::new() };
    for (path, text) in form.iter().filter(|(_, text)| !text.trim().is_empty()) {
        let Some((field, form)) = definition.find(path).and_then(|field| Some((field, field.form()?))) else {
            // A newer platform may say more than this version knows: it is kept, and shown to nobody as checked.
            findings.warn(path.clone(), Code::FIELD_UNKNOWN);
            reading.rest.push((path.clone(), text.to_owned()));
            continue;
        };
        if field.is_official() && context.speaker == Speaker::Citizen {
            findings.error(path.clone(), Code::FIELD_OFFICIAL);
        }
        match form.read(text) {
            Ok((value, odd)) => {
                if let Some(code) = odd {
                    findings.warn(path.clone(), code);
                }
                reading.payload.insert(path.clone(), value);
            }
            Err(code) => {
                findings.error(path.clone(), code);
                reading.rest.push((path.clone(), text.to_owned()));
            }
        }
    }
    reading
}

/// Puts each item under its key and says which are there twice. A double, and an item whose key fields do not read, has a name
/// that no other item has.
fn rename_items(definition: &Definition, reading: &mut Reading, findings: &mut Findings) -> Names {
    let mut names = Names::new();
    for field in definition.fields() {
        let Some(list) = definition.list(field.name()) else { continue };
        let prefixes = reading.prefixes(field.name());
        if prefixes.len() > list.max {
            findings.error(Path::within("", field.name()), Code::ITEMS_TOO_MANY);
        }
        let keyed = prefixes.into_iter().map(|old| (key(&reading.payload, &old, &list.key), old));
        let mut items: Vec<(Option<String>, String)> = keyed.collect();
        // An item that is under its key already stays there; one without a key takes what is left.
        let rank = |(key, old): &(Option<String>, String)| match key {
            Some(key) => u8::from(*old != prefix(field.name(), key)),
            None => 2,
        };
        items.sort_by_key(rank);
        let mut taken = BTreeSet::new();
        let mut renamed = Vec::new();
        for (key, old) in items {
            let wanted = key.as_ref().map_or_else(|| old.clone(), |key| prefix(field.name(), key));
            let double = !taken.insert(wanted.clone());
            let new = if double { free(&wanted, &mut taken) } else { wanted };
            let values = reading.payload.take(&old);
            if double && key.is_some() {
                let first = list.key.first().map(String::as_str).unwrap_or_default();
                findings.error(Path::within(&old, first), Code::ITEM_DUPLICATE);
                reading.rest.extend(values.into_iter().map(|(path, value)| (path, value.text())));
                renamed.push(Renamed { values: Vec::new(), old, new });
            } else {
                renamed.push(Renamed { values, old, new });
            }
        }
        reading.rename(renamed, &mut names);
    }
    names
}

/// An item, taken out to be put back under another name.
struct Renamed {
    values: Vec<(Path, Value)>,
    old: String,
    new: String,
}

impl Reading {
    /// What the items of a list begin with, also of those of which nothing reads.
    fn prefixes(&self, list: &str) -> BTreeSet<String> {
        let unread =
            self.rest.iter().map(|(path, _)| path).filter(|path| path.item().is_some() && path.field() == list);
        self.payload.prefixes(list).chain(unread.map(|path| path.prefix().to_owned())).collect()
    }

    /// Gives items the names they have from now on.
    fn rename(&mut self, items: Vec<Renamed>, names: &mut Names) {
        let within = |prefix: &str, path: &Path| Path::within(prefix, path.leaf().unwrap_or_default());
        let new: BTreeMap<&str, &str> = items.iter().map(|item| (item.old.as_str(), item.new.as_str())).collect();
        for (path, _) in &mut self.rest {
            if let Some(new) = new.get(path.prefix()) {
                *path = within(new, path);
            }
        }
        for Renamed { values, old, new } in items {
            for (path, value) in values {
                self.payload.insert(within(&new, &path), value);
            }
            names.insert(new, old);
        }
    }
}

fn prefix(list: &str, key: &str) -> String {
    format!("{list}[{key}].")
}

/// A name like the one wanted that no item has yet.
fn free(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let start = wanted.strip_suffix("].").unwrap_or(wanted);
    let names = (2_u32..).map(|number| format!("{start}#{number}]."));
    let mut names = names.filter(|name| !taken.contains(name));
    let name = names.next().unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// The texts of an item's key fields. Brackets would end it, so they are written as round ones.
fn key(payload: &Payload, prefix: &str, fields: &[String]) -> Option<String> {
    const MAX_CHARS: usize = 120;
    let parts: Option<Vec<String>> =
        fields.iter().map(|field| payload.find(&Path::within(prefix, field)).map(Value::text)).collect();
    let key = parts?.join("/").replace('[', "(").replace(']', ")");
    Some(key.chars().take(MAX_CHARS).collect())
}

fn original(path: Path, names: &Names) -> Path {
    match names.get(path.prefix()) {
        Some(old) => Path::within(old, path.leaf().unwrap_or_default()),
        None => path,
    }
}

/// Fields that must be there and have no text. One whose text does not read was told of already.
fn find_missing(definition: &Definition, form: &Form, payload: &Payload, names: &Names, findings: &mut Findings) {
    let mut ask = |fields: &[Field], prefix: &str| {
        for field in fields.iter().filter(|field| field.items().is_none()) {
            let path = Path::within(prefix, field.name());
            let wanted = field.is_required()
                || field.required_if().is_some_and(|condition| {
                    let beside = payload.find(&Path::within(prefix, &condition.field)).map(Value::text);
                    beside.is_some_and(|text| condition.any_of.contains(&text))
                });
            let answered = || form.text(&original(path.clone(), names)).is_some_and(|text| !text.trim().is_empty());
            if wanted && !answered() {
                findings.error(path, Code::FIELD_REQUIRED);
            }
        }
    };
    ask(definition.fields(), "");
    for field in definition.fields() {
        let Some(items) = field.items() else { continue };
        let prefixes: BTreeSet<String> = payload.prefixes(field.name()).collect();
        for prefix in &prefixes {
            ask(items, prefix);
        }
    }
    for field in definition.fields().iter().filter(|field| field.is_required() && field.items().is_some()) {
        if payload.prefixes(field.name()).next().is_none() {
            findings.error(Path::within("", field.name()), Code::FIELD_REQUIRED);
        }
    }
}

/// What the definition says of single fields: codes of a table, days that have come, the holder's own data, no doubles.
fn check_fields(definition: &Definition, payload: &Payload, context: &Context<'_>, findings: &mut Findings) {
    for (path, value) in payload.iter() {
        let Some(field) = definition.find(path) else { continue };
        check_code(field, path, value, payload, context, findings);
        if field.is_past() && lies_ahead(value, context.today) {
            findings.error(path.clone(), Code::DATE_IN_FUTURE);
        }
        if let (Some((datum, severity)), Some(holder)) = (field.holder(), context.holder)
            && holder.likeness(datum, value) == Likeness::Different
        {
            findings.add(path.clone(), Code::HOLDER_MISMATCH, severity);
        }
    }
}

/// More records than the kind has, and another record that says the same in all fields that tell records apart. It is told at the last of them.
fn check_unique(definition: &Definition, payload: &Payload, context: &Context<'_>, findings: &mut Findings) {
    let most = match definition.cardinality() {
        Cardinality::One => 1,
        Cardinality::UpTo(most) => usize::from(most),
    };
    if let (true, Some(first)) = (context.others.len() >= most, definition.title().next()) {
        findings.error(Path::within("", first), Code::RECORDS_TOO_MANY);
    }
    let paths: Vec<Path> = definition.unique().iter().map(|name| Path::within("", name)).collect();
    let Some(last) = paths.last() else { return };
    let same = |other: &Payload| paths.iter().all(|path| other.find(path) == payload.find(path));
    if context.others.iter().any(|other| same(other)) {
        findings.error(last.clone(), Code::RECORD_DUPLICATE);
    }
}

fn check_code(
    field: &Field,
    path: &Path,
    value: &Value,
    payload: &Payload,
    context: &Context<'_>,
    findings: &mut Findings,
) {
    match value {
        Value::Code(code) => {
            let Some(form) = field.code_form() else { return };
            let beside = |name: &str| payload.find(&Path::within(path.prefix(), name)).map(Value::text);
            let row = form.code(code, beside).and_then(|code| context.tables.row(&form.table, &code));
            match row {
                None => findings.warn(path.clone(), Code::CODE_UNKNOWN),
                Some(row) if !row.is_in_force(context.today) => findings.warn(path.clone(), Code::CODE_NOT_IN_FORCE),
                Some(_) => {}
            }
        }
        Value::Pid(pid) => {
            if let Some(notice) = pid.notice(eid_model::BirthRegistrationTable::embedded()) {
                findings.warn(path.clone(), notice.code());
            }
        }
        Value::Phone(phone) => {
            if let Some(notice) = phone.notice(context.tables.mobile_prefixes()) {
                findings.warn(path.clone(), notice.code());
            }
        }
        _ => {}
    }
}

fn lies_ahead(value: &Value, today: Date) -> bool {
    match value {
        Value::Date(date) => *date > today,
        // What is known of it is compared: a year alone lies ahead when it is a later year.
        Value::PartialDate(date) => {
            (date.year(), date.month().unwrap_or(0), date.day().unwrap_or(0))
                > (today.year(), today.month(), today.day())
        }
        _ => false,
    }
}

fn check_order(definition: &Definition, payload: &Payload, findings: &mut Findings) {
    let mut compare = |prefix: &str, one: &str, other: &str| {
        let path = Path::within(prefix, other);
        if let (Some(Value::Date(one)), Some(Value::Date(other))) =
            (payload.find(&Path::within(prefix, one)), payload.find(&path))
            && one > other
        {
            findings.error(path, Code::DATES_ORDER);
        }
    };
    for (one, other) in definition.order() {
        match (one.split_once('.'), other.split_once('.')) {
            (Some((list, one)), Some((_, other))) => {
                for prefix in payload.prefixes(list) {
                    compare(&prefix, one, other);
                }
            }
            _ => compare("", one, other),
        }
    }
}
