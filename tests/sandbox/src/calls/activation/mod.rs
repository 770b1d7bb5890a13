//! Activation, in steps: personal number and phone, one-time code, card, device key and grant.
//!
//! Each step's answer is decided here, from what the phone sent and the register; what the phone found out by itself counts
//! for nothing.

mod card;
mod code;
mod device;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_crypto::{Random, hash::sha256, random};
use eid_model::{Code, PhoneNumber, Pid};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Person,
    extract::JsonBody,
    jwt::encode,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Life of a one-time code, in seconds.
const CODE_LIFE: i64 = 300;

/// Wrong codes that end an activation.
const TRIES: u8 = 5;

/// Attempts that one phone number has in [`RATE_WINDOW`].
const RATE_LIMIT: i64 = 5;

/// Seconds.
const RATE_WINDOW: i64 = 600;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(start)).merge(code::routes()).merge(card::routes()).merge(device::routes())
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
    let code_expires_at = now.saturating_add(CODE_LIFE);
    tx.execute(
        "INSERT INTO activations (id, idempotency, request, pid, purpose, code, code_expires_at, tries_left)
         VALUES (?, ?, ?, ?, 'activate', ?, ?, ?)",
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

/// An activation whose code was confirmed not long ago.
struct Attempt {
    pid: String,
    device_challenge: String,
    chip_challenge: [u8; 8],
    expires_at: i64,
    /// SHA-256 of the card's data that were accepted.
    card: Option<[u8; 32]>,
    used: bool,
}

impl Attempt {
    fn load(platform: &Platform, tx: &Transaction<'_>, id: &str) -> Result<Self, Refusal> {
        let columns =
            "SELECT pid, challenge, chip_challenge, challenge_expires_at, card, used FROM activations WHERE id = ?";
        let row = tx.query_row(columns, [id], |row| {
            let challenges: (Option<String>, Option<[u8; 8]>, Option<i64>) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let (Some(device_challenge), Some(chip_challenge), Some(expires_at)) = challenges else { return Ok(None) };
            let (pid, card, used) = (row.get(0)?, row.get(4)?, row.get(5)?);
            Ok(Some(Self { pid, device_challenge, chip_challenge, expires_at, card, used }))
        });
        let attempt = row.optional()?.ok_or(UNKNOWN)?.ok_or(OUT_OF_ORDER)?;
        if platform.clock.seconds() >= attempt.expires_at { Err(UNKNOWN) } else { Ok(attempt) }
    }

    fn person<'a>(&self, platform: &'a Platform) -> Result<&'a Person, Refusal> {
        platform.register.find(&self.pid).ok_or(UNKNOWN)
    }
}

const UNKNOWN: Refusal = Refusal::new(StatusCode::NOT_FOUND, Code::ACTIVATION_UNKNOWN);

/// The step is not due.
const OUT_OF_ORDER: Refusal = Refusal::new(StatusCode::CONFLICT, Code::STEP_OUT_OF_ORDER);
