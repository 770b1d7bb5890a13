//! What the authorities make of updates that are good: by their own rules, and by plan.

use eid_model::Date;
use eid_record::{Context, Form, RecordKind, Speaker, Tables};
use eid_sandbox::{Conduct, Plan};
use serde_json::{Value, json};

use crate::{
    citizen::Citizen,
    instruction::instruct,
    submission::{DAY, PICTURE, code, kinds, last, phone_number, receipt, send, statement, steps},
    support::{HANH, World},
};

fn at_once(plan: Plan) -> Conduct {
    Conduct { plan, delay_s: Some(0), supplement_s: Some(3_600), ..Conduct::default() }
}

#[tokio::test]
async fn update_of_every_kind_is_refused_asked_about_and_accepted_by_natural_rules() {
    for case in kinds() {
        let (kind, world) = (case["kind"].as_str().unwrap(), World::new());
        let citizen = Citizen::new(&world, HANH).await;
        let evidence = [citizen.upload(PICTURE, "image/jpeg").await];
        let refused = statement(&citizen, &case, &case["refused"], &evidence).await;
        let answer = send(&citizen, &refused).await;
        assert_eq!(answer.status, 201, "{kind}: {answer:?}");
        world.wait(20 * DAY);
        let refusal = ("refused".to_owned(), case["refusal"]["code"].clone(), case["refusal"]["path"].clone());
        assert_eq!(last(&citizen, &refused["jti"]).await, refusal, "{kind}");

        if case["supplement"] == json!(true) {
            let bare = statement(&citizen, &case, &json!({}), &[]).await;
            assert_eq!(send(&citizen, &bare).await.status, 201, "{kind}");
            // Each authority decides within ten days, and waits for ten more.
            world.wait(10 * DAY);
            let (says, reason, _) = last(&citizen, &bare["jti"]).await;
            assert_eq!((says.as_str(), reason), ("supplement", json!(8204)), "{kind}");
        }

        let good = statement(&citizen, &case, &json!({}), &evidence).await;
        let answer = send(&citizen, &good).await;
        assert_eq!(answer.status, 201, "{kind}: {answer:?}");
        world.wait(10 * DAY);
        assert_eq!(last(&citizen, &good["jti"]).await, ("accepted".to_owned(), Value::Null, Value::Null), "{kind}");
        let id = &good["subject"]["record"]["id"];
        let records = citizen.records(kind).await;
        let record = records.iter().find(|record| record["id"] == *id).unwrap();
        let entered = normal(kind, &record["form"]);
        for (path, text) in normal(kind, &good["form"]).as_object().unwrap() {
            assert_eq!(entered[path], *text, "{kind} {path}");
        }
        assert!(records.iter().all(|record| record["id"] != kind), "{kind}: what was not found is");
    }
}

/// The form in the one way of writing it.
fn normal(kind: &str, form: &Value) -> Value {
    let form: Form = serde_json::from_value(form.clone()).unwrap();
    let today = Date::new(2026, 11, 22).unwrap();
    let (tables, speaker) = (Tables::embedded(), Speaker::Authority);
    let context = Context { today, holder: None, others: &[], tables, speaker };
    serde_json::to_value(RecordKind::from_name(kind).unwrap().validate(&form, &context).form()).unwrap()
}

#[tokio::test]
async fn authority_that_asks_for_more_waits_for_it_and_no_longer_than_it_said() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    world.sandbox.set_authority(None, at_once(Plan::Supplement));
    for in_time in [true, false] {
        let said = phone_number(&citizen, &json!({"number": format!("090000012{}", u8::from(in_time))})).await;
        let first = receipt(&world, &citizen.submit(&said).await);
        let mut second = said.clone();
        second["round"] = json!(1);
        let seen = steps(&citizen, &said["jti"]).await;
        assert_eq!(seen.iter().map(|step| step.2.as_str()).collect::<Vec<_>>(), ["checking", "supplement"]);
        assert_eq!(seen[1].3, 8202);
        let mut third = second.clone();
        third["round"] = json!(2);
        assert_eq!(code(&citizen.submit(&third).await), (409, 7018), "a round was left out");
        if in_time {
            world.wait(3_600);
            let more = receipt(&world, &citizen.submit(&second).await);
            assert_eq!((&more["dossier"], &more["round"]), (&first["dossier"], &json!(1)));
            world.wait(1);
            let seen = steps(&citizen, &said["jti"]).await;
            let seen: Vec<_> = seen.iter().map(|step| (step.0, step.1, step.2.as_str())).collect();
            assert_eq!(seen, [(1, 0, "checking"), (2, 0, "supplement"), (3, 1, "checking"), (4, 1, "accepted")]);
            assert_eq!(code(&citizen.submit(&third).await), (409, 7018), "it is decided");
        } else {
            world.wait(3_601);
            assert_eq!(code(&citizen.submit(&second).await), (409, 7018));
            assert_eq!(last(&citizen, &said["jti"]).await, ("refused".to_owned(), json!(8209), Value::Null));
        }
    }
    let fresh = phone_number(&citizen, &json!({"number": "0900000155"})).await;
    let mut unasked = fresh.clone();
    unasked["round"] = json!(1);
    assert_eq!(code(&citizen.submit(&unasked).await), (409, 7018));
}

