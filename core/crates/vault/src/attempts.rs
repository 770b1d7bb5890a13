//! When a passcode may be tried on this phone.
//!
//! The policy is pure: readings of the clocks come in, a [`Permission`] goes out; only [`Attempts::load`] and
//! [`Attempts::store`] touch a file. Destroying the unseal key at ten wrong tries and authenticating the counter are not
//! part of format version 1: who can write the app's files can reset it.

use std::path::Path;

use crate::{
    VaultError,
    file::{frame, load_start, replace, unframe},
};

const MAGIC: [u8; 4] = *b"EIDA";
const VERSION: u8 = 1;
const BODY: usize = 1 + 8 + 8 + 8 + 16;
/// Wrong tries without a wait.
const FREE: u8 = 3;

/// Wrong tries so far and what is left of the wait (số lần nhập sai, thời gian chờ): three tries are free, then each
/// wrong one costs 1 min, 5 min, 30 min, 24 h, 24 h, …
///
/// A wait is spent only by time that certainly passed. On one boot that is the monotonic clock alone. After a restart
/// it is what both clocks agree on at least: the time since the boot, but no more than the wall clock moved. So neither
/// setting the clock nor restarting shortens a wait, and each [`Self::check`] that is stored keeps what was waited so far.
///
/// ```
/// use eid_vault::{Attempts, Moment, Permission};
///
/// let at = |monotonic_ms| Moment { unix_seconds: 1_790_000_000, monotonic_ms, boot_id: [1; 16] };
/// let mut attempts = Attempts::default();
/// for _ in 0..3 {
///     assert_eq!(attempts.check(&at(1_000)), Permission::Allowed);
///     attempts.wrong(&at(1_000)); // stored before the passcode is tried
/// }
/// assert_eq!(attempts.check(&at(31_000)), Permission::WaitUntil { unix_seconds: 1_790_000_030, seconds: 30 });
/// assert_eq!(attempts.check(&at(61_000)), Permission::Allowed);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempts {
    wrong: u8,
    remaining_ms: u64,
    seen: Moment,
}

/// One reading of the phone's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Wall clock: seconds since 1970, UTC. Anybody can set it.
    pub unix_seconds: i64,
    /// Milliseconds since the phone started, sleep included. Nobody can set it.
    pub monotonic_ms: u64,
    /// Differs from boot to boot, and only then: not computed from the wall clock.
    pub boot_id: [u8; 16],
}

/// Whether a try is allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// The passcode may be tried.
    Allowed,
    /// It may be tried later.
    WaitUntil {
        /// When, by the wall clock as it stands now; for display.
        unix_seconds: i64,
        /// How long from now, rounded up; for a countdown.
        seconds: u64,
    },
}

