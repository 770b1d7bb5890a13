//! The contract suites over a shell's own ports: what its tests run. They call the port and nothing else.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use eid_contract::Finding;

use crate::{
    ChipLink, Clock, EidError, EventSink, Integrity, SecureKey, call::Call, guard::quiet_panics, ports::Adapter,
    runtime::Engine,
};

/// One rule of a port, and whether the implementation keeps it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ContractFinding {
    /// The rule, in words.
    pub rule: String,
    /// True if it is kept.
    pub passed: bool,
}

impl From<Finding> for ContractFinding {
    fn from(finding: Finding) -> Self {
        let Finding { rule, passed } = finding;
        Self { rule: rule.to_owned(), passed }
    }
}

/// Checks key hardware. It makes keys under aliases of its own (`contract-…`) and removes them.
///
/// # Errors
/// `Internal`, if the check itself broke off.
#[uniffi::export]
pub async fn check_secure_key(key: Arc<dyn SecureKey>) -> Result<Vec<ContractFinding>, EidError> {
    let key = Adapter(key);
    on_own_runtime(async move { eid_contract::check_secure_key(&key).await }).await
}

/// Checks clocks.
///
/// # Errors
/// `Internal`, if the check itself broke off.
#[uniffi::export]
pub async fn check_clock(clock: Arc<dyn Clock>) -> Result<Vec<ContractFinding>, EidError> {
    let clock = Adapter(clock);
    on_own_runtime(async move { eid_contract::check_clock(&clock).await }).await
}

/// Checks a chip link to a chip that answers a SELECT; ends its session.
///
/// # Errors
/// `Internal`, if the check itself broke off.
#[uniffi::export]
pub async fn check_chip_link(chip: Arc<dyn ChipLink>) -> Result<Vec<ContractFinding>, EidError> {
    let chip = Adapter(chip);
    on_own_runtime(async move { eid_contract::check_chip_link(&chip).await }).await
}

/// Checks an event sink.
///
/// # Errors
/// `Internal`, if the check itself broke off.
#[uniffi::export]
pub async fn check_event_sink(events: Arc<dyn EventSink>) -> Result<Vec<ContractFinding>, EidError> {
    on_own_runtime(async move {
        let watched = Watched { sink: events, failed: AtomicBool::new(false) };
        let mut findings = eid_contract::check_event_sink(&watched).await;
        let passed = !watched.failed.load(Ordering::Relaxed);
        findings.push(Finding { rule: "each event is taken without an error", passed });
        findings
    })
    .await
}

/// A sink that remembers whether an event was refused: the core's own port cannot say so.
struct Watched {
    sink: Arc<dyn EventSink>,
    failed: AtomicBool,
}

impl eid_core::ports::EventSink for Watched {
    fn on_event(&self, event: eid_core::ports::Event) {
        if self.sink.on_event(event.into()).is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Checks attestation.
///
/// # Errors
/// `Internal`, if the check itself broke off.
#[uniffi::export]
pub async fn check_integrity(integrity: Arc<dyn Integrity>) -> Result<Vec<ContractFinding>, EidError> {
    let integrity = Adapter(integrity);
    on_own_runtime(async move { eid_contract::check_integrity(&integrity).await }).await
}

async fn on_own_runtime(
    suite: impl Future<Output = Vec<Finding>> + Send + 'static,
) -> Result<Vec<ContractFinding>, EidError> {
    quiet_panics();
    let engine = Engine::start()?;
    let findings = Call::on(&engine).run(async move { Ok(suite.await) }).await;
    engine.close();
    Ok(findings?.into_iter().map(Into::into).collect())
}
