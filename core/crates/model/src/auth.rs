//! What shows who acts: factors, evidence with its time, and what each act asks for (Decree 69/2024 Art. 20).

use crate::{AuthLevel, GuardedAct, UnixTime};

/// What somebody shows of himself (yếu tố xác thực).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// A signature by the key in the phone's hardware.
    DeviceKey,
    /// The chip of the identity card, which answered a fresh challenge.
    CardChip,
    /// The six-digit passcode.
    Passcode,
    /// A one-time code, told by text message or by an office. Art. 20 counts codes that one is told with what one knows.
    OneTimeCode,
    /// A face that the platform matched with the register's.
    Face,
    /// Face or finger enrolled in the phone, shown by a key that nothing else opens. Whose it is, only the phone's owner knows.
    PhoneBiometric,
}

impl Factor {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::DeviceKey, Self::CardChip, Self::Passcode, Self::OneTimeCode, Self::Face, Self::PhoneBiometric];

    /// Of which kind it is.
    pub const fn kind(self) -> FactorKind {
        match self {
            Self::DeviceKey | Self::CardChip => FactorKind::Possessed,
            Self::Passcode | Self::OneTimeCode => FactorKind::Known,
            Self::Face | Self::PhoneBiometric => FactorKind::Biometric,
        }
    }
}

/// The three kinds of factors. Two of the same kind are worth no more than one: who has the one often has the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactorKind {
    /// Something one has: a card, a device.
    Possessed,
    /// Something one knows: a passcode, a code.
    Known,
    /// Something one is.
    Biometric,
}

impl FactorKind {
    /// All of them, in the order in which it is least trouble to show them.
    pub const ALL: [Self; 3] = [Self::Possessed, Self::Known, Self::Biometric];
}

/// A factor that was shown, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// What was shown.
    pub factor: Factor,
    /// When.
    pub at: UnixTime,
}

impl Evidence {
    /// True if it was shown at most `max_age_s` seconds ago. What lies ahead of `now` counts for nothing.
    pub fn is_fresh(&self, now: UnixTime, max_age_s: u32) -> bool {
        now.checked_since(self.at).is_some_and(|age| (0..=i64::from(max_age_s)).contains(&age))
    }
}

impl AuthLevel {
    /// The level that evidence amounts to at `now`, of what is at most `max_age_s` seconds old; `None` without any.
    ///
    /// Two kinds of factors make level 2; one of them biometric, level 3; all three, level 4. A biometric by itself is one
    /// factor like any other.
    pub fn of(evidence: &[Evidence], now: UnixTime, max_age_s: u32) -> Option<Self> {
        let fresh = evidence.iter().filter(|shown| shown.is_fresh(now, max_age_s));
        Self::of_kinds(&fresh.map(|shown| shown.factor.kind()).collect::<Vec<_>>())
    }

    fn of_kinds(kinds: &[FactorKind]) -> Option<Self> {
        match FactorKind::ALL.map(|kind| kinds.contains(&kind)) {
            [false, false, false] => None,
            [true, false, false] | [false, true, false] | [false, false, true] => Some(Self::L1),
            [true, true, false] => Some(Self::L2),
            [true, false, true] | [false, true, true] => Some(Self::L3),
            [true, true, true] => Some(Self::L4),
        }
    }
}

/// What an act asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthRule {
    /// The least level.
    pub level: AuthLevel,
    /// The greatest age of the evidence, in seconds.
    pub max_age_s: u32,
}

impl AuthRule {
    /// True if evidence amounts to what is asked for.
    pub fn is_met(&self, evidence: &[Evidence], now: UnixTime) -> bool {
        AuthLevel::of(evidence, now, self.max_age_s) >= Some(self.level)
    }

    /// True if a session authenticated at `level` and `at` this time amounts to what is asked for.
    pub fn is_met_by_session(&self, level: AuthLevel, at: UnixTime, now: UnixTime) -> bool {
        let fresh = now.checked_since(at).is_some_and(|age| (0..=i64::from(self.max_age_s)).contains(&age));
        fresh && level >= self.level
    }
}

/// What each act asks for: the built-in table, with what the signed configuration changed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPolicy {
    rules: [AuthRule; GuardedAct::ALL.len()],
}

impl Default for AuthPolicy {
    fn default() -> Self {
        Self { rules: GuardedAct::ALL.map(GuardedAct::default_rule) }
    }
}

