//! COSE_Sign1 (RFC 9052) and COSE_Key for P-256 (RFC 9053), as far as proofs, trust lists and status lists need them.

use eid_crypto::{CryptoError, Signature, SigningKey, VerifyingKey, hash};

use crate::{
    cbor::{Key, Reader, Writer},
    error::Malformed,
    labels,
};

/// A COSE_Sign1 message; parts borrow from the input, so that signatures are checked over what was received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sign1<'b> {
    pub(crate) protected: &'b [u8],
    pub(crate) payload: &'b [u8],
    pub(crate) signature: &'b [u8],
}

impl<'b> Sign1<'b> {
    /// Reads a tagged message; `unprotected` reads the unprotected header map.
    pub(crate) fn read<U>(
        reader: &mut Reader<'b>,
        unprotected: impl FnOnce(&mut Reader<'b>) -> Result<U, Malformed>,
    ) -> Result<(Self, U), Malformed> {
        if reader.tag()? != labels::TAG_SIGN1 || reader.array()? != 4 {
            return Err(Malformed);
        }
        let protected = reader.bytes()?;
        let header = unprotected(reader)?;
        Ok((Self { protected, payload: reader.bytes()?, signature: reader.bytes()? }, header))
    }

    /// Verifies the signature (external data empty).
    pub(crate) fn verify(&self, key: &VerifyingKey) -> Result<(), CryptoError> {
        let signature: &Signature = self.signature.try_into().map_err(|_| CryptoError::SignatureInvalid)?;
        key.verify(&to_be_signed(self.protected, self.payload), signature)
    }
}

/// The protected header parameters that occur in our messages. Any other makes a message malformed.
#[derive(Debug, Default)]
pub(crate) struct Header<'b> {
    pub(crate) alg: Option<i64>,
    pub(crate) kid: Option<&'b [u8]>,
    pub(crate) typ: Option<Typ<'b>>,
    /// The encoded issuer token of a key-binding token.
    pub(crate) kcwt: Option<&'b [u8]>,
}

/// A media type: content format or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typ<'b> {
    Number(i64),
    Name(&'b str),
}

impl<'b> Header<'b> {
    pub(crate) fn parse(protected: &'b [u8]) -> Result<Self, Malformed> {
        let mut header = Self::default();
        Reader::whole(protected, |reader| {
            reader.map(|reader, key| {
                match key {
                    Key::Int(labels::ALG) => header.alg = Some(reader.int()?),
                    Key::Int(labels::KID) => header.kid = Some(reader.bytes()?),
                    Key::Int(labels::KCWT) => header.kcwt = Some(reader.any()?),
                    Key::Int(labels::TYP) => {
                        header.typ = Some(match reader.peek()? {
                            minicbor::data::Type::String => Typ::Name(reader.text()?),
                            _ => Typ::Number(reader.int()?),
                        });
                    }
                    _ => return Err(Malformed),
                }
                Ok(())
            })
        })?;
        Ok(header)
    }

    /// Requires the algorithm to be ES256 or ESP256 (the same algorithm under two numbers) and the type to be `typ`.
    pub(crate) fn require(&self, typ: Typ<'_>) -> Result<(), Malformed> {
        let algorithm = matches!(self.alg, Some(labels::ES256 | labels::ESP256));
        if algorithm && self.typ == Some(typ) { Ok(()) } else { Err(Malformed) }
    }

    /// The 8-byte key id.
    pub(crate) fn require_kid(&self) -> Result<KeyId, Malformed> {
        self.kid.and_then(|kid| kid.try_into().ok()).ok_or(Malformed)
    }
}

/// True if `bytes` are one message without an unprotected header, signed by `key`.
pub(crate) fn is_signed_by(bytes: &[u8], key: &VerifyingKey) -> bool {
    let read = Reader::whole(bytes, |reader| Sign1::read(reader, no_unprotected));
    read.is_ok_and(|(sign1, ())| sign1.verify(key).is_ok())
}

