//! What no real platform has: a look behind the scenes, for tests and demonstrations.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use eid_model::{Code, PhoneNumber, Pid};
use eid_proof::Status;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Fault, Person, SandboxError,
    calls::activation::print_voucher,
    card::{CardFile, Quirks},
    citizen::{Citizen, RegisterChange},
    extract::{JsonBody, QueryPart},
    platform::Shared,
    problem::{Problem, Refusal},
    status,
};

/// The longest time that passes at once, in seconds: a leap year.
const MOST_PASSED: u32 = 366 * 86_400;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(people))
        .routes(routes!(messages))
        .routes(routes!(describe_card))
        .routes(routes!(give_voucher))
        .routes(routes!(change_register))
        .routes(routes!(set_status))
        .routes(routes!(set_fault))
        .routes(routes!(let_time_pass))
}

#[derive(Serialize, ToSchema)]
struct PersonLine {
    pid: String,
    name: String,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    birth_date: String,
    phone: String,
    level_two: bool,
}

impl PersonLine {
    fn new(person: &Person) -> Self {
        Self {
            pid: person.pid.as_str().to_owned(),
            name: person.name.as_str().to_owned(),
            birth_date: person.birth_date.iso_form(),
            phone: person.phone.as_str().to_owned(),
            level_two: person.level_two,
        }
    }
}

/// The invented citizens, as the register has them now.
#[utoipa::path(get, path = "/sandbox/people", tag = "sandbox", responses((status = 200, body = [PersonLine])))]
async fn people(State(platform): State<Shared>) -> Result<Json<Vec<PersonLine>>, Refusal> {
    let people = platform.call(|platform, tx| {
        let find = |person: &Person| Citizen::find(platform, tx, person.pid.as_str());
        let people = platform.register.people().iter().map(find).collect::<Result<Vec<_>, _>>()?;
        Ok(people.iter().flatten().map(|citizen| PersonLine::new(&citizen.person)).collect())
    });
    people.await.map(Json)
}

/// A text message that would have gone to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// The whole text, in Vietnamese without accents.
    pub text: String,
    /// The one-time code in it; empty if there is none.
    pub code: String,
    /// Unix seconds.
    pub sent_at: i64,
}

#[derive(Deserialize)]
struct MessagesQuery {
    phone: PhoneNumber,
}

