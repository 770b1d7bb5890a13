//! Driving licences: terms and ages of the classes, points and state.

use eid_model::Code;

use crate::{
    finding::Findings,
    view::{Fields, View},
};

pub(super) const TABLES: &[&str] = &[include_str!("classes.json"), include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let licence = view.fields();
    let valid = licence.is("state", &["valid"]);
    for class in view.items("classes") {
        check_term(view, &class, valid, findings);
        check_age(view, &class, findings);
    }
    // At no points the holder may not drive, whatever the rest says.
    if valid && licence.number("points").is_some_and(|points| points.units() == 0) {
        findings.warn(licence.path("points"), Code::LICENCE_POINTS_SPENT);
    }
    let over = licence.date("state_until").is_some_and(|until| *until < view.context().today);
    if over && licence.is("state", &["suspended", "held"]) {
        findings.warn(licence.path("state_until"), Code::LICENCE_STATE_OVER);
    }
}

/// Each class has an expiry of its own, so many years after its issue; some have none. A card may differ (it was exchanged, or
/// ended with the holder's age), so this is only odd.
fn check_term(view: &View<'_>, class: &Fields<'_>, valid: bool, findings: &mut Findings) {
    let years = view.row(class, "class").and_then(|row| row.number("years"));
    let (Some(issued), expires) = (class.date("issued_on"), class.date("expires_on")) else { return };
    match (years, expires) {
        (Some(0_u16), Some(_)) => findings.warn(class.path("expires_on"), Code::LICENCE_TERM_UNUSUAL),
        (Some(years), Some(expires)) if years > 0 && issued.plus_years(years).is_ok_and(|last| *expires > last) => {
            findings.warn(class.path("expires_on"), Code::LICENCE_TERM_UNUSUAL);
        }
        (Some(years), None) if years > 0 => findings.warn(class.path("expires_on"), Code::LICENCE_TERM_UNUSUAL),
        _ => {}
    }
    if valid && expires.is_some_and(|expires| *expires < view.context().today) {
        findings.warn(class.path("expires_on"), Code::LICENCE_CLASS_EXPIRED);
    }
}

fn check_age(view: &View<'_>, class: &Fields<'_>, findings: &mut Findings) {
    let age = view.row(class, "class").and_then(|row| row.number("min_age"));
    let (Some(age), Some(issued)) = (age, class.date("issued_on")) else { return };
    if view.fields().partial_date("birth_date").is_some_and(|birth| birth.is_surely_under(age, *issued)) {
        findings.warn(class.path("issued_on"), Code::AGE_UNUSUAL);
    }
}
