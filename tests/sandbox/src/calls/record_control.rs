//! What no real platform has: telling authorities what to do.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use eid_model::{Code, Pid};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Conduct, Plan, SandboxError, evidence_store,
    extract::{JsonBody, QueryPart},
    jwt::decode,
    platform::Shared,
    problem::{Problem, Refusal},
    records::{change::RecordChange, feed},
};

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(set_authority))
        .routes(routes!(change_records))
        .routes(routes!(forget_cursors))
        .routes(routes!(received))
        .routes(routes!(evidence))
}

#[derive(Deserialize, ToSchema)]
struct AuthorityOrder {
    /// A code of the table `authorities`; all of them without it.
    authority: Option<String>,
    plan: Plan,
    /// How long each answer takes, in seconds.
    delay_s: Option<u32>,
    /// How long it waits for more, in seconds.
    supplement_s: Option<u32>,
    /// Draws what plan `natural` and `delay_s` leave open: the same number, the same course of things.
    seed: Option<u64>,
}

/// Says what an authority does about everything that arrives from now on.
#[utoipa::path(
    post, path = "/sandbox/authority", tag = "sandbox", request_body = AuthorityOrder,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn set_authority(State(platform): State<Shared>, JsonBody(order): JsonBody<AuthorityOrder>) -> StatusCode {
    let AuthorityOrder { authority, plan, delay_s, supplement_s, seed } = order;
    platform.set_conduct(authority.as_deref(), Conduct { plan, delay_s, supplement_s, seed });
    StatusCode::NO_CONTENT
}

#[derive(Serialize, ToSchema)]
struct Changed {
    /// The records' names.
    ids: Vec<String>,
}

/// Makes an authority change its records of a person by itself.
#[utoipa::path(
    post, path = "/sandbox/records", tag = "sandbox", request_body = RecordChange,
    responses(
        (status = 200, body = Changed),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn change_records(
    State(platform): State<Shared>,
    JsonBody(change): JsonBody<RecordChange>,
) -> Result<Json<Changed>, Refusal> {
    let ids = platform.call(move |platform, tx| match change.make(platform, tx) {
        Err(SandboxError::PersonUnknown | SandboxError::RecordUnknown) => Err(Refusal::invalid_request()),
        done => Ok(done?),
    });
    Ok(Json(Changed { ids: ids.await? }))
}

/// The platform no longer knows where anybody was in the feed of records, as after it was restored from a copy.
#[utoipa::path(post, path = "/sandbox/cursors/forget", tag = "sandbox", responses((status = 204)))]
async fn forget_cursors(State(platform): State<Shared>) -> Result<StatusCode, Refusal> {
    platform.call(|_, tx| Ok(feed::forget_cursors(tx)?)).await.map(|()| StatusCode::NO_CONTENT)
}

/// An update as a citizen sent it, once for each round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceivedUpdate {
    /// Its name.
    pub jti: String,
    /// The round.
    pub round: u32,
    /// The kind of record.
    pub kind: String,
    /// The record.
    pub record: String,
    /// Texts by path, in the one way of writing them.
    pub form: BTreeMap<String, String>,
    /// SHA-256 of each piece of evidence: base64url.
    pub evidence: Vec<String>,
    /// Unix seconds.
    pub received_at: i64,
}

#[derive(Deserialize)]
struct Whose {
    pid: Pid,
}

/// The updates that a person has sent, the oldest first.
#[utoipa::path(
    get, path = "/sandbox/submissions", tag = "sandbox", params(("pid" = String, Query)),
    responses(
        (status = 200, body = [ReceivedUpdate]),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn received(
    State(platform): State<Shared>,
    QueryPart(Whose { pid }): QueryPart<Whose>,
) -> Result<Json<Vec<ReceivedUpdate>>, Refusal> {
    platform.call(move |_, tx| Ok(list_received(tx, pid.as_str())?)).await.map(Json)
}

pub(crate) fn list_received(tx: &Transaction<'_>, pid: &str) -> Result<Vec<ReceivedUpdate>, SandboxError> {
    let mut rows = tx.prepare(
        "SELECT jti, round, kind, record, received_at, form, evidence FROM submissions WHERE pid = ? ORDER BY rowid",
    )?;
    let mut rows = rows.query([pid])?;
    let mut received = Vec::new();
    while let Some(row) = rows.next()? {
        received.push(ReceivedUpdate {
            jti: row.get(0)?,
            round: row.get(1)?,
            kind: row.get(2)?,
            record: row.get(3)?,
            received_at: row.get(4)?,
            form: serde_json::from_str(&row.get::<_, String>(5)?)?,
            evidence: serde_json::from_str(&row.get::<_, String>(6)?)?,
        });
    }
    Ok(received)
}

/// A piece of evidence as it arrived.
#[utoipa::path(
    get, path = "/sandbox/evidence/{digest}", tag = "sandbox",
    params(("digest" = String, Path, description = "SHA-256: base64url"), ("pid" = String, Query)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn evidence(
    State(platform): State<Shared>,
    Path(digest): Path<String>,
    QueryPart(Whose { pid }): QueryPart<Whose>,
) -> Result<impl IntoResponse, Refusal> {
    let unknown = Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID);
    let digest = decode(&digest).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(unknown)?;
    let bytes = platform.call(move |_, tx| Ok(evidence_store::bytes(tx, pid.as_str(), &digest)?));
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes.await?.ok_or(unknown)?))
}
