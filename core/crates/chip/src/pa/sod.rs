//! EF.SOD: the document's signed hashes.

use eid_model::UnixTime;
use subtle::ConstantTimeEq as _;

use super::{Certificate, Strength, TrustList, signed_data::SignedData};
use crate::{
    ChipError,
    lds::{DataGroup, LdsFile, SecurityObject},
    mrz::Mrz,
    tlv::Tlv,
};

/// EF.SOD, well formed but not yet believed.
#[derive(Debug)]
pub struct Sod {
    signed: SignedData,
    object: SecurityObject,
}

/// EF.SOD that a trusted state's document signer signed.
#[derive(Debug, Clone)]
pub struct VerifiedSod {
    object: SecurityObject,
    country: String,
    signer: [u8; 32],
    signer_not_after: UnixTime,
}

impl Sod {
    const TAG: u32 = 0x77;
    const MAX_BYTES: usize = 64 * 1024;
    /// `id-icao-mrtd-security-ldsSecurityObject`.
    pub(super) const SECURITY_OBJECT: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x01];

    /// Reads the file: tag 77 around signed data with one signer, whose certificate is inside.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::AlgorithmUnknown`], [`ChipError::AlgorithmWeak`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let file = |error: ChipError| error.in_file(LdsFile::Sod);
        if bytes.len() > Self::MAX_BYTES {
            return Err(ChipError::FileMalformed(LdsFile::Sod));
        }
        let signed_data = Tlv::expect(Self::TAG, bytes).map_err(file)?;
        let signed = SignedData::parse(signed_data, Self::SECURITY_OBJECT, LdsFile::Sod)?;
        let object = SecurityObject::parse(&signed.content).map_err(file)?;
        signed.signer()?;
        Ok(Self { signed, object })
    }

    /// What the file says, unverified: for a plan of reading.
    pub fn security_object(&self) -> &SecurityObject {
        &self.object
    }

    /// The document signer's certificate, unverified.
    ///
    /// # Errors
    /// None after [`parse`](Self::parse).
    pub fn signer(&self) -> Result<&Certificate, ChipError> {
        self.signed.signer()
    }

    /// Checks signature, signer, state, validity and revocation.
    ///
    /// # Errors
    /// [`ChipError::SignatureWrong`] of the file or the certificate, [`ChipError::CscaUnknown`],
    /// [`ChipError::SignerExpired`], [`ChipError::CscaExpired`], [`ChipError::SignerRevoked`],
    /// [`ChipError::CertificateMisused`], [`ChipError::AlgorithmWeak`], [`ChipError::AlgorithmUnknown`].
    pub fn verify(self, trust: &TrustList, at: UnixTime, strength: Strength) -> Result<VerifiedSod, ChipError> {
        self.verify_signature(strength)?;
        let signer = self.signed.signer()?;
        signer.check_document_signer()?;
        trust.verify(signer, at, strength)?;
        let country = signer.country().ok_or(ChipError::CertificateMisused)?;
        let (fingerprint, signer_not_after) = (signer.fingerprint(), signer.not_after());
        Ok(VerifiedSod { object: self.object, country, signer: fingerprint, signer_not_after })
    }

    /// The file for the hashes, signed with a document signer's key.
    ///
    /// # Errors
    /// [`ChipError::Crypto`]; [`ChipError::Malformed`] when the certificate is none.
    #[cfg(feature = "personalise")]
    pub fn sign(
        object: &SecurityObject,
        certificate: &[u8],
        signer: &super::Issuer,
        rng: &dyn eid_crypto::Random,
    ) -> Result<Vec<u8>, ChipError> {
        let signed = super::sign_content(Self::SECURITY_OBJECT, &object.encode(), certificate, signer, rng)?;
        Ok(crate::tlv::encode(Self::TAG, &[&signed]))
    }

    /// That the certificate inside signed the hashes; nothing about who holds it.
    fn verify_signature(&self, strength: Strength) -> Result<(), ChipError> {
        self.object.algorithm.check(strength)?;
        self.signed.verify(strength)
    }
}

impl VerifiedSod {
    /// Checks that a file is the one that the state signed.
    ///
    /// # Errors
    /// [`ChipError::FileNotSigned`], [`ChipError::FileChanged`].
    pub fn check(&self, group: DataGroup, file: &[u8]) -> Result<(), ChipError> {
        let signed = self.object.find(group).ok_or(ChipError::FileNotSigned(group))?;
        let found = self.object.algorithm.digest(&[file]);
        if bool::from(signed.ct_eq(&found)) { Ok(()) } else { Err(ChipError::FileChanged(group)) }
    }

    /// The signed hashes.
    pub fn security_object(&self) -> &SecurityObject {
        &self.object
    }

    /// Checks that the state that signed is the one that DG1 names, so that no trusted state signs cards of Vietnam.
    /// Between other states it decides nothing: their codes of two and three letters are not compared.
    ///
    /// # Errors
    /// [`ChipError::CertificateMisused`].
    pub fn check_state(&self, dg1: &Mrz) -> Result<(), ChipError> {
        let (signed, named) = (self.country == "VN", dg1.issuing_state() == "VNM");
        if signed == named { Ok(()) } else { Err(ChipError::CertificateMisused) }
    }

    /// The two-letter code of the country that signed, in capitals.
    pub fn country(&self) -> &str {
        &self.country
    }

    /// SHA-256 of the document signer's certificate.
    pub fn signer(&self) -> &[u8; 32] {
        &self.signer
    }

    /// Until when the document signer's certificate is valid.
    pub fn signer_not_after(&self) -> UnixTime {
        self.signer_not_after
    }
}

#[cfg(test)]
mod tests;
