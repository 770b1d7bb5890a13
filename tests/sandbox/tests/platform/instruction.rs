//! Instructions: each way to forge, replay, reorder or guess one, and what a good one does.

use std::sync::Arc;

use eid_crypto::SigningKey;
use serde_json::{Value, json};

use crate::{
    session::devices,
    support::{Answer, HANH, HOA, Phone, URL, World, jwt, passcode_binding},
};

const PATH: &str = "/v1/instructions";

pub(crate) async fn challenge(world: &World) -> String {
    world.post("/v1/challenge", &[], &json!({})).await.text("challenge")
}

/// The claims of an act that is good now.
pub(crate) fn act(phone: &Phone, challenge: &str, seq: i64, act: &str, params: &Value) -> Value {
    json!({"aud": URL, "sub": phone.account, "challenge": challenge, "seq": seq, "act": act, "params": params})
}

pub(crate) fn outer(inner: &str, now: i64) -> Value {
    json!({"aud": URL, "iat": now, "inner": inner})
}

/// An instruction as the phone would sign it.
fn signed(phone: &Phone, claims: &Value, now: i64) -> String {
    let inner = jwt("eid-act+jwt", claims, &phone.passcode);
    jwt("eid-instruction+jwt", &outer(&inner, now), &phone.key)
}

pub(crate) async fn send(world: &World, instruction: &str) -> Answer {
    world.post(PATH, &[], &json!({"instruction": instruction})).await
}

/// Has the platform do something, in the proper way.
pub(crate) async fn instruct(world: &World, phone: &Phone, seq: i64, name: &str, params: Value) -> Answer {
    let claims = act(phone, &challenge(world).await, seq, name, &params);
    send(world, &signed(phone, &claims, world.now())).await
}

pub(crate) async fn sign_in(world: &World, phone: &Phone, seq: i64) -> Answer {
    instruct(world, phone, seq, "sign_in", json!({})).await
}

/// A try with another passcode.
async fn guess(world: &World, phone: &Phone, seq: i64) -> Answer {
    let claims = act(phone, &challenge(world).await, seq, "sign_in", &json!({}));
    let inner = jwt("eid-act+jwt", &claims, &SigningKey::make().unwrap());
    send(world, &jwt("eid-instruction+jwt", &outer(&inner, world.now()), &phone.key)).await
}

fn code(answer: &Answer) -> u64 {
    answer.refusal().1
}

fn left(answer: &Answer) -> (u64, Value, Value) {
    (code(answer), answer.json()["tries_left"].clone(), answer.json()["retry_after"].clone())
}

#[tokio::test]
async fn signed_in_phone_gets_tokens_of_level_two() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let answer = sign_in(&world, &phone, 1).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!((&body["act"], &body["seq"]), (&json!("sign_in"), &json!(1)));
    let result = &body["result"];
    assert_eq!((&result["token_type"], &result["expires_in"]), (&json!("DPoP"), &json!(600)));
    assert_eq!((&result["auth_level"], &result["auth_time"]), (&json!(2), &json!(world.now())));
    assert_ne!(result["access_token"], result["refresh_token"]);
    let next = sign_in(&world, &phone, 2).await.json();
    assert_ne!(next["result"]["access_token"], result["access_token"]);
}

