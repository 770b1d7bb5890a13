//! The Party committee, which speaks of one compartment only.

use eid_model::{Code, Date};

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Committee;

impl Source for Committee {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        if number % 5 != 2 || person.birth_date.year() > 1990 {
            return Vec::new();
        }
        vec![Found::ok([
            ("card_number", format!("{number:08}").as_str()),
            ("full_name", person.name.as_str()),
            ("pid", person.pid.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("sex", person.sex.as_str()),
            ("admitted_on", "2015-02-03"),
            ("official_on", "2016-02-03"),
            ("cell", "Chi bộ Mẫu"),
            ("state", "official"),
        ])]
    }

    /// The day of admission is in the committee's own papers; moving to another cell is done there.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if case.before.is_some() && case.changes("cell") {
            return Verdict::refuse(Code::REASON_NEEDS_OFFICE, "cell");
        }
        let known = case.look_up("card_number");
        known.or_else(|| case.ask_for_evidence("card_number")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "official".to_owned())]
    }

    fn takes_s(&self) -> u32 {
        10 * 86_400
    }
}
