//! Consents and requests under the data-protection law: what the platform takes, once, and what it refuses.

use axum::{
    body::Body,
    http::{Method, Request},
};
use eid_crypto::SigningKey;
use eid_sandbox::{ActSetting, RequestPlan, Settings};
use serde_json::{Value, json};

use crate::{
    session::signed_in,
    support::{Answer, HANH, HOA, Phone, START, URL, World, jwt},
};

const DAY: i64 = 86_400;

async fn post(world: &World, phone: &Phone, path: &str, body: &Value) -> Answer {
    let token = world.signed_in(phone).await;
    let (authorization, dpop) = (format!("DPoP {token}"), phone.dpop(path, Some(&token), world.now()));
    world.post(path, &[("authorization", &authorization), ("dpop", &dpop)], body).await
}

async fn get(world: &World, phone: &Phone, token: &str, path: &str) -> Answer {
    let mut claims = Phone::dpop_claims(path, Some(token), world.now());
    claims["htm"] = json!("GET");
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", jwt("dpop+jwt", &claims, &phone.key));
    world.send(request.body(Body::empty()).unwrap()).await
}

/// What the platform holds, for somebody who signs in with the instruction of this number.
async fn list(world: &World, phone: &Phone, seq: i64, path: &str) -> Value {
    let (token, _) = signed_in(world, phone, seq).await;
    let answer = get(world, phone, &token, path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn statement(phone: &Phone) -> Value {
    json!({
        "aud": URL, "sub": phone.account, "jti": "consent-1", "iat": START, "exp": START + 30 * DAY,
        "purpose": "sim-registration", "recipient": {"id": "rp/telecom-1", "name": "Viễn thông Mẫu"},
        "fields": [{"name": "pid", "sensitive": false}, {"name": "face", "sensitive": true}],
        "text_version": 2, "text_language": "vi", "text_sha256": "A".repeat(43)
    })
}

async fn send(world: &World, phone: &Phone, statement: &Value) -> Answer {
    let consent = jwt("eid-consent+jwt", statement, &phone.key);
    post(world, phone, "/v1/consents", &json!({"consent": consent})).await
}

#[tokio::test]
async fn consent_taken_is_kept_once_and_withdrawn_once() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let consent = jwt("eid-consent+jwt", &statement(&phone), &phone.key);
    let body = json!({"consent": consent});
    // Given offline, months before: the clock of the platform does not matter.
    world.wait(90 * DAY);
    let first = post(&world, &phone, "/v1/consents", &body).await;
    world.wait(10);
    let again = post(&world, &phone, "/v1/consents", &body).await;
    assert_eq!((first.status, again.status, first.json()), (200, 200, again.json()));
    let mut other = statement(&phone);
    other["exp"] = json!(START + 31 * DAY);
    assert_eq!(send(&world, &phone, &other).await.refusal().0, 409, "the name is taken");

    let withdrawal = json!({"aud": URL, "sub": phone.account, "jti": "consent-1", "iat": START + 40});
    let withdraw = async |claims: &Value, id: &str| {
        let token = jwt("eid-consent-withdrawal+jwt", claims, &phone.key);
        post(&world, &phone, &format!("/v1/consents/{id}/withdrawal"), &json!({"withdrawal": token})).await
    };
    assert_eq!(withdraw(&withdrawal, "consent-1").await.json(), json!({"withdrawn_at": START + 40}));
    let mut later = withdrawal.clone();
    later["iat"] = json!(START + 50);
    assert_eq!(withdraw(&later, "consent-1").await.json(), json!({"withdrawn_at": START + 40}), "the first counts");
    assert_eq!(withdraw(&withdrawal, "consent-2").await.refusal().1, 7013, "it names another");
    let mut unknown = withdrawal.clone();
    unknown["jti"] = json!("consent-2");
    assert_eq!(withdraw(&unknown, "consent-2").await.refusal(), (404, 9005, None));
    let kept = list(&world, &phone, 1, "/v1/consents").await;
    assert_eq!(kept["consents"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&kept["consents"][0]["consent"], &kept["consents"][0]["withdrawn_at"]),
        (&json!(consent), &json!(START + 40))
    );
    let stranger = world.activated(HOA).await;
    assert_eq!(list(&world, &stranger, 1, "/v1/consents").await, json!({"consents": []}));
}

#[tokio::test]
async fn consents_that_say_something_else_than_the_law_asks_for_are_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let stranger = world.activated(HOA).await;
    for (member, value, code) in [
        ("aud", json!("https://other.example"), 7013),
        ("sub", json!(stranger.account), 7013),
        ("jti", json!("a/b"), 7013),
        ("iat", json!(START + 301), 7013),
        ("exp", json!(START), 7013),
        ("exp", json!(START + 366 * DAY), 7013),
        ("purpose", json!("x"), 9006),
        ("text_version", json!(9), 9006),
        ("fields", json!([]), 7013),
        ("fields", json!([{"name": "face", "sensitive": false}]), 7013),
        ("fields", json!([{"name": "bank_account", "sensitive": true}]), 7013),
        ("fields", json!([{"name": "pid", "sensitive": false}, {"name": "pid", "sensitive": false}]), 7013),
        ("recipient", json!({"id": "rp/1", "name": ""}), 7013),
        ("recipient", json!({"id": "rp/1", "name": "a\u{202e}b"}), 7013),
        ("recipient", json!("rp/1"), 7013),
    ] {
        let mut claims = statement(&phone);
        claims[member] = value.clone();
        assert_eq!(send(&world, &phone, &claims).await.refusal().1, code, "{member} {value}");
    }
    let forged = jwt("eid-consent+jwt", &statement(&phone), &SigningKey::make().unwrap());
    for consent in [forged, jwt("JWT", &statement(&phone), &phone.key), "a.b.c".to_owned(), String::new()] {
        assert_eq!(post(&world, &phone, "/v1/consents", &json!({"consent": consent})).await.refusal().1, 7013);
    }
    assert_eq!(list(&world, &phone, 1, "/v1/consents").await, json!({"consents": []}));
    let unsigned = world.post("/v1/consents", &[], &json!({"consent": "x"})).await;
    assert_eq!(unsigned.refusal().1, 7012);
}

