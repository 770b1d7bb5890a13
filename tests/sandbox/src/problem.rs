//! Refusals: problem details (RFC 9457) with a stable reason code and nothing personal.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use eid_chip::ChipError;
use eid_crypto::CryptoError;
use eid_model::{Code, FactorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

use crate::SandboxError;

/// Why a call is refused. Handlers return it; the client sees [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: Code,
    error: Option<&'static str>,
    tries_left: Option<u8>,
    retry_after: Option<i64>,
    /// Which kinds of factors have yet to be shown, in the order of [`FactorKind::ALL`].
    missing: [bool; 3],
}

impl Refusal {
    pub(crate) const fn new(status: StatusCode, code: Code) -> Self {
        Self { status, code, error: None, tries_left: None, retry_after: None, missing: [false; 3] }
    }

    /// The request breaks the protocol (7013).
    pub(crate) const fn invalid_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::REQUEST_INVALID)
    }

    /// The sandbox itself failed. The request's database changes are undone.
    pub(crate) const fn fault() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::PLATFORM_BUSY)
    }

    /// Adds an error name of OAuth 2.0 or OpenID4VCI.
    pub(crate) const fn named(self, error: &'static str) -> Self {
        Self { error: Some(error), ..self }
    }

    /// The same refusal with status 400.
    pub(crate) fn as_bad_request(self) -> Self {
        Self { status: if self.is_fault() { self.status } else { StatusCode::BAD_REQUEST }, ..self }
    }

    /// Adds how many tries are left.
    pub(crate) const fn tries_left(self, tries: u8) -> Self {
        Self { tries_left: Some(tries), ..self }
    }

    /// Adds how many seconds to wait.
    pub(crate) const fn retry_after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Adds which kinds of factors have yet to be shown.
    pub(crate) fn missing(self, kinds: &[FactorKind]) -> Self {
        Self { missing: FactorKind::ALL.map(|kind| kinds.contains(&kind)), ..self }
    }

    /// The answer, with what was found wrong besides.
    pub(crate) fn with_details(self, details: Details) -> Response {
        let mut problem = self.problem();
        problem.missing.extend(details.missing);
        problem.findings = details.findings;
        self.respond(problem)
    }

    /// True for a failure of the sandbox, as against a refusal.
    pub(crate) fn is_fault(&self) -> bool {
        self.status.is_server_error()
    }
}

/// How a refusal is kept for a repeat, without its OAuth name: status, code, tries left, seconds to wait, what is missing.
type Kept = (u16, u16, Option<u8>, Option<i64>, [bool; 3]);

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept: Kept = (self.status.as_u16(), self.code.number(), self.tries_left, self.retry_after, self.missing);
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (status, code, tries_left, retry_after, missing) = Kept::deserialize(deserializer)?;
        let known = StatusCode::from_u16(status).ok().zip(Code::from_number(code));
        let (status, code) = known.ok_or_else(|| D::Error::custom("no refusal"))?;
        Ok(Self { tries_left, retry_after, missing, ..Self::new(status, code) })
    }
}

impl From<SandboxError> for Refusal {
    fn from(_: SandboxError) -> Self {
        Self::fault()
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::fault()
    }
}

impl From<CryptoError> for Refusal {
    fn from(_: CryptoError) -> Self {
        Self::fault()
    }
}

/// The card is not believed; the client gets the code that its own check would have given.
impl From<ChipError> for Refusal {
    fn from(error: ChipError) -> Self {
        match error {
            ChipError::Crypto(_) | ChipError::OutOfOrder => Self::fault(),
            _ => Self::new(StatusCode::FORBIDDEN, error.code()),
        }
    }
}

/// What a refusal lists.
#[derive(Debug, Default)]
pub(crate) struct Details {
    /// SHA-256 of evidence that did not arrive: base64url.
    pub(crate) missing: Vec<String>,
    pub(crate) findings: Vec<FindingLine>,
}

/// What is wrong with a field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingLine {
    pub(crate) path: String,
    /// A number of the table of reason codes.
    pub(crate) code: u16,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond(self.problem())
    }
}

impl Refusal {
    fn problem(self) -> Problem {
        Problem {
            about: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code.number(),
            error: self.error,
            tries_left: self.tries_left,
            retry_after: self.retry_after,
            missing: FactorKind::ALL
                .iter()
                .zip(self.missing)
                .filter(|(_, is)| *is)
                .map(|(kind, _)| name(*kind).to_owned())
                .collect(),
            findings: Vec::new(),
        }
    }

    fn respond(self, problem: Problem) -> Response {
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"DPoP algs="ES256""#));
        }
        response
    }
}

/// Why the call was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    about: &'static str,
    /// The phrase of the HTTP status.
    title: &'static str,
    status: u16,
    /// A number of the table of reason codes.
    #[schema(example = 2010)]
    code: u16,
    /// The error name of OAuth 2.0 or OpenID4VCI, at their endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u8>,
    /// Seconds to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    /// Kinds of factors that have yet to be shown: `possessed`, `known`, `biometric`; or SHA-256 of evidence that did not arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingLine>,
}

const fn name(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Possessed => "possessed",
        FactorKind::Known => "known",
        FactorKind::Biometric => "biometric",
    }
}
