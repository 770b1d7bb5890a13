//! Accounts: one for each person, bound to one device key at a time.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use eid_crypto::{VerifyingKey, random};
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{biometric, contact::Contacts, own_face};
use crate::{
    Person,
    citizen::Citizen,
    jwt::{self, Jwk, encode},
    keys::{self, ISSUER, Role},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{Session, check_session},
};

/// Life of a grant, in seconds.
const GRANT_LIFE: i64 = 365 * 86_400;

/// How long acts that a thief would do first are refused after the account came to another phone, in seconds.
const COOLING_OFF: i64 = 86_400;

/// The account of a person whose active device has this key.
pub(crate) fn find_active(tx: &Transaction<'_>, pid: &str, key: &[u8; 32]) -> Result<Option<String>, Refusal> {
    let account = "SELECT id FROM accounts WHERE pid = ? AND device = ?";
    Ok(tx.query_row(account, params![pid, key], |row| row.get(0)).optional()?)
}

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(renew_grant))
}

#[derive(Serialize, ToSchema)]
struct Renewed {
    /// A JWT of type `eid-grant+jwt`.
    grant: String,
}

/// Makes the account's level-2 grant anew.
#[utoipa::path(
    get, path = "/v1/grant", tag = "activation",
    params(
        ("Authorization" = String, Header, description = "`DPoP` and the access token"),
        ("DPoP" = String, Header, description = "A JWT of type `dpop+jwt` with `ath`, signed by the device key"),
    ),
    responses(
        (status = 200, body = Renewed),
        (status = "4XX", body = Problem, content_type = "application/problem+json", description = "2032, 7012, 7013, 7014, 7020, 7021, 7023, 7025"),
    )
)]
async fn renew_grant(State(platform): State<Shared>, headers: HeaderMap) -> Result<Json<Renewed>, Refusal> {
    let renewed = platform.call(move |platform, tx| {
        let (session, device) = check_session(platform, tx, &headers, "GET", "/v1/grant")?;
        let person = find_person(platform, tx, &session.account)?;
        Ok(Renewed { grant: make_grant(platform, tx, &session.account, &person, &device)? })
    });
    renewed.await.map(Json)
}

/// Whose account it is.
pub(crate) fn find_person(platform: &Platform, tx: &Transaction<'_>, account: &str) -> Result<Person, Refusal> {
    let pid: String = tx.query_row("SELECT pid FROM accounts WHERE id = ?", [account], |row| row.get(0))?;
    Ok(Citizen::find(platform, tx, &pid)?.ok_or(Refusal::fault())?.person)
}

/// The account of a person.
pub(crate) fn find_by_pid(tx: &Transaction<'_>, pid: &str) -> Result<Option<String>, Refusal> {
    Ok(tx.query_row("SELECT id FROM accounts WHERE pid = ?", [pid], |row| row.get(0)).optional()?)
}

/// Refuses the key of a phone that had an account and has it no more.
pub(crate) fn refuse_superseded(tx: &Transaction<'_>, key: &[u8; 32]) -> Result<(), Refusal> {
    let superseded = "SELECT 1 FROM devices JOIN accounts ON account = id WHERE key = ? AND device <> key";
    match tx.prepare_cached(superseded)?.exists([key])? {
        true => Err(Refusal::new(StatusCode::UNAUTHORIZED, Code::DEVICE_SUPERSEDED)),
        false => Ok(()),
    }
}

