use std::io::Write as _;

use eid_crypto::SigningKey;
use eid_model::Code;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{configuration::tests::configuration_with, detached::sign_detached, jws::Jwk};

const PID: &str = "000199000123";

struct Authority {
    key: SigningKey,
    configuration: Configuration,
}

impl Authority {
    /// A bank and a tax office, each with a key; `key` is the bank's.
    fn new() -> Self {
        let [key, tax, old] = [(); 3].map(|()| SigningKey::make().unwrap());
        let entry = |code: &str, key: &SigningKey| json!({"code": code, "key": Jwk(*key.public())});
        let authorities = [entry("bank", &old), entry("tax_office", &tax), entry("bank", &key)];
        Self { key, configuration: configuration_with(&json!(authorities), &json!([])) }
    }

    fn sign(&self, typ: &str, payload: &str) -> String {
        let header = format!(r#"{{"alg":"ES256","b64":false,"crit":["b64"],"kid":"AAAAAAAAAAA","typ":"{typ}"}}"#);
        sign_detached(&header, payload, &self.key)
    }

    /// A page of one change, verified.
    fn believe(&self, member: &str, typ: &str, payload: &str) -> Result<Change, Flaw> {
        let signature = self.sign(typ, payload);
        let page =
            format!(r#"{{"changes":[{{"{member}":{payload},"signature":"{signature}"}}],"next":"c-1","more":false}}"#);
        let page = parse_record_page(page.as_bytes(), None).unwrap();
        page.changes[0].verify(&self.configuration, &Pid::parse(PID).unwrap())
    }
}

fn record_claims() -> Value {
    json!({"pid": PID, "kind": "bank_account", "id": "acc 1".replace(' ', "-"), "authority": "bank", "as_of": 7, "status": "ok",
           "form": {"bank": "970436", "account_number": "0011001932418"}})
}

fn step_claims() -> Value {
    json!({"pid": PID, "kind": "bank_account", "record": "acc-1", "authority": "bank", "update": "u-1", "round": 0, "step": 2,
           "at": 9, "says": "refused", "reason": {"code": 8201, "path": "holder_name", "note": " so  not "}, "appeal_until": 99})
}

#[test]
fn record_end_and_step_signed_by_their_authority_are_believed() {
    let bank = Authority::new();
    let record = bank.believe("record", "eid-record+jwt", &record_claims().to_string()).unwrap();
    let Change::Record(record) = record else { panic!("{record:?}") };
    assert_eq!((record.kind, record.id.as_str(), record.as_of.seconds()), (RecordKind::BankAccount, "acc-1", 7));
    assert_eq!((record.form.find("bank"), record.status.as_str()), (Some("970436"), "ok"));
    assert!(!format!("{record:?}").contains("0011001932418"));

    let gone = json!({"pid": PID, "kind": "bank_account", "id": "acc-1", "authority": "bank", "as_of": 8});
    let gone = bank.believe("gone", "eid-record-gone+jwt", &gone.to_string()).unwrap();
    assert!(matches!(gone, Change::Gone(RecordGone { as_of, .. }) if as_of.seconds() == 8));

    let step = bank.believe("step", "eid-update-step+jwt", &step_claims().to_string()).unwrap();
    let Change::Step(UpdateStep { update, step: 2, says: Says::Refused { reason, appeal_until }, .. }) = step else {
        panic!("{step:?}")
    };
    assert_eq!((update.as_str(), appeal_until), ("u-1", Some(UnixTime::from_seconds(99))));
    assert_eq!((reason.code, reason.note.as_deref()), (Code::REASON_NAME_MISMATCH.number(), Some("so not")));
}

#[test]
fn signature_is_over_the_bytes_as_they_came() {
    let bank = Authority::new();
    let spaced = record_claims().to_string().replace(':', " :  ");
    assert!(bank.believe("record", "eid-record+jwt", &spaced).is_ok());
    let (payload, signed) = (record_claims().to_string(), spaced);
    let signature = bank.sign("eid-record+jwt", &signed);
    let page = format!(r#"{{"changes":[{{"record":{payload},"signature":"{signature}"}}],"next":"c","more":false}}"#);
    let page = parse_record_page(page.as_bytes(), None).unwrap();
    let verified = page.changes[0].verify(&bank.configuration, &Pid::parse(PID).unwrap());
    assert_eq!(verified, Err(Flaw::Signature));
}

#[test]
fn change_that_is_not_its_authoritys_word_about_this_person_is_not_believed() {
    let bank = Authority::new();
    for (member, value, flaw) in [
        ("pid", json!("000199000124"), Flaw::Subject),
        ("pid", json!("1"), Flaw::Shape),
        ("pid", Value::Null, Flaw::Shape),
        // It signs rightly, for a kind that another keeps.
        ("kind", json!("tax"), Flaw::Authority),
        ("kind", json!("horoscope"), Flaw::Shape),
        ("authority", json!("tax_office"), Flaw::Authority),
        ("authority", json!("fortune_teller"), Flaw::Authority),
        ("id", json!(""), Flaw::Shape),
        ("id", json!("a b"), Flaw::Shape),
        ("id", json!("a".repeat(65)), Flaw::Shape),
        ("as_of", json!("7"), Flaw::Shape),
        ("status", json!(""), Flaw::Shape),
        ("status", json!("<b>"), Flaw::Shape),
        ("status", json!("a".repeat(41)), Flaw::Shape),
        ("form", json!({"bank": 970_436}), Flaw::Shape),
        ("form", json!({"a b": "x"}), Flaw::Shape),
        ("form", Value::Null, Flaw::Shape),
    ] {
        let mut claims = record_claims();
        claims[member] = value;
        let believed = bank.believe("record", "eid-record+jwt", &claims.to_string());
        assert_eq!(believed, Err(flaw), "{claims}");
    }
    let claims = record_claims().to_string();
    assert_eq!(bank.believe("record", "eid-record-gone+jwt", &claims), Err(Flaw::TokenType));
    assert_eq!(bank.believe("gone", "eid-record+jwt", &claims), Err(Flaw::TokenType));
    assert_eq!(bank.believe("record", "eid-record+jwt", "[]"), Err(Flaw::Shape));
    let stranger = Authority { configuration: Authority::new().configuration, ..bank };
    assert_eq!(stranger.believe("record", "eid-record+jwt", &claims), Err(Flaw::Signature));
    let before = configuration_with(&json!([]), &json!([]));
    let before = Authority { configuration: before, ..stranger };
    assert_eq!(before.believe("record", "eid-record+jwt", &claims), Err(Flaw::Authority));
}

#[test]
fn steps_have_what_their_word_needs() {
    let bank = Authority::new();
    let believe = |changes: &[(&str, Value)]| {
        let mut claims = step_claims();
        for (member, value) in changes {
            claims[*member] = value.clone();
        }
        bank.believe("step", "eid-update-step+jwt", &claims.to_string())
    };
    assert!(believe(&[("says", json!("supplement")), ("due_at", json!(5))]).is_ok());
    assert!(believe(&[("says", json!("checking")), ("reason", Value::Null)]).is_ok());
    assert!(believe(&[("says", json!("accepted")), ("reason", Value::Null)]).is_ok());
    let partly = believe(&[("says", json!("accepted"))]).unwrap();
    assert!(
        matches!(partly, Change::Step(UpdateStep { says: Says::Accepted, left_out: Some(reason), .. }) if reason.code == 8201)
    );
    assert!(matches!(believe(&[]).unwrap(), Change::Step(UpdateStep { left_out: None, .. })));
    for bad in [
        &[("says", json!("supplement"))][..],
        &[("says", json!("supplement")), ("due_at", json!(5)), ("reason", Value::Null)],
        &[("reason", Value::Null)],
        &[("reason", json!({"code": 65_536}))],
        &[("reason", json!({"code": 1, "path": "A"}))],
        &[("says", json!("sold"))],
        &[("round", json!(-1))],
        &[("step", json!(4_294_967_296_u64))],
        &[("update", json!(""))],
        &[("record", json!("ê"))],
    ] {
        assert_eq!(believe(bad), Err(Flaw::Shape), "{bad:?}");
    }
    // A note that hides something is left out, its reason stands.
    for note in ["a\u{202e}b".to_owned(), "a".repeat(501), "\u{0}".to_owned(), String::new()] {
        let step = believe(&[("reason", json!({"code": 1, "note": note}))]).unwrap();
        let Change::Step(UpdateStep { says: Says::Refused { reason, .. }, .. }) = step else { panic!("{step:?}") };
        assert_eq!(reason.note, None, "{note:?}");
    }
}

#[test]
fn page_out_of_bounds_is_nonsense_and_a_strange_change_spoils_no_page() {
    let page = |changes: &str, more: bool| {
        parse_record_page(format!(r#"{{"changes":[{changes}],"next":"c-1","more":{more}}}"#).as_bytes(), None)
    };
    let strange = r#"{"weather":{},"signature":"x"}"#;
    let many = |count: usize| vec![strange; count].join(",");
    let read = page(&many(500), true).unwrap();
    assert_eq!((read.changes.len(), read.next.as_str(), read.more), (500, "c-1", true));
    let configuration = Authority::new().configuration;
    assert_eq!(read.changes[0].verify(&configuration, &Pid::parse(PID).unwrap()), Err(Flaw::Shape));
    for mixed in [r#"{"record":{},"gone":{},"signature":"x"}"#, r#"{"record":null,"signature":"x"}"#] {
        let read = page(mixed, false).unwrap();
        assert_eq!(read.changes[0].verify(&configuration, &Pid::parse(PID).unwrap()), Err(Flaw::Shape));
    }
    assert_eq!(page(&many(501), false).err(), Some(PlatformError::Nonsense(Flaw::Count)));
    assert_eq!(page("", true).err(), Some(PlatformError::Nonsense(Flaw::Count)));
    assert!(page("", false).is_ok());
    for body in [
        "",
        "[]",
        r#"{"changes":[]}"#,
        r#"{"changes":{},"next":"c","more":false}"#,
        r#"{"changes":[],"next":"a/b","more":false}"#,
        r#"{"changes":[],"next":"","more":false}"#,
        r#"{"changes":[{"record":{}}],"next":"c","more":false}"#,
    ] {
        assert_eq!(
            parse_record_page(body.as_bytes(), None).err(),
            Some(PlatformError::Nonsense(Flaw::Shape)),
            "{body}"
        );
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_page_is_read_and_one_that_inflates_without_end_is_not() {
    let page = br#"{"changes":[],"next":"c-1","more":false}"#;
    assert_eq!(parse_record_page(&gzip(page), Some("gzip")).unwrap().next.as_str(), "c-1");
    let padded = |length: usize| [&page[..], &vec![b' '; length - page.len()]].concat();
    assert!(parse_record_page(&gzip(&padded(MAX_ANSWER)), Some("gzip")).is_ok());
    for (body, encoding, flaw) in [
        (gzip(&padded(MAX_ANSWER + 1)), Some("gzip"), Flaw::TooLarge),
        (gzip(&vec![0; 64 * 1024 * 1024]), Some("gzip"), Flaw::TooLarge),
        (page.to_vec(), Some("gzip"), Flaw::Shape),
        (gzip(page)[..20].to_vec(), Some("gzip"), Flaw::Shape),
        (gzip(page), None, Flaw::Shape),
        (gzip(page), Some("br"), Flaw::MediaType),
        (gzip(&gzip(page)), Some("gzip, gzip"), Flaw::MediaType),
    ] {
        assert_eq!(parse_record_page(&body, encoding).err(), Some(PlatformError::Nonsense(flaw)));
    }
}

proptest! {
    #[test]
    fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse_record_page(&body, None).is_err() && parse_record_page(&body, Some("gzip")).is_err());
    }

    #[test]
    fn altered_record_is_never_believed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        thread_local! {
            static BANK: Authority = Authority::new();
        }
        BANK.with(|bank| {
            let payload = record_claims().to_string();
            let signature = bank.sign("eid-record+jwt", &payload);
            let mut altered = payload.clone().into_bytes();
            let at = at.index(altered.len());
            altered[at] = to;
            prop_assume!(altered != payload.as_bytes());
            let page = [
                &br#"{"changes":[{"record":"#[..], &altered, br#","signature":""#, signature.as_bytes(),
                br#""}],"next":"c","more":false}"#,
            ].concat();
            let believed = parse_record_page(&page, None).is_ok_and(|page| {
                page.changes.iter().any(|change| change.verify(&bank.configuration, &Pid::parse(PID).unwrap()).is_ok())
            });
            prop_assert!(!believed);
            Ok(())
        })?;
    }
}
