//! The holder's face in a session: compared with the register's portrait, and forgotten.

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use eid_model::{Code, GuardedAct, UnixTime};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    account,
    activation::face::{BODY_LIMIT, compare, not_matched, read_body},
};
use crate::{
    citizen::AccountState,
    face::FaceVerdict,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, check_session},
};

const PATH: &str = "/v1/face";

/// Faces that did not match, which an account has in [`WINDOW`].
const TRIES: u8 = 3;

/// Seconds.
const WINDOW: i64 = 3_600;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(show_face)).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

#[derive(Serialize, ToSchema)]
struct Matched {
    /// When it was found to be the holder's.
    at: i64,
}

/// Compares a face with the register's portrait of the account's holder.
#[utoipa::path(
    post, path = "/v1/face", tag = "instructions",
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "As in an activation, sealed for the account's id in place of the activation's"),
    params(
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Matched),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2043, 2044, 2045, 2056, 7012, 7013, 7014, 7020, 7021, 7023"),
    )
)]
async fn show_face(
    State(platform): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Matched>, Refusal> {
    let sealed = read_body(&headers, body);
    let due = Shared::clone(&platform).call(move |platform, tx| begin(platform, tx, &headers)).await?;
    let Due { session, attempt, reference } = due;
    let account = session.account.clone();
    // Not in the database's turn: pictures take their time.
    let compared = Shared::clone(&platform).blocking(move |platform| compare(platform, &account, &sealed?, &reference));
    let compared = compared.await;
    platform.call(move |platform, tx| finish(platform, tx, &session, attempt, compared)).await.map(Json)
}

/// A face that is to be compared.
struct Due {
    session: Session,
    /// The try that it costs if it is another's.
    attempt: i64,
    reference: Vec<u8>,
}

/// Takes the try that this picture may cost, so that pictures sent at once cost one each.
fn begin(platform: &Platform, tx: &Transaction<'_>, headers: &HeaderMap) -> Result<Due, Refusal> {
    let (session, _) = check_session(platform, tx, headers, "POST", PATH)?;
    session.require(platform, tx, GuardedAct::ViewWallet)?;
    AccountState::of(platform, tx, &session.account)?.require_active()?;
    let now = platform.clock.seconds();
    tx.execute("DELETE FROM face_tries WHERE at <= ?", [now.saturating_sub(WINDOW)])?;
    if let Some(wait) = spent(tx, &session.account, now)? {
        return Err(not_matched(0).retry_after(wait));
    }
    tx.execute("INSERT INTO face_tries (account, at) VALUES (?, ?)", params![session.account, now])?;
    let attempt = tx.last_insert_rowid();
    let reference = account::find_person(platform, tx, &session.account)?.large_portrait().to_vec();
    Ok(Due { session, attempt, reference })
}

fn finish(
    platform: &Platform,
    tx: &Transaction<'_>,
    session: &Session,
    attempt: i64,
    compared: Result<FaceVerdict, Refusal>,
) -> Result<Matched, Refusal> {
    let (at, account) = (platform.clock.seconds(), &session.account);
    let give_back = || tx.execute("DELETE FROM face_tries WHERE id = ?", [attempt]);
    match compared {
        Ok(FaceVerdict::Same) => {
            tx.execute("DELETE FROM face_tries WHERE account = ?", [account])?;
            let note = "INSERT OR REPLACE INTO faces (device, at) VALUES (?, ?)";
            tx.execute(note, params![session.device, at])?;
            Ok(Matched { at })
        }
        Ok(FaceVerdict::Other) => {
            let taken = "SELECT count(*) FROM face_tries WHERE account = ?";
            let taken: u8 = tx.query_row(taken, [account], |row| row.get(0))?;
            let refusal = not_matched(TRIES.saturating_sub(taken));
            Err(spent(tx, account, at)?.map_or(refusal, |wait| refusal.retry_after(wait)))
        }
        Ok(FaceVerdict::Unusable) => {
            give_back()?;
            Err(Refusal::new(StatusCode::BAD_REQUEST, Code::FACE_UNUSABLE))
        }
        Err(refusal) => {
            give_back()?;
            Err(refusal)
        }
    }
}

/// How long to wait when all tries of an account are taken.
fn spent(tx: &Transaction<'_>, account: &str, now: i64) -> Result<Option<i64>, Refusal> {
    let taken = "SELECT count(*), coalesce(min(at), 0) FROM face_tries WHERE account = ?";
    let (taken, oldest): (u8, i64) = tx.query_row(taken, [account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((taken >= TRIES).then(|| oldest.saturating_add(WINDOW).saturating_sub(now)))
}

/// When the holder's face was last matched in a session of a device.
pub(crate) fn last_matched(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<Option<UnixTime>, Refusal> {
    let mut columns = tx.prepare_cached("SELECT at FROM faces WHERE device = ?")?;
    let at: Option<i64> = columns.query_row([device], |row| row.get(0)).optional()?;
    Ok(at.map(UnixTime::from_seconds))
}

/// A face that was shown on a device counts no more.
pub(crate) fn forget(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<(), Refusal> {
    tx.execute("DELETE FROM faces WHERE device = ?", [device])?;
    Ok(())
}
