//! The feed of records: what each authority finds, in which order it is told, and what a cursor is worth.

use std::io::Read as _;

use axum::http::Method;
use eid_model::Pid;
use eid_record::RecordKind;
use eid_sandbox::{Conduct, Plan, RecordChange, SandboxError};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::{
    citizen::{Citizen, changes, configuration},
    support::{HANH, HOA, World},
};

fn pid(text: &str) -> Pid {
    Pid::parse(text).unwrap()
}

fn conduct(plan: Plan) -> Conduct {
    Conduct { plan, delay_s: Some(0), supplement_s: None, ..Conduct::default() }
}

/// `(member, kind, id, status)` of each change.
fn told(news: &[(String, Value)]) -> Vec<(String, String, String, String)> {
    let text = |said: &Value, member: &str| said[member].as_str().unwrap_or("-").to_owned();
    let line =
        |(member, said): &(String, Value)| (member.clone(), text(said, "kind"), text(said, "id"), text(said, "status"));
    news.iter().map(line).collect()
}

async fn refresh(citizen: &Citizen<'_>, kind: &str) -> i64 {
    let answer = citizen.call(Method::POST, &format!("/v1/records/{kind}/refresh"), &[], Vec::new()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["due_at"].as_i64().unwrap()
}

#[tokio::test]
async fn first_pull_says_of_every_kind_what_was_found_or_that_nothing_was() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (news, cursor) = citizen.news(None).await;
    for kind in RecordKind::ALL {
        let of_kind: Vec<&Value> =
            news.iter().map(|(_, said)| said).filter(|said| said["kind"] == kind.name()).collect();
        assert!(!of_kind.is_empty(), "{}", kind.name());
        for said in of_kind {
            assert_eq!((&said["pid"], &said["as_of"]), (&json!(HANH.0), &json!(world.now())));
            assert_eq!(said["authority"], kind.definition().authority());
            let is_marker = said["id"] == kind.name();
            assert_eq!(said["status"], if is_marker { "not_found" } else { "ok" }, "{said}");
            assert_eq!(said["form"].as_object().unwrap().is_empty(), is_marker);
        }
    }
    let absent: Vec<_> = told(&news).into_iter().filter(|line| line.3 == "not_found").map(|line| line.1).collect();
    assert_eq!(absent, ["civil_servant", "party_membership"]);
    assert!(citizen.news(Some(&cursor)).await.0.is_empty());
    let of_another = Citizen::new(&world, HOA).await;
    assert!(of_another.news(None).await.0.iter().all(|(_, said)| said["pid"] == HOA.0));
}

#[tokio::test]
async fn record_that_changed_twice_is_told_once_and_its_time_rises() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (_, cursor) = citizen.news(None).await;
    for text in ["Tiến sĩ", "Bác sĩ"] {
        let form = [("occupation", text)];
        let change = RecordChange::new(pid(HANH.0), RecordKind::Identity, Some("identity-1"), &form);
        world.sandbox.change_record(&change).unwrap();
    }
    let (news, next) = citizen.news(Some(&cursor)).await;
    assert_eq!(news.len(), 1);
    assert_eq!(news[0].1["form"]["occupation"], "Bác sĩ");
    assert_eq!(news[0].1["as_of"], world.now() + 2, "two changes within a second");
    let mut gone = RecordChange::new(pid(HANH.0), RecordKind::Vehicle, Some("vehicle-1"), &[]);
    gone.gone = true;
    assert_eq!(world.sandbox.change_record(&gone).unwrap(), ["vehicle-1"]);
    assert!(matches!(world.sandbox.change_record(&gone), Err(SandboxError::RecordUnknown)), "it is gone");
    let (news, _) = citizen.news(Some(&next)).await;
    assert_eq!(told(&news), [("gone".into(), "vehicle".into(), "vehicle-1".into(), "-".into())]);
    assert_eq!(news[0].1["as_of"], world.now() + 1);
}

#[tokio::test]
async fn authority_that_is_down_says_so_and_what_it_finds_later_takes_the_place_of_that() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    world.sandbox.set_authority(Some("water_company"), conduct(Plan::Down));
    let (news, cursor) = citizen.news(None).await;
    let of_water = |news: &[(String, Value)]| -> Vec<(String, String, String)> {
        told(news).into_iter().filter(|line| line.1 == "water").map(|line| (line.0, line.2, line.3)).collect()
    };
    assert_eq!(of_water(&news), [("record".into(), "water".into(), "failed".into())]);
    world.sandbox.set_authority(Some("water_company"), Conduct::default());
    let due = refresh(&citizen, "water").await;
    assert_eq!(due, world.now() + 5);
    assert!(of_water(&citizen.news(Some(&cursor)).await.0).is_empty(), "not yet");
    world.wait(3);
    assert_eq!(refresh(&citizen, "water").await, due, "asked twice, answered once");
    world.wait(2);
    let (news, cursor) = citizen.news(Some(&cursor)).await;
    let found = ("record".to_owned(), "water-1".to_owned(), "ok".to_owned());
    assert_eq!(of_water(&news), [found.clone(), ("gone".into(), "water".into(), "-".into())]);
    // A day later the same is said again, newer; and an authority that fails then takes nothing back.
    world.wait(86_400);
    world.sandbox.set_authority(Some("water_company"), conduct(Plan::Down));
    assert_eq!(refresh(&citizen, "water").await, world.now());
    let (news, cursor) = citizen.news(Some(&cursor)).await;
    assert_eq!(of_water(&news), [("record".into(), "water".into(), "failed".into())]);
    world.sandbox.set_authority(Some("water_company"), conduct(Plan::Natural));
    world.wait(15);
    refresh(&citizen, "water").await;
    let (news, _) = citizen.news(Some(&cursor)).await;
    assert_eq!(of_water(&news), [found, ("gone".into(), "water".into(), "-".into())]);
    assert_eq!(news[0].1["as_of"], world.now());
    let unknown = citizen.call(Method::POST, "/v1/records/gas/refresh", &[], Vec::new()).await;
    assert_eq!(unknown.refusal(), (404, 7013, None));
}

