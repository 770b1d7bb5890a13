//! The issuer token: an SD-CWT whose identity data is claim 169. Reading it is common to holder and verifier.

use eid_crypto::{CryptoError, VerifyingKey};

use crate::{
    Claim, Claims, Purpose,
    cbor::{Key, Reader},
    claim,
    cose::{self, Header, KeyId, Sign1, Typ},
    disclosure::{self, Disclosure, Hash, Redactions},
    error::Malformed,
    labels,
};

/// Longest life of a token, in seconds: 31 days.
pub(crate) const MAX_LIFE_S: u32 = 31 * 86_400;

/// Largest encoded proof or token.
pub(crate) const MAX_BYTES: usize = 4096;

/// A token as received: checked in form, not yet in signature.
#[derive(Debug)]
pub(crate) struct IssuerToken<'b> {
    pub(crate) sign1: Sign1<'b>,
    pub(crate) key_id: KeyId,
    pub(crate) issuer: &'b str,
    pub(crate) issued_at: u32,
    pub(crate) expires_at: u32,
    pub(crate) holder_key: VerifyingKey,
    pub(crate) vct: u16,
    /// The claims in clear.
    pub(crate) claims: Claims,
    pub(crate) redactions: Redactions<'b>,
    pub(crate) disclosures: Vec<Disclosure<'b>>,
    pub(crate) status: Option<StatusPointer<'b>>,
}

/// Where a token's status stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusPointer<'b> {
    pub(crate) index: u32,
    pub(crate) uri: &'b str,
}

impl<'b> IssuerToken<'b> {
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_BYTES {
            return Err(Malformed);
        }
        let (sign1, disclosures) = Reader::whole(bytes, |reader| Sign1::read(reader, disclosure::read_header))?;
        let header = Header::parse(sign1.protected)?;
        header.require(Typ::Number(labels::TYP_SD_CWT))?;
        if sign1.signature.len() != 64 || header.kcwt.is_some() {
            return Err(Malformed);
        }
        let key_id = header.require_kid()?;
        Payload::parse(sign1.payload)?.into_token(sign1, key_id, disclosures)
    }

    pub(crate) fn verify(&self, issuer_key: &VerifyingKey) -> Result<(), CryptoError> {
        self.sign1.verify(issuer_key)
    }

    pub(crate) fn purpose(&self) -> Option<Purpose> {
        Purpose::from_vct(self.vct)
    }
}

#[derive(Default)]
struct Payload<'b> {
    issuer: Option<&'b str>,
    subject: Option<&'b str>,
    expires_at: Option<u32>,
    issued_at: Option<u32>,
    holder_key: Option<VerifyingKey>,
    vct: Option<u16>,
    identity: Option<(Claims, Redactions<'b>)>,
    status: Option<StatusPointer<'b>>,
}

impl<'b> Payload<'b> {
    fn parse(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut payload = Self::default();
        Reader::whole(bytes, |reader| {
            reader.map(|reader, key| {
                match key {
                    Key::Int(labels::ISS) => payload.issuer = Some(reader.text()?),
                    Key::Int(labels::SUB) => payload.subject = Some(reader.text()?),
                    Key::Int(labels::EXP) => payload.expires_at = Some(reader.uint32()?),
                    Key::Int(labels::IAT) => payload.issued_at = Some(reader.uint32()?),
                    Key::Int(labels::CNF) => payload.holder_key = Some(read_cnf(reader)?),
                    Key::Int(labels::VCT) => {
                        payload.vct = Some(u16::try_from(reader.int()?).map_err(|_| Malformed)?);
                    }
                    Key::Int(labels::IDENTITY_DATA) => payload.identity = Some(read_identity(reader)?),
                    Key::Int(labels::STATUS) => payload.status = Some(read_status(reader)?),
                    _ => return Err(Malformed),
                }
                Ok(())
            })
        })?;
        Ok(payload)
    }

