//! Sessions: what their tokens open, how they are refreshed and how they end.

use axum::{body::Body, http::Method};
use eid_crypto::SigningKey;
use eid_sandbox::{ActSetting, Settings};
use serde_json::{Value, json};

use crate::{
    instruction::sign_in,
    support::{Answer, HANH, HOA, Phone, World, jwt, request},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) async fn devices(world: &World, phone: &Phone, token: &str) -> Answer {
    let mut claims = Phone::dpop_claims("/v1/devices", Some(token), world.now());
    claims["htm"] = json!("GET");
    let dpop = jwt("dpop+jwt", &claims, &phone.key);
    let headers = [("authorization", format!("DPoP {token}")), ("dpop", dpop)];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    world.send(request(Method::GET, "/v1/devices", &headers, Body::empty())).await
}

pub(crate) async fn refresh(world: &World, phone: &Phone, token: &str) -> Answer {
    let dpop = phone.dpop("/oauth2/token", None, world.now());
    let body = format!("grant_type=refresh_token&refresh_token={token}");
    world.send(request(Method::POST, "/oauth2/token", &[FORM, ("dpop", &dpop)], body)).await
}

async fn revoke(world: &World, phone: &Phone, token: &str) -> Answer {
    let dpop = phone.dpop("/oauth2/revoke", None, world.now());
    world.send(request(Method::POST, "/oauth2/revoke", &[FORM, ("dpop", &dpop)], format!("token={token}"))).await
}

/// Access and refresh token of an answer.
fn tokens(body: &Value) -> (String, String) {
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

pub(crate) async fn signed_in(world: &World, phone: &Phone, seq: i64) -> (String, String) {
    tokens(&sign_in(world, phone, seq).await.json()["result"])
}

fn ended() -> (u16, u64, Option<String>) {
    (400, 2057, Some("invalid_grant".to_owned()))
}

#[tokio::test]
async fn devices_are_listed_to_a_session_of_two_factors_only() {
    let world = World::new();
    let old = world.activated(HANH).await;
    world.wait(10);
    let phone = world.activated(HANH).await;
    let one_factor = world.signed_in(&phone).await;
    assert_eq!(devices(&world, &phone, &one_factor).await.refusal(), (403, 2056, None));
    world.wait(10);
    let (access, _) = signed_in(&world, &phone, 1).await;
    let listed = devices(&world, &phone, &access).await.json();
    let at = world.now();
    assert_eq!(
        listed["devices"],
        json!([
            {"name": "", "bound_at": at - 10, "last_seen_at": at, "active": true},
            {"name": "", "bound_at": at - 20, "last_seen_at": at - 20, "active": false},
        ])
    );
    // The configuration can ask for more.
    let acts = vec![ActSetting { act: "list_devices".to_owned(), level: 2, max_age_s: 59 }];
    world.sandbox.set_settings(&Settings { acts, ..Settings::default() }).unwrap();
    assert_eq!(devices(&world, &phone, &access).await.status, 200);
    world.wait(60);
    assert_eq!(devices(&world, &phone, &access).await.refusal(), (403, 2056, None));
    // The token is of no use to the phone before it, which holds another key.
    assert_eq!(devices(&world, &old, &access).await.refusal().1, 7013);
}

#[tokio::test]
async fn refreshed_session_goes_on_with_its_level_and_the_time_of_its_sign_in() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let at = world.now();
    let (_, mut token) = signed_in(&world, &phone, 1).await;
    for _ in 0..3 {
        world.wait(20 * 86_400);
        let body = refresh(&world, &phone, &token).await.json();
        assert_eq!(
            (&body["auth_level"], &body["auth_time"], &body["expires_in"]),
            (&json!(2), &json!(at), &json!(600))
        );
        let (access, next) = tokens(&body);
        assert_ne!(next, token);
        assert_eq!(
            devices(&world, &phone, &access).await.status,
            if world.now() - at <= 30 * 86_400 { 200 } else { 403 }
        );
        token = next;
    }
    world.wait(30 * 86_400);
    assert_eq!(refresh(&world, &phone, &token).await.refusal(), ended());
}

