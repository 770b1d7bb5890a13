//! Phone numbers of an account, the phrase in its messages, and a lock code that is given again.

use axum::{body::Body, http::Method};
use eid_model::PhoneNumber;
use serde_json::{Value, json};

use crate::{
    device::report,
    instruction::{act, challenge, instruct, outer, send, sign_in},
    session::signed_in,
    support::{Answer, HANH, Phone, START, World, jti, jwt, request},
};

const NEW: &str = "0900000777";
const SECOND: &str = "0900000888";

/// The messages to a number, oldest first.
pub(crate) fn messages(world: &World, phone: &str) -> Vec<String> {
    let sent = world.sandbox.messages(&PhoneNumber::parse(phone).unwrap()).unwrap();
    sent.into_iter().map(|message| message.text).collect()
}

async fn ask_code(world: &World, phone: &Phone, token: &str, body: &Value) -> Answer {
    let dpop = phone.dpop("/v1/phone-code", Some(token), world.now());
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", &dpop), ("content-type", "application/json")];
    world.send(request(Method::POST, "/v1/phone-code", &headers, Body::from(body.to_string()))).await
}

/// Has a code sent and gives it.
async fn code_for(world: &World, phone: &Phone, token: &str, what_for: &str, number: &str) -> String {
    let sent = ask_code(world, phone, token, &json!({"use": what_for, "phone": number})).await;
    assert_eq!((sent.status, sent.json()), (200, json!({"expires_at": world.now() + 300})));
    world.code(number)
}

/// A phone that may do acts of level 3 without further ado, and its session.
async fn trusted(world: &World) -> (Phone, String) {
    let acts: Vec<_> = ["change_phone", "set_second_phone", "lock_code"]
        .map(|act| json!({"act": act, "level": 2, "max_age_s": 60}))
        .to_vec();
    world.post("/sandbox/configuration", &[], &json!({"acts": acts})).await;
    let phone = world.activated(HANH).await;
    let (token, _) = signed_in(world, &phone, 1).await;
    (phone, token)
}

#[tokio::test]
async fn phone_number_is_changed_with_a_code_to_the_new_one_and_the_old_one_is_told() {
    let world = World::new();
    let (phone, token) = trusted(&world).await;
    let code = code_for(&world, &phone, &token, "change", NEW).await;
    assert!(messages(&world, NEW)[0].contains("DOI SO DIEN THOAI"), "it says what it is for");
    let params = json!({"phone": NEW, "code": code});
    let before = messages(&world, HANH.1).len();
    // Twice, as after an answer that was lost.
    for seq in [2, 3] {
        let changed = instruct(&world, &phone, seq, "change_phone", params.clone()).await;
        assert_eq!(changed.json()["result"], json!({}), "{changed:?}");
    }
    let told = messages(&world, HANH.1).split_off(before);
    assert_eq!((told.len(), told[0].contains("vua duoc doi")), (1, true));
    let contacts = &report(&world, &phone, &json!({"store_generation": 1})).await.json()["contacts"];
    assert_eq!(contacts, &json!([{"hint": "*******777", "kind": "first", "confirmed_at": START}]));
    assert_eq!(world.start(HANH, &jti()).await.refusal(), (403, 7010, None), "the old number activates nothing");
    assert_eq!(world.start((HANH.0, NEW), &jti()).await.status, 201);
}

