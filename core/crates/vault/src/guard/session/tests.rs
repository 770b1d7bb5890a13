//! The record over a model of the hardware's keys and of the disk, with failures, kills and losses.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::*;
use eid_crypto::hash::sha256_parts;

mod thief;

/// A phone's hardware and disk. Nothing here waits, so futures are ready at once.
#[derive(Debug, Clone, Default)]
struct Phone(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Number of the key in each slot; no two keys that were ever made share one.
    keys: [Option<u64>; 2],
    made: u64,
    file: Option<Vec<u8>>,
    /// Steps until the next one fails, if one is to.
    until: Option<(u32, Failure)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// Dead: nothing is done any more.
    Killed,
    /// The hardware says no, or the disk is full; once.
    Once,
    /// The hardware says no from then on.
    Hardware,
    /// The disk is full from then on.
    Disk,
}

const FAILURES: [Failure; 4] = [Failure::Killed, Failure::Once, Failure::Hardware, Failure::Disk];

#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Killed,
    Unavailable,
    Gone,
    Vault(VaultError),
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl Phone {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, kind: Failure) -> Result<MutexGuard<'_, State>, Fault> {
        let mut state = self.state();
        let (fault, lasts) = match state.until {
            Some((0, Failure::Killed)) => (Fault::Killed, true),
            Some((0, Failure::Once)) => (Fault::Unavailable, false),
            Some((0, failure)) if failure == kind => (Fault::Unavailable, true),
            Some((left, failure)) => {
                state.until = Some((left.saturating_sub(1), failure));
                return Ok(state);
            }
            None => return Ok(state),
        };
        if !lasts {
            state.until = None;
        }
        Err(fault)
    }

    fn hardware(&self) -> Result<MutexGuard<'_, State>, Fault> {
        self.step(Failure::Hardware)
    }

    fn disk(&self) -> Result<MutexGuard<'_, State>, Fault> {
        self.step(Failure::Disk)
    }

    fn fail_at(&self, step: u32, failure: Failure) {
        self.state().until = Some((step, failure));
    }

    fn heal(&self) {
        self.state().until = None;
    }

    fn file(&self) -> Option<Vec<u8>> {
        self.state().file.clone()
    }

    fn put_file(&self, file: Option<Vec<u8>>) {
        self.state().file = file;
    }
}

impl GuardPort for Phone {
    type Error = Fault;

    fn is_gone(error: &Fault) -> bool {
        *error == Fault::Gone
    }

    async fn make_secret(&self, slot: GuardSlot) -> Result<(), Fault> {
        let mut state = self.hardware()?;
        state.made += 1;
        state.keys[slot as usize] = Some(state.made);
        Ok(())
    }

    async fn derive(&self, slot: GuardSlot, input: HardwareInput) -> Result<SecretKey, Fault> {
        let key = self.hardware()?.keys[slot as usize].ok_or(Fault::Gone)?;
        let answer = sha256_parts(&[&key.to_be_bytes(), input.bytes()]);
        Ok(SecretKey::parse(&SecretBytes::new(answer.to_vec())).unwrap())
    }

    async fn remove(&self, slot: GuardSlot) -> Result<(), Fault> {
        self.hardware()?.keys[slot as usize] = None;
        Ok(())
    }

    async fn load(&self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.disk()?.file.clone())
    }

    async fn store(&self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.disk()?.file = Some(bytes);
        Ok(())
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the model never waits"),
    }
}

const NOW: Moment = Moment { unix_seconds: 1_790_000_000, monotonic_ms: 10_000, boot_id: [1; 16] };

fn binding() -> EnvelopeBinding {
    EnvelopeBinding { app_id: "vn.example.eid".into(), install_id: [7; 16] }
}

fn activated() -> Phone {
    let phone = Phone::default();
    ready(GuardSession::create(phone.clone(), &binding(), &NOW)).unwrap();
    phone
}

fn load(phone: &Phone, now: &Moment) -> Result<GuardSession<Phone>, Fault> {
    ready(GuardSession::load(phone.clone(), &binding(), now))
}

