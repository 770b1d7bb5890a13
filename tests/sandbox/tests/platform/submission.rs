//! Updates that citizens send: each check of the platform.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Signature, SigningKey, hash::sha256};
use eid_model::Pid;
use eid_record::{Path, RecordKind};
use eid_sandbox::RecordChange;
use serde_json::{Value, json};

use crate::{
    citizen::{Citizen, configuration, key},
    instruction,
    support::{Answer, HANH, HOA, URL, World, jti, jwt, passcode_binding},
};

pub(crate) const DAY: i64 = 86_400;

/// A JPEG by its first bytes.
pub(crate) const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture of nothing";

/// What each kind's update is, for journeys in every language.
pub(crate) fn kinds() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../../journeys/records.json")).unwrap();
    assert_eq!(file["person"], HANH.0);
    file["kinds"].as_array().unwrap().clone()
}

/// Texts put over others.
fn over(form: &Value, more: &Value) -> Value {
    let mut form = form.clone();
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    form
}

/// What a citizen would be shown to change of a record: without what only the authority states.
fn open_fields(kind: RecordKind, form: &Value) -> Value {
    let mut form = form.clone();
    let is_open = |path: &str| !kind.definition().find(&Path::parse(path).unwrap()).unwrap().is_official();
    form.as_object_mut().unwrap().retain(|path, _| is_open(path));
    form
}

/// Where an update of a kind begins: the record's name, its "as of" and its form.
async fn beginning(citizen: &Citizen<'_>, case: &Value) -> (String, Value, Value) {
    let kind = RecordKind::from_name(case["kind"].as_str().unwrap()).unwrap();
    if case["existing"] == json!(false) {
        return (format!("new-{}", jti()), Value::Null, json!({}));
    }
    let record = citizen.records(kind.name()).await.pop().unwrap();
    (record["id"].as_str().unwrap().to_owned(), record["as_of"].clone(), open_fields(kind, &record["form"]))
}

/// The statement of a case, with more put over its form.
pub(crate) async fn statement(citizen: &Citizen<'_>, case: &Value, more: &Value, evidence: &[Value]) -> Value {
    let (id, base, form) = beginning(citizen, case).await;
    let form = over(&over(&form, &case["form"]), more);
    citizen.statement(case["kind"].as_str().unwrap(), &id, &base, &form, evidence)
}

/// Sends a statement as its kind wants it: with a face shown before, where one is asked for.
pub(crate) async fn send(citizen: &Citizen<'_>, statement: &Value) -> Answer {
    if statement["subject"]["record"]["kind"] == "bank_account" {
        let sealed = citizen.world.sealed(&citizen.phone.account, 1, &citizen.world.portrait(citizen.pid));
        let headers = [("content-type", "application/octet-stream")];
        assert_eq!(citizen.call(Method::POST, "/v1/face", &headers, sealed).await.status, 200);
    }
    citizen.submit(statement).await
}

/// The steps of an update that are in the feed: `(step, round, says, reason, path)`.
pub(crate) async fn steps(citizen: &Citizen<'_>, jti: &Value) -> Vec<(u64, u64, String, Value, Value)> {
    let (news, _) = citizen.news(None).await;
    let steps = news.iter().filter(|(member, said)| member == "step" && said["update"] == *jti);
    let line = |said: &Value| {
        let number = |name: &str| said[name].as_u64().unwrap();
        let says = said["says"].as_str().unwrap().to_owned();
        (number("step"), number("round"), says, said["reason"]["code"].clone(), said["reason"]["path"].clone())
    };
    steps.map(|(_, said)| line(said)).collect()
}

/// What the authority said last.
pub(crate) async fn last(citizen: &Citizen<'_>, jti: &Value) -> (String, Value, Value) {
    let (_, _, says, reason, path) = steps(citizen, jti).await.pop().unwrap();
    (says, reason, path)
}

pub(crate) fn receipt(world: &World, answer: &Answer) -> Value {
    let token = answer.text("receipt");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let keys = configuration(world)["receipt_keys"].as_array().unwrap().clone();
    assert!(keys.iter().any(|jwk| key(jwk).verify(signed.as_bytes(), &signature).is_ok()));
    let part = |at: usize| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(part(0)["typ"], "eid-receipt+jwt");
    part(1)
}

#[tokio::test]
async fn update_of_every_kind_with_a_mistake_is_refused_with_what_is_wrong() {
    for case in kinds() {
        let (kind, world) = (case["kind"].as_str().unwrap(), World::new());
        let citizen = Citizen::new(&world, HANH).await;
        for (path, finding) in case["findings"].as_object().unwrap() {
            let wrong = statement(&citizen, &case, &json!({path: finding[0]}), &[]).await;
            let answer = send(&citizen, &wrong).await;
            assert_eq!(answer.refusal(), (400, 7046, None), "{kind}");
            let findings = answer.json()["findings"].as_array().unwrap().clone();
            assert!(findings.contains(&json!({"path": path, "code": finding[1]})), "{kind}: {findings:?}");
        }
        assert!(world.sandbox.submissions(&Pid::parse(HANH.0).unwrap()).unwrap().is_empty());
    }
}

