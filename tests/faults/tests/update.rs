//! A change of a record with evidence, hurt at every point: the authority ends with one submission, and the phone knows its state.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{collections::BTreeMap, io::Write as _, os::unix::process::ExitStatusExt as _};

use eid_core::ActivationStep;
use eid_crypto::hash::sha256;
use eid_faults::{CHANGED, Goal, Hit, Outcome, PIECE, Stage, Step, TYPED, Weather, document};
use eid_model::{Language, Pid};
use eid_record::update::State;
use eid_sandbox::{Conduct, Plan};

const PASSCODE: &str = "271828";

/// A phone that was activated, and authorities that answer at once.
fn activated(plan: Plan) -> Stage {
    let mut stage = Stage::new(env!("CARGO_BIN_EXE_citizen")).unwrap();
    stage.set_authorities(Conduct { plan, delay_s: Some(0), ..Conduct::default() }).unwrap();
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

/// What happened to a step, each with how often.
#[derive(Default)]
struct Count(BTreeMap<&'static str, usize>);

impl Count {
    fn add(&mut self, hit: Hit, is_delivered: bool) {
        let kind = match hit {
            Hit::None => return,
            Hit::Storage(_) => "killed at a storage call",
            Hit::BeforeRequest(_) => "killed before the platform had a request",
            Hit::AfterRequest(_) => "killed before its answer",
            Hit::Busy(_) => "platform busy",
            Hit::HalfAnswer(_) => "half an answer",
            Hit::Network(Weather::Fine) => return,
            Hit::Network(Weather::CutUp(_)) => "link cut on the way up",
            Hit::Network(Weather::CutDown(_)) => "link cut on the way down",
            Hit::Network(Weather::Late(_)) if is_delivered => "delivered late",
            // The platform had ended the connection before.
            Hit::Network(Weather::Late(_)) => "lost on the way",
        };
        *self.0.entry(kind).or_default() += 1;
    }

    /// Whether each kind was there, more than once or twice.
    fn has_all(&self) -> bool {
        let kinds = self.0.iter().filter(|(kind, _)| **kind != "lost on the way");
        kinds.clone().count() == 8 && kinds.into_iter().all(|(_, count)| *count >= 6)
    }
}

/// So many points of a way of bytes, from its first to its last.
fn points(bytes: usize, most: usize) -> impl Iterator<Item = usize> {
    let most = most.min(bytes);
    (0..most).map(move |point| point * bytes / most)
}

/// All that can happen to a step that went like this. Of the second round, which runs through the same code, a third of the kills.
fn hits(good: &Outcome, goal: Goal, is_offline: bool) -> Vec<Hit> {
    let every = if goal == Goal::Supplied { 3 } else { 1 };
    let mut hits: Vec<Hit> = (good.before + 1..=good.calls).step_by(every).map(Hit::Storage).collect();
    if is_offline {
        return hits;
    }
    let kinds = [Hit::BeforeRequest, Hit::AfterRequest, Hit::Busy, Hit::HalfAnswer];
    hits.extend((1..=good.requests).flat_map(|at| kinds.map(|kind| kind(at))));
    let (up, down) = good.carried;
    hits.extend(points(up, 30).map(|at| Hit::Network(Weather::CutUp(at))));
    hits.extend(points(down, 15).map(|at| Hit::Network(Weather::CutDown(at))));
    hits.extend(points(up, 15).map(|at| Hit::Network(Weather::Late(at))));
    hits
}

/// The phone goes on, with nothing in its way: one submission of each round, one record, and both sides say so.
async fn judge(stage: &Stage, hit: Hit, (pid, rounds): (&Pid, u32)) {
    let again = stage.run(&Step::Update(Goal::Supplied, PASSCODE.to_owned()), Hit::None).unwrap();
    assert_eq!(again.said, "done\n", "{hit:?}: {again:?}");
    let digests: Vec<[u8; 32]> =
        (0..rounds).map(|piece| sha256(&document(usize::try_from(piece).unwrap(), PIECE))).collect();

    let unlocked = stage.app().unwrap().app.unlock(PASSCODE.as_bytes().to_vec()).await.unwrap();
    let updates = unlocked.updates().await.unwrap();
    let [update] = updates.as_slice() else { panic!("{hit:?}: {updates:?}") };
    assert_eq!((&update.state, update.problem), (&State::Accepted, None), "{hit:?}");
    let receipt = update.receipt.as_ref().unwrap();
    assert_eq!((receipt.round, &receipt.evidence), (rounds - 1, &digests), "{hit:?}");
    let record = unlocked.record(CHANGED, &update.record, Language::Vi).await.unwrap();
    assert!(record.pending.is_empty() && record.as_of.is_some(), "{hit:?}: {record:?}");
    drop(unlocked);
    assert_eq!(stage.attached().unwrap(), 0, "{hit:?}: evidence of a decided change is gone from the phone");

    let sent = stage.platform().unwrap().submissions(pid).unwrap();
    let named: Vec<_> = sent.iter().map(|sent| (sent.jti.as_str(), sent.round, sent.evidence.len())).collect();
    let wanted: Vec<_> =
        (0..rounds).map(|round| (update.id.as_str(), round, usize::try_from(round).unwrap() + 1)).collect();
    assert_eq!(named, wanted, "{hit:?}");
    let is_typed = |form: &BTreeMap<String, String>| {
        TYPED.iter().all(|(path, typed)| form.get(*path).is_some_and(|sent| sent == typed))
    };
    assert!(sent.iter().all(|sent| is_typed(&sent.form)), "{hit:?}");
    for digest in digests {
        let stored = stage.platform().unwrap().evidence(pid, &digest).unwrap();
        assert_eq!(stored.map(|bytes| sha256(&bytes)), Some(digest), "{hit:?}");
    }
}

/// A change on the way to a goal, and how the step to it goes without harm.
struct Near {
    stage: Stage,
    pid: Pid,
    rounds: u32,
    step: Step,
    good: Outcome,
}

impl Near {
    async fn to(goal: Goal, plan: Plan) -> Self {
        let mut stage = activated(plan);
        let Step::Start(pid, _) = stage.step(ActivationStep::Start, PASSCODE).unwrap() else { panic!() };
        let (pid, rounds) = (Pid::parse(&pid).unwrap(), if plan == Plan::Supplement { 2 } else { 1 });
        let step = |goal| Step::Update(goal, PASSCODE.to_owned());
        for earlier in Goal::ALL.into_iter().filter(|earlier| *earlier < goal) {
            assert_eq!(stage.run(&step(earlier), Hit::None).unwrap().said, "done\n");
        }
        stage.keep().unwrap();
        let good = stage.run(&step(goal), Hit::None).unwrap();
        assert_eq!(good.said, "done\n", "{good:?}");
        judge(&stage, Hit::None, (&pid, rounds)).await;
        Self { stage, pid, rounds, step: step(goal), good }
    }

    /// Takes the step with a harm.
    fn take(&self, hit: Hit) -> Outcome {
        let hurt = self.stage.run(&self.step, hit).unwrap();
        if matches!(hit, Hit::Storage(_)) {
            assert_eq!(hurt.status.signal(), Some(9), "{hit:?}: {hurt:?}");
        }
        hurt
    }

    async fn judge(&self, hit: Hit) {
        judge(&self.stage, hit, (&self.pid, self.rounds)).await;
    }
}

/// Takes the step to a goal without harm and with each harm, each time from the same moment.
async fn hurt(goal: Goal, plan: Plan) -> Count {
    let mut near = Near::to(goal, plan).await;
    let mut count = Count::default();
    for hit in hits(&near.good, goal, near.step.is_offline()) {
        near.stage.restore().unwrap();
        let hurt = near.take(hit);
        if matches!(hit, Hit::BeforeRequest(_) | Hit::AfterRequest(_)) {
            assert_eq!(hurt.status.signal(), Some(9), "{hit:?}: {hurt:?}");
        }
        near.judge(hit).await;
        count.add(hit, hurt.late > 0);
    }
    report(goal, &count);
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn update_killed_while_it_is_written_reaches_its_authority_once() {
    assert!(hurt(Goal::Written, Plan::Accept).await.0.values().sum::<usize>() >= 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_killed_while_evidence_is_attached_reaches_its_authority_once() {
    assert!(hurt(Goal::Evidenced, Plan::Accept).await.0.values().sum::<usize>() >= 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_killed_while_it_is_confirmed_without_a_network_reaches_its_authority_once() {
    assert!(hurt(Goal::Confirmed, Plan::Accept).await.0.values().sum::<usize>() >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_hurt_while_it_is_sent_reaches_its_authority_once() {
    let count = hurt(Goal::Decided, Plan::Accept).await;
    assert!(count.has_all(), "{:?}", count.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_hurt_while_its_authority_gets_more_reaches_it_once_in_each_round() {
    let count = hurt(Goal::Supplied, Plan::Supplement).await;
    assert!(count.has_all(), "{:?}", count.0);
}

/// Killed at each storage call, and when it is started again, each thing that a network does happens to what is left to send. By
/// turns, so that each kill has one; with `EID_FAULTS=all` every kill has every one.
#[tokio::test(flavor = "multi_thread")]
async fn update_killed_while_it_is_sent_and_hurt_again_when_it_goes_on_reaches_its_authority_once() {
    let mut near = Near::to(Goal::Decided, Plan::Accept).await;
    let all = std::env::var_os("EID_FAULTS").is_some_and(|wanted| wanted == "all");
    let kills = (near.good.before + 1..=near.good.calls).map(Hit::Storage);
    let (mut count, mut pairs) = (Count::default(), 0_usize);
    for (turn, kill) in kills.enumerate() {
        // What is left grows less with each call that was made: the fault is at its beginning.
        let (at, byte) = (turn / 7 % 3 + 1, turn * 97 % 4_096 + 1);
        let faults = [
            Hit::BeforeRequest(at),
            Hit::AfterRequest(at),
            Hit::Busy(at),
            Hit::HalfAnswer(at),
            Hit::Network(Weather::CutUp(byte)),
            Hit::Network(Weather::CutDown(byte)),
            Hit::Network(Weather::Late(byte)),
        ];
        let wanted = faults.into_iter().enumerate().filter(|(kind, _)| all || turn % faults.len() == *kind);
        for (_, fault) in wanted {
            near.stage.restore().unwrap();
            near.take(kill);
            let again = near.take(fault);
            near.judge(fault).await;
            if happened(fault, &again) {
                count.add(fault, again.late > 0);
                pairs += 1;
            }
        }
    }
    let counts: Vec<String> = count.0.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let line = format!("update, killed and then: {}; {pairs} pairs, lost or doubled 0\n", counts.join(", "));
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    assert!(count.0.len() >= 7 && pairs >= 200, "{:?}", count.0);
}

/// False if nothing was left to send when the fault would have come.
fn happened(hit: Hit, outcome: &Outcome) -> bool {
    match hit {
        Hit::None | Hit::Network(Weather::Fine) => false,
        Hit::Storage(_) | Hit::BeforeRequest(_) | Hit::AfterRequest(_) => outcome.status.signal() == Some(9),
        Hit::Busy(at) | Hit::HalfAnswer(at) => outcome.requests >= at,
        Hit::Network(Weather::CutUp(byte) | Weather::Late(byte)) => outcome.carried.0 >= byte,
        Hit::Network(Weather::CutDown(byte)) => outcome.carried.1 >= byte,
    }
}

/// Not with `println!`, which a test that goes well keeps to itself.
fn report(goal: Goal, count: &Count) {
    let counts: Vec<String> = count.0.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let line = format!("update, {goal:?}: {}; lost or doubled 0\n", counts.join(", "));
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
