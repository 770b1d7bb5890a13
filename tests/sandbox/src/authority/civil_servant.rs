//! The ministry's database of cadres, civil servants and public employees.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Ministry;

impl Source for Ministry {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        let of_age = (1965..=1995).contains(&person.birth_date.year());
        if !number.is_multiple_of(4) || !of_age {
            return Vec::new();
        }
        vec![Found::ok([
            ("category", "public_employee"),
            ("employee_id", &format!("MAU-{number:06}")),
            ("full_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("agency", "Sở Mẫu"),
            ("position", "Giáo viên"),
            ("started_on", "2020-09-01"),
            ("contract_type", "indefinite"),
            ("state", "working"),
        ])]
    }

    /// The agency's decision is needed.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let known = case.look_up("employee_id");
        known.or_else(|| case.ask_for_evidence("position")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "working".to_owned())]
    }

    fn takes_s(&self) -> u32 {
        7 * 86_400
    }
}