    fn into_token(
        self,
        sign1: Sign1<'b>,
        key_id: KeyId,
        disclosures: Vec<Disclosure<'b>>,
    ) -> Result<IssuerToken<'b>, Malformed> {
        let subject = self.subject.ok_or(Malformed)?;
        let (claims, redactions) = self.identity.ok_or(Malformed)?;
        let token = IssuerToken {
            sign1,
            key_id,
            issuer: self.issuer.ok_or(Malformed)?,
            issued_at: self.issued_at.ok_or(Malformed)?,
            expires_at: self.expires_at.ok_or(Malformed)?,
            holder_key: self.holder_key.ok_or(Malformed)?,
            vct: self.vct.ok_or(Malformed)?,
            claims,
            redactions,
            disclosures,
            status: self.status,
        };
        let life = token.expires_at.checked_sub(token.issued_at).ok_or(Malformed)?;
        if !(8..=24).contains(&subject.len()) || life > MAX_LIFE_S || token.issuer.is_empty() {
            return Err(Malformed);
        }
        Ok(token)
    }
}

pub(crate) fn read_cnf(reader: &mut Reader<'_>) -> Result<VerifyingKey, Malformed> {
    let mut found = None;
    reader.map(|reader, key| match key {
        Key::Int(labels::CNF_COSE_KEY) => {
            found = Some(cose::read_key(reader)?);
            Ok(())
        }
        _ => Err(Malformed),
    })?;
    found.ok_or(Malformed)
}

fn read_identity<'b>(reader: &mut Reader<'b>) -> Result<(Claims, Redactions<'b>), Malformed> {
    let mut claims = Claims::new();
    let mut redactions = Redactions::default();
    reader.map(|reader, key| match key {
        Key::Simple(labels::SIMPLE_REDACTED_KEYS) => {
            redactions.claims = read_hashes(reader)?;
            Ok(())
        }
        Key::Int(number) => match Claim::from_number(number) {
            Some(Claim::Face) => read_face_slot(reader, &mut claims, &mut redactions),
            Some(claim) => {
                let value = claim::read_value(reader, claim)?;
                claims.add_parsed(claim, value)
            }
            // Claims of a later version are signed, harmless, and not ours to read.
            None => reader.any().map(drop),
        },
        Key::Simple(_) | Key::Text(_) => Err(Malformed),
    })?;
    Ok((claims, redactions))
}

/// `62 => [ face-item / redacted ]`.
fn read_face_slot<'b>(
    reader: &mut Reader<'b>,
    claims: &mut Claims,
    redactions: &mut Redactions<'b>,
) -> Result<(), Malformed> {
    if reader.array()? != 1 {
        return Err(Malformed);
    }
    if reader.peek()? != minicbor::data::Type::Tag {
        let face = claim::read_face(reader)?;
        return claims.add_parsed(Claim::Face, face);
    }
    if reader.tag()? != labels::TAG_REDACTED_ELEMENT {
        return Err(Malformed);
    }
    redactions.face = Some(reader.byte_array()?);
    Ok(())
}

fn read_hashes<'b>(reader: &mut Reader<'b>) -> Result<Vec<&'b Hash>, Malformed> {
    let count = reader.array()?;
    if count == 0 {
        return Err(Malformed);
    }
    (0..count).map(|_| reader.byte_array()).collect()
}

pub(crate) fn read_status<'b>(reader: &mut Reader<'b>) -> Result<StatusPointer<'b>, Malformed> {
    let mut pointer = None;
    reader.map(|reader, key| match key {
        Key::Text("status_list") => {
            let (mut index, mut uri) = (None, None);
            reader.map(|reader, key| {
                match key {
                    Key::Text("idx") => index = Some(reader.uint32()?),
                    Key::Text("uri") => uri = Some(reader.text()?),
                    _ => return Err(Malformed),
                }
                Ok(())
            })?;
            pointer = index.zip(uri).map(|(index, uri)| StatusPointer { index, uri });
            Ok(())
        }
        _ => Err(Malformed),
    })?;
    pointer.ok_or(Malformed)
}