#[tokio::test]
async fn refresh_token_used_again_ends_the_session() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let other = signed_in(&world, &phone, 1).await;
    let (_, first) = signed_in(&world, &phone, 2).await;
    let answer = refresh(&world, &phone, &first).await;
    // Its answer may have been lost: within a minute, and while nobody has used the next one, it is given again.
    world.wait(60);
    let again = refresh(&world, &phone, &first).await;
    assert_eq!(again.body, answer.body);
    let (access, second) = tokens(&again.json());
    let (later, third) = tokens(&refresh(&world, &phone, &second).await.json());
    assert_eq!(refresh(&world, &phone, &first).await.refusal(), ended());
    for gone in [&second, &third] {
        assert_eq!(refresh(&world, &phone, gone).await.refusal(), ended());
    }
    for gone in [&access, &later] {
        assert_eq!(devices(&world, &phone, gone).await.refusal().1, 7012);
    }
    assert_eq!(devices(&world, &phone, &other.0).await.status, 200, "another sign-in is another session");
    // After the minute it counts as copied, whether or not the next one was used.
    let _kept = refresh(&world, &phone, &other.1).await;
    world.wait(61);
    assert_eq!(refresh(&world, &phone, &other.1).await.refusal(), ended());
}

#[tokio::test]
async fn refresh_token_of_another_phone_or_of_nobody_gives_nothing() {
    let world = World::new();
    let (phone, other) = (world.activated(HANH).await, world.activated(HOA).await);
    let (access, token) = signed_in(&world, &phone, 1).await;
    assert_eq!(refresh(&world, &other, &token).await.refusal(), ended());
    for bad in ["", "x", &access] {
        assert_eq!(refresh(&world, &phone, bad).await.refusal(), ended(), "{bad}");
    }
    let thief = Phone::new(SigningKey::make().unwrap(), phone.account.clone());
    assert_eq!(refresh(&world, &thief, &token).await.refusal(), ended());
    let lacking = world.send(request(Method::POST, "/oauth2/token", &[FORM], "grant_type=refresh_token")).await;
    assert_eq!(lacking.refusal(), (400, 7013, Some("invalid_request".to_owned())));
    assert_eq!(refresh(&world, &phone, &token).await.status, 200, "none of it did harm");
}

#[tokio::test]
async fn session_revoked_by_either_token_ends_and_no_repeat_brings_it_back() {
    let world = World::new();
    let (phone, other) = (world.activated(HANH).await, world.activated(HOA).await);
    for (seq, by_access) in [(1, true), (2, false)] {
        let (access, token) = signed_in(&world, &phone, seq).await;
        for stranger in ["x", access.as_str(), token.as_str()] {
            assert_eq!(revoke(&world, &other, stranger).await.json(), json!({}), "unknown, or another phone's");
        }
        assert_eq!(devices(&world, &phone, &access).await.status, 200);
        assert_eq!(revoke(&world, &phone, if by_access { &access } else { &token }).await.status, 200);
        assert_eq!(devices(&world, &phone, &access).await.refusal().1, 7012);
        assert_eq!(refresh(&world, &phone, &token).await.refusal(), ended());
    }
    let unsigned = world.send(request(Method::POST, "/oauth2/revoke", &[FORM], "token=x")).await;
    assert_eq!(unsigned.refusal(), (400, 7013, Some("invalid_dpop_proof".to_owned())));
}

#[tokio::test]
async fn sessions_of_a_superseded_phone_end_at_once() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (access, token) = signed_in(&world, &phone, 1).await;
    let one_factor = world.signed_in(&phone).await;
    let next = world.activated(HANH).await;
    let told = |error: &str| (401, 7025, Some(error.to_owned()));
    for gone in [&access, &one_factor] {
        assert_eq!(devices(&world, &phone, gone).await.refusal(), told("invalid_token"));
        // Whoever has copied the token and not the key is told nothing.
        assert_eq!(devices(&world, &next, gone).await.refusal(), (401, 7012, Some("invalid_token".to_owned())));
    }
    for lost in [&token, "x"] {
        assert_eq!(refresh(&world, &phone, lost).await.refusal(), told("invalid_grant"));
    }
    let by_device_key = async |phone: &Phone| {
        world.token(&phone.assertion(world.now()), &phone.dpop("/oauth2/token", None, world.now())).await.refusal()
    };
    assert_eq!(by_device_key(&phone).await, told("invalid_grant"));
    // The same for one that gave the account up by itself; and it comes back by another activation only.
    assert_eq!(crate::instruction::instruct(&world, &next, 1, "unlink", json!({})).await.status, 200);
    assert_eq!(by_device_key(&next).await, told("invalid_grant"));
}
