//! The signed configuration.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{Signature, VerifyingKey};
use eid_proof::key_id;
use eid_sandbox::{SANDBOX_ROOT, Settings, UpdateSettings, Window, card::SANDBOX_CSCA};
use serde_json::{Value, json};

use crate::support::{START, World};

/// The claims, after checking header and signature by hand.
async fn fetched(world: &World) -> Value {
    let answer = world.get("/v1/configuration").await;
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"application/jwt".parse().unwrap()));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let root = VerifyingKey::parse(SANDBOX_ROOT).unwrap();
    let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    root.verify(signed.as_bytes(), &signature).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let kid = URL_SAFE_NO_PAD.encode(key_id(&root));
    assert_eq!(json(header), json!({"typ": "eid-configuration+jwt", "alg": "ES256", "kid": kid}));
    json(claims)
}

#[tokio::test]
async fn configuration_fetched_is_signed_by_the_root_and_complete() {
    let world = World::new();
    let claims = fetched(&world).await;
    assert_eq!(
        (&claims["iss"], &claims["iat"], &claims["exp"]),
        (&json!("e.example"), &json!(START), &json!(START + 2_592_000))
    );
    assert_eq!((&claims["version"], &claims["maintenance"]), (&json!(1), &Value::Null));
    assert_eq!(claims["crls"].as_array().unwrap().len(), 1, "what the sandbox's state took back");
    assert_eq!(claims["csca"], json!([URL_SAFE_NO_PAD.encode(SANDBOX_CSCA)]));
    assert_eq!((&claims["face_key"]["kty"], &claims["face_key"]["crv"]), (&json!("EC"), &json!("P-256")));
    assert_eq!(fetched(&world).await["face_key"], claims["face_key"]);
    assert_ne!(fetched(&World::new()).await["face_key"], claims["face_key"], "each sandbox makes its own");
}

#[tokio::test]
async fn settings_changed_stand_in_the_next_version() {
    let world = World::new();
    let update = UpdateSettings { required_below: "1.0.0".to_owned(), ..UpdateSettings::default() };
    let maintenance = Some(Window { from: START, to: START + 60 });
    world.sandbox.set_settings(&Settings { update, maintenance, ..Settings::default() }).unwrap();
    let claims = fetched(&world).await;
    assert_eq!((&claims["version"], &claims["update"]["required_below"]), (&json!(2), &json!("1.0.0")));
    assert_eq!(claims["maintenance"], json!({"from": START, "to": START + 60}));

    let acts = json!({"acts": [{"act": "change_phone", "level": 4, "max_age_s": 60}]});
    assert_eq!(world.post("/sandbox/configuration", &[], &acts).await.status, 204);
    let claims = fetched(&world).await;
    assert_eq!((&claims["version"], &claims["acts"], &claims["maintenance"]), (&json!(3), &acts["acts"], &Value::Null));
    for bad in [json!({"act": []}), json!({"update": {"blocked": "1.0.0"}}), json!({"version": -1})] {
        assert_eq!(world.post("/sandbox/configuration", &[], &bad).await.refusal(), (400, 7013, None), "{bad}");
    }
    world.sandbox.set_settings(&Settings { version: Some(1), ..Settings::default() }).unwrap();
    assert_eq!(fetched(&world).await["version"], json!(1));
}
