//! The certificate of the line that takes answers. Phones know the counter's registered key, and nothing else of it: that key signs
//! the certificate, for the registered host, as an authority for this one counter. No other authority is asked.

use eid_crypto::SigningKey;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData, SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::CounterError;

/// The name of the authority; phones look for it (`core/docs/proof-format.md`).
const AUTHORITY: &str = "eID Core counter";

/// Makes a key for this run of the program, which is never stored, and its certificate for `host`, with a port or without. It has no
/// end of its own: phones look at the registration's.
///
/// # Errors
/// [`CounterError::IdentityUnusable`].
pub(crate) fn make_certificate(
    registered: &SigningKey,
    host: &str,
) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), CounterError> {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    certify(registered, name).map_err(|_| CounterError::IdentityUnusable)
}

fn certify(
    registered: &SigningKey,
    name: &str,
) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, AUTHORITY);
    let mut line = CertificateParams::new(vec![name.to_owned()])?;
    line.distinguished_name.push(DnType::CommonName, name);
    line.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    line.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = line.signed_by(&key, &Issuer::new(authority, Authority(registered)))?;
    Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der())))
}

/// The registered key in the place of an authority's.
struct Authority<'a>(&'a SigningKey);

impl PublicKeyData for Authority<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public().sec1()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Authority<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(encode_signature(&signature))
    }
}

/// `Ecdsa-Sig-Value` (RFC 3279, 2.2.3) of the two halves of a signature.
fn encode_signature(signature: &[u8; 64]) -> Vec<u8> {
    let (halves, _) = signature.as_chunks::<32>();
    let numbers: Vec<u8> = halves.iter().flat_map(encode_integer).collect();
    tagged(0x30, numbers)
}

/// A DER INTEGER of a number without sign: as short as can be, and never negative.
fn encode_integer(number: &[u8; 32]) -> Vec<u8> {
    let mut digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    tagged(0x02, digits)
}

/// Tag and length before a content of less than 128 bytes, as all here are.
fn tagged(tag: u8, mut content: Vec<u8>) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    content.splice(0..0, [tag, length]);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_encoded_is_as_short_as_can_be_and_never_negative() {
        let mut signature = [0; 64];
        (signature[31], signature[32]) = (1, 0x80);
        let mut expected = vec![0x30, 3 + 35, 0x02, 1, 1, 0x02, 33, 0, 0x80];
        expected.resize(5 + 35, 0);
        assert_eq!(encode_signature(&signature), expected);
        assert_eq!(encode_signature(&[0; 64]), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        assert_eq!(encode_signature(&[0xff; 64]).len(), 2 + 2 * 35);
    }
}
