//! The binding proofs that the client signs; the table in `core/docs/platform-protocol.md` lists their claims.

use eid_crypto::{PasscodeKey, Random, hash::sha256, random};
use eid_model::UnixTime;
use serde::Serialize;

use crate::{AccessToken, AccountId, PlatformError, RequestSigner, base64url, jws};

/// How long an assertion is good for, in seconds.
const ASSERTION_LIFE: i64 = 60;

#[derive(Serialize)]
struct DeviceBinding<'a> {
    aud: &'a str,
    iat: UnixTime,
    #[serde(with = "base64url")]
    nonce: [u8; 32],
}

/// The device key asks to be bound to the account that is being activated.
pub(crate) async fn make_device_binding(
    device: &dyn RequestSigner,
    platform: &str,
    challenge: &[u8; 32],
    now: UnixTime,
) -> Result<String, PlatformError> {
    let claims = DeviceBinding { aud: platform, iat: now, nonce: *challenge };
    jws::sign("eid-device-binding+jwt", &claims, device).await
}

/// A key shows itself, with what the platform gave for this.
#[derive(Serialize)]
struct KeyBinding<'a> {
    aud: &'a str,
    iat: UnixTime,
    nonce: &'a str,
}

/// The passcode key shows itself to `platform`, which is to know its public half from then on. `nonce` is what the platform gave
/// for this: the device challenge of an activation in base64url, or the challenge of the instruction that changes the passcode.
///
/// # Errors
/// [`PlatformError::Crypto`] without random bytes.
pub async fn make_passcode_binding(
    passcode: &PasscodeKey,
    platform: &str,
    nonce: &str,
    now: UnixTime,
) -> Result<String, PlatformError> {
    jws::sign("eid-passcode-binding+jwt", &KeyBinding { aud: platform, iat: now, nonce }, passcode).await
}

/// The biometric key shows itself; `nonce` is the challenge of the instruction that registers it.
pub(crate) async fn make_biometric_binding(
    key: &dyn RequestSigner,
    platform: &str,
    nonce: &str,
    now: UnixTime,
) -> Result<String, PlatformError> {
    jws::sign("eid-biometric-binding+jwt", &KeyBinding { aud: platform, iat: now, nonce }, key).await
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: UnixTime,
    exp: UnixTime,
    jti: String,
}

/// The device key asks for an access token (RFC 7523 section 2.1).
pub(crate) async fn make_assertion(
    device: &dyn RequestSigner,
    account: &AccountId,
    token_endpoint: &str,
    rng: &dyn Random,
    now: UnixTime,
) -> Result<String, PlatformError> {
    let claims = Assertion {
        iss: account.as_str(),
        sub: account.as_str(),
        aud: token_endpoint,
        iat: now,
        exp: later(now, ASSERTION_LIFE),
        jti: make_jti(rng)?,
    };
    jws::sign("JWT", &claims, device).await
}

#[derive(Serialize)]
struct Dpop<'a> {
    htm: &'a str,
    htu: &'a str,
    iat: UnixTime,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

/// The device key signs one request (RFC 9449 section 4.2), with the access token that goes with it, if any.
pub(crate) async fn make_dpop(
    device: &dyn RequestSigner,
    (htm, htu): (&str, &str),
    access_token: Option<&AccessToken>,
    rng: &dyn Random,
    now: UnixTime,
) -> Result<String, PlatformError> {
    // EXPOSE: the token is hashed into the proof.
    let ath = access_token.map(|token| base64url::encode(sha256(token.expose())));
    let claims = Dpop { htm, htu, iat: now, jti: make_jti(rng)?, ath };
    jws::sign("dpop+jwt", &claims, device).await
}

#[derive(Serialize)]
struct CredentialProof<'a> {
    aud: &'a str,
    iat: UnixTime,
    nonce: &'a str,
}

/// A new credential's own key proves itself (OpenID4VCI 1.0 appendix F.1).
pub(crate) async fn make_credential_proof(
    credential_key: &dyn RequestSigner,
    issuer: &str,
    c_nonce: &str,
    now: UnixTime,
) -> Result<String, PlatformError> {
    jws::sign("openid4vci-proof+jwt", &CredentialProof { aud: issuer, iat: now, nonce: c_nonce }, credential_key).await
}

/// 16 random bytes that name a token, so that the platform can refuse it the second time.
fn make_jti(rng: &dyn Random) -> Result<String, PlatformError> {
    Ok(base64url::encode(random::<16>(rng)?))
}

/// `time` and so many seconds, stopping at the end of the scale.
pub(crate) fn later(time: UnixTime, seconds: i64) -> UnixTime {
    UnixTime::from_seconds(time.seconds().saturating_add(seconds))
}
