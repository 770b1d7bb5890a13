use crate::{
    ChipError,
    agreement::{Domain, Public},
    curve::{Curve, Point},
    dh::{Element, Group},
    rsa::RsaKey,
    tlv::{self, Tlv},
};

/// `rsaEncryption`.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// `id-RSASSA-PSS`.
const RSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];
/// `id-ecPublicKey`.
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// `dhpublicnumber` of X9.42.
const DH: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01];
/// `dhKeyAgreement` of PKCS #3.
const DH_PKCS3: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01];
/// `standardizedDomainParameters` of BSI TR-03110.
const STANDARDIZED: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02];

/// A `SubjectPublicKeyInfo`, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaKey),
    /// A point of a known curve, or an element of a known group.
    Agreement(Public),
}

impl PublicKey {
    /// Reads one. Parameters of curves and groups are compared with the known ones; nothing is computed on others.
    ///
    /// # Errors
    /// [`ChipError::Malformed`], or [`ChipError::Unsupported`] for an unknown algorithm, curve or group.
    pub fn parse(spki: &[u8]) -> Result<Self, ChipError> {
        let mut parts = tlv::objects(Tlv::expect(tlv::SEQUENCE, spki)?);
        let (algorithm, parameters) = Tlv::first(parts.expect(tlv::SEQUENCE)?)?;
        let bits = parts.expect(tlv::BIT_STRING)?;
        parts.finish()?;
        let key = bits.strip_prefix(&[0]).ok_or(ChipError::Malformed)?;
        if algorithm.tag != tlv::OID {
            return Err(ChipError::Malformed);
        }
        match algorithm.value {
            RSA | RSA_PSS => RsaKey::parse(key).map(Self::Rsa),
            EC => Self::point(Curve::from_parameters(parameters)?, key),
            DH | DH_PKCS3 => Self::element(group(parameters)?, key),
            STANDARDIZED => {
                let id = tlv::small(Tlv::expect(tlv::INTEGER, parameters)?)?;
                match u8::try_from(id).ok().and_then(Domain::from_id).ok_or(ChipError::Unsupported)? {
                    Domain::Ec(curve) => Self::point(curve, key),
                    Domain::Dh(group) => Self::element(group, key),
                }
            }
            _ => Err(ChipError::Unsupported),
        }
    }

    fn point(curve: Curve, key: &[u8]) -> Result<Self, ChipError> {
        Point::parse(curve, key).map(|point| Self::Agreement(Public::Ec(point)))
    }

    fn element(group: Group, key: &[u8]) -> Result<Self, ChipError> {
        let number = tlv::unsigned(Tlv::expect(tlv::INTEGER, key)?)?;
        Element::parse(group, number).map(|element| Self::Agreement(Public::Dh(element)))
    }
}

/// The group of `{p, g, …}`.
fn group(parameters: &[u8]) -> Result<Group, ChipError> {
    let mut parts = tlv::objects(Tlv::expect(tlv::SEQUENCE, parameters)?);
    let p = tlv::unsigned(parts.expect(tlv::INTEGER)?)?;
    let g = tlv::unsigned(parts.expect(tlv::INTEGER)?)?;
    Group::from_numbers(p, g).ok_or(ChipError::Unsupported)
}
