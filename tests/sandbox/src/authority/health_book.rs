//! The Ministry of Health's book of a person.

use eid_model::Code;

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Ministry;

impl Source for Ministry {
    fn find(&self, person: &Person) -> Vec<Found> {
        let Some(card) = &person.health_card else { return Vec::new() };
        vec![Found::ok([
            ("full_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("sex", person.sex.as_str()),
            ("insurance_card", &card.number),
            ("height", "160"),
            ("weight", "55"),
            ("vaccinations[Thử/1].vaccine", "Thử"),
            ("vaccinations[Thử/1].dose", "1"),
            ("vaccinations[Thử/1].given_on", "2021-08-01"),
            ("visits[Bệnh viện Mẫu/2026-05-01].facility", "Bệnh viện Mẫu"),
            ("visits[Bệnh viện Mẫu/2026-05-01].came_on", "2026-05-01"),
            ("visits[Bệnh viện Mẫu/2026-05-01].type", "outpatient"),
            ("visits[Bệnh viện Mẫu/2026-05-01].diagnosis", "Viêm họng"),
        ])]
    }

    /// A person may say what she is allergic to and was ill with. What hospitals wrote stays as they wrote it, and a blood group
    /// is taken from a laboratory.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let written = case.before.into_iter().flat_map(|before| before.iter());
        let mut written = written.filter(|(path, _)| path.field() == "visits" && case.changes(path.as_str()));
        if let Some((path, _)) = written.next() {
            return Verdict::refuse(Code::REASON_NOT_ENTITLED, path.as_str());
        }
        if case.changes("blood_group") {
            return case.ask_for_evidence("blood_group").unwrap_or(Verdict::Accept);
        }
        Verdict::Accept
    }
}
