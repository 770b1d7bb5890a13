//! A voucher in place of the card.

use eid_model::Pid;
use serde_json::json;

use crate::support::{HANH, HOA, Phone, World, evidence};

fn print(world: &World, pid: &str) -> String {
    world.sandbox.print_voucher(&Pid::parse(pid).unwrap()).unwrap()
}

/// A voucher that nobody printed.
const WRONG: &str = "0000-0000-0000";

#[tokio::test]
async fn voucher_of_an_office_stands_in_for_the_card_once() {
    let world = World::new();
    let answer = world.post("/sandbox/offices/voucher", &[], &json!({"pid": HANH.0})).await;
    assert_eq!((answer.status, &answer.json()["expires_at"]), (201, &json!(world.now() + 7 * 86_400)));
    let voucher = answer.text("voucher");
    assert_eq!(voucher.len(), 12);
    let (start, end) = voucher.split_at(5);
    let typed = format!(" {}- {end} ", start.to_lowercase());
    let (slow, fast) = (world.confirmed("activate", HANH).await, world.confirmed("activate", HANH).await);
    for proving in [&slow, &fast] {
        for typed in [&typed, &voucher] {
            let answer = world.hand_in(&proving.id, typed).await;
            assert_eq!((answer.status, answer.json()), (200, json!({"next": "face"})));
        }
        // Without a card, the register's portrait counts.
        let own = world.sealed(&proving.id, 1, &world.portrait(HANH.0));
        assert_eq!(world.face(&proving.id, &own).await.status, 200);
    }
    let phone = Phone::made();
    let bound = world.device(&fast, &phone, &[1; 32]).await;
    assert_eq!(bound.status, 201);
    assert_eq!(world.device(&fast, &phone, &[1; 32]).await.text("account_id"), bound.text("account_id"));
    assert_eq!(world.device(&slow, &Phone::made(), &[1; 32]).await.refusal(), (410, 2042, None), "one was faster");
    world.wait(600);
    let third = world.confirmed("activate", HANH).await;
    assert_eq!(world.hand_in(&third.id, &voucher).await.refusal(), (410, 2042, None), "used");
}

#[tokio::test]
async fn voucher_of_another_person_or_too_late_is_refused() {
    let world = World::new();
    let (own, other) = (print(&world, HANH.0), print(&world, HOA.0));
    let proving = world.confirmed("activate", HANH).await;
    let answer = world.hand_in(&proving.id, &other).await;
    assert_eq!((answer.refusal(), &answer.json()["tries_left"]), ((400, 2041, None), &json!(4)));
    world.wait(7 * 86_400 - 1);
    let proving = world.confirmed("activate", HANH).await;
    assert_eq!(world.hand_in(&proving.id, &own).await.status, 200, "its last second");
    world.wait(1);
    let proving = world.confirmed("activate", HANH).await;
    for _ in 0..6 {
        assert_eq!(world.hand_in(&proving.id, &own).await.refusal(), (410, 2042, None), "costs no try");
    }
    let unknown = world.post("/sandbox/offices/voucher", &[], &json!({"pid": "000190000009"})).await;
    assert_eq!(unknown.refusal(), (404, 7013, None));
}

#[tokio::test]
async fn wrong_vouchers_spend_the_tries() {
    let world = World::new();
    let voucher = print(&world, HANH.0);
    let proving = world.confirmed("activate", HANH).await;
    for bad in ["", "0000-0000-000", "0000-0000-00000", "0000-0000-000U"] {
        assert_eq!(world.hand_in(&proving.id, bad).await.refusal(), (400, 7013, None), "costs no try");
    }
    for left in [4, 3, 2, 1, 0] {
        let answer = world.hand_in(&proving.id, WRONG).await;
        assert_eq!((answer.refusal(), &answer.json()["tries_left"]), ((400, 2041, None), &json!(left)));
    }
    let answer = world.hand_in(&proving.id, &voucher).await;
    assert_eq!((answer.refusal(), &answer.json()["retry_after"]), ((429, 7015, None), &json!(900)));
    let again = world.confirmed("activate", HANH).await;
    assert_eq!(world.hand_in(&again.id, &voucher).await.status, 200, "the voucher is as good as before");
}

#[tokio::test]
async fn voucher_handed_in_out_of_order_is_refused() {
    let world = World::new();
    let voucher = print(&world, HANH.0);
    assert_eq!(world.hand_in("unknown", &voucher).await.refusal(), (404, 7011, None));
    let id = world.start(HANH, "k").await.text("activation_id");
    assert_eq!(world.hand_in(&id, &voucher).await.refusal(), (409, 7018, None));
    let proven = world.proven("activate", HANH).await;
    assert_eq!(world.hand_in(&proven.id, &voucher).await.refusal(), (409, 7018, None), "the face was the card's");
    let shown = evidence(&world.card(HANH.0, &json!({})), b"12345678");
    assert_eq!(world.show(&proven.id, &shown).await.refusal(), (409, 7018, None));
}
