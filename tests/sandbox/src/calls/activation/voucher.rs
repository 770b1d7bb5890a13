//! A voucher in place of the card: printed by an office that saw its holder in person.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use eid_crypto::{hash::sha256, random};
use eid_model::{Code, Pid};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, Next, OUT_OF_ORDER};
use crate::{
    SandboxError, crockford,
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Letters of a voucher: 60 bits.
const LENGTH: usize = 12;

/// Life of a voucher, in seconds.
const LIFE: i64 = 7 * 86_400;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(hand_in))
}

/// A new voucher for a person, and when it ends. Only its hash is kept, with the person's number in it.
pub(super) fn print(platform: &Platform, tx: &Transaction<'_>, pid: &Pid) -> Result<(String, i64), SandboxError> {
    let voucher = crockford::encode(&random::<8>(&platform.rng)?, LENGTH);
    let expires_at = platform.clock.seconds().saturating_add(LIFE);
    tx.execute(
        "INSERT INTO vouchers (hash, expires_at) VALUES (?, ?)",
        params![hash(pid.as_str(), &voucher), expires_at],
    )?;
    Ok((voucher, expires_at))
}

/// Refuses a voucher that was good when it was handed in, but which another activation has used up since.
pub(super) fn check_unused(tx: &Transaction<'_>, attempt: &Attempt) -> Result<(), Refusal> {
    let used = "SELECT 1 FROM vouchers WHERE hash = ? AND used_at IS NOT NULL";
    let Some(voucher) = attempt.voucher else { return Ok(()) };
    if tx.prepare(used)?.exists([voucher])? { Err(EXPIRED) } else { Ok(()) }
}

/// Uses the activation's voucher up.
pub(super) fn use_up(platform: &Platform, tx: &Transaction<'_>, attempt: &Attempt) -> Result<(), Refusal> {
    let used = "UPDATE vouchers SET used_at = ? WHERE hash = ?";
    tx.execute(used, params![platform.clock.seconds(), attempt.voucher])?;
    Ok(())
}

#[derive(Deserialize, ToSchema)]
struct VoucherRequest {
    /// 12 letters and digits; case, spaces and hyphens do not matter.
    voucher: String,
}

/// Takes a voucher in place of the card. The same one again gives the same answer.
#[utoipa::path(
    post, path = "/v1/activation/{id}/voucher", tag = "activation", request_body = VoucherRequest,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Next),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2041, 2042, 7011, 7013, 7015, 7018"),
    )
)]
async fn hand_in(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<VoucherRequest>,
) -> Result<Json<Next>, Refusal> {
    let voucher = crockford::normalise(&request.voucher, LENGTH).ok_or(Refusal::invalid_request())?;
    platform.call(move |platform, tx| check(platform, tx, &id, &voucher)).await.map(Json)
}

fn check(platform: &Platform, tx: &Transaction<'_>, id: &str, voucher: &str) -> Result<Next, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    let hash = hash(&attempt.pid, voucher);
    let next = Next { next: "face" };
    if attempt.voucher == Some(hash) {
        return Ok(next);
    }
    if attempt.is_matched || attempt.used {
        return Err(OUT_OF_ORDER);
    }
    if attempt.voucher_tries == 0 {
        return Err(attempt.too_many(platform));
    }
    let columns = "SELECT expires_at, used_at IS NOT NULL FROM vouchers WHERE hash = ?";
    let row = tx.query_row(columns, [hash], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))).optional()?;
    let Some((expires_at, is_used)) = row else {
        let left = attempt.voucher_tries.saturating_sub(1);
        tx.execute("UPDATE activations SET voucher_tries = ? WHERE id = ?", params![left, id])?;
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::VOUCHER_WRONG).tries_left(left));
    };
    if is_used || platform.clock.seconds() >= expires_at {
        return Err(EXPIRED);
    }
    tx.execute("UPDATE activations SET voucher = ? WHERE id = ?", params![hash, id])?;
    Ok(next)
}

const EXPIRED: Refusal = Refusal::new(StatusCode::GONE, Code::VOUCHER_EXPIRED);

fn hash(pid: &str, voucher: &str) -> [u8; 32] {
    sha256(format!("{pid} {voucher}").as_bytes())
}
