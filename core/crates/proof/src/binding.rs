//! The key-binding token: the holder's signature around an issuer token, for one audience and one minute.

use eid_crypto::{CryptoError, VerifyingKey};

use crate::{
    cbor::{Key, Reader, Writer},
    cose::{self, Header, Sign1, Typ},
    error::Malformed,
    labels,
    token::IssuerToken,
};

/// Longest life of a proof that is accepted, in seconds.
pub(crate) const MAX_LIFE_S: u32 = 120;

/// Life of a proof that the wallet makes, in seconds.
pub(crate) const LIFE_S: u32 = 60;

/// Lengths of a challenge, in bytes.
pub(crate) const CHALLENGE: core::ops::RangeInclusive<usize> = 8..=32;

/// A proof as received: checked in form, not yet in signature.
#[derive(Debug)]
pub(crate) struct BindingToken<'b> {
    pub(crate) sign1: Sign1<'b>,
    pub(crate) token: IssuerToken<'b>,
    pub(crate) body: Body<'b>,
}

/// What the holder signs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'b> {
    pub(crate) audience: &'b str,
    pub(crate) expires_at: u32,
    pub(crate) signed_at: u32,
    pub(crate) challenge: Option<&'b [u8]>,
}

impl<'b> BindingToken<'b> {
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (sign1, ()) = Reader::whole(bytes, |reader| Sign1::read(reader, cose::no_unprotected))?;
        let header = Header::parse(sign1.protected)?;
        header.require(Typ::Number(labels::TYP_KB_CWT))?;
        if sign1.signature.len() != 64 || header.kid.is_some() {
            return Err(Malformed);
        }
        let token = IssuerToken::parse(header.kcwt.ok_or(Malformed)?)?;
        Ok(Self { sign1, token, body: Body::parse(sign1.payload)? })
    }

    pub(crate) fn verify(&self) -> Result<(), CryptoError> {
        let key: &VerifyingKey = &self.token.holder_key;
        self.sign1.verify(key)
    }
}

impl<'b> Body<'b> {
    fn parse(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (mut audience, mut expires_at, mut signed_at, mut challenge) = (None, None, None, None);
        Reader::whole(bytes, |reader| {
            reader.map(|reader, key| {
                match key {
                    Key::Int(labels::AUD) => audience = Some(reader.text()?),
                    Key::Int(labels::EXP) => expires_at = Some(reader.uint32()?),
                    Key::Int(labels::IAT) => signed_at = Some(reader.uint32()?),
                    Key::Int(labels::CNONCE) => challenge = Some(reader.bytes()?),
                    _ => return Err(Malformed),
                }
                Ok(())
            })
        })?;
        let body = Self {
            audience: audience.filter(|aud| *aud == ANYONE || is_counter(aud)).ok_or(Malformed)?,
            expires_at: expires_at.ok_or(Malformed)?,
            signed_at: signed_at.ok_or(Malformed)?,
            challenge,
        };
        let fits = challenge.is_none_or(|nonce| CHALLENGE.contains(&nonce.len()));
        if fits && body.expires_at > body.signed_at { Ok(body) } else { Err(Malformed) }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.map(if self.challenge.is_some() { 4 } else { 3 }).int(labels::AUD).text(self.audience);
        writer.int(labels::EXP).int(i64::from(self.expires_at)).int(labels::IAT).int(i64::from(self.signed_at));
        if let Some(challenge) = self.challenge {
            writer.int(labels::CNONCE).bytes(challenge);
        }
        writer.finish()
    }
}

/// The protected header of a proof around this encoded issuer token.
pub(crate) fn protected(issuer_token: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.map(3).int(labels::ALG).int(labels::ES256).int(labels::KCWT).raw(issuer_token);
    writer.int(labels::TYP).int(labels::TYP_KB_CWT);
    writer.finish()
}

/// The audience of a proof that any counter may take.
pub(crate) const ANYONE: &str = "any";

/// True for a counter's name: `rp/` and 1–40 characters of `[0-9A-Za-z._-]`.
pub fn is_counter(audience: &str) -> bool {
    audience.strip_prefix("rp/").is_some_and(|name| {
        (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    })
}
