//! Activation: personal number and phone, one-time code, device key, grant.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use eid_crypto::{Random, hash::sha256, random};
use eid_model::{Code, PhoneNumber, Pid};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{account, passcode};
use crate::{
    extract::JsonBody,
    jwt::{self, encode},
    keys::ISSUER,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Life of a one-time code and of a device challenge, in seconds.
const LIFE: i64 = 300;

/// Wrong codes that end an activation.
const TRIES: u8 = 5;

/// Attempts that one phone number has in [`RATE_WINDOW`].
const RATE_LIMIT: i64 = 5;

/// Seconds.
const RATE_WINDOW: i64 = 600;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(confirm)).routes(routes!(bind))
}

#[derive(Deserialize, ToSchema)]
struct StartRequest {
    /// Personal identification number: 12 digits.
    pid: String,
    phone: String,
}

#[derive(Serialize, ToSchema)]
struct Started {
    activation_id: String,
    code_expires_at: i64,
}

/// Starts an activation: sends a one-time code to the phone that the register has.
#[utoipa::path(
    post, path = "/v1/activation", tag = "activation", request_body = StartRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters; the same key again starts nothing new")),
    responses(
        (status = 201, body = Started),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7010, 7013, 7015"),
    )
)]
async fn start(
    State(platform): State<Shared>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<StartRequest>,
) -> Result<(StatusCode, Json<Started>), Refusal> {
    let key = headers.get("idempotency-key").map(|value| value.as_bytes()).unwrap_or_default();
    if !(1..=128).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::invalid_request());
    }
    let idempotency = sha256(key);
    let pid = Pid::parse(&request.pid).map_err(|_| Refusal::invalid_request())?;
    let phone = PhoneNumber::parse(&request.phone).map_err(|_| Refusal::invalid_request())?;
    let started = platform.call(move |platform, tx| start_once(platform, tx, &idempotency, &pid, &phone)).await?;
    Ok((StatusCode::CREATED, Json(started)))
}

fn start_once(
    platform: &Platform,
    tx: &Transaction<'_>,
    idempotency: &[u8; 32],
    pid: &Pid,
    phone: &PhoneNumber,
) -> Result<Started, Refusal> {
    let request = sha256(format!("{} {}", pid.as_str(), phone.as_str()).as_bytes());
    let same_key = "SELECT id, code_expires_at, request FROM activations WHERE idempotency = ?";
    let earlier = tx
        .query_row(same_key, [idempotency], |row| {
            Ok((Started { activation_id: row.get(0)?, code_expires_at: row.get(1)? }, row.get::<_, [u8; 32]>(2)?))
        })
        .optional()?;
    match earlier {
        Some((started, of)) if of == request => return Ok(started),
        Some(_) => return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, Code::REQUEST_INVALID)),
        None => {}
    }
    let now = platform.clock.seconds();
    count_attempt(tx, phone, now)?;
    let known = platform.register.find(pid.as_str()).is_some_and(|person| person.phone == *phone);
    if !known {
        return Err(Refusal::new(StatusCode::FORBIDDEN, Code::REGISTER_MISMATCH));
    }
    let (id, code) = (encode(&random::<16>(&platform.rng)?), make_code(&platform.rng)?);
    let code_expires_at = now.saturating_add(LIFE);
    tx.execute(
        "INSERT INTO activations (id, idempotency, request, pid, code, code_expires_at, tries_left)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![id, idempotency, request, pid.as_str(), code, code_expires_at, TRIES],
    )?;
    // Says what the code is for, so that whoever asks for it by telephone is found out. Without accents, as text messages are.
    let text = format!(
        "eID thu nghiem: {code} la ma KICH HOAT tai khoan dinh danh dien tu tren dien thoai moi, co hieu luc 5 phut. \
         Khong doc ma cho bat ky ai, ke ca can bo."
    );
    tx.execute(
        "INSERT INTO messages (phone, text, code, sent_at) VALUES (?, ?, ?, ?)",
        params![phone.as_str(), text, code, now],
    )?;
    Ok(Started { activation_id: id, code_expires_at })
}

/// Counts every attempt for a phone, right or wrong: a limit on codes alone would let anybody try numbers against it.
fn count_attempt(tx: &Transaction<'_>, phone: &PhoneNumber, now: i64) -> Result<(), Refusal> {
    tx.execute("DELETE FROM attempts WHERE at <= ?", [now.saturating_sub(RATE_WINDOW)])?;
    let recent = "SELECT count(*), coalesce(min(at), 0) FROM attempts WHERE phone = ?";
    let (count, oldest): (i64, i64) = tx.query_row(recent, [phone.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count >= RATE_LIMIT {
        let wait = oldest.saturating_add(RATE_WINDOW).saturating_sub(now);
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TOO_MANY_REQUESTS).retry_after(wait));
    }
    tx.execute("INSERT INTO attempts (phone, at) VALUES (?, ?)", params![phone.as_str(), now])?;
    Ok(())
}

