//! Compact JWS (RFC 7515) with ES256 and nothing else, P-256 keys as JWK (RFC 7517) and their thumbprint (RFC 7638).
//!
//! Strict where the standards leave room: header fields other than `alg`, `typ`, `kid` and `jwk` are refused (so `crit`,
//! `jku`, `x5c` and the like never decide anything), as are doubled fields, padding and stray bits in base64url. Claims
//! can be had only through [`Jws::verify`].

use core::fmt;

use eid_crypto::{Signature, VerifyingKey, hash::sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Flaw, PlatformError, RequestSigner, base64url, json::parse_object};

/// The longest token that is read, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// A parsed JWS whose signature is not checked yet. The header serves to find the key; the claims stay shut.
pub struct Jws<'a> {
    header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Alg,
    typ: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwk: Option<Jwk>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Alg {
    #[serde(rename = "ES256")]
    Es256,
}

/// Parses three base64url parts with an ES256 header, at most [`MAX_TOKEN`] bytes.
///
/// # Errors
/// [`PlatformError::Nonsense`] with [`Flaw::TooLarge`] or [`Flaw::TokenForm`].
pub fn parse(token: &str) -> Result<Jws<'_>, PlatformError> {
    parse_at_most(token, MAX_TOKEN)
}

/// The same for a token that may have another length.
pub(crate) fn parse_at_most(token: &str, longest: usize) -> Result<Jws<'_>, PlatformError> {
    if token.len() > longest {
        return Err(PlatformError::Nonsense(Flaw::TooLarge));
    }
    parse_parts(token).ok_or(PlatformError::Nonsense(Flaw::TokenForm))
}

fn parse_parts(token: &str) -> Option<Jws<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    Some(Jws {
        header: parse_object(&base64url::decode(header)?).ok()?,
        signed,
        payload: base64url::decode(payload)?,
        signature: base64url::decode(signature)?.try_into().ok()?,
    })
}

impl Jws<'_> {
    /// Which key signed, as the signer says.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The key in the header, as the signer says. Proves nothing until the token is verified and the key is known.
    pub fn jwk(&self) -> Option<&VerifyingKey> {
        self.header.jwk.as_ref().map(|jwk| &jwk.0)
    }

    /// Checks `typ` and the signature, then reads the claims.
    ///
    /// # Errors
    /// [`PlatformError::Nonsense`] with [`Flaw::TokenType`], [`Flaw::Signature`] or [`Flaw::Shape`].
    pub fn verify<T: DeserializeOwned>(&self, typ: &str, key: &VerifyingKey) -> Result<T, PlatformError> {
        if self.header.typ != typ {
            return Err(PlatformError::Nonsense(Flaw::TokenType));
        }
        key.verify(self.signed.as_bytes(), &self.signature).map_err(|_| PlatformError::Nonsense(Flaw::Signature))?;
        parse_object(&self.payload)
    }
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jws(…)")
    }
}

/// Signs claims with the signer's key and puts its public half into the header: a binding proof.
///
/// # Errors
/// [`PlatformError::Signer`]; [`PlatformError::Nonsense`] if the claims do not serialise to JSON.
pub async fn sign<T: Serialize + Sync>(
    typ: &str,
    claims: &T,
    signer: &dyn RequestSigner,
) -> Result<String, PlatformError> {
    let header = Header { alg: Alg::Es256, typ: typ.to_owned(), kid: None, jwk: Some(Jwk(signer.public_key())) };
    let signed = signing_input(&header, claims)?;
    let signature = signer.sign(signed.as_bytes()).await?;
    Ok(attach(&signed, &signature))
}

fn signing_input<T: Serialize>(header: &Header, claims: &T) -> Result<String, PlatformError> {
    let json = |part: Result<Vec<u8>, serde_json::Error>| part.map_err(|_| PlatformError::Nonsense(Flaw::Shape));
    let header = base64url::encode(json(serde_json::to_vec(header))?);
    let claims = base64url::encode(json(serde_json::to_vec(claims))?);
    Ok(format!("{header}.{claims}"))
}

fn attach(signed: &str, signature: &Signature) -> String {
    format!("{signed}.{}", base64url::encode(signature))
}

