//! The card as a reader of other people finds it: the crate `dmrtd`.

use dmrtd::{
    auth::passive::{self, DataGroup, TrustAnchor},
    com::{TransceiveError, Transceiver},
    lds::{ef::ElementaryFile as _, mrz::Mrz},
    passport::Passport,
    proto::{can_key::CanKey, dba_key::DBAKey},
};
use eid_sandbox::card::{Card, MadeCard, SANDBOX_CSCA};

use crate::support::{lay, make};

/// The card in a field whose driver fetches answers that come in parts, since `dmrtd` leaves that to it.
struct Field(Card);

impl Transceiver for Field {
    fn transceive(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransceiveError> {
        let mut apdu = apdu.to_vec();
        let mut answer = Vec::new();
        loop {
            let part = self.0.transceive(&apdu).ok_or_else(|| TransceiveError::new("lost"))?;
            answer.extend(&part);
            match *part.as_slice() {
                [.., 0x61, left] => apdu = vec![0, 0xC0, 0, 0, left],
                _ => return Ok(answer),
            }
            answer.truncate(answer.len() - 2);
        }
    }
}

fn lines(made: &MadeCard) -> Vec<u8> {
    made.file(0x0101).unwrap()[5..].to_vec()
}

fn open_by_pace(made: &MadeCard) -> Passport<Field> {
    let mut passport = Passport::new(Field(lay(made)));
    let card_access = passport.read_ef_card_access().unwrap();
    passport.start_session_pace(CanKey::new("000001").unwrap(), &card_access).unwrap();
    passport
}

fn open_by_bac(made: &MadeCard) -> Passport<Field> {
    let mut passport = Passport::new(Field(lay(made)));
    passport.start_session(DBAKey::from_mrz(&Mrz::from_bytes(lines(made)).unwrap()).unwrap()).unwrap();
    passport
}

#[test]
fn other_reader_reads_and_believes_the_card_by_pace_and_by_bac() {
    for text in ["{}", r#"{"beyond_end": "6282"}"#, r#"{"short_le_only": true}"#] {
        let made = make(text);
        for open in [open_by_pace as fn(&MadeCard) -> Passport<Field>, open_by_bac] {
            let mut passport = open(&made);
            let files = [
                (0x011E, passport.read_ef_com().unwrap().to_bytes().to_vec()),
                (0x011D, passport.read_ef_sod().unwrap().to_bytes().to_vec()),
                (0x0101, passport.read_ef_dg1().unwrap().to_bytes().to_vec()),
                (0x0102, passport.read_ef_dg2().unwrap().to_bytes().to_vec()),
                (0x010D, passport.read_ef_dg13().unwrap().to_bytes().to_vec()),
                (0x010E, passport.read_ef_dg14().unwrap().to_bytes().to_vec()),
                (0x010F, passport.read_ef_dg15().unwrap().to_bytes().to_vec()),
            ];
            for (id, bytes) in &files {
                assert_eq!(Some(bytes.as_slice()), made.file(*id), "{id:04X} {text}");
            }
            assert!(passport.read_ef_dg3().is_err());
            passport.verify_active_authentication(b"12345678").unwrap();

            let anchors = [TrustAnchor::from_certificate(SANDBOX_CSCA).unwrap()];
            let groups: Vec<_> = files[2..]
                .iter()
                .map(|(id, bytes)| DataGroup { number: u8::try_from(id & 0xFF).unwrap(), bytes })
                .collect();
            let believed = passive::verify(&files[1].1, &groups, &anchors).unwrap();
            assert!(believed.is_authentic(), "{believed:?}");
            assert_eq!(believed.verified_groups, [1, 2, 13, 14, 15]);
            assert_eq!(believed.sod_groups, [1, 2, 3, 13, 14, 15]);
        }
    }
}

#[test]
fn other_reader_refuses_what_is_forged() {
    let anchors = [TrustAnchor::from_certificate(SANDBOX_CSCA).unwrap()];
    let verify = |text: &str| {
        let made = make(text);
        let groups = [DataGroup { number: 1, bytes: made.file(0x0101).unwrap() }];
        passive::verify(made.file(0x011D).unwrap(), &groups, &anchors).map(|believed| believed.is_authentic())
    };
    assert!(verify("{}").unwrap());
    assert!(!verify(r#"{"wrong_csca": true}"#).unwrap());
    assert!(verify(r#"{"wrong_hash": 1}"#).is_err());
    let signs = |text: &str| open_by_pace(&make(text)).verify_active_authentication(b"12345678").is_ok();
    assert!(signs("{}"));
    assert!(!signs(r#"{"replayed_aa": true}"#));
    assert!(!signs(r#"{"cloned": "other_keys"}"#));
}

#[test]
fn other_reader_with_a_wrong_number_stays_outside() {
    let mut passport = Passport::new(Field(lay(&make("{}"))));
    let card_access = passport.read_ef_card_access().unwrap();
    assert!(passport.start_session_pace(CanKey::new("000002").unwrap(), &card_access).is_err());
    assert!(Passport::new(Field(lay(&make("{}")))).read_ef_dg1().is_err(), "without opening it");
}
