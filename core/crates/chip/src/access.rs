//! `SecurityInfos` (ICAO Doc 9303-11, 9.2): what EF.CardAccess and DG14 say that a chip can do.

use crate::{
    ChipError, Cipher, Hash, PublicKey,
    agreement::{Domain, Public},
    tlv::{self, Tlv},
};

/// EF.CardAccess as several public readers of Vietnamese identity cards carry it: PACE-ECDH-GM with AES-128 on brainpoolP256r1.
/// Taken when a card does not hand out its own.
pub const CCCD_CARD_ACCESS: &[u8] = &[
    0x31, 0x34, 0x30, 0x0D, 0x06, 0x08, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x02, 0x01, 0x01, 0x30, 0x0F,
    0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x02, 0x02, 0x01, 0x01, 0x30, 0x12, 0x06, 0x0A,
    0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02, 0x02, 0x02, 0x01, 0x02, 0x02, 0x01, 0x0D,
];

/// `bsi-de protocols smartcard`, 0.4.0.127.0.7.2.2.
const SMARTCARD: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02];
/// `id-icao-mrtd-security-aaProtocolObject`.
const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];
/// `ecdsa-plain-signatures` of BSI TR-03111.
const ECDSA_PLAIN: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01];
/// More infos than any document has.
const MOST_INFOS: usize = 64;

/// How PACE maps the nonce to a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Generic mapping.
    Generic,
    /// Integrated mapping.
    Integrated,
    /// Generic mapping with Chip Authentication.
    ChipAuthentication,
}

/// A `PACEInfo` with standardised parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaceInfo {
    /// The mapping.
    pub mapping: Mapping,
    /// The cipher of the channel.
    pub cipher: Cipher,
    /// Curve or group.
    pub domain: Domain,
}

impl PaceInfo {
    /// Value bytes of the protocol's object identifier.
    pub fn oid(&self) -> Vec<u8> {
        let family = match (self.domain, self.mapping) {
            (Domain::Dh(_), Mapping::Integrated) => 3,
            (Domain::Dh(_), _) => 1,
            (Domain::Ec(_), Mapping::Generic) => 2,
            (Domain::Ec(_), Mapping::Integrated) => 4,
            (Domain::Ec(_), Mapping::ChipAuthentication) => 6,
        };
        [SMARTCARD, &[4, family, cipher_number(self.cipher)]].concat()
    }

    fn parse(family: u8, cipher: Cipher, mut rest: tlv::Objects<'_>) -> Result<Option<Self>, ChipError> {
        if tlv::small(rest.expect(tlv::INTEGER)?)? != 2 {
            return Ok(None);
        }
        // Without an id the parameters are proprietary: not supported.
        let Some(id) = rest.next().transpose()? else { return Ok(None) };
        if id.tag != tlv::INTEGER {
            return Err(ChipError::Malformed);
        }
        let domain = u8::try_from(tlv::small(id.value)?).ok().and_then(Domain::from_id);
        let mapping = match (family, domain) {
            (1, Some(Domain::Dh(_))) | (2, Some(Domain::Ec(_))) => Mapping::Generic,
            (3, Some(Domain::Dh(_))) | (4, Some(Domain::Ec(_))) => Mapping::Integrated,
            (6, Some(Domain::Ec(_))) => Mapping::ChipAuthentication,
            _ => return Ok(None),
        };
        Ok(domain.map(|domain| Self { mapping, cipher, domain }))
    }
}

fn cipher_number(cipher: Cipher) -> u8 {
    match cipher {
        Cipher::Des3 => 1,
        Cipher::Aes128 => 2,
        Cipher::Aes192 => 3,
        Cipher::Aes256 => 4,
    }
}

fn cipher_of(number: u8) -> Option<Cipher> {
    [Cipher::Des3, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256]
        .into_iter()
        .find(|cipher| cipher_number(*cipher) == number)
}

/// A `ChipAuthenticationInfo` of version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    /// The cipher of the channel afterwards.
    pub cipher: Cipher,
    /// Whether the key lies on a curve.
    pub elliptic: bool,
    /// Which key, when there are several.
    pub key_id: Option<u32>,
}