#[tokio::test]
async fn either_of_two_numbers_activates_and_both_are_told_what_happens() {
    let world = World::new();
    let (phone, token) = trusted(&world).await;
    let same = json!({"use": "second", "phone": HANH.1});
    assert_eq!(ask_code(&world, &phone, &token, &same).await.refusal(), (400, 7013, None), "one number twice");
    assert_eq!(world.start((HANH.0, SECOND), &jti()).await.refusal().1, 7010);
    let code = code_for(&world, &phone, &token, "second", SECOND).await;
    let params = json!({"phone": SECOND, "code": code});
    assert_eq!(instruct(&world, &phone, 2, "set_second_phone", params).await.status, 200);
    world.wait(86_400);
    let next = world.activated((HANH.0, SECOND)).await;
    for number in [HANH.1, SECOND] {
        assert!(messages(&world, number).last().unwrap().contains("dien thoai khac"), "{number}");
    }
    let contacts = report(&world, &next, &json!({"store_generation": 1})).await.json()["contacts"].clone();
    let expected = json!([
        {"hint": "*******001", "kind": "first", "confirmed_at": START},
        {"hint": "*******888", "kind": "second", "confirmed_at": START + 86_400},
    ]);
    assert_eq!(contacts, expected, "what a number was used for confirms it");
    // The second number becomes the first: it is one number then.
    world.wait(86_400);
    let (token, _) = signed_in(&world, &next, 1).await;
    let code = code_for(&world, &next, &token, "change", SECOND).await;
    let params = json!({"phone": SECOND, "code": code});
    assert_eq!(instruct(&world, &next, 2, "change_phone", params).await.status, 200);
    let contacts = report(&world, &next, &json!({"store_generation": 1})).await.json()["contacts"].clone();
    assert_eq!(contacts.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn number_that_is_still_the_holders_is_confirmed() {
    let world = World::new();
    let (phone, _) = trusted(&world).await;
    world.wait(200 * 86_400);
    let (token, _) = signed_in(&world, &phone, 2).await;
    let asked = ask_code(&world, &phone, &token, &json!({"use": "confirm", "contact": "first"})).await;
    assert_eq!(asked.status, 200);
    let code = world.code(HANH.1);
    assert_eq!(instruct(&world, &phone, 3, "confirm_phone", json!({"code": code})).await.status, 200);
    let contacts = report(&world, &phone, &json!({"store_generation": 1})).await.json()["contacts"].clone();
    assert_eq!(contacts[0]["confirmed_at"], json!(world.now()));
    for bad in [
        json!({"use": "confirm", "contact": "second"}),
        json!({"use": "confirm", "phone": HANH.1}),
        json!({"use": "confirm"}),
        json!({"use": "change"}),
        json!({"use": "change", "phone": "112"}),
        json!({"use": "change", "phone": NEW, "contact": "first"}),
        json!({"use": "pay", "phone": NEW}),
        json!({"phone": NEW}),
    ] {
        assert_eq!(ask_code(&world, &phone, &token, &bad).await.refusal(), (400, 7013, None), "{bad}");
    }
}

#[tokio::test]
async fn code_for_a_number_is_for_one_use_one_number_and_a_few_tries() {
    let world = World::new();
    let (phone, token) = trusted(&world).await;
    let level_one = world.signed_in(&phone).await;
    let body = json!({"use": "change", "phone": NEW});
    assert_eq!(ask_code(&world, &phone, &level_one, &body).await.refusal(), (403, 2056, None));
    let change = async |seq: i64, number: &str, code: &str| {
        instruct(&world, &phone, seq, "change_phone", json!({"phone": number, "code": code})).await
    };
    assert_eq!(change(2, NEW, "000000").await.refusal(), (410, 2011, None), "none was sent");
    let code = code_for(&world, &phone, &token, "second", NEW).await;
    assert_eq!(change(3, NEW, &code).await.refusal(), (410, 2011, None), "it was for something else");
    world.wait(61);
    let code = code_for(&world, &phone, &token, "change", NEW).await;
    assert_eq!(ask_code(&world, &phone, &token, &body).await.status, 200);
    assert_eq!(messages(&world, NEW).len(), 2, "the same again sends no other");
    assert_eq!(change(4, SECOND, &code).await.refusal(), (400, 7013, None), "it went to another number");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for left in (1..=4).rev() {
        let refused = change(10 - left, NEW, wrong).await;
        assert_eq!((refused.refusal().1, &refused.json()["tries_left"]), (2010, &json!(left)));
    }
    assert_eq!(change(10, NEW, wrong).await.refusal(), (403, 2012, None));
    assert_eq!(change(11, NEW, &code).await.refusal(), (403, 2012, None), "too late for the right one");
    world.wait(61);
    let code = code_for(&world, &phone, &token, "change", NEW).await;
    world.wait(300);
    assert_eq!(change(12, NEW, &code).await.refusal(), (410, 2011, None));
    let (token, _) = signed_in(&world, &phone, 13).await;
    let mut asked = Vec::new();
    for _ in 0..6 {
        world.wait(61);
        asked.push(ask_code(&world, &phone, &token, &body).await.status);
    }
    assert_eq!((asked[0], asked[5]), (200, 429), "nobody's phone is flooded: {asked:?}");
}

#[tokio::test]
async fn phrase_stands_in_every_message_and_is_told_to_the_phone_alone() {
    let world = World::new();
    let (phone, _) = trusted(&world).await;
    for (seq, bad) in [(2, json!("goi 0900000999")), (3, json!("https://a.example")), (4, json!(7)), (5, json!("ab"))] {
        let refused = instruct(&world, &phone, seq, "set_phrase", json!({"phrase": bad})).await;
        assert_eq!(refused.refusal(), (400, 7013, None));
    }
    let set = json!({"phrase": "Mèo vàng trên mái"});
    assert_eq!(instruct(&world, &phone, 6, "set_phrase", set).await.status, 200);
    let state = report(&world, &phone, &json!({"store_generation": 1})).await.json();
    assert_eq!(state["phrase"], json!("Mèo vàng trên mái"));
    let before = messages(&world, HANH.1).len();
    world.activated(HANH).await;
    let told = messages(&world, HANH.1).split_off(before);
    assert_eq!(told.len(), 2, "a code, and word of the new phone");
    assert!(told.iter().all(|text| text.starts_with("eID thu nghiem [Meo vang tren mai]: ")), "{told:?}");
    assert!(told.iter().all(|text| !text.contains("http") && !text.contains('/')), "and never a link");
}

#[tokio::test]
async fn lock_code_given_again_takes_the_place_of_the_one_before() {
    let world = World::new();
    let (phone, _) = trusted(&world).await;
    let claims = act(&phone, &challenge(&world).await, 2, "lock_code", &json!({}));
    let inner = jwt("eid-act+jwt", &claims, &phone.passcode);
    let instruction = jwt("eid-instruction+jwt", &outer(&inner, world.now()), &phone.key);
    let code = |answer: &Answer| answer.json()["result"]["lock_code"].as_str().unwrap().to_owned();
    let first = code(&send(&world, &instruction).await);
    assert_eq!(code(&send(&world, &instruction).await), first, "the very same instruction has the same answer");
    let second = code(&instruct(&world, &phone, 3, "lock_code", json!({})).await);
    assert_ne!(first, second);
    assert_eq!(world.lock(HANH.0, &first).await.refusal().1, 2046);
    assert_eq!(sign_in(&world, &phone, 4).await.status, 200);
    assert_eq!(world.lock(HANH.0, &second).await.status, 200);
    assert_eq!(sign_in(&world, &phone, 5).await.refusal(), (403, 7020, None));
}