#[tokio::test]
async fn second_that_begins_while_an_instruction_is_looked_at_refuses_nobody() {
    let world = World::hurrying();
    let phone = world.activated(HANH).await;
    let answer = sign_in(&world, &phone, 1).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["result"]["access_token"].as_str().unwrap().to_owned();
    assert_eq!(devices(&world, &phone, &token).await.status, 200);
    for (seq, name, params) in [(2, "set_phrase", json!({"phrase": "mưa rào tháng sáu"})), (3, "lock", json!({}))] {
        let answer = instruct(&world, &phone, seq, name, params).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn instruction_with_a_wrong_claim_is_refused_with_its_code() {
    let world = World::new();
    let (phone, other) = (world.activated(HANH).await, world.activated(HOA).await);
    assert_eq!(sign_in(&world, &phone, 5).await.status, 200);
    let now = world.now();
    let good = act(&phone, &challenge(&world).await, 6, "sign_in", &json!({}));
    for (member, value, expected) in [
        ("aud", json!("https://elsewhere.example"), (400, 7013)),
        ("aud", json!(format!("{URL}/")), (400, 7013)),
        ("sub", json!(other.account), (400, 7013)),
        ("sub", json!(""), (400, 7013)),
        ("challenge", json!("AAAA"), (400, 2051)),
        ("challenge", json!(""), (400, 2051)),
        ("seq", json!(5), (409, 2052)),
        ("seq", json!(1), (409, 2052)),
        ("seq", json!(0), (400, 7013)),
        ("seq", json!(-1), (400, 7013)),
        ("seq", json!(6.5), (400, 7013)),
        ("seq", json!(5 + (1_i64 << 20) + 1), (400, 7013)),
        ("seq", json!(i64::MAX), (400, 7013)),
        ("seq", json!(u64::MAX), (400, 7013)),
        ("act", Value::Null, (400, 7013)),
        ("params", json!("x"), (400, 7013)),
        ("params", json!([1]), (400, 7013)),
        ("params", json!({"x": "x".repeat(20_000)}), (400, 7013)),
    ] {
        let mut claims = good.clone();
        claims[member] = value.clone();
        let refused = send(&world, &signed(&phone, &claims, now)).await.refusal();
        assert_eq!(refused, (expected.0, expected.1, None), "{member}");
    }
    let inner = jwt("eid-act+jwt", &good, &phone.passcode);
    for (member, value) in [
        ("aud", json!("https://elsewhere.example")),
        ("iat", json!(now - 301)),
        ("iat", json!(now + 301)),
        ("iat", Value::Null),
        ("inner", json!("")),
        ("inner", json!(jwt("eid-act+jwt", &good, &phone.passcode).replace('.', "!"))),
        ("inner", json!(jwt("eid-instruction+jwt", &good, &phone.passcode))),
    ] {
        let mut claims = outer(&inner, now);
        claims[member] = value.clone();
        let refused = send(&world, &jwt("eid-instruction+jwt", &claims, &phone.key)).await.refusal();
        assert_eq!(refused, (400, 7013, None), "{member} {value}");
    }
    let typ = jwt("eid-act+jwt", &outer(&inner, now), &phone.key);
    assert_eq!(send(&world, &typ).await.refusal(), (400, 7013, None));
    // None of them cost a try or took the number.
    assert_eq!(send(&world, &signed(&phone, &good, now)).await.status, 200);
}

#[tokio::test]
async fn instruction_signed_by_another_key_is_refused_with_its_code() {
    let world = World::new();
    let (phone, other) = (world.activated(HANH).await, world.activated(HOA).await);
    let now = world.now();
    let claims = act(&phone, &challenge(&world).await, 1, "sign_in", &json!({}));
    let right = jwt("eid-act+jwt", &claims, &phone.passcode);
    let wrap = |inner: &str, key: &SigningKey| jwt("eid-instruction+jwt", &outer(inner, now), key);
    // A key that no phone has; one of another account; the passcode key in place of the device key.
    let stranger = wrap(&right, &SigningKey::make().unwrap());
    assert_eq!(send(&world, &stranger).await.refusal(), (401, 7012, None));
    assert_eq!(send(&world, &wrap(&right, &other.key)).await.refusal(), (400, 7013, None));
    assert_eq!(send(&world, &wrap(&right, &phone.passcode)).await.refusal(), (401, 7012, None));
    // The signature of another instruction's inner part, and a part that was changed after signing.
    let swapped = jwt("eid-act+jwt", &act(&phone, &challenge(&world).await, 1, "unlink", &json!({})), &phone.passcode);
    let [head, _, signature] = right.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let claims_of_swapped = swapped.split('.').nth(1).unwrap();
    let forged = wrap(&format!("{head}.{claims_of_swapped}.{signature}"), &phone.key);
    assert_eq!(send(&world, &forged).await.refusal(), (400, 7013, None));
    // The device key in place of the passcode key, and the passcode of somebody else: both count as guesses.
    let by_device = wrap(&jwt("eid-act+jwt", &claims, &phone.key), &phone.key);
    assert_eq!(left(&send(&world, &by_device).await), (2053, json!(3), Value::Null));
    let claims = act(&phone, &challenge(&world).await, 2, "sign_in", &json!({}));
    let by_other = wrap(&jwt("eid-act+jwt", &claims, &other.passcode), &phone.key);
    assert_eq!(left(&send(&world, &by_other).await), (2053, json!(2), Value::Null));
    assert_eq!(sign_in(&world, &phone, 3).await.status, 200);
    assert_eq!(left(&guess(&world, &phone, 4).await).1, json!(3), "a right one gives all tries back");
}

#[tokio::test]
async fn stale_challenge_is_refused_and_takes_no_number() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let claims = act(&phone, &challenge(&world).await, 1, "sign_in", &json!({}));
    world.wait(61);
    assert_eq!(code(&send(&world, &signed(&phone, &claims, world.now())).await), 2051);
    let elsewhere = World::new();
    let foreign = act(&phone, &challenge(&elsewhere).await, 1, "sign_in", &json!({}));
    assert_eq!(code(&send(&world, &signed(&phone, &foreign, world.now())).await), 2051);
    let claims = act(&phone, &challenge(&world).await, 1, "sign_in", &json!({}));
    world.wait(60);
    assert_eq!(send(&world, &signed(&phone, &claims, world.now())).await.status, 200);
}

#[tokio::test]
async fn very_same_instruction_gets_the_same_answer_and_is_done_once() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let claims = act(&phone, &challenge(&world).await, 1, "sign_in", &json!({}));
    let instruction = signed(&phone, &claims, world.now());
    let first = send(&world, &instruction).await;
    world.wait(200);
    assert_eq!(send(&world, &instruction).await.body, first.body, "long after its challenge");
    // Signed anew it is another one, with a number that was taken.
    let again = signed(&phone, &act(&phone, &challenge(&world).await, 1, "sign_in", &json!({})), world.now());
    assert_eq!(code(&send(&world, &again).await), 2052);
    assert_eq!(sign_in(&world, &phone, 2).await.status, 200);
    assert_eq!(code(&send(&world, &instruction).await), 2051, "it is not the last one any more");
    // A wrong try whose answer was lost is told the same, and counts once.
    let claims = act(&phone, &challenge(&world).await, 3, "sign_in", &json!({}));
    let wrong = jwt("eid-act+jwt", &claims, &SigningKey::make().unwrap());
    let wrong = jwt("eid-instruction+jwt", &outer(&wrong, world.now()), &phone.key);
    for _ in 0..5 {
        assert_eq!(left(&send(&world, &wrong).await), (2053, json!(3), Value::Null));
    }
    assert_eq!(left(&guess(&world, &phone, 4).await).1, json!(2));
}

