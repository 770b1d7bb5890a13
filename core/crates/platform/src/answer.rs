//! What the platform answers, parsed: pure functions from the bytes of a body to typed values.
//!
//! Unknown fields are ignored, so that a newer platform can say more; a field that is missing, doubled, of the wrong type
//! or out of bounds makes the answer [`PlatformError::Nonsense`].

use core::fmt;
use std::collections::BTreeMap;

use eid_crypto::{SecretBytes, SecretKey};
use eid_model::UnixTime;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::{
    AccountId, ActivationId, Flaw, PlatformError, base64url, binding::later, json::parse_object, jws::MAX_TOKEN,
};

const NONSENSE: PlatformError = PlatformError::Nonsense(Flaw::Shape);

/// The format of our credentials in issuer metadata.
const SD_CWT: &str = "dc+sd-cwt";

/// The most credentials that are asked for at once, whatever the platform would give.
const LARGEST_BATCH: u16 = 100;

/// An activation that waits for its one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationStarted {
    /// Names the activation in the calls that follow.
    pub activation_id: ActivationId,
    /// When the one-time code stops being good.
    pub code_expires_at: UnixTime,
}

/// Parses the answer to `POST /v1/activation`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_activation_started(body: &[u8]) -> Result<ActivationStarted, PlatformError> {
    parse_object(body)
}

/// The challenges of the steps after the one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceChallenge {
    /// What the device key signs.
    #[serde(with = "base64url")]
    pub device_challenge: [u8; 32],
    /// What the card's chip signs.
    #[serde(with = "base64url")]
    pub chip_challenge: [u8; 8],
    /// When the activation must be started anew.
    pub expires_at: UnixTime,
}

/// Parses the answer to `POST /v1/activation/{id}/code`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_device_challenge(body: &[u8]) -> Result<DeviceChallenge, PlatformError> {
    parse_object(body)
}

/// A phone that is bound to an account. Nothing in it is to be believed before [`crate::Grant::verify`].
#[derive(Deserialize)]
pub struct DeviceBound {
    /// The account.
    pub account_id: AccountId,
    /// The level-2 grant, a JWT that is not verified yet.
    pub grant: String,
    /// The issuer's name, as the trust list has it.
    pub issuer: String,
    /// Locks the account from any phone: 18 letters and digits, for the holder alone.
    pub lock_code: String,
    /// The number of the passcode whose key was bound, from 1.
    pub passcode_epoch: u32,
    /// What the platform keeps for a forgotten passcode of this phone.
    #[serde(deserialize_with = "secret_key")]
    pub recovery_share: SecretKey,
}

fn secret_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretKey, D::Error> {
    let bytes = SecretBytes::new(base64url::deserialize::<32, _>(deserializer)?.to_vec());
    SecretKey::parse(&bytes).map_err(|_| D::Error::custom("not 32 bytes"))
}

impl fmt::Debug for DeviceBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceBound(…)")
    }
}

/// Parses the answer to `POST /v1/activation/{id}/device`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_device_bound(body: &[u8]) -> Result<DeviceBound, PlatformError> {
    let bound: DeviceBound = parse_object(body)?;
    let fits = bound.grant.len() <= MAX_TOKEN && (1..=256).contains(&bound.issuer.len()) && bound.passcode_epoch > 0;
    if fits && is_lock_code(&bound.lock_code) { Ok(bound) } else { Err(NONSENSE) }
}

/// 18 letters and digits.
pub(crate) fn is_lock_code(code: &str) -> bool {
    code.len() == 18 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[derive(Deserialize)]
struct GrantAnswer {
    grant: String,
}

/// Parses the answer to `GET /v1/grant` into the grant's JWT, which is not verified yet.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_grant(body: &[u8]) -> Result<String, PlatformError> {
    let GrantAnswer { grant } = parse_object(body)?;
    if grant.len() <= MAX_TOKEN { Ok(grant) } else { Err(NONSENSE) }
}

/// An access token (RFC 6749), bound to the device key; wiped on drop.
#[derive(Debug)]
pub struct AccessToken {
    token: SecretBytes,
    expires_at: UnixTime,
}

