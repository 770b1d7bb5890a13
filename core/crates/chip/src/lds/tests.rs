//! The invented card of `tests/vectors/chip`, and files that others made.

use eid_model::{Date, Pid, Sex};
use proptest::prelude::*;

use super::*;
use crate::{
    Can, SecurityInfos,
    card_qr::CardQr,
    cross_check::{Declared, Sources},
    curve::unhex,
    mrz::Mrz,
    tlv::encode,
};

fn card() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../../../tests/vectors/chip/vn-cccd-synthetic.json")).unwrap()
}

fn member(name: &str) -> Vec<u8> {
    unhex(card()[name].as_str().unwrap())
}

/// A picture file's first bytes and nothing more: enough to be located.
const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 4];

#[test]
fn invented_card_read_is_one_person() {
    let card = card();
    let lines: Vec<&str> = card["mrz"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let mrz = Mrz::parse(&lines.join("\n")).unwrap();
    let dg1 = Dg1::parse(&member("dg1")).unwrap();
    assert_eq!(dg1.mrz.as_str(), mrz.as_str());
    let pid = Pid::parse(card["personal_number"].as_str().unwrap()).unwrap();
    assert_eq!(dg1.mrz.pid(), Some(pid));
    assert_eq!(pid.last_six(), card["can_last6"].as_str().unwrap());
    assert!(Can::parse(pid.last_six()).is_ok());
    let infos = SecurityInfos::parse(&member("ef_cardaccess")).unwrap();
    assert_eq!((infos.pace.len(), infos.chip_authentication.len()), (1, 1));

    let dg13 = Dg13::parse(&member("dg13")).unwrap();
    assert_eq!((dg13.version(), dg13.pid(), dg13.sex()), (1, Some(pid), Some(Sex::Male)));
    assert_eq!(dg13.name().unwrap().as_str(), "Nguyễn Văn A");
    assert_eq!(dg13.birth().unwrap().iso_form(), "2000-01-02");
    assert_eq!((dg13.issued(), dg13.expires()), (Date::new(2021, 1, 10).ok(), Date::new(2025, 1, 2).ok()));
    assert_eq!((dg13.father(), dg13.mother(), dg13.spouse()), (Some("Nguyễn Văn Cha"), Some("Trần Thị Mẹ"), None));
    assert_eq!(dg13.old_number(), Some("012345678"));
    assert_eq!(dg13.text(Dg13Field::ChipNumber), Some("0123456789ABCDEF"));
    assert_eq!(dg13.value(Dg13Field::Spouse), Some(&Dg13Value::Empty));
    assert_eq!(dg13.fields().count(), 16);
    assert!(!format!("{dg13:?} {:?}", dg13.value(Dg13Field::FullName)).contains("Nguy"));

    let qr = CardQr::parse(card["qr_2021"].as_str().unwrap()).unwrap();
    assert_eq!(qr.can(), card["can_last6"].as_str().unwrap());
    let declared = Declared { pid, name: Some(qr.name.clone()), birth: Some(qr.birth), sex: Some(Sex::Male) };
    let sources = Sources {
        lines: Some(&mrz),
        dg1: Some(&dg1.mrz),
        dg13: Some(&dg13),
        card_qr: Some(&qr),
        declared: Some(&declared),
    };
    assert!(sources.compare().is_clean(), "{:?}", sources.compare());
}

#[cfg(feature = "personalise")]
#[test]
fn invented_card_written_is_the_same() {
    let dg13 = Dg13::parse(&member("dg13")).unwrap();
    assert_eq!(dg13.encode(), member("dg13"));
    let mrz = Dg1::parse(&member("dg1")).unwrap().mrz;
    assert_eq!(Dg1::encode(&mrz), member("dg1"));
    let fields = [
        (Dg13Field::PersonalNumber, Dg13Value::Text("000199000001".to_owned())),
        (Dg13Field::Parents, Dg13Value::Texts(vec![String::new(), "Mẹ".to_owned()])),
    ];
    let made = Dg13::from_fields(fields);
    assert_eq!((made.father(), made.mother()), (None, Some("Mẹ")));
    let read = Dg13::parse(&made.encode()).unwrap();
    assert_eq!((read.pid(), read.mother(), read.father()), (made.pid(), Some("Mẹ"), None));
}

/// DG13 of one field: its number and what follows.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let set = encode(0x31, &[&encode(0x30, &[&[2, 1, number], value])]);
    encode(0x6D, &[&encode(0x30, &[&[2, 1, 1], &[6, 1, 0x28], &set])])
}

