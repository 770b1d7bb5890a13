//! Consents: signed statements of a device key, kept as evidence, and their withdrawals.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use eid_model::{Code, ConsentTextTable, GuardedAct, Recipient};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::JsonBody,
    jwt::{self, BadJwt},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, check_session},
};

const PATH: &str = "/v1/consents";

/// Consents of one account, at most.
const MOST: i64 = 500;

/// How far ahead the phone's clock may be, in seconds. How far back it is does not matter: consents are given offline.
const AHEAD: i64 = 300;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(take_consent, list)).routes(routes!(take_withdrawal))
}

#[derive(Deserialize, ToSchema)]
struct ConsentBody {
    /// A JWT of type `eid-consent+jwt`, signed by the device key.
    consent: String,
}

#[derive(Deserialize)]
struct Statement {
    aud: String,
    sub: String,
    jti: String,
    iat: i64,
    exp: i64,
    purpose: String,
    #[serde(rename = "recipient")]
    _recipient: Recipient,
    fields: Vec<Field>,
    text_version: u32,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    sensitive: bool,
}

#[derive(Serialize, ToSchema)]
struct Received {
    id: String,
    received_at: i64,
}

/// Takes a consent. The same one again gives the same answer.
#[utoipa::path(
    post, path = "/v1/consents", tag = "own data",
    request_body = ConsentBody,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Received),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7012, 7013, 7014, 7020, 7021, 7023, 7025, 9006, 9014"),
    )
)]
async fn take_consent(
    State(platform): State<Shared>,
    headers: HeaderMap,
    body: Result<JsonBody<ConsentBody>, Refusal>,
) -> Result<Json<Received>, Refusal> {
    let JsonBody(body) = body?;
    let taken = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "POST", PATH)?;
        let statement: Statement = verify(platform, &session, &body.consent, "eid-consent+jwt")?;
        check(&statement, platform)?;
        store(platform, tx, &session, &statement, &body.consent)
    });
    taken.await.map(Json)
}

fn check(statement: &Statement, platform: &Platform) -> Result<(), Refusal> {
    let text = ConsentTextTable::embedded().find(&statement.purpose, statement.text_version);
    let text = text.ok_or(Refusal::new(StatusCode::NOT_FOUND, Code::CONSENT_PURPOSE_UNKNOWN))?;
    let names: Vec<String> = statement.fields.iter().map(|field| field.name.clone()).collect();
    let unique = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let known = text.select(&names).ok_or(Refusal::invalid_request())?;
    let told = known.iter().zip(&statement.fields).all(|(known, said)| known.is_sensitive() == said.sensitive);
    let longest = i64::from(text.term_days()).saturating_mul(86_400);
    let term = statement.exp.saturating_sub(statement.iat);
    let sound = unique
        && told
        && (1..=longest).contains(&term)
        && is_identifier(&statement.jti)
        && statement.iat <= platform.clock.seconds().saturating_add(AHEAD);
    if sound { Ok(()) } else { Err(Refusal::invalid_request()) }
}

