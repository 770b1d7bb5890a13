//! The face in an activation: whose it is, how often it may be wrong, and what is no face.

use serde_json::json;

use crate::support::{HANH, HOA, Proving, World, evidence};

/// An activation whose card was accepted.
async fn shown(world: &World) -> Proving {
    let proving = world.confirmed("activate", HANH).await;
    let card = evidence(&world.card(HANH.0, &json!({})), &proving.chip);
    assert_eq!(world.show(&proving.id, &card).await.status, 200);
    proving
}

#[tokio::test]
async fn own_face_shown_is_taken_again_and_again() {
    let world = World::new();
    let Proving { id, .. } = shown(&world).await;
    let sealed = world.sealed(&id, 1, &world.portrait(HANH.0));
    for _ in 0..5 {
        let answer = world.face(&id, &sealed).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"next": "device"})));
    }
    let other = world.sealed(&id, 1, &world.portrait(HOA.0));
    assert_eq!(world.face(&id, &other).await.status, 200, "nothing is looked at any more");
}

#[tokio::test]
async fn another_face_shown_costs_a_try_and_the_third_ends_them() {
    let world = World::new();
    let Proving { id, .. } = shown(&world).await;
    for left in [2, 1] {
        let other = world.sealed(&id, 1, &world.portrait(HOA.0));
        for _ in 0..3 {
            let answer = world.face(&id, &other).await;
            assert_eq!((answer.refusal(), &answer.json()["tries_left"]), ((400, 2043, None), &json!(left)));
        }
    }
    let other = world.sealed(&id, 1, &world.portrait(HOA.0));
    assert_eq!(world.face(&id, &other).await.refusal(), (403, 2045, None));
    let own = world.sealed(&id, 1, &world.portrait(HANH.0));
    assert_eq!(world.face(&id, &own).await.refusal(), (403, 2045, None), "too late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_faces_shown_at_once_are_all_counted() {
    let world = std::sync::Arc::new(World::new());
    let Proving { id, .. } = shown(&world).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (world, id) = (std::sync::Arc::clone(&world), id.clone());
        let sealed = world.sealed(&id, 1, &world.portrait(HOA.0));
        tasks.push(tokio::spawn(async move {
            let headers = [("content-type", "application/octet-stream")];
            let path = format!("/v1/activation/{id}/face");
            world.send(crate::support::request(axum::http::Method::POST, &path, &headers, sealed)).await.refusal().1
        }));
    }
    let mut codes = Vec::new();
    for task in tasks {
        codes.push(task.await.unwrap());
    }
    assert!(codes.iter().filter(|code| **code == 2043).count() <= 2, "{codes:?}");
    let own = world.sealed(&id, 1, &world.portrait(HANH.0));
    assert_eq!(world.face(&id, &own).await.refusal(), (403, 2045, None));
}

#[tokio::test]
async fn bytes_without_a_face_cost_no_try() {
    let world = World::new();
    let Proving { id, .. } = shown(&world).await;
    for _ in 0..4 {
        for (kind, bytes) in [(1, &b"no picture"[..]), (2, b""), (3, b"RIFF"), (4, b"\0\0\0\x10ftypisom")] {
            let answer = world.face(&id, &world.sealed(&id, kind, bytes)).await;
            assert_eq!(answer.refusal(), (400, 2044, None), "{kind}");
        }
    }
    for kind in [2, 3] {
        let disguised = world.sealed(&id, kind, &world.portrait(HANH.0));
        assert_eq!(world.face(&id, &disguised).await.refusal().1, 2044, "of another kind than it says");
    }
    let own = world.sealed(&id, 1, &world.portrait(HANH.0));
    assert_eq!(world.face(&id, &own).await.status, 200);
}

#[tokio::test]
async fn sealed_for_another_occasion_or_not_sealed_is_refused_and_costs_no_try() {
    let world = World::new();
    let other = shown(&world).await;
    let Proving { id, .. } = shown(&world).await;
    let portrait = world.portrait(HANH.0);
    let good = world.sealed(&id, 1, &portrait);
    let mut changed = good.clone();
    changed[100] ^= 1;
    for _ in 0..2 {
        for (what, bytes) in [
            ("another activation's", world.sealed(&other.id, 1, &portrait)),
            ("changed", changed.clone()),
            ("cut off", good[..good.len() - 1].to_vec()),
            ("not sealed", [&[1][..], &portrait].concat()),
            ("empty", Vec::new()),
            ("no kind", world.sealed(&id, 9, &portrait)),
            ("too long", world.sealed(&id, 1, &vec![0; (2 << 20) + 1])),
        ] {
            assert_eq!(world.face(&id, &bytes).await.refusal(), (400, 7013, None), "{what}");
        }
    }
    assert_eq!(world.face(&id, &vec![0; (3 << 20) + 1]).await.refusal(), (413, 7013, None));
    let path = format!("/v1/activation/{id}/face");
    assert_eq!(world.post(&path, &[], &json!({})).await.refusal(), (415, 7013, None));
    assert_eq!(world.face(&id, &good).await.status, 200);
}

#[tokio::test]
async fn face_shown_out_of_order_is_refused() {
    let world = World::new();
    let portrait = world.portrait(HANH.0);
    assert_eq!(world.face("unknown", &world.sealed("unknown", 1, &portrait)).await.refusal(), (404, 7011, None));
    let id = world.start(HANH, "k").await.text("activation_id");
    assert_eq!(world.face(&id, &world.sealed(&id, 1, &portrait)).await.refusal(), (409, 7018, None), "before the code");
    let Proving { id, .. } = world.confirmed("activate", HANH).await;
    assert_eq!(world.face(&id, &world.sealed(&id, 1, &portrait)).await.refusal(), (409, 7018, None), "before the card");
    let proving = shown(&world).await;
    world.wait(900);
    let late = world.sealed(&proving.id, 1, &portrait);
    assert_eq!(world.face(&proving.id, &late).await.refusal(), (404, 7011, None));
}

#[tokio::test]
async fn face_is_compared_with_the_picture_on_the_card() {
    let world = World::new();
    let Proving { id, chip, .. } = world.confirmed("activate", HANH).await;
    let mut file = world.card_file(HANH.0);
    file.portrait = Some(3);
    assert_eq!(world.show(&id, &evidence(&world.made(&file), &chip)).await.status, 200);
    assert_eq!(world.face(&id, &world.sealed(&id, 1, &world.portrait(HANH.0))).await.refusal().1, 2043);
    assert_eq!(world.face(&id, &world.sealed(&id, 1, &world.portrait(HOA.0))).await.status, 200);
}
