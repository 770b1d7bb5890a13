//! EF.CardSecurity: the static key of PACE's chip authentication mapping, signed like EF.SOD.

use eid_model::UnixTime;

use super::{Strength, TrustList, signed_data::SignedData};
use crate::{ChipError, SecurityInfos, lds::LdsFile};

/// EF.CardSecurity (9303 part 11, 9.2.11), well formed but not yet believed.
#[derive(Debug)]
pub struct CardSecurity {
    signed: SignedData,
    infos: SecurityInfos,
}

impl CardSecurity {
    const MAX_BYTES: usize = 64 * 1024;
    /// `id-SecurityObject` of BSI TR-03110.
    const SECURITY_OBJECT: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02, 0x01];

    /// Reads the file: signed data with one signer, whose certificate is inside.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::AlgorithmUnknown`], [`ChipError::AlgorithmWeak`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ChipError::FileMalformed(LdsFile::CardSecurity));
        }
        let signed = SignedData::parse(bytes, Self::SECURITY_OBJECT, LdsFile::CardSecurity)?;
        let infos = SecurityInfos::parse(&signed.content).map_err(|error| error.in_file(LdsFile::CardSecurity))?;
        signed.signer()?;
        Ok(Self { signed, infos })
    }

    /// Checks signature, signer, state, validity and revocation, and gives what was signed.
    ///
    /// # Errors
    /// As [`Sod::verify`](super::Sod::verify).
    pub fn verify(self, trust: &TrustList, at: UnixTime, strength: Strength) -> Result<SecurityInfos, ChipError> {
        self.signed.verify(strength)?;
        let signer = self.signed.signer()?;
        signer.check_document_signer()?;
        trust.verify(signer, at, strength)?;
        Ok(self.infos)
    }
}
