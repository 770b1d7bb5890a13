//! Telephone subscriptions in the holder's name. The prefix names no operator: numbers are ported.

use eid_model::Code;

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let subscription = view.fields();
    if subscription.is("state", &["ended"]) {
        return;
    }
    if subscription.is("answer", &["not_mine"]) {
        findings.warn(subscription.path("answer"), Code::TELECOM_NOT_MINE);
    }
    // A SIM in another phone is confirmed anew, by face, or calls are blocked step by step.
    let (moved, confirmed) = (subscription.date("sim_moved_on"), subscription.date("confirmed_on"));
    if moved.is_some_and(|moved| confirmed.is_none_or(|confirmed| confirmed < moved)) {
        findings.warn(subscription.path("confirmed_on"), Code::TELECOM_CONFIRM_DUE);
    }
}
