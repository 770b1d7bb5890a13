//! Locks from both sides, expired cards, death: what is refused, what the status lists say, and how it ends.

use axum::http::Method;
use eid_crypto::SigningKey;
use eid_proof::Status;
use eid_sandbox::Storage;
use serde_json::{Value, json};

use crate::{
    activation::status_of,
    instruction::{instruct, sign_in},
    support::{Answer, HANH, HOA, Phone, World, credential_proof, jwt, request},
};

/// His card ends on 17 June 2028.
const THUY: (&str, &str) = ("000068000010", "0900000010");

/// A bound phone, its lock code, and a token that it holds.
struct Holder {
    phone: Phone,
    lock_code: String,
    token: Vec<u8>,
}

async fn holder(world: &World, person: (&str, &str)) -> Holder {
    let mut phone = Phone::made();
    let bound = world.device(&world.proven("activate", person).await, &phone, &[7; 32]).await;
    phone.account = bound.text("account_id");
    let token = world.issued(&phone, "vn.eid.age", &[&SigningKey::make().unwrap()]).await.remove(0);
    Holder { phone, lock_code: bound.text("lock_code"), token }
}

/// What the platform tells the phone by the device key alone.
async fn state(world: &World, phone: &Phone) -> String {
    let token = world.signed_in(phone).await;
    let dpop = phone.dpop("/v1/device/state", Some(&token), world.now());
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", &dpop), ("content-type", "application/json")];
    let body = json!({"store_generation": 1}).to_string();
    world.send(request(Method::POST, "/v1/device/state", &headers, body)).await.text("account_state")
}

async fn credential(world: &World, phone: &Phone) -> Answer {
    let (token, nonce) = (world.signed_in(phone).await, world.nonce().await);
    let proof = credential_proof(&SigningKey::make().unwrap(), &nonce, world.now());
    let dpop = phone.dpop("/openid4vci/credential", Some(&token), world.now());
    world.credential(&token, &dpop, "vn.eid.age", &[proof]).await
}

async fn grant(world: &World, phone: &Phone) -> Answer {
    let token = world.signed_in(phone).await;
    let mut claims = Phone::dpop_claims("/v1/grant", Some(&token), world.now());
    claims["htm"] = json!("GET");
    let (dpop, authorization) = (jwt("dpop+jwt", &claims, &phone.key), format!("DPoP {token}"));
    world.send(request(Method::GET, "/v1/grant", &[("authorization", &authorization), ("dpop", &dpop)], "")).await
}

/// Everything that an account in this state refuses, and that the status lists say so.
async fn assert_stopped(world: &World, holder: &Holder, seq: i64, expected: (&str, u64)) {
    let Holder { phone, token, .. } = holder;
    assert_eq!(state(world, phone).await, expected.0);
    assert_eq!(status_of(world, token.clone()), Status::Suspended, "{expected:?}");
    assert_eq!(credential(world, phone).await.refusal().1, expected.1);
    assert_eq!(grant(world, phone).await.refusal(), (403, expected.1, None));
    assert_eq!(sign_in(world, phone, seq).await.refusal(), (403, expected.1, None));
}

async fn assert_going(world: &World, holder: &Holder, seq: i64) {
    assert_eq!(state(world, &holder.phone).await, "active");
    assert_eq!(status_of(world, holder.token.clone()), Status::Valid);
    assert_eq!(credential(world, &holder.phone).await.status, 200);
    assert_eq!(grant(world, &holder.phone).await.status, 200);
    assert_eq!(sign_in(world, &holder.phone, seq).await.status, 200);
}

#[tokio::test]
async fn lost_phone_is_locked_by_code_and_unlocked_from_another_one() {
    let world = World::new();
    let holder = holder(&world, HANH).await;
    assert_going(&world, &holder, 1).await;
    let refresh = sign_in(&world, &holder.phone, 2).await.json()["result"]["refresh_token"].clone();
    let (a, b) = holder.lock_code.split_at(6);
    for typed in [format!("{}-{b}", a.to_lowercase()), holder.lock_code.clone()] {
        let answer = world.lock(HANH.0, &typed).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})));
    }
    assert_stopped(&world, &holder, 3, ("self_locked", 7020)).await;
    let dpop = holder.phone.dpop("/oauth2/token", None, world.now());
    let body = format!("grant_type=refresh_token&refresh_token={}", refresh.as_str().unwrap());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("dpop", dpop.as_str())];
    let ended = world.send(request(Method::POST, "/oauth2/token", &headers, body)).await;
    assert_eq!(ended.refusal().1, 2057, "its sessions have ended");
    for purpose in ["activate", "recover"] {
        assert_eq!(world.start_for(purpose, HANH, purpose).await.refusal(), (403, 7020, None));
    }
    world.wait(600);
    let proving = world.proven("unlock", HANH).await;
    assert_eq!(world.device(&proving, &Phone::made(), &[7; 32]).await.refusal(), (409, 7018, None), "gives no grant");
    for _ in 0..2 {
        let answer = world.unlock(&proving).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"account_state": "active"})));
    }
    assert_going(&world, &holder, 4).await;
    assert_eq!(world.lock(HANH.0, &holder.lock_code).await.status, 200, "the code is as good as before");
    assert_eq!(world.unlock(&proving).await.refusal(), (403, 7020, None), "a repeat lifts no later lock");
}

