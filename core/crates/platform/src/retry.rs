//! When to repeat a call: exponential backoff with full jitter, as pure code.

use core::time::Duration;

/// How often and for how long a repeatable call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Upper bound of the first wait; it doubles with each try.
    pub base: Duration,
    /// Upper bound of any wait that the platform did not ask for.
    pub cap: Duration,
    /// Tries in all, the first one included.
    pub max_tries: u32,
    /// Time for all tries and the waits between them.
    pub total: Duration,
}

/// What a repeat could change about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing: the same request gets the same answer.
    Final,
    /// The network may be better.
    Transient,
    /// The platform may have room, after the time it named.
    Busy {
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
}

/// What to do after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Repeat the request after this wait.
    RetryAfter(Duration),
    /// Hand the error to the caller.
    GiveUp,
}

impl Policy {
    /// For a citizen who waits before a screen: 0.5 s doubling to 30 s, five tries, within `total`.
    pub const fn with_total(total: Duration) -> Self {
        Self { base: Duration::from_millis(500), cap: Duration::from_secs(30), max_tries: 5, total }
    }

    /// Decides after a failed try.
    ///
    /// `tries` counts those made, from 1; `elapsed` is the time they and their waits took; `random` is 64 fresh random
    /// bits, which place the wait evenly between nothing and its bound (full jitter), so that phones which failed together
    /// do not come back together. A wait that the platform asked for is kept and the jitter added to it. A wait that would
    /// end after the total time is not begun.
    pub fn decide(&self, tries: u32, class: Class, elapsed: Duration, random: u64) -> Decision {
        let asked = match class {
            Class::Final => return Decision::GiveUp,
            Class::Transient => Duration::ZERO,
            Class::Busy { retry_after } => retry_after.unwrap_or_default(),
        };
        let wait = asked.saturating_add(scale(self.bound(tries), random));
        let end = elapsed.saturating_add(wait);
        if tries >= self.max_tries || end >= self.total { Decision::GiveUp } else { Decision::RetryAfter(wait) }
    }

    /// The longest wait after `tries` tries: `base · 2^(tries − 1)`, at most `cap`.
    fn bound(&self, tries: u32) -> Duration {
        let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }
}

/// `bound · random / 2^64`.
pub(crate) fn scale(bound: Duration, random: u64) -> Duration {
    let nanos = bound.as_nanos().saturating_mul(u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy::with_total(Duration::from_secs(60));

    fn classes() -> impl Strategy<Value = Class> {
        let seconds = prop_oneof![Just(None), (0..120_u64).prop_map(|s| Some(Duration::from_secs(s)))];
        prop_oneof![
            Just(Class::Final),
            Just(Class::Transient),
            seconds.prop_map(|retry_after| Class::Busy { retry_after })
        ]
    }

    fn policies() -> impl Strategy<Value = Policy> {
        let millis = || prop_oneof![0..100_000_u64, Just(u64::MAX)].prop_map(Duration::from_millis);
        (millis(), millis(), prop_oneof![0..10_u32, Just(u32::MAX)], millis())
            .prop_map(|(base, cap, max_tries, total)| Policy { base, cap, max_tries, total })
    }

    proptest! {
        #[test]
        fn failed_try_decided_keeps_every_bound(
            policy in policies(), tries in any::<u32>(), class in classes(), elapsed in 0..200_u64, random in any::<u64>(),
        ) {
            let elapsed = Duration::from_secs(elapsed);
            if let Decision::RetryAfter(wait) = policy.decide(tries, class, elapsed, random) {
                let asked = match class {
                    Class::Final => return Err(TestCaseError::fail("a final error was repeated")),
                    Class::Transient => Duration::ZERO,
                    Class::Busy { retry_after } => retry_after.unwrap_or_default(),
                };
                prop_assert!(tries < policy.max_tries);
                prop_assert!(elapsed + wait < policy.total);
                prop_assert!(wait >= asked, "Retry-After is kept");
                prop_assert!(wait <= asked + policy.cap, "jitter stays below the cap");
            }
        }

        #[test]
        fn endless_failure_decided_ends_within_the_total_time(
            tried in 0..20_000_u64, class in classes(), random in any::<u64>(),
        ) {
            let (mut elapsed, mut tries) = (Duration::ZERO, 0);
            loop {
                tries += 1;
                elapsed = elapsed.saturating_add(Duration::from_millis(tried));
                match POLICY.decide(tries, class, elapsed, random) {
                    Decision::RetryAfter(wait) => elapsed += wait,
                    Decision::GiveUp => break,
                }
                prop_assert!(elapsed < POLICY.total && tries < POLICY.max_tries);
            }
        }
    }

    #[test]
    fn largest_jitter_doubles_until_the_cap() {
        let roomy = Policy { max_tries: u32::MAX, total: Duration::MAX, ..POLICY };
        let waits: Vec<u128> = (1..=9)
            .map(|tries| match roomy.decide(tries, Class::Transient, Duration::ZERO, u64::MAX) {
                Decision::RetryAfter(wait) => wait.as_millis() + 1,
                Decision::GiveUp => 0,
            })
            .collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn half_of_the_random_range_gives_half_of_the_bound() {
        let decision = POLICY.decide(1, Class::Transient, Duration::ZERO, 1 << 63);
        assert_eq!(decision, Decision::RetryAfter(Duration::from_millis(250)));
    }

    #[test]
    fn retry_after_beyond_the_total_time_gives_up_at_once() {
        let class = Class::Busy { retry_after: Some(Duration::from_secs(61)) };
        assert_eq!(POLICY.decide(1, class, Duration::ZERO, 0), Decision::GiveUp);
        let class = Class::Busy { retry_after: Some(Duration::from_secs(59)) };
        assert_eq!(POLICY.decide(1, class, Duration::ZERO, 0), Decision::RetryAfter(Duration::from_secs(59)));
    }
}
