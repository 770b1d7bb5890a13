//! Which states' certificates are trusted, and which certificates were taken back.

use std::collections::BTreeSet;

use eid_model::UnixTime;

use super::{Certificate, Strength, revocation::Revoked};
use crate::{ChipError, lds::LdsFile};

/// Trusted country signing certificates (CSCA), and revoked ones of any kind.
///
/// Configuration: built from pinned certificates, from a list that the platform's root key signed
/// ([`parse_signed`](Self::parse_signed)), from master lists of states that are trusted already, and kept up with link
/// certificates and revocation lists. Adding never removes: what was revoked stays revoked.
#[derive(Debug, Clone, Default)]
pub struct TrustList {
    anchors: Vec<Certificate>,
    fingerprints: BTreeSet<[u8; 32]>,
    serials: BTreeSet<Revoked>,
}

impl TrustList {
    const MAX_ANCHORS: usize = 4_096;

    /// The trusted certificates.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// Trusts a certificate because the caller says so. False if it was trusted already.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`]; [`ChipError::CertificateMisused`] for one that is not made to sign certificates;
    /// [`ChipError::AlgorithmUnknown`] or [`ChipError::AlgorithmWeak`] for its key; [`ChipError::TrustListRefused`] when
    /// the list is full.
    pub fn pin(&mut self, der: &[u8]) -> Result<bool, ChipError> {
        let certificate = Certificate::parse(der)?;
        certificate.check_authority()?;
        certificate.public_key()?;
        if self.anchors.contains(&certificate) {
            return Ok(false);
        }
        if self.anchors.len() >= Self::MAX_ANCHORS {
            return Err(ChipError::TrustListRefused);
        }
        self.anchors.push(certificate);
        Ok(true)
    }

    /// Trusts the new certificate of a state because its old one, trusted here, signed it: a link certificate, or the
    /// new key under the old. False if it was trusted already.
    ///
    /// # Errors
    /// As [`pin`](Self::pin); [`ChipError::CscaUnknown`], [`ChipError::SignatureWrong`], [`ChipError::CscaExpired`],
    /// [`ChipError::SignerRevoked`].
    pub fn add_link(&mut self, der: &[u8], at: UnixTime, strength: Strength) -> Result<bool, ChipError> {
        let link = Certificate::parse(der)?;
        link.check_authority()?;
        let issuer = self.find_issuer(&link, at, strength)?;
        if link.country() != issuer.country() {
            return Err(ChipError::CertificateMisused);
        }
        if !link.is_valid_at(at) {
            return Err(ChipError::CscaExpired);
        }
        self.pin(der)
    }

    /// Takes back the certificate with this SHA-256.
    pub fn revoke(&mut self, fingerprint: [u8; 32]) {
        self.fingerprints.insert(fingerprint);
    }

    pub(super) fn revoke_serials(&mut self, revoked: impl IntoIterator<Item = Revoked>) {
        self.serials.extend(revoked);
    }

    /// Checks that a trusted state issued a certificate that is valid and not revoked at a time.
    pub(super) fn verify(&self, certificate: &Certificate, at: UnixTime, strength: Strength) -> Result<(), ChipError> {
        let issuer = self.find_issuer(certificate, at, strength)?;
        if certificate.country() != issuer.country() {
            return Err(ChipError::CertificateMisused);
        }
        if !certificate.is_valid_at(at) {
            return Err(ChipError::SignerExpired);
        }
        Ok(())
    }

    /// The trusted certificate whose key signed another one; it must be valid now and neither of them revoked.
    fn find_issuer(
        &self,
        certificate: &Certificate,
        at: UnixTime,
        strength: Strength,
    ) -> Result<&Certificate, ChipError> {
        let named = self.anchors.iter().filter(|anchor| certificate.names_as_issuer(anchor));
        // States that changed their key did not always get the identifiers right.
        let by_name = self.anchors.iter().filter(|anchor| certificate.has_issuer_name(anchor));
        let mut reason = ChipError::CscaUnknown;
        let mut expired = false;
        for anchor in named.chain(by_name) {
            match certificate.verify_issued_by(anchor, strength) {
                // Two certificates may hold one key: an old one and its successor.
                Ok(()) if !anchor.is_valid_at(at) => expired = true,
                Ok(()) if self.is_revoked(anchor) || self.is_revoked(certificate) => {
                    return Err(ChipError::SignerRevoked);
                }
                Ok(()) => return Ok(anchor),
                // Only the name is the same: another key of this state, or somebody who uses its name.
                Err(ChipError::SignatureWrong(_)) if !certificate.names_as_issuer(anchor) => {}
                Err(error) => reason = error,
            }
        }
        Err(if expired { ChipError::CscaExpired } else { reason })
    }

    pub(super) fn is_revoked(&self, certificate: &Certificate) -> bool {
        self.fingerprints.contains(&certificate.fingerprint())
            || self.serials.contains(&Revoked::new(certificate.issuer(), certificate.serial()))
    }

    /// The trusted certificates that may have signed a revocation list in this name.
    pub(super) fn named<'a>(&'a self, issuer: &'a [u8]) -> impl Iterator<Item = &'a Certificate> {
        self.anchors.iter().filter(move |anchor| super::name::same_name(anchor.subject(), issuer))
    }
}

/// The error for a list of the kind that is too long.
pub(super) fn check_length(bytes: &[u8], max: usize, file: LdsFile) -> Result<(), ChipError> {
    if bytes.len() > max { Err(ChipError::FileMalformed(file)) } else { Ok(()) }
}
