use core::{fmt, time::Duration};
use std::sync::Arc;

use eid_crypto::{PasscodeKey, Random, SecretBytes, SecretKey};
use eid_model::{PhoneNumber, Pid, UnixTime};
use reqwest::{
    RequestBuilder,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::Serialize;

use crate::{
    AccessToken, AccountId, ActivationId, ActivationPurpose, ActivationStarted, CNonce, CredentialConfiguration,
    DeviceBound, DeviceChallenge, DeviceReport, DeviceState, Flaw, IssuerMetadata, PlatformError, RequestSigner,
    answer, base64url, binding,
    http::{Answer, Expected, Gate, Http, Read, copy},
    parse_device_state,
};

pub(crate) const JSON: &str = "application/json";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The client of one e-ID platform: one method for each call of `core/docs/platform-protocol.md`.
///
/// Connections are kept and shared: make one client and keep it. Methods must run in a tokio runtime with I/O and time
/// enabled. A dropped future abandons its request; the platform may have acted on it.
///
/// All calls share one [`crate::circuit::Circuit`]: when tries stay without an answer, nothing is sent for a while. A call waits for that
/// as long as its own time allows, and otherwise gives the error that the last try gave. Equal plain reads at the same time are
/// one request.
#[derive(Debug)]
pub struct PlatformClient {
    pub(crate) http: Arc<Http>,
}

/// Where the platform is and whom to trust.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// The platform URL: `https`, host and optional port, without a path.
    pub base_url: String,
    /// The platform's own CA certificates, DER: the present one, and the next one before a change. Nothing else is trusted.
    pub ca_der: Vec<Vec<u8>>,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// How long calls may take. The time that a key takes to sign is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// For one try, from its start to the last byte of the answer.
    pub attempt: Duration,
    /// For all tries of a call and the waits between them.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 5 s to connect, 15 s a try, 45 s in all.
    fn default() -> Self {
        let [connect, attempt, total] = [5, 15, 45].map(Duration::from_secs);
        Self { connect, attempt, total }
    }
}

/// The six digits of a text message; wiped on drop.
#[derive(Debug)]
pub struct OneTimeCode(SecretBytes);

impl OneTimeCode {
    /// Parses six ASCII digits; spaces around and between them are ignored, as messages are copied with them.
    ///
    /// # Errors
    /// [`PlatformError::OneTimeCodeFormat`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let digits = SecretBytes::new(text.bytes().filter(|b| *b != b' ').collect());
        // EXPOSE: checked for form.
        let fits = digits.expose().len() == 6 && digits.expose().iter().all(u8::is_ascii_digit);
        if fits { Ok(Self(digits)) } else { Err(PlatformError::OneTimeCodeFormat) }
    }

    pub(crate) fn expose(&self) -> &str {
        // EXPOSE: the digits go into the request's body.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

/// Which credentials to ask for.
#[derive(Clone, Copy)]
pub struct CredentialRequest<'a> {
    /// One of the platform's kinds.
    pub configuration: &'a CredentialConfiguration,
    /// A fresh nonce of [`PlatformClient::nonce`].
    pub nonce: &'a CNonce,
    /// One new key for each credential, at most [`IssuerMetadata::batch_size`]; never used before.
    pub keys: &'a [&'a dyn RequestSigner],
}

impl fmt::Debug for CredentialRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialRequest({} × {})", self.keys.len(), self.configuration.id)
    }
}

#[derive(Serialize)]
struct Activation<'a> {
    pid: &'a str,
    phone: &'a str,
    purpose: ActivationPurpose,
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
}

#[derive(Serialize)]
struct Bindings<'a> {
    binding: &'a str,
    passcode_binding: &'a str,
    recovery_share: &'a str,
}

/// What a phone binds to an account.
#[derive(Clone, Copy)]
pub struct BindRequest<'a> {
    /// The device challenge of [`PlatformClient::confirm_code`].
    pub challenge: &'a [u8; 32],
    /// The device key.
    pub device: &'a dyn RequestSigner,
    /// The key of the passcode that was chosen.
    pub passcode: &'a PasscodeKey,
    /// What the platform keeps for a forgotten passcode.
    pub recovery_share: &'a SecretKey,
}

