//! The Traffic Police Department, for vehicles.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct TrafficPolice;

impl Source for TrafficPolice {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        if person.licence.is_none() || number.is_multiple_of(3) {
            return Vec::new();
        }
        vec![Found::ok([
            ("plate", format!("29A{number:05}").as_str()),
            ("plate_colour", "white"),
            ("type", "motorcycle"),
            ("brand", "Xe Mẫu"),
            ("colour", "Đỏ"),
            ("made_in", "2019"),
            ("chassis_number", &format!("RLMAU0000K{number:07}")),
            ("owner_name", person.name.as_str()),
            ("owner_pid", person.pid.as_str()),
            ("issued_on", "2024-01-01"),
            ("insured_until", "2030-12-31"),
            ("state", "registered"),
        ])]
    }

    /// The chassis is known, and the certificate was seen.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let known = case.look_up("chassis_number").or_else(|| case.look_up("plate"));
        known.or_else(|| case.ask_for_evidence("plate")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "registered".to_owned())]
    }
}
