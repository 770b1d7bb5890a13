//! X.509 certificates of states and document signers (ICAO 9303 part 12, RFC 5280), as far as chips need them.
//!
//! Signed parts are kept as the bytes that were signed: nothing is encoded again before a signature is checked.

use core::ops::Range;

use eid_model::UnixTime;

use super::{
    Strength,
    name::{country, same_name},
    signature::SignatureAlgorithm,
    time::read_time,
};
use crate::{
    ChipError, Hash, PublicKey,
    lds::LdsFile,
    tlv::{BIT_STRING, Header, INTEGER, OCTET_STRING, OID, Objects, SEQUENCE, Tlv, objects, small},
};

/// A certificate that parses. Not verified by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Range<usize>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    not_before: UnixTime,
    not_after: UnixTime,
    public_key: Vec<u8>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    extensions: Extensions,
}

#[cfg(test)]
impl Certificate {
    /// What is signed, and the signature: for the comparison with other readers.
    pub(super) fn signed_and_signature(&self) -> (&[u8], &[u8]) {
        (&self.der[self.signed.clone()], &self.signature)
    }
}

/// What the extensions say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Extensions {
    /// Bits of `KeyUsage`, first bit highest.
    key_usage: Option<u16>,
    /// `cA` of `BasicConstraints`.
    authority: Option<bool>,
    subject_key: Option<Vec<u8>>,
    authority_key: Option<Vec<u8>>,
    extended_usage: Option<Vec<Vec<u8>>>,
    /// A critical extension that this build does not know.
    unknown_critical: bool,
}

/// `digitalSignature`, `keyCertSign` and `cRLSign`.
const DIGITAL_SIGNATURE: u16 = 0x8000;
const CERTIFICATE_SIGNING: u16 = 0x0400;
const CRL_SIGNING: u16 = 0x0200;
/// `id-icao-mrtd-security-cscaMasterListSigningKey`.
pub(super) const MASTER_LIST_SIGNING: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x03];

impl Certificate {
    const MAX_BYTES: usize = 16 * 1024;
    const MAX_EXTENSIONS: usize = 32;

    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChipError> {
        Self::read(bytes).map_err(|error| error.in_file(LdsFile::Certificate))
    }

