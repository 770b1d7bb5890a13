//! Tax: the ID number is the code, and dependants are who they are said to be.

use eid_model::Code;

use crate::{
    finding::Findings,
    view::{Fields, View},
};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let tax = view.fields();
    if tax.is("state", &["mismatch"]) {
        findings.warn(tax.path("state"), Code::TAX_CODE_REPLACED);
    }
    for dependant in view.items("dependants") {
        if dependant.pid("pid").is_some_and(|pid| tax.pid("tax_code") == Some(pid)) {
            findings.error(dependant.path("pid"), Code::DEPENDANT_NOT_ELIGIBLE);
        }
        check_reason(view, &dependant, findings);
    }
}

/// Age and income are judged for deductions that still run.
fn check_reason(view: &View<'_>, dependant: &Fields<'_>, findings: &mut Findings) {
    let today = view.context().today;
    let Some(row) = view.row(dependant, "reason").filter(|_| dependant.date("to").is_none_or(|to| *to >= today)) else {
        return;
    };
    let of_age = row.number("under_age").zip(dependant.partial_date("birth_date"));
    if of_age.is_some_and(|(age, birth)| birth.is_at_least(age, today)) {
        findings.error(dependant.path("birth_date"), Code::DEPENDANT_NOT_ELIGIBLE);
    }
    let income = row.number::<i64>("income").zip(dependant.number("monthly_income"));
    if income.is_some_and(|(most, income)| income.units() > most) {
        findings.error(dependant.path("monthly_income"), Code::DEPENDANT_NOT_ELIGIBLE);
    }
}
