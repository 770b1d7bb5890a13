//! Water contracts: hundreds of companies, each with codes of its own.

use super::utility;
use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    utility::check(view, findings);
}