/// A P-256 public key as JWK: `kty`, `crv`, `x` and `y`, and no other member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "JwkFields", into = "JwkFields")]
pub struct Jwk(pub VerifyingKey);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JwkFields {
    crv: Curve,
    kty: KeyType,
    #[serde(with = "base64url")]
    x: [u8; 32],
    #[serde(with = "base64url")]
    y: [u8; 32],
}

#[derive(Serialize, Deserialize)]
enum Curve {
    #[serde(rename = "P-256")]
    P256,
}

#[derive(Serialize, Deserialize)]
enum KeyType {
    #[serde(rename = "EC")]
    Ec,
}

impl From<JwkFields> for Jwk {
    fn from(fields: JwkFields) -> Self {
        Self(VerifyingKey::from_coordinates(&fields.x, &fields.y))
    }
}

impl From<Jwk> for JwkFields {
    fn from(jwk: Jwk) -> Self {
        Self { crv: Curve::P256, kty: KeyType::Ec, x: jwk.0.x(), y: jwk.0.y() }
    }
}

/// RFC 7638 thumbprint (`jkt`): base64url of SHA-256 over the key's required members in their one spelling.
pub fn thumbprint(key: &VerifyingKey) -> String {
    let (x, y) = (base64url::encode(key.x()), base64url::encode(key.y()));
    base64url::encode(sha256(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes()))
}

/// A token as an issuer makes it, with `kid` instead of the key itself; for tests of what the platform signs.
#[cfg(test)]
pub(crate) fn sign_as_issuer(typ: &str, kid: &str, claims: &serde_json::Value, key: &eid_crypto::SigningKey) -> String {
    let header = Header { alg: Alg::Es256, typ: typ.to_owned(), kid: Some(kid.to_owned()), jwk: None };
    let signed = signing_input(&header, claims).unwrap();
    let signature = key.sign(signed.as_bytes()).unwrap();
    attach(&signed, &signature)
}

#[cfg(test)]
mod tests {
    use eid_crypto::SigningKey;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// RFC 9449, figure 2: a DPoP proof.
    const DPOP_OF_RFC_9449: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    struct Software(SigningKey);

    #[async_trait::async_trait]
    impl RequestSigner for Software {
        fn public_key(&self) -> VerifyingKey {
            *self.0.public()
        }

        async fn sign(&self, message: &[u8]) -> Result<Signature, PlatformError> {
            Ok(self.0.sign(message)?)
        }
    }

    fn flaw<T>(result: &Result<T, PlatformError>) -> Option<Flaw> {
        match result {
            Err(PlatformError::Nonsense(flaw)) => Some(*flaw),
            _ => None,
        }
    }

    /// A token of any header text, signed rightly.
    fn token_with_header(header: &str, payload: &[u8], key: &SigningKey) -> String {
        let signed = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
        attach(&signed, &key.sign(signed.as_bytes()).unwrap())
    }

