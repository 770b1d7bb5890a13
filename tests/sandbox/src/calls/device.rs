//! What a phone reports of its store and its passcode.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_model::Code;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::token::check_session;
use crate::{
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

const PATH: &str = "/v1/device/state";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(report_state))
}

#[derive(Deserialize, ToSchema)]
struct Report {
    /// Generation of the phone's store.
    store_generation: u64,
    /// The epoch of the passcode to move to.
    passcode_epoch: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct Known {
    /// The highest generation reported before.
    store_generation: u64,
    /// The epoch of the passcode now.
    passcode_epoch: u32,
}

/// Takes a phone's report, and says what was known before.
#[utoipa::path(
    post, path = "/v1/device/state", tag = "activation",
    request_body = Report,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Known),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2033, 7012, 7013, 7014"),
    )
)]
async fn report_state(
    State(platform): State<Shared>,
    headers: HeaderMap,
    report: Result<JsonBody<Report>, Refusal>,
) -> Result<Json<Known>, Refusal> {
    let JsonBody(report) = report?;
    platform.call(move |platform, tx| take_report(platform, tx, &headers, &report)).await.map(Json)
}

fn take_report(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    report: &Report,
) -> Result<Known, Refusal> {
    let (session, _) = check_session(platform, tx, headers, "POST", PATH)?;
    let generation = i64::try_from(report.store_generation).map_err(|_| Refusal::invalid_request())?;
    let known = "SELECT store_generation, passcode_epoch FROM devices WHERE key = ?";
    let (highest, epoch): (i64, u32) = tx.query_row(known, [session.device], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let wanted = report.passcode_epoch.unwrap_or(epoch);
    if wanted != epoch && epoch.checked_add(1) != Some(wanted) {
        return Err(Refusal::new(StatusCode::CONFLICT, Code::PASSCODE_EPOCH_REFUSED));
    }
    let update = "UPDATE devices SET store_generation = ?, passcode_epoch = ? WHERE key = ?";
    tx.execute(update, params![highest.max(generation), wanted, session.device])?;
    Ok(Known { store_generation: u64::try_from(highest).unwrap_or_default(), passcode_epoch: wanted })
}