/// The text messages sent to a phone, newest last.
#[utoipa::path(
    get, path = "/sandbox/messages", tag = "sandbox", params(("phone" = String, Query)),
    responses(
        (status = 200, body = [Message]),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn messages(
    State(platform): State<Shared>,
    QueryPart(query): QueryPart<MessagesQuery>,
) -> Result<Json<Vec<Message>>, Refusal> {
    platform.call(move |_, tx| Ok(list_messages(tx, &query.phone)?)).await.map(Json)
}

pub(crate) fn list_messages(tx: &Transaction<'_>, phone: &PhoneNumber) -> Result<Vec<Message>, SandboxError> {
    let mut sent = tx.prepare("SELECT text, code, sent_at FROM messages WHERE phone = ? ORDER BY id")?;
    let rows = sent.query_map([phone.as_str()], |row| {
        Ok(Message { text: row.get(0)?, code: row.get(1)?, sent_at: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[derive(Deserialize, ToSchema)]
struct CardOrder {
    #[schema(value_type = String)]
    pid: Pid,
    /// Bad manners and forgery, by name, in place of those of a well-behaved, genuine card.
    #[schema(value_type = Option<Object>)]
    quirks: Option<Quirks>,
}

/// The description of a person's identity card, for `eid-sandbox chip --card`.
#[utoipa::path(
    post, path = "/sandbox/cards", tag = "sandbox", request_body = CardOrder,
    responses(
        (status = 200, body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn describe_card(
    State(platform): State<Shared>,
    JsonBody(request): JsonBody<CardOrder>,
) -> Result<Json<CardFile>, Refusal> {
    let card = known(platform.register.card_file(&request.pid).ok_or(SandboxError::PersonUnknown))?;
    Ok(Json(CardFile { quirks: request.quirks.unwrap_or_default(), ..card }))
}

#[derive(Deserialize, ToSchema)]
struct VoucherOrder {
    #[schema(value_type = String)]
    pid: Pid,
}

#[derive(Serialize, ToSchema)]
struct PrintedVoucher {
    /// 12 letters and digits.
    voucher: String,
    expires_at: i64,
}

/// What an office does that saw a person: prints a voucher in place of the card.
#[utoipa::path(
    post, path = "/sandbox/offices/voucher", tag = "sandbox", request_body = VoucherOrder,
    responses(
        (status = 201, body = PrintedVoucher),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn give_voucher(
    State(platform): State<Shared>,
    JsonBody(order): JsonBody<VoucherOrder>,
) -> Result<(StatusCode, Json<PrintedVoucher>), Refusal> {
    let printed = platform.call(move |platform, tx| known(print_voucher(platform, tx, &order.pid)));
    let (voucher, expires_at) = printed.await?;
    Ok((StatusCode::CREATED, Json(PrintedVoucher { voucher, expires_at })))
}

/// Changes what the register says of a person.
#[utoipa::path(
    post, path = "/sandbox/register/{pid}", tag = "sandbox", params(("pid" = String, Path)),
    request_body = RegisterChange,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn change_register(
    State(platform): State<Shared>,
    Path(pid): Path<String>,
    JsonBody(change): JsonBody<RegisterChange>,
) -> Result<StatusCode, Refusal> {
    platform.call(move |platform, tx| known(change.store(platform, tx, &pid))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person, account or counter that there is not, as a refusal.
pub(crate) fn known<T>(done: Result<T, SandboxError>) -> Result<T, Refusal> {
    match done {
        Err(SandboxError::PersonUnknown | SandboxError::AccountUnknown | SandboxError::CounterUnknown) => {
            Err(Refusal::new(StatusCode::NOT_FOUND, Code::REQUEST_INVALID))
        }
        done => Ok(done?),
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct StatusRequest {
    status: AccountStatus,
}

impl StatusRequest {
    pub(crate) const fn status(&self) -> Status {
        match self.status {
            AccountStatus::Valid => Status::Valid,
            AccountStatus::Suspended => Status::Suspended,
            AccountStatus::Revoked => Status::Revoked,
        }
    }
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AccountStatus {
    Valid,
    Suspended,
    Revoked,
}

/// Sets the status of every token of an account.
#[utoipa::path(
    post, path = "/sandbox/accounts/{id}/status", tag = "sandbox", params(("id" = String, Path)),
    request_body = StatusRequest,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn set_status(
    State(platform): State<Shared>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<StatusRequest>,
) -> Result<StatusCode, Refusal> {
    let status = request.status();
    platform.call(move |_, tx| known(set_account_status(tx, &id, status))).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn set_account_status(tx: &Transaction<'_>, account: &str, status: Status) -> Result<(), SandboxError> {
    let set = "UPDATE accounts SET status = ? WHERE id = ?";
    match tx.execute(set, params![status::number(status), account])? {
        0 => Err(SandboxError::AccountUnknown),
        _ => Ok(()),
    }
}

#[derive(Deserialize, ToSchema)]
struct FaultRequest {
    mode: Fault,
    /// The beginning of the paths that misbehave; all without it.
    paths: Option<String>,
}

/// Makes every call outside `/sandbox` misbehave.
#[utoipa::path(
    post, path = "/sandbox/faults", tag = "sandbox", request_body = FaultRequest,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn set_fault(State(platform): State<Shared>, JsonBody(request): JsonBody<FaultRequest>) -> StatusCode {
    platform.set_fault(request.mode, &request.paths.unwrap_or_default());
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, ToSchema)]
struct TimePassed {
    /// At most a leap year.
    #[schema(maximum = 31_622_400)]
    seconds: u32,
}

/// Puts the platform's clock ahead, as if this time had passed.
#[utoipa::path(
    post, path = "/sandbox/clock", tag = "sandbox", request_body = TimePassed,
    responses(
        (status = 204),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7013"),
    )
)]
async fn let_time_pass(
    State(platform): State<Shared>,
    JsonBody(passed): JsonBody<TimePassed>,
) -> Result<StatusCode, Refusal> {
    if passed.seconds > MOST_PASSED {
        return Err(Refusal::invalid_request());
    }
    platform.clock.pass(passed.seconds);
    Ok(StatusCode::NO_CONTENT)
}
