//! Access tokens: what must be right about an assertion and a DPoP proof.

use axum::http::Method;
use eid_crypto::SigningKey;
use serde_json::{Value, json};

use crate::support::{HANH, Phone, URL, World, jwt, request};

const PATH: &str = "/oauth2/token";

fn invalid_grant(code: u64) -> (u16, u64, Option<String>) {
    (400, code, Some("invalid_grant".to_owned()))
}

fn invalid_dpop() -> (u16, u64, Option<String>) {
    (400, 7013, Some("invalid_dpop_proof".to_owned()))
}

#[tokio::test]
async fn active_phone_gets_a_token_bound_to_its_key() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let answer = world.token(&phone.assertion(world.now()), &phone.dpop(PATH, None, world.now())).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["token_type"], &body["expires_in"]), (200, &json!("DPoP"), &json!(600)));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_ne!(answer.text("access_token"), world.signed_in(&phone).await);
}

#[tokio::test]
async fn assertion_that_does_not_fit_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (now, good) = (world.now(), phone.assertion_claims(world.now()));
    for (member, value, code) in [
        ("iss", json!("someone"), 7013),
        ("sub", json!("someone"), 7013),
        ("aud", json!(URL), 7013),
        ("aud", json!("https://elsewhere.example/oauth2/token"), 7013),
        ("iat", json!(now - 301), 7013),
        ("iat", json!(now + 301), 7013),
        ("exp", json!(now + 61), 7013),
        ("exp", json!(now), 7013),
        ("exp", json!(i64::MAX), 7013),
        ("exp", Value::Null, 7013),
        ("jti", json!(""), 7013),
    ] {
        let mut claims = good.clone();
        claims[member] = value.clone();
        let refused = world.token(&jwt("JWT", &claims, &phone.key), &phone.dpop(PATH, None, now)).await;
        assert_eq!(refused.refusal(), invalid_grant(code), "{member} {value}");
    }
    let stranger = Phone::new(SigningKey::make().unwrap(), phone.account.clone());
    let nobody = Phone::new(SigningKey::make().unwrap(), "nobody".to_owned());
    for other in [stranger, nobody] {
        let refused = world.token(&other.assertion(now), &other.dpop(PATH, None, now)).await;
        assert_eq!(refused.refusal(), invalid_grant(7012));
    }
    let typ = jwt("at+jwt", &good, &phone.key);
    assert_eq!(world.token(&typ, &phone.dpop(PATH, None, now)).await.refusal(), invalid_grant(7013));
}

#[tokio::test]
async fn clock_within_five_minutes_is_accepted() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for skew in [-300, 300] {
        let now = world.now() + skew;
        assert_eq!(world.token(&phone.assertion(now), &phone.dpop(PATH, None, now)).await.status, 200, "{skew}");
    }
}

#[tokio::test]
async fn replayed_request_is_refused_as_long_as_it_is_fresh() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    // From a clock that is fast, so that the request stays fresh for ten minutes.
    let (assertion, dpop) = (phone.assertion(world.now() + 300), phone.dpop(PATH, None, world.now() + 300));
    assert_eq!(world.token(&assertion, &dpop).await.status, 200);
    for _ in 0..3 {
        assert_eq!(world.token(&phone.assertion(world.now()), &dpop).await.refusal(), invalid_dpop());
        let fresh = phone.dpop(PATH, None, world.now());
        assert_eq!(world.token(&assertion, &fresh).await.refusal(), invalid_grant(7013));
        world.wait(299);
        // Other traffic, so that what may be forgotten is forgotten.
        world.signed_in(&phone).await;
    }
}

#[tokio::test]
async fn dpop_proof_that_does_not_fit_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let now = world.now();
    let good = Phone::dpop_claims(PATH, None, now);
    for (member, value) in [
        ("htm", json!("GET")),
        ("htm", json!("post")),
        ("htu", json!(format!("{URL}/openid4vci/credential"))),
        ("htu", json!("https://elsewhere.example/oauth2/token")),
        ("htu", json!(format!("{URL}/oauth2/token/"))),
        ("htu", json!(format!("{URL}.evil.example/oauth2/token"))),
        ("htu", json!(PATH)),
        ("iat", json!(now - 301)),
        ("iat", json!(now + 301)),
        ("jti", json!("")),
        ("jti", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[member] = value.clone();
        let refused = world.token(&phone.assertion(now), &jwt("dpop+jwt", &claims, &phone.key)).await;
        assert_eq!(refused.refusal(), invalid_dpop(), "{member} {value}");
    }
    let other_key = jwt("dpop+jwt", &good, &SigningKey::make().unwrap());
    for bad in [jwt("JWT", &good, &phone.key), other_key, "x".to_owned(), "a".repeat(17_000)] {
        assert_eq!(world.token(&phone.assertion(now), &bad).await.refusal(), invalid_dpop());
    }
}

#[tokio::test]
async fn request_without_form_or_proof_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    let body = || format!("{grant}&assertion={}", phone.assertion(world.now()));
    let (one, two) = (phone.dpop(PATH, None, world.now()), phone.dpop(PATH, None, world.now()));
    for (headers, body, status, error) in [
        (vec![form], body(), 400, "invalid_dpop_proof"),
        (vec![form, ("dpop", &one), ("dpop", &two)], body(), 400, "invalid_dpop_proof"),
        (
            vec![form, ("dpop", &one)],
            "grant_type=client_credentials&assertion=x".to_owned(),
            400,
            "unsupported_grant_type",
        ),
        (vec![form, ("dpop", &one)], grant.to_owned(), 400, "invalid_request"),
        (vec![form, ("dpop", &one)], format!("{}&{grant}", body()), 400, "invalid_request"),
        (vec![("content-type", "application/json"), ("dpop", &one)], body(), 415, "invalid_request"),
    ] {
        let refused = world.send(request(Method::POST, PATH, &headers, body)).await.refusal();
        assert_eq!(refused, (status, 7013, Some(error.to_owned())));
    }
}
