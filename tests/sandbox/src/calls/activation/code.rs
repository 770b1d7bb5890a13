//! The one-time code, and the challenges of the steps behind it.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use eid_crypto::random;
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::UNKNOWN;
use crate::{
    extract::JsonBody,
    jwt::encode,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Life of the challenges, in seconds: long enough to find the card and read it.
const CHALLENGE_LIFE: i64 = 900;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(confirm))
}

#[derive(Deserialize, ToSchema)]
struct CodeRequest {
    /// Six digits.
    code: String,
}

#[derive(Serialize, ToSchema)]
struct Challenges {
    /// 32 bytes, base64url.
    device_challenge: String,
    /// 8 bytes, base64url: what the chip of the card signs.
    chip_challenge: String,
    expires_at: i64,
}

/// Confirms the one-time code. The right code again gives the same challenges.
#[utoipa::path(
    post, path = "/v1/activation/{id}/code", tag = "activation", request_body = CodeRequest,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Challenges),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2010, 2011, 2012, 7011, 7013"),
    )
)]
async fn confirm(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(CodeRequest { code }): JsonBody<CodeRequest>,
) -> Result<Json<Challenges>, Refusal> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::invalid_request());
    }
    platform.call(move |platform, tx| confirm_code(platform, tx, &id, &code)).await.map(Json)
}

fn confirm_code(platform: &Platform, tx: &Transaction<'_>, id: &str, code: &str) -> Result<Challenges, Refusal> {
    let now = platform.clock.seconds();
    let columns = "SELECT code, code_expires_at, tries_left, challenge, chip_challenge, challenge_expires_at FROM activations WHERE id = ?";
    let row = tx.query_row(columns, [id], |row| {
        let challenges: (Option<String>, Option<[u8; 8]>, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u8>(2)?, challenges))
    });
    let (right, code_expires_at, tries_left, challenges) = row.optional()?.ok_or(UNKNOWN)?;
    if tries_left == 0 {
        return Err(TRIES_SPENT);
    }
    if now >= code_expires_at {
        return Err(Refusal::new(StatusCode::GONE, Code::CODE_EXPIRED));
    }
    if !bool::from(right.as_bytes().ct_eq(code.as_bytes())) {
        let tries_left = tries_left.saturating_sub(1);
        tx.execute("UPDATE activations SET tries_left = ? WHERE id = ?", params![tries_left, id])?;
        return Err(match tries_left {
            0 => TRIES_SPENT,
            left => Refusal::new(StatusCode::BAD_REQUEST, Code::CODE_WRONG).tries_left(left),
        });
    }
    if let (Some(device_challenge), Some(chip_challenge), Some(expires_at)) = challenges {
        return Ok(Challenges { device_challenge, chip_challenge: encode(&chip_challenge), expires_at });
    }
    let (device, chip) = (encode(&random::<32>(&platform.rng)?), random::<8>(&platform.rng)?);
    let expires_at = now.saturating_add(CHALLENGE_LIFE);
    tx.execute(
        "UPDATE activations SET challenge = ?, chip_challenge = ?, challenge_expires_at = ? WHERE id = ?",
        params![device, chip, expires_at, id],
    )?;
    Ok(Challenges { device_challenge: device, chip_challenge: encode(&chip), expires_at })
}

const TRIES_SPENT: Refusal = Refusal::new(StatusCode::FORBIDDEN, Code::CODE_TRIES_SPENT);
