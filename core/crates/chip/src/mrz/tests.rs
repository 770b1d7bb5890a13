#![expect(clippy::string_slice, reason = "the lines are ASCII")]

use proptest::prelude::*;

use super::*;
use crate::{Access, Cipher};

const CARD: &str = "IDVNM2000000015001200000001<<6\n0001029M2501028VNM<<<<<<<<<<<8\nNGUYEN<<VAN<A<<<<<<<<<<<<<<<<<";
/// 9303 part 4, appendix B.
const PASSPORT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
/// 9303 part 5, appendix B.
const ICAO_CARD: &str =
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
/// 9303 part 6, appendix B.
const ICAO_TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
/// 9303 part 11, appendix D.2: a number of twelve characters.
const LONG_NUMBER: &str =
    "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";

const TODAY: Date = match Date::new(2026, 1, 2) {
    Ok(date) => date,
    Err(_) => panic!("a day"),
};

fn mrz(text: &str) -> Mrz {
    Mrz::parse(text).unwrap()
}

/// The key that the zone gives, comparable.
fn opened_by(mrz: &Mrz) -> Vec<u8> {
    // EXPOSE: a test compares.
    Access::Mrz(mrz.key().unwrap()).pace_key(Cipher::Aes128).expose().to_vec()
}

fn opened_by_information(information: &str) -> Vec<u8> {
    // EXPOSE: a test compares.
    Access::Mrz(MrzKey::parse(information).unwrap()).pace_key(Cipher::Aes128).expose().to_vec()
}

#[test]
fn vietnamese_card_read_gives_its_fields() {
    let mrz = mrz(CARD);
    assert_eq!((mrz.format(), mrz.document_code(), mrz.issuing_state()), (MrzFormat::Td1, "ID", "VNM"));
    assert_eq!((mrz.document_number(), mrz.optional_data()), ("200000001", "001200000001<<6"));
    assert_eq!(mrz.pid(), Pid::parse("001200000001").ok());
    assert_eq!((mrz.nationality(), mrz.sex()), ("VNM", Some(Sex::Male)));
    assert_eq!(mrz.name().unwrap().as_str(), "NGUYEN VAN A");
    assert_eq!(mrz.birth().unwrap().as_birth(TODAY).unwrap().iso_form(), "2000-01-02");
    assert_eq!(mrz.expiry().unwrap().as_expiry(TODAY).unwrap().iso_form(), "2025-01-02");
    assert_eq!(opened_by(&mrz), opened_by_information("200000001500010292501028"));
    assert_eq!(format!("{mrz:?} {:?}", mrz.birth()), "Mrz(Td1, redacted) Some(MrzDate(redacted))");
}

#[test]
fn worked_examples_of_icao_read_give_their_fields() {
    for (text, format, number, key) in [
        (PASSPORT, MrzFormat::Td3, "L898902C3", "L898902C3674081221204159"),
        (ICAO_CARD, MrzFormat::Td1, "D23145890", "D23145890774081221204159"),
        (ICAO_TD2, MrzFormat::Td2, "D23145890", "D23145890774081221204159"),
        (LONG_NUMBER, MrzFormat::Td1, "D23145890734", "D23145890734934071279507122"),
    ] {
        let mrz = mrz(text);
        assert_eq!(
            (mrz.format(), mrz.document_number(), opened_by(&mrz)),
            (format, number, opened_by_information(key))
        );
        assert_eq!(mrz.pid(), None);
        assert!(mrz.names(&mrz.name().unwrap()));
        assert_eq!(Mrz::parse(&text.replace('\n', "")).unwrap().as_str(), mrz.as_str());
    }
    assert_eq!(mrz(PASSPORT).optional_data(), "ZE184226B");
}