#[tokio::test]
async fn requests_are_received_once_and_played_by_their_plan() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    world.sandbox.set_request_plan(Some(RequestPlan::Extended));
    let request = json!({"id": "r-1", "kind": "withdraw", "text": ""});
    let first = post(&world, &phone, "/v1/data-requests", &request).await;
    world.wait(DAY);
    assert_eq!(post(&world, &phone, "/v1/data-requests", &request).await.json(), first.json());
    for (body, status, code) in [
        (json!({"id": "r-1", "kind": "delete", "text": ""}), 409, 7013),
        (json!({"id": "r-2", "kind": "correct", "text": " "}), 400, 9012),
        (json!({"id": "r/2", "kind": "access", "text": ""}), 400, 7013),
        (json!({"id": "r-2", "kind": "forget", "text": ""}), 400, 7013),
        (json!({"id": "r-2", "kind": "access", "text": "a".repeat(1_001)}), 400, 7013),
        (json!({"id": "r-2", "kind": "access"}), 400, 7013),
    ] {
        let (refused, why, _) = post(&world, &phone, "/v1/data-requests", &body).await.refusal();
        assert_eq!((refused, why), (status, code), "{body}");
    }
    world.wait(7 * DAY);
    let requests = list(&world, &phone, 1, "/v1/data-requests").await;
    assert_eq!(
        requests["requests"],
        json!([{
            "id": "r-1", "received_at": START, "others_involved": true, "answered_at": START + DAY,
            "extended_at": START + 8 * DAY, "ended_at": null, "refused": false
        }])
    );
}

#[tokio::test]
async fn what_the_platform_holds_is_read_in_a_session_of_two_factors_only() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    assert_eq!(
        send(&world, &phone, &statement(&phone)).await.status,
        200,
        "signed by the device key, and that is enough"
    );
    let (one, (two, _)) = (world.signed_in(&phone).await, signed_in(&world, &phone, 1).await);
    for path in ["/v1/consents", "/v1/data-requests"] {
        assert_eq!(get(&world, &phone, &one, path).await.refusal(), (403, 2056, None), "{path}");
        assert_eq!(get(&world, &phone, &two, path).await.status, 200, "{path}");
    }
    let acts = vec![ActSetting { act: "view_wallet".to_owned(), level: 2, max_age_s: 59 }];
    world.sandbox.set_settings(&Settings { acts, ..Settings::default() }).unwrap();
    world.wait(60);
    for path in ["/v1/consents", "/v1/data-requests"] {
        assert_eq!(get(&world, &phone, &two, path).await.refusal(), (403, 2056, None), "{path}: shown too long ago");
    }
}

#[tokio::test]
async fn stopped_account_is_refused_every_call_but_the_one_that_says_so() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for (seq, (change, undone, state, code)) in (1..).zip([
        (json!({"locked": true}), json!({"locked": false}), "locked", 7020),
        (json!({"closed": true}), json!({"closed": false}), "closed", 7021),
        (json!({"card_state": "expired"}), json!({"card_state": "valid"}), "card_expired", 7023),
    ]) {
        let (token, refresh) = signed_in(&world, &phone, seq).await;
        world.change(HANH.0, &change).await;
        for path in ["/v1/consents", "/v1/data-requests", "/v1/devices", "/v1/grant"] {
            assert_eq!(get(&world, &phone, &token, path).await.refusal(), (403, code, None), "{path}");
        }
        assert_eq!(send(&world, &phone, &statement(&phone)).await.refusal(), (403, code, None));
        let request = json!({"id": "r-1", "kind": "access", "text": ""});
        assert_eq!(post(&world, &phone, "/v1/data-requests", &request).await.refusal(), (403, code, None));
        let refused = crate::session::refresh(&world, &phone, &refresh).await.refusal();
        assert_eq!((refused.0, refused.1), (403, code), "the session goes on no more");
        let report = json!({"store_generation": 1});
        assert_eq!(post(&world, &phone, "/v1/device/state", &report).await.text("account_state"), state);
        world.change(HANH.0, &undone).await;
        assert_eq!(get(&world, &phone, &token, "/v1/consents").await.status, 200);
        assert_eq!(crate::session::refresh(&world, &phone, &refresh).await.status, 200);
    }
}
