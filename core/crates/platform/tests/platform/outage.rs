//! A thousand phones after an outage, simulated over the pure policy and circuit: they must not come back together.
#![expect(clippy::print_stdout, reason = "the figures are the point")]

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use eid_platform::{
    circuit::{Circuit, Outcome, Permit},
    retry::{Class, Decision, Policy},
};

const PHONES: usize = 1000;

/// Milliseconds until the platform is back.
const OUTAGE: u64 = 120_000;

/// How long a try lasts that the platform does not answer, and one that it does.
const FAILS_AFTER: u64 = 200;

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[derive(Default)]
struct Phone {
    circuit: Circuit,
    tries: u32,
    began: u64,
}

/// Requests in each second, of phones that all begin in the first second and never stop asking until they are answered.
fn simulate(next: impl Fn(&mut Phone, u64, &mut Dice) -> (u64, bool)) -> Vec<usize> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut phones: Vec<Phone> = (0..PHONES).map(|_| Phone::default()).collect();
    let mut queue: BinaryHeap<_> = (0..PHONES).map(|phone| Reverse((dice.roll() % 1000, phone))).collect();
    let mut seconds = vec![0; 240];
    while let Some(Reverse((now, phone))) = queue.pop() {
        let (then, is_sent) = next(&mut phones[phone], now, &mut dice);
        if is_sent {
            seconds[usize::try_from(now / 1000).unwrap()] += 1;
        }
        if !(is_sent && now >= OUTAGE) {
            queue.push(Reverse((then, phone)));
        }
    }
    seconds
}

/// Our policy: the next thing to do at that time, and whether a request was sent now.
fn ours(phone: &mut Phone, now: u64, dice: &mut Dice) -> (u64, bool) {
    const POLICY: Policy = Policy::with_total(Duration::from_secs(45));
    match phone.circuit.permit(Duration::from_millis(now)) {
        Permit::Wait(wait) => (now + u64::try_from(wait.as_millis()).unwrap() + 1, false),
        Permit::Busy => panic!("a phone has one call"),
        Permit::Go => {
            let ended = now + FAILS_AFTER;
            let outcome = Outcome::Unanswered { retry_after: None };
            phone.circuit.finish(Duration::from_millis(ended), outcome, dice.roll());
            phone.tries += 1;
            let elapsed = Duration::from_millis(ended - phone.began);
            match POLICY.decide(phone.tries, Class::Transient, elapsed, dice.roll()) {
                Decision::RetryAfter(wait) => (ended + u64::try_from(wait.as_millis()).unwrap(), true),
                // The citizen taps again at once.
                Decision::GiveUp => {
                    (phone.tries, phone.began) = (0, ended);
                    (ended, true)
                }
            }
        }
    }
}

/// Doubling waits without jitter and without a circuit.
fn plain(phone: &mut Phone, now: u64, _: &mut Dice) -> (u64, bool) {
    phone.tries += 1;
    (now + FAILS_AFTER + (500 << phone.tries.min(6)).min(30_000), true)
}

fn figures(name: &str, seconds: &[usize]) -> (usize, usize) {
    let outage = usize::try_from(OUTAGE / 1000).unwrap();
    let (before, after) = seconds.split_at(outage);
    let peak = after.iter().max().copied().unwrap_or_default();
    let steady = before[30..].iter().sum::<usize>();
    let done = after.iter().rposition(|count| *count > 0).unwrap_or_default() + 1;
    println!(
        "{name}: {} requests in {outage} s of outage, {:.1} a second after the first half minute; when it is over: \
         peak {peak} in one second, all {PHONES} answered after {done} s",
        before.iter().sum::<usize>(),
        steady as f64 / (outage - 30) as f64,
    );
    assert_eq!(after.iter().sum::<usize>(), PHONES, "each phone is answered once");
    (peak, steady)
}

#[test]
fn thousand_phones_after_an_outage_come_back_spread_out() {
    let (peak, steady) = figures("jitter and circuit", &simulate(ours));
    let (plain_peak, plain_steady) = figures("doubling without jitter", &simulate(plain));
    assert!(peak <= PHONES / 10, "{peak} in one second");
    assert!(peak * 4 <= plain_peak && steady <= plain_steady * 3 / 2);
}