/// Every character of every example replaced by another digit or letter: a check digit or a rule finds it, unless the
/// field has neither.
#[test]
fn misread_character_is_found_and_its_field_named() {
    for text in [CARD, PASSPORT, ICAO_CARD, ICAO_TD2, LONG_NUMBER] {
        let lines = text.replace('\n', "");
        let layout = Layout::of(mrz(text).format());
        for at in 0..lines.len() {
            for with in ['0', '7', 'B', '<'] {
                let old = lines.as_bytes()[at];
                if old == with as u8 {
                    continue;
                }
                let changed = format!("{}{with}{}", &lines[..at], &lines[at + 1..]);
                let unchecked = [&layout.code, &layout.state, &layout.nationality, &layout.sex, &layout.name];
                let result = Mrz::parse(&changed);
                if unchecked.iter().any(|field| field.contains(&at)) {
                    continue;
                }
                // Check digits do not tell values apart that differ by a multiple of ten.
                let same =
                    (crate::kdf::check_digit(&[old]) as i32 - crate::kdf::check_digit(&[with as u8]) as i32) % 10 == 0;
                assert!(result.is_err() || same, "{changed} at {at}");
            }
        }
    }
    for (from, to, error) in [
        ("2000000015", "2000000016", ChipError::MrzCheckDigit(MrzField::DocumentNumber)),
        ("<<6\n", "<<7\n", ChipError::MrzCheckDigit(MrzField::OptionalData)),
        ("0001029", "0001028", ChipError::MrzCheckDigit(MrzField::BirthDate)),
        ("0001029", "0013029", ChipError::MrzMalformed(MrzField::BirthDate)),
        ("0001029", "0102309", ChipError::MrzMalformed(MrzField::BirthDate)),
        ("2501028", "2501027", ChipError::MrzCheckDigit(MrzField::ExpiryDate)),
        ("<8\n", "<7\n", ChipError::MrzCheckDigit(MrzField::Composite)),
        ("9M2", "9Q2", ChipError::MrzMalformed(MrzField::Sex)),
        ("8VNM", "8V0M", ChipError::MrzMalformed(MrzField::Nationality)),
        ("IDVNM", "ID<<<", ChipError::MrzMalformed(MrzField::IssuingState)),
        ("IDVNM", "PDVNM", ChipError::MrzMalformed(MrzField::DocumentCode)),
        ("NGUYEN", "NGUY3N", ChipError::MrzMalformed(MrzField::Name)),
        ("NGUYEN", "<GUYEN", ChipError::MrzMalformed(MrzField::Name)),
        ("NGUYEN", "nguyen", ChipError::MrzMalformed(MrzField::Lines)),
        ("NGUYEN", "NGUYE", ChipError::MrzMalformed(MrzField::Lines)),
    ] {
        assert_eq!(Mrz::parse(&CARD.replacen(from, to, 1)).err(), Some(error), "{from:?} → {to:?}");
    }
    assert_eq!(Mrz::parse(&"<".repeat(10_000)).err(), Some(ChipError::MrzMalformed(MrzField::Lines)));
}

#[test]
fn century_follows_from_the_day_it_is() {
    let day = |text| Date::parse(text).unwrap();
    for (text, today, birth) in [
        ("260102", "2026-01-02", "2026-01-02"),
        ("260103", "2026-01-02", "1926-01-03"),
        ("00<<<<", "2026-01-02", "2000"),
        ("2602<<", "2026-01-02", "1926-02"),
        ("2601<<", "2026-01-02", "2026-01"),
        ("000229", "2026-01-02", "2000-02-29"),
        ("990101", "2101-01-01", "2099-01-01"),
    ] {
        let date = MrzDate::parse(text, MrzField::BirthDate).unwrap().unwrap();
        let resolved = date.as_birth(day(today)).unwrap();
        assert_eq!(resolved.iso_form(), birth, "{text} on {today}");
        assert!(date.is(&resolved));
    }
    for (text, today, expiry) in [
        ("250102", "2026-01-02", "2025-01-02"),
        ("991231", "2026-01-02", "2099-12-31"),
        ("060101", "2026-01-02", "2006-01-01"),
        ("050101", "2026-01-02", "2105-01-01"),
    ] {
        let date = MrzDate::parse(text, MrzField::ExpiryDate).unwrap().unwrap();
        assert_eq!(date.as_expiry(day(today)).unwrap().iso_form(), expiry, "{text} on {today}");
    }
    assert_eq!(MrzDate::parse("<<<<<<", MrzField::BirthDate), Ok(None));
    for text in ["<<0101", "00<<01", "000230", "010229", "0001", "00010a"] {
        assert!(MrzDate::parse(text, MrzField::BirthDate).is_err(), "{text}");
    }
}

