//! The level-2 grant and its renewal.

use axum::{body::Body, http::Method};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Signature, SigningKey, VerifyingKey};
use eid_proof::{KeyUse, TrustList, key_id};
use eid_sandbox::SANDBOX_ROOT;
use serde_json::{Value, json};

use crate::support::{Answer, HANH, Phone, World, jwk, jwt, request};

const PATH: &str = "/v1/grant";

/// The claims of a grant whose signature fits the grant key of the trust list.
pub(crate) fn verified_grant(world: &World, grant: &str) -> Value {
    let [header, claims, signature] = grant.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let root = VerifyingKey::parse(SANDBOX_ROOT).unwrap();
    let trust = TrustList::parse(&world.sandbox.trust_list().unwrap(), &[root]).unwrap();
    let key = trust.keys().iter().find(|key| key.usage == KeyUse::Grant).unwrap().key;
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let kid = URL_SAFE_NO_PAD.encode(key_id(&key));
    assert_eq!(header, json!({"typ": "eid-grant+jwt", "alg": "ES256", "kid": kid}));
    let signed = grant.rsplit_once('.').unwrap().0;
    key.verify(signed.as_bytes(), &Signature::try_from(decode(signature)).unwrap()).unwrap();
    serde_json::from_slice(&decode(claims)).unwrap()
}

async fn renew(world: &World, authorization: &str, dpop: &str) -> Answer {
    let headers = [("authorization", authorization), ("dpop", dpop)];
    world.send(request(Method::GET, PATH, &headers, Body::empty())).await
}

fn dpop(phone: &Phone, method: &str, token: &str, now: i64) -> String {
    let mut claims = Phone::dpop_claims(PATH, Some(token), now);
    claims["htm"] = json!(method);
    jwt("dpop+jwt", &claims, &phone.key)
}

#[tokio::test]
async fn active_phone_renews_its_grant() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    world.wait(360 * 86_400);
    let token = world.signed_in(&phone).await;
    let answer = renew(&world, &format!("DPoP {token}"), &dpop(&phone, "GET", &token, world.now())).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let claims = verified_grant(&world, &answer.text("grant"));
    assert_eq!((&claims["sub"], &claims["cnf"]["jwk"]), (&json!(phone.account), &jwk(phone.key.public())));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(world.now()), &json!(world.now() + 365 * 86_400)));
}

#[tokio::test]
async fn request_without_token_or_proof_renews_nothing() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let token = world.signed_in(&phone).await;
    let (authorization, now) = (format!("DPoP {token}"), world.now());
    let thief = Phone::new(SigningKey::make().unwrap(), phone.account.clone());
    for (authorization, dpop, code, error) in [
        (authorization.as_str(), dpop(&phone, "POST", &token, now), 7013, "invalid_dpop_proof"),
        (&authorization, dpop(&thief, "GET", &token, now), 7013, "invalid_dpop_proof"),
        ("DPoP x", dpop(&phone, "GET", "x", now), 7012, "invalid_token"),
        ("", dpop(&phone, "GET", &token, now), 7012, "invalid_token"),
    ] {
        let refused = renew(&world, authorization, &dpop).await.refusal();
        assert_eq!(refused, (401, code, Some(error.to_owned())));
    }
    world.activated(HANH).await;
    let refused = renew(&world, &authorization, &dpop(&phone, "GET", &token, now)).await.refusal();
    assert_eq!(refused, (401, 7025, Some("invalid_token".to_owned())), "superseded");
}
