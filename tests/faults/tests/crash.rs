//! The vault under every fault, at every call that changes a file.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write as _;

use eid_faults::{Call, Case, Fault, PowerCut, Snapshot, Survives};

/// Power cuts with a random choice of survivors, for each call.
const CHOICES: u64 = 4;

/// Codes of a full disk.
const FULL: &[u16] = &[3001];
/// Codes of a disk that fails once: "failed"; and "full", for SQLite takes it so when its shared-memory file does not grow.
const FAILED: &[u16] = &[3007, 3001];

/// Counts of one scenario.
#[derive(Default)]
struct Sum {
    runs: u32,
    power_cuts: u32,
    opened_anew: u32,
    refused_after_lie: u32,
    losses: Vec<String>,
}

impl Sum {
    fn add<T>(&mut self, what: impl core::fmt::Debug, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|loss| self.losses.push(format!("{what:?}: {loss}"))).ok()
    }
}

/// Every fault at every call.
fn check(name: &str) {
    let case = Case::new(name, env!("CARGO_BIN_EXE_child")).unwrap();
    let good = case.run(Fault::None).unwrap();
    let points = good.calls.iter().filter(|call| call.is_numbered()).count();
    let mut sum = Sum { runs: 1, ..Sum::default() };
    sum.add("trace", same_as_traced(&case, &good.calls, &good.root));
    sum.add("no fault", case.judge_end(&good));
    let slow = case.run(Fault::Slow(2000)).unwrap();
    sum.add("slow", case.judge_end(&slow));
    for (number, call) in (1..).zip(good.calls.iter().filter(|call| call.is_numbered())) {
        let kills = [Some(Fault::Kill(number)), call.has_half().then_some(Fault::Tear(number))];
        for fault in kills.into_iter().flatten() {
            sum.runs += 1;
            sum.add(fault, case.judge_kill(&case.run(fault).unwrap()));
        }
        let refusals = [Some((Fault::Fail(number), FAILED)), call.needs_room().then_some((Fault::Full(number), FULL))];
        for (fault, codes) in refusals.into_iter().flatten() {
            sum.runs += 1;
            let anew = sum.add(fault, case.judge_refusal(&case.run(fault).unwrap(), codes));
            sum.opened_anew += anew.unwrap_or(0);
        }
    }
    cut_power(&case, &good.calls, &mut sum);
    report(name, points, &sum);
}

/// The power is cut before each call, and after the last.
fn cut_power(case: &Case, calls: &[Call], sum: &mut Sum) {
    let ends = calls.iter().enumerate().filter(|(_, call)| call.is_numbered()).map(|(at, _)| at).chain([calls.len()]);
    for end in ends {
        let calls = calls.get(..end).unwrap_or(calls);
        let seed = u64::try_from(end).unwrap() * 1000;
        let choices = || (seed..seed + CHOICES).map(Survives::Some);
        for (lies, survives) in [(false, Survives::Nothing)]
            .into_iter()
            .chain(choices().map(|choice| (false, choice)))
            .chain(choices().map(|choice| (true, choice)))
        {
            sum.power_cuts += 1;
            let cut = PowerCut { survives, lies };
            let read = sum.add((end, cut), case.judge_power_cut(calls, cut));
            sum.refused_after_lie += u32::from(read == Some(false));
        }
    }
}

/// The trace tells all that happened: played, it gives the folder that is there.
fn same_as_traced(case: &Case, calls: &[Call], root: &std::path::Path) -> Result<(), String> {
    let without_mapped = |mut snapshot: Snapshot| {
        snapshot.files.retain(|name, _| !name.ends_with("-shm"));
        snapshot
    };
    let found = without_mapped(Snapshot::load(root).map_err(|e| e.to_string())?);
    let all = PowerCut { survives: Survives::All, lies: false };
    if without_mapped(case.start().after(calls, all)) == found { Ok(()) } else { Err("misses a call".to_owned()) }
}

/// Not with `println!`, which a test that goes well keeps to itself.
fn report(name: &str, points: usize, sum: &Sum) {
    let Sum { runs, power_cuts, opened_anew, refused_after_lie, losses } = sum;
    let line = format!(
        "{name}: write points: {points}, runs: {runs}, power cuts: {power_cuts} ({refused_after_lie} refused after a lie), \
         opened anew: {opened_anew}, lost: {}\n",
        losses.len()
    );
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    let first: Vec<&str> = losses.iter().take(8).map(String::as_str).collect();
    assert!(
        losses.is_empty(),
        "{name}: {points} write points, {} losses, the first:\n{}",
        losses.len(),
        first.join("\n")
    );
}

macro_rules! scenarios {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    )* };
}

scenarios! {
    create records transaction history journal large_record outbox attachment erase
    migration repair renewal salvage
    activation tries passcode_change passcode_kept biometrics reset
}
