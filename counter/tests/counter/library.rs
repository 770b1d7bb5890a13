//! Inputs and verdicts through the library.

use eid_counter::{CounterError, Input, MAX_FILE, Report, Rules, Station, open_status_snapshot, open_trust_list};
use eid_proof::{Policy, Scan};
use serde_json::{Value, json};

use crate::world::{
    AGE, CHALLENGED, SIGNED, World, base45, digits, nonce, portrait, scan_at, text, time, vector_station,
};

fn json(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

/// Verifies an input at a counter that trusts the vectors' issuer; gives verdict, code and exit code.
fn outcome(input: &Input, scan: &Scan<'_>) -> (String, String, u8) {
    let report = vector_station().verify(input, scan);
    let json = json(&report);
    (json["verdict"].as_str().unwrap().to_owned(), json["code"].as_str().unwrap().to_owned(), report.exit_code())
}

fn case(verdict: &str, code: &str, exit: u8) -> (String, String, u8) {
    (verdict.to_owned(), code.to_owned(), exit)
}

#[test]
fn vector_in_every_spelling_is_valid() {
    for input in [
        Input::parse(AGE.to_vec()).unwrap(),
        text(&digits(AGE)),
        text(&base45(AGE)),
        text(&base45(AGE).to_lowercase()),
        Input::parse(format!("{}\r\n", digits(AGE)).into_bytes()).unwrap(),
        Input::parse(format!("\u{feff} {}\r", base45(AGE)).into_bytes()).unwrap(),
    ] {
        assert_eq!(outcome(&input, &scan_at(SIGNED + 10)), case("valid", "Q00", 0));
    }
}

#[test]
fn time_counter_and_challenge_decide() {
    let (open, bound) = (Input::Proof(AGE.to_vec()), Input::Proof(CHALLENGED.to_vec()));
    let (nonce, other) = (nonce(), vec![9; 16]);
    let with = |seconds, challenge| Scan { now: time(seconds), challenge: Some(challenge) };
    for (input, scan, expected) in [
        (&open, scan_at(SIGNED), case("valid", "Q00", 0)),
        (&open, scan_at(SIGNED - 30), case("valid", "Q00", 0)),
        (&open, scan_at(SIGNED - 31), case("cannot_tell", "Q06", 2)),
        (&open, scan_at(SIGNED + 90), case("valid", "Q00", 0)),
        (&open, scan_at(SIGNED + 91), case("not_valid", "Q05", 1)),
        (&open, scan_at(0), case("cannot_tell", "Q06", 2)),
        (&open, scan_at(i64::from(u32::MAX)), case("not_valid", "Q05", 1)),
        // It answers a request that is not open here.
        (&bound, scan_at(SIGNED + 10), case("not_valid", "Q08", 1)),
        (&bound, with(SIGNED + 10, &nonce), case("valid", "Q00", 0)),
        (&bound, with(SIGNED + 10, &other), case("not_valid", "Q08", 1)),
        (&open, with(SIGNED + 10, &nonce), case("not_valid", "Q08", 1)),
    ] {
        assert_eq!(outcome(input, &scan), expected);
    }
    let mut elsewhere = vector_station();
    for counter in [None, Some("rp/0101234567-002".to_owned())] {
        elsewhere.rules.policy.counter = counter;
        let report = elsewhere.verify(&bound, &with(SIGNED + 10, &nonce));
        assert_eq!((json(&report)["code"].clone(), report.exit_code()), (json!("Q07"), 1));
    }
}

#[test]
fn stale_and_early_proofs_tell_both_clocks() {
    let early = json(&vector_station().verify(&Input::Proof(AGE.to_vec()), &scan_at(SIGNED - 100)));
    assert_eq!(
        early["detail"],
        json!({
            "kind": "clocks",
            "phone": "2026-11-22T19:00:00+07:00",
            "counter": "2026-11-22T18:58:20+07:00",
            "apart_s": -100
        })
    );
    assert!(early.get("claims").is_none(), "nothing is shown of a proof that was not verified");
}

#[test]
fn every_flipped_bit_of_a_vector_is_refused() {
    let nonce = nonce();
    for (vector, challenge) in [(AGE, None), (CHALLENGED, Some(nonce.as_slice()))] {
        let scan = Scan { challenge, ..scan_at(SIGNED + 10) };
        let mut station = vector_station();
        for at in 0..vector.len() {
            for bit in 0..8 {
                let mut bytes = vector.to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(input) = Input::parse(bytes) else { continue };
                let report = station.verify(&input, &scan);
                assert_ne!(report.exit_code(), 0, "byte {at} bit {bit}");
                assert!(report.shown.is_none());
            }
        }
        assert_eq!(station.verify(&Input::Proof(vector.to_vec()), &scan).exit_code(), 0);
    }
}

#[test]
fn second_use_is_refused_in_either_spelling() {
    let mut station = vector_station();
    assert_eq!(station.verify(&text(&digits(AGE)), &scan_at(SIGNED + 10)).exit_code(), 0);
    let again = json(&station.verify(&text(&base45(AGE)), &scan_at(SIGNED + 20)));
    assert_eq!(again["code"], "Q18");
    assert_eq!(again["detail"], json!({"kind": "used_before", "used_at": "2026-11-22T19:00:10+07:00"}));
}

#[test]
fn other_codes_are_named() {
    let vietqr = "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN\
                  62170813ung ho lu lut6304C15C";
    for (scanned, name) in [
        (vietqr, "payment"),
        ("HC1:NCFOXN%TSMAHN-H.EAM", "health_certificate"),
        ("mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg", "mobile_document"),
        ("000199000123||NGUYỄN VĂN A|02011999|Nam|Số 1 Phố Thử Nghiệm, Hà Nội|10012021", "id_card"),
        ("https://e.example/menu", "link"),
        ("VN1R:BB8", "counter_request"),
        ("xin chào", "unknown"),
    ] {
        let report = vector_station().verify(&text(scanned), &scan_at(SIGNED));
        let json = json(&report);
        assert_eq!((json["code"].as_str(), report.exit_code()), (Some("Q01"), 1), "{name}");
        assert_eq!(
            (json["detail"]["kind"].as_str(), json["detail"]["scanned"].as_str()),
            (Some("other_code"), Some(name))
        );
        assert!(json["detail"]["vi"].is_string() && json["detail"]["en"].is_string());
    }
}

#[test]
fn oversized_input_is_q03() {
    let at = scan_at(SIGNED);
    for size in [4097, 6000, 100_000] {
        let bytes: Vec<u8> = AGE.iter().copied().cycle().take(size).collect();
        for input in [text(&digits(&bytes)), text(&base45(&bytes)), Input::parse(bytes).unwrap()] {
            assert_eq!(outcome(&input, &at), case("not_valid", "Q03", 1), "{size}");
        }
    }
    let huge = vec![b'7'; usize::try_from(MAX_FILE).unwrap() + 1];
    assert_eq!(Input::parse(huge), Err(CounterError::InputTooLarge));
}

#[test]
fn damaged_text_asks_for_another_scan() {
    let good = base45(AGE);
    let garbled = good.replacen("AW", "Ă", 1).replacen("DD", "Đ", 1).replace("OO", "Ô");
    let typed = if garbled == good { good.replacen('A', "Â", 1) } else { garbled };
    let report = json(&vector_station().verify(&text(&typed), &scan_at(SIGNED)));
    assert_eq!((report["code"].as_str(), report["verdict"].as_str()), (Some("Q02"), Some("cannot_tell")));
    assert_eq!(report["detail"]["kind"], "keyboard");
    assert!(report["detail"]["vi"].as_str().unwrap().contains("Bộ gõ"));

    let digits = digits(AGE);
    for damaged in [&digits[..digits.len() - 1], &digits.replacen('3', "4", 1), "7041", "VN1:", &good[..good.len() - 1]]
    {
        let (_, code, exit) = outcome(&text(damaged), &scan_at(SIGNED));
        assert!(exit != 0 && code != "Q01" && code != "Q12", "{code}");
    }
}

#[test]
fn input_without_content_is_refused() {
    for (bytes, error) in [
        (&b""[..], CounterError::InputEmpty),
        (b" \r\n\t", CounterError::InputEmpty),
        (b"\xef\xbb\xbf\r\n", CounterError::InputEmpty),
        (b"\xff\xd8\xff\xe0 a JPEG picture", CounterError::InputUnknown),
        (b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF", CounterError::InputUnknown),
        (b"\x89PNG\r\n\x1a\n", CounterError::PictureDamaged),
    ] {
        assert_eq!(Input::parse(bytes.to_vec()), Err(error));
        assert_eq!(error.code().number(), 5030);
    }
}

/// A counter with signed lists, and the world around it.
fn station(world: &World) -> Station {
    let trust = open_trust_list(&world.trust_list("pilot", &world.root), &[*world.root.public()]).unwrap();
    let status = Some(open_status_snapshot(&world.status_snapshot(), &trust).unwrap());
    Station::new(Rules { trust, status, policy: Policy::default() })
}

#[test]
fn identity_proof_shows_everything_an_officer_needs() {
    let world = World::new(SIGNED);
    let proof = world.id_proof(0, true);
    let report = station(&world).verify(&Input::Proof(proof.as_bytes().to_vec()), &scan_at(SIGNED + 5));
    let json = json(&report);
    assert_eq!(json["verdict"], "valid");
    assert_eq!(json["purpose"], "id");
    assert_eq!(
        json["claims"],
        json!({
            "pid": "000190000001",
            "full_name": "NGUYỄN THỊ MINH KHAI",
            "birth_date": "19900102",
            "gender": 2,
            "residence": "Số 1 Phố Thử Nghiệm\nHà Nội",
            "nationality": "VNM"
        })
    );
    let picture = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, portrait());
    assert_eq!(json["portrait"], json!({"media_type": "image/webp", "base64": picture}));
    assert_eq!((json["withheld"].as_u64(), json["level"].as_u64()), (Some(0), Some(2)));
    assert_eq!(json["issuer"], "issuer.example");
    assert_eq!(json["as_of"], "2026-11-22T19:00:00+07:00");
    assert_eq!(json["issued_on"], "2026-11-22T07:00:00+07:00");
    assert_eq!(json["valid_until"], "2026-12-06T07:00:00+07:00");
    assert_eq!(json["open"], true);
    assert_eq!(
        json["trust"],
        json!({"environment": "pilot", "version": 7, "age_s": 3605, "next_update": "2026-11-23T19:00:00+07:00"})
    );
    assert_eq!(json["status"], json!({"state": "valid", "age_s": 7205}));
    assert!(json["must_do"]["en"].as_str().unwrap().starts_with("Compare the portrait"));
    assert!(json["reason"]["vi"].as_str().unwrap().starts_with("Hợp lệ"));

    let shown = format!("{report:?} {:?} {:?}", report.shown, report.shown.as_ref().unwrap().claims);
    assert!(!shown.contains("KHAI") && !shown.contains("000190000001") && !shown.contains(&picture), "{shown}");
}

#[test]
fn withheld_portrait_is_pointed_out() {
    let world = World::new(SIGNED);
    let json = json(&station(&world).verify(&text(&digits(world.id_proof(0, false).as_bytes())), &scan_at(SIGNED)));
    assert_eq!((json["verdict"].as_str(), json["withheld"].as_u64()), (Some("valid"), Some(1)));
    assert!(json.get("portrait").is_none());
    assert!(json["must_do"]["en"].as_str().unwrap().starts_with("No portrait was shown"));
}

#[test]
fn status_and_lists_decide() {
    let world = World::new(SIGNED);
    let verify = |index, change: fn(&mut Rules)| {
        let mut station = station(&world);
        change(&mut station.rules);
        json(&station.verify(&Input::Proof(world.id_proof(index, true).as_bytes().to_vec()), &scan_at(SIGNED)))
    };
    for (json, code, state, age) in [
        (verify(1, |_| {}), "Q14", "revoked", Some(7200)),
        (verify(2, |_| {}), "Q15", "suspended", Some(7200)),
        (verify(99, |_| {}), "W16", "unknown", Some(7200)),
        (verify(0, |rules| rules.policy.status_max_age_s = 7199), "W16", "unknown", Some(7200)),
        (verify(0, |rules| rules.status = None), "W16", "unknown", None),
        (verify(0, |rules| rules.policy.trust_max_age_s = 3599), "Q09", "not_checked", Some(7200)),
    ] {
        assert_eq!((json["code"].as_str(), json["status"]["state"].as_str()), (Some(code), Some(state)));
        assert_eq!(json["status"]["age_s"].as_i64(), age, "{code}");
        let shown = json.get("claims").is_some();
        assert_eq!(shown, code == "W16", "{code}: data is shown when all signatures are right");
        assert_eq!(json.get("must_do").is_some(), shown);
    }
    let allowed = verify(0, |rules| {
        rules.status = None;
        rules.policy.allow_unknown_status = true;
    });
    assert_eq!((allowed["verdict"].as_str(), allowed["status"]["state"].as_str()), (Some("valid"), Some("unknown")));
}

#[test]
fn issuer_outside_the_list_is_unknown() {
    let (world, other) = (World::new(SIGNED), World::new(SIGNED));
    let report = station(&world).verify(&Input::Proof(other.id_proof(0, true).as_bytes().to_vec()), &scan_at(SIGNED));
    let json = json(&report);
    assert_eq!((json["code"].as_str(), json["verdict"].as_str()), (Some("Q09"), Some("cannot_tell")));
    assert_eq!(json["detail"], json!({"kind": "trust_list", "age_s": 3600}));
}

#[test]
fn list_that_nobody_known_signed_is_refused() {
    let (world, other) = (World::new(SIGNED), World::new(SIGNED));
    let list = world.trust_list("sandbox", &world.root);
    assert!(open_trust_list(&list, &[*other.root.public(), *world.root.public()]).is_ok());
    assert_eq!(open_trust_list(&list, &[*other.root.public()]).err(), Some(CounterError::TrustUnusable));
    assert_eq!(open_trust_list(&list, &[]).err(), Some(CounterError::TrustUnusable), "not the built-in root");
    let trust = open_trust_list(&list, &[*world.root.public()]).unwrap();
    assert_eq!(open_status_snapshot(&other.status_snapshot(), &trust).err(), Some(CounterError::StatusUnusable));
    for at in 0..list.len() {
        let mut damaged = list.clone();
        damaged[at] ^= 1;
        assert!(open_trust_list(&damaged, &[*world.root.public()]).is_err(), "byte {at}");
    }
}

#[test]
fn built_in_root_vouches_for_the_sandbox_only() {
    let root = include_bytes!("../../../tests/sandbox/keys/sandbox-root.NOT-SECRET.pk8");
    let root = eid_crypto::SigningKey::parse_pkcs8(root).unwrap();
    let world = World::new(SIGNED);
    assert!(open_trust_list(&world.trust_list("sandbox", &root), &[]).is_ok());
    assert_eq!(open_trust_list(&world.trust_list("pilot", &root), &[]).err(), Some(CounterError::TrustUnusable));
}
