//! The record in hostile hands: whatever is done to the phone and its files, in whatever order.

use proptest::prelude::*;

use super::*;
use crate::guard::wait_after;

/// What the thief does, in the order it happens.
#[derive(Debug, Clone)]
enum Step {
    Passes(u32),
    Restarts,
    ClockSet(i64),
    /// A try; killed or failing after so many steps, if at all.
    Tries(Option<(u32, Failure)>),
    Looks,
    Copies,
    Restores(prop::sample::Index),
    Deletes,
    Damages(prop::sample::Index),
    /// The holder comes and unlocks, if he still can.
    Holder,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let failure = prop::sample::select(&FAILURES[..]);
    let step = prop_oneof![
        3 => prop_oneof![Just(60), Just(300), Just(1800), Just(86_400), 0..90_000_u32].prop_map(Step::Passes),
        1 => Just(Step::Restarts),
        1 => prop_oneof![any::<i64>(), 1_700_000_000..1_900_000_000_i64].prop_map(Step::ClockSet),
        4 => Just(Step::Tries(None)),
        4 => (0..12_u32, failure).prop_map(|failure| Step::Tries(Some(failure))),
        1 => Just(Step::Looks),
        2 => Just(Step::Copies),
        3 => any::<prop::sample::Index>().prop_map(Step::Restores),
        1 => Just(Step::Deletes),
        1 => any::<prop::sample::Index>().prop_map(Step::Damages),
        1 => Just(Step::Holder),
    ];
    proptest::collection::vec(step, 1..120)
}

/// A phone in the thief's hands, and what is true.
struct World {
    phone: Phone,
    /// Whether the hardware still has the key of the passcode.
    passcode_key: bool,
    copies: Vec<Option<Vec<u8>>>,
    time: u64,
    booted: u64,
    boot: u8,
    wall: i64,
    /// Wrong tries whose outcome the thief learned, since the last right one, and when the last was.
    wrong: u8,
    last_wrong: u64,
}

impl World {
    fn now(&self) -> Moment {
        Moment { unix_seconds: self.wall, monotonic_ms: (self.time - self.booted) * 1000, boot_id: [self.boot; 16] }
    }

    /// What the façade does, in its order. The steps on the passcode's key can fail and break off as well.
    fn unlock(&mut self, right: bool) -> Result<(), Fault> {
        let now = self.now();
        let mut session = load(&self.phone, &now)?;
        match ready(session.check(&now))? {
            Permission::Allowed => {}
            Permission::WaitUntil { .. } => return Ok(()),
            Permission::Destroyed => {
                drop(self.phone.hardware()?);
                self.passcode_key = false;
                return Ok(());
            }
        }
        let counted = ready(session.count(&now))?;
        let asked = self.phone.hardware().map(drop);
        if asked.is_err() || !self.passcode_key {
            return ready(counted.give_back());
        }
        if counted.is_last() {
            if self.phone.hardware().map(drop).is_err() {
                return ready(counted.give_back());
            }
            self.passcode_key = false;
        }
        // Here the envelope is opened: from now on he knows.
        if right {
            drop(self.phone.hardware()?);
            self.passcode_key = true;
            (self.wrong, self.last_wrong) = (0, 0);
            return ready(counted.right(None));
        }
        let waited = self.time - self.last_wrong;
        assert!(self.wrong == 0 || waited >= wait_after(self.wrong) / 1000, "a try {waited} s after {}", self.wrong);
        (self.wrong, self.last_wrong) = (self.wrong + 1, self.time);
        assert!(self.wrong <= 10, "an eleventh try");
        Ok(())
    }

    fn happens(&mut self, step: &Step) {
        match step {
            Step::Passes(seconds) => {
                self.time += u64::from(*seconds);
                self.wall = self.wall.saturating_add(i64::from(*seconds));
            }
            Step::Restarts => (self.boot, self.booted) = (self.boot + 1, self.time),
            Step::ClockSet(to) => self.wall = *to,
            Step::Tries(failure) => {
                self.phone.state().until = *failure;
                drop(self.unlock(false));
                self.phone.heal();
            }
            Step::Looks => {
                let now = self.now();
                ready(load(&self.phone, &now).unwrap().check(&now)).unwrap();
            }
            Step::Copies => self.copies.push(self.phone.file()),
            Step::Restores(which) => {
                if !self.copies.is_empty() {
                    self.phone.put_file(which.get(&self.copies).clone());
                }
            }
            Step::Deletes => self.phone.put_file(None),
            Step::Damages(at) => {
                let mut file = self.phone.file().unwrap_or_else(|| vec![0]);
                let at = at.index(file.len());
                file[at] ^= 1;
                self.phone.put_file(Some(file));
            }
            Step::Holder => self.unlock(true).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn thief_gets_ten_tries_and_waits_for_each_whatever_he_does(steps in steps()) {
        let mut world = World {
            phone: activated(),
            passcode_key: true,
            copies: Vec::new(),
            time: 100,
            booted: 0,
            boot: 1,
            wall: 1_790_000_000,
            wrong: 0,
            last_wrong: 0,
        };
        for step in &steps {
            world.happens(step);
        }
    }
}
