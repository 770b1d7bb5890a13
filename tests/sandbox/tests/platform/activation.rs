//! From personal number and phone to a bound device key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{SigningKey, VerifyingKey};
use eid_model::{PhoneNumber, Pid};
use eid_proof::{Status, StatusSnapshot, TrustList};
use eid_sandbox::SANDBOX_ROOT;
use serde_json::{Value, json};

use crate::{
    grant::verified_grant,
    support::{HANH, HOA, MAU, URL, World, binding, jwk, jwt},
};

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn citizen_activated_gets_account_and_signed_grant() {
    let world = World::new();
    let started = world.start(HANH, "k").await;
    assert_eq!((started.status, &started.json()["code_expires_at"]), (201, &json!(world.now() + 300)));
    let id = started.text("activation_id");
    let message = world.sandbox.messages(&PhoneNumber::parse(HANH.1).unwrap()).unwrap().pop().unwrap();
    assert!(message.text.contains(&message.code) && message.text.contains("KICH HOAT") && message.text.is_ascii());

    let confirmed = world.confirm(&id, &message.code).await;
    assert_eq!((confirmed.status, &confirmed.json()["expires_at"]), (200, &json!(world.now() + 900)));
    let challenge = confirmed.text("device_challenge");
    assert_eq!(URL_SAFE_NO_PAD.decode(&challenge).unwrap().len(), 32);
    assert_eq!(URL_SAFE_NO_PAD.decode(confirmed.text("chip_challenge")).unwrap().len(), 8);

    let voucher = world.sandbox.print_voucher(&Pid::parse(HANH.0).unwrap()).unwrap();
    assert_eq!(world.hand_in(&id, &voucher).await.json(), json!({"next": "face"}));
    let face = world.sealed(&id, 1, &world.portrait(HANH.0));
    assert_eq!(world.face(&id, &face).await.json(), json!({"next": "device"}));

    let key = SigningKey::make().unwrap();
    let bound = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await;
    assert_eq!((bound.status, bound.text("issuer")), (201, "e.example".to_owned()));
    let claims = verified_grant(&world, &bound.text("grant"));
    let expected = json!({
        "iss": "e.example", "sub": bound.text("account_id"), "iat": world.now(), "exp": world.now() + 365 * 86_400,
        "jti": claims["jti"], "level": 2, "pid": "000190000001", "name": "Nguyễn Thị Minh Hạnh",
        "birth_date": "1990-03-15", "cnf": {"jwk": jwk(key.public())},
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn wrong_data_started_is_refused() {
    let world = World::new();
    for (person, expected) in [
        (("000190000009", HANH.1), (403, 7010)),
        ((HANH.0, "0900000099"), (403, 7010)),
        ((HANH.0, HOA.1), (403, 7010)),
        (("00019000000", HANH.1), (400, 7013)),
        ((HANH.0, "12"), (400, 7013)),
    ] {
        let (status, code, error) = world.start(person, "k").await.refusal();
        assert_eq!(((status, code), error), (expected, None), "{person:?}");
    }
    let body = json!({"pid": HANH.0, "phone": HANH.1});
    let long = "k".repeat(129);
    for headers in [&[][..], &[("idempotency-key", "")], &[("idempotency-key", &long)], &[("idempotency-key", "a b")]] {
        assert_eq!(world.post("/v1/activation", headers, &body).await.refusal().1, 7013);
    }
    // The international spelling is the same number.
    assert_eq!(world.start((HANH.0, "+84900000001"), "k").await.status, 201);
}

#[tokio::test]
async fn same_request_started_again_sends_one_code() {
    let world = World::new();
    let first = world.start(HANH, "once").await;
    world.wait(100);
    let again = world.start(HANH, "once").await;
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    assert_eq!(world.sandbox.messages(&PhoneNumber::parse(HANH.1).unwrap()).unwrap().len(), 1);
    assert_eq!(world.start(HOA, "once").await.refusal(), (422, 7013, None));
}

#[tokio::test]
async fn too_many_starts_are_refused_until_the_window_has_passed() {
    let world = World::new();
    for attempt in 0..5 {
        // Wrong numbers count as well, or they could be tried out.
        let pid = if attempt % 2 == 0 { HANH.0 } else { "000190000009" };
        assert_ne!(world.start((pid, HANH.1), &format!("k{attempt}")).await.status, 429);
        world.wait(10);
    }
    let refused = world.start(HANH, "k5").await;
    assert_eq!(refused.refusal(), (429, 7015, None));
    assert_eq!(
        (&refused.json()["retry_after"], &refused.headers["retry-after"]),
        (&json!(550), &"550".parse().unwrap())
    );
    assert_eq!(world.start(HOA, "k6").await.status, 201);
    world.wait(549);
    assert_eq!(world.start(HANH, "k7").await.status, 429);
    world.wait(1);
    assert_eq!(world.start(HANH, "k8").await.status, 201);
}

#[tokio::test]
async fn wrong_codes_spend_the_tries() {
    let world = World::new();
    let id = world.start(HANH, "k").await.text("activation_id");
    let code = world.code(HANH.1);
    for left in [4, 3, 2, 1] {
        let refused = world.confirm(&id, wrong(&code)).await;
        assert_eq!((refused.refusal(), &refused.json()["tries_left"]), ((400, 2010, None), &json!(left)));
        // What cannot be a code costs no try.
        assert_eq!(world.confirm(&id, "12345").await.refusal(), (400, 7013, None));
        assert_eq!(world.confirm(&id, "12345a").await.refusal(), (400, 7013, None));
    }
    assert_eq!(world.confirm(&id, wrong(&code)).await.refusal(), (403, 2012, None));
    assert_eq!(world.confirm(&id, &code).await.refusal(), (403, 2012, None));
}

#[tokio::test]
async fn code_confirmed_again_gives_the_same_challenge_and_late_none() {
    let world = World::new();
    let id = world.start(HANH, "k").await.text("activation_id");
    let code = world.code(HANH.1);
    let first = world.confirm(&id, &code).await.json();
    world.wait(299);
    assert_eq!(world.confirm(&id, &code).await.json(), first);
    world.wait(1);
    assert_eq!(world.confirm(&id, &code).await.refusal(), (410, 2011, None));
    assert_eq!(world.confirm("unknown", &code).await.refusal(), (404, 7011, None));
}

#[tokio::test]
async fn time_that_is_let_pass_counts_for_the_platform() {
    let world = World::new();
    let id = world.start(HANH, "k").await.text("activation_id");
    let code = world.code(HANH.1);
    for (seconds, status, confirmed) in
        [(json!(-1), 400, 200), (json!(31_622_401), 400, 200), (json!(299), 204, 200), (json!(1), 204, 410)]
    {
        assert_eq!(world.post("/sandbox/clock", &[], &json!({"seconds": seconds})).await.status, status, "{seconds}");
        assert_eq!(world.confirm(&id, &code).await.status, confirmed, "{seconds}");
    }
}

#[tokio::test]
async fn binding_that_does_not_fit_is_refused() {
    let world = World::new();
    let key = SigningKey::make().unwrap();
    let (id, challenge) = world.challenge(HANH).await;
    let good = json!({"aud": URL, "iat": world.now(), "nonce": challenge});
    for (member, value) in [
        ("aud", json!("https://sandbox.example/")),
        ("aud", json!("https://elsewhere.example")),
        ("aud", json!([URL])),
        ("nonce", json!("")),
        ("nonce", Value::Null),
        ("iat", json!(world.now() - 301)),
        ("iat", json!(world.now() + 301)),
        ("iat", json!(i64::MIN)),
        ("iat", json!("now")),
    ] {
        let mut claims = good.clone();
        claims[member] = value.clone();
        let refused = world.bind(&id, &challenge, &jwt("eid-device-binding+jwt", &claims, &key)).await;
        assert_eq!(refused.refusal(), (400, 7013, None), "{member} {value}");
    }
    for bad in [jwt("JWT", &good, &key), "a.b.c".to_owned(), String::new()] {
        assert_eq!(world.bind(&id, &challenge, &bad).await.refusal(), (400, 7013, None));
    }
    let late = binding(&key, &challenge, world.now() - 300);
    assert_eq!(world.bind(&id, &challenge, &late).await.status, 201, "300 s late is in time");
}

#[tokio::test]
async fn binding_without_a_live_challenge_is_refused() {
    let world = World::new();
    let key = SigningKey::make().unwrap();
    let unconfirmed = world.start(HANH, "k").await.text("activation_id");
    assert_eq!(world.bind(&unconfirmed, "", &binding(&key, "", world.now())).await.refusal(), (409, 7018, None));
    assert_eq!(world.bind("unknown", "", &binding(&key, "", world.now())).await.refusal(), (404, 7011, None));
    let (id, challenge) = world.challenge(HANH).await;
    world.wait(900);
    assert_eq!(world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await.refusal(), (404, 7011, None));
}

#[tokio::test]
async fn citizen_without_approval_in_person_is_refused() {
    let world = World::new();
    let (id, challenge) = world.challenge(MAU).await;
    let key = SigningKey::make().unwrap();
    assert_eq!(world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await.refusal(), (403, 2032, None));
}

#[tokio::test]
async fn same_key_bound_again_gets_the_same_account_and_another_key_none() {
    let world = World::new();
    let (key, other) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
    let (id, challenge) = world.challenge(HANH).await;
    let first = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await;
    let again = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text("account_id"), again.text("account_id"));
    assert_eq!(
        world.bind(&id, &challenge, &binding(&other, &challenge, world.now())).await.refusal(),
        (404, 7011, None)
    );

    let (id, challenge) = world.challenge(HANH).await;
    let renewed = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await;
    assert_eq!(renewed.text("account_id"), first.text("account_id"));
}

#[tokio::test]
async fn second_phone_bound_supersedes_the_first() {
    let world = World::new();
    let old = world.activated(HANH).await;
    let credential_key = SigningKey::make().unwrap();
    let token = world.issued(&old, "vn.eid.age", &[&credential_key]).await.remove(0);
    let access = world.signed_in(&old).await;
    let new = world.activated(HANH).await;
    assert_eq!(new.account, old.account);

    let dpop = old.dpop("/oauth2/token", None, world.now());
    let refused = world.token(&old.assertion(world.now()), &dpop).await;
    assert_eq!(refused.refusal(), (401, 7025, Some("invalid_grant".to_owned())));
    let dpop = old.dpop("/openid4vci/credential", Some(&access), world.now());
    let refused = world.credential(&access, &dpop, "vn.eid.age", &["x".to_owned()]).await;
    assert_eq!(refused.refusal(), (401, 7025, Some("invalid_token".to_owned())));

    assert_eq!(status_of(&world, token), Status::Revoked);
    // Not even the holder brings them back.
    world.sandbox.set_account_status(&new.account, Status::Valid).unwrap();
    let fresh = world.issued(&new, "vn.eid.age", &[&SigningKey::make().unwrap()]).await.remove(0);
    assert_eq!(status_of(&world, fresh), Status::Valid);
}

pub(crate) fn status_of(world: &World, token: Vec<u8>) -> Status {
    let root = VerifyingKey::parse(SANDBOX_ROOT).unwrap();
    let trust = TrustList::parse(&world.sandbox.trust_list().unwrap(), &[root]).unwrap();
    let snapshot = StatusSnapshot::parse(&world.sandbox.status_lists().unwrap(), &trust).unwrap();
    let held = eid_proof::HeldToken::parse(token).unwrap();
    let place = held.status().unwrap();
    snapshot.find("e.example", &place.uri, place.index).unwrap().status
}

#[tokio::test]
async fn superseded_phone_that_repeats_its_binding_does_not_come_back() {
    let world = World::new();
    let (id, challenge) = world.challenge(HANH).await;
    let key = SigningKey::make().unwrap();
    assert_eq!(world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await.status, 201);
    world.activated(HANH).await;
    assert_eq!(world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await.refusal(), (404, 7011, None));
}

#[tokio::test]
async fn key_of_another_account_or_credential_is_refused_and_changes_nothing() {
    let world = World::new();
    let hanh = world.activated(HANH).await;
    let credential_key = SigningKey::make().unwrap();
    world.issued(&hanh, "vn.eid.age", &[&credential_key]).await;
    let (id, challenge) = world.challenge(HOA).await;
    for key in [&hanh.key, &credential_key] {
        assert_eq!(
            world.bind(&id, &challenge, &binding(key, &challenge, world.now())).await.refusal(),
            (400, 7013, None)
        );
    }
    let own = SigningKey::make().unwrap();
    assert_ne!(
        world.bind(&id, &challenge, &binding(&own, &challenge, world.now())).await.text("account_id"),
        hanh.account
    );
    world.signed_in(&hanh).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_phones_bound_at_once_make_one_account_with_one_of_them() {
    let world = std::sync::Arc::new(World::new());
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (id, challenge) = world.challenge(HANH).await;
        let (world, key) = (std::sync::Arc::clone(&world), SigningKey::make().unwrap());
        tasks.push(tokio::spawn(async move {
            let answer = world.bind(&id, &challenge, &binding(&key, &challenge, world.now())).await;
            crate::support::Phone::new(key, answer.text("account_id"))
        }));
    }
    let mut phones = Vec::new();
    for task in tasks {
        phones.push(task.await.unwrap());
    }
    assert_eq!(phones[0].account, phones[1].account);
    let mut accepted = 0;
    for phone in &phones {
        let dpop = phone.dpop("/oauth2/token", None, world.now());
        accepted += usize::from(world.token(&phone.assertion(world.now()), &dpop).await.status == 200);
    }
    assert_eq!(accepted, 1);
}
