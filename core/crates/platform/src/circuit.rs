//! The circuit breaker that all calls of one client share: it keeps a phone from asking a platform that does not answer, as
//! pure code.
//!
//! At most [`MAX_UNANSWERED`] tries are made without an answer, those under way included. Then the circuit opens: nothing is sent
//! for a while, then one try at a time, with longer waits after each that stays without an answer. One answer closes it.
//! So a platform that is dead sees at most [`MAX_PER_MINUTE`] tries of one client in any minute, whatever its callers do.

use core::time::Duration;

use crate::retry::scale;

/// Tries that may stay without an answer in a row before the circuit opens; and the most that are under way at once.
pub const MAX_UNANSWERED: u32 = 6;

/// The most tries in any minute without an answer.
pub const MAX_PER_MINUTE: usize = 12;

/// Upper bound of the first wait; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Upper bound of any wait that the platform did not ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait that the platform can ask for all calls.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// The state of the circuit. Times are counted from any fixed moment and never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circuit {
    /// Tries without an answer since the last one.
    unanswered: u32,
    under_way: u32,
    /// While it is open: when one try is let through again.
    open_until: Option<Duration>,
    /// How often it opened since the last answer.
    openings: u32,
}

/// Whether a try may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Now; its end must be reported with [`Circuit::finish`].
    Go,
    /// Ask again when one that is under way has ended.
    Busy,
    /// Not before this wait is over.
    Wait(Duration),
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The platform said something, be it a refusal.
    Answered,
    /// It did not, or asked to come back later; or the caller did not wait for it.
    Unanswered {
        /// How long to wait, if it said so.
        retry_after: Option<Duration>,
    },
}

impl Circuit {
    /// Asks for a try at `now`.
    pub fn permit(&mut self, now: Duration) -> Permit {
        let room = match self.open_until {
            Some(until) if now < until => return Permit::Wait(until.saturating_sub(now)),
            Some(_) => self.under_way == 0,
            None => self.unanswered.saturating_add(self.under_way) < MAX_UNANSWERED,
        };
        if !room {
            return Permit::Busy;
        }
        self.under_way = self.under_way.saturating_add(1);
        Permit::Go
    }

    /// Reports how a try ended; `random` is 64 fresh random bits, which place the wait between half of its bound and all of it.
    pub fn finish(&mut self, now: Duration, outcome: Outcome, random: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        let retry_after = match outcome {
            Outcome::Answered => {
                *self = Self { under_way: self.under_way, ..Self::default() };
                return;
            }
            Outcome::Unanswered { retry_after } => retry_after.unwrap_or_default(),
        };
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= MAX_UNANSWERED {
            let half = self.bound() / 2;
            let wait = half.saturating_add(scale(half, random)).max(retry_after.min(LONGEST_ASKED));
            self.open_until = Some(now.saturating_add(wait));
            self.openings = self.openings.saturating_add(1);
        }
    }

    /// The phone has another network: one try is let through at once. What was counted stays.
    pub fn network_changed(&mut self, now: Duration) {
        self.open_until = self.open_until.map(|until| until.min(now));
    }

    fn bound(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.openings).unwrap_or(u32::MAX);
        FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::retry::{Class, Decision, Policy};

