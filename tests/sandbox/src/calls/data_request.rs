//! Requests under the data-protection law: received, and then played by a plan. Nobody decides here; the days are what matters.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_crypto::hash::sha256;
use eid_model::{Code, GuardedAct, RequestKind, RequestText};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    calls::consent::is_identifier,
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, check_session},
};

const PATH: &str = "/v1/data-requests";

/// Requests of one account, at most.
const MOST: i64 = 500;

const DAY: i64 = 86_400;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(take, list))
}

/// What becomes of requests that arrive from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPlan {
    /// Answered after a day, done after five.
    Prompt,
    /// Answered after a day, extended after eight, done after eighteen; others hold the data, too.
    Extended,
    /// Answered after a day, refused after three.
    Refused,
    /// Received, and never heard of again: every term is missed.
    Silent,
}

impl RequestPlan {
    const ALL: [Self; 4] = [Self::Prompt, Self::Extended, Self::Refused, Self::Silent];

    /// By the request's own name, if nothing else was said: the same name has the same fate.
    fn of(id: &str) -> Self {
        let [first, ..] = sha256(id.as_bytes());
        Self::ALL.get(usize::from(first) % Self::ALL.len()).copied().unwrap_or(Self::Prompt)
    }

    fn number(self) -> i64 {
        match self {
            Self::Prompt => 0,
            Self::Extended => 1,
            Self::Refused => 2,
            Self::Silent => 3,
        }
    }

    /// Days after receipt: answered, extended, ended.
    fn days(number: i64) -> [Option<i64>; 3] {
        match number {
            0 => [Some(1), None, Some(5)],
            1 => [Some(1), Some(8), Some(18)],
            2 => [Some(1), None, Some(3)],
            _ => [None, None, None],
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct Request {
    /// Names it: 1 to 64 characters of base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: String,
    /// `access`, `correct`, `delete`, `restrict`, `object`, `withdraw` or `export`.
    #[schema(value_type = String, pattern = "^(access|correct|delete|restrict|object|withdraw|export)$")]
    kind: RequestKind,
    /// At most 1,000 characters.
    #[schema(value_type = String, max_length = 1000)]
    text: RequestText,
}

#[derive(Serialize, ToSchema)]
struct Received {
    id: String,
    received_at: i64,
}

/// Takes a request. The same one again gives the same answer.
#[utoipa::path(
    post, path = "/v1/data-requests", tag = "own data",
    request_body = Request,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Received),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7012, 7013, 7014, 7020, 7021, 7023, 7025, 9012, 9014"),
    )
)]
async fn take(
    State(platform): State<Shared>,
    headers: HeaderMap,
    request: Result<JsonBody<Request>, Refusal>,
) -> Result<Json<Received>, Refusal> {
    let JsonBody(request) = request?;
    let taken = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "POST", PATH)?;
        store(platform, tx, &session, &request)
    });
    taken.await.map(Json)
}

fn store(platform: &Platform, tx: &Transaction<'_>, session: &Session, request: &Request) -> Result<Received, Refusal> {
    let Request { id, kind, text } = request;
    if !is_identifier(id) {
        return Err(Refusal::invalid_request());
    }
    if kind.needs_text() && text.as_str().is_empty() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::DATA_REQUEST_TEXT));
    }
    let content = sha256(format!("{}\n{}", kind.name(), text.as_str()).as_bytes());
    let known = "SELECT content, received_at FROM data_requests WHERE account = ? AND id = ?";
    let known = tx.query_row(known, params![session.account, id], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?)));
    if let Some((known, received_at)) = known.optional()? {
        let conflict = Refusal::new(StatusCode::CONFLICT, Code::REQUEST_INVALID);
        return if known == content { Ok(Received { id: id.clone(), received_at }) } else { Err(conflict) };
    }
    let count = "SELECT count(*) FROM data_requests WHERE account = ?";
    if tx.query_row(count, [&session.account], |row| row.get::<_, i64>(0))? >= MOST {
        return Err(Refusal::new(StatusCode::FORBIDDEN, Code::LIST_FULL));
    }
    let received_at = platform.clock.seconds();
    let plan = platform.request_plan().unwrap_or(RequestPlan::of(id)).number();
    tx.execute(
        "INSERT INTO data_requests (account, id, content, received_at, plan) VALUES (?, ?, ?, ?, ?)",
        params![session.account, id, content, received_at, plan],
    )?;
    Ok(Received { id: id.clone(), received_at })
}

#[derive(Serialize, ToSchema)]
struct Requests {
    requests: Vec<Progress>,
}

/// How a request stands. A time is there once it has come.
#[derive(Serialize, ToSchema)]
struct Progress {
    id: String,
    received_at: i64,
    /// Others hold the data as well and have to act.
    others_involved: bool,
    answered_at: Option<i64>,
    extended_at: Option<i64>,
    ended_at: Option<i64>,
    refused: bool,
}

/// How the account's requests stand, the oldest first.
#[utoipa::path(
    get, path = "/v1/data-requests", tag = "own data",
    params(
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Requests),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2056, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn list(State(platform): State<Shared>, headers: HeaderMap) -> Result<Json<Requests>, Refusal> {
    let listed = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "GET", PATH)?;
        session.require(platform, tx, GuardedAct::ViewWallet)?;
        let now = platform.clock.seconds();
        let mut rows =
            tx.prepare("SELECT id, received_at, plan FROM data_requests WHERE account = ? ORDER BY rowid")?;
        let rows =
            rows.query_map([&session.account], |row| Ok(progress(row.get(0)?, row.get(1)?, row.get(2)?, now)))?;
        Ok(Requests { requests: rows.collect::<Result<_, _>>()? })
    });
    listed.await.map(Json)
}

/// What has come about by `now`.
fn progress(id: String, received_at: i64, plan: i64, now: i64) -> Progress {
    let come = |days: Option<i64>| {
        let at = days.and_then(|days| received_at.checked_add(days.checked_mul(DAY)?));
        at.filter(|at| *at <= now)
    };
    let [answered_at, extended_at, ended_at] = RequestPlan::days(plan).map(come);
    Progress {
        id,
        received_at,
        others_involved: plan == RequestPlan::Extended.number() && answered_at.is_some(),
        answered_at,
        extended_at,
        ended_at,
        refused: plan == RequestPlan::Refused.number() && ended_at.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn plan_is_played_by_the_clock_and_named_by_the_request() {
        for (plan, day, expected) in [
            (RequestPlan::Prompt, 0, (false, false, false, false)),
            (RequestPlan::Prompt, 1, (true, false, false, false)),
            (RequestPlan::Prompt, 5, (true, false, true, false)),
            (RequestPlan::Extended, 8, (true, true, false, false)),
            (RequestPlan::Extended, 18, (true, true, true, false)),
            (RequestPlan::Refused, 3, (true, false, true, true)),
            (RequestPlan::Silent, 900, (false, false, false, false)),
        ] {
            let seen = progress("r".to_owned(), 1000, plan.number(), 1000 + day * DAY);
            let seen = (seen.answered_at.is_some(), seen.extended_at.is_some(), seen.ended_at.is_some(), seen.refused);
            assert_eq!(seen, expected, "{plan:?} {day}");
        }
        let fates: BTreeSet<i64> = (0..60).map(|n| RequestPlan::of(&n.to_string()).number()).collect();
        assert_eq!(fates.len(), 4);
        assert_eq!(RequestPlan::of("a"), RequestPlan::of("a"));
    }
}
