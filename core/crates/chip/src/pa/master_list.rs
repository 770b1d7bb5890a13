//! Master lists: the certificates of states, collected and signed by one of them (ICAO 9303 part 12, section 9).

use eid_model::UnixTime;

use super::{Certificate, Strength, TrustList, signed_data::SignedData, trust::check_length};
use crate::{
    ChipError,
    lds::LdsFile,
    tlv::{INTEGER, SEQUENCE, SET, Tlv, objects, small},
};

/// What came of a master list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Certificates that are trusted now and were not before.
    pub added: usize,
    /// Certificates that were trusted already, or stand in the list twice.
    pub known: usize,
    /// Certificates of countries that were not wanted.
    pub unwanted: usize,
    /// Certificates that do not parse, are no state's, or have a key that this build does not know or finds too weak.
    pub unusable: usize,
}

/// `id-icao-cscaMasterList`.
const MASTER_LIST: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
const MAX_BYTES: usize = 8 * 1024 * 1024;
const MAX_CERTIFICATES: usize = 2_048;

impl TrustList {
    /// Trusts the certificates of a master list whose signer a trusted state certified. `countries` are two-letter
    /// codes in capitals; empty for all.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`], [`ChipError::SignatureWrong`], [`ChipError::CscaUnknown`],
    /// [`ChipError::SignerExpired`], [`ChipError::CscaExpired`], [`ChipError::SignerRevoked`],
    /// [`ChipError::CertificateMisused`], and those of weak or unknown algorithms. The list of before stays.
    pub fn import_master_list(
        &mut self,
        bytes: &[u8],
        countries: &[&str],
        at: UnixTime,
        strength: Strength,
    ) -> Result<Imported, ChipError> {
        check_length(bytes, MAX_BYTES, LdsFile::MasterList)?;
        let signed = SignedData::parse(bytes, MASTER_LIST, LdsFile::MasterList)?;
        let signer = signed.signer()?;
        signer.check_master_list_signer()?;
        signed.verify(strength)?;
        self.verify(signer, at, strength)?;
        let certificates = certificates(&signed.content).map_err(|error| error.in_file(LdsFile::MasterList))?;
        Ok(self.trust_all(&certificates, countries))
    }

    fn trust_all(&mut self, certificates: &[&[u8]], countries: &[&str]) -> Imported {
        let mut imported = Imported::default();
        for der in certificates {
            let country = Certificate::parse(der).map(|certificate| certificate.country());
            let wanted = |country: &Option<String>| {
                countries.is_empty() || country.as_ref().is_some_and(|code| countries.contains(&code.as_str()))
            };
            match country {
                Ok(country) if !wanted(&country) => imported.unwanted += 1,
                _ => match self.pin(der) {
                    Err(_) => imported.unusable += 1,
                    Ok(true) => imported.added += 1,
                    Ok(false) => imported.known += 1,
                },
            }
        }
        imported
    }
}

fn certificates(content: &[u8]) -> Result<Vec<&[u8]>, ChipError> {
    let mut parts = objects(Tlv::expect(SEQUENCE, content)?);
    small(parts.expect(INTEGER)?)?;
    let set = parts.expect(SET)?;
    parts.finish()?;
    let mut found = Vec::new();
    for certificate in objects(set) {
        if found.len() == MAX_CERTIFICATES {
            return Err(ChipError::Malformed);
        }
        found.push(certificate?.whole);
    }
    Ok(found)
}
