//! The card in an activation: genuine ones are taken, and each kind of forgery ends in a code of its own.

use eid_sandbox::{
    Sandbox, SandboxConfig, Storage,
    card::{CardFile, SANDBOX_CSCA},
};
use serde_json::{Value, json};

use crate::support::{HANH, HOA, START, URL, World, evidence, movable};

/// Lives from one card's day of expiry to the next: born 1985, card until 2045.
const DAT: (&str, &str) = ("000085000002", "0900000002");

async fn refused(world: &World, id: &str, evidence: &Value) -> (u16, u64) {
    let (status, code, error) = world.show(id, evidence).await.refusal();
    assert_eq!(error, None);
    (status, code)
}

#[tokio::test]
async fn genuine_card_of_everybody_is_taken_again_and_again() {
    let world = World::new();
    for person in world.sandbox.people() {
        let (pid, phone) = (person.pid.as_str(), person.phone.national_form());
        let (id, challenge) = world.chip_challenge((pid, &phone)).await;
        let evidence = evidence(&world.card(pid, &json!({})), &challenge);
        for _ in 0..12 {
            let answer = world.show(&id, &evidence).await;
            assert_eq!((answer.status, answer.json()), (200, json!({"next": "face"})), "{pid}");
        }
    }
}

#[tokio::test]
async fn forged_cards_shown_are_refused_each_with_its_code() {
    let world = World::new();
    for (quirks, code) in [
        (json!({"cloned": "other_keys"}), 6009),
        (json!({"cloned": "refuses_chip_authentication"}), 6009),
        (json!({"cloned": "hides_keys"}), 6013),
        (json!({"replayed_aa": true}), 6009),
        (json!({"expired_dsc": true}), 6058),
        (json!({"revoked_dsc": true}), 6060),
        (json!({"wrong_csca": true}), 6057),
        (json!({"wrong_hash": 1}), 6063),
        (json!({"wrong_hash": 2}), 6063),
        (json!({"wrong_hash": 13}), 6063),
        (json!({"wrong_hash": 14}), 6063),
        (json!({"wrong_hash": 15}), 6063),
    ] {
        world.wait(600);
        let (id, challenge) = world.chip_challenge(HANH).await;
        let shown = evidence(&world.card(HANH.0, &quirks), &challenge);
        assert_eq!(refused(&world, &id, &shown).await, (403, code), "{quirks}");
    }
}

#[tokio::test]
async fn changed_or_missing_files_shown_are_refused() {
    let world = World::new();
    let (id, challenge) = world.chip_challenge(HANH).await;
    let card = world.card(HANH.0, &json!({}));
    let good = evidence(&card, &challenge);
    let other = evidence(&world.card(HOA.0, &json!({})), &challenge);
    for (file, value, code) in [
        ("sod", Value::Null, 6013),
        ("dg1", Value::Null, 6013),
        ("dg2", Value::Null, 6013),
        ("dg13", Value::Null, 6013),
        ("dg14", Value::Null, 6013),
        ("dg15", Value::Null, 6013),
        ("sod", json!("AAAA"), 6053),
        ("dg1", other["files"]["dg1"].clone(), 6063),
        ("dg2", other["files"]["dg2"].clone(), 6063),
    ] {
        let mut changed = good.clone();
        changed["files"][file] = value.clone();
        assert_eq!(refused(&world, &id, &changed).await, (403, code), "{file}");
    }
    let mut not_base64 = good.clone();
    not_base64["files"]["dg2"] = json!("a=");
    assert_eq!(refused(&world, &id, &not_base64).await, (400, 7013), "costs no try");
    assert_eq!(world.show(&id, &good).await.status, 200, "the tenth");
}

#[tokio::test]
async fn signature_over_another_challenge_is_refused() {
    let world = World::new();
    let card = world.card(HANH.0, &json!({}));
    let (first, earlier) = world.chip_challenge(HANH).await;
    let (id, _) = world.chip_challenge(HANH).await;
    let replayed = evidence(&card, &earlier);
    assert_eq!(refused(&world, &id, &replayed).await, (403, 6009));
    assert_eq!(world.show(&first, &replayed).await.status, 200, "where it belongs");
}

