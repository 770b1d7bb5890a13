//! Whose cards the platform believes.

use eid_chip::pa::{Strength, TrustList};
use eid_crypto::SystemRandom;

use crate::{
    SandboxError,
    card::{REVOKED_AT, SANDBOX_CSCA, revocation_list},
};

/// States that sign cards, and what they took back: as the signed configuration tells phones, and as it is used here.
#[derive(Debug)]
pub(crate) struct CardTrust {
    /// Certificates in DER.
    pub(crate) csca: Vec<Vec<u8>>,
    /// Revocation lists in DER.
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) list: TrustList,
}

impl CardTrust {
    /// These states. Where the sandbox's own is among them, its revocation list comes with it.
    pub(crate) fn new(csca: &[Vec<u8>]) -> Result<Self, SandboxError> {
        let mut trust = Self { csca: csca.to_vec(), crls: Vec::new(), list: TrustList::default() };
        for certificate in csca {
            trust.list.pin(certificate)?;
        }
        if csca.iter().any(|certificate| certificate == SANDBOX_CSCA) {
            let crl = revocation_list(&SystemRandom::new())?;
            trust.list.add_revocation_list(&crl, REVOKED_AT, Strength::Present)?;
            trust.crls.push(crl);
        }
        Ok(trust)
    }
}
