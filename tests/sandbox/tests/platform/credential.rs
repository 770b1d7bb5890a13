//! One-time tokens: batches, nonces, proofs, and that a counter believes what is issued.

use std::collections::BTreeSet;

use axum::http::Method;
use eid_crypto::{SigningKey, VerifyingKey};
use eid_model::Code;
use eid_proof::{
    Audience, HeldToken, MemoryReplayCache, Policy, Purpose, Scan, Showing, Spelling, Status, StatusSnapshot,
    TrustList, Verifier,
};
use eid_sandbox::SANDBOX_ROOT;
use serde_json::{Value, json};

use crate::support::{HANH, HOA, Phone, URL, World, credential_proof, jwt, request};

const PATH: &str = "/openid4vci/credential";

fn refused(code: u64, error: &str) -> (u16, u64, Option<String>) {
    (400, code, Some(error.to_owned()))
}

fn unauthorized(code: u64, error: &str) -> (u16, u64, Option<String>) {
    (401, code, Some(error.to_owned()))
}

fn trust(world: &World) -> TrustList {
    let root = VerifyingKey::parse(SANDBOX_ROOT).unwrap();
    TrustList::parse(&world.sandbox.trust_list().unwrap(), &[root]).unwrap()
}

fn keys(count: usize) -> Vec<SigningKey> {
    (0..count).map(|_| SigningKey::make().unwrap()).collect()
}

/// What a counter that fetched its lists now says of an open proof made now.
fn scan(world: &World, token: &HeldToken, key: &SigningKey) -> Code {
    let showing =
        Showing { audience: Audience::Anyone, challenge: None, photo: true, claims: vec![], now: world.time() };
    let unsigned = token.prepare(&showing).unwrap();
    let signature = key.sign(unsigned.to_be_signed()).unwrap();
    let text = unsigned.finish(&signature).text(Spelling::Digits);
    let (trust, policy) = (trust(world), Policy::default());
    let status = StatusSnapshot::parse(&world.sandbox.status_lists().unwrap(), &trust).unwrap();
    let verifier = Verifier { trust: &trust, status: Some(&status), policy: &policy };
    let scan = Scan { now: world.time(), challenge: None };
    verifier.verify_text(&text, &scan, &mut MemoryReplayCache::default()).code
}

#[tokio::test]
async fn batch_issued_holds_one_token_for_each_key_in_order() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let keys = keys(20);
    let tokens = world.issued(&phone, "vn.eid.id", &keys.iter().collect::<Vec<_>>()).await;
    assert_eq!(tokens.len(), 20);
    let trust = trust(&world);
    let mut places = BTreeSet::new();
    for (token, key) in tokens.into_iter().zip(&keys) {
        let token = HeldToken::parse(token).unwrap();
        token.check(&trust, key.public(), world.time()).unwrap();
        assert_eq!((token.purpose(), token.has_photo()), (Purpose::Id, true));
        assert_eq!(token.expires_at().checked_since(token.issued_at()), Some(14 * 86_400));
        let place = token.status().unwrap();
        assert_eq!(place.uri, "https://e.example/t/1");
        places.insert(place.index);
    }
    assert_eq!(places.len(), 20, "each has its own place");
    let neighbours = places.iter().zip(places.iter().skip(1)).filter(|(a, b)| *b - *a == 1).count();
    assert!(neighbours < 3, "places are random");
}

#[tokio::test]
async fn every_purpose_issued_is_believed_by_a_counter() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    for purpose in Purpose::ALL {
        let key = SigningKey::make().unwrap();
        let token = world.issued(&phone, &format!("vn.eid.{}", purpose.name()), &[&key]).await.remove(0);
        let token = HeldToken::parse(token).unwrap();
        assert_eq!((token.purpose(), scan(&world, &token, &key)), (purpose, Code::Q00_VALID), "{purpose:?}");
    }
}

#[tokio::test]
async fn account_status_reaches_the_counter() {
    let world = World::new();
    let (hanh, hoa) = (world.activated(HANH).await, world.activated(HOA).await);
    let (key, other_key) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let token = HeldToken::parse(world.issued(&hanh, "vn.eid.age", &[&key]).await.remove(0)).unwrap();
    let other = HeldToken::parse(world.issued(&hoa, "vn.eid.age", &[&other_key]).await.remove(0)).unwrap();
    for (status, code) in [
        (Status::Suspended, Code::Q15_SUSPENDED),
        (Status::Valid, Code::Q00_VALID),
        (Status::Revoked, Code::Q14_REVOKED),
    ] {
        world.sandbox.set_account_status(&hanh.account, status).unwrap();
        assert_eq!(scan(&world, &token, &key), code);
        assert_eq!(scan(&world, &other, &other_key), Code::Q00_VALID);
    }
    assert!(world.sandbox.set_account_status("nobody", Status::Valid).is_err());
}

