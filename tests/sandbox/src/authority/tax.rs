//! The tax office.

use eid_model::Date;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Office;

impl Source for Office {
    fn find(&self, person: &Person) -> Vec<Found> {
        if person.birth_date.year() > 2008 {
            return Vec::new();
        }
        vec![Found::ok([
            ("tax_code", person.pid.as_str()),
            ("registered_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("office", "Thuế tỉnh Mẫu"),
            ("state", "active"),
        ])]
    }

    /// Dependants are proved by certificate; an old code must be one that the office gave.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        if let Some(unknown) = case.look_up("old_code") {
            return unknown;
        }
        let mut dependants = case.form.iter().filter(|(path, _)| path.field() == "dependants");
        let added = dependants.find(|(path, _)| path.leaf() == Some("name") && case.changes(path.as_str()));
        added.and_then(|(path, _)| case.ask_for_evidence(path.as_str())).unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned())]
    }

    fn takes_s(&self) -> u32 {
        2 * 86_400
    }
}
