//! The Traffic Police Department, for licences.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct TrafficPolice;

impl Source for TrafficPolice {
    fn find(&self, person: &Person) -> Vec<Found> {
        let Some(licence) = &person.licence else { return Vec::new() };
        let mut record = Found::ok([
            ("number", licence.number.as_str()),
            ("holder_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("issued_on", "2025-03-01"),
            ("issued_by", "Phòng Cảnh sát giao thông Mẫu"),
            ("state", "valid"),
            ("points", "12"),
        ]);
        for class in licence.class.split(", ") {
            let at = |field: &str| format!("classes[2024/{class}].{field}");
            // Classes for motorcycles have no end.
            let expires = (!class.starts_with('A')).then(|| "2035-03-01".to_owned());
            record = record
                .and(&at("scheme"), Some("2024".to_owned()))
                .and(&at("class"), Some(class.to_owned()))
                .and(&at("issued_on"), Some("2025-03-01".to_owned()))
                .and(&at("expires_on"), expires);
        }
        vec![record]
    }

    fn decide(&self, case: &Case<'_>) -> Verdict {
        let known = case.look_up("number");
        known.or_else(|| case.ask_for_evidence("number")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "valid".to_owned()), ("points", "12".to_owned())]
    }
}