    #[test]
    fn dpop_proof_of_rfc_9449_verifies_and_has_its_thumbprint() {
        let token = parse(DPOP_OF_RFC_9449).unwrap();
        let key = *token.jwk().unwrap();
        let claims: Value = token.verify("dpop+jwt", &key).unwrap();
        assert_eq!(claims["htu"], "https://server.example.com/token");
        assert_eq!(thumbprint(&key), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[tokio::test]
    async fn signed_claims_verify_for_their_type_and_key_only() {
        let signer = Software(SigningKey::make().unwrap());
        let token = sign("dpop+jwt", &json!({"iat": 7}), &signer).await.unwrap();
        let parsed = parse(&token).unwrap();
        let key = signer.public_key();
        assert_eq!((parsed.jwk(), parsed.kid()), (Some(&key), None));
        assert_eq!(parsed.verify::<Value>("dpop+jwt", &key).unwrap(), json!({"iat": 7}));
        assert_eq!(flaw(&parsed.verify::<Value>("JWT", &key)), Some(Flaw::TokenType));
        let other = *SigningKey::make().unwrap().public();
        assert_eq!(flaw(&parsed.verify::<Value>("dpop+jwt", &other)), Some(Flaw::Signature));
    }

    #[test]
    fn headers_outside_the_profile_are_refused() {
        let key = SigningKey::make().unwrap();
        for (header, accepted) in [
            (r#"{"alg":"ES256","typ":"JWT"}"#, true),
            (r#"{"alg":"ES256","typ":"JWT","kid":"AA"}"#, true),
            (r#"{"alg":"none","typ":"JWT"}"#, false),
            (r#"{"alg":"HS256","typ":"JWT"}"#, false),
            (r#"{"alg":"es256","typ":"JWT"}"#, false),
            (r#"{"typ":"JWT"}"#, false),
            (r#"{"alg":"ES256"}"#, false),
            (r#"{"alg":"ES256","alg":"ES256","typ":"JWT"}"#, false),
            (r#"{"alg":"ES256","typ":"JWT","crit":["b64"],"b64":false}"#, false),
            (r#"{"alg":"ES256","typ":"JWT","jku":"https://keys.example"}"#, false),
            (r#"{"alg":"ES256","typ":"JWT","jwk":{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}}"#, false),
            (r#"{"alg":"ES256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}}"#, false),
            (r#"{"alg":"ES256","typ":"JWT"} "x""#, false),
            (r#"["ES256","JWT",null,null]"#, false),
        ] {
            let token = token_with_header(header, b"{}", &key);
            let result = parse(&token);
            assert_eq!(result.is_ok(), accepted, "{header}");
            assert_eq!(flaw(&result), (!accepted).then_some(Flaw::TokenForm), "{header}");
        }
    }

    #[test]
    fn private_key_in_the_header_is_refused() {
        let key = SigningKey::make().unwrap();
        let coordinate = base64url::encode(key.public().x());
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{coordinate}","y":"{coordinate}","d":"{coordinate}"}}"#);
        let token = token_with_header(&format!(r#"{{"alg":"ES256","typ":"JWT","jwk":{jwk}}}"#), b"{}", &key);
        assert_eq!(flaw(&parse(&token)), Some(Flaw::TokenForm));
    }

    #[test]
    fn tokens_of_another_form_are_refused() {
        let [header, payload, signature]: [&str; 3] =
            DPOP_OF_RFC_9449.split('.').collect::<Vec<_>>().try_into().unwrap();
        let short = base64url::encode(&base64url::decode(signature).unwrap()[..63]);
        for token in [
            String::new(),
            "..".to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.{signature}.{signature}"),
            format!("{header}.{payload}.{signature}=="),
            format!("{header}.{payload}=.{signature}"),
            format!("{header}.{payload}\n.{signature}"),
            format!("{header}.{payload}.{short}"),
            // Stray bits in the last character: another spelling of the same bytes.
            format!("{header}.{payload}.{}h", signature.strip_suffix('g').unwrap()),
            format!("{header}.{}.{signature}", payload.replace('J', "+")),
        ] {
            assert_eq!(flaw(&parse(&token)), Some(Flaw::TokenForm), "{token}");
        }
        let long = format!("{header}.{}.{signature}", "A".repeat(MAX_TOKEN));
        assert_eq!(flaw(&parse(&long)), Some(Flaw::TooLarge));
    }

    #[test]
    fn signed_bytes_that_are_no_claims_are_refused_after_the_signature() {
        #[derive(Debug, Deserialize)]
        struct Claims {
            #[serde(rename = "iat")]
            _iat: i64,
        }
        let key = SigningKey::make().unwrap();
        for payload in ["", "{", "[1]x", r#"{"iat":"7"}"#, r#"{"iat":7,"iat":7}"#, r#"{"iat":7.5}"#, "{}"] {
            let token = token_with_header(r#"{"alg":"ES256","typ":"JWT"}"#, payload.as_bytes(), &key);
            let claims = parse(&token).unwrap().verify::<Claims>("JWT", key.public());
            assert_eq!(flaw(&claims), Some(Flaw::Shape), "{payload}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parsed_never_panics(text in "\\PC*", token in "[A-Za-z0-9_-]{0,80}(\\.[A-Za-z0-9_-]{0,80}){0,3}") {
            prop_assert!(parse(&text).is_err());
            prop_assert!(parse(&token).is_err());
        }

        #[test]
        fn altered_token_never_verifies(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
            let at = at.index(DPOP_OF_RFC_9449.len());
            let mut token = DPOP_OF_RFC_9449.to_owned();
            token.replace_range(at..=at, &to);
            prop_assume!(token != DPOP_OF_RFC_9449);
            let key = *parse(DPOP_OF_RFC_9449).unwrap().jwk().unwrap();
            prop_assert!(parse(&token).and_then(|jws| jws.verify::<Value>("dpop+jwt", &key)).is_err());
        }
    }
}
