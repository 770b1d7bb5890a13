//! Revocation lists of states (RFC 5280, section 5).

use eid_model::UnixTime;

use super::{Strength, TrustList, certificate::verify_signed, name::canonical, time::read_time, trust::check_length};
use crate::{
    ChipError,
    lds::LdsFile,
    tlv::{BIT_STRING, INTEGER, SEQUENCE, Tlv, objects},
};

/// A revoked certificate, by the issuer's name and the serial number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Revoked {
    issuer: Vec<u8>,
    serial: Vec<u8>,
}

impl Revoked {
    pub(super) fn new(issuer: &[u8], serial: &[u8]) -> Self {
        Self { issuer: canonical(issuer), serial: serial.to_vec() }
    }
}

const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_ENTRIES: usize = 65_536;

impl TrustList {
    /// Takes in a revocation list (CRL) that a trusted state signed, and says how many certificates it names. An old list
    /// does no harm, since revocation is for good; one from the future is refused.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::CscaUnknown`], [`ChipError::SignatureWrong`],
    /// [`ChipError::CertificateMisused`], [`ChipError::TrustListRefused`], and those of weak or unknown algorithms.
    pub fn add_revocation_list(&mut self, bytes: &[u8], at: UnixTime, strength: Strength) -> Result<usize, ChipError> {
        check_length(bytes, MAX_BYTES, LdsFile::RevocationList)?;
        let list = RevocationList::parse(bytes).map_err(|error| error.in_file(LdsFile::RevocationList))?;
        let mut result = Err(ChipError::CscaUnknown);
        for anchor in self.named(list.issuer) {
            result = anchor.check_crl_signer().and_then(|()| anchor.public_key()).and_then(|key| {
                verify_signed(&key, list.algorithm, list.signed, list.signature, strength, LdsFile::RevocationList)
            });
            if result.is_ok() {
                break;
            }
        }
        result?;
        if list.made_at > at {
            return Err(ChipError::TrustListRefused);
        }
        self.revoke_serials(list.serials.iter().map(|serial| Revoked::new(list.issuer, serial)));
        Ok(list.serials.len())
    }
}

struct RevocationList<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    made_at: UnixTime,
    serials: Vec<&'a [u8]>,
}

impl<'a> RevocationList<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ChipError> {
        let mut outer = objects(Tlv::expect(SEQUENCE, bytes)?);
        let (signed, algorithm) = (outer.required()?, outer.required()?);
        let signature = outer.expect(BIT_STRING)?.strip_prefix(&[0]).ok_or(ChipError::Malformed)?;
        outer.finish()?;
        let mut parts = objects(Tlv::expect(SEQUENCE, signed.whole)?);
        let mut part = parts.required()?;
        if part.tag == INTEGER {
            part = parts.required()?;
        }
        if part.whole != algorithm.whole {
            return Err(ChipError::Malformed);
        }
        let issuer = parts.required()?;
        let made_at = read_time(&parts.required()?)?;
        let mut serials = Vec::new();
        // The next update's time, then the entries; either may be missing. Extensions say nothing that matters here.
        for part in parts {
            let part = part?;
            if part.tag != SEQUENCE {
                continue;
            }
            for entry in part.children() {
                if serials.len() == MAX_ENTRIES {
                    return Err(ChipError::Malformed);
                }
                serials.push(objects(Tlv::expect(SEQUENCE, entry?.whole)?).expect(INTEGER)?);
            }
        }
        let issuer = issuer.whole;
        Ok(Self { signed: signed.whole, algorithm: algorithm.whole, signature, issuer, made_at, serials })
    }
}