impl fmt::Debug for BindRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BindRequest(…)")
    }
}

#[derive(Serialize)]
struct TokenForm<'a> {
    grant_type: &'a str,
    assertion: &'a str,
}

#[derive(Serialize)]
struct Credentials<'a> {
    credential_configuration_id: &'a str,
    proofs: Proofs,
}

#[derive(Serialize)]
struct Proofs {
    jwt: Vec<String>,
}

/// # Errors of every call
/// [`PlatformError::Unreachable`], [`PlatformError::Interrupted`], [`PlatformError::Timeout`], [`PlatformError::Untrusted`],
/// [`PlatformError::Busy`], [`PlatformError::Refused`] and [`PlatformError::Nonsense`]; calls that sign also give
/// [`PlatformError::Signer`] and [`PlatformError::Crypto`]. All but [`Self::confirm_code`] are repeated by themselves
/// ([`crate::retry::Policy`]) within [`Timeouts::total`].
impl PlatformClient {
    /// A client for one platform. `rng` makes token names and spreads repeats over time. Opens no connection yet.
    ///
    /// # Errors
    /// [`PlatformError::ConfigInvalid`].
    pub fn new(config: &PlatformConfig, rng: Arc<dyn Random>) -> Result<Self, PlatformError> {
        Ok(Self { http: Arc::new(Http::new(config, rng)?) })
    }

    /// The same client, which asks `gate` before each try and makes none that it refuses; only [`Self::configuration`] is always
    /// asked for, because it can open the gate again.
    #[must_use]
    pub fn gated_by(self, gate: Gate) -> Self {
        self.http.set_gate(gate);
        self
    }

    /// The phone has another network, or one again: if calls are held back because the platform did not answer, one try is made
    /// at once.
    pub fn network_changed(&self) {
        self.http.network_changed();
    }

