//! The LDS security object inside EF.SOD: the hashes of the data groups.

use super::DataGroup;
use crate::{
    ChipError, Hash,
    tlv::{INTEGER, OCTET_STRING, SEQUENCE, Tlv, objects, small},
};

/// The hashes that the state signed, by data group (9303 part 10, section 4.6.2.3; versions 0 and 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityObject {
    /// What the hashes were made with.
    pub algorithm: Hash,
    /// Data groups and hashes; each group once.
    pub hashes: Vec<(DataGroup, Vec<u8>)>,
    /// What version 1 says about the structure; signed, unlike the same words in EF.COM.
    pub versions: Option<VersionInfo>,
}

/// Versions of the data structure and of Unicode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// As in `0108`.
    pub lds: String,
    /// As in `040000`.
    pub unicode: String,
}

impl SecurityObject {
    const MAX_GROUPS: usize = 16;
    const PRINTABLE_STRING: u32 = 0x13;

    /// Reads the content of EF.SOD's signed data.
    ///
    /// # Errors
    /// [`ChipError::Malformed`], [`ChipError::AlgorithmUnknown`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(SEQUENCE, bytes)?);
        let version = small(parts.expect(INTEGER)?)?;
        let algorithm = Hash::parse_identifier(&parts.required()?)?;
        let mut hashes: Vec<(DataGroup, Vec<u8>)> = Vec::new();
        for hash in objects(parts.expect(SEQUENCE)?) {
            let mut pair = objects(Tlv::expect(SEQUENCE, hash?.whole)?);
            let group = DataGroup::new(small(pair.expect(INTEGER)?)?).ok_or(ChipError::Malformed)?;
            let hash = pair.expect(OCTET_STRING)?;
            pair.finish()?;
            let twice = hashes.iter().any(|(known, _)| *known == group);
            if twice || hash.len() != algorithm.bytes() || hashes.len() >= Self::MAX_GROUPS {
                return Err(ChipError::Malformed);
            }
            hashes.push((group, hash.to_vec()));
        }
        let versions = match version {
            0 => None,
            1 => {
                let mut info = objects(parts.expect(SEQUENCE)?);
                let lds = text(info.expect(Self::PRINTABLE_STRING)?)?;
                let unicode = text(info.expect(Self::PRINTABLE_STRING)?)?;
                info.finish()?;
                Some(VersionInfo { lds, unicode })
            }
            _ => return Err(ChipError::Malformed),
        };
        parts.finish()?;
        if hashes.is_empty() { Err(ChipError::Malformed) } else { Ok(Self { algorithm, hashes, versions }) }
    }

    /// The signed hash of a group.
    pub fn find(&self, group: DataGroup) -> Option<&[u8]> {
        self.hashes.iter().find(|(known, _)| *known == group).map(|(_, hash)| hash.as_slice())
    }

    /// The object over the files of a card, version 0 or, with `versions`, 1.
    #[cfg(feature = "personalise")]
    pub fn over(algorithm: Hash, files: &[(DataGroup, &[u8])], versions: Option<VersionInfo>) -> Self {
        let hashes = files.iter().map(|(group, bytes)| (*group, algorithm.digest(&[bytes]))).collect();
        Self { algorithm, hashes, versions }
    }

    /// The object's bytes.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Vec<u8> {
        use crate::tlv::encode;
        let hashes: Vec<u8> = self
            .hashes
            .iter()
            .flat_map(|(group, hash)| encode(SEQUENCE, &[&[2, 1, group.number()], &encode(OCTET_STRING, &[hash])]))
            .collect();
        let (version, info) = self.versions.as_ref().map_or((0, Vec::new()), |info| {
            let texts = [&info.lds, &info.unicode].map(|text| encode(Self::PRINTABLE_STRING, &[text.as_bytes()]));
            (1, encode(SEQUENCE, &texts.each_ref().map(Vec::as_slice)))
        });
        encode(SEQUENCE, &[&[2, 1, version], &self.algorithm.identifier(), &encode(SEQUENCE, &[&hashes]), &info])
    }
}

fn text(bytes: &[u8]) -> Result<String, ChipError> {
    let short = bytes.len() <= 16 && bytes.iter().all(u8::is_ascii_graphic);
    if short { Ok(bytes.iter().copied().map(char::from).collect()) } else { Err(ChipError::Malformed) }
}