impl Attempts {
    /// Whether a try is allowed at `now`. Store the state after a [`Permission::WaitUntil`], so that the time waited so
    /// far survives a restart.
    pub fn check(&mut self, now: &Moment) -> Permission {
        self.observe(now);
        match self.remaining_ms.div_ceil(1000) {
            0 => Permission::Allowed,
            seconds => Permission::WaitUntil {
                unix_seconds: now.unix_seconds.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)),
                seconds,
            },
        }
    }

    /// Counts a try as wrong. Called and stored *before* the passcode is tried, so that a kill in the middle counts.
    pub fn wrong(&mut self, now: &Moment) {
        self.observe(now);
        self.wrong = self.wrong.saturating_add(1);
        self.remaining_ms = wait_after(self.wrong);
    }

    /// The try was right after all: the count starts anew.
    pub fn right(&mut self) {
        self.wrong = 0;
        self.remaining_ms = 0;
    }

    /// Wrong tries since the last right one.
    pub fn wrong_tries(&self) -> u8 {
        self.wrong
    }

    /// The byte form, in the frame `EIDA ‖ 1 ‖ … ‖ SHA-256`: `wrong (1) ‖ remaining ms (8) ‖ unix (8) ‖ monotonic ms (8) ‖
    /// boot id (16)`, big-endian.
    pub fn encode(&self) -> Vec<u8> {
        let Moment { unix_seconds, monotonic_ms, boot_id } = self.seen;
        let body = [
            [self.wrong].as_slice(),
            &self.remaining_ms.to_be_bytes(),
            &unix_seconds.to_be_bytes(),
            &monotonic_ms.to_be_bytes(),
            &boot_id,
        ]
        .concat();
        frame(MAGIC, VERSION, &body)
    }

    /// Parses the byte form.
    ///
    /// # Errors
    /// [`VaultError::Foreign`], [`VaultError::FileDamaged`], [`VaultError::Newer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        Self::parse_body(unframe(MAGIC, VERSION, bytes)?).ok_or(VaultError::FileDamaged)
    }

    /// Writes the state to `path`: after a crash there is the old one or the new one.
    ///
    /// # Errors
    /// [`VaultError::Full`], [`VaultError::ReadOnly`], [`VaultError::Failed`]: the passcode must then not be tried.
    pub fn store(&self, path: &Path) -> Result<(), VaultError> {
        replace(path, &self.encode())
    }

    /// Reads the state at `path`. There is always one from activation on: if it is gone or damaged, the free tries count
    /// as used and the first wait starts now, so that losing the file gains nothing and locks nobody out.
    ///
    /// # Errors
    /// [`VaultError::Newer`]; [`VaultError::Failed`] if the file cannot be read.
    pub fn load(path: &Path, now: &Moment) -> Result<Self, VaultError> {
        // One byte more than the file may have, so that a longer one does not pass.
        let stored = load_start(path, BODY + 4 + 1 + 32 + 1)?;
        match stored.map(|bytes| Self::parse(&bytes)) {
            None | Some(Err(VaultError::Foreign | VaultError::FileDamaged)) => {
                Ok(Self { wrong: FREE, remaining_ms: wait_after(FREE), seen: *now })
            }
            Some(parsed) => parsed,
        }
    }

    /// Takes the time that certainly passed since the last reading off the wait.
    fn observe(&mut self, now: &Moment) {
        let same_boot = now.boot_id == self.seen.boot_id;
        let passed = if same_boot {
            now.monotonic_ms.saturating_sub(self.seen.monotonic_ms)
        } else {
            let wall = now.unix_seconds.saturating_sub(self.seen.unix_seconds);
            now.monotonic_ms.min(u64::try_from(wall).unwrap_or(0).saturating_mul(1000))
        };
        self.remaining_ms = self.remaining_ms.saturating_sub(passed);
        let latest = if same_boot { now.monotonic_ms.max(self.seen.monotonic_ms) } else { now.monotonic_ms };
        self.seen = Moment { monotonic_ms: latest, ..*now };
    }

    fn parse_body(body: &[u8]) -> Option<Self> {
        let (wrong, rest) = body.split_first()?;
        let (remaining_ms, rest) = rest.split_first_chunk()?;
        let (unix_seconds, rest) = rest.split_first_chunk()?;
        let (monotonic_ms, rest) = rest.split_first_chunk()?;
        let remaining_ms = u64::from_be_bytes(*remaining_ms);
        (remaining_ms <= wait_after(*wrong)).then_some(())?;
        Some(Self {
            wrong: *wrong,
            remaining_ms,
            seen: Moment {
                unix_seconds: i64::from_be_bytes(*unix_seconds),
                monotonic_ms: u64::from_be_bytes(*monotonic_ms),
                boot_id: rest.try_into().ok()?,
            },
        })
    }
}