#[tokio::test]
async fn plans_take_the_place_of_the_rules() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let case = kinds().into_iter().find(|case| case["kind"] == "identity").unwrap();
    let change = json!({"occupation": "Thợ điện", "traits": "Không"});
    world.sandbox.set_authority(Some("population_register"), at_once(Plan::Partial));
    let partly = statement(&citizen, &case, &change, &[]).await;
    citizen.submit(&partly).await;
    assert_eq!(last(&citizen, &partly["jti"]).await, ("accepted".to_owned(), json!(8207), json!("traits")));
    let record = citizen.records("identity").await.pop().unwrap();
    assert_eq!((&record["form"]["occupation"], &record["form"]["traits"]), (&json!("Thợ điện"), &Value::Null));

    world.sandbox.set_authority(Some("population_register"), at_once(Plan::Refuse));
    let refused = statement(&citizen, &case, &change, &[]).await;
    citizen.submit(&refused).await;
    let (news, _) = citizen.news(None).await;
    let (_, step) =
        news.iter().find(|(_, said)| said["update"] == refused["jti"] && said["says"] == "refused").unwrap();
    assert_eq!(step["appeal_until"], world.now() + 90 * DAY);
    assert_eq!((&step["record"], &step["kind"]), (&json!("identity-1"), &json!("identity")));

    for plan in [Plan::Silent, Plan::Down] {
        world.sandbox.set_authority(Some("population_register"), at_once(plan));
        let unheard = statement(&citizen, &case, &change, &[]).await;
        assert_eq!(citizen.submit(&unheard).await.status, 201);
        world.wait(50 * DAY);
        assert!(steps(&citizen, &unheard["jti"]).await.is_empty(), "{plan:?}");
    }
    let order = json!({"authority": "population_register", "plan": "accept", "delay_s": 0});
    assert_eq!(world.post("/sandbox/authority", &[], &order).await.status, 204);
    // By its rules it refuses this.
    let divorced = statement(&citizen, &case, &case["refused"], &[]).await;
    citizen.submit(&divorced).await;
    assert_eq!(last(&citizen, &divorced["jti"]).await.0, "accepted");
    assert!(instruct(&world, &citizen.phone, citizen.next_seq(), "sign_in", json!({})).await.status == 200);
}

/// What becomes of changes that are the same each time, and how long after it is sent.
async fn courses(seed: u64) -> Vec<(String, i64)> {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let order = json!({"plan": "natural", "seed": seed});
    assert_eq!(world.post("/sandbox/authority", &[], &order).await.status, 204);
    let mut courses = Vec::new();
    for number in 10..40 {
        let sent_at = world.now();
        let said = phone_number(&citizen, &json!({"number": format!("09000001{number}")})).await;
        assert_eq!(citizen.submit(&said).await.status, 201);
        world.wait(9 * DAY);
        let (news, _) = citizen.news(None).await;
        let of_it = news.iter().filter(|(_, step)| step["update"] == said["jti"]);
        let told =
            of_it.map(|(_, step)| (step["says"].as_str().unwrap().to_owned(), step["at"].as_i64().unwrap() - sent_at));
        courses.extend(told);
    }
    courses
}

#[tokio::test]
async fn seed_draws_every_course_of_things_and_the_same_in_each_run() {
    let (first, again, other) = (courses(7).await, courses(7).await, courses(8).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    for says in ["checking", "supplement", "accepted", "refused"] {
        assert!(first.iter().any(|told| told.0 == says), "{says}: {first:?}");
    }
}

#[tokio::test]
async fn name_that_is_not_the_registered_one_and_a_blood_group_without_paper_are_not_taken() {
    let world = World::new();
    let citizen = Citizen::new(&world, HANH).await;
    let find = |kind: &str| kinds().into_iter().find(|case| case["kind"] == kind).unwrap();
    let evidence = [citizen.upload(PICTURE, "image/jpeg").await];
    let named = statement(&citizen, &find("education"), &json!({"holder_name": "Nguyễn Thị Thu"}), &evidence).await;
    citizen.submit(&named).await;
    let blood = statement(&citizen, &find("identity"), &json!({"blood_group": "A"}), &[]).await;
    citizen.submit(&blood).await;
    world.wait(10 * DAY);
    assert_eq!(last(&citizen, &named["jti"]).await, ("refused".to_owned(), json!(8201), json!("holder_name")));
    assert_eq!(last(&citizen, &blood["jti"]).await, ("accepted".to_owned(), json!(8207), json!("blood_group")));
    let record = citizen.records("identity").await.pop().unwrap();
    assert_eq!((&record["form"]["occupation"], &record["form"]["blood_group"]), (&json!("Giáo viên"), &Value::Null));
}