#[test]
fn odd_fields_are_kept_not_refused() {
    let text = |tag: u32, text: &str| encode(tag, &[text.as_bytes()]);
    let sequence = |parts: &[u8]| encode(0x30, &[parts]);
    let father_and_mother = [sequence(&text(0x0C, "Cha")), sequence(&text(0x0C, "Mẹ"))].concat();
    let texts = |texts: &[&str]| Dg13Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect());
    for (number, value, expected) in [
        (1, text(0x0C, "000199000001"), Dg13Value::Text("000199000001".to_owned())),
        (1, text(0x16, " 000199000001 "), Dg13Value::Text("000199000001".to_owned())),
        (2, text(0x0C, "Nguye\u{302}\u{303}n"), Dg13Value::Text("Nguyễn".to_owned())),
        (2, Vec::new(), Dg13Value::Empty),
        (2, text(0x0C, ""), Dg13Value::Text(String::new())),
        (13, father_and_mother.clone(), texts(&["Cha", "Mẹ"])),
        (13, sequence(&father_and_mother), texts(&["Cha", "Mẹ"])),
        (13, [sequence(&[]), sequence(&text(0x0C, "Mẹ"))].concat(), texts(&["", "Mẹ"])),
        (14, sequence(&text(0x0C, "Vợ")), texts(&["Vợ"])),
        (14, sequence(&[]), texts(&[""])),
        (12, text(0x0C, "Không thời hạn"), Dg13Value::Text("Không thời hạn".to_owned())),
        (2, encode(4, &[b"x"]), Dg13Value::Other(vec![4, 1, b'x'])),
        (2, vec![0x0C, 1, 0xFF], Dg13Value::Other(vec![0x0C, 1, 0xFF])),
        (2, text(0x0C, "a\u{0}b"), Dg13Value::Other(text(0x0C, "a\u{0}b"))),
        (99, text(0x0C, "new"), Dg13Value::Text("new".to_owned())),
    ] {
        let dg13 = Dg13::parse(&field(number, &value)).unwrap();
        assert_eq!(dg13.fields().next().unwrap(), (u32::from(number), &expected), "{number} {value:x?}");
    }
    // A text that holds the bytes of a field's beginning is a text.
    let long = text(0x0C, &"\u{30}\u{10}\u{2}\u{1}\u{3}".replace(char::is_control, "ễ").repeat(60));
    assert!(
        matches!(Dg13::parse(&field(9, &long)).unwrap().text(Dg13Field::Residence), Some(text) if text.len() > 300)
    );
}

#[test]
fn broken_frames_are_refused() {
    let malformed = Err(ChipError::FileMalformed(LdsFile::Dg(DataGroup::DG13)));
    let whole = member("dg13");
    for end in 0..whole.len() {
        assert_eq!(Dg13::parse(&whole[..end]), malformed, "{end}");
    }
    let twice = encode(0x31, &[&[0x30, 3, 2, 1, 5].repeat(2)]);
    let many: Vec<u8> = (0..65_u8).flat_map(|number| [0x30, 3, 2, 1, number]).collect();
    let frame = |set: &[u8]| encode(0x6D, &[&encode(0x30, &[&[2, 1, 1], &[6, 1, 0x28], set])]);
    for bytes in [
        frame(&twice),
        frame(&encode(0x31, &[&many])),
        frame(&[4, 0]),
        frame(&encode(0x31, &[&[4, 3, 2, 1, 5]])),
        frame(&encode(0x31, &[&[0x30, 3, 4, 1, 5]])),
        vec![0x6D; 20_000],
        encode(0x6E, &[&whole[4..]]),
    ] {
        assert_eq!(Dg13::parse(&bytes), malformed);
    }
}

#[cfg(feature = "personalise")]
#[test]
fn face_written_is_found_where_the_card_has_it() {
    let picture = [JPEG, &[7; 400]].concat();
    let bytes = Dg2::encode(&picture, 480, 640);
    assert_eq!(&bytes[84..], picture);
    let dg2 = Dg2::parse(&bytes).unwrap();
    assert_eq!(dg2.faces(), [FaceImage { format: ImageFormat::Jpeg, bytes: &picture }]);
    assert_eq!(format!("{dg2:?}"), "Dg2(1 faces, redacted)");
    let malformed = Some(ChipError::FileMalformed(LdsFile::Dg(DataGroup::DG2)));
    for end in 0..bytes.len() {
        assert_eq!(Dg2::parse(&bytes[..end]).err(), malformed, "{end}");
    }
    assert_eq!(Dg2::parse(&Dg2::encode(b"GIF89a", 1, 1)).err(), Some(ChipError::ImageUnsupported));
}

