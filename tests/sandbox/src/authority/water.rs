//! The water company.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Company;

impl Source for Company {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        if number % 4 != 1 {
            return Vec::new();
        }
        vec![Found::ok([
            ("provider", "MAU-01"),
            ("provider_name", "Công ty Cấp nước Mẫu"),
            ("customer_code", &format!("{number:06}")),
            ("meter_book", &format!("12/{number}")),
            ("relation", "holder"),
            ("contract_holder", person.name.as_str()),
            ("detail", person.residence.detail()),
            ("state", "active"),
        ])]
    }

    /// It knows its own contracts only.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let known = case.look_up("customer_code");
        known.or_else(|| case.look_up("provider")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned())]
    }

    fn takes_s(&self) -> u32 {
        3_600
    }
}
