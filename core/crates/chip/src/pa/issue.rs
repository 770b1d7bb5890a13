//! The state's side, for invented cards: keys, certificates, signed content. Not in constant time and never in an app.

use crypto_bigint::{BoxedUint, NonZero};
use eid_crypto::{Random, SecretBytes};
use eid_model::UnixTime;

use super::{signed_data, time::encode_time};
use crate::{
    ChipError, Hash, Public, PublicKey,
    curve::{Curve, Scalar},
    tlv::{BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv, encode, encode_integer, objects, unsigned},
};

/// A key that signs certificates or documents: ECDSA over any curve of the table.
#[derive(Debug)]
pub struct Issuer {
    curve: Curve,
    secret: SecretBytes,
    public: PublicKey,
    hash: Hash,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateUse {
    /// A state's: signs certificates and revocation lists.
    State,
    /// Signs documents.
    DocumentSigner,
    /// Signs master lists.
    MasterListSigner,
}

/// What a certificate is made from.
#[derive(Debug, Clone)]
pub struct CertificateDraft<'a> {
    /// The serial number.
    pub serial: u32,
    /// Common name of the issuer.
    pub issuer: &'a str,
    /// Common name of the subject.
    pub subject: &'a str,
    /// Two-letter code of both.
    pub country: &'a str,
    /// First moment of validity.
    pub not_before: UnixTime,
    /// Last moment of validity.
    pub not_after: UnixTime,
    /// What it is for.
    pub usage: CertificateUse,
    /// The subject's key.
    pub public_key: &'a PublicKey,
}

impl Issuer {
    /// A fresh key that signs with the hash.
    ///
    /// # Errors
    /// [`ChipError::Crypto`].
    pub fn make(curve: Curve, hash: Hash, rng: &dyn Random) -> Result<Self, ChipError> {
        let mut wide = vec![0; curve.order_bytes() + 8];
        rng.fill(&mut wide)?;
        let order = order(curve);
        let reduced = number(&wide, curve) % &order;
        Self::parse(curve, hash, &sized(&reduced, curve))
    }

    /// The key with this secret number, at the order's length.
    ///
    /// # Errors
    /// [`ChipError::Malformed`] when it is zero or not below the order.
    pub fn parse(curve: Curve, hash: Hash, secret: &[u8]) -> Result<Self, ChipError> {
        let public = PublicKey::Agreement(Public::Ec(Scalar::parse(curve, secret)?.public()?));
        Ok(Self { curve, secret: SecretBytes::new(secret.to_vec()), public, hash })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// `ECDSA-Sig-Value` over the message.
    ///
    /// # Errors
    /// [`ChipError::Crypto`].
    pub fn sign(&self, message: &[u8], rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        let order = order(self.curve);
        let digest = self.hash.digest(&[message]);
        let bits = usize::try_from(order.bits_vartime()).unwrap_or(0);
        let kept = digest.get(..digest.len().min(bits.div_ceil(8))).unwrap_or_default();
        let spare = u32::try_from((kept.len() * 8).saturating_sub(bits)).unwrap_or(0);
        let digest = number(kept, self.curve).shr_vartime(spare).unwrap_or_default();
        loop {
            let once = Self::make(self.curve, self.hash, rng)?;
            let PublicKey::Agreement(Public::Ec(point)) = &once.public else { continue };
            let r = number(point.x(), self.curve) % &order;
            // EXPOSE: the signature is computed from both secrets.
            let (d, k) = (number(self.secret.expose(), self.curve), number(once.secret.expose(), self.curve));
            let sum = (digest.clone() % &order).add_mod(&r.mul_mod(&d, &order), &order);
            let Some(inverse) = k.invert_mod(&order).into_option() else { continue };
            let s = sum.mul_mod(&inverse, &order);
            if bool::from(r.is_zero() | s.is_zero()) {
                continue;
            }
            let parts = [r, s].map(|number| encode_integer(&sized(&number, self.curve)));
            return Ok(encode(SEQUENCE, &parts.each_ref().map(Vec::as_slice)));
        }
    }

    fn algorithm(&self) -> Vec<u8> {
        let last: &[u8] = match self.hash {
            Hash::Sha1 => &[1],
            Hash::Sha224 => &[3, 1],
            Hash::Sha256 => &[3, 2],
            Hash::Sha384 => &[3, 3],
            Hash::Sha512 => &[3, 4],
        };
        encode(SEQUENCE, &[&encode(OID, &[super::signature::ECDSA, last])])
    }
}

impl CertificateDraft<'_> {
    /// The certificate in DER.
    ///
    /// # Errors
    /// [`ChipError::Crypto`]; [`ChipError::Unsupported`] for a key of a group.
    pub fn sign(&self, issuer: &Issuer, rng: &dyn Random) -> Result<Vec<u8>, ChipError> {
        let validity = encode(SEQUENCE, &[&encode_time(self.not_before), &encode_time(self.not_after)]);
        let signed = encode(
            SEQUENCE,
            &[
                &encode(0xA0, &[&[2, 1, 2]]),
                &encode_integer(&self.serial.to_be_bytes()),
                &issuer.algorithm(),
                &name(self.country, self.issuer),
                &validity,
                &name(self.country, self.subject),
                &self.public_key.encode()?,
                &encode(0xA3, &[&self.extensions(issuer)?]),
            ],
        );
        let signature = issuer.sign(&signed, rng)?;
        Ok(encode(SEQUENCE, &[&signed, &issuer.algorithm(), &encode(BIT_STRING, &[&[0], &signature])]))
    }

