//! What is on the card, and how many exchanges a reading takes.

use eid_chip::{
    lds::{Com, Dg1, Dg2, Dg13, ImageFormat},
    pa::Sod,
};
use eid_crypto::SystemRandom;
use eid_sandbox::card::{CardFile, personalise};
use serde_json::Value;

use crate::support::{CARD, NOW, can, config, make, mrz, read, short};

const VECTOR: &str = include_str!("../../../vectors/chip/vn-cccd-synthetic.json");

#[test]
fn files_of_the_published_layout_are_made_byte_for_byte() {
    let vector: Value = serde_json::from_str(VECTOR).unwrap();
    let mut json: Value = serde_json::from_str(CARD).unwrap();
    let holder = &mut json["holder"];
    holder["number"] = vector["personal_number"].clone();
    for (field, value) in [("issued", "2021-01-10"), ("expires", "2025-01-02"), ("old_number", "012345678")] {
        holder[field] = value.into();
    }
    let card = CardFile::parse(&json.to_string()).unwrap();
    let made = personalise(&card, NOW, &SystemRandom::new()).unwrap();
    let hex = |id: u16| made.file(id).unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(0x0101), vector["dg1"].as_str().unwrap());
    assert_eq!(hex(0x010D), vector["dg13"].as_str().unwrap());
}

#[test]
fn files_have_the_sizes_and_forms_of_a_real_card() {
    let made = make("{}");
    let file = |id: u16| made.file(id).unwrap();
    assert_eq!(Com::parse(file(0x011E)).unwrap().groups.len(), 6);
    let sod = Sod::parse(file(0x011D)).unwrap();
    assert_eq!(sod.security_object().hashes.len(), 6);
    assert!((1_000..2_500).contains(&file(0x011D).len()), "{}", file(0x011D).len());
    assert_eq!(file(0x0101).len(), 95);
    assert_eq!(Dg1::parse(file(0x0101)).unwrap().mrz.pid().unwrap().as_str(), "000200000001");
    let face = Dg2::parse(file(0x0102)).unwrap();
    assert_eq!(face.faces()[0].format, ImageFormat::Jpeg);
    assert!((14_000..16_000).contains(&file(0x0102).len()), "{}", file(0x0102).len());
    assert_eq!(Dg13::parse(file(0x010D)).unwrap().father(), Some("Nguyễn Văn Cha"));
    assert!((300..450).contains(&file(0x010E).len()), "{}", file(0x010E).len());
    assert!((280..=320).contains(&file(0x010F).len()), "{}", file(0x010F).len());
}

#[test]
fn descriptions_with_unknown_words_are_refused() {
    for (from, to) in [("\"quirks\": {}", "\"quirks\": {\"mf_6d0\": true}"), ("\"male\"", "\"M\""), ("{", "")] {
        assert_eq!(CardFile::parse(&CARD.replacen(from, to, 1)).unwrap_err().code().number(), 1003);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are part of what is shown")]
fn reading_takes_few_exchanges() {
    let made = make("{}");
    for (what, config, most) in [
        ("2 KB, CAN", config(can()), 30),
        ("2 KB, MRZ", config(mrz()), 30),
        ("short, CAN", short(can()), 105),
        ("short, MRZ", short(mrz()), 105),
    ] {
        let reader = read(config, &made);
        let received: usize = reader.trace().iter().map(|entry| entry.received).sum();
        println!("{what}: {} exchanges, {received} bytes received", reader.trace().len());
        assert!(reader.trace().len() <= most, "{what}: {}", reader.trace().len());
    }
}