fn store(
    platform: &Platform,
    tx: &Transaction<'_>,
    session: &Session,
    statement: &Statement,
    token: &str,
) -> Result<Received, Refusal> {
    let id = statement.jti.clone();
    let known = "SELECT token, received_at FROM consents WHERE account = ? AND id = ?";
    let known = tx.query_row(known, params![session.account, id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    if let Some((known, received_at)) = known.optional()? {
        let conflict = Refusal::new(StatusCode::CONFLICT, Code::REQUEST_INVALID);
        return if known == token { Ok(Received { id, received_at }) } else { Err(conflict) };
    }
    let count = "SELECT count(*) FROM consents WHERE account = ?";
    if tx.query_row(count, [&session.account], |row| row.get::<_, i64>(0))? >= MOST {
        return Err(Refusal::new(StatusCode::FORBIDDEN, Code::LIST_FULL));
    }
    let received_at = platform.clock.seconds();
    tx.execute(
        "INSERT INTO consents (account, id, token, received_at) VALUES (?, ?, ?, ?)",
        params![session.account, id, token, received_at],
    )?;
    Ok(Received { id, received_at })
}

#[derive(Deserialize, ToSchema)]
struct WithdrawalBody {
    /// A JWT of type `eid-consent-withdrawal+jwt`, signed by the device key.
    withdrawal: String,
}

#[derive(Deserialize)]
struct Withdrawal {
    aud: String,
    sub: String,
    jti: String,
    iat: i64,
}

#[derive(Serialize, ToSchema)]
struct Withdrawn {
    withdrawn_at: i64,
}

/// Takes the withdrawal of a consent. The first one counts.
#[utoipa::path(
    post, path = "/v1/consents/{id}/withdrawal", tag = "own data",
    request_body = WithdrawalBody,
    params(
        ("id" = String, Path),
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Withdrawn),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7012, 7013, 7014, 7020, 7021, 7023, 7025, 9005"),
    )
)]
async fn take_withdrawal(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<JsonBody<WithdrawalBody>, Refusal>,
) -> Result<Json<Withdrawn>, Refusal> {
    let JsonBody(body) = body?;
    if !is_identifier(&id) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, Code::CONSENT_UNKNOWN));
    }
    let taken = platform.call(move |platform, tx| {
        let path = format!("{PATH}/{id}/withdrawal");
        let (session, _) = check_session(platform, tx, &headers, "POST", &path)?;
        let said: Withdrawal = verify(platform, &session, &body.withdrawal, "eid-consent-withdrawal+jwt")?;
        if said.jti != id || said.iat > platform.clock.seconds().saturating_add(AHEAD) {
            return Err(Refusal::invalid_request());
        }
        let update = "UPDATE consents SET withdrawal = ?3, withdrawn_at = ?4
                      WHERE account = ?1 AND id = ?2 AND withdrawn_at IS NULL";
        tx.execute(update, params![session.account, id, body.withdrawal, said.iat])?;
        let known = "SELECT withdrawn_at FROM consents WHERE account = ? AND id = ?";
        let withdrawn_at = tx.query_row(known, params![session.account, id], |row| row.get(0)).optional()?;
        let unknown = Refusal::new(StatusCode::NOT_FOUND, Code::CONSENT_UNKNOWN);
        Ok(Withdrawn { withdrawn_at: withdrawn_at.ok_or(unknown)? })
    });
    taken.await.map(Json)
}

#[derive(Serialize, ToSchema)]
struct Consents {
    consents: Vec<Kept>,
}

#[derive(Serialize, ToSchema)]
struct Kept {
    consent: String,
    received_at: i64,
    withdrawn_at: Option<i64>,
}

/// The account's consents, the oldest first.
#[utoipa::path(
    get, path = "/v1/consents", tag = "own data",
    params(
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Consents),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2056, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn list(State(platform): State<Shared>, headers: HeaderMap) -> Result<Json<Consents>, Refusal> {
    let listed = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "GET", PATH)?;
        session.require(platform, tx, GuardedAct::ViewWallet)?;
        let mut rows =
            tx.prepare("SELECT token, received_at, withdrawn_at FROM consents WHERE account = ? ORDER BY rowid")?;
        let rows = rows.query_map([&session.account], |row| {
            Ok(Kept { consent: row.get(0)?, received_at: row.get(1)?, withdrawn_at: row.get(2)? })
        })?;
        Ok(Consents { consents: rows.collect::<Result<_, _>>()? })
    });
    listed.await.map(Json)
}

/// Who states something, and to whom.
trait Addressed {
    fn addressed(&self) -> (&str, &str);
}

impl Addressed for Statement {
    fn addressed(&self) -> (&str, &str) {
        (&self.aud, &self.sub)
    }
}

impl Addressed for Withdrawal {
    fn addressed(&self) -> (&str, &str) {
        (&self.aud, &self.sub)
    }
}

/// A statement of the session's own device key about the session's own account, made for this platform.
fn verify<T: Addressed + serde::de::DeserializeOwned>(
    platform: &Platform,
    session: &Session,
    token: &str,
    typ: &str,
) -> Result<T, Refusal> {
    let signed = jwt::verify_self_signed::<T>(token, typ).map_err(|BadJwt| Refusal::invalid_request())?;
    let ours = signed.claims.addressed() == (platform.base_url.as_str(), session.account.as_str());
    if ours && jwt::thumbprint(&signed.key) == session.device {
        Ok(signed.claims)
    } else {
        Err(Refusal::invalid_request())
    }
}

/// 1–64 characters of base64url.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
