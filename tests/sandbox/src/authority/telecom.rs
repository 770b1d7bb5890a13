//! Telecom operators.

use eid_model::{Code, Date};

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Operator;

impl Source for Operator {
    fn find(&self, person: &Person) -> Vec<Found> {
        vec![Found::ok([
            ("number", person.phone.national_form().as_str()),
            ("operator", "mobifone"),
            ("payment", "prepaid"),
            ("holder_pid", person.pid.as_str()),
            ("holder_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("answer", "mine"),
            ("confirmed_on", "2026-06-30"),
            ("state", "active"),
        ])]
    }

    /// A number that is another's is not made the citizen's by saying so; one that is disowned is looked into with its paper.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if case.changes("payment") && case.text("payment") == "postpaid" && case.before.is_none() {
            return Verdict::refuse(Code::REASON_NEEDS_OFFICE, "payment");
        }
        case.look_up("number").unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned()), ("confirmed_on", today.to_string())]
    }

    fn takes_s(&self) -> u32 {
        600
    }
}
