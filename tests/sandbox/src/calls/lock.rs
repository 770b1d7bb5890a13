//! Locking an account from any phone.

use axum::{Json, extract::State, http::StatusCode};
use eid_crypto::hash::sha256;
use eid_model::{Code, Pid};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    crockford,
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Letters of a lock code: 90 bits.
const LENGTH: usize = 18;

/// Wrong codes that a personal number has in [`WINDOW`].
const TRIES: u8 = 5;

/// Seconds.
const WINDOW: i64 = 3_600;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(lock))
}

/// The code that locks an account, as it is given with an activation: the same one each time.
pub(crate) fn derive_code(platform: &Platform, account: &str, activation: &str) -> String {
    let hash = platform.secrets.lock_codes.keyed_hash(&[account.as_bytes(), b"\0", activation.as_bytes()]);
    crockford::encode(&hash, LENGTH)
}

/// Notes the code that counts from now on; only its hash.
pub(crate) fn store_code(tx: &Transaction<'_>, account: &str, code: &str) -> Result<(), Refusal> {
    tx.execute("UPDATE accounts SET lock_code = ? WHERE id = ?", params![sha256(code.as_bytes()), account])?;
    Ok(())
}

/// Locks an account for its holder and ends its sessions.
pub(crate) fn lock_account(tx: &Transaction<'_>, account: &str) -> Result<(), Refusal> {
    tx.execute("UPDATE accounts SET self_locked = 1 WHERE id = ?", [account])?;
    tx.execute("DELETE FROM access_tokens WHERE account = ?", [account])?;
    tx.execute("DELETE FROM refresh_tokens WHERE account = ?", [account])?;
    Ok(())
}

#[derive(Deserialize, ToSchema)]
struct LockRequest {
    /// Personal identification number: 12 digits.
    #[schema(value_type = String)]
    pid: Pid,
    /// 18 letters and digits; case, spaces and hyphens do not matter.
    lock_code: String,
}

#[derive(Serialize, ToSchema)]
struct Locked {}

/// Locks an account with the code that its holder got at the activation. Needs no session.
#[utoipa::path(
    post, path = "/v1/lock", tag = "activation", request_body = LockRequest,
    responses(
        (status = 200, body = Locked),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2046, 7013, 7015"),
    )
)]
async fn lock(
    State(platform): State<Shared>,
    JsonBody(request): JsonBody<LockRequest>,
) -> Result<Json<Locked>, Refusal> {
    let code = crockford::normalise(&request.lock_code, LENGTH).ok_or(Refusal::invalid_request())?;
    platform.call(move |platform, tx| lock_by_code(platform, tx, &request.pid, &code)).await.map(Json)
}

fn lock_by_code(platform: &Platform, tx: &Transaction<'_>, pid: &Pid, code: &str) -> Result<Locked, Refusal> {
    let now = platform.clock.seconds();
    tx.execute("DELETE FROM lock_tries WHERE at <= ?", [now.saturating_sub(WINDOW)])?;
    let recent = "SELECT count(*), coalesce(min(at), 0) FROM lock_tries WHERE pid = ?";
    let (wrong, oldest): (u8, i64) = tx.query_row(recent, [pid.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if wrong >= TRIES {
        let wait = oldest.saturating_add(WINDOW).saturating_sub(now);
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TOO_MANY_REQUESTS).retry_after(wait));
    }
    let columns = "SELECT id, lock_code FROM accounts WHERE pid = ? AND lock_code IS NOT NULL";
    let row = tx.query_row(columns, [pid.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 32]>(1)?)));
    match row.optional()? {
        Some((account, right)) if bool::from(right.ct_eq(&sha256(code.as_bytes()))) => {
            lock_account(tx, &account)?;
            Ok(Locked {})
        }
        // A number without an account is told the same.
        _ => {
            tx.execute("INSERT INTO lock_tries (pid, at) VALUES (?, ?)", params![pid.as_str(), now])?;
            let left = TRIES.saturating_sub(wrong).saturating_sub(1);
            Err(Refusal::new(StatusCode::BAD_REQUEST, Code::LOCK_CODE_WRONG).tries_left(left))
        }
    }
}