    fn extensions(&self, issuer: &Issuer) -> Result<Vec<u8>, ChipError> {
        const CRITICAL: &[u8] = &[1, 1, 0xFF];
        let extension = |last: u8, critical: &[u8], value: &[u8]| {
            encode(SEQUENCE, &[&encode(OID, &[&[0x55, 0x1D, last]]), critical, &encode(OCTET_STRING, &[value])])
        };
        let subject_key = encode(OCTET_STRING, &[&key_id(self.public_key)?]);
        let authority_key = encode(SEQUENCE, &[&encode(0x80, &[&key_id(&issuer.public)?])]);
        let mut all = extension(0x0E, &[], &subject_key);
        all.extend(extension(0x23, &[], &authority_key));
        match self.usage {
            CertificateUse::State => {
                all.extend(extension(0x0F, CRITICAL, &[3, 2, 1, 0x06]));
                all.extend(extension(0x13, CRITICAL, &[0x30, 6, 1, 1, 0xFF, 2, 1, 0]));
            }
            CertificateUse::DocumentSigner => all.extend(extension(0x0F, CRITICAL, &[3, 2, 7, 0x80])),
            CertificateUse::MasterListSigner => {
                all.extend(extension(0x0F, CRITICAL, &[3, 2, 7, 0x80]));
                let usage = encode(OID, &[super::certificate::MASTER_LIST_SIGNING]);
                all.extend(extension(0x25, CRITICAL, &encode(SEQUENCE, &[&usage])));
            }
        }
        Ok(encode(SEQUENCE, &[&all]))
    }
}

/// A revocation list of a state in DER.
///
/// # Errors
/// [`ChipError::Crypto`].
pub fn sign_revocation_list(
    state: (&str, &str),
    serials: &[u32],
    made_at: UnixTime,
    issuer: &Issuer,
    rng: &dyn Random,
) -> Result<Vec<u8>, ChipError> {
    let (country, common) = state;
    let time = encode_time(made_at);
    let entry = |serial: &u32| encode(SEQUENCE, &[&encode_integer(&serial.to_be_bytes()), &time]);
    let entries = encode(SEQUENCE, &[&serials.iter().flat_map(entry).collect::<Vec<_>>()]);
    let signed = encode(SEQUENCE, &[&[2, 1, 1], &issuer.algorithm(), &name(country, common), &time, &time, &entries]);
    let signature = issuer.sign(&signed, rng)?;
    Ok(encode(SEQUENCE, &[&signed, &issuer.algorithm(), &encode(BIT_STRING, &[&[0], &signature])]))
}

