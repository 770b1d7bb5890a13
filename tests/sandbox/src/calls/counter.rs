//! The office that registers counters (đăng ký quầy): who may ask citizens for a proof, and for which. Part of the sandbox only; a
//! real registrar would look at who applies, and this one takes everybody.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eid_crypto::VerifyingKey;
use eid_model::UnixTime;
use eid_proof::{ProofError, Purpose, Registration, RegistrationDraft, Status};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    SandboxError,
    calls::sandbox::{StatusRequest, known},
    extract::JsonBody,
    keys::{self, REGISTRAR, Role},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    status,
};

/// How long a registration stands, in days.
const LIFE_DAYS: u16 = 365;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(set_status))
}

/// What a counter wants to be registered as: what `eid-counter register apply` prints.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterApplication {
    /// `rp/` and 1 to 40 characters of `[0-9A-Za-z._-]`.
    pub counter: String,
    /// Its name for citizens, at most 120 bytes.
    pub name: String,
    /// What it wants to ask for, such as `age` or `id`.
    pub purposes: Vec<String>,
    /// Where answers may be sent over the network: `host` or `host:port`.
    #[serde(default)]
    pub host: Option<String>,
    /// The counter's public key: 65 bytes SEC1, base64url.
    pub key: String,
}

#[derive(Serialize, ToSchema)]
struct Registered {
    /// The signed registration, base64url.
    registration: String,
    /// Unix seconds.
    expires_at: i64,
}

/// Registers a counter, or gives it a new key: the registration that it had before is withdrawn.
#[utoipa::path(
    post, path = "/sandbox/counters", tag = "sandbox", request_body = CounterApplication,
    responses(
        (status = 201, body = Registered),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn register(
    State(platform): State<Shared>,
    JsonBody(application): JsonBody<CounterApplication>,
) -> Result<(StatusCode, Json<Registered>), Refusal> {
    let registered = platform.call(move |platform, tx| match register_counter(platform, tx, &application) {
        Err(SandboxError::Proof(ProofError::DraftInvalid)) => Err(Refusal::invalid_request()),
        registered => Ok(registered?),
    });
    let registered = registered.await?;
    let registration = URL_SAFE_NO_PAD.encode(registered.as_bytes());
    Ok((StatusCode::CREATED, Json(Registered { registration, expires_at: registered.expires_at().seconds() })))
}

pub(crate) fn register_counter(
    platform: &Platform,
    tx: &Transaction<'_>,
    application: &CounterApplication,
) -> Result<Registration, SandboxError> {
    let invalid = || SandboxError::from(ProofError::DraftInvalid);
    let purposes = application.purposes.iter().map(|name| Purpose::from_name(name)).collect::<Option<Vec<_>>>();
    let key = URL_SAFE_NO_PAD.decode(&application.key).ok().and_then(|key| VerifyingKey::parse(&key).ok());
    let place = status::find_counter_place(tx, &platform.rng)?;
    let draft = RegistrationDraft {
        registrar: REGISTRAR,
        counter: &application.counter,
        name: &application.name,
        allowed: &purposes.ok_or_else(invalid)?,
        host: application.host.as_deref(),
        key: &key.ok_or_else(invalid)?,
        issued_at: UnixTime::from_seconds(platform.clock.seconds()),
        valid_days: LIFE_DAYS,
        status: Some(status::counter_reference(place)),
    };
    let registration = draft.sign(&keys::active(tx, Role::Registrar)?)?;
    let withdraw = "UPDATE counters SET status = ? WHERE counter = ?";
    tx.execute(withdraw, params![status::number(Status::Revoked), registration.counter()])?;
    let store = "INSERT INTO counters (counter, registration, place) VALUES (?, ?, ?)";
    tx.execute(store, params![registration.counter(), registration.as_bytes(), place])?;
    Ok(registration)
}

/// Sets the status of the newest registration of a counter, named without its `rp/`.
#[utoipa::path(
    post, path = "/sandbox/counters/{name}/status", tag = "sandbox", params(("name" = String, Path)),
    request_body = StatusRequest,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn set_status(
    State(platform): State<Shared>,
    Path(name): Path<String>,
    JsonBody(wanted): JsonBody<StatusRequest>,
) -> Result<StatusCode, Refusal> {
    let status = wanted.status();
    platform.call(move |_, tx| known(set_counter_status(tx, &format!("rp/{name}"), status))).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn set_counter_status(tx: &Transaction<'_>, counter: &str, status: Status) -> Result<(), SandboxError> {
    let set = "UPDATE counters SET status = ?1 WHERE id = (SELECT max(id) FROM counters WHERE counter = ?2)";
    match tx.execute(set, params![status::number(status), counter])? {
        0 => Err(SandboxError::CounterUnknown),
        _ => Ok(()),
    }
}