/// A good statement about a telephone number, with more put over its form.
pub(crate) async fn phone_number(citizen: &Citizen<'_>, more: &Value) -> Value {
    let case = kinds().into_iter().find(|case| case["kind"] == "telecom").unwrap();
    statement(citizen, &case, more, &[]).await
}

pub(crate) fn code(answer: &Answer) -> (u16, u64) {
    (answer.status, answer.refusal().1)
}

#[tokio::test]
async fn same_statement_again_gets_the_same_receipt_and_another_of_its_name_none() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let said = phone_number(&citizen, &json!({})).await;
    let inner = citizen.signed(&said);
    let first = citizen.send(&inner, None).await;
    let received = receipt(&world, &first);
    let expected = json!({
        "iss": "e.example", "sub": citizen.phone.account, "jti": said["jti"], "round": 0, "dossier": received["dossier"],
        "kind": "telecom", "record": said["subject"]["record"]["id"], "received_at": world.now(),
        "inner": URL_SAFE_NO_PAD.encode(sha256(inner.as_bytes())), "evidence": [],
    });
    assert_eq!((first.status, &received), (201, &expected));
    assert!(received["dossier"].as_str().unwrap().starts_with("HS-"));
    world.wait(40 * DAY);
    let again = citizen.send(&inner, None).await;
    assert_eq!((again.status, again.text("receipt")), (200, first.text("receipt")));
    // The key of the passcode may have changed, and the account be locked, since.
    world.change(HANH.0, &json!({"phone": "0900000001"})).await;
    let mut other = said.clone();
    other["form"]["payment"] = json!("postpaid");
    assert_eq!(code(&citizen.submit(&other).await), (409, 7041));
    let sent = world.sandbox.submissions(&Pid::parse(HANH.0).unwrap()).unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].jti.as_str(), sent[0].form["number"].as_str()),
        (said["jti"].as_str().unwrap(), "+84900000101")
    );
}

#[tokio::test]
async fn submission_that_is_not_the_sessions_own_or_malformed_is_refused() {
    let world = World::new();
    let (citizen, other) = (Citizen::new(&world, HANH).await, Citizen::new(&world, HOA).await);
    let good = phone_number(&citizen, &json!({})).await;
    let outer = |inner: &str| json!({"aud": URL, "iat": world.now(), "inner": inner});
    let inner = citizen.signed(&good);
    let foreign = jwt("eid-submission+jwt", &outer(&inner), &other.phone.key);
    assert_eq!(code(&citizen.send_outer(&foreign).await), (401, 7012), "another phone's");
    assert_eq!(
        code(&other.send_outer(&jwt("eid-submission+jwt", &outer(&inner), &other.phone.key)).await),
        (401, 7012)
    );
    let mut elsewhere = outer(&inner);
    elsewhere["aud"] = json!("https://other.example");
    let wrong_type = jwt("eid-instruction+jwt", &outer(&inner), &citizen.phone.key);
    for submission in
        [jwt("eid-submission+jwt", &elsewhere, &citizen.phone.key), wrong_type, inner.clone(), "a.b.c".to_owned()]
    {
        assert_eq!(code(&citizen.send_outer(&submission).await), (400, 7013));
    }
    let piece = json!({"sha256": URL_SAFE_NO_PAD.encode([1; 32]), "bytes": 1, "type": "image/jpeg"});
    for (pointer, value) in [
        ("/aud", json!("https://other.example")),
        ("/jti", json!("")),
        ("/jti", json!("a b")),
        ("/round", json!(-1)),
        ("/subject", json!({"service": {}})),
        ("/subject/record/kind", json!("gas")),
        ("/subject/record/id", json!("telecom")),
        ("/subject/record/id", json!("số")),
        ("/form", json!({"Number": "1"})),
        ("/evidence", json!([piece, piece])),
        ("/evidence", json!([{"sha256": "AA", "bytes": 1, "type": "image/jpeg"}])),
    ] {
        let mut said = good.clone();
        *said.pointer_mut(pointer).unwrap() = value.clone();
        assert_eq!(code(&citizen.submit(&said).await), (400, 7013), "{pointer} {value}");
    }
    let mut not_mine = good.clone();
    not_mine["sub"] = json!(other.phone.account);
    assert_eq!(code(&citizen.submit(&not_mine).await), (401, 7012));
    assert_eq!(citizen.submit(&good).await.status, 201);
}