/// CMS signed data with one signer, named by issuer and serial number, and its certificate.
///
/// # Errors
/// [`ChipError::Crypto`]; [`ChipError::Malformed`] when the certificate is none.
pub fn sign_content(
    content_type: &[u8],
    content: &[u8],
    certificate: &[u8],
    signer: &Issuer,
    rng: &dyn Random,
) -> Result<Vec<u8>, ChipError> {
    let digest = encode(OCTET_STRING, &[&signer.hash.digest(&[content])]);
    let attribute = |oid: &[u8], value: &[u8]| encode(SEQUENCE, &[&encode(OID, &[oid]), &encode(SET, &[value])]);
    let content_type = encode(OID, &[content_type]);
    let attributes =
        [attribute(signed_data::CONTENT_TYPE, &content_type), attribute(signed_data::MESSAGE_DIGEST, &digest)];
    let [first, second] = attributes.each_ref().map(Vec::as_slice);
    let signature = signer.sign(&encode(SET, &[first, second]), rng)?;

    let mut parts = objects(Tlv::expect(SEQUENCE, certificate)?).required()?.children();
    parts.required()?;
    let serial = parts.required()?;
    parts.required()?;
    let signer_id = encode(SEQUENCE, &[parts.required()?.whole, serial.whole]);
    let info = encode(
        SEQUENCE,
        &[
            &[2, 1, 1],
            &signer_id,
            &signer.hash.identifier(),
            &encode(0xA0, &[first, second]),
            &signer.algorithm(),
            &encode(OCTET_STRING, &[&signature]),
        ],
    );
    let content = encode(SEQUENCE, &[&content_type, &encode(0xA0, &[&encode(OCTET_STRING, &[content])])]);
    let signed_data = encode(
        SEQUENCE,
        &[
            &[2, 1, 3],
            &encode(SET, &[&signer.hash.identifier()]),
            &content,
            &encode(0xA0, &[certificate]),
            &encode(SET, &[&info]),
        ],
    );
    Ok(encode(SEQUENCE, &[&encode(OID, &[signed_data::SIGNED_DATA]), &encode(0xA0, &[&signed_data])]))
}

/// Country and common name.
fn name(country: &str, common: &str) -> Vec<u8> {
    let part = |last: u8, tag: u32, text: &str| {
        let pair = encode(SEQUENCE, &[&encode(OID, &[&[0x55, 0x04, last]]), &encode(tag, &[text.as_bytes()])]);
        encode(SET, &[&pair])
    };
    encode(SEQUENCE, &[&part(6, 0x13, country), &part(3, 0x0C, common)])
}

fn key_id(key: &PublicKey) -> Result<[u8; 20], ChipError> {
    let mut id = [0; 20];
    for (to, from) in id.iter_mut().zip(eid_crypto::hash::sha256(&key.encode()?)) {
        *to = from;
    }
    Ok(id)
}

/// The order, from the parameters as certificates spell them.
fn order(curve: Curve) -> NonZero<BoxedUint> {
    let parameters = curve.explicit_parameters();
    let numbers = Tlv::only(&parameters).map(|all| all.children().flatten().filter(|part| part.tag == INTEGER));
    let order = numbers.ok().and_then(|mut numbers| numbers.nth(1));
    let bytes = order.and_then(|order| unsigned(order.value).ok()).unwrap_or_default();
    NonZero::new(number(bytes, curve))
        .into_option()
        .unwrap_or_else(|| NonZero::new(BoxedUint::one()).unwrap_or_default())
}

/// A number of up to eight bytes more than the order has.
fn number(bytes: &[u8], curve: Curve) -> BoxedUint {
    let bits = u32::try_from((curve.order_bytes() + 8).next_multiple_of(8) * 8).unwrap_or(0);
    BoxedUint::from_be_slice(bytes, bits).unwrap_or_default()
}

/// The number at the order's length.
fn sized(number: &BoxedUint, curve: Curve) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes.iter().skip(bytes.len().saturating_sub(curve.order_bytes())).copied().collect()
}
