//! Access tokens: a JWT bearer grant (RFC 7523) with DPoP (RFC 9449), refreshing (RFC 6749) and revocation (RFC 7009).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_crypto::{VerifyingKey, random};
use eid_model::Code;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::account;
use crate::{
    dpop,
    extract::FormBody,
    jwt,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, TokenAnswer},
};

/// Longest life of an assertion, in seconds.
const ASSERTION_LIFE: i64 = 60;

/// The auth level of the device key without anything else: one factor.
const DEVICE_KEY_ALONE: u8 = 1;

const PATH: &str = "/oauth2/token";

const REVOKE_PATH: &str = "/oauth2/revoke";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(token)).routes(routes!(revoke))
}

#[derive(Deserialize, ToSchema)]
struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` or `refresh_token`.
    grant_type: String,
    /// With a JWT bearer grant: a JWT signed by the device key.
    assertion: Option<String>,
    /// With a refresh token.
    refresh_token: Option<String>,
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

/// Gives an access token to the active device of an account.
#[utoipa::path(
    post, path = "/oauth2/token", tag = "credentials",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    params(("DPoP" = String, Header, description = "A JWT of type `dpop+jwt`, signed by the device key")),
    responses(
        (status = 200, body = TokenAnswer),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2057, 7012, 7013, 7020, 7021, 7023, 7025"),
    )
)]
async fn token(
    State(platform): State<Shared>,
    headers: HeaderMap,
    form: Result<FormBody<TokenRequest>, Refusal>,
) -> Result<Json<TokenAnswer>, Refusal> {
    let FormBody(request) = form.map_err(|refusal| refusal.named("invalid_request"))?;
    let lacking = Refusal::invalid_request().named("invalid_request");
    match request.grant_type.as_str() {
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            let assertion = request.assertion.ok_or(lacking)?;
            platform.call(move |platform, tx| give_token(platform, tx, &headers, &assertion)).await.map(Json)
        }
        "refresh_token" => {
            let token = request.refresh_token.ok_or(lacking)?;
            let refreshed = platform.call(move |platform, tx| {
                let key = jwt::thumbprint(&check_proof(platform, tx, &headers, PATH)?);
                account::refuse_superseded(tx, &key).map_err(|refusal| refusal.named("invalid_grant"))?;
                Session::refresh(platform, tx, &key, &token)
            });
            refreshed.await.map(Json)
        }
        _ => Err(Refusal::invalid_request().named("unsupported_grant_type")),
    }
}

#[derive(Deserialize, ToSchema)]
struct Revocation {
    /// An access or a refresh token.
    token: String,
}

#[derive(Serialize, ToSchema)]
struct Revoked {}

/// Ends the session that a token belongs to, with all its tokens. A token that is not known is none any more.
#[utoipa::path(
    post, path = "/oauth2/revoke", tag = "credentials",
    request_body(content = Revocation, content_type = "application/x-www-form-urlencoded"),
    params(("DPoP" = String, Header, description = "A JWT of type `dpop+jwt`, signed by the device key")),
    responses(
        (status = 200, body = Revoked),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn revoke(
    State(platform): State<Shared>,
    headers: HeaderMap,
    form: Result<FormBody<Revocation>, Refusal>,
) -> Result<Json<Revoked>, Refusal> {
    let FormBody(request) = form.map_err(|refusal| refusal.named("invalid_request"))?;
    let revoked = platform.call(move |platform, tx| {
        let key = check_proof(platform, tx, &headers, REVOKE_PATH)?;
        Session::revoke(tx, &jwt::thumbprint(&key), &request.token)
    });
    revoked.await.map(|()| Json(Revoked {}))
}

/// The key of the DPoP proof. At these endpoints a bad one is an ordinary OAuth error (RFC 9449 section 5).
fn check_proof(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    path: &str,
) -> Result<VerifyingKey, Refusal> {
    let call = dpop::Call { method: "POST", path, access_token: None };
    dpop::check(platform, tx, headers, call).map_err(Refusal::as_bad_request)
}

fn give_token(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    assertion: &str,
) -> Result<TokenAnswer, Refusal> {
    let dpop_key = check_proof(platform, tx, headers, PATH)?;
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
    account::refuse_superseded(tx, &key).map_err(|refusal| refusal.named("invalid_grant"))?;
    let account = tx.prepare("SELECT 1 FROM accounts WHERE id = ? AND device = ?")?.exists(params![sub, key])?;
    if !account {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::SESSION_REFUSED).named("invalid_grant"));
    }
    let (now, seed) = (platform.clock.seconds(), random::<32>(&platform.rng)?);
    Session::new(sub, key, DEVICE_KEY_ALONE, now, &seed).give(platform, tx, &seed, false)
}