impl AccessToken {
    /// Takes over a token that lives `expires_in` seconds from `now`, if it is bound to the device key.
    pub(crate) fn parse(token: String, kind: &str, expires_in: u32, now: UnixTime) -> Result<Self, PlatformError> {
        let token = SecretBytes::new(token.into_bytes());
        // EXPOSE: checked for characters that a header may hold.
        let fits = is_visible_ascii(token.expose(), 4096) && kind.eq_ignore_ascii_case("DPoP");
        if fits { Ok(Self { token, expires_at: later(now, expires_in.into()) }) } else { Err(NONSENSE) }
    }

    /// When the platform stops taking it, by the clock that the request was made with.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The token's characters, all of them visible ASCII.
    pub(crate) fn expose(&self) -> &[u8] {
        // EXPOSE: callers say why.
        self.token.expose()
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: u32,
}

/// Parses the answer to `POST /oauth2/token`, asked for at `now`.
///
/// # Errors
/// [`PlatformError::Nonsense`], also for a token that is not bound to the device key (`token_type` other than `DPoP`).
pub fn parse_access_token(body: &[u8], now: UnixTime) -> Result<AccessToken, PlatformError> {
    let TokenAnswer { access_token, token_type, expires_in } = parse_object(body)?;
    AccessToken::parse(access_token, &token_type, expires_in, now)
}

/// A nonce for credential proofs (`c_nonce`), good once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CNonce(String);

impl CNonce {
    /// The nonce as it goes into proofs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
struct NonceAnswer {
    c_nonce: String,
}

/// Parses the answer to `POST /openid4vci/nonce`.
///
/// # Errors
/// [`PlatformError::Nonsense`].
pub fn parse_nonce(body: &[u8]) -> Result<CNonce, PlatformError> {
    let NonceAnswer { c_nonce } = parse_object(body)?;
    if is_visible_ascii(c_nonce.as_bytes(), 256) { Ok(CNonce(c_nonce)) } else { Err(NONSENSE) }
}

/// What the platform issues (OpenID4VCI 1.0 section 12.2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerMetadata {
    /// The kinds of credential in our format, by their name.
    pub configurations: Vec<CredentialConfiguration>,
    /// How many credentials may be asked for at once; 1 to 100.
    pub batch_size: u16,
}

/// One kind of credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialConfiguration {
    /// Its name in requests, `vn.eid.<purpose>`.
    pub id: String,
    /// The registered number of its purpose, as in the token.
    pub vct: u16,
}

#[derive(Deserialize)]
struct MetadataAnswer {
    credential_issuer: String,
    credential_configurations_supported: BTreeMap<String, ConfigurationAnswer>,
    #[serde(default)]
    batch_credential_issuance: Option<BatchAnswer>,
}

#[derive(Deserialize)]
struct ConfigurationAnswer {
    format: String,
    #[serde(default)]
    vct: Value,
}

#[derive(Deserialize)]
struct BatchAnswer {
    batch_size: u16,
}

/// Parses the answer to `GET /.well-known/openid-credential-issuer` of the platform with URL `platform`. Configurations in
/// other formats than ours are left out.
///
/// # Errors
/// [`PlatformError::Nonsense`], with [`Flaw::Issuer`] if it is the metadata of another issuer (mix-up).
pub fn parse_issuer_metadata(body: &[u8], platform: &str) -> Result<IssuerMetadata, PlatformError> {
    let answer: MetadataAnswer = parse_object(body)?;
    if answer.credential_issuer != platform {
        return Err(PlatformError::Nonsense(Flaw::Issuer));
    }
    let ours = answer.credential_configurations_supported.into_iter().filter(|(_, c)| c.format == SD_CWT);
    let configurations = ours
        .map(|(id, c)| {
            let vct = c.vct.as_u64().and_then(|number| u16::try_from(number).ok());
            vct.map(|vct| CredentialConfiguration { id, vct }).ok_or(NONSENSE)
        })
        .collect::<Result<Vec<_>, _>>()?;
    match answer.batch_credential_issuance.map_or(1, |batch| batch.batch_size) {
        0 => Err(NONSENSE),
        size => Ok(IssuerMetadata { configurations, batch_size: size.min(LARGEST_BATCH) }),
    }
}

