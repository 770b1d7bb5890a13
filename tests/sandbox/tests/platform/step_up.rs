//! What lifts an instruction above two factors: the biometric key and the face in a session; and the first day on a new phone.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{SigningKey, hash::sha256};
use serde_json::{Value, json};

use crate::{
    contact::messages,
    instruction::{act, challenge, instruct, outer, send, sign_in},
    session::signed_in,
    support::{Answer, HANH, HOA, Phone, URL, World, jwt, request},
};

const DAY: i64 = 86_400;

fn binding(key: &SigningKey, challenge: &str, now: i64) -> Value {
    let claims = json!({"aud": URL, "iat": now, "nonce": challenge});
    json!({"biometric_binding": jwt("eid-biometric-binding+jwt", &claims, key)})
}

async fn register(world: &World, phone: &Phone, seq: i64, key: &SigningKey) -> Answer {
    let challenge = challenge(world).await;
    let claims = act(phone, &challenge, seq, "register_biometric_key", &binding(key, &challenge, world.now()));
    send_signed(world, phone, &claims, None).await
}

/// A phone whose biometric key counts.
async fn with_finger(world: &World, person: (&str, &str)) -> (Phone, SigningKey) {
    let (phone, finger) = (world.activated(person).await, SigningKey::make().unwrap());
    assert_eq!(register(world, &phone, 1, &finger).await.status, 200);
    world.wait(DAY);
    (phone, finger)
}

/// The third signature as the phone would make it.
fn shown(inner: &str, challenge: &str) -> Value {
    json!({"aud": URL, "challenge": challenge, "act_hash": URL_SAFE_NO_PAD.encode(sha256(inner.as_bytes()))})
}

async fn send_signed(world: &World, phone: &Phone, claims: &Value, finger: Option<&SigningKey>) -> Answer {
    let inner = jwt("eid-act+jwt", claims, &phone.passcode);
    let mut outer = outer(&inner, world.now());
    if let Some(finger) = finger {
        let shown = shown(&inner, claims["challenge"].as_str().unwrap());
        outer["biometric"] = json!(jwt("eid-biometric+jwt", &shown, finger));
    }
    send(world, &jwt("eid-instruction+jwt", &outer, &phone.key)).await
}

/// An act of level 3 with a finger.
async fn order(world: &World, phone: &Phone, seq: i64, finger: &SigningKey) -> Answer {
    let claims = act(phone, &challenge(world).await, seq, "lock_code", &json!({}));
    send_signed(world, phone, &claims, Some(finger)).await
}

/// The holder's face, or another picture, in a session.
async fn face(world: &World, phone: &Phone, token: &str, sealed: &[u8]) -> Answer {
    let dpop = phone.dpop("/v1/face", Some(token), world.now());
    let authorization = format!("DPoP {token}");
    let headers =
        [("authorization", authorization.as_str()), ("dpop", &dpop), ("content-type", "application/octet-stream")];
    world.send(request(Method::POST, "/v1/face", &headers, sealed.to_vec())).await
}

fn missing(answer: &Answer) -> (u64, Value) {
    (answer.refusal().1, answer.json()["missing"].clone())
}

#[tokio::test]
async fn biometric_key_counts_a_day_after_it_was_registered_and_until_it_is_removed() {
    let world = World::new();
    let (phone, finger) = (world.activated(HANH).await, SigningKey::make().unwrap());
    let lacking = (2056, json!(["biometric"]));
    assert_eq!(missing(&instruct(&world, &phone, 1, "lock_code", json!({})).await), lacking);
    let usable_from = world.now() + DAY;
    let registered = register(&world, &phone, 2, &finger).await.json();
    assert_eq!(registered["result"], json!({"usable_from": usable_from}));
    assert!(messages(&world, HANH.1).last().unwrap().contains("sinh trac hoc"), "its holder is told");
    assert_eq!(missing(&order(&world, &phone, 3, &finger).await), lacking, "not yet");
    world.wait(DAY - 1);
    let again = register(&world, &phone, 4, &finger).await.json();
    assert_eq!(again["result"], json!({"usable_from": usable_from}), "a repeat costs no further day");
    assert_eq!(missing(&order(&world, &phone, 5, &finger).await), lacking);
    world.wait(1);
    assert_eq!(order(&world, &phone, 6, &finger).await.status, 200);
    assert_eq!(missing(&instruct(&world, &phone, 7, "lock_code", json!({})).await), lacking, "not without the finger");
    let other = SigningKey::make().unwrap();
    register(&world, &phone, 8, &other).await;
    assert_eq!(missing(&order(&world, &phone, 9, &other).await), lacking, "another key waits anew");
    for seq in [10, 11] {
        assert_eq!(instruct(&world, &phone, seq, "remove_biometric_key", json!({})).await.status, 200);
    }
    assert_eq!(order(&world, &phone, 12, &other).await.refusal(), (403, 2047, None));
}

