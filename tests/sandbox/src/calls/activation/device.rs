//! The device key and the grant.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use eid_crypto::VerifyingKey;
use eid_model::{Code, bounded_line};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Attempt, OUT_OF_ORDER, Purpose, UNKNOWN, voucher};
use crate::{
    calls::{account, contact, lock, passcode},
    citizen::AccountState,
    extract::JsonBody,
    jwt::{self, encode},
    keys::ISSUER,
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(bind))
}

#[derive(Deserialize, ToSchema)]
struct DeviceRequest {
    /// A JWT of type `eid-device-binding+jwt`.
    binding: String,
    /// A JWT of type `eid-passcode-binding+jwt`.
    passcode_binding: String,
    /// 32 bytes, base64url: what reopens the phone's store when the passcode is forgotten. With `recover` it is not kept.
    recovery_share: String,
}

#[derive(Deserialize)]
struct BindingClaims {
    aud: String,
    iat: i64,
    nonce: String,
    device_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Bound {
    account_id: String,
    /// A JWT of type `eid-grant+jwt`.
    grant: String,
    /// The issuer's name in grants, tokens and the trust list.
    #[schema(example = "e.example")]
    issuer: &'static str,
    /// The epoch of the passcode: 1 with a new phone, one more with each new passcode.
    passcode_epoch: u32,
    /// 18 letters and digits: locks the account from any phone.
    lock_code: String,
    /// The share that is kept for this phone.
    recovery_share: String,
}

/// Binds the device key, or gives the phone that is bound another passcode key. The same key again gets the same account; another
/// one supersedes the phone that was bound before.
#[utoipa::path(
    post, path = "/v1/activation/{id}/device", tag = "activation", request_body = DeviceRequest,
    params(("id" = String, Path)),
    responses(
        (status = 201, body = Bound),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
            description = "2032, 2042, 7011, 7012, 7013, 7018, 7020, 7021, 7023"),
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
    let attempt = Attempt::load(platform, tx, id)?;
    if attempt.purpose == Purpose::Unlock || !attempt.is_shown() || !attempt.is_matched {
        return Err(OUT_OF_ORDER);
    }
    let phone = Phone::read(platform, &attempt, request)?;
    let citizen = attempt.person(platform, tx)?;
    if !citizen.person.level_two {
        return Err(account::NO_LEVEL_TWO);
    }
    let account = if attempt.used {
        // By this phone, whose answer was lost, or else by one that may not use it again.
        let account = account::find_active(tx, &attempt.pid, &phone.key)?.ok_or(UNKNOWN)?;
        phone.choose_again(tx, attempt.purpose)?;
        account
    } else {
        phone.bind(platform, tx, id, &attempt)?
    };
    let grant = account::make_grant(platform, tx, &account, &citizen.person, &phone.public)?;
    let columns = "SELECT passcode_epoch, recovery_share FROM devices WHERE key = ?";
    let (passcode_epoch, share) =
        tx.query_row(columns, [phone.key], |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?)))?;
    let lock_code = lock::derive_code(platform, &account, id);
    Ok(Bound { account_id: account, grant, issuer: ISSUER, passcode_epoch, lock_code, recovery_share: encode(&share) })
}

/// What a phone says of itself.
struct Phone {
    public: VerifyingKey,
    /// Thumbprint of the device key.
    key: [u8; 32],
    /// Thumbprint of the passcode key.
    passcode_key: [u8; 32],
    share: [u8; 32],
    name: Option<String>,
}

impl Phone {
    fn read(platform: &Platform, attempt: &Attempt, request: &DeviceRequest) -> Result<Self, Refusal> {
        let invalid = Refusal::invalid_request();
        let binding = jwt::verify_self_signed::<BindingClaims>(&request.binding, "eid-device-binding+jwt");
        let binding = binding.map_err(|_| invalid)?;
        let BindingClaims { aud, iat, nonce, device_name: name } = binding.claims;
        let is_named = name.as_deref().is_none_or(is_name);
        if aud != platform.base_url || nonce != attempt.device_challenge || !platform.is_fresh(iat) || !is_named {
            return Err(invalid);
        }
        let passcode_key = passcode::verify_binding(
            platform,
            &request.passcode_binding,
            passcode::BINDING,
            &attempt.device_challenge,
        )?;
        let share = jwt::decode(&request.recovery_share).map_err(|_| invalid)?.try_into().map_err(|_| invalid)?;
        let key = jwt::thumbprint(&binding.key);
        if passcode_key == key {
            return Err(invalid);
        }
        Ok(Self { public: binding.key, key, passcode_key, share, name })
    }

    /// Makes this phone the active one, or gives the active one its new passcode key; once for each activation.
    fn bind(&self, platform: &Platform, tx: &Transaction<'_>, id: &str, attempt: &Attempt) -> Result<String, Refusal> {
        if let Some(account) = account::find_by_pid(tx, &attempt.pid)? {
            AccountState::of(platform, tx, &account)?.require_active()?;
        } else {
            attempt.person(platform, tx)?.state(platform.clock.now()).require_active()?;
        }
        // A refusal keeps what was written before it, so everything is looked at first.
        voucher::check_unused(tx, attempt)?;
        let account = if attempt.purpose == Purpose::Recover {
            let not_active = Refusal::new(StatusCode::UNAUTHORIZED, Code::SESSION_REFUSED);
            let account = account::find_active(tx, &attempt.pid, &self.key)?.ok_or(not_active)?;
            tx.execute("UPDATE devices SET passcode_epoch = passcode_epoch + 1 WHERE key = ?", [self.key])?;
            account
        } else {
            let account = account::bind(platform, tx, &attempt.pid, &self.key)?;
            contact::confirm(platform, tx, &account, &attempt.phone)?;
            let fresh = "UPDATE devices SET passcode_epoch = 1, recovery_share = ? WHERE key = ?";
            tx.execute(fresh, params![self.share, self.key])?;
            account
        };
        voucher::use_up(platform, tx, attempt)?;
        passcode::register(tx, &self.key, &self.passcode_key)?;
        if let Some(name) = &self.name {
            tx.execute("UPDATE devices SET name = ? WHERE key = ?", params![name, self.key])?;
        }
        lock::store_code(tx, &account, &lock::derive_code(platform, &account, id))?;
        tx.execute("UPDATE activations SET used = 1 WHERE id = ?", [id])?;
        Ok(account)
    }
}

impl Phone {
    /// Takes another passcode key than before: the app was killed before it had stored anything, and its holder chose again.
    /// Once the phone has instructed since, rightly or wrongly, that is over: it would give a guesser new tries.
    fn choose_again(&self, tx: &Transaction<'_>, purpose: Purpose) -> Result<(), Refusal> {
        let instructed = "SELECT 1 FROM passcodes WHERE device = ? AND (hash IS NOT NULL OR wrong > 0)";
        if tx.prepare(instructed)?.exists([self.key])? {
            return Ok(());
        }
        if purpose == Purpose::Activate {
            let share = "UPDATE devices SET recovery_share = ? WHERE key = ?";
            tx.execute(share, params![self.share, self.key])?;
        }
        passcode::register(tx, &self.key, &self.passcode_key)
    }
}

/// 1 to 40 characters that can be shown in a list and hide nothing.
fn is_name(name: &str) -> bool {
    bounded_line(name, 40).is_some_and(|line| !line.is_empty())
}
