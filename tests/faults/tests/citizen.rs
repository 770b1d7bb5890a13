//! A citizen's step with the app, killed at every storage call and every request, against a real sandbox.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{io::Write as _, os::unix::process::ExitStatusExt as _};

use eid_core::ActivationStep;
use eid_faults::{Hit, Stage, Step};
use eid_model::{AuthLevel, Code, PhoneNumber};

const PASSCODE: &str = "271828";
const NEW: &str = "161803";

fn stage() -> Stage {
    Stage::new(env!("CARGO_BIN_EXE_citizen")).unwrap()
}

/// Points of one step, by kind.
#[derive(Default)]
struct Count {
    storage: usize,
    before_request: usize,
    after_request: usize,
}

impl Count {
    fn add(&mut self, hit: Hit) {
        match hit {
            Hit::None | Hit::Busy(_) | Hit::HalfAnswer(_) | Hit::Network(_) => {}
            Hit::Storage(_) => self.storage += 1,
            Hit::BeforeRequest(_) => self.before_request += 1,
            Hit::AfterRequest(_) => self.after_request += 1,
        }
    }
}

/// Takes the step without harm and then with each harm, each time from the same moment; `judge` says what must hold then.
async fn enumerate(stage: &mut Stage, step: &Step, mut judge: impl AsyncFnMut(&Stage, Hit)) -> Count {
    let good = stage.run(step, Hit::None).unwrap();
    assert!(good.status.success() && good.said == "done\n", "{step:?}: {good:?}");
    judge(stage, Hit::None).await;
    let storage = (good.before + 1..=good.calls).map(Hit::Storage);
    let requests = (1..=good.requests).flat_map(|at| [Hit::BeforeRequest(at), Hit::AfterRequest(at)]);
    let mut count = Count::default();
    for hit in storage.chain(requests) {
        stage.restore().unwrap();
        let hurt = stage.run(step, hit).unwrap();
        assert_eq!(hurt.status.signal(), Some(9), "{hit:?}: {hurt:?}");
        judge(stage, hit).await;
        count.add(hit);
    }
    stage.restore().unwrap();
    count
}

/// Not with `println!`, which a test that goes well keeps to itself.
fn report(name: &str, count: &Count, found: &str) {
    let Count { storage, before_request, after_request } = count;
    let line = format!(
        "{name}: killed at {storage} storage calls, {before_request} requests before and {after_request} after the platform \
         had them; {found}\n"
    );
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_killed_at_any_storage_call_or_request_goes_on_where_it_was() {
    let mut stage = stage();
    let mut due = ActivationStep::Start;
    loop {
        let step = stage.step(due, PASSCODE).unwrap();
        let count = enumerate(&mut stage, &step, async |stage, hit| {
            // One message, one card, one face, one passcode: the same step again ends it.
            let again = stage.run(&step, Hit::None).unwrap();
            assert_eq!(again.said, "done\n", "{due:?} {hit:?}: {again:?}");
            let app = stage.app().unwrap().app;
            let state = app.pending_activation().await.unwrap();
            assert_eq!(state.map(|state| state.step), step.next(), "{due:?} {hit:?}");
            if due == ActivationStep::Start {
                stage.step(ActivationStep::Code, PASSCODE).unwrap();
            }
            if due == ActivationStep::Passcode {
                let unlocked = app.unlock(PASSCODE.as_bytes().to_vec()).await.unwrap();
                let view = unlocked.sign_in(PASSCODE.as_bytes().to_vec()).await.unwrap();
                assert_eq!(view.auth_level, AuthLevel::L2, "{hit:?}");
                assert_eq!(unlocked.devices().await.unwrap().len(), 1, "{hit:?}: one phone, whatever was repeated");
            }
        });
        report(&format!("activation, {due:?}"), &count.await, "each went on");
        assert!(stage.run(&step, Hit::None).unwrap().status.success());
        stage.keep().unwrap();
        match step.next() {
            Some(next) => due = next,
            None => break,
        }
    }
}

async fn opens(stage: &Stage, passcode: &str) -> bool {
    match stage.app().unwrap().app.unlock(passcode.as_bytes().to_vec()).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), Code::PASSCODE_WRONG);
            false
        }
    }
}

