//! Identity: the number must agree with birth date and sex.

use eid_model::{Code, PidMismatch};

use crate::{finding::Findings, view::View};

pub(super) const TABLES: &[&str] = &[include_str!("ethnic_groups.json"), include_str!("choices.json")];

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let person = view.fields();
    let data = (person.pid("pid"), person.partial_date("birth_date"), person.sex("sex"));
    if let (Some(pid), Some(birth), Some(sex)) = data {
        for mismatch in pid.check_against(birth, *sex) {
            let field = match mismatch {
                PidMismatch::BirthYear => "birth_date",
                PidMismatch::Sex => "sex",
            };
            findings.error(person.path(field), mismatch.code());
        }
    }
    if person.date("card_expires_on").is_some_and(|expires| *expires < view.context().today) {
        findings.warn(person.path("card_expires_on"), Code::IDENTITY_CARD_EXPIRED);
    }
}
