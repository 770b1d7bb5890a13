use super::*;
use crate::curve::unhex;

const LINES: &str = "IDVNM2000000015001200000001<<6\n0001029M2501028VNM<<<<<<<<<<<8\nNGUYEN<<VAN<A<<<<<<<<<<<<<<<<<";
const CARD_QR: &str = "001200000001|012345678|Nguyễn Văn A|02012000|Nam|Số 1 Phố Thử|10012021";

fn dg13_with(from: &str, to: &str) -> Dg13 {
    assert_eq!(from.len(), to.len());
    let text = include_str!("../../../../../tests/vectors/chip/vn-cccd-synthetic.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = unhex(file["dg13"].as_str().unwrap());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    Dg13::parse(&[&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()).unwrap()
}

fn compare(lines: Option<&str>, dg13: Option<&Dg13>, card_qr: Option<&str>, declared: Option<&Declared>) -> CrossCheck {
    let lines = lines.map(|lines| Mrz::parse(lines).unwrap());
    let card_qr = card_qr.map(|text| CardQr::parse(text).unwrap());
    let sources = Sources { lines: lines.as_ref(), dg1: None, dg13, card_qr: card_qr.as_ref(), declared };
    sources.compare()
}

#[test]
fn each_field_that_differs_is_named_with_its_sources() {
    use Source::{CardQr as Qr, Dg13 as Signed, Lines};
    for (from, to, field, between) in [
        ("001200000001", "001200000002", Field::Pid, vec![(Lines, Signed), (Signed, Qr)]),
        ("Nguy\u{1ec5}n V\u{103}n A", "Nguy\u{1ec5}n V\u{103}n B", Field::Name, vec![(Lines, Signed), (Signed, Qr)]),
        ("02/01/2000", "03/01/2000", Field::BirthDate, vec![(Lines, Signed), (Signed, Qr)]),
        ("02/01/2000", "02/01/1900", Field::BirthDate, vec![(Signed, Qr)]),
        ("10/01/2021", "11/01/2021", Field::IssueDate, vec![(Signed, Qr)]),
        ("02/01/2025", "02/01/2026", Field::ExpiryDate, vec![(Lines, Signed)]),
        ("012345678\u{30}\u{15}", "012345679\u{30}\u{15}", Field::OldNumber, vec![(Signed, Qr)]),
    ] {
        let dg13 = dg13_with(from, to);
        let report = compare(Some(LINES), Some(&dg13), Some(CARD_QR), None);
        let found: Vec<_> = report.disagreements.iter().filter(|d| d.field == field).map(|d| d.between).collect();
        assert_eq!(found, between, "{field:?}");
        let others = report.disagreements.iter().filter(|d| d.field != field && field != Field::Pid);
        assert_eq!((others.count(), report.unreadable.len()), (0, 0), "{report:?}");
        assert!(!format!("{report:?}").contains(to));
    }
}

#[test]
fn typed_data_are_compared_with_the_card() {
    let declared = |pid, name, birth, sex| Declared {
        pid: Pid::parse(pid).unwrap(),
        name: PersonName::parse(name).ok(),
        birth: PartialDate::parse(birth).ok(),
        sex: Some(sex),
    };
    let fields = |declared| {
        let report = compare(Some(LINES), None, Some(CARD_QR), Some(&declared));
        report.disagreements.iter().map(|d| (d.field, d.between.0)).collect::<Vec<_>>()
    };
    assert_eq!(fields(declared("001200000001", "NGUYỄN VĂN A", "2000-01-02", Sex::Male)), []);
    assert_eq!(fields(declared("001200000001", "", "", Sex::Male)), []);
    let all = fields(declared("001200000010", "Nguyễn Văn An", "2000-01-20", Sex::Female));
    let both = |field| [(field, Source::Lines), (field, Source::CardQr)];
    let expected = [Field::Pid, Field::DocumentNumber, Field::Name, Field::BirthDate, Field::Sex].map(both).concat();
    assert_eq!(all, expected);
}

#[test]
fn card_whose_number_is_not_its_own_contradicts_itself() {
    // Document number 200000011, personal number as before; check digits right.
    let lines = "IDVNM2000000118001200000001<<6\n0001029M2501028VNM<<<<<<<<<<<2\nNGUYEN<<VAN<A<<<<<<<<<<<<<<<<<";
    let report = compare(Some(lines), None, None, None);
    let itself = Disagreement { field: Field::DocumentNumber, between: (Source::Lines, Source::Lines) };
    assert_eq!(report.disagreements, [itself]);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let dg13 = dg13_with("02/01/2000", "khong ro  ");
    let report = compare(Some(LINES), Some(&dg13), None, None);
    assert_eq!(
        (report.disagreements.len(), report.unreadable.as_slice()),
        (0, &[(Field::BirthDate, Source::Dg13)][..])
    );
    assert!(!report.is_clean());
    // A card without expiry has words there, and a day far away in the lines.
    let unlimited = dg13_with("02/01/2025", "khong han ");
    assert!(compare(Some(LINES), Some(&unlimited), None, None).is_clean());
}
