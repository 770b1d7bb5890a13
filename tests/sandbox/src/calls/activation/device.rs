//! The device key and the grant.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{account, passcode},
    Attempt, OUT_OF_ORDER, UNKNOWN,
};
use crate::{
    extract::JsonBody,
    jwt,
    keys::ISSUER,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(bind))
}

#[derive(Deserialize, ToSchema)]
struct DeviceRequest {
    /// A JWT of type `eid-device-binding+jwt`.
    binding: String,
    /// A JWT of type `eid-passcode-binding+jwt`.
    passcode_binding: Option<String>,
}

#[derive(Deserialize)]
struct BindingClaims {
    aud: String,
    iat: i64,
    nonce: String,
}

#[derive(Serialize, ToSchema)]
struct Bound {
    account_id: String,
    /// A JWT of type `eid-grant+jwt`.
    grant: String,
    /// The issuer's name in grants, tokens and the trust list.
    #[schema(example = "e.example")]
    issuer: &'static str,
}

/// Binds the device key. The same key again gets the same account; another one supersedes the phone that was bound before.
#[utoipa::path(
    post, path = "/v1/activation/{id}/device", tag = "activation", request_body = DeviceRequest,
    params(("id" = String, Path)),
    responses(
        (status = 201, body = Bound),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2032, 7011, 7013, 7018"),
    )
)]
async fn bind(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<DeviceRequest>,
) -> Result<(StatusCode, Json<Bound>), Refusal> {
    let bound = platform.call(move |platform, tx| bind_device(platform, tx, &id, &request)).await?;
    Ok((StatusCode::CREATED, Json(bound)))
}

fn bind_device(platform: &Platform, tx: &Transaction<'_>, id: &str, request: &DeviceRequest) -> Result<Bound, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    if platform.requires_card && attempt.card.is_none() {
        return Err(OUT_OF_ORDER);
    }
    let binding = jwt::verify_self_signed::<BindingClaims>(&request.binding, "eid-device-binding+jwt")
        .map_err(|_| Refusal::invalid_request())?;
    let BindingClaims { aud, iat, nonce } = binding.claims;
    if aud != platform.base_url || nonce != attempt.device_challenge || !platform.is_fresh(iat) {
        return Err(Refusal::invalid_request());
    }
    let passcode_binding = request.passcode_binding.as_deref();
    let passcode_key =
        passcode_binding.map(|binding| passcode::verify_binding(platform, binding, &attempt.device_challenge));
    let passcode_key = passcode_key.transpose()?;
    let person = attempt.person(platform)?;
    if !person.level_two {
        return Err(account::NO_LEVEL_TWO);
    }
    let key = jwt::thumbprint(&binding.key);
    let account = if attempt.used {
        // By this phone, whose answer was lost, or else by one that may not use it again.
        account::find_active(tx, &attempt.pid, &key)?.ok_or(UNKNOWN)?
    } else {
        let account = account::bind(platform, tx, &attempt.pid, &key)?;
        tx.execute("UPDATE activations SET used = 1 WHERE id = ?", [id])?;
        account
    };
    if let Some(passcode_key) = passcode_key {
        passcode::register(tx, &key, &passcode_key)?;
    }
    let grant = account::make_grant(platform, tx, &account, person, &binding.key)?;
    Ok(Bound { account_id: account, grant, issuer: ISSUER })
}