#[tokio::test]
async fn third_signature_of_another_key_act_or_challenge_is_refused() {
    let world = World::new();
    let ((phone, finger), (other, of_other)) = (with_finger(&world, HANH).await, with_finger(&world, HOA).await);
    let mut seq = 1;
    for key in [&of_other, &other.key, &phone.key, &phone.passcode, &SigningKey::make().unwrap()] {
        seq += 1;
        assert_eq!(order(&world, &phone, seq, key).await.refusal(), (403, 2047, None), "{seq}");
    }
    let (fresh, elsewhere) = (challenge(&world).await, challenge(&world).await);
    let inner = |seq: i64, name: &str| jwt("eid-act+jwt", &act(&phone, &fresh, seq, name, &json!({})), &phone.passcode);
    // A finger that was shown for something else: another act, the same act of another number, another challenge.
    for stolen in [
        shown(&inner(100, "sign_in"), &fresh),
        shown(&inner(101, "lock_code"), &fresh),
        shown(&inner(7, "lock_code"), &elsewhere),
        json!({"aud": URL, "challenge": fresh, "act_hash": ""}),
    ] {
        seq += 1;
        let act = inner(seq, "lock_code");
        let mut claims = outer(&act, world.now());
        claims["biometric"] = json!(jwt("eid-biometric+jwt", &stolen, &finger));
        let refused = send(&world, &jwt("eid-instruction+jwt", &claims, &phone.key)).await.refusal();
        assert_eq!(refused, (403, 2047, None), "{stolen}");
    }
    // No third signature at all, for the platform: of another type, for another platform, damaged.
    let act = inner(seq + 1, "lock_code");
    let mut of_elsewhere = shown(&act, &fresh);
    of_elsewhere["aud"] = json!("https://elsewhere.example");
    for token in [
        jwt("eid-act+jwt", &shown(&act, &fresh), &finger),
        jwt("eid-biometric+jwt", &of_elsewhere, &finger),
        jwt("eid-biometric+jwt", &json!({}), &finger),
        jwt("eid-biometric+jwt", &shown(&act, &fresh), &finger).replace('.', "!"),
    ] {
        let mut claims = outer(&act, world.now());
        claims["biometric"] = json!(token);
        let refused = send(&world, &jwt("eid-instruction+jwt", &claims, &phone.key)).await.refusal();
        assert_eq!(refused, (400, 7013, None));
    }
    assert_eq!(order(&world, &phone, seq + 1, &finger).await.status, 200, "none of it did harm");
}

#[tokio::test]
async fn key_that_is_no_further_factor_is_not_registered() {
    let world = World::new();
    let (phone, (other, of_other)) = (world.activated(HANH).await, with_finger(&world, HOA).await);
    let (fresh, finger) = (challenge(&world).await, SigningKey::make().unwrap());
    let by = |key: &SigningKey, challenge: &str| binding(key, challenge, world.now());
    for (at, params) in [
        json!({}),
        json!({"biometric_binding": 1}),
        by(&phone.key, &fresh),
        by(&phone.passcode, &fresh),
        by(&other.key, &fresh),
        by(&of_other, &fresh),
        by(&finger, "AAAA"),
        json!({"biometric_binding": crate::support::passcode_binding(&finger, &fresh, world.now())}),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = act(&phone, &fresh, i64::try_from(at).unwrap() + 1, "register_biometric_key", &params);
        assert_eq!(send_signed(&world, &phone, &claims, None).await.refusal(), (400, 7013, None), "{at}");
    }
    assert_eq!(register(&world, &phone, 20, &finger).await.status, 200);
}

#[tokio::test]
async fn face_in_a_session_makes_level_three_for_a_while_and_a_key_count_at_once() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (token, _) = signed_in(&world, &phone, 1).await;
    let own = world.sealed(&phone.account, 1, &world.portrait(HANH.0));
    let level_one = world.signed_in(&phone).await;
    assert_eq!(face(&world, &phone, &level_one, &own).await.refusal(), (403, 2056, None));
    let shown = face(&world, &phone, &token, &own).await;
    assert_eq!((shown.status, shown.json()), (200, json!({"at": world.now()})));
    world.wait(300);
    assert_eq!(instruct(&world, &phone, 2, "lock_code", json!({})).await.status, 200);
    world.wait(1);
    assert_eq!(missing(&instruct(&world, &phone, 3, "lock_code", json!({})).await).0, 2056);
    world.wait(599);
    let finger = SigningKey::make().unwrap();
    let registered = register(&world, &phone, 4, &finger).await.json();
    assert_eq!(registered["result"], json!({"usable_from": world.now()}), "a quarter of an hour is enough");
    assert_eq!(order(&world, &phone, 5, &finger).await.status, 200);
    world.wait(1);
    let late = register(&world, &phone, 6, &SigningKey::make().unwrap()).await.json();
    assert_eq!(late["result"], json!({"usable_from": world.now() + DAY}));
}