    const LOST: Outcome = Outcome::Unanswered { retry_after: None };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A circuit that opened at 0 and waits five seconds.
    fn opened() -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..MAX_UNANSWERED {
            assert_eq!(circuit.permit(at(0)), Permit::Go);
            circuit.finish(at(0), LOST, u64::MAX);
        }
        circuit
    }

    #[test]
    fn circuit_opens_after_six_tries_without_an_answer_and_one_answer_closes_it() {
        let mut circuit = opened();
        assert!(matches!(circuit.permit(at(0)), Permit::Wait(wait) if wait.as_millis() == 4999));
        assert_eq!(circuit.permit(at(5)), Permit::Go);
        assert_eq!(circuit.permit(at(5)), Permit::Busy, "one at a time");
        circuit.finish(at(6), LOST, u64::MAX);
        assert!(matches!(circuit.permit(at(6)), Permit::Wait(wait) if wait.as_millis() == 9999));
        assert_eq!(circuit.permit(at(16)), Permit::Go);
        circuit.finish(at(16), Outcome::Answered, 0);
        assert_eq!(circuit, Circuit::default());
    }

    #[test]
    fn answer_in_between_starts_the_count_again() {
        let mut circuit = Circuit::default();
        for _ in 0..100 {
            for outcome in [LOST, LOST, LOST, LOST, LOST, Outcome::Answered] {
                assert_eq!(circuit.permit(at(1)), Permit::Go);
                circuit.finish(at(1), outcome, 0);
            }
        }
    }

    #[test]
    fn tries_under_way_count_as_unanswered_until_they_end() {
        let mut circuit = Circuit::default();
        let permits: Vec<_> = (0..8).map(|_| circuit.permit(at(0))).collect();
        assert_eq!(permits[..6], [Permit::Go; 6]);
        assert_eq!(permits[6..], [Permit::Busy; 2]);
        circuit.finish(at(1), LOST, 0);
        assert_eq!(circuit.permit(at(1)), Permit::Busy);
        circuit.finish(at(1), Outcome::Answered, 0);
        assert_eq!(circuit.permit(at(1)), Permit::Go);
    }

    #[test]
    fn wait_that_the_platform_asks_for_holds_for_all_calls_up_to_five_minutes() {
        for (asked, kept) in [(1, 4), (60, 60), (3600, 300)] {
            let mut circuit = opened();
            assert_eq!(circuit.permit(at(10)), Permit::Go);
            circuit.finish(at(10), Outcome::Unanswered { retry_after: Some(at(asked)) }, 0);
            assert!(matches!(circuit.permit(at(9 + kept)), Permit::Wait(_)), "{asked}");
        }
    }

    #[test]
    fn another_network_lets_one_try_through_and_forgets_nothing() {
        let mut circuit = opened();
        circuit.network_changed(at(1));
        assert_eq!(circuit.permit(at(1)), Permit::Go);
        circuit.finish(at(1), LOST, u64::MAX);
        assert!(matches!(circuit.permit(at(1)), Permit::Wait(wait) if wait.as_millis() == 9999));
        let mut closed = Circuit::default();
        closed.network_changed(at(1));
        assert_eq!(closed, Circuit::default());
    }

    /// A caller: when it begins, how long its tries last, and after how long it gives up (and begins again at once).
    #[derive(Debug, Clone)]
    struct Caller {
        begins: u64,
        lasts: u64,
        patience: u64,
        retry_after: Option<u64>,
    }

    fn callers() -> impl Strategy<Value = Vec<Caller>> {
        let caller =
            (0..120_000_u64, 0..20_000_u64, 1..60_000_u64, prop_oneof![Just(None), (0..90_u64).prop_map(Some)])
                .prop_map(|(begins, lasts, patience, retry_after)| Caller { begins, lasts, patience, retry_after });
        prop::collection::vec(caller, 1..40)
    }

    /// Ten minutes against a platform that never answers, in steps of 10 ms: the moments of all tries.
    fn against_a_dead_platform(callers: &[Caller], mut dice: impl FnMut() -> u64) -> Vec<u64> {
        const POLICY: Policy = Policy::with_total(Duration::from_secs(45));
        let (mut circuit, mut sent) = (Circuit::default(), Vec::new());
        // For each caller: when it does its next thing, whether a try is under way, when its call began, its tries.
        let mut states: Vec<_> = callers.iter().map(|caller| (caller.begins, false, caller.begins, 0_u32)).collect();
        for now in (0..600_000).step_by(10) {
            let time = Duration::from_millis(now);
            for (caller, (next, under_way, began, tries)) in callers.iter().zip(&mut states) {
                if now < *next {
                    continue;
                }
                if *under_way {
                    let retry_after = caller.retry_after.map(Duration::from_secs);
                    circuit.finish(time, Outcome::Unanswered { retry_after }, dice());
                    *under_way = false;
                    let class = Class::Busy { retry_after };
                    match POLICY.decide(*tries, class, Duration::from_millis(now - *began), dice()) {
                        Decision::RetryAfter(wait) => *next = now + u64::try_from(wait.as_millis()).unwrap(),
                        // The worst caller there is: it begins anew at once.
                        Decision::GiveUp => (*next, *began, *tries) = (now, now, 0),
                    }
                } else if circuit.permit(time) == Permit::Go {
                    sent.push(now);
                    (*under_way, *tries, *next) = (true, *tries + 1, now + caller.lasts.min(caller.patience));
                }
            }
        }
        sent
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn dead_platform_sees_few_tries_in_any_minute_whatever_callers_do(callers in callers(), seed in any::<u64>()) {
            let mut state = seed | 1;
            let sent = against_a_dead_platform(&callers, || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state ^ (state >> 29)
            });
            prop_assert!(!sent.is_empty());
            for (at, first) in sent.iter().enumerate() {
                let minute = sent[at..].iter().take_while(|later| **later < first + 60_000).count();
                prop_assert!(minute <= MAX_PER_MINUTE, "{} tries in the minute from {} ms", minute, first);
            }
        }

        #[test]
        fn circuit_never_lets_more_through_than_may_stay_unanswered(
            steps in prop::collection::vec((0..3_u8, 0..20_000_u64, any::<u64>()), 0..300),
        ) {
            let (mut circuit, mut now, mut under_way, mut lost) = (Circuit::default(), Duration::ZERO, 0_u32, 0_u32);
            for (what, passes, random) in steps {
                now += Duration::from_millis(passes);
                match what {
                    0 => match circuit.permit(now) {
                        Permit::Go => under_way += 1,
                        Permit::Busy => prop_assert!(under_way > 0, "somebody's end will be told"),
                        Permit::Wait(wait) => prop_assert!(!wait.is_zero() && wait <= LONGEST_ASKED),
                    },
                    1 if under_way > 0 => {
                        circuit.finish(now, Outcome::Answered, random);
                        (under_way, lost) = (under_way - 1, 0);
                    }
                    2 if under_way > 0 => {
                        circuit.finish(now, LOST, random);
                        (under_way, lost) = (under_way - 1, lost + 1);
                    }
                    _ => {}
                }
                prop_assert!(under_way <= MAX_UNANSWERED);
                prop_assert!(lost < MAX_UNANSWERED || under_way <= 1 || circuit.open_until.is_some());
            }
        }
    }
}
