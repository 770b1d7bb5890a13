//! What a phone reports of its store and its passcode.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use crate::{
    instruction::sign_in,
    support::{Answer, HANH, Phone, START, World, jwt, request},
};

const PATH: &str = "/v1/device/state";

pub(crate) async fn report(world: &World, phone: &Phone, body: &Value) -> Answer {
    let token = world.signed_in(phone).await;
    let mut claims = Phone::dpop_claims(PATH, Some(&token), world.now());
    claims["htm"] = json!("POST");
    let dpop = jwt("dpop+jwt", &claims, &phone.key);
    let authorization = format!("DPoP {token}");
    let headers =
        [("authorization", authorization.as_str()), ("dpop", dpop.as_str()), ("content-type", "application/json")];
    world.send(request(Method::POST, PATH, &headers, Body::from(body.to_string()))).await
}

fn known(answer: &Answer) -> (u64, u64) {
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.json()["store_generation"].as_u64().unwrap(), answer.json()["passcode_epoch"].as_u64().unwrap())
}

#[tokio::test]
async fn older_store_reported_is_told_the_highest_generation() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for (reported, expected) in [(7, 0), (9, 7), (8, 9), (9, 9), (10, 9)] {
        assert_eq!(known(&report(&world, &phone, &json!({"store_generation": reported})).await), (expected, 1));
    }
    // Another phone of the same person begins anew.
    let next = world.activated(HANH).await;
    assert_eq!(known(&report(&world, &next, &json!({"store_generation": 1})).await), (0, 1));
}

#[tokio::test]
async fn phone_that_lost_count_is_told_epoch_number_and_time() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let body = json!({"store_generation": 1});
    let told = async |seq: u64| {
        let answer = report(&world, &phone, &body).await.json();
        let expected = json!({
            "store_generation": 1, "passcode_epoch": 1, "account_state": "active", "instruction_seq": seq,
            "now": world.now(),
            "contacts": [{"hint": "*******001", "kind": "first", "confirmed_at": START}],
        });
        assert_eq!(answer, expected);
    };
    report(&world, &phone, &body).await;
    told(0).await;
    sign_in(&world, &phone, 40).await;
    world.wait(30);
    told(40).await;
    // The epoch moves by an instruction only: the device key alone says nothing about passcodes.
    report(&world, &phone, &json!({"store_generation": 1, "passcode_epoch": 2})).await;
    told(40).await;
    for bad in [json!({}), json!({"store_generation": -1}), json!({"store_generation": u64::MAX})] {
        assert_eq!(report(&world, &phone, &bad).await.refusal(), (400, 7013, None), "{bad}");
    }
}
