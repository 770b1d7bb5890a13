//! Signed requests and grants: JWS compact serialisation (RFC 7515) with ES256 and nothing else.
//!
//! Written for the server alone; the client has its own.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::{CryptoError, Signature, SigningKey, VerifyingKey, hash::sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::SandboxError;

/// A JWT whose signature fits the key in its own header.
#[derive(Debug)]
pub(crate) struct SelfSigned<C> {
    pub(crate) key: VerifyingKey,
    pub(crate) claims: C,
}

/// The JWT is malformed, of another type, or wrongly signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadJwt;

/// The longest JWT that is looked at, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// Verifies a JWT that carries its key in the header (`jwk`).
///
/// The signature shows that the sender holds the key; whose key it is, and what the claims are worth, is for the caller.
pub(crate) fn verify_self_signed<C: DeserializeOwned>(token: &str, typ: &str) -> Result<SelfSigned<C>, BadJwt> {
    if token.len() > MAX_LENGTH {
        return Err(BadJwt);
    }
    verify_large(token, typ)
}

/// The same, of a JWT as long as the body that it came in may be.
pub(crate) fn verify_large<C: DeserializeOwned>(token: &str, typ: &str) -> Result<SelfSigned<C>, BadJwt> {
    let (signed, signature) = token.rsplit_once('.').ok_or(BadJwt)?;
    let (header, claims) = signed.split_once('.').ok_or(BadJwt)?;
    let header: Header = decode_json(header)?;
    if header.alg != "ES256" || header.typ != typ {
        return Err(BadJwt);
    }
    let key = header.jwk.key()?;
    let signature = Signature::try_from(decode(signature)?).map_err(|_| BadJwt)?;
    key.verify(signed.as_bytes(), &signature).map_err(|_: CryptoError| BadJwt)?;
    Ok(SelfSigned { key, claims: decode_json(claims)? })
}

/// Signs claims under a header that names the key by `kid`.
pub(crate) fn sign(typ: &str, kid: &str, claims: &impl Serialize, key: &SigningKey) -> Result<String, SandboxError> {
    #[derive(Serialize)]
    struct Named<'a> {
        typ: &'a str,
        alg: &'a str,
        kid: &'a str,
    }
    let header = encode(&serde_json::to_vec(&Named { typ, alg: "ES256", kid })?);
    let signed = format!("{header}.{}", encode(&serde_json::to_vec(claims)?));
    let signature = encode(&key.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// A P-256 public key as a JWK (RFC 7517), without any other member: a private key is refused (RFC 9449 section 4.3).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl Jwk {
    pub(crate) fn new(key: &VerifyingKey) -> Self {
        Self { kty: "EC".to_owned(), crv: "P-256".to_owned(), x: encode(&key.x()), y: encode(&key.y()) }
    }

    fn key(&self) -> Result<VerifyingKey, BadJwt> {
        if self.kty != "EC" || self.crv != "P-256" {
            return Err(BadJwt);
        }
        let coordinate = |text: &str| <[u8; 32]>::try_from(decode(text)?).map_err(|_| BadJwt);
        Ok(VerifyingKey::from_coordinates(&coordinate(&self.x)?, &coordinate(&self.y)?))
    }
}

/// The thumbprint by which the sandbox knows a key (RFC 7638).
pub(crate) fn thumbprint(key: &VerifyingKey) -> [u8; 32] {
    let (x, y) = (encode(&key.x()), encode(&key.y()));
    sha256(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes())
}

/// Base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64url without padding, and nothing else.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, BadJwt> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| BadJwt)
}

fn decode_json<T: DeserializeOwned>(part: &str) -> Result<T, BadJwt> {
    serde_json::from_slice(&decode(part)?).map_err(|_| BadJwt)
}

/// Nothing else may stand there, so that neither `crit` nor `jku` nor `x5c` ever decides anything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A JWT with any header, signed by `key`.
    fn forge(header: &Value, claims: &Value, key: &SigningKey) -> String {
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = encode(&key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}")
    }

    fn header(key: &SigningKey) -> Value {
        json!({"typ": "t+jwt", "alg": "ES256", "jwk": Jwk::new(key.public())})
    }

    fn verify(token: &str) -> Result<Value, BadJwt> {
        verify_self_signed(token, "t+jwt").map(|jwt| jwt.claims)
    }

    #[test]
    fn signed_request_verified_gives_key_and_claims() {
        let key = SigningKey::make().unwrap();
        let jwt = verify_self_signed::<Value>(&forge(&header(&key), &json!({"a": 1}), &key), "t+jwt").unwrap();
        assert_eq!((jwt.key, jwt.claims), (*key.public(), json!({"a": 1})));
    }

    #[test]
    fn changed_header_verified_is_refused() {
        let key = SigningKey::make().unwrap();
        let other = SigningKey::make().unwrap();
        for (member, value) in [
            ("typ", json!("u+jwt")),
            ("typ", Value::Null),
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("crit", json!(["exp"])),
            ("kid", json!("k")),
            ("jwk", json!(Jwk::new(other.public()))),
            ("jwk", json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})),
            ("jwk", json!({"kty": "oct", "k": "AA"})),
        ] {
            let mut header = header(&key);
            header[member] = value.clone();
            assert_eq!(verify(&forge(&header, &json!({}), &key)), Err(BadJwt), "{member} {value}");
        }
        let mut private = header(&key);
        private["jwk"]["d"] = json!("AAAA");
        assert_eq!(verify(&forge(&private, &json!({}), &key)), Err(BadJwt));
    }

    #[test]
    fn damaged_token_verified_is_refused() {
        let key = SigningKey::make().unwrap();
        let token = forge(&header(&key), &json!({"a": 1}), &key);
        let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        let other_claims = encode(br#"{"a":2}"#);
        for damaged in [
            String::new(),
            format!("{head}.{claims}"),
            format!("{head}.{claims}."),
            format!("{head}.{claims}.{signature}.{signature}"),
            format!("{head}.{claims}.{signature}="),
            format!("{head}.{other_claims}.{signature}"),
            format!("{head}.{claims}.{}", encode(&[1; 60])),
            format!("{head}.{claims}.{}", encode(&[0; 64])),
            format!("{token}{}", "A".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(verify(&damaged), Err(BadJwt), "{damaged}");
        }
        assert!(verify(&token).is_ok());
    }

    #[test]
    fn thumbprint_derived_is_that_of_rfc_9449() {
        // RFC 9449 figures 2 and 5: the key of the example proof and the `jkt` of the token bound to it.
        let jwk: Jwk = serde_json::from_value(json!({
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
        }))
        .unwrap();
        assert_eq!(encode(&thumbprint(&jwk.key().unwrap())), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }
}