#[tokio::test]
async fn nonce_used_late_or_mixed_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let token = world.signed_in(&phone).await;
    let send = async |nonces: &[&str]| {
        let proofs: Vec<_> =
            nonces.iter().map(|nonce| credential_proof(&SigningKey::make().unwrap(), nonce, world.now())).collect();
        world.credential(&token, &phone.dpop(PATH, Some(&token), world.now()), "vn.eid.age", &proofs).await
    };
    let (used, unused) = (world.nonce().await, world.nonce().await);
    assert_eq!(send(&[&used]).await.status, 200);
    let stale = refused(7014, "invalid_nonce");
    assert_eq!(send(&[&used]).await.refusal(), stale);
    assert_eq!(send(&["never made"]).await.refusal(), stale);
    assert_eq!(send(&[""]).await.refusal(), stale);
    assert_eq!(send(&[&unused, "never made"]).await.refusal(), stale);
    let late = world.nonce().await;
    world.wait(300);
    assert_eq!(send(&[&late]).await.refusal(), stale);
}

#[tokio::test]
async fn nonce_of_a_refused_batch_is_used_up() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (token, nonce) = (world.signed_in(&phone).await, world.nonce().await);
    let send = async |key: &SigningKey| {
        let proof = credential_proof(key, &nonce, world.now());
        world.credential(&token, &phone.dpop(PATH, Some(&token), world.now()), "vn.eid.age", &[proof]).await.refusal()
    };
    assert_eq!(send(&phone.key).await, refused(7013, "invalid_proof"));
    assert_eq!(send(&SigningKey::make().unwrap()).await, refused(7014, "invalid_nonce"));
}

#[tokio::test]
async fn proof_that_does_not_fit_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (token, nonce, now) = (world.signed_in(&phone).await, world.nonce().await, world.now());
    let seen = SigningKey::make().unwrap();
    world.issued(&phone, "vn.eid.age", &[&seen]).await;
    let new = || credential_proof(&SigningKey::make().unwrap(), &nonce, now);
    let with = |member: &str, value: Value| {
        let mut claims = json!({"aud": URL, "iat": now, "nonce": nonce});
        claims[member] = value;
        vec![new(), jwt("openid4vci-proof+jwt", &claims, &SigningKey::make().unwrap())]
    };
    let good = new();
    for (what, proofs) in [
        ("none", vec![]),
        ("21", (0..21).map(|_| new()).collect()),
        ("aud", with("aud", json!(format!("{URL}/")))),
        ("old", with("iat", json!(now - 301))),
        ("early", with("iat", json!(now + 301))),
        ("no nonce", with("nonce", Value::Null)),
        ("typ", vec![jwt("JWT", &json!({"aud": URL, "iat": now, "nonce": nonce}), &seen)]),
        ("garbage", vec!["x".to_owned()]),
    ] {
        let dpop = phone.dpop(PATH, Some(&token), now);
        let answer = world.credential(&token, &dpop, "vn.eid.age", &proofs).await;
        assert_eq!(answer.refusal(), refused(7013, "invalid_proof"), "{what}");
    }
    // These are found only when the nonce is used up.
    for (what, make) in [
        ("seen", &(|nonce: &str| vec![credential_proof(&seen, nonce, now)]) as &dyn Fn(&str) -> Vec<String>),
        ("device", &|nonce| vec![credential_proof(&phone.key, nonce, now)]),
        ("twice", &|nonce| {
            let key = SigningKey::make().unwrap();
            vec![credential_proof(&key, nonce, now), credential_proof(&key, nonce, now)]
        }),
    ] {
        let (proofs, dpop) = (make(&world.nonce().await), phone.dpop(PATH, Some(&token), now));
        let answer = world.credential(&token, &dpop, "vn.eid.age", &proofs).await;
        assert_eq!(answer.refusal(), refused(7013, "invalid_proof"), "{what}");
    }
    let dpop = phone.dpop(PATH, Some(&token), now);
    assert_eq!(world.credential(&token, &dpop, "vn.eid.age", &[good]).await.status, 200, "nothing was used up before");
}

