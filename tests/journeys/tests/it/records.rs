//! Records and their changes, for every kind: what authorities say comes to the phone, and what a citizen says goes to them and back.

use std::collections::BTreeMap;

use eid_core::{ActOrder, ActOutcome, ActProgress, Choice, Error, RecordView, Unlocked, UpdateView};
use eid_model::Language;
use eid_record::{RecordKind, Severity, update::State};
use eid_sandbox::{Conduct, Fault, Person, Plan};
use serde_json::Value;

use crate::{
    phone::{PASSCODE, Phone, World},
    step_up::done,
};

/// One kind's row of `records.json`.
pub(crate) struct Case {
    pub(crate) kind: RecordKind,
    pub(crate) existing: bool,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) evidence: bool,
    refused: BTreeMap<String, String>,
    refusal: (u16, String),
    /// One mistake each, with its code.
    findings: Vec<(String, String, u16)>,
}

/// The person of `records.json` and what they do.
pub(crate) fn cases(world: &World) -> (Person, Vec<Case>) {
    let read: Value = serde_json::from_str(include_str!("../../records.json")).unwrap();
    let text = |of: &Value, at: &str| of.pointer(at).and_then(Value::as_str).unwrap().to_owned();
    let texts = |of: &Value, at: &str| -> BTreeMap<String, String> {
        serde_json::from_value(of.pointer(at).unwrap().clone()).unwrap()
    };
    let number = |of: &Value| u16::try_from(of.as_u64().unwrap()).unwrap();
    let pid = text(&read, "/person");
    let person = world.sandbox.people().iter().find(|person| person.pid.as_str() == pid);
    let finding = |(path, found): (&String, &Value)| (path.clone(), text(found, "/0"), number(found.get(1).unwrap()));
    let cases = read.pointer("/kinds").unwrap().as_array().unwrap().iter().map(|row| Case {
        kind: RecordKind::from_name(&text(row, "/kind")).unwrap(),
        existing: row.pointer("/existing").unwrap().as_bool().unwrap(),
        form: texts(row, "/form"),
        evidence: row.pointer("/evidence").unwrap().as_bool().unwrap(),
        refused: texts(row, "/refused"),
        refusal: (number(row.pointer("/refusal/code").unwrap()), text(row, "/refusal/path")),
        findings: row.pointer("/findings").unwrap().as_object().unwrap().iter().map(finding).collect(),
    });
    (person.unwrap().clone(), cases.collect())
}

/// Activated, unlocked, signed in, with the records pulled.
pub(crate) async fn at_home(world: &World, phone: &Phone, person: &Person) -> Unlocked {
    let unlocked = phone.proven(world, person).await.complete(PASSCODE.to_vec()).await.unwrap();
    unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
    unlocked.sync_records().await.unwrap();
    unlocked
}

/// Texts to type.
pub(crate) fn typed<'a>(texts: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(String, Option<String>)> {
    texts.into_iter().map(|(path, text)| (path.clone(), Some(text.clone()))).collect()
}

/// Shows the passcode, and the face where the kind asks for it.
pub(crate) async fn confirm(unlocked: &Unlocked, person: &Person, id: &str) -> Result<ActOutcome, Error> {
    let step = unlocked.order_act(ActOrder::SubmitUpdate { update: id.to_owned() }).await?;
    let progress = match unlocked.answer_with_passcode(&step.id, PASSCODE.to_vec()).await? {
        ActProgress::Missing(step) if step.choices.contains(&Choice::Face) => {
            unlocked.answer_with_face(&step.id, person.large_portrait().to_vec()).await?
        }
        progress => progress,
    };
    Ok(done(progress))
}

/// Time passes until the authority has decided, or asks for more.
pub(crate) async fn heard(world: &World, phone: &Phone, unlocked: &Unlocked, id: &str) -> UpdateView {
    for _ in 0..40 {
        world.pass(phone, 60);
        unlocked.sync_records().await.unwrap();
        let update = unlocked.update(id).await.unwrap();
        if !matches!(update.state, State::Queued | State::Received | State::Checking { .. }) {
            return update;
        }
    }
    panic!("nothing was heard: {:?}", unlocked.update(id).await)
}

pub(crate) fn errors(update: &UpdateView) -> Vec<(String, u16)> {
    let wrong = update.findings.iter().filter(|finding| finding.severity() == Severity::Error);
    wrong.map(|finding| (finding.path().as_str().to_owned(), finding.code().number())).collect()
}

pub(crate) async fn all(unlocked: &Unlocked, kind: RecordKind) -> Vec<RecordView> {
    unlocked.records(Some(kind), Language::Vi).await.unwrap()
}

impl Case {
    /// Begins the change, or goes on with the one that was refused.
    pub(crate) async fn begin(&self, unlocked: &Unlocked, record: Option<&str>) -> UpdateView {
        let known = all(unlocked, self.kind).await;
        let existing = known.first().filter(|_| self.existing).map(|record| record.id.clone());
        let record = record.map(str::to_owned).or(existing);
        unlocked.begin_update(self.kind, record.as_deref()).await.unwrap()
    }

    /// Types each mistake, is told of it, and types the right thing.
    async fn find_mistakes(&self, unlocked: &Unlocked, id: &str) {
        for (path, text, code) in &self.findings {
            let right = unlocked.update(id).await.unwrap().form.find(path).map(str::to_owned);
            let wrong = vec![(path.clone(), Some(text.clone()))];
            let update = unlocked.edit_update(id, wrong).await.unwrap();
            let told =
                update.findings.iter().any(|found| found.path().as_str() == path && found.code().number() == *code);
            assert!(told, "{} {path}: {:?}", self.kind.name(), update.findings);
            assert_eq!(update.form.find(path), Some(text.as_str()), "what was typed is kept");
            let update = unlocked.edit_update(id, vec![(path.clone(), right)]).await.unwrap();
            assert_eq!(errors(&update), [], "{}", self.kind.name());
        }
    }