/// The wait after so many wrong tries, in milliseconds.
fn wait_after(wrong: u8) -> u64 {
    let seconds = match wrong {
        ..FREE => 0,
        3 => 60,
        4 => 5 * 60,
        5 => 30 * 60,
        _ => 24 * 60 * 60,
    };
    seconds * 1000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Moment = Moment { unix_seconds: 1_790_000_000, monotonic_ms: 10_000, boot_id: [1; 16] };

    fn later(seconds: u64) -> Moment {
        Moment {
            unix_seconds: NOW.unix_seconds + i64::try_from(seconds).unwrap(),
            monotonic_ms: NOW.monotonic_ms + seconds * 1000,
            ..NOW
        }
    }

    /// The seconds to wait at `now`.
    fn seconds(attempts: &Attempts, now: &Moment) -> u64 {
        match attempts.clone().check(now) {
            Permission::Allowed => 0,
            Permission::WaitUntil { seconds, unix_seconds } => {
                assert_eq!(unix_seconds - now.unix_seconds, i64::try_from(seconds).unwrap());
                seconds
            }
        }
    }

    fn after_wrong(count: u8) -> Attempts {
        let mut attempts = Attempts::default();
        for _ in 0..count {
            attempts.wrong(&NOW);
        }
        attempts
    }

    #[test]
    fn waits_rise_with_wrong_tries_and_a_right_one_ends_them() {
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            waits.push(seconds(&attempts, &NOW));
            attempts.wrong(&NOW);
        }
        assert_eq!(waits, [0, 0, 0, 60, 300, 1800, 86400, 86400]);
        assert_eq!(attempts.wrong_tries(), 8);
        attempts.right();
        assert_eq!((attempts.wrong_tries(), seconds(&attempts, &NOW)), (0, 0));
    }

    #[test]
    fn wait_ends_by_the_monotonic_clock_whatever_the_wall_clock_says() {
        let attempts = after_wrong(3);
        let year = 365 * 86400;
        for wall in [0, NOW.unix_seconds - year, NOW.unix_seconds + year, i64::MIN, i64::MAX - 100] {
            assert_eq!(seconds(&attempts, &Moment { unix_seconds: wall, ..later(59) }), 1, "{wall}");
            assert_eq!(seconds(&attempts, &Moment { unix_seconds: wall, ..later(60) }), 0, "{wall}");
        }
    }

    #[test]
    fn restart_shortens_a_wait_only_by_what_both_clocks_agree_on() {
        let attempts = after_wrong(4);
        for (wall, uptime, left) in [
            (3600, 20, 280),    // off for an hour: only the time since the boot is certain
            (3600, 300, 0),     // up long enough
            (86400, 0, 300),    // wall clock set forward
            (-3600, 3600, 300), // wall clock set back
            (100, 3600, 200),   // a boot id that changed without a boot
        ] {
            let unix_seconds = NOW.unix_seconds + wall;
            let now = Moment { unix_seconds, monotonic_ms: uptime * 1000, boot_id: [2; 16] };
            assert_eq!(seconds(&attempts, &now), left, "wall {wall} s, up {uptime} s");
        }
    }

    #[test]
    fn time_waited_before_a_restart_counts_if_it_was_observed() {
        let mut attempts = after_wrong(6);
        for day in 1..=4 {
            let now = Moment { monotonic_ms: 6 * 3_600_000, boot_id: [10 + day; 16], ..later(86400 * u64::from(day)) };
            attempts = Attempts::parse(&attempts.encode()).unwrap();
            assert_eq!(seconds(&attempts, &now), 86400 - 6 * 3600 * u64::from(day));
            attempts.check(&now);
        }
        assert_eq!(seconds(&attempts, &later(0)), 0);
    }

    #[test]
    fn monotonic_clock_that_runs_back_is_not_credited_twice() {
        let mut attempts = after_wrong(3);
        attempts.check(&later(30));
        attempts.check(&later(0));
        assert_eq!(seconds(&attempts, &later(30)), 30);
    }

    #[test]
    fn lost_or_damaged_file_costs_the_free_tries_and_the_first_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attempts");
        assert_eq!(seconds(&Attempts::load(&path, &NOW).unwrap(), &NOW), 60);
        let stored = after_wrong(5);
        stored.store(&path).unwrap();
        assert_eq!(Attempts::load(&path, &later(9)), Ok(stored.clone()));
        let bytes = stored.encode();
        for bad in [b"".to_vec(), bytes[..50].to_vec(), [bytes.as_slice(), b"\0"].concat(), vec![0; 1000]] {
            std::fs::write(&path, bad).unwrap();
            let loaded = Attempts::load(&path, &NOW).unwrap();
            assert_eq!((loaded.wrong_tries(), seconds(&loaded, &NOW)), (3, 60));
        }
        std::fs::write(&path, frame(MAGIC, VERSION + 1, b"")).unwrap();
        assert_eq!(Attempts::load(&path, &NOW), Err(VaultError::Newer));
    }

    /// What happens to a phone, in the order it happens.
    #[derive(Debug, Clone)]
    enum Step {
        Passes(u32),
        Restarts { off_for: u32 },
        ClockSet(i64),
        Observed,
        Tried,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..200_000_u32).prop_map(Step::Passes),
            (0..200_000_u32).prop_map(|off_for| Step::Restarts { off_for }),
            any::<i64>().prop_map(Step::ClockSet),
            (1_700_000_000..1_900_000_000_i64).prop_map(Step::ClockSet),
            Just(Step::Observed),
            Just(Step::Tried),
        ];
        proptest::collection::vec(step, 1..60)
    }

    proptest! {
        #[test]
        fn no_try_is_allowed_before_its_wait_has_truly_passed(steps in steps()) {
            let mut attempts = Attempts::default();
            // True seconds since the beginning, of the last boot, of the last wrong try; and what the wall clock shows.
            let (mut time, mut booted, mut last_wrong, mut wall) = (0_u64, 0_u64, 0_u64, 1_790_000_000_i64);
            let (mut boot, mut tries) = (1_u8, 0_u8);
            for step in steps {
                match step {
                    Step::Passes(seconds) | Step::Restarts { off_for: seconds } => {
                        time += u64::from(seconds);
                        wall = wall.saturating_add(i64::from(seconds));
                        if matches!(step, Step::Restarts { .. }) {
                            (boot, booted) = (boot + 1, time);
                        }
                    }
                    Step::ClockSet(to) => wall = to,
                    Step::Observed | Step::Tried => {
                        let now = Moment { unix_seconds: wall, monotonic_ms: (time - booted) * 1000, boot_id: [boot; 16] };
                        attempts = Attempts::parse(&attempts.encode()).unwrap();
                        if attempts.check(&now) == Permission::Allowed {
                            prop_assert!(time - last_wrong >= wait_after(tries) / 1000);
                            if matches!(step, Step::Tried) {
                                attempts.wrong(&now);
                                (tries, last_wrong) = (tries + 1, time);
                            }
                        } else {
                            // Undisturbed, the wait ends at the latest after its full length.
                            let end = Moment { monotonic_ms: now.monotonic_ms + wait_after(tries), ..now };
                            prop_assert_eq!(attempts.clone().check(&end), Permission::Allowed);
                        }
                    }
                }
            }
        }

        #[test]
        fn figures_that_cannot_be_are_refused_and_others_encode_to_themselves(
            wrong in 0..8_u8,
            remaining in 0..100_000_000_u64,
            rest in proptest::collection::vec(any::<u8>(), 30..35),
        ) {
            let body = [[wrong].as_slice(), &remaining.to_be_bytes(), &rest].concat();
            let framed = frame(MAGIC, VERSION, &body);
            prop_assert!(Attempts::parse(&body).is_err());
            match Attempts::parse(&framed) {
                Ok(attempts) => prop_assert_eq!(attempts.encode(), framed),
                Err(error) => {
                    prop_assert_eq!(error, VaultError::FileDamaged);
                    prop_assert!(rest.len() != 32 || remaining > wait_after(wrong));
                }
            }
        }

        #[test]
        fn any_flipped_byte_is_noticed(wrong in 0..20_u8, at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
            let mut bytes = after_wrong(wrong).encode();
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
            prop_assert!(Attempts::parse(&bytes).is_err());
        }
    }
}