fn count(phone: &Phone, now: &Moment) -> Result<CountedTry<Phone>, Fault> {
    ready(load(phone, now)?.count(now))
}

/// The record as a healthy phone finds it.
fn found(phone: &Phone) -> Guard {
    phone.heal();
    load(phone, &NOW).unwrap().guard().clone()
}

#[test]
fn record_is_read_back_by_the_phone_and_installation_that_made_it() {
    let phone = activated();
    drop(count(&phone, &NOW).unwrap());
    assert_eq!((found(&phone).wrong_tries(), found(&phone).is_lost()), (1, false));
    let elsewhere = EnvelopeBinding { install_id: [8; 16], ..binding() };
    let session = ready(GuardSession::load(phone, &elsewhere, &NOW)).unwrap();
    assert!(session.guard().is_lost());
}

#[test]
fn lost_record_costs_all_tries_but_one_and_is_stored_at_once() {
    let gone = |phone: &Phone| phone.put_file(None);
    let damaged = |phone: &Phone| phone.put_file(Some(vec![0; 9]));
    let altered = |phone: &Phone| {
        // The count set back and the frame's digest written anew, by somebody who cannot ask the hardware.
        let mut record = GuardRecord::parse(&phone.file().unwrap()).unwrap();
        record.guard = Guard { seen: NOW, ..Guard::default() };
        phone.put_file(Some(record.encode()));
    };
    let key_gone = |phone: &Phone| phone.state().keys = [None; 2];
    let copied = |phone: &Phone| phone.put_file(activated().file());
    for lose in [&gone as &dyn Fn(&Phone), &damaged, &altered, &key_gone, &copied] {
        let phone = activated();
        drop(count(&phone, &NOW).unwrap());
        lose(&phone);
        let lost = Guard::lost(&NOW);
        assert_eq!(load(&phone, &NOW).unwrap().guard(), &lost);
        assert_eq!(found(&phone), lost, "stored");
        let mut session = load(&phone, &NOW).unwrap();
        assert!(matches!(ready(session.check(&NOW)).unwrap(), Permission::WaitUntil { seconds: 86400, .. }));
        ready(session.clear(None)).unwrap();
        assert_eq!(found(&phone), Guard { seen: NOW, ..Guard::default() });
    }
}

#[test]
fn record_of_a_newer_version_is_refused_and_stays() {
    let phone = activated();
    let newer = crate::file::frame(*b"EIDG", 2, b"whatever");
    phone.put_file(Some(newer.clone()));
    assert_eq!(load(&phone, &NOW).err(), Some(Fault::Vault(VaultError::Newer)));
    assert_eq!(phone.file(), Some(newer));
}

#[test]
fn copy_of_an_older_record_names_a_key_that_is_gone() {
    let phone = activated();
    let mut copies = vec![phone.file()];
    for wrong in 1..=6 {
        let now = Moment { monotonic_ms: 10_000 + 86_400_000 * u64::from(wrong), ..NOW };
        let counted = count(&phone, &now).unwrap();
        assert_eq!(counted.guard().wrong_tries(), wrong);
        copies.push(phone.file());
    }
    let last = copies.pop().unwrap();
    for copy in copies {
        let restored = Phone::default();
        let keys = phone.state().keys;
        restored.state().keys = keys;
        restored.put_file(copy);
        assert!(load(&restored, &NOW).unwrap().guard().is_lost());
    }
    phone.put_file(last);
    assert_eq!(found(&phone).wrong_tries(), 6);
}

#[test]
fn key_that_outlived_a_kill_vouches_for_no_old_copy_after_the_next_try() {
    let phone = activated();
    let copy = phone.file();
    // Load, verify, make the other key, two answers, store; dead before the old key is removed.
    phone.fail_at(6, Failure::Killed);
    assert_eq!(count(&phone, &NOW).err(), Some(Fault::Killed));
    phone.heal();
    assert_eq!(phone.state().keys, [Some(1), Some(2)], "both keys live, and no try was made");
    drop(count(&phone, &NOW).unwrap());
    phone.put_file(copy);
    assert!(found(&phone).is_lost());
}

