//! DG14: the security options that need a signature: Chip Authentication, Active Authentication over curves.

use super::{DataGroup, LdsFile};
use crate::{
    ChipError,
    pa::PublicKey,
    tlv::{INTEGER, OID, SEQUENCE, SET, Tlv, objects, small},
};

/// DG14: `SecurityInfos` (ICAO 9303 part 11, section 9.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dg14 {
    /// All infos, in the order of the file.
    pub infos: Vec<SecurityInfo>,
}

/// One security option. Object identifiers are value bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityInfo {
    /// A key for Chip Authentication.
    ChipAuthenticationKey {
        /// The key; DH keys of old chips are [`Unknown`](Self::Unknown).
        key: PublicKey,
        /// Which key, where the chip has several.
        id: Option<Vec<u8>>,
    },
    /// A protocol of Chip Authentication.
    ChipAuthentication {
        /// Key agreement and cipher.
        protocol: Vec<u8>,
        /// 1, or 2 for other documents.
        version: u32,
        /// For which key.
        id: Option<Vec<u8>>,
    },
    /// How the chip signs in Active Authentication with a key of a curve.
    ActiveAuthentication {
        /// The signature algorithm, by BSI's identifiers.
        algorithm: Vec<u8>,
    },
    /// Something else: PACE and Terminal Authentication again, a German card's own, DH.
    Unknown {
        /// Which.
        protocol: Vec<u8>,
    },
}

/// `id-PK-ECDH`.
const KEY_ECDH: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02];
/// `id-CA`.
const CHIP_AUTHENTICATION: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03];
/// `id-icao-mrtd-security-aaProtocolObject`.
const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];

impl Dg14 {
    const MAX_INFOS: usize = 32;

    /// Reads the file.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`]; [`ChipError::AlgorithmUnknown`] for a key of an unknown curve.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        Self::read(bytes).map_err(|error| error.in_file(LdsFile::Dg(DataGroup::DG14)))
    }

    fn read(bytes: &[u8]) -> Result<Self, ChipError> {
        let mut infos = Vec::new();
        for info in objects(Tlv::expect(SET, DataGroup::DG14.open(bytes)?)?) {
            if infos.len() == Self::MAX_INFOS {
                return Err(ChipError::Malformed);
            }
            infos.push(SecurityInfo::parse(Tlv::expect(SEQUENCE, info?.whole)?)?);
        }
        if infos.is_empty() { Err(ChipError::Malformed) } else { Ok(Self { infos }) }
    }

    /// The file.
    #[cfg(feature = "personalise")]
    pub fn encode(&self) -> Vec<u8> {
        use crate::tlv::encode;
        let infos: Vec<u8> = self.infos.iter().flat_map(SecurityInfo::encode).collect();
        encode(DataGroup::DG14.tag(), &[&encode(SET, &[&infos])])
    }
}

impl SecurityInfo {
    fn parse(value: &[u8]) -> Result<Self, ChipError> {
        let mut parts = objects(value);
        let protocol = parts.expect(OID)?;
        let required = parts.required()?;
        let optional = parts.next().transpose()?;
        parts.finish()?;
        let id = |object: Option<Tlv<'_>>| match object {
            None => Ok(None),
            Some(id) if id.tag == INTEGER && id.value.len() <= 8 => Ok(Some(id.value.to_vec())),
            Some(_) => Err(ChipError::Malformed),
        };
        if protocol == KEY_ECDH {
            return Ok(Self::ChipAuthenticationKey { key: PublicKey::parse(required.whole)?, id: id(optional)? });
        }
        if protocol.starts_with(CHIP_AUTHENTICATION) {
            let version = small(Tlv::expect(INTEGER, required.whole)?)?;
            return Ok(Self::ChipAuthentication { protocol: protocol.to_vec(), version, id: id(optional)? });
        }
        if protocol == ACTIVE_AUTHENTICATION {
            let algorithm = Tlv::expect(OID, optional.ok_or(ChipError::Malformed)?.whole)?.to_vec();
            return Ok(Self::ActiveAuthentication { algorithm });
        }
        Ok(Self::Unknown { protocol: protocol.to_vec() })
    }

    /// The info's bytes; an unknown one, of which only the protocol is kept, with version 1.
    #[cfg(feature = "personalise")]
    fn encode(&self) -> Vec<u8> {
        use crate::tlv::{encode, encode_integer};
        let integer = |id: &Option<Vec<u8>>| id.as_ref().map_or_else(Vec::new, |id| encode(INTEGER, &[id]));
        let oid = |oid: &[u8]| encode(OID, &[oid]);
        let parts = match self {
            Self::ChipAuthenticationKey { key, id } => [oid(KEY_ECDH), key.encode(), integer(id)],
            Self::ChipAuthentication { protocol, version, id } => {
                [oid(protocol), encode_integer(&version.to_be_bytes()), integer(id)]
            }
            Self::ActiveAuthentication { algorithm } => {
                [oid(ACTIVE_AUTHENTICATION), encode_integer(&[1]), oid(algorithm)]
            }
            Self::Unknown { protocol } => [oid(protocol), encode_integer(&[1]), Vec::new()],
        };
        encode(SEQUENCE, &parts.each_ref().map(Vec::as_slice))
    }
}
