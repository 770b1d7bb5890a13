//! The population register: what it says of a person comes from the invented register itself.

use eid_model::Code;
use eid_record::Path;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Register;

impl Source for Register {
    fn find(&self, person: &Person) -> Vec<Found> {
        let record = Found::ok([
            ("pid", person.pid.as_str()),
            ("full_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("sex", person.sex.as_str()),
            ("nationalities[1].country", &person.nationality),
            ("ethnicity", "01"),
            ("marital_status", "single"),
            ("origin", &person.origin),
            ("birth_registration", &person.birth_registration),
            ("phone", &person.phone.national_form()),
            ("card_issued_on", &person.card.issued.to_string()),
        ]);
        vec![record.and("card_expires_on", person.card.expires.map(|day| day.to_string()))]
    }

    /// What a civil act decides is not changed here; what was never measured is left out until somebody measures it.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if case.changes("marital_status") {
            return Verdict::refuse(Code::REASON_NEEDS_OFFICE, "marital_status");
        }
        match Path::parse("blood_group") {
            Ok(path) if case.changes("blood_group") && !case.has_evidence => Verdict::Partly(vec![path]),
            _ => Verdict::Accept,
        }
    }
}
