//! Social and health insurance: the code of the card repeats what stands beside it.

use eid_model::{Code, FormerProvinceCode, ProvinceCode};

use crate::{
    finding::Findings,
    view::{Fields, View},
};

pub(super) const TABLES: &[&str] = &[include_str!("groups.json"), include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let insurance = view.fields();
    if let Some(code) = insurance.text("card_code") {
        check_card(view, &insurance, &code, findings);
    }
    if insurance.date("valid_to").is_some_and(|last| *last < view.context().today) {
        findings.warn(insurance.path("valid_to"), Code::INSURANCE_EXPIRED);
    }
}

/// Group (two letters), level (one digit), province (two), insurance number (ten); newer cards print the last part only.
fn check_card(view: &View<'_>, insurance: &Fields<'_>, code: &str, findings: &mut Findings) {
    let (head, number) = code.split_at_checked(code.len().saturating_sub(10)).unwrap_or(("", code));
    if insurance.text("si_number").is_some_and(|stated| stated != number) {
        findings.error(insurance.path("card_code"), Code::INSURANCE_NUMBER_MISMATCH);
    }
    let (Some(group), Some(level), Some(province)) = (head.get(..2), head.get(2..3), head.get(3..)) else { return };
    if insurance.text("benefit_level").is_some_and(|stated| stated != level) {
        findings.warn(insurance.path("benefit_level"), Code::INSURANCE_LEVEL_MISMATCH);
    }
    let tables = view.context().tables;
    // Cards outlive mergers: a province of before July 2025 is as good.
    let known = ProvinceCode::parse(province).is_ok_and(|code| tables.provinces().find(code).is_some())
        || FormerProvinceCode::parse(province).is_ok_and(|code| tables.provinces().find_former(code).is_some());
    if !known || tables.row("insurance_groups", group).is_none() {
        findings.warn(insurance.path("card_code"), Code::CODE_UNKNOWN);
    }
}
