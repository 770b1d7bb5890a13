//! Relations between people: each is an edge, and the edges of a family must make sense together.

use eid_model::{Code, Date, PartialDate, Sex};

use self::graph::{Edge, Line, Person};
use crate::{
    finding::Findings,
    view::{Fields, View},
};

mod graph;

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let fields = view.fields();
    if fields.value("relative_pid").is_none() && fields.value("relative_name").is_none() {
        findings.error(fields.path("relative_pid"), Code::FAMILY_RELATIVE_UNKNOWN);
    }
    check_sex(view, &fields, findings);
    check_guardian(view, &fields, findings);
    let Some(edge) = edge(view, &fields) else { return };
    let others: Vec<Edge> = view.others().filter_map(|other| self::edge(view, &other)).collect();
    check_marriage(view, &fields, &edge, &others, findings);
    if let Some(fault) = graph::fault(&edge, &others) {
        let (field, code) = match fault {
            graph::Fault::Oneself => ("relative_pid", Code::FAMILY_SELF),
            graph::Fault::Cycle => ("relation", Code::FAMILY_CYCLE),
            graph::Fault::YoungerParent => ("relative_birth_date", Code::FAMILY_PARENT_YOUNGER),
            graph::Fault::SecondSpouse => ("relation", Code::FAMILY_SECOND_SPOUSE),
            graph::Fault::SecondParent => ("relation", Code::FAMILY_PARENT_TWICE),
        };
        findings.error(fields.path(field), code);
    } else if graph::is_parent_oddly_young(&edge) {
        findings.warn(fields.path("relative_birth_date"), Code::AGE_UNUSUAL);
    }
}

fn edge(view: &View<'_>, fields: &Fields<'_>) -> Option<Edge> {
    let row = view.row(fields, "relation")?;
    let person = person(fields, ["person_pid", "", "person_birth_date", "person_sex"], None)?;
    let sex = row.fact("sex").and_then(|sex| Sex::parse(sex).ok());
    let relative = self::person(fields, ["relative_pid", "relative_name", "relative_birth_date", "relative_sex"], sex)?;
    let line = match row.fact("line")? {
        "parent" => Line::Parent,
        "child" => Line::Child,
        "grandparent" => Line::Grandparent,
        "grandchild" => Line::Grandchild,
        "spouse" => Line::Spouse,
        _ => return None,
    };
    let by_birth = row.fact("birth").is_some();
    let (from, to) = (fields.date("valid_from").copied(), fields.date("valid_to").copied());
    Some(Edge { person, relative, line, by_birth, from, to })
}

/// Somebody by number, or by name and birth where there is none.
fn person(fields: &Fields<'_>, [pid, name, birth, sex]: [&str; 4], known_sex: Option<Sex>) -> Option<Person> {
    let birth = fields.partial_date(birth).copied();
    let id = match fields.pid(pid) {
        Some(pid) => pid.as_str().to_owned(),
        None if name.is_empty() => return None,
        None => {
            let birth = birth.as_ref().map(PartialDate::iso_form).unwrap_or_default();
            format!("{}/{birth}", fields.person(name)?.matching_form())
        }
    };
    Some(Person { id, birth, sex: known_sex.or_else(|| fields.sex(sex).copied()) })
}

fn check_sex(view: &View<'_>, fields: &Fields<'_>, findings: &mut Findings) {
    let wanted = view.row(fields, "relation").and_then(|row| row.fact("sex"));
    if wanted.zip(fields.sex("relative_sex")).is_some_and(|(wanted, sex)| sex.as_str() != wanted) {
        findings.warn(fields.path("relative_sex"), Code::FAMILY_RELATION_SEX);
    }
}

/// Who acts for somebody is of age.
fn check_guardian(view: &View<'_>, fields: &Fields<'_>, findings: &mut Findings) {
    let age = view.row(fields, "relation").and_then(|row| row.number("min_age"));
    let on = fields.date("valid_from").copied().unwrap_or(view.context().today);
    if age.zip(fields.partial_date("relative_birth_date")).is_some_and(|(age, birth)| birth.is_surely_under(age, on)) {
        findings.warn(fields.path("relative_birth_date"), Code::AGE_UNUSUAL);
    }
}

/// The ages of the law of today bind marriages made under it; older and foreign ones are only odd.
fn check_marriage(view: &View<'_>, fields: &Fields<'_>, edge: &Edge, others: &[Edge], findings: &mut Findings) {
    let (Line::Spouse, Some(on), Some(row)) = (edge.line, edge.from, view.row(fields, "relation")) else { return };
    let since = row.fact("ages_since").and_then(|day| Date::parse(day).ok());
    let known = |person: &Person| {
        let of_others = || others.iter().find_map(|other| other.sex_of(&person.id));
        person.sex.or_else(of_others)
    };
    for person in [&edge.person, &edge.relative] {
        let age = known(person).and_then(|sex| row.number(sex.as_str()));
        let young = age.zip(person.birth).is_some_and(|(age, birth)| birth.is_surely_under(age, on));
        if young && since.is_some_and(|since| on >= since) {
            findings.error(fields.path("valid_from"), Code::FAMILY_MARRIAGE_AGE);
        } else if young {
            findings.warn(fields.path("valid_from"), Code::FAMILY_MARRIAGE_AGE);
        }
    }
}
