//! Public keys as files: 65 bytes SEC1, or PEM.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_crypto::VerifyingKey;

use crate::CounterError;

/// The DER that stands before the point in every SubjectPublicKeyInfo of an uncompressed P-256 key (RFC 5480):
/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 66 bytes with no unused bits }. DER leaves no
/// choice in it, so comparing 26 bytes is a complete and strict parser for the one kind of key that is accepted.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// Parses the content of a public-key file: a 65-byte SEC1 point, or the PEM form of its SubjectPublicKeyInfo.
///
/// # Errors
/// [`CounterError::TrustUnusable`] for anything else, including keys of other curves and private keys.
pub fn parse_key_file(bytes: &[u8]) -> Result<VerifyingKey, CounterError> {
    let point = match pem_body(bytes) {
        Some(der) => der.strip_prefix(&SPKI_PREFIX).map(<[u8]>::to_vec).ok_or(CounterError::TrustUnusable)?,
        None => bytes.to_vec(),
    };
    VerifyingKey::parse(&point).map_err(|_| CounterError::TrustUnusable)
}

/// The bytes between the PEM marks; nothing but white space may stand outside them.
fn pem_body(bytes: &[u8]) -> Option<Vec<u8>> {
    let body = core::str::from_utf8(bytes).ok()?.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let base64: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use eid_crypto::SigningKey;

    use super::*;

    /// Made with OpenSSL: `openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout`.
    const PEM: &str = include_str!("../tests/data/p256.pem");
    const PEM_P384: &str = include_str!("../tests/data/p384.pem");

    fn pem_of(key: &VerifyingKey) -> String {
        let der: Vec<u8> = SPKI_PREFIX.iter().chain(key.sec1()).copied().collect();
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der))
    }

    #[test]
    fn sec1_and_pem_of_one_key_parse_to_the_same() {
        let key = *SigningKey::make().unwrap().public();
        assert_eq!(parse_key_file(key.sec1()), Ok(key));
        assert_eq!(parse_key_file(pem_of(&key).as_bytes()), Ok(key));
        assert_eq!(parse_key_file(pem_of(&key).replace('\n', "\r\n").as_bytes()), Ok(key));
    }

    #[test]
    fn pem_of_openssl_parses() {
        let key = parse_key_file(PEM.as_bytes()).unwrap();
        assert_eq!(pem_of(&key).replace('\n', ""), PEM.replace('\n', ""));
    }

    #[test]
    fn anything_else_is_refused() {
        let key = *SigningKey::make().unwrap().public();
        let pem = pem_of(&key);
        let other_curve = pem.replace("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQgDQgAE");
        assert_ne!(other_curve, pem);
        let cases: &[Vec<u8>] = &[
            b"".to_vec(),
            b"\x04".to_vec(),
            key.sec1()[..64].to_vec(),
            [key.sec1().as_slice(), b"\n"].concat(),
            PEM_P384.into(),
            other_curve.into(),
            pem.strip_suffix("KEY-----\n").unwrap().into(),
            format!("{pem}{pem}").into(),
            pem.replace("PUBLIC", "PRIVATE").into(),
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----".into(),
            "-----BEGIN PUBLIC KEY-----".into(),
        ];
        for case in cases {
            assert_eq!(parse_key_file(case), Err(CounterError::TrustUnusable), "{:?}", String::from_utf8_lossy(case));
        }
    }
}
