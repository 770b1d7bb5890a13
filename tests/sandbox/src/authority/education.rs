//! The ministry's register of diplomas.

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Ministry;

impl Source for Ministry {
    fn find(&self, person: &Person) -> Vec<Found> {
        if person.birth_date.year() > 2000 {
            return Vec::new();
        }
        let number = super::own_number(person);
        vec![Found::ok([
            ("level", "6"),
            ("title", "Bằng cử nhân"),
            ("discipline", "Kỹ thuật thử nghiệm"),
            ("institution", "Trường Đại học Mẫu"),
            ("holder_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("grade", "good"),
            ("issued_on", &format!("{}-07-15", person.birth_date.year().saturating_add(23))),
            ("diploma_number", &format!("MAU-{number:06}")),
            ("register_number", &format!("000{number}/DHM")),
        ])]
    }

    /// The number is in the register, the name on the diploma is the holder's, and the diploma was seen.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let known = case.look_up("diploma_number").or_else(|| case.compare_name("holder_name"));
        known.or_else(|| case.ask_for_evidence("diploma_number")).unwrap_or(Verdict::Accept)
    }

    fn takes_s(&self) -> u32 {
        5 * 86_400
    }
}
