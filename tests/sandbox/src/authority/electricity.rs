//! The electricity company.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Company;

impl Source for Company {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        if number.is_multiple_of(3) {
            return Vec::new();
        }
        vec![Found::ok([
            ("customer_code", format!("PA00000{number:06}").as_str()),
            ("relation", "holder"),
            ("contract_holder", person.name.as_str()),
            ("province", &person.residence.province_code().to_string()),
            ("detail", person.residence.detail()),
            ("meter_number", &format!("D-{number:05}")),
            ("state", "active"),
        ])]
    }

    fn decide(&self, case: &Case<'_>) -> Verdict {
        case.look_up("customer_code").unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned())]
    }

    fn takes_s(&self) -> u32 {
        3_600
    }
}
