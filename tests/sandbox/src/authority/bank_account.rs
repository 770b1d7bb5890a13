//! Banks.

use eid_model::{Code, Date};

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Bank;

impl Source for Bank {
    fn find(&self, person: &Person) -> Vec<Found> {
        let number = super::own_number(person);
        if number.is_multiple_of(2) {
            return Vec::new();
        }
        vec![Found::ok([
            ("purpose", "general"),
            ("type", "bank"),
            ("bank", "970436"),
            ("account_number", &format!("0000{number:06}")),
            ("holder_name", person.name.as_str()),
            ("currency", "VND"),
            ("state", "active"),
            ("verified_on", "2026-01-05"),
        ])]
    }

    /// The account is the holder's, by name and number; wallets get no benefits.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if case.text("purpose") == "benefit" && case.text("type") == "wallet" {
            return Verdict::refuse(Code::REASON_NOT_ENTITLED, "type");
        }
        let known = case.look_up("account_number");
        known.or_else(|| case.compare_name("holder_name")).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned()), ("verified_on", today.to_string())]
    }

    fn takes_s(&self) -> u32 {
        60
    }
}