#[tokio::test]
async fn reordered_instructions_are_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let mut made = Vec::new();
    for seq in 1..=3 {
        made.push(signed(&phone, &act(&phone, &challenge(&world).await, seq, "sign_in", &json!({})), world.now()));
    }
    assert_eq!(send(&world, &made[1]).await.status, 200);
    assert_eq!(code(&send(&world, &made[0]).await), 2052);
    assert_eq!(send(&world, &made[2]).await.status, 200);
    assert_eq!(code(&send(&world, &made[1]).await), 2052);
    assert_eq!(sign_in(&world, &phone, 1000).await.status, 200, "gaps do no harm");
}

#[tokio::test]
async fn guesser_waits_after_each_fourth_try_and_is_shut_out_after_the_sixteenth() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let mut seq = 0;
    for wait in [60, 300, 3600] {
        for tries_left in [3, 2, 1] {
            seq += 1;
            assert_eq!(left(&guess(&world, &phone, seq).await), (2053, json!(tries_left), Value::Null));
        }
        seq += 1;
        assert_eq!(left(&guess(&world, &phone, seq).await), (2053, json!(0), json!(wait)));
        world.wait(wait - 1);
        // Now even the right one is not looked at.
        let early = sign_in(&world, &phone, seq + 1).await;
        assert_eq!((left(&early), early.headers["retry-after"].as_bytes()), ((2054, Value::Null, json!(1)), &b"1"[..]));
        world.wait(1);
    }
    for tries_left in [3, 2, 1] {
        seq += 1;
        assert_eq!(left(&guess(&world, &phone, seq).await).1, json!(tries_left));
    }
    assert_eq!(left(&guess(&world, &phone, seq + 1).await), (2055, Value::Null, Value::Null));
    world.wait(365 * 86_400);
    assert_eq!(left(&sign_in(&world, &phone, seq + 2).await), (2055, Value::Null, Value::Null));
    // The device key alone still gets what one factor may have, and another activation starts anew.
    world.signed_in(&phone).await;
    let next = world.activated(HANH).await;
    assert_eq!(sign_in(&world, &next, 1).await.status, 200);
    assert_eq!(sign_in(&world, &phone, seq + 3).await.refusal(), (401, 7025, None));
}