impl ChipAuthenticationInfo {
    /// Value bytes of the protocol's object identifier.
    pub fn oid(&self) -> Vec<u8> {
        [SMARTCARD, &[3, if self.elliptic { 2 } else { 1 }, cipher_number(self.cipher)]].concat()
    }
}

/// A `ChipAuthenticationPublicKeyInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipAuthenticationKey {
    /// The chip's static public key.
    pub key: Public,
    /// Its id, when there are several.
    pub key_id: Option<u32>,
}

/// What a chip says that it can do. Infos of unknown kinds, versions and parameters are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    /// PACE.
    pub pace: Vec<PaceInfo>,
    /// Chip Authentication.
    pub chip_authentication: Vec<ChipAuthenticationInfo>,
    /// The chip's static keys.
    pub keys: Vec<ChipAuthenticationKey>,
    /// Whether a static key is there that this build cannot use.
    pub unsupported_key: bool,
    /// The hash of ECDSA signatures of Active Authentication.
    pub active_authentication: Option<Hash>,
}

impl SecurityInfos {
    /// Reads the `SET OF SecurityInfo` of EF.CardAccess or EF.CardSecurity.
    ///
    /// # Errors
    /// [`ChipError::Malformed`]; one info that breaks the rules breaks the whole.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        let mut infos = Self::default();
        for (count, info) in tlv::objects(Tlv::expect(tlv::SET, bytes)?).enumerate() {
            let info = info?;
            if info.tag != tlv::SEQUENCE || count >= MOST_INFOS {
                return Err(ChipError::Malformed);
            }
            infos.add(info)?;
        }
        Ok(infos)
    }

    /// Reads DG14 (`6E`).
    ///
    /// # Errors
    /// [`ChipError::Malformed`].
    pub fn parse_dg14(bytes: &[u8]) -> Result<Self, ChipError> {
        Self::parse(Tlv::expect(0x6E, bytes)?)
    }

    fn add(&mut self, info: Tlv<'_>) -> Result<(), ChipError> {
        let mut parts = info.children();
        let oid = parts.expect(tlv::OID)?;
        if oid == ACTIVE_AUTHENTICATION {
            let _version = tlv::small(parts.expect(tlv::INTEGER)?)?;
            self.active_authentication = plain_hash(parts.expect(tlv::OID)?);
            return Ok(());
        }
        match oid.strip_prefix(SMARTCARD) {
            Some(&[1, 1 | 2]) => self.add_key(parts),
            Some(&[3, agreement @ (1 | 2), cipher]) => {
                let version = tlv::small(parts.expect(tlv::INTEGER)?)?;
                let key_id = key_id(&mut parts)?;
                if let (1, Some(cipher)) = (version, cipher_of(cipher)) {
                    self.chip_authentication.push(ChipAuthenticationInfo { cipher, elliptic: agreement == 2, key_id });
                }
                Ok(())
            }
            Some(&[4, family, cipher]) => {
                if let Some(cipher) = cipher_of(cipher) {
                    self.pace.extend(PaceInfo::parse(family, cipher, parts)?);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add_key(&mut self, mut parts: tlv::Objects<'_>) -> Result<(), ChipError> {
        let spki = parts.required()?;
        let key_id = key_id(&mut parts)?;
        match PublicKey::parse(spki.whole) {
            Ok(PublicKey::Agreement(key)) => self.keys.push(ChipAuthenticationKey { key, key_id }),
            Ok(PublicKey::Rsa(_)) => return Err(ChipError::Malformed),
            Err(ChipError::Unsupported) => self.unsupported_key = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The PACE variants from the most to the least wanted: AES before 3DES, curves before groups, generic mapping first since
    /// every reader does it, then chip authentication mapping, then integrated mapping.
    pub fn pace_by_preference(&self) -> Vec<PaceInfo> {
        let mut infos = self.pace.clone();
        infos.sort_by_key(|info| {
            let mapping = match info.mapping {
                Mapping::Generic => 0,
                Mapping::ChipAuthentication => 1,
                Mapping::Integrated => 2,
            };
            (info.cipher == Cipher::Des3, matches!(info.domain, Domain::Dh(_)), mapping)
        });
        infos
    }

    /// Whether the protocol alone does not say which parameters are meant.
    pub fn is_ambiguous(&self, info: &PaceInfo) -> bool {
        self.pace.iter().any(|other| other.oid() == info.oid() && other.domain != info.domain)
    }
}

fn key_id(parts: &mut tlv::Objects<'_>) -> Result<Option<u32>, ChipError> {
    parts
        .next()
        .transpose()?
        .map(|id| if id.tag == tlv::INTEGER { tlv::small(id.value) } else { Err(ChipError::Malformed) })
        .transpose()
}

fn plain_hash(oid: &[u8]) -> Option<Hash> {
    match oid.strip_prefix(ECDSA_PLAIN)? {
        [1] => Some(Hash::Sha1),
        [2] => Some(Hash::Sha224),
        [3] => Some(Hash::Sha256),
        [4] => Some(Hash::Sha384),
        [5] => Some(Hash::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{curve::Curve, vectors};

    #[test]
    fn built_in_card_access_is_that_of_the_identity_card() -> Result<(), ChipError> {
        let infos = SecurityInfos::parse(CCCD_CARD_ACCESS)?;
        let pace = PaceInfo { mapping: Mapping::Generic, cipher: Cipher::Aes128, domain: Domain::Ec(Curve::Bp256) };
        assert_eq!(infos.pace.as_slice(), core::slice::from_ref(&pace));
        assert_eq!(pace.oid(), crate::curve::unhex("04007f00070202040202"));
        let authentication = ChipAuthenticationInfo { cipher: Cipher::Aes128, elliptic: true, key_id: None };
        assert_eq!(infos.chip_authentication, [authentication]);
        Ok(())
    }

    #[test]
    fn recorded_dg14_files_name_their_keys() -> Result<(), ChipError> {
        for (id, count, key_id) in
            [("CA-AT", 1, None), ("CA-MY", 1, None), ("CA-FR", 0, None), ("CA-DE", 1, Some(0xC3))]
        {
            let vector = vectors::recorded(id);
            let infos = SecurityInfos::parse_dg14(&vectors::bytes(&vector, "dg14"))?;
            assert_eq!(infos.chip_authentication.len(), count, "{id}");
            assert_eq!(infos.keys.len(), 1, "{id}");
            assert_eq!(infos.keys[0].key.encode(), vectors::bytes(&vector, "chip_pub"), "{id}");
            assert_eq!(infos.keys[0].key_id, key_id, "{id}");
            let curve = Curve::ALL.into_iter().find(|curve| curve.name().ends_with(vector["curve"].as_str().unwrap()));
            assert_eq!(infos.keys[0].key.domain(), Domain::Ec(curve.unwrap()), "{id}");
        }
        Ok(())
    }

    #[test]
    fn unknown_infos_are_left_out_and_broken_ones_refused() {
        let unknown = crate::curve::unhex("3110300e060a04007f000702020402020201");
        assert!(SecurityInfos::parse(&unknown).is_err(), "cut short");
        let with = |hex: &str| SecurityInfos::parse(&crate::curve::unhex(hex));
        assert_eq!(with("3100"), Ok(SecurityInfos::default()));
        assert_eq!(with("31143012060a04007f0007020204020902010202010d"), Ok(SecurityInfos::default()));
        // Parameter id 3 is reserved, version 1 is withdrawn.
        assert_eq!(with("31143012060a04007f00070202040202020102020103"), Ok(SecurityInfos::default()));
        assert_eq!(with("31143012060a04007f0007020204020202010102010d"), Ok(SecurityInfos::default()));
        assert_eq!(with("31020500"), Err(ChipError::Malformed));
        let many = tlv::encode(tlv::SET, &[&crate::curve::unhex("300306012a").repeat(MOST_INFOS + 1)]);
        assert_eq!(SecurityInfos::parse(&many), Err(ChipError::Malformed));
    }

    proptest! {
        #[test]
        fn changed_files_are_read_or_refused(at in 0_usize..400, byte: u8) {
            let mut dg14 = vectors::bytes(&vectors::recorded("CA-DE"), "dg14");
            let at = at % dg14.len();
            dg14[at] = byte;
            if let Ok(infos) = SecurityInfos::parse_dg14(&dg14) {
                prop_assert!(infos.keys.len() <= 1);
            }
        }
    }
}