#[test]
fn wait_that_was_observed_is_kept_under_the_same_key() {
    let phone = activated();
    for _ in 0..4 {
        drop(count(&phone, &NOW).unwrap());
    }
    let before = phone.file();
    let keys = phone.state().keys;
    let halfway = Moment { monotonic_ms: NOW.monotonic_ms + 150_000, ..NOW };
    let mut session = load(&phone, &halfway).unwrap();
    assert!(matches!(ready(session.check(&halfway)).unwrap(), Permission::WaitUntil { seconds: 150, .. }));
    assert_eq!(phone.state().keys, keys);
    let rebooted = Moment { monotonic_ms: 0, boot_id: [2; 16], ..NOW };
    let mut session = load(&phone, &rebooted).unwrap();
    assert!(matches!(ready(session.check(&rebooted)).unwrap(), Permission::WaitUntil { seconds: 150, .. }));
    // The copy from before says that more is left.
    phone.put_file(before);
    let mut session = load(&phone, &rebooted).unwrap();
    assert!(matches!(ready(session.check(&rebooted)).unwrap(), Permission::WaitUntil { seconds: 300, .. }));
}

#[test]
fn try_that_was_not_made_is_given_back_without_the_hardware() {
    let phone = activated();
    drop(count(&phone, &NOW).unwrap());
    let counted = count(&phone, &NOW).unwrap();
    assert_eq!(found(&phone).wrong_tries(), 2);
    let keys = std::mem::take(&mut phone.state().keys);
    ready(counted.give_back()).unwrap();
    phone.state().keys = keys;
    assert_eq!((found(&phone).wrong_tries(), found(&phone).is_lost()), (1, false));
}

/// Every point at which counting, clearing, losing or making a record can break off, by a kill, by one failure, or by failures
/// from then on.
#[test]
fn record_is_readable_whatever_step_broke_off() {
    type Act = fn(&Phone) -> Result<(), Fault>;
    let acts: [(&str, Act, u8, &[u8]); 4] = [
        ("count", |phone| count(phone, &NOW).map(drop), 2, &[2, 3]),
        ("right", |phone| ready(load(phone, &NOW)?.right(Some(9))), 2, &[2, 0]),
        ("count and right", |phone| ready(count(phone, &NOW)?.right(None)), 2, &[2, 3, 0]),
        ("create", |phone| ready(GuardSession::create(phone.clone(), &binding(), &NOW)).map(drop), 2, &[2, 0, 9]),
    ];
    let mut points = 0;
    for (name, act, tries, allowed) in acts {
        for failure in FAILURES {
            for slot in [0, 1] {
                for step in 0.. {
                    let phone = activated();
                    for _ in 0..tries + slot {
                        drop(count(&phone, &NOW).unwrap());
                    }
                    phone.fail_at(step, failure);
                    let outcome = act(&phone);
                    let done = phone.state().until.is_some_and(|(left, _)| left > 0) && outcome.is_ok();
                    let left = found(&phone).wrong_tries();
                    // From the second slot on, one more try stands behind each figure but zero and nine.
                    let expected: Vec<u8> = allowed
                        .iter()
                        .map(|wrong| if [0, 9].contains(wrong) { *wrong } else { wrong + slot })
                        .collect();
                    assert!(expected.contains(&left), "{name}, {failure:?} at {step}: {left} tries");
                    if name == "count" && failure != Failure::Killed && outcome.is_err() {
                        assert_eq!(left, tries + slot, "{failure:?} at {step}: no try was made, so none is counted");
                    }
                    assert!(name == "create" || !found(&phone).is_lost(), "{name}, {failure:?} at {step}");
                    if done {
                        break;
                    }
                    points += 1;
                }
            }
        }
    }
    assert!(points > 100, "{points} points");
}

#[test]
fn lost_record_whose_storing_broke_off_stays_lost() {
    for step in 1..6 {
        for failure in FAILURES {
            let phone = activated();
            phone.put_file(None);
            phone.fail_at(step, failure);
            drop(load(&phone, &NOW));
            assert!(found(&phone).is_lost(), "step {step}");
        }
    }
}