#[tokio::test]
async fn right_passcode_after_a_wait_ends_all_rounds() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for seq in 1..=4 {
        guess(&world, &phone, seq).await;
    }
    world.wait(60);
    assert_eq!(sign_in(&world, &phone, 5).await.status, 200);
    for (seq, tries_left) in [(6, 3), (7, 2), (8, 1)] {
        assert_eq!(left(&guess(&world, &phone, seq).await).1, json!(tries_left));
    }
    assert_eq!(left(&guess(&world, &phone, 9).await), (2053, json!(0), json!(60)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_tries_at_once_are_all_counted() {
    let world = Arc::new(World::new());
    let phone = Arc::new(world.activated(HANH).await);
    let (mut looked_at, mut seq) = (0, 0);
    for _ in 0..40 {
        let tries = (1..=8).map(|at| {
            let (world, phone) = (Arc::clone(&world), Arc::clone(&phone));
            tokio::spawn(async move { code(&guess(&world, &phone, seq + at).await) })
        });
        let mut codes = Vec::new();
        for tried in tries.collect::<Vec<_>>() {
            codes.push(tried.await.unwrap());
        }
        seq += 8;
        let of = |wanted: &[u64]| codes.iter().filter(|code| wanted.contains(code)).count();
        assert_eq!(of(&[2052, 2053, 2054, 2055]), 8, "{codes:?}");
        looked_at += of(&[2053]);
        if of(&[2055]) > 0 {
            break;
        }
        world.wait(3600);
    }
    // The sixteenth is told that it was the last; the others that they were wrong.
    assert_eq!(looked_at, 15);
    assert_eq!(code(&sign_in(&world, &phone, seq + 1).await), 2055);
}

#[tokio::test]
async fn passcode_changed_by_instruction_moves_one_epoch_and_signs_from_then_on() {
    let world = World::new();
    let mut phone = world.activated(HANH).await;
    let next = SigningKey::make().unwrap();
    let (fresh, now) = (challenge(&world).await, world.now());
    let binding = |key: &SigningKey, challenge: &str| passcode_binding(key, challenge, now);
    let mut seq = 0;
    for (params, expected) in [
        (json!({}), (400, 7013)),
        (json!({"epoch": 2}), (400, 7013)),
        (json!({"epoch": -1, "passcode_binding": binding(&next, &fresh)}), (400, 7013)),
        (json!({"epoch": 1_u64 << 32, "passcode_binding": binding(&next, &fresh)}), (400, 7013)),
        (json!({"epoch": 2, "passcode_binding": "x"}), (400, 7013)),
        // Made for another challenge, of another type, or by the device key.
        (json!({"epoch": 2, "passcode_binding": binding(&next, "AAAA")}), (400, 7013)),
        (
            json!({"epoch": 2, "passcode_binding": jwt("JWT", &json!({"aud": URL, "iat": now, "nonce": fresh}), &next)}),
            (400, 7013),
        ),
        (json!({"epoch": 2, "passcode_binding": binding(&phone.key, &fresh)}), (400, 7013)),
        (json!({"epoch": 1, "passcode_binding": binding(&next, &fresh)}), (409, 2033)),
        (json!({"epoch": 3, "passcode_binding": binding(&next, &fresh)}), (409, 2033)),
    ] {
        seq += 1;
        let claims = act(&phone, &fresh, seq, "change_passcode", &params);
        assert_eq!(
            send(&world, &signed(&phone, &claims, now)).await.refusal(),
            (expected.0, expected.1, None),
            "{claims}"
        );
    }
    let params = json!({"epoch": 2, "passcode_binding": binding(&next, &fresh)});
    let change = signed(&phone, &act(&phone, &fresh, seq + 1, "change_passcode", &params), now);
    for _ in 0..2 {
        assert_eq!(send(&world, &change).await.json()["result"], json!({"passcode_epoch": 2}));
    }
    assert_eq!(code(&sign_in(&world, &phone, seq + 2).await), 2053);
    phone.passcode = next;
    assert_eq!(sign_in(&world, &phone, seq + 3).await.status, 200);
}

#[tokio::test]
async fn unlinked_phone_has_no_access_and_the_account_takes_another() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let token = sign_in(&world, &phone, 1).await.json()["result"]["access_token"].as_str().unwrap().to_owned();
    let claims = act(&phone, &challenge(&world).await, 2, "unlink", &json!({}));
    let unlink = signed(&phone, &claims, world.now());
    for _ in 0..2 {
        assert_eq!(send(&world, &unlink).await.json()["result"], json!({}));
    }
    assert_eq!(devices(&world, &phone, &token).await.refusal().1, 7025);
    assert_eq!(sign_in(&world, &phone, 3).await.refusal(), (401, 7025, None));
    let next = world.activated(HANH).await;
    assert_eq!((next.account == phone.account, sign_in(&world, &next, 1).await.status), (true, 200));
}

#[tokio::test]
async fn unknown_act_is_refused_and_takes_its_number() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for (seq, name) in [(1, "open_sesame"), (2, ""), (3, "SIGN_IN")] {
        assert_eq!(instruct(&world, &phone, seq, name, json!({})).await.refusal(), (400, 7013, None));
    }
    assert_eq!(code(&sign_in(&world, &phone, 3).await), 2052);
}

#[tokio::test]
async fn act_that_asks_for_more_than_two_factors_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (access, _) = crate::session::signed_in(&world, &phone, 1).await;
    let settings = json!({"acts": [
        {"act": "unlink", "level": 3, "max_age_s": 60}, {"act": "list_devices", "level": 3, "max_age_s": 60},
    ]});
    assert_eq!(world.post("/sandbox/configuration", &[], &settings).await.status, 204);
    let refused = instruct(&world, &phone, 2, "unlink", json!({})).await;
    assert_eq!((refused.refusal(), &refused.json()["missing"]), ((403, 2056, None), &json!(["biometric"])));
    assert_eq!(devices(&world, &phone, &access).await.refusal(), (403, 2056, None));
    assert_eq!(sign_in(&world, &phone, 3).await.status, 200);
}