impl AuthPolicy {
    /// The built-in table with the changes of a configuration: name of the act, level, age in seconds. Acts that this version
    /// does not know are passed over. What asks for level 4 by itself may be made stricter only.
    #[must_use]
    pub fn with_changes<'a>(changes: impl IntoIterator<Item = (&'a str, AuthRule)>) -> Self {
        let mut policy = Self::default();
        for (name, asked) in changes {
            let Some(act) = GuardedAct::from_name(name) else { continue };
            let floor = act.default_rule();
            let rule = match floor.level {
                AuthLevel::L4 => AuthRule { level: AuthLevel::L4, max_age_s: asked.max_age_s.min(floor.max_age_s) },
                AuthLevel::L1 | AuthLevel::L2 | AuthLevel::L3 => asked,
            };
            if let Some(place) = policy.rules.get_mut(Self::place(act)) {
                *place = rule;
            }
        }
        policy
    }

    /// What an act asks for.
    pub fn rule(&self, act: GuardedAct) -> AuthRule {
        self.rules.get(Self::place(act)).copied().unwrap_or_else(|| act.default_rule())
    }

    /// What has to be shown beside the evidence before the act is allowed: the fewest kinds of factors, those first that are
    /// the least trouble; nothing if it is allowed.
    pub fn missing_factors(&self, act: GuardedAct, evidence: &[Evidence], now: UnixTime) -> Vec<FactorKind> {
        let rule = self.rule(act);
        let fresh = evidence.iter().filter(|shown| shown.is_fresh(now, rule.max_age_s));
        let held: Vec<_> = fresh.map(|shown| shown.factor.kind()).collect();
        let suffices = |more: &[FactorKind]| AuthLevel::of_kinds(&[held.as_slice(), more].concat()) >= Some(rule.level);
        SETS.into_iter().find(|more| suffices(more)).unwrap_or(&FactorKind::ALL).to_vec()
    }

    fn place(act: GuardedAct) -> usize {
        GuardedAct::ALL.iter().position(|other| *other == act).unwrap_or_default()
    }
}

