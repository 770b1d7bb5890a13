//! What anybody may fetch: trust list and status lists.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use eid_model::Code;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    keys,
    platform::Shared,
    problem::{Problem, Refusal},
    status,
};

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(trust_list)).routes(routes!(status_lists)).routes(routes!(status_list))
}

/// The keys to trust, signed by the root.
#[utoipa::path(
    get, path = "/v1/trust-list", tag = "lists",
    responses((status = 200, body = Vec<u8>, content_type = "application/cose"))
)]
async fn trust_list(State(platform): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    let list = platform.call(|platform, tx| Ok(keys::trust_list(tx, platform.clock.seconds(), &platform.environment)?));
    Ok(([(header::CONTENT_TYPE, "application/cose")], list.await?))
}

/// All status lists as one snapshot.
#[utoipa::path(
    get, path = "/v1/status-lists", tag = "lists",
    responses((status = 200, body = Vec<u8>, content_type = "application/cbor"))
)]
async fn status_lists(State(platform): State<Shared>) -> Result<impl IntoResponse, Refusal> {
    let lists = platform.call(|platform, tx| Ok(status::sign_all(platform, tx)?));
    Ok(([(header::CONTENT_TYPE, "application/cbor")], lists.await?))
}

/// One status list: the one whose address in tokens ends in `/t/{n}`.
#[utoipa::path(
    get, path = "/status/{n}", tag = "lists", params(("n" = i64, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/statuslist+cwt"),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn status_list(State(platform): State<Shared>, Path(n): Path<String>) -> Result<impl IntoResponse, Refusal> {
    let unknown = Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID);
    let n = n.parse().map_err(|_| unknown)?;
    let list = platform.call(move |platform, tx| status::sign_list(platform, tx, n)?.ok_or(unknown));
    Ok(([(header::CONTENT_TYPE, "application/statuslist+cwt")], list.await?))
}