#[tokio::test]
async fn wrong_passcode_costs_tries_and_an_earlier_one_is_confirmed_again() {
    let world = World::new();
    let mut citizen = Citizen::new(&world, HANH).await;
    let said = phone_number(&citizen, &json!({})).await;
    let signed_early = citizen.signed(&said);
    let challenge = instruction::challenge(&world).await;
    let key = SigningKey::make().unwrap();
    let params = json!({"epoch": 2, "passcode_binding": passcode_binding(&key, &challenge, world.now())});
    let claims = instruction::act(&citizen.phone, &challenge, citizen.next_seq(), "change_passcode", &params);
    let inner = jwt("eid-act+jwt", &claims, &citizen.phone.passcode);
    let instruction = jwt("eid-instruction+jwt", &instruction::outer(&inner, world.now()), &citizen.phone.key);
    assert_eq!(instruction::send(&world, &instruction).await.status, 200);
    citizen.phone.passcode = key;
    for _ in 0..20 {
        assert_eq!(code(&citizen.send(&signed_early, None).await), (403, 7042), "costs no try");
    }
    let token = citizen.token().await;
    let guess = jwt("eid-statement+jwt", &said, &SigningKey::make().unwrap());
    let body = json!({"submission": jwt("eid-submission+jwt", &json!({"aud": URL, "iat": world.now(), "inner": guess}), &citizen.phone.key)});
    for left in [3, 2, 1, 0] {
        let headers = [("content-type", "application/json")];
        let body = body.to_string().into_bytes();
        let answer = citizen.call_with(&token, Method::POST, "/v1/submissions", &headers, body).await;
        assert_eq!((code(&answer), &answer.json()["tries_left"]), ((403, 2053), &json!(left)));
    }
    let headers = [("content-type", "application/json")];
    let waiting = citizen.call_with(&token, Method::POST, "/v1/submissions", &headers, body.to_string().into()).await;
    assert_eq!(code(&waiting), (403, 2054));
    world.wait(60);
    assert_eq!(citizen.submit(&said).await.status, 201);
}

#[tokio::test]
async fn account_of_another_bank_asks_for_a_face_or_a_finger_that_counts() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let case = kinds().into_iter().find(|case| case["kind"] == "bank_account").unwrap();
    let said = statement(&citizen, &case, &json!({}), &[]).await;
    let refused = citizen.submit(&said).await;
    assert_eq!((code(&refused), &refused.json()["missing"]), ((403, 2056), &json!(["biometric"])));
    let finger = SigningKey::make().unwrap();
    let challenge = instruction::challenge(&world).await;
    let binding =
        jwt("eid-biometric-binding+jwt", &json!({"aud": URL, "iat": world.now(), "nonce": challenge}), &finger);
    let params = json!({"biometric_binding": binding});
    let claims = instruction::act(&citizen.phone, &challenge, citizen.next_seq(), "register_biometric_key", &params);
    let inner = jwt("eid-act+jwt", &claims, &citizen.phone.passcode);
    let instruction = jwt("eid-instruction+jwt", &instruction::outer(&inner, world.now()), &citizen.phone.key);
    assert_eq!(instruction::send(&world, &instruction).await.status, 200);
    let (inner, jti) = (citizen.signed(&said), said["jti"].as_str().unwrap());
    assert_eq!(code(&citizen.send(&inner, Some((&finger, jti))).await), (403, 2056), "it does not count yet");
    world.wait(DAY);
    assert_eq!(code(&citizen.send(&inner, Some((&finger, "another"))).await), (403, 2047));
    assert_eq!(code(&citizen.send(&inner, Some((&SigningKey::make().unwrap(), jti))).await), (403, 2047));
    assert_eq!(citizen.send(&inner, Some((&finger, jti))).await.status, 201);
    // On the first day on another phone no account is changed, whatever is shown.
    let moved = Citizen::new(&world, HANH).await;
    let said = statement(&moved, &case, &json!({}), &[]).await;
    assert_eq!(code(&send(&moved, &said).await), (403, 2059));
}

#[tokio::test]
async fn statement_may_be_two_months_old_and_five_minutes_ahead() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    for (age, good) in [(60 * DAY, true), (60 * DAY + 1, false), (-300, true), (-301, false)] {
        let number = format!("09000001{:02}", (age.rem_euclid(89)) % 90);
        let mut said = phone_number(&citizen, &json!({"number": number})).await;
        said["iat"] = json!(world.now() - age);
        let answer = citizen.submit(&said).await;
        if good {
            assert_eq!(answer.status, 201, "{age} {answer:?}");
        } else {
            assert_eq!(code(&answer), (403, 7042), "{age}");
        }
    }
}