/// Which of the two passcodes is in force once phone and platform have spoken: exactly one, and both mean the same.
async fn in_force(stage: &Stage) -> &'static str {
    // By then no instruction can be on its way any more.
    stage.pass(61);
    let before = if opens(stage, PASSCODE).await { PASSCODE } else { NEW };
    let citizen = stage.app().unwrap();
    let unlocked = citizen.app.unlock(before.as_bytes().to_vec()).await.unwrap();
    unlocked.refill_credentials().await.unwrap();
    drop(unlocked);
    drop(citizen);
    let (old, new) = (opens(stage, PASSCODE).await, opens(stage, NEW).await);
    assert_ne!(old, new, "exactly one opens");
    let passcode = if old { PASSCODE } else { NEW };
    let unlocked = stage.app().unwrap().app.unlock(passcode.as_bytes().to_vec()).await.unwrap();
    let signed_in = unlocked.sign_in(passcode.as_bytes().to_vec()).await.unwrap();
    assert_eq!(signed_in.auth_level, AuthLevel::L2);
    passcode
}

/// A phone that was activated.
fn activated() -> Stage {
    let mut stage = stage();
    let mut due = Some(ActivationStep::Start);
    while let Some(next) = due {
        let step = stage.step(next, PASSCODE).unwrap();
        let done = stage.run(&step, Hit::None).unwrap();
        assert_eq!(done.said, "done\n", "{done:?}");
        due = step.next();
    }
    stage.keep().unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn act_killed_at_any_storage_call_or_request_is_ordered_once_and_done_once() {
    const PHRASE: &str = "Meo vang tren mai";
    let mut stage = activated();
    let (mut untyped, mut stands, mut is_done) = (0, 0, 0);
    let step = Step::Phrase(PASSCODE.to_owned(), PHRASE.to_owned());
    let count = enumerate(&mut stage, &step, async |stage, hit| {
        let told = || {
            let Step::Start(_, phone) = stage.step(ActivationStep::Start, PASSCODE).unwrap() else { panic!() };
            let sent = stage.platform().unwrap().messages(&PhoneNumber::parse(&phone).unwrap()).unwrap();
            sent.iter().filter(|message| message.text.contains("cau nhan biet")).count()
        };
        let unlocked = stage.app().unwrap().app.unlock(PASSCODE.as_bytes().to_vec()).await.unwrap();
        match unlocked.pending_act().await.unwrap() {
            Some(_) => stands += 1,
            None if told() == 1 => is_done += 1,
            None => untyped += 1,
        }
        drop(unlocked);
        let again = stage.run(&step, Hit::None).unwrap();
        assert_eq!(again.said, "done\n", "{hit:?}: {again:?}");
        let app = stage.app().unwrap().app;
        assert_eq!(app.safety_phrase().await.unwrap().unwrap().as_str(), PHRASE, "{hit:?}");
        let unlocked = app.unlock(PASSCODE.as_bytes().to_vec()).await.unwrap();
        assert_eq!(
            (unlocked.pending_act().await.unwrap(), told()),
            (None, 1),
            "{hit:?}: done once, whatever was repeated"
        );
    })
    .await;
    assert!(stands > 5 && is_done > 0, "{untyped} {stands} {is_done}");
    let found = format!("not typed yet {untyped} times, to go on with {stands}, done {is_done}, lost or done twice 0");
    report("act with step-up", &count, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn passcode_change_killed_at_any_storage_call_or_request_leaves_exactly_one_that_works() {
    let mut stage = activated();
    let (mut kept, mut changed) = (0, 0);
    let step = Step::Change(PASSCODE.to_owned(), NEW.to_owned());
    let count = enumerate(&mut stage, &step, async |stage, hit| {
        // Without a network, at once: nobody is locked out, by a change that nobody knows the end of either.
        assert!(opens(stage, PASSCODE).await || opens(stage, NEW).await, "{hit:?}");
        match (in_force(stage).await, hit) {
            (PASSCODE, Hit::None) => panic!("it was told to be done"),
            (PASSCODE, _) => kept += 1,
            (_, _) => changed += 1,
        }
    })
    .await;
    assert!(kept > 5 && changed > 5, "{kept} {changed}");
    report(
        "passcode change",
        &count,
        &format!("the old one in force {kept} times, the new one {changed}, both or none 0"),
    );
}
