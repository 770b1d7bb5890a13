//! A phone without a network for a month, and then a platform that is overloaded, loses answers and was half-migrated: nothing that
//! was written is lost, and nothing is doubled.

use std::collections::{BTreeMap, BTreeSet};

use eid_core::{ActOrder, ActOutcome, ActProgress, Unlocked};
use eid_model::{Code, Language};
use eid_record::{RecordKind, update::State};
use eid_sandbox::{Conduct, Fault, Person, Plan};

use crate::{
    phone::{PASSCODE, Phone, World},
    records::{Case, all, at_home, cases, typed},
    step_up::count_biometrics,
};

const DAY: u32 = 86_400;

/// Days without a network.
const MONTH: u32 = 30;

/// Changes that are written and left lying. With one that is confirmed for each kind: forty.
const DRAFTS: usize = 25;

/// What was done offline, by the name of the change.
#[derive(Default)]
struct Done {
    confirmed: BTreeMap<String, RecordKind>,
    drafts: BTreeMap<String, BTreeMap<String, String>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn month_without_a_network_then_an_overloaded_half_migrated_platform_loses_and_doubles_nothing() {
    let (world, mut done) = (World::new(), Done::default());
    let (person, kinds) = cases(&world);
    let mut phone = Phone::new(&world);
    let open = at_home(&world, &phone, &person).await;
    count_biometrics(&world, &open).await;
    let known = names(&open).await.len();
    drop(open);

    world.sandbox.set_fault(Fault::Down);
    for day in 0..MONTH {
        world.pass(&phone, DAY);
        if day % 3 == 0 {
            phone.restart();
        }
        let open = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
        write(&person, &open, &kinds, day, &mut done).await;
        phone.app.lock();
    }
    assert_eq!((done.confirmed.len(), done.drafts.len()), (kinds.len(), DRAFTS));

    phone.restart();
    let open = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
    assert_eq!(open.updates().await.unwrap().len(), 40);
    assert!(world.sandbox.submissions(&person.pid).unwrap().is_empty());
    let waiting = meet(&world, &phone, &open).await;
    assert_eq!(waiting, 0, "all of it arrived");
    let mut arrived = world.sandbox.submissions(&person.pid).unwrap();
    let sent: BTreeSet<String> = arrived.drain(..).map(|update| update.jti).collect();
    assert_eq!(sent, done.confirmed.keys().cloned().collect(), "each of them, and no other");

    decided(&world, &phone, &open, &done).await;
    assert_eq!(world.sandbox.submissions(&person.pid).unwrap().len(), sent.len(), "none of them twice");
    let records = names(&open).await;
    let new = kinds.iter().filter(|entry| !entry.existing).count();
    assert_eq!(records.len(), known + new);
    for (id, kind) in &done.confirmed {
        let update = open.update(id).await.unwrap();
        assert!(records.contains(&(*kind, update.record)), "{}", kind.name());
    }
    for (id, texts) in &done.drafts {
        let update = open.update(id).await.unwrap();
        assert_eq!(update.state, State::Draft);
        let kept: BTreeMap<_, _> = update.form.iter().map(|(path, text)| (path.as_str(), text)).collect();
        for (path, text) in texts {
            assert_eq!(kept.get(path.as_str()), Some(&text.as_str()), "{path}");
        }
    }
}

/// The records that the phone knows; that an authority has none is not one.
async fn names(open: &Unlocked) -> BTreeSet<(RecordKind, String)> {
    let records = open.records(None, Language::Vi).await.unwrap();
    let count = records.len();
    let names: BTreeSet<_> = records.into_iter().map(|record| (record.kind, record.id)).collect();
    assert_eq!(names.len(), count);
    names.into_iter().filter(|(kind, id)| id != kind.name()).collect()
}

/// What is written on one day: half a kind confirmed, and a draft on most days.
async fn write(person: &Person, open: &Unlocked, kinds: &[Case], day: u32, done: &mut Done) {
    let day = usize::try_from(day).unwrap();
    if let (0, Some(entry)) = (day % 2, kinds.get(day / 2)) {
        let id = confirm(person, open, entry).await;
        done.confirmed.insert(id, entry.kind);
    }
    if day < DRAFTS {
        let entry = kinds.iter().filter(|entry| !entry.existing).cycle().nth(day).unwrap();
        let update = open.begin_update(entry.kind, None).await.unwrap();
        // Half of the form, and a text that is no answer: whatever was typed is kept.
        let mut texts: BTreeMap<String, String> = entry.form.clone().into_iter().take(entry.form.len() / 2).collect();
        let first = texts.keys().next().unwrap().clone();
        texts.insert(first, format!("viết dở {day}"));
        open.edit_update(&update.id, typed(&texts)).await.unwrap();
        assert!(done.drafts.insert(update.id, texts).is_none(), "a draft of its own");
    }
}

/// Writes a change and confirms it without a network.
async fn confirm(person: &Person, open: &Unlocked, entry: &Case) -> String {
    let record = if entry.existing {
        Some(all(open, entry.kind).await.first().unwrap_or_else(|| panic!("{}", entry.kind.name())).id.clone())
    } else {
        None
    };
    let update = open.begin_update(entry.kind, record.as_deref()).await.unwrap();
    open.edit_update(&update.id, typed(&entry.form)).await.unwrap();
    if entry.evidence {
        open.attach_evidence(&update.id, person.large_portrait().to_vec()).await.unwrap();
    }
    let step = open.order_act(ActOrder::SubmitUpdate { update: update.id.clone() }).await.unwrap();
    let mut progress = open.answer_with_passcode(&step.id, PASSCODE.to_vec()).await.unwrap();
    if let ActProgress::Missing(step) = progress {
        progress = open.answer_with_biometrics(&step.id).await.unwrap();
    }
    assert!(matches!(progress, ActProgress::Done(ActOutcome::Queued)), "{}", entry.kind.name());
    update.id
}

/// The network is there again, and the platform is not well. Gives how many changes still wait once it is.
async fn meet(world: &World, phone: &Phone, open: &Unlocked) -> usize {
    let busy = Some(Code::PLATFORM_BUSY);
    let sync = async || {
        phone.app.network_changed();
        open.sync_records().await
    };
    assert_eq!(sync().await.err().map(|error| error.code()), busy);
    // Half-migrated: it forgets again and again where everybody was, and one authority cannot answer.
    world.sandbox.set_authority(Some("bank"), Conduct { plan: Plan::Down, ..Conduct::default() });
    for (paths, fault) in [
        ("/v1/evidence", Fault::Down),
        ("/v1/submissions", Fault::Down),
        // What was sent is taken, and nobody learns of it.
        ("/v1/submissions", Fault::Truncated),
        ("/v1/records", Fault::Truncated),
        ("/v1/records", Fault::Nonsense),
    ] {
        world.sandbox.forget_cursors().unwrap();
        world.sandbox.set_fault_on(paths, fault);
        phone.app.network_changed();
        open.sign_in(PASSCODE.to_vec()).await.unwrap();
        let refused = sync().await;
        assert!(refused.is_err(), "{paths} {fault:?}");
    }
    world.sandbox.set_fault(Fault::Off);
    for _ in 0..3 {
        phone.app.network_changed();
        open.sign_in(PASSCODE.to_vec()).await.unwrap();
        if sync().await.unwrap().waiting == 0 {
            return 0;
        }
    }
    sync().await.unwrap().waiting
}

/// Lets days pass until every authority has decided, the one that was down as well.
async fn decided(world: &World, phone: &Phone, open: &Unlocked, done: &Done) {
    for day in 0..60 {
        world.pass(phone, DAY);
        if day == 5 {
            world.sandbox.set_authority(Some("bank"), Conduct::default());
        }
        if day % 20 == 0 {
            open.sign_in(PASSCODE.to_vec()).await.unwrap();
        }
        open.sync_records().await.unwrap();
        let open_still = open
            .updates()
            .await
            .unwrap()
            .into_iter()
            .filter(|update| done.confirmed.contains_key(&update.id) && update.state != State::Accepted);
        if day > 5 && open_still.count() == 0 {
            return;
        }
    }
    let states: Vec<_> = open.updates().await.unwrap().into_iter().map(|update| (update.kind, update.state)).collect();
    panic!("not decided: {states:?}");
}