    fn read(bytes: &[u8]) -> Result<Self, ChipError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ChipError::Malformed);
        }
        let mut outer = objects(Tlv::expect(SEQUENCE, bytes)?);
        let signed = outer.required()?;
        let algorithm = outer.required()?;
        let signature = outer.expect(BIT_STRING)?.strip_prefix(&[0]).ok_or(ChipError::Malformed)?;
        outer.finish()?;

        let mut parts = objects(Tlv::expect(SEQUENCE, signed.whole)?);
        let serial = skip_version(&mut parts)?;
        if parts.required()?.whole != algorithm.whole {
            return Err(ChipError::Malformed);
        }
        let issuer = sequence(parts.required()?)?;
        let mut validity = objects(parts.expect(SEQUENCE)?);
        let (not_before, not_after) = (read_time(&validity.required()?)?, read_time(&validity.required()?)?);
        validity.finish()?;
        let subject = sequence(parts.required()?)?;
        let public_key = sequence(parts.required()?)?;
        let mut extensions = Extensions::default();
        for part in parts {
            let part = part?;
            match part.tag {
                0x81 | 0x82 => {}
                0xA3 => extensions = Extensions::parse(Tlv::expect(SEQUENCE, part.value)?)?,
                _ => return Err(ChipError::Malformed),
            }
        }
        let start = Header::parse(bytes)?.bytes;
        Ok(Self {
            der: bytes.to_vec(),
            signed: start..start + signed.whole.len(),
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            not_before,
            not_after,
            public_key: public_key.to_vec(),
            signature_algorithm: algorithm.whole.to_vec(),
            signature: signature.to_vec(),
            extensions,
        })
    }

    /// The certificate's bytes.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the certificate: what revocation lists and pins name it by.
    pub fn fingerprint(&self) -> [u8; 32] {
        eid_crypto::hash::sha256(&self.der)
    }

    /// The two-letter code of the subject's country.
    pub fn country(&self) -> Option<String> {
        country(&self.subject)
    }

    /// First moment of validity.
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// Last moment of validity.
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The key.
    ///
    /// # Errors
    /// [`ChipError::FileMalformed`]; [`ChipError::AlgorithmUnknown`] for a curve or length that this build does not know.
    pub fn public_key(&self) -> Result<PublicKey, ChipError> {
        PublicKey::parse(&self.public_key).map_err(|error| match error {
            ChipError::Unsupported => ChipError::AlgorithmUnknown,
            other => other.in_file(LdsFile::Certificate),
        })
    }

    /// The identifier of the key, as [`issued_by`](Self::issued_by) matches it.
    pub(super) fn subject_key(&self) -> Option<&[u8]> {
        self.extensions.subject_key.as_deref()
    }

    pub(super) fn subject(&self) -> &[u8] {
        &self.subject
    }

    pub(super) fn serial(&self) -> &[u8] {
        &self.serial
    }

    pub(super) fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    pub(super) fn is_valid_at(&self, at: UnixTime) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// True when the certificate says that another one's key signed it: by the key's identifier if both state it, by
    /// name if not.
    pub(super) fn names_as_issuer(&self, authority: &Self) -> bool {
        match (&self.extensions.authority_key, &authority.extensions.subject_key) {
            (Some(wanted), Some(key)) => wanted == key,
            _ => same_name(&self.issuer, &authority.subject),
        }
    }

    /// True when it has the issuer's name, whatever the identifiers say.
    pub(super) fn has_issuer_name(&self, authority: &Self) -> bool {
        same_name(&self.issuer, &authority.subject)
    }

    /// Checks that the authority's key signed this certificate.
    pub(super) fn verify_issued_by(&self, authority: &Self, strength: Strength) -> Result<(), ChipError> {
        let key = authority.public_key()?;
        verify_signed(&key, &self.signature_algorithm, self.signed(), &self.signature, strength, LdsFile::Certificate)
    }

    /// Checks that this is the certificate of a state: it signs certificates.
    pub(super) fn check_authority(&self) -> Result<(), ChipError> {
        let signs = self.extensions.key_usage.is_none_or(|usage| usage & CERTIFICATE_SIGNING != 0);
        self.check_use(self.extensions.authority == Some(true) && signs)
    }

    /// Checks that this state signs lists of revoked certificates.
    pub(super) fn check_crl_signer(&self) -> Result<(), ChipError> {
        self.check_use(self.extensions.key_usage.is_none_or(|usage| usage & CRL_SIGNING != 0))
    }

    /// Checks that this is the certificate of a document signer: it signs, but neither certificates nor master lists.
    pub(super) fn check_document_signer(&self) -> Result<(), ChipError> {
        let lists = self.extensions.extended_usage.iter().flatten().any(|usage| usage == MASTER_LIST_SIGNING);
        self.check_use(self.signs_content() && !lists)
    }

    /// Checks that this is the certificate of a signer of master lists.
    pub(super) fn check_master_list_signer(&self) -> Result<(), ChipError> {
        let lists = self.extensions.extended_usage.iter().flatten().any(|usage| usage == MASTER_LIST_SIGNING);
        self.check_use(self.signs_content() && lists)
    }

    fn signs_content(&self) -> bool {
        let signs = self.extensions.key_usage.is_some_and(|usage| usage & DIGITAL_SIGNATURE != 0);
        signs && self.extensions.authority != Some(true)
    }

    fn check_use(&self, fits: bool) -> Result<(), ChipError> {
        if fits && !self.extensions.unknown_critical { Ok(()) } else { Err(ChipError::CertificateMisused) }
    }

    fn signed(&self) -> &[u8] {
        self.der.get(self.signed.clone()).unwrap_or_default()
    }
}

