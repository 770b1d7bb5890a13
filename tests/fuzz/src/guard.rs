//! The record of passcode tries, with hardware that vouches for whatever the record says.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task,
};

use eid_crypto::{HardwareInput, SecretBytes, SecretKey};
use eid_vault::{EnvelopeBinding, GuardPort, GuardRecord, GuardSession, GuardSlot, Moment, Permission, VaultError};

/// The record of passcode tries: what parses has one spelling, and never allows more tries than there are.
pub fn vault_guard(data: &[u8]) {
    check_guard(data);
    check_guard(&crate::with_digest(data));
}

fn check_guard(data: &[u8]) {
    let Ok(record) = GuardRecord::parse(data) else { return };
    assert_eq!(record.encode(), data, "one spelling only");
    // Frame: … ‖ tag ‖ digest.
    let tag = data.len().checked_sub(64).and_then(|at| data.get(at..at + 32)).unwrap_or_default();
    let port = Port { file: Arc::new(Mutex::new(Some(data.to_vec()))), answer: tag.to_vec() };
    let at = |seconds: i64| Moment {
        unix_seconds: crate::signed::NOW + seconds,
        monotonic_ms: u64::try_from(seconds).unwrap_or(0) * 1000,
        boot_id: [1; 16],
    };
    let mut tries = 0;
    for number in 0..20 {
        // Two days later each time: longer than any wait.
        let now = at(number * 172_800);
        let Ok(mut session) = wait(GuardSession::load(port.clone(), &binding(), &now)) else { return };
        match wait(session.check(&now)) {
            Ok(Permission::Allowed) => {
                drop(wait(session.count(&now)));
                tries += 1;
            }
            Ok(Permission::WaitUntil { seconds, .. }) => assert!(seconds <= 86_400, "a wait that nobody set"),
            Ok(Permission::Destroyed) | Err(_) => break,
        }
    }
    assert!(tries <= 10, "{tries} tries");
}

/// Records for the corpus: fresh, in a wait, lost, destroyed.
///
/// # Errors
/// None: nothing here fails.
pub fn guard_records() -> Result<Vec<(&'static str, Vec<u8>)>, VaultError> {
    let now = Moment { unix_seconds: crate::signed::NOW, monotonic_ms: 1, boot_id: [1; 16] };
    let mut records = Vec::new();
    for (name, tries) in [("fresh", 0), ("waiting", 4), ("destroyed", 10)] {
        let port = Port { file: Arc::default(), answer: vec![7; 32] };
        wait(GuardSession::create(port.clone(), &binding(), &now))?;
        for _ in 0..tries {
            wait(wait(GuardSession::load(port.clone(), &binding(), &now))?.count(&now))?;
        }
        records.push((name, port.bytes()));
    }
    let port = Port { file: Arc::default(), answer: vec![7; 32] };
    wait(GuardSession::load(port.clone(), &binding(), &now))?;
    records.push(("lost", port.bytes()));
    Ok(records)
}

#[derive(Clone)]
struct Port {
    file: Arc<Mutex<Option<Vec<u8>>>>,
    answer: Vec<u8>,
}

impl Port {
    fn bytes(&self) -> Vec<u8> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }
}

impl GuardPort for Port {
    type Error = VaultError;

    fn is_gone(_: &VaultError) -> bool {
        false
    }

    async fn make_secret(&self, _: GuardSlot) -> Result<(), VaultError> {
        Ok(())
    }

    async fn derive(&self, _: GuardSlot, _: HardwareInput) -> Result<SecretKey, VaultError> {
        Ok(SecretKey::parse(&SecretBytes::new(self.answer.clone()))?)
    }

    async fn remove(&self, _: GuardSlot) -> Result<(), VaultError> {
        Ok(())
    }

    async fn load(&self) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.file.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn store(&self, bytes: Vec<u8>) -> Result<(), VaultError> {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
        Ok(())
    }
}

fn binding() -> EnvelopeBinding {
    EnvelopeBinding { app_id: "app".to_owned(), install_id: [7; 16] }
}

/// Drives a future of which nothing ever waits.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = task::Context::from_waker(task::Waker::noop());
    loop {
        if let task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
