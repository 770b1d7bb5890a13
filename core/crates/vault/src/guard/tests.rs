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
fn seconds(guard: &Guard, now: &Moment) -> u64 {
    match guard.clone().check(now) {
        Permission::Allowed => 0,
        Permission::WaitUntil { seconds, unix_seconds } => {
            assert_eq!(unix_seconds - now.unix_seconds, i64::try_from(seconds).unwrap());
            seconds
        }
        Permission::Destroyed => panic!("destroyed"),
    }
}

fn after_wrong(count: u8) -> Guard {
    let mut guard = Guard::default();
    for _ in 0..count {
        guard.count(&NOW);
    }
    guard
}

/// A record as a hardware key that answers with sevens would vouch for it.
fn stored(guard: &Guard) -> Vec<u8> {
    GuardRecord { slot: GuardSlot::B, guard: guard.clone(), tag: SecretBytes::new(vec![7; 32]) }.encode()
}

fn restarted(guard: &Guard) -> Guard {
    GuardRecord::parse(&stored(guard)).unwrap().guard
}

#[test]
fn waits_rise_with_wrong_tries_and_the_tenth_ends_them() {
    let mut guard = Guard::default();
    let mut waits = Vec::new();
    for _ in 0..10 {
        waits.push(seconds(&guard, &NOW));
        guard.count(&NOW);
    }
    assert_eq!(waits, [0, 0, 0, 60, 300, 1800, 86400, 86400, 86400, 86400]);
    for now in [NOW, later(100 * 86400)] {
        assert_eq!(guard.clone().check(&now), Permission::Destroyed);
    }
    guard.count(&later(100 * 86400));
    assert_eq!((guard.wrong_tries(), guard.is_destroyed()), (10, true));
}

#[test]
fn right_try_ends_all_and_another_way_in_ends_the_waits_only() {
    for count in [2, 9, 10] {
        let mut guard = after_wrong(count);
        guard.clear(Some(5));
        assert_eq!((guard.wrong_tries(), guard.is_destroyed()), (0, count == 10));
        let mut guard = after_wrong(count);
        guard.right(None);
        assert_eq!(guard, Guard { seen: NOW, ..Guard::default() });
    }
    let mut guard = Guard::lost(&NOW);
    assert_eq!((seconds(&guard, &NOW), guard.wrong_tries(), guard.is_lost()), (86400, 9, true));
    guard.clear(None);
    assert_eq!((seconds(&guard, &NOW), guard.wrong_tries(), guard.is_lost()), (0, 0, false));
}

#[test]
fn generation_of_the_store_is_a_bound_that_never_goes_back() {
    let mut guard = Guard::default();
    guard.right(Some(7));
    guard.clear(Some(3));
    guard.right(None);
    assert_eq!(guard.generation(), 7);
}

#[test]
fn wait_ends_by_the_monotonic_clock_whatever_the_wall_clock_says() {
    let guard = after_wrong(3);
    let year = 365 * 86400;
    for wall in [0, NOW.unix_seconds - year, NOW.unix_seconds + year, i64::MIN, i64::MAX - 100] {
        assert_eq!(seconds(&guard, &Moment { unix_seconds: wall, ..later(59) }), 1, "{wall}");
        assert_eq!(seconds(&guard, &Moment { unix_seconds: wall, ..later(60) }), 0, "{wall}");
    }
}

#[test]
fn restart_shortens_a_wait_only_by_what_both_clocks_agree_on() {
    let guard = after_wrong(4);
    for (wall, uptime, left) in [
        (3600, 20, 280),    // off for an hour: only the time since the boot is certain
        (3600, 300, 0),     // up long enough
        (86400, 0, 300),    // wall clock set forward
        (-3600, 3600, 300), // wall clock set back
        (100, 3600, 200),   // a boot id that changed without a boot
    ] {
        let unix_seconds = NOW.unix_seconds + wall;
        let now = Moment { unix_seconds, monotonic_ms: uptime * 1000, boot_id: [2; 16] };
        assert_eq!(seconds(&guard, &now), left, "wall {wall} s, up {uptime} s");
    }
}

