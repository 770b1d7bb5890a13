//! CMS signed data (RFC 5652) with one signer and signed attributes, as EF.SOD and master lists have it.

use super::{Certificate, Strength, ber, name::same_name, signature::SignatureAlgorithm};
use crate::{
    ChipError, Hash,
    lds::LdsFile,
    tlv::{INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv, objects, small},
};

/// Signed content, with what is needed to check it. Not verified by itself.
#[derive(Debug)]
pub(super) struct SignedData {
    pub(super) content: Vec<u8>,
    content_type: Vec<u8>,
    certificates: Vec<Certificate>,
    signer: Signer,
    kind: LdsFile,
}

#[derive(Debug)]
struct Signer {
    id: SignerId,
    digest: Hash,
    /// The attributes as they were signed: a `SET`.
    attributes: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

#[derive(Debug)]
enum SignerId {
    IssuerAndSerial(Vec<u8>, Vec<u8>),
    SubjectKey(Vec<u8>),
}

pub(super) const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
pub(super) const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
const MAX_CERTIFICATES: usize = 8;

impl SignedData {
    /// The version that goes with a content of another type than plain data.
    const VERSION: u32 = 3;

    /// Reads `ContentInfo` whose content has the type; BER is accepted.
    pub(super) fn parse(bytes: &[u8], content_type: &[u8], kind: LdsFile) -> Result<Self, ChipError> {
        let parsed = match Self::read(bytes, content_type, kind) {
            Err(ChipError::Malformed) => {
                Self::read(&ber::to_der(bytes).map_err(|e| e.in_file(kind))?, content_type, kind)
            }
            other => other,
        };
        parsed.map_err(|error| error.in_file(kind))
    }

    fn read(bytes: &[u8], content_type: &[u8], kind: LdsFile) -> Result<Self, ChipError> {
        let mut info = objects(Tlv::expect(SEQUENCE, bytes)?);
        if info.expect(OID)? != SIGNED_DATA {
            return Err(ChipError::Malformed);
        }
        let mut parts = objects(Tlv::expect(SEQUENCE, info.expect(0xA0)?)?);
        info.finish()?;
        if small(parts.expect(INTEGER)?)? != Self::VERSION {
            return Err(ChipError::Malformed);
        }
        // The signer names its digest again.
        parts.expect(SET)?;
        let mut encapsulated = objects(parts.expect(SEQUENCE)?);
        if encapsulated.expect(OID)? != content_type {
            return Err(ChipError::Malformed);
        }
        let content = Tlv::expect(OCTET_STRING, encapsulated.expect(0xA0)?)?.to_vec();
        encapsulated.finish()?;
        let mut certificates = Vec::new();
        let mut part = parts.required()?;
        if part.tag == 0xA0 {
            for certificate in part.children() {
                if certificates.len() == MAX_CERTIFICATES {
                    return Err(ChipError::Malformed);
                }
                certificates.push(Certificate::parse(certificate?.whole)?);
            }
            part = parts.required()?;
        }
        if part.tag == 0xA1 {
            part = parts.required()?;
        }
        parts.finish()?;
        let signer = Signer::parse(Tlv::expect(SET, part.whole)?)?;
        Ok(Self { content, content_type: content_type.to_vec(), certificates, signer, kind })
    }

    /// The certificate that the signer names.
    pub(super) fn signer(&self) -> Result<&Certificate, ChipError> {
        let named = |certificate: &&Certificate| match &self.signer.id {
            SignerId::IssuerAndSerial(issuer, serial) => {
                same_name(issuer, certificate.issuer()) && serial == certificate.serial()
            }
            SignerId::SubjectKey(key) => certificate.subject_key() == Some(key),
        };
        self.certificates.iter().find(named).ok_or(ChipError::FileMalformed(self.kind))
    }

    /// Checks that the signer's certificate signed this content.
    pub(super) fn verify(&self, strength: Strength) -> Result<(), ChipError> {
        let wrong = ChipError::SignatureWrong(self.kind);
        let signer = &self.signer;
        let content_type = crate::tlv::encode(OID, &[&self.content_type]);
        let digest = crate::tlv::encode(OCTET_STRING, &[&signer.digest.digest(&[&self.content])]);
        let found = signer.attribute(CONTENT_TYPE).map_err(|error| error.in_file(self.kind))?;
        if found != content_type {
            return Err(wrong);
        }
        let found = signer.attribute(MESSAGE_DIGEST).map_err(|error| error.in_file(self.kind))?;
        signer.digest.check(strength)?;
        signer.algorithm.check(strength)?;
        let key = self.signer()?.public_key()?;
        key.check(strength)?;
        if found == digest && key.verifies(signer.algorithm, &[&signer.attributes], &signer.signature) {
            Ok(())
        } else {
            Err(wrong)
        }
    }
}

#[cfg(test)]
impl SignedData {
    /// The signed attributes and the signature: for the comparison with other readers.
    pub(super) fn attributes_and_signature(&self) -> (&[u8], &[u8]) {
        (&self.signer.attributes, &self.signer.signature)
    }
}

impl Signer {
    /// Reads `SignerInfos` with exactly one signer.
    fn parse(infos: &[u8]) -> Result<Self, ChipError> {
        let mut parts = objects(Tlv::expect(SEQUENCE, infos)?);
        small(parts.expect(INTEGER)?)?;
        let id = parts.required()?;
        let id = match id.tag {
            SEQUENCE => {
                let mut pair = id.children();
                let (issuer, serial) = (pair.required()?, pair.expect(INTEGER)?);
                pair.finish()?;
                SignerId::IssuerAndSerial(issuer.whole.to_vec(), serial.to_vec())
            }
            0x80 => SignerId::SubjectKey(id.value.to_vec()),
            _ => return Err(ChipError::Malformed),
        };
        let digest = Hash::parse_identifier(&parts.required()?)?;
        // Signed under the tag of a SET, sent under [0].
        let attributes = crate::tlv::encode(SET, &[parts.expect(0xA0)?]);
        let algorithm = SignatureAlgorithm::parse(&parts.required()?, Some(digest))?;
        let signature = parts.expect(OCTET_STRING)?.to_vec();
        if let Some(unsigned) = parts.next()
            && unsigned?.tag != 0xA1
        {
            return Err(ChipError::Malformed);
        }
        parts.finish()?;
        Ok(Self { id, digest, attributes, algorithm, signature })
    }

    /// The only value of an attribute that must be there once.
    fn attribute(&self, wanted: &[u8]) -> Result<&[u8], ChipError> {
        let mut found = None;
        for attribute in objects(Tlv::expect(SET, &self.attributes)?) {
            let mut pair = objects(Tlv::expect(SEQUENCE, attribute?.whole)?);
            let (oid, values) = (pair.expect(OID)?, pair.expect(SET)?);
            pair.finish()?;
            if oid == wanted && found.replace(Tlv::only(values)?.whole).is_some() {
                return Err(ChipError::Malformed);
            }
        }
        found.ok_or(ChipError::Malformed)
    }
}
