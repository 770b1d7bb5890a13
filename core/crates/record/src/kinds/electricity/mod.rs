//! Electricity contracts: the customer code names the company by its first two letters.

use eid_model::Code;

use super::utility;
use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    utility::check(view, findings);
    let contract = view.fields();
    let region = contract.text("customer_code").and_then(|code| code.get(..2).map(|start| format!("region:{start}")));
    if region.is_some_and(|region| view.context().tables.row("electricity_choices", &region).is_none()) {
        findings.warn(contract.path("customer_code"), Code::CODE_UNKNOWN);
    }
}
