//! The health book: nothing in it happened before its holder's birth.

use eid_model::{Code, PartialDate};

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let Some(birth) = view.fields().partial_date("birth_date").map(PartialDate::earliest) else { return };
    for (list, field) in [("vaccinations", "given_on"), ("visits", "came_on")] {
        for item in view.items(list) {
            if item.date(field).is_some_and(|day| *day < birth) {
                findings.error(item.path(field), Code::DATE_BEFORE_BIRTH);
            }
        }
    }
    for illness in view.items("illnesses") {
        if illness.partial_date("since").is_some_and(|since| since.latest() < birth) {
            findings.error(illness.path("since"), Code::DATE_BEFORE_BIRTH);
        }
    }
}
