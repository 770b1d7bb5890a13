//! The residence registration office.

use eid_model::Code;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Police;

impl Source for Police {
    fn find(&self, person: &Person) -> Vec<Found> {
        let residence = &person.residence;
        vec![Found::ok([
            ("type", "permanent"),
            ("province", &residence.province_code().to_string()),
            ("commune", &residence.commune_code().to_string()),
            ("detail", residence.detail()),
            ("from", &residence.effective_from().to_string()),
            ("household_number", &format!("000-{:06}", super::own_number(person))),
        ])]
    }

    /// A host's or landlord's paper is needed; the places of the street are known to the office.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if case.changes("type") && case.text("type") == "permanent" {
            return Verdict::refuse(Code::REASON_NEEDS_OFFICE, "type");
        }
        let known = case.look_up("detail");
        known.or_else(|| case.ask_for_evidence("detail")).unwrap_or(Verdict::Accept)
    }

    fn takes_s(&self) -> u32 {
        3 * 86_400
    }
}