    async fn attach(&self, unlocked: &Unlocked, person: &Person, id: &str) {
        if self.evidence {
            let update = unlocked.attach_evidence(id, person.large_portrait().to_vec()).await.unwrap();
            let waiting: Vec<bool> = update.evidence.iter().map(|piece| piece.is_uploaded).collect();
            assert_eq!(waiting, [false], "{}", self.kind.name());
        }
    }

    /// True if the first field that is shown is one that records are found by.
    fn is_searched(&self, record: &RecordView) -> bool {
        let first = record.lines.first().and_then(|line| self.kind.definition().find(&line.path));
        first.is_some_and(eid_record::Field::is_searched)
    }

    /// What the phone shows of the record says what was typed.
    async fn is_entered(&self, unlocked: &Unlocked, update: &UpdateView) {
        let id = update.record.as_str();
        let record = unlocked.record(self.kind, id, Language::Vi).await.unwrap();
        assert_eq!((record.status.as_deref(), &record.pending[..]), (Some("ok"), &[][..]), "{}", self.kind.name());
        let begun = unlocked.begin_update(self.kind, Some(id)).await.unwrap();
        assert_eq!(begun.form, update.form, "{}", self.kind.name());
        let texts = record.lines.iter().map(|line| line.text.as_str());
        let hits = unlocked.search_records(&texts.take(1).collect::<String>(), 100, Language::Vi).await.unwrap();
        assert!(hits.iter().any(|hit| hit.id == id) || !self.is_searched(&record), "{}", self.kind.name());
        unlocked.withdraw_update(&begun.id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_of_every_kind_is_refused_with_a_reason_corrected_and_entered() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let (person, cases) = cases(&world);
    assert_eq!(cases.len(), RecordKind::ALL.len(), "every kind");
    world.sandbox.set_authority(None, Conduct { plan: Plan::Natural, delay_s: Some(100), ..Conduct::default() });
    let mut unlocked = at_home(&world, &phone, &person).await;
    for case in &cases {
        let kind = case.kind.name();
        // Written and found wrong with no network at all.
        world.sandbox.set_fault(Fault::Down);
        let update = case.begin(&unlocked, None).await;
        let mut form = case.form.clone();
        let update = unlocked.edit_update(&update.id, typed(&form)).await.unwrap();
        assert_eq!(errors(&update), [], "{kind}");
        case.find_mistakes(&unlocked, &update.id).await;
        let right: Vec<_> =
            case.refused.keys().map(|path| (path.clone(), update.form.find(path).map(str::to_owned))).collect();
        form.extend(case.refused.clone());
        let update = unlocked.edit_update(&update.id, typed(&form)).await.unwrap();
        case.attach(&unlocked, &person, &update.id).await;
        if case.kind == RecordKind::BankAccount {
            // The face is shown to the platform.
            world.sandbox.set_fault(Fault::Off);
        }
        let outcome = confirm(&unlocked, &person, &update.id).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        assert!(matches!(outcome, ActOutcome::Queued), "{kind}: {outcome:?}");
        let shown = unlocked.record(case.kind, &update.record, Language::Vi).await.unwrap();
        assert!(!shown.pending.is_empty(), "{kind}: what was confirmed is pending");
        // Killed before the network is there again.
        if case.kind == RecordKind::Education {
            drop(unlocked);
            phone.restart();
            unlocked = phone.app.unlock(PASSCODE.to_vec()).await.unwrap();
            assert_eq!(unlocked.update(&update.id).await.unwrap().state, State::Queued);
        }
        world.sandbox.set_fault(Fault::Off);
        phone.app.network_changed();
        unlocked.sign_in(PASSCODE.to_vec()).await.unwrap();
        let heard_of = heard(&world, &phone, &unlocked, &update.id).await;
        let State::Refused { reason, appeal_until } = &heard_of.state else { panic!("{kind}: {:?}", heard_of.state) };
        let told = (reason.code, reason.path.as_ref().map_or("", |path| path.as_str()));
        assert_eq!(told, (case.refusal.0, case.refusal.1.as_str()), "{kind}");
        assert!(appeal_until.is_some() && heard_of.receipt.is_some(), "{kind}");
        match unlocked.record(case.kind, &heard_of.record, Language::Vi).await {
            Ok(record) => {
                assert!(case.existing && record.pending.is_empty(), "{kind}: what was refused is not pending");
            }
            Err(error) => assert!(!case.existing && error == Error::RecordUnknown, "{kind}: {error:?}"),
        }
        // Corrected: what was refused is there to go on from.
        let again = case.begin(&unlocked, Some(&heard_of.record)).await;
        assert_ne!(again.id, update.id);
        unlocked.edit_update(&again.id, right).await.unwrap();
        case.attach(&unlocked, &person, &again.id).await;
        assert!(matches!(confirm(&unlocked, &person, &again.id).await.unwrap(), ActOutcome::Queued));
        let accepted = heard(&world, &phone, &unlocked, &again.id).await;
        assert_eq!(accepted.state, State::Accepted, "{kind}");
        case.is_entered(&unlocked, &accepted).await;
        let received = world.sandbox.submissions(&person.pid).unwrap();
        let rounds = received.iter().filter(|received| received.kind == kind).count();
        assert_eq!(rounds, 2, "{kind}: each was received once");
    }
}
