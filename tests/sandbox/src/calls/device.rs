//! What a phone reports of its store and its passcode.

use axum::{Json, extract::State, http::HeaderMap};
use eid_model::GuardedAct;
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::contact::{ContactLine, Contacts};
use crate::{
    citizen::AccountState,
    extract::JsonBody,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{check_session, find_session},
};

const PATH: &str = "/v1/device/state";

const LIST_PATH: &str = "/v1/devices";

/// Devices that are listed, at most.
const MOST_LISTED: u32 = 50;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(report_state)).routes(routes!(list))
}

#[derive(Deserialize, ToSchema)]
struct Report {
    /// Generation of the phone's store.
    store_generation: u64,
}

#[derive(Serialize, ToSchema)]
struct Devices {
    /// The newest first.
    devices: Vec<Device>,
}

#[derive(Serialize, ToSchema)]
struct Device {
    /// As its holder named it; may be empty.
    name: String,
    bound_at: i64,
    last_seen_at: i64,
    active: bool,
}

/// The phones that were ever bound to the account.
#[utoipa::path(
    get, path = "/v1/devices", tag = "activation",
    params(
        ("Authorization" = String, Header, description = "`DPoP` and an access token of auth level 2"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Devices),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2056, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn list(State(platform): State<Shared>, headers: HeaderMap) -> Result<Json<Devices>, Refusal> {
    let devices = platform.call(move |platform, tx| {
        let (session, _) = check_session(platform, tx, &headers, "GET", LIST_PATH)?;
        session.require(platform, tx, GuardedAct::ListDevices)?;
        let mut rows = tx.prepare(
            "SELECT name, bound_at, last_seen_at, accounts.device = devices.key
             FROM devices JOIN accounts ON account = id WHERE account = ? ORDER BY bound_at DESC LIMIT ?",
        )?;
        let rows = rows.query_map(params![session.account, MOST_LISTED], |row| {
            Ok(Device { name: row.get(0)?, bound_at: row.get(1)?, last_seen_at: row.get(2)?, active: row.get(3)? })
        })?;
        Ok(Devices { devices: rows.collect::<Result<_, _>>()? })
    });
    devices.await.map(Json)
}

#[derive(Serialize, ToSchema)]
struct Known {
    /// The highest generation reported before.
    store_generation: u64,
    /// The epoch of the passcode now.
    passcode_epoch: u32,
    account_state: AccountState,
    /// The number of the last instruction that was taken.
    instruction_seq: i64,
    /// The platform's clock.
    now: i64,
    /// The phone numbers of the account, the first one first.
    contacts: Vec<ContactLine>,
    /// The phrase that stands in messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
}

/// Takes a phone's report, and says what was known before.
#[utoipa::path(
    post, path = "/v1/device/state", tag = "activation",
    request_body = Report,
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Known),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "7012, 7013, 7014, 7025"),
    )
)]
async fn report_state(
    State(platform): State<Shared>,
    headers: HeaderMap,
    report: Result<JsonBody<Report>, Refusal>,
) -> Result<Json<Known>, Refusal> {
    let JsonBody(report) = report?;
    platform.call(move |platform, tx| take_report(platform, tx, &headers, &report)).await.map(Json)
}

fn take_report(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    report: &Report,
) -> Result<Known, Refusal> {
    let (session, _) = find_session(platform, tx, headers, "POST", PATH)?;
    let generation = i64::try_from(report.store_generation).map_err(|_| Refusal::invalid_request())?;
    let known = "SELECT store_generation, passcode_epoch, seq FROM devices JOIN passcodes ON device = devices.key
                 WHERE devices.key = ?";
    let (highest, passcode_epoch, instruction_seq): (i64, u32, i64) =
        tx.query_row(known, [session.device], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let now = platform.clock.seconds();
    let update = "UPDATE devices SET store_generation = ?, last_seen_at = ? WHERE key = ?";
    tx.execute(update, params![highest.max(generation), now, session.device])?;
    let account_state = AccountState::of(platform, tx, &session.account)?;
    let store_generation = u64::try_from(highest).unwrap_or_default();
    let contacts = Contacts::load(platform, tx, &session.account)?;
    let phrase = contacts.phrase.as_ref().map(|phrase| phrase.as_str().to_owned());
    let contacts = contacts.lines();
    Ok(Known { store_generation, passcode_epoch, account_state, instruction_seq, now, contacts, phrase })
}