#[test]
fn face_of_the_new_standard_is_found() {
    let plane = encode(0xA0, &[&encode(0x80, &[JPEG]), &encode(0xA1, &[&encode(0xA0, &[&[0x80, 1, 2]])])]);
    let image = encode(0xA1, &[&encode(0xA0, &[&plane])]);
    let blocks = encode(0xA1, &[&encode(0x30, &[&[0x80, 1, 0], &image])]);
    let version = encode(0xA0, &[&[0x80, 1, 3, 0x81, 2, 7, 0xE3]]);
    let block = encode(0x65, &[&version, &blocks]);
    for block in [block.clone(), encode(0xA1, &[&block])] {
        let template = encode(0x7F60, &[&[0xA1, 3, 0x87, 1, 1], &encode(0x7F2E, &[&block])]);
        let bytes = encode(0x75, &[&encode(0x7F61, &[&[2, 1, 1], &template])]);
        assert_eq!(Dg2::parse(&bytes).unwrap().faces(), [FaceImage { format: ImageFormat::Jpeg, bytes: JPEG }]);
    }
}

/// Records that lie about counts and lengths.
#[test]
fn lying_face_records_are_refused() {
    let record = |length: u32, points: u16, picture: &[u8]| {
        [&length.to_be_bytes()[..], &points.to_be_bytes(), &[0; 14], &[0; 12], picture].concat()
    };
    let block = |count: u16, records: &[u8]| {
        let block = [&b"FAC\x00010\x00"[..], &[0; 4], &count.to_be_bytes(), records].concat();
        let template = encode(0x7F60, &[&encode(0x5F2E, &[&block])]);
        encode(0x75, &[&encode(0x7F61, &[&[2, 1, 1], &template])])
    };
    let fitting = u32::try_from(32 + JPEG.len()).unwrap();
    assert!(Dg2::parse(&block(1, &record(fitting, 0, JPEG))).is_ok());
    for bytes in [
        block(0, &record(fitting, 0, JPEG)),
        block(2, &record(fitting, 0, JPEG)),
        block(0xFFFF, &record(fitting, 0, JPEG)),
        block(1, &record(fitting + 1, 0, JPEG)),
        block(1, &record(u32::MAX, 0, JPEG)),
        block(1, &record(31, 0, JPEG)),
        block(1, &record(fitting, 0xFFFF, JPEG)),
    ] {
        assert_eq!(Dg2::parse(&bytes).err(), Some(ChipError::FileMalformed(LdsFile::Dg(DataGroup::DG2))));
    }
}

#[test]
fn tags_and_numbers_of_groups_go_together() {
    for number in 1..=16 {
        let group = DataGroup::new(number).unwrap();
        assert_eq!((u32::from(group.number()), DataGroup::from_tag(group.tag())), (number, Some(group)));
    }
    assert_eq!((DataGroup::DG13.tag(), DataGroup::DG2.tag()), (0x6D, 0x75));
    assert_eq!((DataGroup::new(0), DataGroup::new(17), DataGroup::from_tag(0x60)), (None, None, None));
}

proptest! {
    #[test]
    fn changed_files_are_read_or_refused(at in 0_usize..400, bytes in proptest::collection::vec(any::<u8>(), 0..4)) {
        for name in ["dg1", "dg13"] {
            let mut file = member(name);
            let at = at % file.len();
            let end = (at + bytes.len()).min(file.len());
            file.splice(at..end, bytes.iter().copied());
            drop(Dg1::parse(&file));
            if let Ok(dg13) = Dg13::parse(&file) {
                let _typed = (dg13.pid(), dg13.name(), dg13.birth(), dg13.sex(), dg13.issued(), dg13.mother());
            }
            drop((Dg2::parse(&file).err(), Com::parse(&file), Dg14::parse(&file), Dg15::parse(&file)));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(tag in 0x60_u8..0x78, bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        let file = encode(u32::from(tag), &[&bytes]);
        drop((Dg1::parse(&file), Dg13::parse(&file), Dg2::parse(&file).err(), Com::parse(&file)));
        drop((Dg14::parse(&file), Dg15::parse(&file), crate::pa::Sod::parse(&file), SecurityObject::parse(&bytes)));
        drop(crate::pa::Certificate::parse(&bytes));
    }
}