/// Reads an unprotected header that must be empty.
pub(crate) fn no_unprotected(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    reader.map(|_, _| Err(Malformed))
}

/// The Sig_structure of RFC 9052 §4.4 for a COSE_Sign1 without external data.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(4).text("Signature1").bytes(protected).bytes(&[]).bytes(payload);
    writer.finish()
}

/// Puts a message together; `unprotected` is an encoded map.
pub(crate) fn write_sign1(protected: &[u8], unprotected: &[u8], payload: &[u8], signature: &Signature) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.tag(labels::TAG_SIGN1).array(4).bytes(protected).raw(unprotected).bytes(payload).bytes(signature);
    writer.finish()
}

/// Signs a payload with an issuer's key: protected header `{alg, kid, typ}`.
pub(crate) fn sign(key: &SigningKey, typ: Typ<'_>, unprotected: &[u8], payload: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut writer = Writer::new();
    writer.map(3).int(labels::ALG).int(labels::ES256).int(labels::KID).bytes(&key_id(key.public())).int(labels::TYP);
    match typ {
        Typ::Number(number) => writer.int(number),
        Typ::Name(name) => writer.text(name),
    };
    let protected = writer.finish();
    let signature = key.sign(&to_be_signed(&protected, payload))?;
    Ok(write_sign1(&protected, unprotected, payload, &signature))
}

/// An empty map: no unprotected header.
pub(crate) const NO_HEADER: &[u8] = &[0xa0];

/// The first 8 bytes of a key's thumbprint.
pub(crate) type KeyId = [u8; 8];

/// The thumbprint of a key's COSE_Key form (RFC 9679): SHA-256 over kty, crv, x and the full y.
pub fn thumbprint(key: &VerifyingKey) -> [u8; 32] {
    let mut writer = Writer::new();
    write_key(&mut writer, key);
    hash::sha256(&writer.finish())
}

/// The `kid` that names a key in headers: the first 8 bytes of its [`thumbprint`].
pub fn key_id(key: &VerifyingKey) -> [u8; 8] {
    let mut id = [0; 8];
    for (to, from) in id.iter_mut().zip(thumbprint(key)) {
        *to = from;
    }
    id
}

/// Writes a COSE_Key with full y.
pub(crate) fn write_key(writer: &mut Writer, key: &VerifyingKey) {
    writer
        .map(4)
        .int(labels::KTY)
        .int(labels::KTY_EC2)
        .int(labels::CRV)
        .int(labels::CRV_P256)
        .int(labels::X)
        .bytes(&key.x())
        .int(labels::Y)
        .bytes(&key.y());
}

/// Reads a P-256 COSE_Key; y may be full or its sign bit.
pub(crate) fn read_key(reader: &mut Reader<'_>) -> Result<VerifyingKey, Malformed> {
    let (mut kind, mut curve, mut x, mut y) = (None, None, None, None);
    reader.map(|reader, key| {
        match key {
            Key::Int(labels::KTY) => kind = Some(reader.int()?),
            Key::Int(labels::CRV) => curve = Some(reader.int()?),
            Key::Int(labels::X) => x = Some(reader.byte_array::<32>()?),
            Key::Int(labels::Y) => {
                y = Some(match reader.peek()? {
                    minicbor::data::Type::Bool => Y::Odd(reader.bool()?),
                    _ => Y::Full(reader.byte_array::<32>()?),
                });
            }
            _ => return Err(Malformed),
        }
        Ok(())
    })?;
    if kind != Some(labels::KTY_EC2) || curve != Some(labels::CRV_P256) {
        return Err(Malformed);
    }
    match (x, y) {
        (Some(x), Some(Y::Full(y))) => Ok(VerifyingKey::from_coordinates(x, y)),
        (Some(x), Some(Y::Odd(odd))) => VerifyingKey::decompress(x, odd).map_err(|_| Malformed),
        _ => Err(Malformed),
    }
}

enum Y<'b> {
    Full(&'b [u8; 32]),
    Odd(bool),
}
