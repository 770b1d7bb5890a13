//! Access tokens: a JWT bearer grant (RFC 7523) with DPoP (RFC 9449).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use eid_crypto::{VerifyingKey, hash::sha256, random};
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    dpop,
    extract::FormBody,
    jwt::{self, encode},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Life of an access token, in seconds.
const TOKEN_LIFE: i64 = 600;

/// How long an expired token is remembered as expired, in seconds.
const TOKEN_MEMORY: i64 = 86_400;

/// Longest life of an assertion, in seconds.
const ASSERTION_LIFE: i64 = 60;

const PATH: &str = "/oauth2/token";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(token))
}

#[derive(Deserialize, ToSchema)]
struct TokenRequest {
    #[schema(example = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    grant_type: String,
    /// A JWT signed by the device key.
    assertion: String,
}

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    access_token: String,
    #[schema(example = "DPoP")]
    token_type: &'static str,
    expires_in: i64,
}

/// Gives an access token to the active device of an account.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "credentials",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    params(("DPoP" = String, Header, description = "A JWT of type `dpop+jwt`, signed by the device key")),
    responses(
        (status = 200, body = TokenAnswer),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7012, 7013"),
    )
)]
async fn token(
    State(platform): State<Shared>,
    headers: HeaderMap,
    form: Result<FormBody<TokenRequest>, Refusal>,
) -> Result<Json<TokenAnswer>, Refusal> {
    let FormBody(request) = form.map_err(|refusal| refusal.named("invalid_request"))?;
    if request.grant_type != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return Err(Refusal::invalid_request().named("unsupported_grant_type"));
    }
    platform.call(move |platform, tx| give_token(platform, tx, &headers, &request.assertion)).await.map(Json)
}

fn give_token(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    assertion: &str,
) -> Result<TokenAnswer, Refusal> {
    let call = dpop::Call { method: "POST", path: PATH, access_token: None };
    // At this endpoint a bad proof is an ordinary OAuth error (RFC 9449 section 5).
    let dpop_key = dpop::check(platform, tx, headers, call).map_err(Refusal::as_bad_request)?;
    let bad_assertion = Refusal::invalid_request().named("invalid_grant");
    let assertion = jwt::verify_self_signed::<Assertion>(assertion, "JWT").map_err(|_| bad_assertion)?;
    let key = jwt::thumbprint(&assertion.key);
    let Assertion { iss, sub, aud, iat, exp, jti } = assertion.claims;
    let is_ours = iss == sub && aud.strip_prefix(platform.base_url.as_str()) == Some(PATH) && !jti.is_empty();
    let life = exp.saturating_sub(iat);
    if !is_ours || !platform.is_fresh(iat) || !(1..=ASSERTION_LIFE).contains(&life) {
        return Err(bad_assertion);
    }
    if !platform.is_first_use(tx, "JWT", &key, &jti, iat)? {
        return Err(bad_assertion);
    }
    if dpop_key != assertion.key {
        return Err(Refusal::invalid_request().named("invalid_dpop_proof"));
    }
    let account = tx.prepare("SELECT 1 FROM accounts WHERE id = ? AND device = ?")?.exists(params![sub, key])?;
    if !account {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::SESSION_REFUSED).named("invalid_grant"));
    }
    let access_token = encode(&random::<32>(&platform.rng)?);
    let now = platform.clock.seconds();
    tx.execute("DELETE FROM access_tokens WHERE expires_at <= ?", [now.saturating_sub(TOKEN_MEMORY)])?;
    tx.execute(
        "INSERT INTO access_tokens (hash, account, device, expires_at) VALUES (?, ?, ?, ?)",
        params![sha256(access_token.as_bytes()), sub, key, now.saturating_add(TOKEN_LIFE)],
    )?;
    Ok(TokenAnswer { access_token, token_type: "DPoP", expires_in: TOKEN_LIFE })
}

/// Who sends a request.
pub(crate) struct Session {
    pub(crate) account: String,
    /// The thumbprint of the device key.
    pub(crate) device: [u8; 32],
}

/// Checks the access token and the DPoP proof of a request to a protected call; gives the device key too.
pub(crate) fn check_session(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    method: &str,
    path: &str,
) -> Result<(Session, VerifyingKey), Refusal> {
    let refused = |code| Refusal::new(StatusCode::UNAUTHORIZED, code).named("invalid_token");
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
        .map(|(_, token)| token)
        .ok_or(refused(Code::SESSION_REFUSED))?;
    let columns = "SELECT account, device, expires_at FROM access_tokens WHERE hash = ?";
    let row = tx.query_row(columns, [sha256(token.as_bytes())], |row| {
        Ok((Session { account: row.get(0)?, device: row.get(1)? }, row.get::<_, i64>(2)?))
    });
    let (session, expires_at) = row.optional()?.ok_or(refused(Code::SESSION_REFUSED))?;
    if platform.clock.seconds() >= expires_at {
        return Err(refused(Code::NONCE_STALE));
    }
    let key = dpop::check(platform, tx, headers, dpop::Call { method, path, access_token: Some(token) })?;
    if jwt::thumbprint(&key) == session.device { Ok((session, key)) } else { Err(dpop::refusal()) }
}
