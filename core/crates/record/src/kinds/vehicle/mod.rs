//! Vehicles: where the plate comes from, and what must be valid to drive.

use eid_model::Code;

use crate::{
    finding::Findings,
    view::{Fields, View},
};

pub(super) const TABLES: &[&str] = &[include_str!("plates.json"), include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let vehicle = view.fields();
    let place = vehicle.text("plate").and_then(|plate| plate.get(..2).map(str::to_owned));
    if place.is_some_and(|place| view.context().tables.row("plate_codes", &place).is_none()) {
        findings.warn(vehicle.path("plate"), Code::CODE_UNKNOWN);
    }
    check_year(view, &vehicle, findings);
    if !vehicle.is("state", &["transferred", "withdrawn", "stolen"]) {
        check_papers(view, &vehicle, findings);
    }
}

fn check_year(view: &View<'_>, vehicle: &Fields<'_>, findings: &mut Findings) {
    let Some(made_in) = vehicle.number("made_in").map(|number| number.units()) else { return };
    if made_in > i64::from(view.context().today.year()) {
        findings.error(vehicle.path("made_in"), Code::DATE_IN_FUTURE);
    }
    if vehicle.date("first_registered_on").is_some_and(|first| i64::from(first.year()) < made_in) {
        findings.error(vehicle.path("made_in"), Code::DATES_ORDER);
    }
}

/// What is over is told, but the record is right as it is.
fn check_papers(view: &View<'_>, vehicle: &Fields<'_>, findings: &mut Findings) {
    let today = view.context().today;
    let inspected = view.row(vehicle, "type").is_some_and(|row| row.fact("inspected").is_some());
    if inspected && vehicle.date("inspected_until").is_none_or(|until| *until < today) {
        findings.warn(vehicle.path("inspected_until"), Code::VEHICLE_INSPECTION_OVER);
    }
    if vehicle.date("insured_until").is_some_and(|until| *until < today) {
        findings.warn(vehicle.path("insured_until"), Code::VEHICLE_INSURANCE_OVER);
    }
}
