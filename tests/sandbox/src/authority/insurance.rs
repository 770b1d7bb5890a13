//! Vietnam Social Security.

use eid_model::{Code, Date};

use super::{Case, Found, Source, Verdict};
use crate::Person;

pub(super) struct Insurer;

impl Source for Insurer {
    fn find(&self, person: &Person) -> Vec<Found> {
        let Some(card) = &person.health_card else { return Vec::new() };
        // Two letters, the level, two digits of the province, and then the number of the insured.
        let (level, number) = (card.number.get(2..3), card.number.get(5..));
        let record = Found::ok([
            ("si_number", number.unwrap_or_default()),
            ("card_code", &card.number),
            ("full_name", person.name.as_str()),
            ("birth_date", &person.birth_date.iso_form()),
            ("sex", person.sex.as_str()),
            ("valid_from", "2026-01-01"),
            ("valid_to", &card.valid_to.to_string()),
            ("facility_code", "01001"),
            ("facility_name", &card.facility),
            ("months_paid", "60"),
            ("state", "active"),
        ]);
        vec![record.and("benefit_level", level.map(str::to_owned))]
    }

    /// The place of treatment can be chosen, where there is room; the rest of the card is the insurer's to say.
    fn decide(&self, case: &Case<'_>) -> Verdict {
        let fixed = ["benefit_level", "valid_to", "five_years_on"].into_iter().find(|path| case.changes(path));
        if let (Some(path), Some(_)) = (fixed, case.before) {
            return Verdict::refuse(Code::REASON_NOT_ENTITLED, path);
        }
        case.look_up("facility_code").unwrap_or(Verdict::Accept)
    }

    fn stamp(&self, _today: Date) -> Vec<(&'static str, String)> {
        vec![("state", "active".to_owned()), ("months_paid", "0".to_owned())]
    }
}