#[derive(Deserialize)]
struct CredentialsAnswer {
    credentials: Vec<CredentialAnswer>,
}

#[derive(Deserialize)]
struct CredentialAnswer {
    credential: String,
}

/// Parses the answer to `POST /openid4vci/credential` into `count` issuer tokens, in the order of the proofs. They are not
/// verified yet.
///
/// # Errors
/// [`PlatformError::Nonsense`], with [`Flaw::Count`] for fewer or more than `count`.
pub fn parse_credentials(body: &[u8], count: usize) -> Result<Vec<Vec<u8>>, PlatformError> {
    let CredentialsAnswer { credentials } = parse_object(body)?;
    if credentials.len() != count {
        return Err(PlatformError::Nonsense(Flaw::Count));
    }
    let token = |c: CredentialAnswer| base64url::decode(&c.credential).filter(|t| !t.is_empty()).ok_or(NONSENSE);
    credentials.into_iter().map(token).collect()
}

pub(crate) fn is_visible_ascii(text: &[u8], longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_000_000);
    const PLATFORM: &str = "https://platform.example";

    fn parses(name: &str, body: &[u8]) -> Result<(), PlatformError> {
        match name {
            "activation" => parse_activation_started(body).map(drop),
            "challenge" => parse_device_challenge(body).map(drop),
            "bound" => parse_device_bound(body).map(drop),
            "grant" => parse_grant(body).map(drop),
            "token" => parse_access_token(body, NOW).map(drop),
            "nonce" => parse_nonce(body).map(drop),
            "metadata" => parse_issuer_metadata(body, PLATFORM).map(drop),
            "credentials" => parse_credentials(body, 1).map(drop),
            other => panic!("no parser {other}"),
        }
    }

    const TOKEN: &str = r#"{"access_token":"tok","token_type":"DPoP","expires_in":600}"#;

    const GOOD: [(&str, &str); 8] = [
        ("activation", r#"{"activation_id":"a1","code_expires_at":1795000300}"#),
        (
            "challenge",
            r#"{"device_challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","chip_challenge":"AAAAAAAAAAA","expires_at":1795000300}"#,
        ),
        (
            "bound",
            r#"{"account_id":"acc","grant":"a.b.c","issuer":"https://issuer.example","lock_code":"0123456789ABCDEFGH","passcode_epoch":1,"recovery_share":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        ),
        ("grant", r#"{"grant":"a.b.c"}"#),
        ("token", TOKEN),
        ("nonce", r#"{"c_nonce":"n-1"}"#),
        (
            "metadata",
            r#"{"credential_issuer":"https://platform.example","credential_configurations_supported":{"vn.eid.age":{"format":"dc+sd-cwt","vct":65041}}}"#,
        ),
        ("credentials", r#"{"credentials":[{"credential":"AQID"}]}"#),
    ];

    #[test]
    fn good_answers_parse_and_unknown_fields_do_not_matter() {
        for (name, body) in GOOD {
            assert_eq!(parses(name, body.as_bytes()), Ok(()), "{name}");
            let newer = body.replacen('{', r#"{"from_a_newer_platform":{"x":[1]},"#, 1);
            assert_eq!(parses(name, newer.as_bytes()), Ok(()), "{name}");
        }
    }

    #[test]
    fn answers_without_a_field_or_with_one_twice_are_nonsense() {
        for (name, body) in GOOD {
            let object: serde_json::Map<String, Value> = serde_json::from_str(body).unwrap();
            for (field, value) in &object {
                let mut less = object.clone();
                less.remove(field);
                assert_eq!(
                    parses(name, Value::Object(less).to_string().as_bytes()),
                    Err(NONSENSE),
                    "{name} no {field}"
                );
                let twice = body.replacen('{', &format!("{{{}:{value},", Value::from(field.as_str())), 1);
                assert_eq!(parses(name, twice.as_bytes()), Err(NONSENSE), "{name} twice {field}");
            }
            for bad in ["", "null", "[]", "{}", "\"x\"", "<html>", body.strip_suffix('}').unwrap(), &format!("{body}x")]
            {
                assert_eq!(parses(name, bad.as_bytes()), Err(NONSENSE), "{name} {bad}");
            }
        }
    }

    #[test]
    fn fields_out_of_bounds_are_nonsense() {
        let long = "A".repeat(MAX_TOKEN + 1);
        for (name, from, to) in [
            ("activation", "\"a1\"", "\"../a1\""),
            ("activation", "\"a1\"", "1"),
            ("activation", "1795000300", "\"1795000300\""),
            ("activation", "1795000300", "1795000300.5"),
            ("activation", "1795000300", "9223372036854775808"),
            ("challenge", "\"AAAA", "\"AAA"),
            ("challenge", "AAA\"", "AAA=\""),
            ("challenge", "AAA\"", "AAB\""),
            ("bound", "a.b.c", &long),
            ("bound", "https://issuer.example", ""),
            ("bound", "0123456789ABCDEFGH", "0123456789ABCDEFG"),
            ("bound", "0123456789ABCDEFGH", "0123456789 BCDEFGH"),
            ("grant", "a.b.c", &long),
            ("token", "\"DPoP\"", "\"Bearer\""),
            ("token", "tok", ""),
            ("token", "tok", "tok\\r\\nX: y"),
            ("token", "600", "-1"),
            ("nonce", "n-1", ""),
            ("nonce", "n-1", "n 1"),
            ("metadata", "65041", "65536"),
            ("metadata", "65041", "\"65041\""),
            ("metadata", ",\"vct\":65041", ""),
            (
                "metadata",
                "{\"credential_issuer\"",
                "{\"batch_credential_issuance\":{\"batch_size\":0},\"credential_issuer\"",
            ),
            ("credentials", "AQID", ""),
            ("credentials", "AQID", "AQ=="),
        ] {
            let good = GOOD.iter().find(|(n, _)| *n == name).unwrap().1;
            let bad = good.replacen(from, to, 1);
            assert_ne!(good, bad, "{name} {from}");
            assert_eq!(parses(name, bad.as_bytes()), Err(NONSENSE), "{bad}");
        }
    }

    #[test]
    fn metadata_of_another_issuer_or_with_other_formats_is_told_apart() {
        let body = br#"{"credential_issuer":"https://platform.example","batch_credential_issuance":{"batch_size":1000},
            "credential_configurations_supported":{"vn.eid.id":{"format":"dc+sd-cwt","vct":65042},"org.iso.mdl":{"format":"mso_mdoc"}}}"#;
        let metadata = parse_issuer_metadata(body, PLATFORM).unwrap();
        assert_eq!(metadata.configurations, [CredentialConfiguration { id: "vn.eid.id".to_owned(), vct: 65042 }]);
        assert_eq!(metadata.batch_size, 100);
        let mixed_up = parse_issuer_metadata(body, "https://other.example");
        assert_eq!(mixed_up, Err(PlatformError::Nonsense(Flaw::Issuer)));
    }

    #[test]
    fn credentials_fewer_or_more_than_asked_are_refused() {
        let body = br#"{"credentials":[{"credential":"AQID"},{"credential":"BA"}]}"#;
        assert_eq!(parse_credentials(body, 2).unwrap(), [vec![1, 2, 3], vec![4]]);
        for count in [0, 1, 3] {
            assert_eq!(parse_credentials(body, count), Err(PlatformError::Nonsense(Flaw::Count)));
        }
    }

    #[test]
    fn access_token_parsed_expires_and_stays_hidden() {
        let token = parse_access_token(TOKEN.as_bytes(), NOW).unwrap();
        assert_eq!((token.expose(), token.expires_at().seconds()), (b"tok".as_slice(), 1_795_000_600));
        assert!(!format!("{token:?}").contains("tok\""), "{token:?}");
        let late = parse_access_token(TOKEN.as_bytes(), UnixTime::from_seconds(i64::MAX)).unwrap();
        assert_eq!(late.expires_at().seconds(), i64::MAX);
    }

    proptest! {
        #[test]
        fn any_bytes_parsed_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), at in 0..8_usize) {
            prop_assert!(parses(GOOD[at].0, &body).is_err());
        }
    }
}