#[tokio::test]
async fn holder_locks_by_instruction() {
    let world = World::new();
    let holder = holder(&world, HANH).await;
    let answer = instruct(&world, &holder.phone, 1, "lock", json!({})).await;
    assert_eq!(answer.json()["result"], json!({"account_state": "self_locked"}));
    assert_stopped(&world, &holder, 2, ("self_locked", 7020)).await;
}

#[tokio::test]
async fn lock_code_wrong_six_times_is_refused_until_an_hour_has_passed() {
    let world = World::new();
    let holder = holder(&world, HANH).await;
    let wrong = "0".repeat(18);
    for bad in ["", "000000-000000-00000", "000000-000000-00000U"] {
        assert_eq!(world.lock(HANH.0, bad).await.refusal(), (400, 7013, None), "costs no try");
    }
    for left in [4, 3, 2, 1, 0] {
        let answer = world.lock(HANH.0, &wrong).await;
        assert_eq!((answer.refusal(), &answer.json()["tries_left"]), ((400, 2046, None), &json!(left)));
        world.wait(10);
    }
    let answer = world.lock(HANH.0, &holder.lock_code).await;
    assert_eq!((answer.refusal(), &answer.json()["retry_after"]), ((429, 7015, None), &json!(3_550)));
    // A number without an account is told the same.
    assert_eq!(world.lock(HOA.0, &holder.lock_code).await.refusal(), (400, 2046, None));
    world.wait(3_550);
    assert_eq!(world.lock(HANH.0, &holder.lock_code).await.status, 200);
}

#[tokio::test]
async fn lock_code_of_an_earlier_phone_is_worth_nothing() {
    let world = World::new();
    let old = holder(&world, HANH).await;
    let new = holder(&world, HANH).await;
    assert_eq!(world.lock(HANH.0, &old.lock_code).await.refusal().1, 2046);
    assert_eq!(world.lock(HANH.0, &new.lock_code).await.status, 200);
}

#[tokio::test]
async fn lock_of_an_authority_or_death_stops_everything_until_it_is_lifted() {
    let world = World::new();
    let holder = holder(&world, HANH).await;
    let mut seq = 0;
    for (change, undone, expected) in [
        (json!({"locked": true}), json!({"locked": false}), ("locked", 7020)),
        (json!({"closed": true}), json!({"closed": false}), ("closed", 7021)),
        (json!({"card_state": "expired"}), json!({"card_state": "valid"}), ("card_expired", 7023)),
    ] {
        world.wait(600);
        let proving = world.proven("unlock", HANH).await;
        let activating = world.proven("activate", HANH).await;
        world.change(HANH.0, &change).await;
        seq += 2;
        assert_stopped(&world, &holder, seq - 1, expected).await;
        assert_eq!(world.unlock(&proving).await.refusal(), (403, expected.1, None), "not the holder's to lift");
        let bound = world.device(&activating, &Phone::made(), &[7; 32]).await;
        assert_eq!(bound.refusal(), (403, expected.1, None), "an activation under way is stopped too");
        world.change(HANH.0, &undone).await;
        assert_going(&world, &holder, seq).await;
    }
}

#[tokio::test]
async fn start_for_a_locked_or_dead_person_is_refused() {
    let world = World::new();
    for (change, code) in [(json!({"closed": true}), 7021), (json!({"closed": false, "locked": true}), 7020)] {
        world.change(HANH.0, &change).await;
        assert_eq!(world.start(HANH, "k").await.refusal(), (403, code, None));
    }
}

#[tokio::test]
async fn card_expires_by_the_clock() {
    // The last second of 17 June 2028 in Vietnam.
    let last = 1_844_873_999;
    let world = World::with(Storage::Memory, last - 86_400);
    let holder = holder(&world, THUY).await;
    world.wait(86_400);
    assert_eq!((world.now(), state(&world, &holder.phone).await), (last, "active".to_owned()));
    world.wait(1);
    assert_stopped(&world, &holder, 1, ("card_expired", 7023)).await;
}

#[tokio::test]
async fn withdrawn_or_expired_card_is_refused_in_its_step() {
    let world = World::new();
    for (card_state, code) in [("withdrawn", 7024), ("expired", 7023)] {
        world.change(HANH.0, &json!({"card_state": card_state})).await;
        let proving = world.confirmed("activate", HANH).await;
        let card = crate::support::evidence(&world.card(HANH.0, &json!({})), &proving.chip);
        assert_eq!(world.show(&proving.id, &card).await.refusal(), (403, code, None));
    }
}

#[tokio::test]
async fn phone_number_changed_in_the_register_gets_the_codes() {
    let world = World::new();
    world.change(HANH.0, &json!({"phone": "0900000099"})).await;
    assert_eq!(world.start(HANH, "old").await.refusal(), (403, 7010, None));
    assert_eq!(world.start((HANH.0, "0900000099"), "new").await.status, 201);
    for (pid, change) in [
        ("000190000009", json!({})),
        (HANH.0, json!({"phone": "1"})),
        (HANH.0, json!({"card_state": "lost"})),
        (HANH.0, json!({"dead": true})),
    ] {
        let answer = world.post(&format!("/sandbox/register/{pid}"), &[], &change).await;
        assert_eq!(answer.refusal().1, 7013, "{pid} {change}");
    }
    let body: Value = world.get("/sandbox/people").await.json();
    assert_eq!(body[0]["phone"], json!("+84900000099"), "the register as it is now");
}
