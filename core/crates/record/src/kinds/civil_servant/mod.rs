//! Cadres, civil servants and public employees.

use eid_model::Code;

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let post = view.fields();
    let youngest = view.row(&post, "category").and_then(|row| row.number("min_age"));
    let (Some(age), Some(birth), Some(started)) = (youngest, post.partial_date("birth_date"), post.date("started_on"))
    else {
        return;
    };
    if birth.is_surely_under(age, *started) {
        findings.warn(post.path("started_on"), Code::AGE_UNUSUAL);
    }
}
