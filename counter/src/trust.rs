//! Whom a counter believes: the built-in root, and files signed by it.

use eid_crypto::VerifyingKey;
use eid_proof::{StatusSnapshot, TrustList};

use crate::CounterError;

/// The public key of the sandbox's root, 65 bytes SEC1. Its private key is published with the sandbox: it vouches for
/// invented people only.
const SANDBOX_ROOT: &[u8] = include_bytes!("../../tests/sandbox/keys/sandbox-root.pub");
/// The environment that the sandbox's root may vouch for.
const SANDBOX: &str = "sandbox";

/// Opens a signed trust list. `roots` are the keys that may have signed it; without any, the built-in sandbox root, and
/// then the list must say that it is the sandbox's.
///
/// # Errors
/// [`CounterError::TrustUnusable`] if it is damaged, wrongly signed, or of another environment.
pub fn open_trust_list(bytes: &[u8], roots: &[VerifyingKey]) -> Result<TrustList, CounterError> {
    if !roots.is_empty() {
        return TrustList::parse(bytes, roots).map_err(|_| CounterError::TrustUnusable);
    }
    let root = VerifyingKey::parse(SANDBOX_ROOT).map_err(|_| CounterError::TrustUnusable)?;
    let list = TrustList::parse(bytes, &[root]).map_err(|_| CounterError::TrustUnusable)?;
    if list.environment() == SANDBOX { Ok(list) } else { Err(CounterError::TrustUnusable) }
}

/// Opens a signed status snapshot.
///
/// # Errors
/// [`CounterError::StatusUnusable`] if it is damaged or not signed by a key of `trust`.
pub fn open_status_snapshot(bytes: &[u8], trust: &TrustList) -> Result<StatusSnapshot, CounterError> {
    StatusSnapshot::parse(bytes, trust).map_err(|_| CounterError::StatusUnusable)
}
