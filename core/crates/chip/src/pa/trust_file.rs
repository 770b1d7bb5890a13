//! The trust list as a file: what the platform's root key signs and phones fetch.
//!
//! ```text
//! File ::= SEQUENCE { list List, signature OCTET STRING (64) }
//! List ::= SEQUENCE { version INTEGER, madeAt GeneralizedTime, goodUntil GeneralizedTime,
//!                     trusted SEQUENCE OF Certificate, revoked SEQUENCE OF OCTET STRING (32) }
//! ```
//! The signature is ES256 over [`LABEL`] and the list's bytes; `revoked` are SHA-256 of certificates.

use eid_crypto::VerifyingKey;
use eid_model::UnixTime;

use super::{TrustList, time::read_time, trust::check_length};
use crate::{
    ChipError,
    lds::LdsFile,
    tlv::{INTEGER, OCTET_STRING, SEQUENCE, Tlv, objects, small},
};

/// What is signed before the list, so that a signature for another purpose never fits.
const LABEL: &[u8] = b"eid chip trust list 1\0";
const MAX_BYTES: usize = 8 * 1024 * 1024;
const MAX_REVOKED: usize = 65_536;

impl TrustList {
    /// Reads a trust list file that one of the root keys signed, and gives its version. `newer_than` is the version in
    /// use, so that nobody brings back an old list.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::SignatureWrong`]; [`ChipError::TrustListRefused`] when it is not newer or
    /// not good at the time; and those of [`pin`](Self::pin).
    pub fn parse_signed(
        bytes: &[u8],
        roots: &[VerifyingKey],
        at: UnixTime,
        newer_than: Option<u32>,
    ) -> Result<(Self, u32), ChipError> {
        check_length(bytes, MAX_BYTES, LdsFile::TrustList)?;
        Self::read_signed(bytes, roots, at, newer_than).map_err(|error| error.in_file(LdsFile::TrustList))
    }

    fn read_signed(
        bytes: &[u8],
        roots: &[VerifyingKey],
        at: UnixTime,
        newer_than: Option<u32>,
    ) -> Result<(Self, u32), ChipError> {
        let mut outer = objects(Tlv::expect(SEQUENCE, bytes)?);
        let list = outer.required()?;
        let signature = outer.expect(OCTET_STRING)?.try_into().map_err(|_| ChipError::Malformed)?;
        outer.finish()?;
        let message = [LABEL, list.whole].concat();
        if !roots.iter().any(|root| root.verify(&message, signature).is_ok()) {
            return Err(ChipError::SignatureWrong(LdsFile::TrustList));
        }
        let mut parts = objects(Tlv::expect(SEQUENCE, list.whole)?);
        let version = small(parts.expect(INTEGER)?)?;
        let (made_at, good_until) = (read_time(&parts.required()?)?, read_time(&parts.required()?)?);
        if at < made_at || at > good_until || newer_than.is_some_and(|used| version <= used) {
            return Err(ChipError::TrustListRefused);
        }
        let mut trust = Self::default();
        for certificate in objects(parts.expect(SEQUENCE)?) {
            trust.pin(certificate?.whole)?;
        }
        for (count, fingerprint) in objects(parts.expect(SEQUENCE)?).enumerate() {
            if count == MAX_REVOKED {
                return Err(ChipError::Malformed);
            }
            let fingerprint = Tlv::expect(OCTET_STRING, fingerprint?.whole)?;
            trust.revoke(fingerprint.try_into().map_err(|_| ChipError::Malformed)?);
        }
        parts.finish()?;
        Ok((trust, version))
    }
}

/// What a trust list file is made from.
#[cfg(feature = "personalise")]
#[derive(Debug, Clone)]
pub struct TrustFileDraft<'a> {
    /// Rises with each list.
    pub version: u32,
    /// When it was made.
    pub made_at: UnixTime,
    /// Until when it may be used.
    pub good_until: UnixTime,
    /// The trusted certificates in DER.
    pub trusted: &'a [&'a [u8]],
    /// SHA-256 of revoked certificates.
    pub revoked: &'a [[u8; 32]],
}

#[cfg(feature = "personalise")]
impl TrustFileDraft<'_> {
    /// The file, signed.
    ///
    /// # Errors
    /// [`ChipError::Crypto`].
    pub fn sign(&self, root: &eid_crypto::SigningKey) -> Result<Vec<u8>, ChipError> {
        use super::time::encode_time;
        use crate::tlv::{encode, encode_integer};
        let version = encode_integer(&self.version.to_be_bytes());
        let trusted = encode(SEQUENCE, self.trusted);
        let revoked: Vec<u8> = self.revoked.iter().flat_map(|hash| encode(OCTET_STRING, &[hash])).collect();
        let (made_at, good_until) = (encode_time(self.made_at), encode_time(self.good_until));
        let list = encode(SEQUENCE, &[&version, &made_at, &good_until, &trusted, &encode(SEQUENCE, &[&revoked])]);
        let signature = root.sign(&[LABEL, &list].concat())?;
        Ok(encode(SEQUENCE, &[&list, &encode(OCTET_STRING, &[&signature])]))
    }
}
