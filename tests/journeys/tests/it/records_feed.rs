//! What authorities say, as it comes to a phone: much of it, wrong, old and somebody else's, from a platform that lies or has lost its
//! place.

use std::sync::{Arc, Mutex, PoisonError};

use eid_core::{Error, SyncReport};
use eid_model::{Code, Language};
use eid_record::RecordKind;
use eid_sandbox::{Answer, Conduct, Fault, Plan, RecordChange};

use crate::{
    phone::{PASSCODE, Phone, World},
    records::{all, at_home, cases},
};

const BANK: RecordKind = RecordKind::BankAccount;

/// Texts of a bank account; `{n}` is the number of the record.
const ACCOUNT: [(&str, &str); 6] = [
    ("purpose", "general"),
    ("type", "bank"),
    ("bank", "970436"),
    ("account_number", "77{n}"),
    ("holder_name", "Nguyễn Thị Minh Hạnh"),
    ("currency", "VND"),
];

#[tokio::test(flavor = "multi_thread")]
async fn thousand_changed_records_come_in_three_requests_and_are_found_by_a_word() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    let before = all(&unlocked, BANK).await.len();
    world.pass(&phone, 10);
    let change = RecordChange { count: Some(1_000), ..RecordChange::new(person.pid, BANK, None, &ACCOUNT) };
    assert_eq!(world.sandbox.change_record(&change).unwrap().len(), 1_000);
    let report = unlocked.sync_records().await.unwrap();
    assert_eq!((report.pulled, report.refused), (1_000, 0));
    assert!(report.requests <= 3, "{report:?}");
    // Nothing is newer: one request, and nothing is done.
    let again = unlocked.sync_records().await.unwrap();
    assert_eq!(again, SyncReport { requests: 1, ..SyncReport::default() });
    for (text, hits) in [("77999", 1), ("nguyen thi minh hanh", 100), ("vietcombank 77500", 1), ("hạnh 770x", 0)] {
        assert_eq!(unlocked.search_records(text, 100, Language::Vi).await.unwrap().len(), hits, "{text}");
    }
    assert_eq!(all(&unlocked, BANK).await.len(), before + 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_person_or_an_older_time_says_is_not_believed() {
    let world = World::new();
    let (phone, other) = (Phone::new(&world), Phone::new(&world));
    let (person, _) = cases(&world);
    let stranger = world.sandbox.people().iter().find(|p| p.level_two && p.pid != person.pid).unwrap().clone();
    // Somebody on the way keeps what the platform says.
    let kept: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let keeping = Arc::clone(&kept);
    world.sandbox.set_tampering(Some(Arc::new(move |path: &str, answer: &mut Answer| {
        if path == "/v1/records" && answer.status == 200 {
            keeping.lock().unwrap_or_else(PoisonError::into_inner).push(answer.body.clone());
        }
    })));
    let unlocked = at_home(&world, &phone, &person).await;
    at_home(&world, &other, &stranger).await;
    let pages = std::mem::take(&mut *kept.lock().unwrap());
    let [first, of_stranger] = &pages[..] else { panic!("{}", pages.len()) };
    let tell = |body: Vec<u8>| {
        world.sandbox.set_tampering(Some(Arc::new(move |path: &str, answer: &mut Answer| {
            if path == "/v1/records" {
                (answer.status, answer.media) = (200, "application/json".to_owned());
                answer.body.clone_from(&body);
            }
        })));
    };
    let known = unlocked.records(None, Language::Vi).await.unwrap();
    // Another person's, signed rightly.
    tell(of_stranger.clone());
    let report = unlocked.sync_records().await.unwrap();
    assert!(report.pulled == 0 && report.refused > 10, "{report:?}");
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
    // One text changed under its authority's signature.
    let text = String::from_utf8(first.clone()).unwrap();
    let forged = text.replacen("Minh", "Minn", usize::MAX);
    assert_ne!(forged, text);
    tell(forged.into_bytes());
    let report = unlocked.sync_records().await.unwrap();
    assert!(report.pulled == 0 && report.refused > 0, "{report:?}");
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
    // What the authority said before, after it has said something newer.
    world.sandbox.set_tampering(None);
    world.pass(&phone, 60);
    let vehicle = RecordKind::FamilyRelationship;
    let account = &all(&unlocked, BANK).await[0].id;
    let newer = RecordChange::new(person.pid, BANK, Some(account), &[("account_number", "555000555")]);
    world.sandbox.change_record(&newer).unwrap();
    let gone = all(&unlocked, vehicle).await.first().filter(|record| !record.lines.is_empty()).map(|r| r.id.clone());
    if let Some(id) = &gone {
        let gone = RecordChange { gone: true, ..RecordChange::new(person.pid, vehicle, Some(id), &[]) };
        world.sandbox.change_record(&gone).unwrap();
    }
    unlocked.sync_records().await.unwrap();
    let known = unlocked.records(None, Language::Vi).await.unwrap();
    assert!(known.iter().any(|record| record.lines.iter().any(|line| line.text.contains("555000555"))));
    tell(first.clone());
    let report = unlocked.sync_records().await.unwrap();
    assert!(report.pulled == 0 && report.refused > 0, "{report:?}");
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
    // The next honest answer goes on.
    world.sandbox.set_tampering(None);
    assert_eq!(unlocked.sync_records().await.unwrap().refused, 0);
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_with_a_new_key_is_believed_once_the_configuration_says_so() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    world.sandbox.rotate_authority_key("bank").unwrap();
    world.pass(&phone, 60);
    world.sandbox.change_record(&RecordChange::new(person.pid, BANK, None, &ACCOUNT)).unwrap();
    let report = unlocked.sync_records().await.unwrap();
    assert_eq!((report.pulled > 0, report.refused), (true, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_lost_its_place_is_read_from_the_beginning_and_nothing_goes_halfway() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, cases) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    world.pass(&phone, 10);
    let many = RecordChange { count: Some(700), ..RecordChange::new(person.pid, BANK, None, &ACCOUNT) };
    world.sandbox.change_record(&many).unwrap();
    unlocked.sync_records().await.unwrap();
    let draft = cases[0].begin(&unlocked, None).await;
    let known = unlocked.records(None, Language::Vi).await.unwrap();
    world.sandbox.forget_cursors().unwrap();
    // The second page breaks off: what was known stays, all of it.
    let pages = Mutex::new(0);
    world.sandbox.set_tampering(Some(Arc::new(move |path: &str, answer: &mut Answer| {
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        if path == "/v1/records" && answer.status == 200 {
            *pages += 1;
            if *pages > 1 {
                answer.body.truncate(100);
            }
        }
    })));
    assert!(matches!(unlocked.sync_records().await, Err(Error::Platform(_))));
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
    world.sandbox.set_tampering(None);
    let report = unlocked.sync_records().await.unwrap();
    assert_eq!((report.pulled, report.refused), (0, 0), "the same again: {report:?}");
    assert_eq!(unlocked.records(None, Language::Vi).await.unwrap(), known);
    assert_eq!(unlocked.update(&draft.id).await.unwrap(), draft, "what was typed stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_that_has_nothing_or_cannot_answer_says_so_and_takes_nothing_away() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    world.sandbox.set_authority(Some("bank"), Conduct { plan: Plan::Down, ..Conduct::default() });
    let unlocked = at_home(&world, &phone, &person).await;
    let answer = &all(&unlocked, BANK).await[0];
    assert_eq!((answer.id.as_str(), answer.status.as_deref()), ("bank_account", Some("failed")));
    assert!(answer.lines.is_empty() && answer.findings.is_empty() && !answer.is_stale);
    // It can again; the phone asks when its answer is not fresh any more.
    world.sandbox.set_authority(None, Conduct::default());
    world.pass(&phone, 901);
    assert!(all(&unlocked, BANK).await[0].is_stale);
    let due_at = unlocked.refresh_records(BANK).await.unwrap();
    assert_eq!(unlocked.refresh_records(BANK).await.unwrap(), due_at, "asked once");
    world.pass(&phone, 60);
    unlocked.sync_records().await.unwrap();
    let found = all(&unlocked, BANK).await;
    assert!(found.iter().all(|record| record.status.as_deref() == Some("ok")), "{found:?}");
    assert!(!found.is_empty() && found[0].id != "bank_account");
    // Down again: what is known stays as it was.
    world.sandbox.set_authority(Some("bank"), Conduct { plan: Plan::Down, ..Conduct::default() });
    world.pass(&phone, 2 * 86_400);
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.refresh_records(BANK).await.unwrap();
    world.pass(&phone, 60);
    unlocked.sync_records().await.unwrap();
    let after = all(&unlocked, BANK).await;
    assert!(found.iter().all(|record| after.iter().any(|kept| (&kept.id, &kept.lines) == (&record.id, &record.lines))));
    assert!(after.iter().any(|record| record.status.as_deref() == Some("failed")));
    // Nothing is found of somebody who has none of a kind.
    let (other, stranger) =
        (Phone::new(&world), world.sandbox.people().iter().find(|p| p.level_two && p.pid != person.pid));
    let unlocked = at_home(&world, &other, stranger.unwrap()).await;
    let of_all = unlocked.records(None, Language::Vi).await.unwrap();
    let absent: Vec<_> = of_all.iter().filter(|record| record.status.as_deref() == Some("not_found")).collect();
    assert!(
        !absent.is_empty() && absent.iter().all(|record| record.lines.is_empty() && record.id == record.kind.name())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_without_sign_in_or_network_are_there_as_they_were() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let known = at_home(&world, &phone, &person).await.records(None, Language::En).await.unwrap();
    assert!(known.len() >= RecordKind::ALL.len(), "an answer for every kind");
    world.sandbox.set_fault(Fault::Down);
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.records(None, Language::En).await.unwrap(), known);
    assert!(!unlocked.search_records("Nguyen", 5, Language::En).await.unwrap().is_empty());
    world.sandbox.set_fault(Fault::Off);
    phone.app.network_changed();
    assert_eq!(
        unlocked.sync_records().await.unwrap_err().code(),
        Code::AUTH_LEVEL_TOO_LOW,
        "pulling asks for a sign-in"
    );
    let unknown = unlocked.record(BANK, "x", Language::En).await.unwrap_err();
    assert_eq!((unknown, unknown.code()), (Error::RecordUnknown, Code::RECORD_UNKNOWN));
}