#[tokio::test]
async fn locked_account_sends_nothing_new_and_still_learns_what_arrived() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (token, said) = (citizen.token().await, phone_number(&citizen, &json!({})).await);
    let inner = citizen.signed(&said);
    let first = citizen.send(&inner, None).await;
    let next = citizen.signed(&phone_number(&citizen, &json!({"number": "0900000111"})).await);
    world.change(HANH.0, &json!({"locked": true})).await;
    let send = async |inner: &str| {
        let outer = json!({"aud": URL, "iat": world.now(), "inner": inner});
        let body = json!({"submission": jwt("eid-submission+jwt", &outer, &citizen.phone.key)}).to_string();
        let headers = [("content-type", "application/json")];
        citizen.call_with(&token, Method::POST, "/v1/submissions", &headers, body.into()).await
    };
    assert_eq!(code(&send(&next).await), (403, 7020));
    let again = send(&inner).await;
    assert_eq!((again.status, again.text("receipt")), (200, first.text("receipt")));
}

#[tokio::test]
async fn record_that_changed_meanwhile_is_a_conflict_and_one_that_was_only_said_again_is_none() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let case = kinds().into_iter().find(|case| case["kind"] == "insurance").unwrap();
    let said = statement(&citizen, &case, &json!({}), &[]).await;
    world.wait(2 * DAY);
    citizen.call(Method::POST, "/v1/records/insurance/refresh", &[], Vec::new()).await;
    world.wait(60);
    assert!(citizen.records("insurance").await[0]["as_of"].as_i64() > said["subject"]["record"]["base"].as_i64());
    let mut ahead = said.clone();
    ahead["subject"]["record"]["base"] = json!(world.now() + 1);
    assert_eq!(code(&citizen.submit(&ahead).await), (409, 7043), "of a time that has not been");
    let mut anew = said.clone();
    anew["subject"]["record"]["base"] = Value::Null;
    assert_eq!(code(&citizen.submit(&anew).await), (409, 7043), "there is one already");
    let pid = Pid::parse(HANH.0).unwrap();
    let mut change = RecordChange::new(pid, RecordKind::Insurance, Some("insurance-1"), &[("facility_code", "01002")]);
    let mut late = said.clone();
    late["jti"] = json!(jti());
    assert_eq!(citizen.submit(&said).await.status, 201, "said again is not changed");
    world.sandbox.change_record(&change).unwrap();
    assert_eq!(code(&citizen.submit(&late).await), (409, 7043));
    change.gone = true;
    world.sandbox.change_record(&change).unwrap();
    assert_eq!(code(&citizen.submit(&late).await), (409, 7043), "there is none any more");
}

#[tokio::test]
async fn evidence_that_has_not_arrived_is_named() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let here = citizen.upload(PICTURE, "image/jpeg").await;
    let absent = |byte: u8| json!({"sha256": URL_SAFE_NO_PAD.encode([byte; 32]), "bytes": 1, "type": "image/jpeg"});
    let half: &[u8] = b"%PDF-1.7 half of it";
    assert_eq!(citizen.offer(half.len(), &sha256(half), "application/pdf").await.status, 201);
    citizen.append(&sha256(half), 0, &half[..5], false).await;
    let half = json!({"sha256": URL_SAFE_NO_PAD.encode(sha256(half)), "bytes": half.len(), "type": "application/pdf"});
    let mut other_length = here.clone();
    other_length["bytes"] = json!(3);
    let case = kinds().into_iter().find(|case| case["kind"] == "vehicle").unwrap();
    for (evidence, missing) in [
        (vec![absent(1), here.clone(), absent(2)], vec![absent(1), absent(2)]),
        (vec![half.clone()], vec![half]),
        (vec![other_length.clone()], vec![other_length]),
    ] {
        let said = statement(&citizen, &case, &json!({}), &evidence).await;
        let answer = citizen.submit(&said).await;
        let missing: Vec<Value> = missing.iter().map(|piece| piece["sha256"].clone()).collect();
        assert_eq!((code(&answer), &answer.json()["missing"]), ((409, 7044), &json!(missing)));
    }
    let said = statement(&citizen, &case, &json!({}), std::slice::from_ref(&here)).await;
    let answer = citizen.submit(&said).await;
    assert_eq!(receipt(&world, &answer)["evidence"], json!([here["sha256"]]));
    let pid = Pid::parse(HANH.0).unwrap();
    assert_eq!(world.sandbox.evidence(&pid, &sha256(PICTURE)).unwrap().unwrap(), PICTURE);
    let of_another = Citizen::new(&world, HOA).await;
    let said = statement(&of_another, &case, &json!({}), &[here]).await;
    assert_eq!(code(&of_another.submit(&said).await), (409, 7044), "another's evidence is not there");
}
