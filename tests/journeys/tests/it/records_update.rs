//! Changes of records that do not go straight: both sides change at once, authorities ask for more or take a part, passcodes change, and
//! phones are killed.

use std::collections::BTreeMap;

use eid_core::{ActOrder, ActOutcome, ActProgress, Error, UpdateView};
use eid_model::{Code, Language};
use eid_record::{RecordKind, Wish, update::State};
use eid_sandbox::{Conduct, Fault, Plan, RecordChange};

use crate::{
    phone::{PASSCODE, Phone, World},
    records::{all, at_home, cases, confirm, heard, typed},
};

const WATER: RecordKind = RecordKind::Water;

fn texts(texts: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    let texts: BTreeMap<String, String> = texts.iter().map(|(at, text)| ((*at).into(), (*text).into())).collect();
    typed(&texts)
}

/// A contract that the authority has.
const CONTRACT: [(&str, &str); 5] = [
    ("provider", "MAU-01"),
    ("provider_name", "Công ty Cấp nước Mẫu"),
    ("customer_code", "000555"),
    ("relation", "holder"),
    ("contract_holder", "Nguyễn Thị Minh Hạnh"),
];

fn conflicts(update: &UpdateView) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let fields = update.conflict.as_deref().unwrap();
    fields.iter().map(|field| (field.path.as_str(), field.mine.as_deref(), field.theirs.as_deref())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_changed_meanwhile_is_shown_with_both_values_and_confirmed_again() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    world.sandbox.set_authority(None, Conduct { delay_s: Some(100), ..Conduct::default() });
    let unlocked = at_home(&world, &phone, &person).await;
    world.pass(&phone, 10);
    let made = world.sandbox.change_record(&RecordChange::new(person.pid, WATER, None, &CONTRACT)).unwrap();
    let id = made.first().unwrap();
    unlocked.sync_records().await.unwrap();
    // On this phone, before it is confirmed.
    let update = unlocked.begin_update(WATER, Some(id)).await.unwrap();
    let mine = texts(&[("customer_code", "000556"), ("relation", "member")]);
    unlocked.edit_update(&update.id, mine).await.unwrap();
    world.pass(&phone, 10);
    let theirs = [("customer_code", "000557"), ("provider_name", "Công ty Cấp nước Thử")];
    world.sandbox.change_record(&RecordChange::new(person.pid, WATER, Some(id), &theirs)).unwrap();
    unlocked.sync_records().await.unwrap();
    let seen = unlocked.update(&update.id).await.unwrap();
    assert_eq!(conflicts(&seen), [("customer_code", Some("000556"), Some("000557"))], "the field that both changed");
    let refused = confirm(&unlocked, &person, &update.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::UPDATE_CONFLICT);
    let rebased = unlocked.rebase_update(&update.id, &["customer_code".to_owned()]).await.unwrap();
    let text = |update: &UpdateView, at: &str| update.form.find(at).map(str::to_owned);
    assert_eq!(text(&rebased, "customer_code").as_deref(), Some("000556"), "kept");
    assert_eq!(text(&rebased, "relation").as_deref(), Some("member"), "only the citizen changed it");
    assert_eq!(text(&rebased, "provider_name").as_deref(), Some("Công ty Cấp nước Thử"), "only the authority did");
    assert_eq!(rebased.conflict, None);
    // At the platform, after it was confirmed offline.
    world.sandbox.set_fault(Fault::Down);
    assert!(matches!(confirm(&unlocked, &person, &update.id).await.unwrap(), ActOutcome::Queued));
    assert_eq!(unlocked.update(&update.id).await.unwrap().state, State::Queued);
    let late = unlocked.edit_update(&update.id, texts(&[("relation", "holder")])).await.unwrap_err();
    assert_eq!(late.code(), Code::UPDATE_OUT_OF_ORDER, "what was signed is not changed");
    assert_eq!(unlocked.withdraw_update(&update.id).await.unwrap_err().code(), Code::UPDATE_OUT_OF_ORDER);
    world.pass(&phone, 10);
    world
        .sandbox
        .change_record(&RecordChange::new(person.pid, WATER, Some(id), &[("customer_code", "000558")]))
        .unwrap();
    world.sandbox.set_fault(Fault::Off);
    phone.app.network_changed();
    unlocked.sync_records().await.unwrap();
    let returned = unlocked.update(&update.id).await.unwrap();
    assert_eq!((&returned.state, returned.problem), (&State::Draft, Some(Code::RECORD_CHANGED)));
    assert_eq!(conflicts(&returned), [("customer_code", Some("000556"), Some("000558"))]);
    let record = unlocked.record(WATER, id, Language::Vi).await.unwrap();
    assert!(record.pending.is_empty(), "what came back is not pending");
    let rebased = unlocked.rebase_update(&update.id, &[]).await.unwrap();
    assert_eq!((text(&rebased, "customer_code").as_deref(), rebased.problem), (Some("000558"), None));
    confirm(&unlocked, &person, &update.id).await.unwrap();
    assert_eq!(heard(&world, &phone, &unlocked, &update.id).await.state, State::Accepted);
    assert_eq!(world.sandbox.submissions(&person.pid).unwrap().len(), 1, "what was refused was never received");
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_that_takes_a_part_leaves_the_rest_pending_with_its_reason() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    world.pass(&phone, 10);
    let made = world.sandbox.change_record(&RecordChange::new(person.pid, WATER, None, &CONTRACT)).unwrap();
    let id = made.first().unwrap();
    unlocked.sync_records().await.unwrap();
    world.sandbox.set_authority(None, Conduct { plan: Plan::Partial, delay_s: Some(100), ..Conduct::default() });
    let update = unlocked.begin_update(WATER, Some(id)).await.unwrap();
    let mine = texts(&[("customer_code", "000556"), ("relation", "member")]);
    unlocked.edit_update(&update.id, mine).await.unwrap();
    confirm(&unlocked, &person, &update.id).await.unwrap();
    let pending = unlocked.record(WATER, id, Language::Vi).await.unwrap();
    assert_eq!(pending.pending.len(), 2, "confirmed, and the authority has not spoken");
    assert!(pending.lines.iter().any(|line| line.text == "000555"), "what it says is shown");
    let heard = heard(&world, &phone, &unlocked, &update.id).await;
    assert_eq!(heard.state, State::Accepted);
    assert_eq!(heard.left_out.map(|reason| reason.code), Some(Code::REASON_PARTLY_TAKEN.number()));
    let record = unlocked.record(WATER, id, Language::Vi).await.unwrap();
    let [(path, wish)] = &record.pending[..] else { panic!("{:?}", record.pending) };
    assert_eq!((path.as_str(), wish), ("relation", &Wish::Text("member".to_owned())));
    assert!(record.lines.iter().any(|line| line.text == "000556"), "the other part is taken over");
    let differing: Vec<_> = record.mismatches.iter().map(|found| found.path.as_str()).collect();
    assert_eq!(differing, ["relation"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn authority_that_asks_for_more_gets_it_as_another_round_or_refuses_when_it_is_late() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, cases) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    let conduct = Conduct { plan: Plan::Supplement, delay_s: Some(100), supplement_s: Some(3_600), seed: None };
    world.sandbox.set_authority(None, conduct);
    let education = cases.iter().find(|case| case.kind == RecordKind::Education).unwrap();
    for is_late in [false, true] {
        let update = education.begin(&unlocked, None).await;
        let number = if is_late { "MAU-100201" } else { "MAU-100200" };
        let mut form = education.form.clone();
        form.insert("diploma_number".to_owned(), number.to_owned());
        unlocked.edit_update(&update.id, typed(&form)).await.unwrap();
        confirm(&unlocked, &person, &update.id).await.unwrap();
        let asked = heard(&world, &phone, &unlocked, &update.id).await;
        assert_eq!(asked.state, State::Supplement);
        let wanted = asked.asked.as_ref().unwrap();
        assert_eq!(wanted.reason.code, Code::REASON_EVIDENCE_UNREADABLE.number());
        let attached = unlocked.attach_evidence(&update.id, person.large_portrait().to_vec()).await.unwrap();
        let again = unlocked.attach_evidence(&update.id, person.large_portrait().to_vec()).await.unwrap();
        assert_eq!((attached.evidence.len(), again), (1, attached.clone()), "the same twice is one");
        assert_eq!(
            unlocked.attach_evidence(&update.id, b"GIF89a".to_vec()).await.unwrap_err().code(),
            Code::EVIDENCE_KIND
        );
        if is_late {
            world.pass(&phone, 3_700);
            let overdue = confirm(&unlocked, &person, &update.id).await.unwrap_err();
            assert_eq!(overdue.code(), Code::UPDATE_OVERDUE);
            unlocked.sync_records().await.unwrap();
            let State::Refused { reason, .. } = unlocked.update(&update.id).await.unwrap().state else { panic!() };
            assert_eq!(reason.code, Code::REASON_SUPPLEMENT_OVERDUE.number());
            continue;
        }
        confirm(&unlocked, &person, &update.id).await.unwrap();
        let heard = heard(&world, &phone, &unlocked, &update.id).await;
        assert_eq!((&heard.state, heard.asked.is_none()), (&State::Accepted, true));
        assert_eq!(heard.receipt.as_ref().map(|receipt| (receipt.round, receipt.evidence.len())), Some((1, 1)));
        let sent = attached.evidence.first().unwrap().sha256;
        let arrived = world.sandbox.evidence(&person.pid, &sent).unwrap().unwrap();
        assert_eq!(arrived.len() as u64, heard.evidence.first().unwrap().bytes);
    }
    let rounds: Vec<u32> = world.sandbox.submissions(&person.pid).unwrap().iter().map(|sent| sent.round).collect();
    assert_eq!(rounds, [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn change_signed_with_a_passcode_of_before_is_confirmed_again_and_costs_no_try() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, cases) = cases(&world);
    world.sandbox.set_authority(None, Conduct { delay_s: Some(100), ..Conduct::default() });
    let unlocked = at_home(&world, &phone, &person).await;
    let water = cases.iter().find(|case| case.kind == WATER).unwrap();
    let update = water.begin(&unlocked, None).await;
    unlocked.edit_update(&update.id, typed(&water.form)).await.unwrap();
    world.sandbox.set_fault_on("/v1/submissions", Fault::Down);
    // A slip is counted as everywhere, and the order stands.
    let step = unlocked.order_act(ActOrder::SubmitUpdate { update: update.id.clone() }).await.unwrap();
    let wrong = unlocked.answer_with_passcode(&step.id, b"314159".to_vec()).await.unwrap_err();
    assert!(matches!(wrong, Error::PasscodeWrong { wrong_tries: 1, .. }));
    let right = unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await.unwrap();
    assert!(matches!(right, ActProgress::Done(ActOutcome::Queued)));
    let again = unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await.unwrap();
    assert!(matches!(again, ActProgress::Done(ActOutcome::Queued)), "two taps are one");
    assert!(matches!(unlocked.sync_records().await, Err(Error::Platform(_))), "it waits");
    unlocked.change_passcode(PASSCODE.to_vec(), b"161803".to_vec()).await.unwrap();
    world.sandbox.set_fault(Fault::Off);
    phone.app.network_changed();
    let report = unlocked.sync_records().await.unwrap();
    assert_eq!((report.sent, report.waiting), (0, 0));
    let returned = unlocked.update(&update.id).await.unwrap();
    assert_eq!((&returned.state, returned.problem), (&State::Draft, Some(Code::CONFIRM_AGAIN)));
    let step = unlocked.order_act(ActOrder::SubmitUpdate { update: update.id.clone() }).await.unwrap();
    unlocked.answer_with_passcode(&step.id, b"161803".to_vec()).await.unwrap();
    let accepted = heard(&world, &phone, &unlocked, &update.id).await;
    assert_eq!((accepted.state, accepted.problem), (State::Accepted, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn draft_is_kept_as_it_was_typed_given_back_and_erased_for_good() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    world.sandbox.set_fault(Fault::Down);
    let kind = RecordKind::PartyMembership;
    let update = unlocked.begin_update(kind, None).await.unwrap();
    let typed = unlocked.edit_update(&update.id, texts(&[("card_number", " 0x ")])).await.unwrap();
    assert!(!typed.findings.is_empty());
    let invalid = unlocked.order_act(ActOrder::SubmitUpdate { update: update.id.clone() }).await.unwrap_err();
    assert_eq!(invalid.code(), Code::UPDATE_INVALID, "nobody is asked for a passcode in vain");
    let bad = unlocked.edit_update(&update.id, texts(&[("Card", "1")])).await.unwrap_err();
    assert_eq!(bad.code(), Code::RECORD_UNREADABLE);
    let attached = unlocked.attach_evidence(&update.id, person.large_portrait().to_vec()).await.unwrap();
    drop(unlocked);
    phone.restart();
    let unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(unlocked.updates().await.unwrap(), std::slice::from_ref(&attached));
    assert_eq!(attached.form.find("card_number"), Some(" 0x "));
    let piece = attached.evidence.first().unwrap().sha256;
    assert!(unlocked.detach_evidence(&update.id, piece).await.unwrap().evidence.is_empty());
    unlocked.detach_evidence(&update.id, piece).await.unwrap();
    unlocked.withdraw_update(&update.id).await.unwrap();
    unlocked.withdraw_update(&update.id).await.unwrap();
    assert_eq!(unlocked.updates().await.unwrap(), []);
    let gone = unlocked.update(&update.id).await.unwrap_err();
    assert_eq!((gone, gone.code()), (Error::UpdateUnknown, Code::UPDATE_UNKNOWN));
    // A change of the same record that is being written is given back, not begun twice.
    let known = all(&unlocked, RecordKind::Identity).await;
    let first =
        unlocked.begin_update(RecordKind::Identity, known.first().map(|record| record.id.as_str())).await.unwrap();
    let second =
        unlocked.begin_update(RecordKind::Identity, known.first().map(|record| record.id.as_str())).await.unwrap();
    assert_eq!(first.id, second.id);
    let shown = format!("{first:?}{known:?}");
    assert!(!shown.contains("Hạnh") && !shown.contains(person.pid.as_str()), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_written_out_are_of_the_kinds_that_were_chosen_signed_and_readable() {
    let world = World::new();
    let phone = Phone::new(&world);
    let (person, _) = cases(&world);
    let unlocked = at_home(&world, &phone, &person).await;
    world.pass(&phone, 10);
    let hostile = RecordChange::new(
        person.pid,
        WATER,
        None,
        &[("provider_name", "<script>alert(1)</script>"), ("customer_code", "000555")],
    );
    let id = world.sandbox.change_record(&hostile).unwrap().remove(0);
    unlocked.sync_records().await.unwrap();
    let update = unlocked.begin_update(WATER, Some(&id)).await.unwrap();
    let form = texts(&[
        ("customer_code", "000556"),
        ("relation", "holder"),
        ("provider", "MAU-01"),
        ("contract_holder", person.name.as_str()),
    ]);
    unlocked.edit_update(&update.id, form).await.unwrap();
    confirm(&unlocked, &person, &update.id).await.unwrap();
    let export = unlocked.export_records(&[WATER, RecordKind::Vehicle], Language::Vi).await.unwrap();
    let file: serde_json::Value = serde_json::from_slice(&export.json).unwrap();
    let records = file.get("records").unwrap().as_array().unwrap();
    assert_eq!((file.get("format").unwrap(), records.len()), (&"eid-records/1".into(), export.records));
    let kinds: std::collections::BTreeSet<&str> =
        records.iter().map(|record| record.get("kind").unwrap().as_str().unwrap()).collect();
    assert_eq!(kinds, ["vehicle", "water"].into(), "and none that was not chosen");
    let water = records.iter().find(|record| record.get("id").unwrap() == id.as_str()).unwrap();
    assert_eq!(water.pointer("/fields/customer_code").unwrap(), "000555", "what the authority says");
    assert_eq!(water.pointer("/pending/customer_code").unwrap(), "000556");
    // Whoever has the key of the grant can check the file.
    let token = eid_platform::jws::parse(&export.signature).unwrap();
    let said: serde_json::Value = token.verify("eid-export+jwt", token.jwk().unwrap()).unwrap();
    let digest = eid_crypto::hash::sha256(&export.json);
    let named = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, digest);
    assert_eq!(said.get("sha256").unwrap(), named.as_str());
    assert!(
        export.html.contains("&lt;script&gt;") && !export.html.contains("<script") && export.html.contains("000555")
    );
    assert!(!format!("{export:?}").contains("000555"));
    let (_, last) = unlocked.history(None, 1).await.unwrap().items.remove(0);
    assert_eq!((last.act, last.purpose.as_str()), (eid_core::Act::Exported, "records"));
}