impl Extensions {
    fn parse(sequence: &[u8]) -> Result<Self, ChipError> {
        const BOOLEAN: u32 = 0x01;
        let mut found = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        for extension in objects(sequence) {
            let mut parts = objects(Tlv::expect(SEQUENCE, extension?.whole)?);
            let oid = parts.expect(OID)?;
            let mut value = parts.required()?;
            let critical = value.tag == BOOLEAN && value.value != [0];
            if value.tag == BOOLEAN {
                value = parts.required()?;
            }
            parts.finish()?;
            if value.tag != OCTET_STRING || seen.contains(&oid) || seen.len() == Certificate::MAX_EXTENSIONS {
                return Err(ChipError::Malformed);
            }
            seen.push(oid);
            found.note(oid, critical, value.value)?;
        }
        Ok(found)
    }

    fn note(&mut self, oid: &[u8], critical: bool, value: &[u8]) -> Result<(), ChipError> {
        match oid {
            [0x55, 0x1D, 0x0E] => self.subject_key = Some(Tlv::expect(OCTET_STRING, value)?.to_vec()),
            [0x55, 0x1D, 0x0F] => self.key_usage = Some(key_usage(Tlv::expect(BIT_STRING, value)?)?),
            [0x55, 0x1D, 0x13] => {
                let first = objects(Tlv::expect(SEQUENCE, value)?).next().transpose()?;
                self.authority = Some(first.is_some_and(|part| part.tag == 0x01 && part.value != [0]));
            }
            [0x55, 0x1D, 0x23] => {
                let first = objects(Tlv::expect(SEQUENCE, value)?).next().transpose()?;
                self.authority_key = first.filter(|part| part.tag == 0x80).map(|part| part.value.to_vec());
            }
            [0x55, 0x1D, 0x25] => {
                let usages = objects(Tlv::expect(SEQUENCE, value)?).take(Certificate::MAX_EXTENSIONS);
                let usages = usages.map(|usage| Ok(Tlv::expect(OID, usage?.whole)?.to_vec()));
                self.extended_usage = Some(usages.collect::<Result<_, ChipError>>()?);
            }
            // Alternative names, period of the private key, policies, places of revocation lists; document type and
            // name change of ICAO: of no weight here.
            [0x55, 0x1D, 0x10 | 0x11 | 0x12 | 0x1F | 0x20] | [0x67, 0x81, 0x08, 0x01, 0x01, 0x06, 1 | 2] => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }
}

/// Checks a signature and the strength of what made it; `of` is what is signed, for the error.
pub(super) fn verify_signed(
    key: &PublicKey,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
    strength: Strength,
    of: LdsFile,
) -> Result<(), ChipError> {
    let identifier = Tlv::only(algorithm).map_err(|error| error.in_file(of))?;
    let algorithm = SignatureAlgorithm::parse(&identifier, None::<Hash>).map_err(|error| error.in_file(of))?;
    algorithm.check(strength)?;
    key.check(strength)?;
    if key.verifies(algorithm, &[message], signature) { Ok(()) } else { Err(ChipError::SignatureWrong(of)) }
}

/// Passes over the version, which is left out for version 1, and gives the serial number.
fn skip_version<'a>(parts: &mut Objects<'a>) -> Result<&'a [u8], ChipError> {
    let part = parts.required()?;
    match part.tag {
        0xA0 => {
            small(Tlv::expect(INTEGER, part.value)?)?;
            parts.expect(INTEGER)
        }
        INTEGER => Ok(part.value),
        _ => Err(ChipError::Malformed),
    }
}

fn sequence(object: Tlv<'_>) -> Result<&[u8], ChipError> {
    if object.tag == SEQUENCE { Ok(object.whole) } else { Err(ChipError::Malformed) }
}

/// The first sixteen bits of a `BIT STRING`.
fn key_usage(bits: &[u8]) -> Result<u16, ChipError> {
    match *bits {
        [0..=7, first] => Ok(u16::from_be_bytes([first, 0])),
        [0..=7, first, second] => Ok(u16::from_be_bytes([first, second])),
        _ => Err(ChipError::Malformed),
    }
}
