//! How many wrong passcodes the platform takes (core/docs/platform-protocol.md): four rounds of four tries, with waits
//! between them. Pure: what was counted and the time go in, the decision comes out.

/// Wrong tries in a round.
const ROUND: u8 = 4;

/// Seconds to wait after the first, second and third round; the fourth ends it.
const WAITS: [i64; 3] = [60, 300, 3600];

/// What is counted against a passcode key, since the last right try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tries {
    pub(crate) wrong: u8,
    /// Unix seconds.
    pub(crate) wait_until: i64,
}

/// Whether a try is looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// For so many seconds, one at least.
    Shut(i64),
    /// Until the account is recovered.
    Blocked,
}

impl Tries {
    pub(crate) fn door(self, now: i64) -> Door {
        let wait = self.wait_until.saturating_sub(now);
        if self.is_spent() {
            Door::Blocked
        } else if wait > 0 {
            Door::Shut(wait)
        } else {
            Door::Open
        }
    }

    /// After one more wrong try.
    pub(crate) fn wrong(self, now: i64) -> Self {
        let wrong = self.wrong.saturating_add(1);
        let round = usize::from(wrong / ROUND).checked_sub(1).filter(|_| wrong.is_multiple_of(ROUND));
        let wait = round.and_then(|round| WAITS.get(round));
        Self { wrong, wait_until: wait.map_or(self.wait_until, |wait| now.saturating_add(*wait)) }
    }

    /// Tries left in this round; none while the next one has to be waited for, or never comes.
    pub(crate) fn left(self, now: i64) -> u8 {
        match self.door(now) {
            Door::Open => ROUND.saturating_sub(self.wrong % ROUND),
            Door::Shut(_) | Door::Blocked => 0,
        }
    }

    fn is_spent(self) -> bool {
        usize::from(self.wrong / ROUND) > WAITS.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sixteen_wrong_tries_cost_three_waits_and_then_block() {
        let (mut tries, mut now, mut seen) = (Tries::default(), 1_000, Vec::new());
        for _ in 0..16 {
            tries = tries.wrong(now);
            match tries.door(now) {
                Door::Open => seen.push(i64::from(tries.left(now))),
                Door::Shut(seconds) => {
                    seen.push(-seconds);
                    now += seconds;
                }
                Door::Blocked => seen.push(0),
            }
        }
        assert_eq!(seen, [3, 2, 1, -60, 3, 2, 1, -300, 3, 2, 1, -3600, 3, 2, 1, 0]);
        assert_eq!(tries.door(i64::MAX), Door::Blocked);
    }

    proptest! {
        #[test]
        fn guesser_who_waits_as_he_likes_has_sixteen_tries_and_waits_for_each_round(
            steps in proptest::collection::vec((0..4_000_i64, 1..4_u8), 0..60),
        ) {
            let (mut tries, mut now, mut taken, mut rounds_at) = (Tries::default(), 0_i64, 0_u8, Vec::new());
            for (wait, guesses) in steps {
                now += wait;
                for _ in 0..guesses {
                    if tries.door(now) != Door::Open {
                        continue;
                    }
                    if taken.is_multiple_of(ROUND) {
                        rounds_at.push(now);
                    }
                    taken += 1;
                    tries = tries.wrong(now);
                    prop_assert_eq!(tries.wrong, taken);
                }
            }
            prop_assert!(taken <= 16);
            prop_assert_eq!(tries.door(i64::MAX) == Door::Blocked, taken == 16);
            for (pair, wait) in rounds_at.windows(2).zip(WAITS) {
                prop_assert!(pair[1] - pair[0] >= wait, "{:?}", rounds_at);
            }
        }

        #[test]
        fn any_stored_count_is_judged_without_a_panic(wrong in any::<u8>(), wait_until in any::<i64>(), now in any::<i64>()) {
            let tries = Tries { wrong, wait_until };
            let next = tries.wrong(now);
            prop_assert!(next.wrong > wrong || wrong == u8::MAX);
            prop_assert!((tries.left(now) == 0) == (tries.door(now) != Door::Open));
            prop_assert!(wrong < 16 || tries.door(now) == Door::Blocked);
        }
    }
}