/// All sets of kinds, the smallest and least troublesome first.
const SETS: [&[FactorKind]; 8] = [
    &[],
    &[FactorKind::Possessed],
    &[FactorKind::Known],
    &[FactorKind::Biometric],
    &[FactorKind::Possessed, FactorKind::Known],
    &[FactorKind::Possessed, FactorKind::Biometric],
    &[FactorKind::Known, FactorKind::Biometric],
    &[FactorKind::Possessed, FactorKind::Known, FactorKind::Biometric],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_000_000);

    fn ago(factor: Factor, seconds: i64) -> Evidence {
        Evidence { factor, at: UnixTime::from_seconds(NOW.seconds() - seconds) }
    }

    fn level(factors: &[Factor]) -> Option<u8> {
        let evidence: Vec<_> = factors.iter().map(|factor| ago(*factor, 1)).collect();
        AuthLevel::of(&evidence, NOW, 60).map(AuthLevel::number)
    }

    #[test]
    fn factors_shown_amount_to_the_level_of_the_decree() {
        use Factor::{CardChip, DeviceKey, Face, OneTimeCode, Passcode, PhoneBiometric};
        for (factors, expected) in [
            (&[][..], None),
            (&[DeviceKey], Some(1)),
            (&[Passcode], Some(1)),
            (&[Face], Some(1)),
            (&[DeviceKey, CardChip], Some(1)),
            (&[Passcode, OneTimeCode], Some(1)),
            (&[Face, PhoneBiometric], Some(1)),
            (&[DeviceKey, Passcode], Some(2)),
            (&[CardChip, OneTimeCode], Some(2)),
            (&[DeviceKey, PhoneBiometric], Some(3)),
            (&[Passcode, Face], Some(3)),
            (&[DeviceKey, Passcode, PhoneBiometric], Some(4)),
            // A forgotten passcode: card, face and code.
            (&[CardChip, Face, OneTimeCode], Some(4)),
        ] {
            assert_eq!(level(factors), expected, "{factors:?}");
        }
    }

    #[test]
    fn evidence_counts_until_its_age_and_not_from_the_future() {
        for (seconds, fresh) in [(0, true), (60, true), (61, false), (-1, false), (i64::MIN, false)] {
            let at =
                NOW.seconds().checked_sub(seconds).map_or(UnixTime::from_seconds(i64::MAX), UnixTime::from_seconds);
            let shown = Evidence { factor: Factor::DeviceKey, at };
            assert_eq!(AuthLevel::of(&[shown], NOW, 60).is_some(), fresh, "{seconds}");
        }
        let old_passcode = [ago(Factor::DeviceKey, 1), ago(Factor::Passcode, 61)];
        assert_eq!(AuthLevel::of(&old_passcode, NOW, 60), Some(AuthLevel::L1));
        assert_eq!(AuthLevel::of(&old_passcode, NOW, 61), Some(AuthLevel::L2));
    }

    #[test]
    fn changes_of_the_configuration_hold_except_below_level_four() {
        let lax = AuthRule { level: AuthLevel::L1, max_age_s: u32::MAX };
        let strict = AuthRule { level: AuthLevel::L4, max_age_s: 1 };
        for changed in [lax, strict] {
            let policy = AuthPolicy::with_changes(GuardedAct::ALL.map(|act| (act.name(), changed)));
            for act in GuardedAct::ALL {
                let built_in = act.default_rule();
                let expected = match built_in.level {
                    AuthLevel::L4 if changed == lax => built_in,
                    _ => changed,
                };
                assert_eq!(policy.rule(act), expected, "{act:?}");
            }
        }
        assert_eq!(AuthPolicy::with_changes([("fly", strict), ("", lax)]), AuthPolicy::default());
    }

    #[test]
    fn least_that_is_missing_is_asked_for() {
        use FactorKind::{Biometric, Known, Possessed};
        let policy = AuthPolicy::default();
        let missing = |act, evidence: &[Evidence]| policy.missing_factors(act, evidence, NOW);
        let signed_in = [ago(Factor::DeviceKey, 5), ago(Factor::Passcode, 5)];
        assert_eq!(missing(GuardedAct::ShowProof, &signed_in), []);
        assert_eq!(missing(GuardedAct::Sign, &signed_in), [Biometric]);
        assert_eq!(missing(GuardedAct::NewDevice, &signed_in), [Biometric]);
        assert_eq!(missing(GuardedAct::NewDevice, &[]), [Possessed, Known, Biometric]);
        assert_eq!(missing(GuardedAct::SignIn, &[ago(Factor::PhoneBiometric, 5)]), [Possessed]);
        assert_eq!(missing(GuardedAct::Sign, &[ago(Factor::DeviceKey, 301)]), [Possessed, Biometric]);
    }

    fn evidence() -> impl Strategy<Value = Vec<Evidence>> {
        let factor = prop::sample::select(&Factor::ALL[..]);
        let shown = (factor, -100..4_000_000_i64).prop_map(|(factor, age)| ago(factor, age));
        prop::collection::vec(shown, 0..6)
    }

    proptest! {
        #[test]
        fn more_evidence_or_more_patience_never_lowers_the_level(
            shown in evidence(), more in evidence(), age in any::<u32>(), longer in any::<u32>(),
        ) {
            let level = AuthLevel::of(&shown, NOW, age);
            prop_assert!(AuthLevel::of(&[shown.clone(), more].concat(), NOW, age) >= level);
            prop_assert!(AuthLevel::of(&shown, NOW, age.max(longer)) >= level);
        }

        #[test]
        fn what_is_missing_suffices_and_nothing_of_it_can_be_left_out(
            shown in evidence(), act in prop::sample::select(&GuardedAct::ALL[..]),
        ) {
            let policy = AuthPolicy::default();
            let rule = policy.rule(act);
            let missing = policy.missing_factors(act, &shown, NOW);
            let show = |kind: &FactorKind| {
                let factor = Factor::ALL.into_iter().find(|factor| factor.kind() == *kind).unwrap();
                ago(factor, 0)
            };
            let with = |kinds: &[FactorKind]| [shown.clone(), kinds.iter().map(show).collect()].concat();
            prop_assert!(rule.is_met(&with(&missing), NOW));
            prop_assert_eq!(missing.is_empty(), rule.is_met(&shown, NOW));
            for left_out in 0..missing.len() {
                let mut fewer = missing.clone();
                fewer.remove(left_out);
                prop_assert!(!rule.is_met(&with(&fewer), NOW));
            }
        }

        #[test]
        fn no_configuration_makes_a_level_four_act_laxer(
            level in 1..=4_u8, max_age_s in any::<u32>(), act in prop::sample::select(&GuardedAct::ALL[..]),
        ) {
            let asked = AuthRule { level: AuthLevel::try_from(level).unwrap(), max_age_s };
            let rule = AuthPolicy::with_changes([(act.name(), asked)]).rule(act);
            let built_in = act.default_rule();
            if built_in.level == AuthLevel::L4 {
                prop_assert!(rule.level == AuthLevel::L4 && rule.max_age_s <= built_in.max_age_s);
            }
        }

        #[test]
        fn session_is_worth_what_it_was_authenticated_with(
            level in 1..=4_u8, age in -100..4_000_000_i64, act in prop::sample::select(&GuardedAct::ALL[..]),
        ) {
            let rule = act.default_rule();
            let level = AuthLevel::try_from(level).unwrap();
            let at = UnixTime::from_seconds(NOW.seconds() - age);
            let expected = level >= rule.level && age >= 0 && age <= i64::from(rule.max_age_s);
            prop_assert_eq!(rule.is_met_by_session(level, at, NOW), expected);
        }
    }
}