#[tokio::test]
async fn thousand_changed_records_take_three_requests_and_no_more_bytes_than_they_say() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (_, mut cursor) = citizen.news(None).await;
    let form = [
        ("purpose", "general"),
        ("type", "bank"),
        ("bank", "970415"),
        ("account_number", "00110019{n}"),
        ("holder_name", "Nguyễn Thị Minh Hạnh"),
        ("currency", "VND"),
    ];
    let mut change = RecordChange::new(pid(HANH.0), RecordKind::BankAccount, None, &form);
    change.count = Some(1_000);
    assert_eq!(world.sandbox.change_record(&change).unwrap().len(), 1_000);
    let (mut requests, mut records, mut payload, mut sent) = (0, 0, 0, 0);
    loop {
        let answer = citizen.page(Some(&cursor), &[("accept-encoding", "br, gzip")]).await;
        assert_eq!(
            (&answer.headers["content-encoding"], &answer.headers["vary"]),
            (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
        );
        requests += 1;
        sent += answer.body.len();
        let mut json = Vec::new();
        GzDecoder::new(&answer.body[..]).read_to_end(&mut json).unwrap();
        assert!(json.len() <= 1 << 20);
        let page = changes(&json);
        assert!(page.len() <= 500);
        records += page.len();
        payload += page.iter().map(|(_, content, _)| content.get().len()).sum::<usize>();
        let page: Value = serde_json::from_slice(&json).unwrap();
        page["next"].as_str().unwrap().clone_into(&mut cursor);
        if page["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(records, 1_000);
    assert_eq!(requests, 2);
    assert!(sent * 10 <= payload * 11, "{sent} bytes for {payload}");
}

#[tokio::test]
async fn nothing_new_is_answered_without_a_body() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let first = citizen.page(None, &[]).await;
    let (etag, next) = (first.headers["etag"].to_str().unwrap().to_owned(), first.text("next"));
    assert_eq!(etag, format!("\"{next}\""));
    for tag in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
        let same = citizen.page(Some(&next), &[("if-none-match", &tag)]).await;
        assert_eq!((same.status, same.body.len(), same.headers["etag"].to_str().unwrap()), (304, 0, etag.as_str()));
    }
    assert_eq!(citizen.page(Some(&next), &[("if-none-match", "\"other\"")]).await.status, 200);
    let change = RecordChange::new(pid(HANH.0), RecordKind::Identity, Some("identity-1"), &[("occupation", "Thợ")]);
    world.sandbox.change_record(&change).unwrap();
    let changed = citizen.page(Some(&next), &[("if-none-match", &etag)]).await;
    assert_eq!((changed.status, changes(&changed.body).len()), (200, 1));
}

#[tokio::test]
async fn cursor_that_the_platform_does_not_know_is_refused_as_gone() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let (_, cursor) = citizen.news(None).await;
    let other = Citizen::new(&world, HOA).await.news(None).await.1;
    for unknown in [other.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "a"] {
        assert_eq!(citizen.page(Some(unknown), &[]).await.refusal(), (410, 7040, None), "{unknown}");
    }
    for malformed in ["", "a%20b", &"a".repeat(65)] {
        assert_eq!(citizen.page(Some(malformed), &[]).await.refusal(), (400, 7013, None), "{malformed}");
    }
    world.sandbox.forget_cursors().unwrap();
    assert_eq!(citizen.page(Some(&cursor), &[]).await.refusal(), (410, 7040, None));
    let (again, cursor) = citizen.news(None).await;
    assert!(!again.is_empty());
    assert_eq!(citizen.page(Some(&cursor), &[]).await.status, 200);
}

#[tokio::test]
async fn session_of_one_factor_or_of_another_path_reads_nothing() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let weak = world.signed_in(&citizen.phone).await;
    for (method, path) in [(Method::GET, "/v1/records"), (Method::POST, "/v1/records/tax/refresh")] {
        let answer = citizen.call_with(&weak, method, path, &[], Vec::new()).await;
        assert_eq!(answer.refusal(), (403, 2056, None), "{path}");
    }
    assert_eq!(world.get("/v1/records").await.refusal(), (401, 7012, Some("invalid_token".to_owned())));
    world.change(HANH.0, &json!({"locked": true})).await;
    let locked = citizen.call_with(&weak, Method::GET, "/v1/records", &[], Vec::new()).await;
    assert_eq!(locked.refusal(), (403, 7020, None));
}

#[tokio::test]
async fn key_of_an_authority_changes_and_what_the_old_one_signed_stays_good() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    citizen.news(None).await;
    world.sandbox.rotate_authority_key("tax_office").unwrap();
    let keys = configuration(&world)["authorities"].as_array().unwrap().clone();
    assert_eq!(keys.iter().filter(|key| key["code"] == "tax_office").count(), 2);
    assert_eq!(keys.len(), 15, "one of each of the fourteen, and one more");
    let change = RecordChange::new(pid(HANH.0), RecordKind::Tax, Some("tax-1"), &[("office", "Thuế Mẫu")]);
    world.sandbox.change_record(&change).unwrap();
    // Signed with both keys; `news` verifies each.
    citizen.news(None).await;
}