#[tokio::test]
async fn purpose_that_cannot_be_issued_is_refused() {
    let world = World::new();
    let phone = world.activated(HOA).await;
    let token = world.signed_in(&phone).await;
    for (configuration, error) in [
        ("vn.eid.driving-licence", "credential_request_denied"),
        ("vn.eid.passport", "unknown_credential_configuration"),
        ("id", "unknown_credential_configuration"),
        ("", "unknown_credential_configuration"),
    ] {
        let proof = credential_proof(&SigningKey::make().unwrap(), &world.nonce().await, world.now());
        let dpop = phone.dpop(PATH, Some(&token), world.now());
        let answer = world.credential(&token, &dpop, configuration, &[proof]).await;
        assert_eq!(answer.refusal(), refused(5104, error), "{configuration}");
    }
}

#[tokio::test]
async fn access_token_without_its_proof_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let (token, other_token) = (world.signed_in(&phone).await, world.signed_in(&phone).await);
    let now = world.now();
    let thief = Phone::new(SigningKey::make().unwrap(), phone.account.clone());
    for dpop in [
        phone.dpop(PATH, None, now),
        phone.dpop(PATH, Some(&other_token), now),
        phone.dpop("/openid4vci/nonce", Some(&token), now),
        phone.dpop(PATH, Some(&token), now - 301),
        thief.dpop(PATH, Some(&token), now),
        String::new(),
    ] {
        let answer = world.credential(&token, &dpop, "vn.eid.age", &[]).await;
        assert_eq!(answer.refusal(), unauthorized(7013, "invalid_dpop_proof"));
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    let dpop = phone.dpop(PATH, Some(&token), now);
    let nonce = world.nonce().await;
    let proof = [credential_proof(&SigningKey::make().unwrap(), &nonce, now)];
    assert_eq!(world.credential(&token, &dpop, "vn.eid.age", &proof).await.status, 200);
    let replayed = world.credential(&token, &dpop, "vn.eid.age", &proof).await;
    assert_eq!(replayed.refusal(), unauthorized(7013, "invalid_dpop_proof"));
}

#[tokio::test]
async fn access_token_unknown_or_expired_is_refused() {
    let world = World::new();
    let phone = world.activated(HANH).await;
    let token = world.signed_in(&phone).await;
    let body = json!({"credential_configuration_id": "vn.eid.age", "proofs": {"jwt": []}});
    for authorization in [None, Some(format!("Bearer {token}")), Some(token.clone()), Some("DPoP wrong".to_owned())] {
        let dpop = phone.dpop(PATH, Some(&token), world.now());
        let mut headers = vec![("content-type", "application/json"), ("dpop", &dpop)];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let answer = world.send(request(Method::POST, PATH, &headers, body.to_string())).await;
        assert_eq!(answer.refusal(), unauthorized(7012, "invalid_token"), "{authorization:?}");
    }
    world.wait(599);
    let in_time = world.credential(&token, &phone.dpop(PATH, Some(&token), world.now()), "vn.eid.age", &[]).await;
    assert_eq!(in_time.refusal(), refused(7013, "invalid_proof"));
    world.wait(1);
    let late = world.credential(&token, &phone.dpop(PATH, Some(&token), world.now()), "vn.eid.age", &[]).await;
    assert_eq!(late.refusal(), unauthorized(7014, "invalid_token"));
}

#[tokio::test]
async fn metadata_fetched_names_every_purpose() {
    let world = World::new();
    let metadata = world.get("/.well-known/openid-credential-issuer").await.json();
    assert_eq!(metadata["credential_issuer"], URL);
    assert_eq!(metadata["nonce_endpoint"], format!("{URL}/openid4vci/nonce"));
    assert_eq!(metadata["credential_endpoint"], format!("{URL}{PATH}"));
    assert_eq!(metadata["batch_credential_issuance"]["batch_size"], 20);
    let configurations = metadata["credential_configurations_supported"].as_object().unwrap();
    assert_eq!(configurations.len(), Purpose::ALL.len());
    for purpose in Purpose::ALL {
        let configuration = &configurations[&format!("vn.eid.{}", purpose.name())];
        assert_eq!((&configuration["format"], &configuration["vct"]), (&json!("dc+sd-cwt"), &json!(purpose.vct())));
    }
}
