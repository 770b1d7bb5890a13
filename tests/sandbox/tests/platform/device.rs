//! What a phone reports of its store and its passcode.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use crate::support::{Answer, HANH, Phone, World, jwt, request};

const PATH: &str = "/v1/device/state";

async fn report(world: &World, phone: &Phone, body: &Value) -> Answer {
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
async fn passcode_epoch_moves_one_step_and_takes_repeats() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let body = |epoch: u64| json!({"store_generation": 1, "passcode_epoch": epoch});
    for epoch in [1, 2, 2, 3] {
        assert_eq!(known(&report(&world, &phone, &body(epoch)).await).1, epoch);
    }
    for epoch in [1, 2, 5, 0] {
        assert_eq!(report(&world, &phone, &body(epoch)).await.refusal(), (409, 2033, None), "{epoch}");
    }
    for bad in [json!({}), json!({"store_generation": -1}), json!({"store_generation": u64::MAX}), body(1 << 32)] {
        assert_eq!(report(&world, &phone, &bad).await.refusal(), (400, 7013, None), "{bad}");
    }
    assert_eq!(known(&report(&world, &phone, &json!({"store_generation": 1})).await).1, 3);
}
