//! The suites over the Rust fakes: those that behave keep every rule, and each one that misbehaves is found out by the rules
//! that it breaks.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use eid_contract::{Finding, check_chip_link, check_clock, check_event_sink, check_integrity, check_secure_key};
use eid_core::ports::{
    Clock, ClockError, Event, EventSink, Integrity, IntegrityError, Moment, SecureKeyError,
    fake::{EventLog, Misbehaving, Mishap, SetClock, SoftwareChip, SoftwareIntegrity, SoftwareKey},
};

const START: i64 = 1_795_348_800;
const LATE: &str = "each call is answered in time";

fn broken(findings: &[Finding]) -> Vec<&'static str> {
    assert!(!findings.is_empty());
    findings.iter().filter(|finding| !finding.passed).map(|finding| finding.rule).collect()
}

/// The rules that the port must break, among others.
fn breaks(findings: &[Finding], rules: &[&str]) {
    let broken = broken(findings);
    for rule in rules {
        assert!(findings.iter().any(|finding| finding.rule == *rule), "no rule says: {rule}");
        assert!(broken.contains(rule), "not found out: {rule}; only {broken:?}");
    }
}

type Reading = fn(u64) -> Result<Moment, ClockError>;

/// Clocks as a function of how often they were read.
struct Clocks<F>(F, AtomicU64);

impl<F: Fn(u64) -> Result<Moment, ClockError> + Send + Sync> Clock for Clocks<F> {
    fn now(&self) -> Result<Moment, ClockError> {
        (self.0)(self.1.fetch_add(1, Ordering::Relaxed))
    }
}

fn clocks<F: Fn(u64) -> Result<Moment, ClockError> + Send + Sync>(reading: F) -> Clocks<F> {
    Clocks(reading, AtomicU64::new(0))
}

fn moment(unix_seconds: i64, monotonic_ms: u64, boot: u8) -> Moment {
    Moment { unix_seconds, monotonic_ms, boot_id: [boot; 16] }
}

#[tokio::test(start_paused = true)]
async fn secure_key_in_software_keeps_the_contract_and_leaves_nothing_behind() {
    // As Android's hardware derives, and as the Secure Enclave does.
    for key in [SoftwareKey::default(), SoftwareKey::enclave()] {
        let findings = check_secure_key(&key).await;
        assert_eq!(broken(&findings), [""; 0]);
        assert!(findings.len() >= 20, "{}", findings.len());
        assert_eq!(key.key_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn secure_key_that_misbehaves_is_found_out() {
    let misbehaving = |mishap| Misbehaving::new(SoftwareKey::default(), mishap);
    breaks(&check_secure_key(&misbehaving(Mishap::Late)).await, &[LATE]);
    let twice = check_secure_key(&misbehaving(Mishap::Twice)).await;
    breaks(&twice, &["keys differ", "the empty message is signed", "calls at once each get their own answer"]);
    breaks(&twice, &["another input gives another answer", "a secret key made anew gives other answers"]);
    let length = check_secure_key(&misbehaving(Mishap::WrongLength)).await;
    breaks(&length, &["an answer has 32 bytes", "the same input gives the same answer"]);
    for mishap in [
        SecureKeyError::UserCancelled,
        SecureKeyError::Invalidated,
        SecureKeyError::Unavailable,
        SecureKeyError::Malformed,
    ] {
        let key = SoftwareKey::default();
        key.misbehave(Some(mishap));
        breaks(&check_secure_key(&key).await, &["a message is signed", "the same input gives the same answer"]);
    }
}

#[tokio::test(start_paused = true)]
async fn clock_that_runs_keeps_the_contract() {
    // Each reading is one millisecond later than the one before, plus what the suite let pass.
    let start = tokio::time::Instant::now();
    let running = clocks(move |reading| {
        let passed = u64::try_from(start.elapsed().as_millis()).unwrap_or_default() + reading;
        Ok(moment(START + i64::try_from(passed / 1000).unwrap_or_default(), passed, 1))
    });
    assert_eq!(broken(&check_clock(&running).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn clock_that_misbehaves_is_found_out() {
    breaks(&check_clock(&SetClock::at(START)).await, &["the monotonic clock counts milliseconds"]);
    let cases: [(&str, Reading); 5] = [
        ("each reading succeeds", |n| if n == 99 { Err(ClockError::Unavailable) } else { Ok(moment(START, n, 1)) }),
        ("the monotonic clock never goes back", |n| Ok(moment(START, 1000 - n, 1))),
        ("the wall clock is of this century", |n| Ok(moment(START * 1000, n, 1))),
        ("the boot is the same in each reading", |n| Ok(moment(START, n, u8::from(n > 50) + 1))),
        ("the boot is the same in each reading", |n| Ok(moment(START, n, 0))),
    ];
    for (rule, reading) in cases {
        breaks(&check_clock(&clocks(reading)).await, &[rule]);
    }
}

#[tokio::test(start_paused = true)]
async fn chip_link_keeps_the_contract_and_is_found_out_when_it_misbehaves() {
    assert_eq!(broken(&check_chip_link(&SoftwareChip::default()).await), [""; 0]);
    for (mishap, rule) in [
        (Mishap::Late, LATE),
        (Mishap::Twice, "each response belongs to its own command"),
        (Mishap::WrongLength, "each response has 2 to 65,538 bytes"),
        (Mishap::WrongLength, "a short APDU fits"),
    ] {
        breaks(&check_chip_link(&Misbehaving::new(SoftwareChip::default(), mishap)).await, &[rule]);
    }
}

#[tokio::test(start_paused = true)]
async fn integrity_keeps_the_contract_and_is_found_out_when_it_misbehaves() {
    struct NoIntegrity;
    #[async_trait::async_trait]
    impl Integrity for NoIntegrity {
        async fn attest(&self, _nonce: &[u8]) -> Result<Vec<u8>, IntegrityError> {
            Err(IntegrityError::Unavailable)
        }
    }
    assert_eq!(broken(&check_integrity(&SoftwareIntegrity).await), [""; 0]);
    assert_eq!(broken(&check_integrity(&NoIntegrity).await), [""; 0]);
    for (mishap, rule) in [
        (Mishap::Late, LATE),
        (Mishap::Twice, "another nonce gives another statement"),
        (Mishap::WrongLength, "each statement has 1 to 16,384 bytes"),
    ] {
        breaks(&check_integrity(&Misbehaving::new(SoftwareIntegrity, mishap)).await, &[rule]);
    }
}

#[tokio::test]
async fn event_sink_keeps_the_contract_and_a_slow_one_is_found_out() {
    struct SlowSink;
    impl EventSink for SlowSink {
        fn on_event(&self, event: Event) {
            if event == Event::HistoryChanged {
                std::thread::sleep(Duration::from_millis(120));
            }
        }
    }
    let log = EventLog::default();
    assert_eq!(broken(&check_event_sink(&log).await), [""; 0]);
    assert_eq!(log.events().len(), 60);
    breaks(&check_event_sink(&SlowSink).await, &["each event is taken within a tenth of a second"]);
}