#[tokio::test]
async fn card_that_the_register_knows_otherwise_is_refused() {
    let world = World::new();
    let own = world.card_file(HANH.0);
    let with = |change: &dyn Fn(&mut CardFile)| {
        let mut file = own.clone();
        change(&mut file);
        world.made(&file)
    };
    let text = |text: &str| serde_json::from_value(json!(text)).unwrap();
    for (what, card, code) in [
        ("another's", world.card(HOA.0, &json!({})), 7022),
        ("name", with(&|file| file.holder.name = serde_json::from_value(json!("Nguyễn Thị Minh Hằng")).unwrap()), 7010),
        ("birth", with(&|file| file.holder.birth = serde_json::from_value(json!("1990-03-16")).unwrap()), 7010),
        ("sex", with(&|file| file.holder.sex = serde_json::from_value(json!("male")).unwrap()), 7010),
        ("expiry", with(&|file| file.holder.expires = Some(text("2031-03-15"))), 7010),
        ("older card", with(&|file| file.holder.issued = text("2021-05-10")), 7024),
    ] {
        world.wait(600);
        let (id, challenge) = world.chip_challenge(HANH).await;
        assert_eq!(refused(&world, &id, &evidence(&card, &challenge)).await, (403, code), "{what}");
    }
}

#[tokio::test]
async fn card_shown_after_its_last_day_is_refused() {
    // 10 October 2028 at noon in Vietnam; Thuỵ's card ended on 17 June.
    let world = World::with(Storage::Memory, 1_854_766_800);
    let thuy = ("000068000010", "0900000010");
    let (id, challenge) = world.chip_challenge(thuy).await;
    let shown = evidence(&world.card(thuy.0, &json!({})), &challenge);
    assert_eq!(refused(&world, &id, &shown).await, (403, 7023));
}

#[tokio::test]
async fn card_shown_out_of_order_is_refused() {
    let world = World::new();
    let card = world.card(HANH.0, &json!({}));
    let shown = evidence(&card, &[0; 8]);
    assert_eq!(refused(&world, "unknown", &shown).await, (404, 7011));
    let id = world.start(HANH, "k").await.text("activation_id");
    assert_eq!(refused(&world, &id, &shown).await, (409, 7018), "before the code");
    let (id, challenge) = world.chip_challenge(HANH).await;
    let shown = evidence(&card, &challenge);
    world.wait(900);
    assert_eq!(refused(&world, &id, &shown).await, (404, 7011), "too late");
}

#[tokio::test]
async fn cards_beyond_the_tenth_are_refused_until_the_activation_ends() {
    let world = World::new();
    let (id, challenge) = world.chip_challenge(HANH).await;
    let card = world.card(HANH.0, &json!({}));
    for _ in 0..10 {
        let mut wrong = evidence(&card, &challenge);
        wrong["active_signature"] = json!("AAAA");
        assert_eq!(refused(&world, &id, &wrong).await, (403, 6009));
    }
    let answer = world.show(&id, &evidence(&card, &challenge)).await;
    assert_eq!((answer.refusal(), &answer.json()["retry_after"]), ((429, 7015, None), &json!(900)));
}

#[tokio::test]
async fn card_larger_than_the_body_may_be_is_refused() {
    let world = World::new();
    let (id, challenge) = world.chip_challenge(HANH).await;
    let mut large = world.card_file(HANH.0);
    large.face_bytes = Some(150_000);
    assert_eq!(world.show(&id, &evidence(&world.made(&large), &challenge)).await.status, 200);
    large.face_bytes = Some(200_000);
    assert_eq!(refused(&world, &id, &evidence(&world.made(&large), &challenge)).await, (413, 7013));
}

#[tokio::test]
async fn platform_that_trusts_another_state_refuses_the_sandboxes_cards() {
    let clock = std::sync::Arc::new(START.into());
    let config = SandboxConfig { csca: Vec::new(), clock: movable(&clock), ..SandboxConfig::default() };
    let world = World { sandbox: Sandbox::open(&config, URL).unwrap(), clock };
    let (id, challenge) = world.chip_challenge(HANH).await;
    let shown = evidence(&world.card(HANH.0, &json!({})), &challenge);
    assert_eq!(refused(&world, &id, &shown).await, (403, 6057));
    let bad = SandboxConfig { csca: vec![SANDBOX_CSCA[1..].to_vec()], ..SandboxConfig::default() };
    assert_eq!(Sandbox::open(&bad, URL).unwrap_err().code().number(), 6053);
}

#[tokio::test]
async fn card_described_by_call_is_that_of_the_register() {
    let world = World::new();
    let order = |pid: &str, quirks: Value| json!({"pid": pid, "quirks": quirks});
    let answer = world.post("/sandbox/cards", &[], &order(DAT.0, json!({"short_le_only": true}))).await;
    assert_eq!(answer.status, 200);
    let card = CardFile::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    assert!(card.quirks.short_le_only && !card.quirks.mf_6d00);
    assert_eq!((card.holder.number.as_str(), card.portrait), (DAT.0, Some(2)));
    assert_eq!(world.post("/sandbox/cards", &[], &json!({"pid": "000190000009"})).await.refusal(), (404, 7013, None));
    let answer = world.post("/sandbox/cards", &[], &order(DAT.0, json!({"mf": true}))).await;
    assert_eq!(answer.refusal(), (400, 7013, None));
}
