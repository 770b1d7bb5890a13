//! Real chips' bad manners.

use eid_chip::{
    ChipError,
    reader::{FileId, Opened},
};
use eid_sandbox::card::BeyondEnd;

use crate::support::{again, assert_whole, can, config, lay, make, mrz, play, read, short};

#[test]
fn every_quirk_is_read_with_and_without_extended_lengths() {
    let quirks = [
        "{}",
        r#"{"mf_6d00": true}"#,
        r#"{"mf_6d00": true, "no_card_access": true}"#,
        r#"{"no_card_access": true}"#,
        r#"{"short_le_only": true}"#,
        r#"{"short_le_only": true, "mf_6d00": true, "beyond_end": "6c"}"#,
        r#"{"extended": 1000}"#,
        r#"{"extended": 300}"#,
        r#"{"extended": 2100}"#,
        r#"{"slow_ms": 20}"#,
        r#"{"no_short_names": true}"#,
        r#"{"most": {"bytes": 1500}}"#,
        r#"{"most": {"bytes": 600, "closes": true}}"#,
        r#"{"most": {"bytes": 231, "exact": true}}"#,
        r#"{"most": {"bytes": 231, "exact": true, "closes": true}}"#,
        r#"{"most": {"bytes": 200}, "beyond_end": "6b00"}"#,
        r#"{"most": {"bytes": 112, "closes": true}, "beyond_end": "6700"}"#,
        r#"{"pace_refused": "select"}"#,
        r#"{"pace_refused": "nonce"}"#,
        r#"{"pace_refused": "nonce", "mf_6d00": true, "no_card_access": true}"#,
        r#"{"tag_loss_at": [12, 17, 40]}"#,
    ];
    for text in quirks {
        let made = make(text);
        for access in [can, mrz] {
            for config in [config(access()), short(access())] {
                let by_can = config.access.pace_reference() == 2;
                let (reader, outcome) = play(config, &mut lay(&made));
                match (made.quirks().pace_refused, by_can) {
                    (Some(_), true) => assert_eq!(outcome.err(), Some(ChipError::AccessRefused), "{text}"),
                    (refused, _) => {
                        let evidence = outcome.unwrap_or_else(|error| panic!("{error:?} {text}\n{:?}", reader.trace()));
                        assert_whole(&reader, &evidence, &made);
                        assert_eq!(evidence.opened == Opened::Bac, refused.is_some(), "{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_answer_beyond_the_end_is_understood_together_with_others() {
    let made = make("{}");
    for beyond_end in BeyondEnd::ALL {
        for no_short_names in [false, true] {
            for short_le_only in [false, true] {
                let made = again(&made, |quirks| {
                    quirks.beyond_end = beyond_end;
                    quirks.no_short_names = no_short_names;
                    quirks.short_le_only = short_le_only;
                });
                read(config(can()), &made);
                read(short(mrz()), &made);
            }
        }
    }
}

#[test]
fn long_face_is_read_beyond_the_reach_of_short_offsets() {
    let mut file = crate::support::described("{}");
    file.face_bytes = Some(50_000);
    let rng = eid_crypto::SystemRandom::new();
    let made = eid_sandbox::card::personalise(&file, crate::support::NOW, &rng).unwrap();
    assert!(made.file(0x0102).unwrap().len() > 50_000);
    for beyond_end in BeyondEnd::ALL {
        let made = again(&made, |quirks| quirks.beyond_end = beyond_end);
        read(config(can()), &made);
        read(short(can()), &made);
    }
}

#[test]
fn fingerprints_are_listed_and_not_handed_out() {
    let made = make("{}");
    let (_, outcome) = play(config(can()), &mut lay(&made));
    assert!(outcome.unwrap().files.iter().all(|(id, _)| FileId::IDENTITY.contains(id)));
}

#[test]
fn wrong_keys_are_named() {
    use eid_chip::{Access, Can, MrzKey};
    let made = make("{}");
    let wrong_can = Access::Can(Can::parse("000002").unwrap());
    assert_eq!(play(config(wrong_can), &mut lay(&made)).1.err(), Some(ChipError::WrongCan));
    let wrong_mrz = || Access::Mrz(MrzKey::new("200000001", "000102", "400103").unwrap());
    assert_eq!(play(config(wrong_mrz()), &mut lay(&made)).1.err(), Some(ChipError::WrongMrz));
    let bac = make(r#"{"pace_refused": "select"}"#);
    assert_eq!(play(config(wrong_mrz()), &mut lay(&bac)).1.err(), Some(ChipError::WrongMrz));
}
