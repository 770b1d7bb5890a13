//! Proving who somebody is, in steps: personal number and phone, one-time code, card or voucher, face; and what it is for: a new
//! device key and a grant, a new passcode on the same phone, or lifting one's own lock.
//!
//! Each step's answer is decided here, from what the phone sent and the register; what the phone found out by itself counts
//! for nothing.

mod card;
mod code;
mod device;
pub(crate) mod face;
mod unlock;
mod voucher;

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

use super::{account, contact::Contacts};
use crate::{
    SandboxError,
    citizen::{AccountState, Citizen},
    extract::JsonBody,
    jwt::encode,
    message,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

/// Life of a one-time code, in seconds.
pub(crate) const CODE_LIFE: i64 = 300;

/// Wrong codes that end an activation.
pub(crate) const TRIES: u8 = 5;

/// Attempts that one phone number has in [`RATE_WINDOW`].
const RATE_LIMIT: i64 = 5;

/// Seconds.
const RATE_WINDOW: i64 = 600;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .merge(code::routes())
        .merge(card::routes())
        .merge(voucher::routes())
        .merge(face::routes())
        .merge(device::routes())
        .merge(unlock::routes())
}

#[derive(Deserialize, ToSchema)]
struct StartRequest {
    /// Personal identification number: 12 digits.
    #[schema(value_type = String)]
    pid: Pid,
    #[schema(value_type = String)]
    phone: PhoneNumber,
    #[serde(default)]
    purpose: Purpose,
}

/// What somebody proves for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    /// To have this phone as the active one.
    #[default]
    Activate,
    /// To have another passcode on the phone that is active.
    Recover,
    /// To lift one's own lock.
    Unlock,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Recover => "recover",
            Self::Unlock => "unlock",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "recover" => Self::Recover,
            "unlock" => Self::Unlock,
            _ => Self::Activate,
        }
    }

    /// What the text message says that the code is for. Without accents, as text messages are.
    const fn message(self) -> &'static str {
        match self {
            Self::Activate => "KICH HOAT tai khoan dinh danh dien tu tren dien thoai moi",
            Self::Recover => "DAT LAI MAT MA cua tai khoan dinh danh dien tu",
            Self::Unlock => "MO KHOA tai khoan dinh danh dien tu",
        }
    }
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
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7010, 7013, 7015, 7017, 7020, 7021"),
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
    let started = platform.call(move |platform, tx| start_once(platform, tx, &idempotency, &request)).await?;
    Ok((StatusCode::CREATED, Json(started)))
}

fn start_once(
    platform: &Platform,
    tx: &Transaction<'_>,
    idempotency: &[u8; 32],
    StartRequest { pid, phone, purpose }: &StartRequest,
) -> Result<Started, Refusal> {
    let request = sha256(format!("{} {} {}", pid.as_str(), phone.as_str(), purpose.name()).as_bytes());
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
    count_attempt(tx, phone.as_str(), now)?;
    let account = account::find_by_pid(tx, pid.as_str())?;
    let contacts = account.map(|account| Contacts::load(platform, tx, &account)).transpose()?;
    let is_second = contacts.as_ref().is_some_and(|contacts| contacts.is_second(phone));
    let citizen = Citizen::find(platform, tx, pid.as_str())?;
    let citizen = citizen
        .filter(|citizen| is_second || citizen.person.phone == *phone)
        .ok_or(Refusal::new(StatusCode::FORBIDDEN, Code::REGISTER_MISMATCH))?;
    check_purpose(platform, tx, &citizen, *purpose)?;
    let (id, code) = (encode(&random::<16>(&platform.rng)?), make_code(&platform.rng)?);
    let code_expires_at = now.saturating_add(CODE_LIFE);
    tx.execute(
        "INSERT INTO activations (id, idempotency, request, pid, phone, purpose, code, code_expires_at, tries_left)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![id, idempotency, request, pid.as_str(), phone.as_str(), purpose.name(), code, code_expires_at, TRIES],
    )?;
    let phrase = contacts.as_ref().and_then(|contacts| contacts.phrase.as_ref());
    message::send_code(tx, phone, phrase, (&code, purpose.message()), now)?;
    Ok(Started { activation_id: id, code_expires_at })
}

/// Refuses what cannot succeed: another passcode or a lifted lock without an account, and anything for a closed or locked one,
/// except to lift the lock.
fn check_purpose(
    platform: &Platform,
    tx: &Transaction<'_>,
    citizen: &Citizen,
    purpose: Purpose,
) -> Result<(), Refusal> {
    let account = account::find_by_pid(tx, citizen.person.pid.as_str())?;
    let state = match &account {
        Some(account) => AccountState::of(platform, tx, account)?,
        None if purpose != Purpose::Activate => return Err(NO_ACCOUNT),
        None => citizen.state(platform.clock.now()),
    };
    match state {
        // The card decides, in its own step.
        AccountState::Active | AccountState::CardExpired => Ok(()),
        AccountState::Locked | AccountState::SelfLocked if purpose == Purpose::Unlock => Ok(()),
        AccountState::Locked | AccountState::SelfLocked | AccountState::Closed => state.require_active(),
    }
}