/// Makes a key the active device of a person's account, and the account if there is none.
///
/// The phone that was active before loses its access, and what it was issued is revoked: it may be in other hands.
pub(crate) fn bind(platform: &Platform, tx: &Transaction<'_>, pid: &str, key: &[u8; 32]) -> Result<String, Refusal> {
    // A key that another account or a credential has is never a device key, so nothing is written before this.
    let elsewhere = "SELECT 1 FROM devices JOIN accounts ON account = id WHERE key = ?1 AND pid <> ?2
                     UNION SELECT 1 FROM tokens WHERE key = ?1";
    if tx.prepare(elsewhere)?.exists(params![key, pid])? {
        return Err(Refusal::invalid_request());
    }
    let is_other = "SELECT 1 FROM accounts WHERE pid = ? AND device <> ?";
    let is_other = tx.prepare(is_other)?.exists(params![pid, key])?;
    let account = match find_by_pid(tx, pid)? {
        Some(account) => account,
        None => {
            let account = encode(&random::<16>(&platform.rng)?);
            tx.execute("INSERT INTO accounts (id, pid, device) VALUES (?, ?, ?)", params![account, pid, key])?;
            account
        }
    };
    tx.execute(
        "INSERT OR IGNORE INTO devices (key, account, bound_at, last_seen_at) VALUES (?1, ?2, ?3, ?3)",
        params![key, account, platform.clock.seconds()],
    )?;
    tx.execute("UPDATE accounts SET device = ? WHERE id = ?", params![key, account])?;
    tx.execute("DELETE FROM access_tokens WHERE account = ? AND device <> ?", params![account, key])?;
    tx.execute("DELETE FROM refresh_tokens WHERE account = ? AND device <> ?", params![account, key])?;
    tx.execute("UPDATE tokens SET superseded = 1 WHERE account = ? AND device <> ?", params![account, key])?;
    if is_other {
        let until = platform.clock.seconds().saturating_add(COOLING_OFF);
        tx.execute("UPDATE accounts SET cooling_until = ? WHERE id = ?", params![until, account])?;
        biometric::forget(tx, key)?;
        own_face::forget(tx, key)?;
        let told = "tai khoan vua duoc kich hoat tren mot dien thoai khac. Neu khong phai ban, hay khoa tai khoan ngay bang ma \
                    khoa, hoac den cong an.";
        Contacts::load(platform, tx, &account)?.tell(platform, tx, told)?;
    }
    Ok(account)
}

/// A phone gives its account up: no phone is bound then, and what this one was issued is revoked.
pub(crate) fn unbind(tx: &Transaction<'_>, account: &str, key: &[u8; 32]) -> Result<(), Refusal> {
    tx.execute("UPDATE accounts SET device = x'' WHERE id = ? AND device = ?", params![account, key])?;
    tx.execute("UPDATE tokens SET superseded = 1 WHERE account = ?", [account])?;
    biometric::forget(tx, key)?;
    own_face::forget(tx, key)?;
    Session::end_all(tx, key)
}

#[derive(Serialize)]
struct Grant<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    level: u8,
    pid: &'a str,
    name: &'a str,
    birth_date: String,
    cnf: Confirmation,
}

#[derive(Serialize)]
struct Confirmation {
    jwk: Jwk,
}

/// Nobody approved this person in person.
pub(crate) const NO_LEVEL_TWO: Refusal = Refusal::new(StatusCode::FORBIDDEN, Code::LEVEL_TWO_MISSING);

/// The signed statement that the person behind a device key was approved in person for level 2.
pub(crate) fn make_grant(
    platform: &Platform,
    tx: &Transaction<'_>,
    account: &str,
    person: &Person,
    device: &VerifyingKey,
) -> Result<String, Refusal> {
    if !person.level_two {
        return Err(NO_LEVEL_TWO);
    }
    let iat = platform.clock.seconds();
    let grant = Grant {
        iss: ISSUER,
        sub: account,
        iat,
        exp: iat.saturating_add(GRANT_LIFE),
        jti: encode(&random::<16>(&platform.rng)?),
        level: 2,
        pid: person.pid.as_str(),
        name: person.name.as_str(),
        birth_date: person.birth_date.iso_form(),
        cnf: Confirmation { jwk: Jwk::new(device) },
    };
    let key = keys::active(tx, Role::Grant)?;
    Ok(jwt::sign("eid-grant+jwt", &encode(&eid_proof::key_id(key.public())), &grant, &key)?)
}
