//! JWS with a detached, unencoded payload (RFC 7515 appendix F, RFC 7797): what is signed stands beside its signature as it is,
//! and not a third longer in base64url.

use eid_crypto::{Signature, VerifyingKey};
use serde::Deserialize;

use crate::{Flaw, base64url, json::parse_object, jws::Alg};

/// A parsed signature that is not checked yet.
pub(crate) struct Detached<'a> {
    header: Header,
    encoded_header: &'a str,
    signature: Signature,
}

/// All members are required, and there are no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(rename = "alg")]
    _alg: Alg,
    b64: bool,
    crit: [String; 1],
    typ: String,
    #[serde(rename = "kid")]
    _kid: String,
}

impl<'a> Detached<'a> {
    /// Reads `header..signature`.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Flaw> {
        Self::parse_parts(text).ok_or(Flaw::TokenForm)
    }

    fn parse_parts(text: &'a str) -> Option<Self> {
        let (encoded_header, signature) = text.split_once("..")?;
        let header: Header = parse_object(&base64url::decode(encoded_header)?).ok()?;
        let signature = base64url::decode(signature)?.try_into().ok()?;
        (!header.b64 && header.crit == ["b64"]).then_some(Self { header, encoded_header, signature })
    }

    /// Checks `typ`, and the signature over these very bytes by one of the keys. Each key is tried, as there are one or two.
    pub(crate) fn verify<'k>(
        &self,
        typ: &str,
        payload: &[u8],
        mut keys: impl Iterator<Item = &'k VerifyingKey>,
    ) -> Result<(), Flaw> {
        if self.header.typ != typ {
            return Err(Flaw::TokenType);
        }
        let signed = [self.encoded_header.as_bytes(), b".", payload].concat();
        let is_signed = keys.any(|key| key.verify(&signed, &self.signature).is_ok());
        if is_signed { Ok(()) } else { Err(Flaw::Signature) }
    }
}

/// Signs as an authority does; for tests.
#[cfg(test)]
pub(crate) fn sign_detached(header: &str, payload: &str, key: &eid_crypto::SigningKey) -> String {
    let header = base64url::encode(header);
    let signature = key.sign(format!("{header}.{payload}").as_bytes()).unwrap();
    format!("{header}..{}", base64url::encode(signature))
}

#[cfg(test)]
mod tests {
    use eid_crypto::SigningKey;

    use super::*;

    const HEADER: &str = r#"{"alg":"ES256","b64":false,"crit":["b64"],"kid":"AAAAAAAAAAA","typ":"t+jwt"}"#;

    #[test]
    fn detached_signature_verifies_over_the_very_bytes_only() {
        let (old, new) = (SigningKey::make().unwrap(), SigningKey::make().unwrap());
        let text = sign_detached(HEADER, r#"{"a":1}"#, &new);
        let parsed = Detached::parse(&text).unwrap();
        let keys = [*old.public(), *new.public()];
        assert_eq!(parsed.verify("t+jwt", br#"{"a":1}"#, keys.iter()), Ok(()));
        assert_eq!(parsed.verify("u+jwt", br#"{"a":1}"#, keys.iter()), Err(Flaw::TokenType));
        for other in [&br#"{"a": 1}"#[..], br#"{"a":2}"#, b""] {
            assert_eq!(parsed.verify("t+jwt", other, keys.iter()), Err(Flaw::Signature));
        }
        assert_eq!(parsed.verify("t+jwt", br#"{"a":1}"#, keys.iter().take(1)), Err(Flaw::Signature));
        assert_eq!(parsed.verify("t+jwt", br#"{"a":1}"#, keys.iter().take(0)), Err(Flaw::Signature));
    }

    #[test]
    fn headers_outside_the_profile_are_refused() {
        let key = SigningKey::make().unwrap();
        assert!(Detached::parse(&sign_detached(HEADER, "{}", &key)).is_ok());
        for (from, to) in [
            ("ES256", "none"),
            ("ES256", "HS256"),
            (r#""b64":false,"#, ""),
            ("false", "true"),
            ("false", "null"),
            (r#"["b64"]"#, r#"["b64","exp"]"#),
            (r#"["b64"]"#, "[]"),
            (r#"["b64"]"#, r#"["exp"]"#),
            (r#""crit":["b64"],"#, ""),
            (r#","typ":"t+jwt""#, ""),
            (r#""kid":"AAAAAAAAAAA","#, ""),
            (r#""kid""#, r#""jku":"https://keys.example","kid""#),
            (r#""kid""#, r#""typ":"t+jwt","kid""#),
        ] {
            let header = HEADER.replacen(from, to, 1);
            assert_ne!(header, HEADER);
            let refused = Detached::parse(&sign_detached(&header, "{}", &key)).err();
            assert_eq!(refused, Some(Flaw::TokenForm), "{header}");
        }
        let text = sign_detached(HEADER, "{}", &key);
        for other in
            [text.replace("..", "."), text.replace("..", ".e30."), format!("{text}="), text.replace("..", "...")]
        {
            assert_eq!(Detached::parse(&other).err(), Some(Flaw::TokenForm), "{other}");
        }
    }
}
