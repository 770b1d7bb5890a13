//! The last step: a new phone, a new passcode on the same phone; and what each purpose needs.

use eid_crypto::SigningKey;
use serde_json::{Value, json};

use crate::{
    instruction::{instruct, sign_in},
    support::{HANH, HOA, MAU, Phone, START, URL, World, binding, jwt, passcode_binding},
};

async fn bound(world: &World, share: u8) -> Phone {
    let mut phone = Phone::made();
    let proving = world.proven("activate", HANH).await;
    let answer = world.device(&proving, &phone, &[share; 32]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    phone.account = answer.text("account_id");
    phone
}

#[tokio::test]
async fn phone_bound_after_five_steps_gets_all_it_needs() {
    let world = World::new();
    let (phone, proving) = (Phone::made(), world.proven("activate", HANH).await);
    let first = world.device(&proving, &phone, &[7; 32]).await;
    assert_eq!(first.status, 201, "{first:?}");
    let body = first.json();
    assert_eq!((&body["passcode_epoch"], &body["issuer"]), (&json!(1), &json!("e.example")));
    assert_eq!(body["recovery_share"], json!("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"));
    let lock_code = first.text("lock_code");
    assert!(lock_code.len() == 18 && lock_code.bytes().all(|letter| letter.is_ascii_alphanumeric()));
    let mut again = world.device(&proving, &phone, &[7; 32]).await.json();
    again["grant"] = body["grant"].clone();
    assert_eq!(again, body, "the grant is signed anew, the rest is the same");
}

#[tokio::test]
async fn device_bound_before_its_step_is_refused() {
    let world = World::new();
    let phone = Phone::made();
    let confirmed = world.confirmed("activate", HANH).await;
    assert_eq!(world.device(&confirmed, &phone, &[7; 32]).await.refusal(), (409, 7018, None), "no card");
    let card = crate::support::evidence(&world.card(HANH.0, &json!({})), &confirmed.chip);
    assert_eq!(world.show(&confirmed.id, &card).await.status, 200);
    assert_eq!(world.device(&confirmed, &phone, &[7; 32]).await.refusal(), (409, 7018, None), "no face");
    let proven = world.proven("activate", HANH).await;
    for (what, body) in [
        ("no passcode key", json!({"recovery_share": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"})),
        ("no share", json!({"passcode_binding": passcode_binding(&phone.passcode, &proven.device, world.now())})),
        (
            "short share",
            json!({
                "passcode_binding": passcode_binding(&phone.passcode, &proven.device, world.now()),
                "recovery_share": "BwcH",
            }),
        ),
        (
            "device key as passcode key",
            json!({
                "passcode_binding": passcode_binding(&phone.key, &proven.device, world.now()),
                "recovery_share": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            }),
        ),
    ] {
        let mut body = body;
        body["binding"] = binding(&phone.key, &proven.device, world.now()).into();
        let answer = world.post(&format!("/v1/activation/{}/device", proven.id), &[], &body).await;
        assert_eq!(answer.refusal(), (400, 7013, None), "{what}");
    }
    assert_eq!(world.device(&proven, &phone, &[7; 32]).await.status, 201);
    let mau = world.proven("activate", MAU).await;
    assert_eq!(world.device(&mau, &Phone::made(), &[7; 32]).await.refusal(), (403, 2032, None));
}

#[tokio::test]
async fn device_name_is_listed_and_bounded() {
    let world = World::new();
    let phone = Phone::made();
    let proving = world.proven("activate", HANH).await;
    let named = |name: &str| {
        let claims = json!({"aud": URL, "iat": world.now(), "nonce": proving.device, "device_name": name});
        json!({
            "binding": jwt("eid-device-binding+jwt", &claims, &phone.key),
            "passcode_binding": passcode_binding(&phone.passcode, &proving.device, world.now()),
            "recovery_share": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        })
    };
    let path = format!("/v1/activation/{}/device", proving.id);
    for bad in ["", " ", "a\nb", "a\u{202e}b", "\u{200b}", &"ờ".repeat(41)] {
        assert_eq!(world.post(&path, &[], &named(bad)).await.refusal(), (400, 7013, None));
    }
    let name = "ờ".repeat(40);
    let account = world.post(&path, &[], &named(&name)).await.text("account_id");
    let phone = Phone { account, ..phone };
    let token = sign_in(&world, &phone, 1).await.json()["result"]["access_token"].as_str().unwrap().to_owned();
    let mut claims = Phone::dpop_claims("/v1/devices", Some(&token), world.now());
    claims["htm"] = json!("GET");
    let (dpop, authorization) = (jwt("dpop+jwt", &claims, &phone.key), format!("DPoP {token}"));
    let headers = [("authorization", authorization.as_str()), ("dpop", &dpop)];
    let listed = world.send(crate::support::request(axum::http::Method::GET, "/v1/devices", &headers, "")).await;
    assert_eq!(listed.json()["devices"][0]["name"], json!(name), "{listed:?}");
}

#[tokio::test]
async fn forgotten_passcode_is_replaced_on_the_same_phone() {
    let world = World::new();
    let phone = bound(&world, 7).await;
    assert_eq!(sign_in(&world, &phone, 1).await.status, 200);
    let next = Phone { passcode: SigningKey::make().unwrap(), ..phone };
    for seq in 2..=5 {
        assert_eq!(sign_in(&world, &next, seq).await.refusal().1, 2053, "not yet");
    }
    assert_eq!(sign_in(&world, &next, 6).await.refusal().1, 2054, "a wait");

    let proving = world.proven("recover", HANH).await;
    let answer = world.device(&proving, &next, &[8; 32]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    assert_eq!((&body["passcode_epoch"], &body["account_id"]), (&json!(2), &json!(next.account)));
    assert_eq!(body["recovery_share"], json!("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"), "the stored one");
    let again = world.device(&proving, &next, &[8; 32]).await.json();
    assert_eq!((&again["passcode_epoch"], &again["lock_code"]), (&json!(2), &body["lock_code"]), "moves once");
    assert_eq!(sign_in(&world, &next, 7).await.status, 200, "the wait is over");
}

#[tokio::test]
async fn recovery_from_another_phone_or_without_an_account_is_refused() {
    let world = World::new();
    assert_eq!(world.start_for("recover", HANH, "r").await.refusal(), (404, 7017, None));
    assert_eq!(world.start_for("unlock", HANH, "u").await.refusal(), (404, 7017, None));
    assert_eq!(world.start_for("steal", HANH, "s").await.refusal(), (400, 7013, None));
    assert_eq!(
        world.start_for("recover", (HANH.0, HOA.1), "x").await.refusal(),
        (403, 7010, None),
        "no word about others"
    );
    let phone = bound(&world, 7).await;
    let proving = world.proven("recover", HANH).await;
    assert_eq!(world.device(&proving, &Phone::made(), &[8; 32]).await.refusal(), (401, 7012, None));
    assert_eq!(sign_in(&world, &phone, 1).await.status, 200, "nothing changed");
    assert_eq!(world.device(&proving, &phone, &[8; 32]).await.json()["passcode_epoch"], json!(2));
}

#[tokio::test]
async fn new_phone_begins_with_the_first_epoch_and_its_own_share() {
    let world = World::new();
    let old = bound(&world, 7).await;
    assert_eq!(world.device(&world.proven("recover", HANH).await, &old, &[7; 32]).await.json()["passcode_epoch"], 2);
    world.wait(600);
    let (new, proving) = (Phone::made(), world.proven("activate", HANH).await);
    let answer = world.device(&proving, &new, &[9; 32]).await;
    assert_eq!((answer.text("account_id"), &answer.json()["passcode_epoch"]), (old.account.clone(), &json!(1)));
    assert_eq!(answer.json()["recovery_share"], json!("CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk"));
    assert_eq!(instruct(&world, &old, 9, "sign_in", json!({})).await.refusal(), (401, 7025, None));
    assert_eq!(world.device(&proving, &old, &[7; 32]).await.refusal(), (404, 7011, None));
}

#[tokio::test]
async fn repeat_of_the_binding_gives_a_guesser_no_new_tries() {
    let world = World::new();
    let phone = Phone::made();
    let proving = world.proven("activate", HANH).await;
    let account = world.device(&proving, &phone, &[7; 32]).await.text("account_id");
    let guesser = Phone { passcode: SigningKey::make().unwrap(), account, ..phone };
    for seq in 1..=4 {
        assert_eq!(sign_in(&world, &guesser, seq).await.refusal().1, 2053);
    }
    assert_eq!(world.device(&proving, &guesser, &[7; 32]).await.status, 201);
    assert_eq!(sign_in(&world, &guesser, 5).await.refusal().1, 2054, "neither the key nor the count changed");
}

#[tokio::test]
async fn messages_say_what_the_code_is_for() {
    let world = World::new();
    bound(&world, 7).await;
    let number = eid_model::PhoneNumber::parse(HANH.1).unwrap();
    for (purpose, words) in [("activate", "KICH HOAT"), ("recover", "DAT LAI MAT MA"), ("unlock", "MO KHOA")] {
        world.start_for(purpose, HANH, purpose).await;
        let text = world.sandbox.messages(&number).unwrap().pop().unwrap().text;
        assert!(text.contains(words) && text.is_ascii(), "{text}");
    }
    // The same key for another purpose is another request.
    assert_eq!(world.start_for("recover", HANH, "activate").await.refusal(), (422, 7013, None));
}

#[tokio::test]
async fn nothing_that_was_shown_is_in_the_database() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("sandbox.db");
    let world = World::with(eid_sandbox::Storage::File(path.clone()), START);
    let proving = world.proven("activate", HANH).await;
    let answer = world.device(&proving, &Phone::made(), &[7; 32]).await;
    let voucher = world.sandbox.print_voucher(&eid_model::Pid::parse(HANH.0).unwrap()).unwrap();
    let (code, card, portrait) =
        (answer.text("lock_code"), world.card(HANH.0, &Value::Object(serde_json::Map::new())), world.portrait(HANH.0));
    let dg13 = card.file(0x010D).unwrap();
    // The journal holds what is not in the file itself yet.
    let stored = [path.clone(), path.with_extension("db-wal")].map(|path| std::fs::read(path).unwrap()).concat();
    let holds = |bytes: &[u8]| stored.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(answer.text("account_id").as_bytes()), "the search works");
    for secret in [code.as_bytes(), voucher.as_bytes(), &portrait[500..564], &dg13[20..60]] {
        assert!(!holds(secret));
    }
}
