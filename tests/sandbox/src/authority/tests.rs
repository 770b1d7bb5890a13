use eid_model::Date;
use eid_record::{Context, RecordKind, Severity, Speaker, Tables};

use super::*;
use crate::{people::Register, records::book};

fn checked(kind: RecordKind, person: &Person, form: &Form, speaker: Speaker) -> eid_record::Checked {
    let (today, holder) = (Date::new(2026, 11, 22).unwrap(), book::holder(person));
    let tables = Tables::embedded();
    kind.validate(form, &Context { today, holder: Some(&holder), others: &[], tables, speaker })
}

#[test]
fn what_authorities_find_of_everybody_is_valid_and_each_kind_is_found_of_some() {
    let register = Register::embedded().unwrap();
    for kind in RecordKind::ALL {
        let mut found = 0;
        for person in register.people() {
            for record in source(*kind).unwrap().find(person) {
                let checked = checked(*kind, person, &record.form().unwrap(), Speaker::Authority);
                let wrong: Vec<_> = checked
                    .findings()
                    .iter()
                    .filter(|f| f.severity() == Severity::Error || f.code() == Code::FIELD_UNKNOWN)
                    .collect();
                assert!(wrong.is_empty(), "{} of {}: {wrong:?}", kind.name(), person.pid.as_str());
                assert!(Tables::embedded().row("record_status", record.status).is_some());
                found += 1;
            }
        }
        assert!(found > 0, "{}", kind.name());
    }
}

#[test]
fn what_only_an_authority_states_is_what_it_stamps() {
    let today = Date::new(2026, 11, 22).unwrap();
    for kind in RecordKind::ALL {
        for (path, _) in source(*kind).unwrap().stamp(today) {
            let field = kind.definition().find(&Path::parse(path).unwrap());
            assert!(field.is_some_and(eid_record::Field::is_official), "{} {path}", kind.name());
        }
    }
}