/// Six random digits, each code as likely as any other.
fn make_code(rng: &dyn Random) -> Result<String, Refusal> {
    const CODES: u32 = 1_000_000;
    loop {
        let number = u32::from_be_bytes(random(rng)?);
        if number < u32::MAX - u32::MAX % CODES {
            return Ok(format!("{:06}", number % CODES));
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct CodeRequest {
    /// Six digits.
    code: String,
}

#[derive(Serialize, ToSchema)]
struct Challenge {
    /// 32 bytes, base64url.
    device_challenge: String,
    expires_at: i64,
}

/// Confirms the one-time code. The right code again gives the same challenge.
#[utoipa::path(
    post, path = "/v1/activation/{id}/code", tag = "activation", request_body = CodeRequest,
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Challenge),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2010, 2011, 2012, 7011, 7013"),
    )
)]
async fn confirm(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(CodeRequest { code }): JsonBody<CodeRequest>,
) -> Result<Json<Challenge>, Refusal> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::invalid_request());
    }
    platform.call(move |platform, tx| confirm_code(platform, tx, &id, &code)).await.map(Json)
}

fn confirm_code(platform: &Platform, tx: &Transaction<'_>, id: &str, code: &str) -> Result<Challenge, Refusal> {
    let now = platform.clock.seconds();
    let columns =
        "SELECT code, code_expires_at, tries_left, challenge, challenge_expires_at FROM activations WHERE id = ?";
    let row = tx.query_row(columns, [id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u8>(2)?, row.get(3)?, row.get(4)?))
    });
    let (right, code_expires_at, tries_left, challenge, expires_at) = row.optional()?.ok_or(UNKNOWN)?;
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
    if let (Some(device_challenge), Some(expires_at)) = (challenge, expires_at) {
        return Ok(Challenge { device_challenge, expires_at });
    }
    let made =
        Challenge { device_challenge: encode(&random::<32>(&platform.rng)?), expires_at: now.saturating_add(LIFE) };
    tx.execute(
        "UPDATE activations SET challenge = ?, challenge_expires_at = ? WHERE id = ?",
        params![made.device_challenge, made.expires_at, id],
    )?;
    Ok(made)
}

const UNKNOWN: Refusal = Refusal::new(StatusCode::NOT_FOUND, Code::ACTIVATION_UNKNOWN);

const TRIES_SPENT: Refusal = Refusal::new(StatusCode::FORBIDDEN, Code::CODE_TRIES_SPENT);

#[derive(Deserialize, ToSchema)]
struct DeviceRequest {
    /// A JWT of type `eid-device-binding+jwt`.
    binding: String,
    /// A JWT of type `eid-passcode-binding+jwt`.
    passcode_binding: Option<String>,
}

#[derive(Deserialize)]
struct BindingClaims {
    aud: String,
    iat: i64,
    nonce: String,
}

#[derive(Serialize, ToSchema)]
struct Bound {
    account_id: String,
    /// A JWT of type `eid-grant+jwt`.
    grant: String,
    /// The issuer's name in grants, tokens and the trust list.
    #[schema(example = "e.example")]
    issuer: &'static str,
}

/// Binds the device key. The same key again gets the same account; another one supersedes the phone that was bound before.
#[utoipa::path(
    post, path = "/v1/activation/{id}/device", tag = "activation", request_body = DeviceRequest,
    params(("id" = String, Path)),
    responses(
        (status = 201, body = Bound),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2032, 7011, 7013"),
    )
)]
async fn bind(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<DeviceRequest>,
) -> Result<(StatusCode, Json<Bound>), Refusal> {
    let bound = platform.call(move |platform, tx| bind_device(platform, tx, &id, &request)).await?;
    Ok((StatusCode::CREATED, Json(bound)))
}

fn bind_device(platform: &Platform, tx: &Transaction<'_>, id: &str, request: &DeviceRequest) -> Result<Bound, Refusal> {
    let columns = "SELECT pid, challenge, challenge_expires_at, used FROM activations WHERE id = ?";
    let row = tx.query_row(columns, [id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<i64>>(2)?, row.get(3)?))
    });
    let (pid, challenge, expires_at, used) = row.optional()?.ok_or(UNKNOWN)?;
    let (Some(challenge), Some(expires_at)) = (challenge, expires_at) else { return Err(UNKNOWN) };
    if platform.clock.seconds() >= expires_at {
        return Err(UNKNOWN);
    }
    let binding = jwt::verify_self_signed::<BindingClaims>(&request.binding, "eid-device-binding+jwt")
        .map_err(|_| Refusal::invalid_request())?;
    let BindingClaims { aud, iat, nonce } = binding.claims;
    if aud != platform.base_url || nonce != challenge || !platform.is_fresh(iat) {
        return Err(Refusal::invalid_request());
    }
    let passcode_binding = request.passcode_binding.as_deref();
    let passcode_key = passcode_binding.map(|binding| passcode::verify_binding(platform, binding, &challenge));
    let passcode_key = passcode_key.transpose()?;
    let person = platform.register.find(&pid).ok_or(UNKNOWN)?;
    if !person.level_two {
        return Err(account::NO_LEVEL_TWO);
    }
    let key = jwt::thumbprint(&binding.key);
    let account = if used {
        // By this phone, whose answer was lost, or else by one that may not use it again.
        account::find_active(tx, &pid, &key)?.ok_or(UNKNOWN)?
    } else {
        let account = account::bind(platform, tx, &pid, &key)?;
        tx.execute("UPDATE activations SET used = 1 WHERE id = ?", [id])?;
        account
    };
    if let Some(passcode_key) = passcode_key {
        passcode::register(tx, &key, &passcode_key)?;
    }
    let grant = account::make_grant(platform, tx, &account, person, &binding.key)?;
    Ok(Bound { account_id: account, grant, issuer: ISSUER })
}