#[test]
fn name_with_accents_is_compared_with_the_lines() {
    let mrz = mrz(CARD);
    let name = |text| PersonName::parse(text).unwrap();
    for (text, same) in [
        ("Nguyễn Văn A", true),
        ("NGUYỄN VÂN Ả", true),
        ("Nguyễn Văn", false),
        ("Nguyễn Văn An", false),
        ("Nguyen-Van 'A", true),
    ] {
        assert_eq!(mrz.names(&name(text)), same, "{text}");
    }
}

#[cfg(feature = "personalise")]
#[test]
fn draft_of_a_card_is_the_card() {
    let draft = MrzDraft {
        pid: Pid::parse("001200000001").unwrap(),
        name: PersonName::parse("Nguyễn Văn A").unwrap(),
        birth: PartialDate::parse("2000-01-02").unwrap(),
        sex: Sex::Male,
        expiry: Some(Date::new(2025, 1, 2).unwrap()),
    };
    assert_eq!(draft.make_card().unwrap().as_str(), CARD.replace('\n', ""));
    for (birth, zone) in [("1948", "48<<<<"), ("1961-03", "6103<<")] {
        let elderly =
            MrzDraft { birth: PartialDate::parse(birth).unwrap(), expiry: None, ..draft.clone() }.make_card().unwrap();
        assert_eq!((&elderly.as_str()[30..36], &elderly.as_str()[38..44]), (zone, "991231"));
        assert!(elderly.birth().unwrap().is(&PartialDate::parse(birth).unwrap()));
    }
    let long = MrzDraft {
        name: PersonName::parse("Công Tằng Tôn Nữ Thị Thử Nghiệm Dài Lắm").unwrap(), ..draft
    };
    let cut_short = long.make_card().unwrap();
    assert_eq!(&cut_short.as_str()[60..], "CONG<<TANG<TON<NU<THI<THU<NGHI");
    assert!(cut_short.names(&long.name));
}

#[test]
fn other_parser_agrees_on_the_examples() {
    for text in [CARD, PASSPORT, ICAO_CARD, ICAO_TD2, LONG_NUMBER] {
        let ours = mrz(text);
        let lines: Vec<&str> = text.lines().collect();
        let theirs = match lines.as_slice() {
            [one, two, three] => ::mrz::parse_td1(one, two, three),
            [one, two] if one.len() == 36 => ::mrz::parse_td2(one, two),
            [one, two] => ::mrz::parse_td3(one, two),
            _ => panic!("lines"),
        };
        let theirs = theirs.unwrap();
        assert!(theirs.valid());
        assert_eq!(theirs.document_number_full.as_deref().unwrap_or(&theirs.document_number), ours.document_number());
        assert_eq!(theirs.issuing_country, ours.issuing_state());
        assert_eq!(theirs.nationality, ours.nationality());
        assert_eq!(format!("{} {}", theirs.surname, theirs.given_names), ours.name().unwrap().as_str());
        let birth = ours.birth().unwrap().as_birth(TODAY).unwrap();
        assert_eq!(theirs.date_of_birth.to_string(), birth.iso_form());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[A-Z0-9<]{72}|[A-Z0-9<]{88}|[A-Z0-9<]{90}|.{0,100}") {
        drop(Mrz::parse(&text));
    }

    #[test]
    fn any_change_of_a_card_is_read_or_refused(at in 0_usize..92, with in "[A-Z0-9<]{1,3}") {
        let end = (at + with.len()).min(CARD.len());
        let changed = format!("{}{with}{}", &CARD[..at.min(end)], &CARD[end..]);
        if let Ok(mrz) = Mrz::parse(&changed) {
            drop((mrz.pid(), mrz.name(), mrz.key(), mrz.birth().map(|d| d.as_birth(TODAY))));
        }
    }
}