#[tokio::test]
async fn face_of_somebody_else_in_a_session_spends_the_tries_of_an_hour() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (token, _) = signed_in(&world, &phone, 1).await;
    let (own, others) = (world.portrait(HANH.0), world.portrait(HOA.0));
    let sealed = |picture: &[u8]| world.sealed(&phone.account, 1, picture);
    // What is no picture, or was sealed for something else, costs nothing.
    for _ in 0..4 {
        assert_eq!(face(&world, &phone, &token, &sealed(b"no picture")).await.refusal(), (400, 2044, None));
        let elsewhere = world.sealed("activation", 1, &own);
        assert_eq!(face(&world, &phone, &token, &elsewhere).await.refusal(), (400, 7013, None));
    }
    let dpop = phone.dpop("/v1/face", Some(&token), world.now());
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", &dpop), ("content-type", "image/jpeg")];
    let refused = world.send(request(Method::POST, "/v1/face", &headers, sealed(&own))).await;
    assert_eq!(refused.refusal(), (415, 7013, None));
    for left in [2, 1] {
        let wrong = face(&world, &phone, &token, &sealed(&others)).await;
        assert_eq!((wrong.refusal().1, &wrong.json()["tries_left"]), (2043, &json!(left)));
    }
    let spent = face(&world, &phone, &token, &sealed(&others)).await;
    assert_eq!((spent.refusal(), &spent.json()["retry_after"]), ((403, 2045, None), &json!(3600)));
    world.wait(500);
    let shut = face(&world, &phone, &token, &sealed(&own)).await;
    assert_eq!((shut.refusal(), &shut.json()["retry_after"]), ((403, 2045, None), &json!(3100)));
    assert_eq!(missing(&instruct(&world, &phone, 2, "lock_code", json!({})).await).0, 2056);
    world.wait(3100);
    let (token, _) = signed_in(&world, &phone, 3).await;
    assert_eq!(face(&world, &phone, &token, &sealed(&own)).await.status, 200);
}

#[tokio::test]
async fn account_that_came_to_another_phone_cools_off_for_a_day() {
    let world = World::new();
    let first = world.activated(HANH).await;
    assert_eq!(register(&world, &first, 1, &SigningKey::make().unwrap()).await.status, 200, "the first phone has none");
    let before = messages(&world, HANH.1).len();
    // Giving the account up first does not help.
    assert_eq!(instruct(&world, &first, 2, "unlink", json!({})).await.status, 200);
    let phone = world.activated(HANH).await;
    let told = messages(&world, HANH.1).split_off(before);
    assert!(told.iter().any(|text| text.contains("dien thoai khac")), "{told:?}");
    let (finger, now) = (SigningKey::make().unwrap(), world.now());
    world.wait(3600);
    let mut seq = 0;
    for name in ["change_phone", "set_second_phone", "change_bank_account", "delegate", "sign"] {
        seq += 1;
        let cooling = instruct(&world, &phone, seq, name, json!({})).await;
        assert_eq!((cooling.refusal(), &cooling.json()["retry_after"]), ((403, 2059, None), &json!(DAY - 3600)));
    }
    assert_eq!(register(&world, &phone, 6, &finger).await.refusal(), (403, 2059, None));
    // What protects the holder goes on, and so does what a face vouches for.
    let phrase = json!({"phrase": "Mèo vàng"});
    assert_eq!(instruct(&world, &phone, 7, "set_phrase", phrase).await.status, 200);
    let (token, _) = signed_in(&world, &phone, 8).await;
    let sealed = world.sealed(&phone.account, 1, &world.portrait(HANH.0));
    assert_eq!(face(&world, &phone, &token, &sealed).await.status, 200);
    let registered = register(&world, &phone, 9, &finger).await.json();
    assert_eq!(registered["result"], json!({"usable_from": world.now()}));
    world.wait(now + DAY - 1 - world.now());
    assert_eq!(instruct(&world, &phone, 10, "sign", json!({})).await.refusal(), (403, 2059, None));
    world.wait(1);
    assert_eq!(instruct(&world, &phone, 11, "sign", json!({})).await.refusal().1, 2056);
    assert_eq!(sign_in(&world, &phone, 12).await.status, 200);
}