#[test]
fn time_waited_before_a_restart_counts_if_it_was_observed() {
    let mut guard = after_wrong(6);
    for day in 1..=4 {
        let now = Moment { monotonic_ms: 6 * 3_600_000, boot_id: [10 + day; 16], ..later(86400 * u64::from(day)) };
        guard = restarted(&guard);
        assert_eq!(seconds(&guard, &now), 86400 - 6 * 3600 * u64::from(day));
        guard.check(&now);
    }
    assert_eq!(seconds(&guard, &later(0)), 0);
}

#[test]
fn monotonic_clock_that_runs_back_is_not_credited_twice() {
    let mut guard = after_wrong(3);
    guard.check(&later(30));
    guard.check(&later(0));
    assert_eq!(seconds(&guard, &later(30)), 30);
}

#[test]
fn question_to_the_hardware_differs_by_record_key_and_installation() {
    let bytes = |binding: u8, slot, guard: &Guard| *question(&[binding; 32], slot, guard).unwrap().bytes();
    let one = bytes(1, GuardSlot::A, &Guard::default());
    assert_eq!(one, bytes(1, GuardSlot::A, &Guard::default()));
    assert_ne!(one, bytes(2, GuardSlot::A, &Guard::default()));
    assert_ne!(one, bytes(1, GuardSlot::B, &Guard::default()));
    assert_ne!(one, bytes(1, GuardSlot::A, &after_wrong(1)));
    assert_ne!(one, bytes(1, GuardSlot::A, &Guard { lost: true, ..Guard::default() }));
    assert_ne!(one, bytes(1, GuardSlot::A, &Guard { generation: 1, ..Guard::default() }));
}

#[test]
fn record_of_another_version_or_length_is_refused() {
    let bytes = stored(&after_wrong(5));
    assert_eq!(bytes.len(), BYTES);
    for bad in [b"".to_vec(), bytes[..50].to_vec(), [bytes.as_slice(), b"\0"].concat(), vec![0; 1000]] {
        assert!(matches!(GuardRecord::parse(&bad), Err(VaultError::Foreign | VaultError::FileDamaged)));
    }
    assert_eq!(GuardRecord::parse(&frame(MAGIC, VERSION + 1, b"")).err(), Some(VaultError::Newer));
    // The record of format version 1.
    assert_eq!(GuardRecord::parse(&frame(*b"EIDA", 1, &[0; 41])).err(), Some(VaultError::Foreign));
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
        let mut guard = Guard::default();
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
                    guard = restarted(&guard);
                    match guard.check(&now) {
                        Permission::Allowed => {
                            prop_assert!(tries < 10 && time - last_wrong >= wait_after(tries) / 1000);
                            if matches!(step, Step::Tried) {
                                guard.count(&now);
                                (tries, last_wrong) = (tries + 1, time);
                            }
                        }
                        Permission::WaitUntil { .. } => {
                            // Undisturbed, the wait ends at the latest after its full length.
                            let end = Moment { monotonic_ms: now.monotonic_ms + wait_after(tries), ..now };
                            prop_assert_eq!(guard.clone().check(&end), Permission::Allowed);
                        }
                        Permission::Destroyed => prop_assert_eq!(tries, 10),
                    }
                }
            }
        }
    }

    #[test]
    fn figures_that_cannot_be_are_refused_and_others_encode_to_themselves(
        slot in 0..3_u8,
        wrong in 0..12_u8,
        flags in 0..5_u8,
        remaining in prop_oneof![Just(0), 0..100_000_000_u64],
        rest in proptest::collection::vec(any::<u8>(), 71..74),
    ) {
        let body = [[slot, wrong, flags].as_slice(), &remaining.to_be_bytes(), &rest].concat();
        let framed = frame(MAGIC, VERSION, &body);
        prop_assert!(GuardRecord::parse(&body).is_err());
        match GuardRecord::parse(&framed) {
            Ok(record) => prop_assert_eq!(record.encode(), framed),
            Err(error) => {
                prop_assert_eq!(error, VaultError::FileDamaged);
                let possible = slot < 2 && wrong <= 10 && flags < 4 && remaining <= wait_after(wrong);
                prop_assert!(rest.len() != 72 || !possible || (wrong == 10 && flags & 1 == 0));
            }
        }
    }

    #[test]
    fn any_flipped_byte_is_noticed(wrong in 0..11_u8, at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
        let mut bytes = stored(&after_wrong(wrong));
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        prop_assert!(GuardRecord::parse(&bytes).is_err());
    }
}
