//! Whether this counter's clock agrees with the phones'. It says so and corrects nothing in secret: an officer looks at a clock on
//! the wall, and nobody who holds up many wrong phones can make old screenshots pass.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use eid_model::UnixTime;
use eid_proof::{Detail, Judgement, Scan};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Input, Rules, report::age};

/// How many of the last holders are asked.
const HOLDERS: usize = 20;

/// Fewer say nothing.
const FEWEST: usize = 5;

/// Seconds from signing to the verdict when both clocks are right: phones sign anew every 20 s.
const USUAL: i64 = 10;

/// Seconds after which a clock counts as slow: no proof comes before it was signed.
const SLOW: i64 = 20;

/// Seconds after which a clock counts as fast: a hand scanner that types takes up to 46 s.
const FAST: i64 = 60;

/// The clocks of the last holders.
#[derive(Debug, Default)]
pub(super) struct ClockWatch(Mutex<VecDeque<Sample>>);

/// One holder.
#[derive(Debug, Clone, Copy)]
struct Sample {
    signed_at: UnixTime,
    /// Seconds from the phone's time to the counter's.
    age: i64,
}

/// That the counter's clock disagrees with the phones' of the last holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ClockFacts {
    /// Seconds by which this counter's clock seems to be ahead of the phones'; negative if it seems slow.
    ahead_s: i64,
    /// How many holders say so.
    holders: usize,
}

impl ClockWatch {
    /// Remembers when a phone signed, if it did. The same proof once more is no other holder.
    pub(super) fn see(&self, signed_at: Option<UnixTime>, now: UnixTime) {
        let Some(signed_at) = signed_at else { return };
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.iter().any(|sample| sample.signed_at == signed_at) {
            return;
        }
        samples.truncate(HOLDERS - 1);
        samples.push_front(Sample { signed_at, age: age(now, signed_at) });
    }

    /// What the middle one of the last holders says.
    pub(super) fn facts(&self) -> Option<ClockFacts> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ages: Vec<i64> = samples.iter().map(|sample| sample.age).collect();
        ages.sort_unstable();
        let ahead_s = ages.get(ages.len() / 2)? - USUAL;
        let wrong = ages.len() >= FEWEST && !(-SLOW..=FAST).contains(&ahead_s);
        wrong.then_some(ClockFacts { ahead_s, holders: ages.len() })
    }
}

/// When the phone signed, if a proof is refused for its time alone: all signatures are right at the phone's own time. Anybody can
/// write a time; only what was signed may cast doubt on a clock.
pub(super) fn only_clocks_differ(rules: &Rules, input: &Input, judgement: &Judgement) -> Option<UnixTime> {
    let Judgement::Decided(verdict) = judgement else { return None };
    let Detail::Clocks { proof, .. } = verdict.detail else { return None };
    match rules.judge(input, &Scan { now: proof, challenge: None }) {
        Judgement::UnlessUsed(_) => Some(proof),
        Judgement::Decided(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holders whose phones signed so many seconds before the counter's time, a minute apart.
    fn watch(ages: &[i64]) -> ClockWatch {
        let watch = ClockWatch::default();
        for (at, age) in (1_795_000_000..).step_by(60).zip(ages) {
            watch.see(Some(UnixTime::from_seconds(at - age)), UnixTime::from_seconds(at));
        }
        watch
    }

    #[test]
    fn clock_that_most_holders_disagree_with_is_told() {
        let told = |ages: &[i64]| watch(ages).facts().map(|facts| (facts.ahead_s, facts.holders));
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[-230; 4]), None, "four are too few");
        assert_eq!(told(&[-230; 5]), Some((-240, 5)));
        assert_eq!(told(&[3, 12, 8, 20, 15, 46, 66]), None, "a scanner that types is slow, not the clock");
        assert_eq!(told(&[250; 6]), Some((240, 6)));
        assert_eq!(told(&[-230, -230, 5, 12, 9]), None, "two wrong phones are not the counter's clock");
        let mut changed = vec![-230; 20];
        changed.extend([8; 20]);
        assert_eq!(told(&changed), None, "set right, it is not told any more");
    }

    #[test]
    fn proof_seen_again_is_no_other_holder() {
        let watch = ClockWatch::default();
        for later in 0..10 {
            watch.see(Some(UnixTime::from_seconds(1_795_000_000)), UnixTime::from_seconds(1_795_000_300 + later));
        }
        assert_eq!(watch.facts(), None);
        watch.see(None, UnixTime::from_seconds(1_795_000_300));
        assert_eq!(watch.facts(), None);
    }
}
