//! Party membership: kept in a compartment of its own, never shared, never in a proof.

use eid_model::Code;

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let member = view.fields();
    let Some(admitted) = member.date("admitted_on") else { return };
    let Some(rule) = view.context().tables.row("party_choices", "rule:admission") else { return };
    let birth = member.partial_date("birth_date");
    if rule.number("min_age").zip(birth).is_some_and(|(age, birth)| birth.is_surely_under(age, *admitted)) {
        findings.warn(member.path("admitted_on"), Code::AGE_UNUSUAL);
    }
    let probation = rule.number("probation_years").and_then(|years| admitted.plus_years(years).ok());
    if probation.zip(member.date("official_on")).is_some_and(|(earliest, official)| *official < earliest) {
        findings.warn(member.path("official_on"), Code::PARTY_PROBATION);
    }
}