/// Counts every attempt for a phone, right or wrong: a limit on codes alone would let anybody try numbers against it.
pub(crate) fn count_attempt(tx: &Transaction<'_>, whom: &str, now: i64) -> Result<(), Refusal> {
    tx.execute("DELETE FROM attempts WHERE at <= ?", [now.saturating_sub(RATE_WINDOW)])?;
    let recent = "SELECT count(*), coalesce(min(at), 0) FROM attempts WHERE phone = ?";
    let (count, oldest): (i64, i64) = tx.query_row(recent, [whom], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count >= RATE_LIMIT {
        let wait = oldest.saturating_add(RATE_WINDOW).saturating_sub(now);
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TOO_MANY_REQUESTS).retry_after(wait));
    }
    tx.execute("INSERT INTO attempts (phone, at) VALUES (?, ?)", params![whom, now])?;
    Ok(())
}

/// Six random digits, each code as likely as any other.
pub(crate) fn make_code(rng: &dyn Random) -> Result<String, Refusal> {
    const CODES: u32 = 1_000_000;
    loop {
        let number = u32::from_be_bytes(random(rng)?);
        if number < u32::MAX - u32::MAX % CODES {
            return Ok(format!("{:06}", number % CODES));
        }
    }
}

#[derive(Serialize, ToSchema)]
struct Next {
    /// The step that is due.
    #[schema(example = "face")]
    next: &'static str,
}

/// An activation whose code was confirmed not long ago.
struct Attempt {
    pid: String,
    /// The number that the code went to.
    phone: String,
    purpose: Purpose,
    device_challenge: String,
    chip_challenge: [u8; 8],
    expires_at: i64,
    /// SHA-256 of the card's data that were accepted.
    card: Option<[u8; 32]>,
    /// The hash of the voucher that was accepted.
    voucher: Option<[u8; 32]>,
    voucher_tries: u8,
    face_tries: u8,
    /// The face was the right one.
    is_matched: bool,
    /// A device was bound, or the lock lifted.
    used: bool,
}

impl Attempt {
    fn load(platform: &Platform, tx: &Transaction<'_>, id: &str) -> Result<Self, Refusal> {
        let columns =
            "SELECT pid, purpose, challenge, chip_challenge, challenge_expires_at, card, voucher, voucher_tries,
                       face_tries, face_matched, used, phone FROM activations WHERE id = ?";
        let row = tx.query_row(columns, [id], |row| {
            let challenges: (Option<String>, Option<[u8; 8]>, Option<i64>) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let (Some(device_challenge), Some(chip_challenge), Some(expires_at)) = challenges else { return Ok(None) };
            Ok(Some(Self {
                pid: row.get(0)?,
                purpose: Purpose::from_name(&row.get::<_, String>(1)?),
                device_challenge,
                chip_challenge,
                expires_at,
                card: row.get(5)?,
                voucher: row.get(6)?,
                voucher_tries: row.get(7)?,
                face_tries: row.get(8)?,
                is_matched: row.get(9)?,
                used: row.get(10)?,
                phone: row.get(11)?,
            }))
        });
        let attempt = row.optional()?.ok_or(UNKNOWN)?.ok_or(OUT_OF_ORDER)?;
        if platform.clock.seconds() >= attempt.expires_at { Err(UNKNOWN) } else { Ok(attempt) }
    }

    fn person(&self, platform: &Platform, tx: &Transaction<'_>) -> Result<Citizen, Refusal> {
        Citizen::find(platform, tx, &self.pid)?.ok_or(UNKNOWN)
    }

    /// Card or voucher was accepted.
    fn is_shown(&self) -> bool {
        self.card.is_some() || self.voucher.is_some()
    }

    /// What is due when the face was the right one.
    fn after_face(&self) -> Next {
        Next { next: if self.purpose == Purpose::Unlock { "unlock" } else { "device" } }
    }

    fn too_many(&self, platform: &Platform) -> Refusal {
        let wait = self.expires_at.saturating_sub(platform.clock.seconds());
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::TOO_MANY_REQUESTS).retry_after(wait)
    }
}

/// A new voucher for a person who is in the register, and when it ends.
pub(crate) fn print_voucher(
    platform: &Platform,
    tx: &Transaction<'_>,
    pid: &Pid,
) -> Result<(String, i64), SandboxError> {
    Citizen::find(platform, tx, pid.as_str())?.ok_or(SandboxError::PersonUnknown)?;
    voucher::print(platform, tx, pid)
}

const UNKNOWN: Refusal = Refusal::new(StatusCode::NOT_FOUND, Code::ACTIVATION_UNKNOWN);

/// The step is not due.
const OUT_OF_ORDER: Refusal = Refusal::new(StatusCode::CONFLICT, Code::STEP_OUT_OF_ORDER);

/// The person has no account.
const NO_ACCOUNT: Refusal = Refusal::new(StatusCode::NOT_FOUND, Code::ACCOUNT_UNKNOWN);
