//! Lifting one's own lock, from any phone.

use axum::{
    Json,
    extract::{Path, State},
};
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, NO_ACCOUNT, OUT_OF_ORDER, Purpose, voucher};
use crate::{
    calls::account,
    citizen::AccountState,
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(unlock))
}

#[derive(Deserialize, ToSchema)]
struct UnlockRequest {}

#[derive(Serialize, ToSchema)]
struct Unlocked {
    account_state: AccountState,
}

/// Lifts the holder's own lock after card and face; no other. Gives this phone nothing.
#[utoipa::path(
    post, path = "/v1/activation/{id}/unlock", tag = "activation", request_body = UnlockRequest,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Unlocked),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2042, 7011, 7013, 7017, 7018, 7020, 7021, 7023"),
    )
)]
async fn unlock(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(UnlockRequest {}): JsonBody<UnlockRequest>,
) -> Result<Json<Unlocked>, Refusal> {
    platform.call(move |platform, tx| lift_lock(platform, tx, &id)).await.map(Json)
}

fn lift_lock(platform: &Platform, tx: &Transaction<'_>, id: &str) -> Result<Unlocked, Refusal> {
    let attempt = Attempt::load(platform, tx, id)?;
    if attempt.purpose != Purpose::Unlock || !attempt.is_shown() || !attempt.is_matched {
        return Err(OUT_OF_ORDER);
    }
    let account = account::find_by_pid(tx, &attempt.pid)?.ok_or(NO_ACCOUNT)?;
    let state = AccountState::of(platform, tx, &account)?;
    if state != AccountState::SelfLocked {
        state.require_active()?;
    }
    if !attempt.used {
        voucher::check_unused(tx, &attempt)?;
        voucher::use_up(platform, tx, &attempt)?;
        tx.execute("UPDATE accounts SET self_locked = 0 WHERE id = ?", [&account])?;
        tx.execute("UPDATE activations SET used = 1 WHERE id = ?", [id])?;
    }
    let account_state = AccountState::of(platform, tx, &account)?;
    // A repeat lifts no later lock.
    account_state.require_active()?;
    Ok(Unlocked { account_state })
}
