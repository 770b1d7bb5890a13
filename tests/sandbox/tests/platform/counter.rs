//! Registering counters: what phones then believe of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{SigningKey, VerifyingKey};
use eid_proof::{ProofError, Purpose, Registration, StatusSnapshot, TrustList, keep_registrar_lists};
use eid_sandbox::SANDBOX_ROOT;
use serde_json::{Value, json};

use crate::support::World;

fn application(key: &SigningKey) -> Value {
    json!({
        "counter": "rp/0101234567-001",
        "name": "Quầy 3 – Bệnh viện Mẫu",
        "purposes": ["age", "hospital-check-in"],
        "host": "quay.example",
        "key": URL_SAFE_NO_PAD.encode(key.public().sec1()),
    })
}

async fn registered(world: &World, key: &SigningKey) -> Registration {
    let answer = world.post("/sandbox/counters", &[], &application(key)).await;
    assert_eq!(answer.status, 201);
    let registration = Registration::parse(URL_SAFE_NO_PAD.decode(answer.text("registration")).unwrap()).unwrap();
    assert_eq!(answer.json()["expires_at"], registration.expires_at().seconds());
    registration
}

/// What a phone that was just online makes of it.
async fn check(world: &World, registration: &Registration) -> Result<bool, ProofError> {
    let roots = [VerifyingKey::parse(SANDBOX_ROOT).unwrap()];
    let trust = TrustList::parse(&world.get("/v1/trust-list").await.body, &roots).unwrap();
    let lists = keep_registrar_lists(&world.get("/v1/status-lists").await.body, &trust).unwrap();
    let lists = StatusSnapshot::parse(&lists, &trust).unwrap();
    registration.check(&trust, Some(&lists), world.time()).map(|known| known == Some(world.time()))
}

#[tokio::test]
async fn counter_registered_is_believed_with_what_it_may_ask_for() {
    let world = World::new();
    let key = SigningKey::make().unwrap();
    let registration = registered(&world, &key).await;
    assert_eq!(check(&world, &registration).await, Ok(true));
    assert_eq!(registration.allowed(), [Purpose::Age, Purpose::HospitalCheckIn]);
    assert_eq!((registration.counter(), registration.host()), ("rp/0101234567-001", Some("quay.example")));
    assert_eq!((registration.key(), registration.registrar()), (key.public(), "r.example"));
    world.wait(366 * 86_400);
    assert_eq!(check(&world, &registration).await, Err(ProofError::RegistrationEnded));
}

#[tokio::test]
async fn counter_withdrawn_is_believed_no_more_until_it_is_let_in_again() {
    let world = World::new();
    let registration = registered(&world, &SigningKey::make().unwrap()).await;
    let set = async |status: &str| {
        let path = "/sandbox/counters/0101234567-001/status";
        world.post(path, &[], &json!({"status": status})).await.status
    };
    for (status, expected) in [
        ("suspended", Err(ProofError::CounterWithdrawn)),
        ("valid", Ok(true)),
        ("revoked", Err(ProofError::CounterWithdrawn)),
    ] {
        assert_eq!(set(status).await, 204);
        assert_eq!(check(&world, &registration).await, expected, "{status}");
    }
    let unknown = world.post("/sandbox/counters/nobody/status", &[], &json!({"status": "revoked"})).await;
    assert_eq!(unknown.refusal().0, 404);
}

#[tokio::test]
async fn counter_with_a_new_key_loses_the_old_registration() {
    let world = World::new();
    let (old, new) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let before = registered(&world, &old).await;
    let after = registered(&world, &new).await;
    assert_eq!(check(&world, &before).await, Err(ProofError::CounterWithdrawn));
    assert_eq!(check(&world, &after).await, Ok(true));
    assert_ne!(before.status(), after.status());
}

#[tokio::test]
async fn application_out_of_form_is_refused() {
    let world = World::new();
    let key = SigningKey::make().unwrap();
    let long = "a".repeat(121);
    for (member, value) in [
        ("counter", json!("any")),
        ("counter", json!("rp/")),
        ("counter", json!("rp/a b")),
        ("name", json!("")),
        ("name", json!(long)),
        ("name", json!("Quầy\u{202e}3")),
        ("purposes", json!([])),
        ("purposes", json!(["everything"])),
        ("host", json!("https://quay.example")),
        ("host", json!("quay.example/answers")),
        ("key", json!("AAAA")),
        ("key", json!(7)),
        ("more", json!(1)),
    ] {
        let mut application = application(&key);
        application[member] = value;
        let answer = world.post("/sandbox/counters", &[], &application).await;
        assert_eq!((answer.refusal().0, answer.refusal().1), (400, 7013), "{application}");
    }
}
