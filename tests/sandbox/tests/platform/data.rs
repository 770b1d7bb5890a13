//! The invented citizens and their portraits.

use std::collections::BTreeSet;

use eid_model::{BirthRegistrationTable, Date, PartialDate, ProvinceTable};
use eid_sandbox::{Person, Sandbox, SandboxConfig};

use crate::support::URL;

fn people() -> Vec<Person> {
    Sandbox::open(&SandboxConfig::default(), URL).unwrap().people().to_vec()
}

#[test]
fn every_citizen_is_impossible_and_consistent() {
    let people = people();
    assert!((12..=16).contains(&people.len()));
    for (at, person) in people.iter().enumerate() {
        let name = person.name.as_str();
        assert!(person.pid.is_sandbox() && person.pid.notice(BirthRegistrationTable::embedded()).is_some(), "{name}");
        assert_eq!(person.pid.check_against(&person.birth_date, person.sex), [], "{name}");
        assert_eq!(person.phone.national_form(), format!("09000000{:02}", at + 1));
        assert!(person.residence.commune_code().to_string().starts_with("99"), "{name}: an invented commune");
        assert!(ProvinceTable::embedded().find(person.residence.province_code()).is_some(), "{name}");
        assert!(person.residence.district().is_empty(), "{name}: two tiers");
        if let Some(card) = &person.health_card {
            assert!(card.number.len() == 15 && card.number.is_ascii(), "{name}");
        }
        if let Some(licence) = &person.licence {
            assert!(licence.number.len() == 12 && person.birth_date.is_at_least(18, licence_age()), "{name}");
        }
    }
    let pids: BTreeSet<_> = people.iter().map(|person| person.pid).collect();
    let portraits: BTreeSet<_> = people.iter().map(|person| person.portrait).collect();
    assert_eq!((pids.len(), portraits.len()), (people.len(), people.len()));
}

fn licence_age() -> Date {
    Date::new(2026, 11, 22).unwrap()
}

#[test]
fn citizens_cover_the_hard_cases() {
    let people = people();
    let today = Date::new(2026, 11, 22).unwrap();
    let any = |what: &str, case: &dyn Fn(&Person) -> bool| assert!(people.iter().any(case), "{what}");
    any("Đ", &|p| p.name.as_str().contains('Đ'));
    any("oà", &|p| p.name.as_str().contains("oà"));
    any("apostrophe", &|p| p.name.as_str().contains('\''));
    any("breve and hyphen", &|p| p.name.as_str().contains("Y-Blu"));
    any("year only", &|p| matches!(p.birth_date, PartialDate::Year { .. }));
    any("month only", &|p| matches!(p.birth_date, PartialDate::Month { .. }));
    any("leap day", &|p| p.birth_date.iso_form().ends_with("-02-29"));
    any("minor", &|p| !p.birth_date.is_at_least(18, today));
    any("over 100", &|p| p.birth_date.is_at_least(100, today));
    any("no level 2", &|p| !p.level_two);
    any("everything", &|p| p.health_card.is_some() && p.licence.is_some());
    any("no health card", &|p| p.health_card.is_none());
    any("long address", &|p| p.residence.detail().chars().count() > 120);
    any("card without end", &|p| p.card.expires.is_none());
    any("old prefix", &|p| p.pid.as_str().starts_with("999"));
}

#[test]
fn every_portrait_is_a_small_picture_of_its_own() {
    let people = people();
    let mut seen = BTreeSet::new();
    for person in &people {
        let webp = person.portrait();
        assert!(webp.len() <= 600, "{}: {} bytes", person.portrait, webp.len());
        // A lossy WebP (RFC 9649): RIFF header, one VP8 chunk, and in its key frame width and height.
        assert_eq!((&webp[..4], &webp[8..16], &webp[23..26]), (&b"RIFF"[..], &b"WEBPVP8 "[..], &[0x9d, 1, 0x2a][..]));
        assert_eq!((&webp[26..28], &webp[28..30]), (&[72, 0][..], &[96, 0][..]));
        seen.insert(webp);
    }
    assert_eq!(seen.len(), people.len());
}
