//! Bank accounts and e-wallets; what an account for benefits must be.

use eid_model::Code;

use crate::{finding::Findings, view::View};

pub mod vietqr;

pub(super) const TABLES: &[&str] = &[include_str!("banks.json"), include_str!("choices.json")];

/// Benefits are paid in dong, into one account that works.
pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let account = view.fields();
    if !account.is("purpose", &["benefit"]) {
        return;
    }
    if account.text("currency").is_some_and(|currency| currency != "VND") {
        findings.error(account.path("currency"), Code::BENEFIT_ACCOUNT_UNSUITABLE);
    }
    if account.is("state", &["closed", "restricted"]) {
        findings.error(account.path("state"), Code::BENEFIT_ACCOUNT_UNSUITABLE);
    }
    if view.others().any(|other| other.is("purpose", &["benefit"]) && !other.is("state", &["closed"])) {
        findings.error(account.path("purpose"), Code::BENEFIT_ACCOUNT_SECOND);
    }
}
