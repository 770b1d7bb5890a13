//! Diplomas and certificates.

use eid_model::{Code, Date};

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let diploma = view.fields();
    let Some(issued) = diploma.date("issued_on") else { return };
    let numbered = view.context().tables.row("education_choices", "rule:numbered").and_then(|row| row.fact("since"));
    let numbered = numbered.and_then(|day| Date::parse(day).ok()).is_some_and(|since| *issued >= since);
    if numbered && diploma.value("diploma_number").is_none() {
        findings.error(diploma.path("diploma_number"), Code::FIELD_REQUIRED);
    }
    let youngest = view.row(&diploma, "level").and_then(|row| row.number("min_age"));
    let birth = diploma.partial_date("birth_date");
    if youngest.zip(birth).is_some_and(|(age, birth)| birth.is_surely_under(age, *issued)) {
        findings.warn(diploma.path("issued_on"), Code::AGE_UNUSUAL);
    }
}