    /// Asks for an activation, a new passcode or the end of one's own lock: the platform sends a one-time code to the phone that
    /// the register has, and the message says what for.
    ///
    /// The same `idempotency_key` gives the same activation and sends no second message; store it before the call.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn start_activation(
        &self,
        (pid, phone): (&Pid, &PhoneNumber),
        purpose: ActivationPurpose,
        idempotency_key: &[u8; 16],
    ) -> Result<ActivationStarted, PlatformError> {
        let request = self
            .post("/v1/activation")
            .header("Idempotency-Key", base64url::encode(idempotency_key))
            .json(&Activation { pid: pid.as_str(), phone: phone.as_str(), purpose });
        answer::parse_activation_started(&self.repeat(request, 201, JSON).await?)
    }

    /// Sends the one-time code. Never repeated by itself, for each try counts.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn confirm_code(&self, id: &ActivationId, code: &OneTimeCode) -> Result<DeviceChallenge, PlatformError> {
        let path = format!("/v1/activation/{}/code", id.as_str());
        let request = self.post(&path).json(&Code { code: code.expose() });
        answer::parse_device_challenge(&self.once(request, 200, JSON).await?)
    }

    /// Binds the device key to the account, makes the passcode key known, and leaves a recovery share with the platform.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn bind_device(
        &self,
        id: &ActivationId,
        bind: BindRequest<'_>,
        now: UnixTime,
    ) -> Result<DeviceBound, PlatformError> {
        let BindRequest { challenge, device, passcode, recovery_share } = bind;
        let binding = binding::make_device_binding(device, self.http.origin(), challenge, now).await?;
        let nonce = base64url::encode(challenge);
        let passcode_binding = binding::make_passcode_binding(passcode, self.http.origin(), &nonce, now).await?;
        // EXPOSE: the platform keeps the share.
        let recovery_share = base64url::encode(recovery_share.expose());
        let bindings =
            Bindings { binding: &binding, passcode_binding: &passcode_binding, recovery_share: &recovery_share };
        let request = self.post(&format!("/v1/activation/{}/device", id.as_str())).json(&bindings);
        answer::parse_device_bound(&self.repeat(request, 201, JSON).await?)
    }

    /// Gets an access token that only `device` can use.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn token(
        &self,
        account: &AccountId,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<AccessToken, PlatformError> {
        let (endpoint, rng) = (self.http.url("/oauth2/token"), self.http.rng.as_ref());
        let mut call = self.http.begin(Expected::one(200, JSON));
        loop {
            let iat = binding::later(now, call.age());
            let assertion = binding::make_assertion(device, account, &endpoint, rng, iat).await?;
            let dpop = binding::make_dpop(device, ("POST", &endpoint), None, rng, iat).await?;
            let form = TokenForm { grant_type: JWT_BEARER, assertion: &assertion };
            let request = self.http.client.post(&endpoint).header("DPoP", dpop).form(&form);
            if let Some(answer) = call.attempt(request).await? {
                return answer::parse_access_token(&answer.body, iat);
            }
        }
    }

    /// Gets the account's level-2 grant anew: a JWT that is not to be believed before [`crate::Grant::verify`].
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn grant(
        &self,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<String, PlatformError> {
        let request = self.http.client.get(self.http.url("/v1/grant"));
        answer::parse_grant(&self.repeat_with_token(request, token, device, now).await?)
    }

    /// Reports the state of this phone's store and passcode, and learns what the platform knows of them.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn report_device_state(
        &self,
        token: &AccessToken,
        report: DeviceReport,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<DeviceState, PlatformError> {
        let request = self.post("/v1/device/state").json(&report);
        parse_device_state(&self.repeat_with_token(request, token, device, now).await?)
    }

    /// What the platform issues.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn issuer_metadata(&self) -> Result<IssuerMetadata, PlatformError> {
        let body = self.read("/.well-known/openid-credential-issuer", JSON).await?;
        answer::parse_issuer_metadata(&body, self.http.origin())
    }

    /// A fresh nonce for one [`Self::credentials`].
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn nonce(&self) -> Result<CNonce, PlatformError> {
        answer::parse_nonce(&self.repeat(self.post("/openid4vci/nonce"), 200, JSON).await?)
    }

    /// Asks for one credential per key and gives the issuer tokens in the order of the keys, not verified yet.
    ///
    /// When an answer was lost, the platform refuses the repeat with [`eid_model::Code::NONCE_STALE`], for a nonce and a key
    /// are good for one credential: begin again with a new nonce and new keys.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn credentials(
        &self,
        token: &AccessToken,
        asked: CredentialRequest<'_>,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<Vec<u8>>, PlatformError> {
        let mut jwt = Vec::with_capacity(asked.keys.len());
        for key in asked.keys {
            jwt.push(binding::make_credential_proof(*key, self.http.origin(), asked.nonce.as_str(), now).await?);
        }
        let wanted = Credentials { credential_configuration_id: &asked.configuration.id, proofs: Proofs { jwt } };
        let request = self.post("/openid4vci/credential").json(&wanted);
        let body = self.repeat_with_token(request, token, device, now).await?;
        answer::parse_credentials(&body, asked.keys.len())
    }

    /// The signed trust list, COSE, not verified yet.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn trust_list(&self) -> Result<Vec<u8>, PlatformError> {
        self.read("/v1/trust-list", "application/cose").await
    }

    /// All signed status lists of the issuer as one CBOR snapshot, not verified yet.
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn status_lists(&self) -> Result<Vec<u8>, PlatformError> {
        self.read("/v1/status-lists", "application/cbor").await
    }

    /// The signed configuration: a JWT that is not to be believed before [`crate::Configuration::verify`].
    ///
    /// # Errors
    /// See the head of this block.
    pub async fn configuration(&self) -> Result<String, PlatformError> {
        let read = Read { path: "/v1/configuration", media: "application/jwt", is_gated: false };
        let body = self.http.read(read).await?;
        String::from_utf8(body).map_err(|_| PlatformError::Nonsense(Flaw::TokenForm))
    }

    async fn read(&self, path: &'static str, media: &'static str) -> Result<Vec<u8>, PlatformError> {
        self.http.read(Read { path, media, is_gated: true }).await
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.client.post(self.http.url(path))
    }

    /// A call that must not be sent again by itself.
    pub(crate) async fn once(
        &self,
        request: RequestBuilder,
        status: u16,
        media: &'static str,
    ) -> Result<Vec<u8>, PlatformError> {
        Ok(self.http.once(request, &Expected::one(status, media)).await?.body)
    }

    /// A call whose request may be sent again as it is.
    pub(crate) async fn repeat(
        &self,
        request: RequestBuilder,
        status: u16,
        media: &'static str,
    ) -> Result<Vec<u8>, PlatformError> {
        Ok(self.http.begin(Expected::one(status, media)).run(&request).await?.body)
    }

    /// A call with an access token that is answered with 200 and JSON; the device key signs each repeat anew (RFC 9449
    /// section 7).
    pub(crate) async fn repeat_with_token(
        &self,
        request: RequestBuilder,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Vec<u8>, PlatformError> {
        Ok(self.repeat_in_session(request, Expected::one(200, JSON), token, device, now).await?.body)
    }

    /// The same for any answer.
    pub(crate) async fn repeat_in_session(
        &self,
        request: RequestBuilder,
        expected: Expected,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Answer, PlatformError> {
        let request = request.header(AUTHORIZATION, authorization(token)?);
        let (method, target) = target(&request)?;
        let mut call = self.http.begin(expected);
        loop {
            let iat = binding::later(now, call.age());
            let dpop = binding::make_dpop(device, (&method, &target), Some(token), self.http.rng.as_ref(), iat).await?;
            if let Some(answer) = call.attempt(copy(&request)?.header("DPoP", dpop)).await? {
                return Ok(answer);
            }
        }
    }

    /// A call with an access token that must not be sent again by itself.
    pub(crate) async fn once_in_session(
        &self,
        request: RequestBuilder,
        expected: Expected,
        token: &AccessToken,
        device: &dyn RequestSigner,
        now: UnixTime,
    ) -> Result<Answer, PlatformError> {
        let request = request.header(AUTHORIZATION, authorization(token)?);
        let (method, target) = target(&request)?;
        let dpop = binding::make_dpop(device, (&method, &target), Some(token), self.http.rng.as_ref(), now).await?;
        self.http.once(request.header("DPoP", dpop), &expected).await
    }
}

/// What a DPoP proof names: the method, and the URL without its query (RFC 9449 section 4.2).
fn target(request: &RequestBuilder) -> Result<(String, String), PlatformError> {
    let built = copy(request)?.build().map_err(|_| PlatformError::ConfigInvalid)?;
    let mut url = built.url().clone();
    url.set_query(None);
    Ok((built.method().as_str().to_owned(), url.into()))
}

/// `DPoP <token>`, marked so that it stays out of logs and header compression.
fn authorization(token: &AccessToken) -> Result<HeaderValue, PlatformError> {
    // EXPOSE: the token goes into the header.
    let mut header =
        HeaderValue::from_bytes(&[b"DPoP ", token.expose()].concat()).map_err(|_| PlatformError::ConfigInvalid)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_code_is_six_digits_however_they_are_spaced() {
        for (text, digits) in [
            ("271828", Some("271828")),
            (" 271 828 ", Some("271828")),
            ("27182", None),
            ("2718281", None),
            ("27182a", None),
            ("２７１８２８", None),
            ("", None),
        ] {
            assert_eq!(OneTimeCode::parse(text).ok().as_ref().map(OneTimeCode::expose), digits, "{text:?}");
        }
        assert_eq!(OneTimeCode::parse("1").err().map(|e| e.code()), Some(eid_model::Code::CODE_WRONG));
        assert!(!format!("{:?}", OneTimeCode::parse("271828").unwrap()).contains("271828"));
    }
}
