//! Instructions: what a citizen has the platform do, signed by passcode key and device key.

use axum::{Json, extract::State, http::StatusCode};
use eid_crypto::hash::sha256;
use eid_model::{Code, Evidence, Factor, GuardedAct, UnixTime};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    challenge,
    configuration::auth_rule,
    passcode::{self, PasscodeState},
};
use crate::{
    citizen::AccountState,
    extract::JsonBody,
    jwt::{self, BadJwt},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::{LEVEL_TOO_LOW, Session},
};

/// How far the number of an instruction may be ahead of the last one: whoever has a device key and no passcode cannot use the
/// numbers up.
const LARGEST_GAP: i64 = 1 << 20;

/// The auth level that device key and passcode key show together: two factors.
const TWO_FACTORS: u8 = 2;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(instruct))
}

#[derive(Deserialize, ToSchema)]
struct Envelope {
    /// A JWT of type `eid-instruction+jwt`, signed by the device key, around one of type `eid-act+jwt`, signed by the passcode
    /// key.
    instruction: String,
}

#[derive(Serialize, ToSchema)]
struct Taken {
    #[schema(example = "sign_in")]
    act: String,
    seq: i64,
    #[schema(value_type = Object)]
    result: Map<String, Value>,
}

#[derive(Deserialize)]
struct Outer {
    aud: String,
    iat: i64,
    inner: String,
}

#[derive(Deserialize)]
struct Inner {
    aud: String,
    sub: String,
    challenge: String,
    seq: i64,
    act: String,
    params: Map<String, Value>,
}

/// Carries out an instruction. The very same one again gets the answer of the first time.
#[utoipa::path(
    post, path = "/v1/instructions", tag = "instructions", request_body = Envelope,
    responses(
        (status = 200, body = Taken),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
         description = "2033, 2051, 2052, 2053, 2054, 2055, 2056, 7012, 7013, 7020, 7021, 7023, 7025"),
    )
)]
async fn instruct(
    State(platform): State<Shared>,
    JsonBody(Envelope { instruction }): JsonBody<Envelope>,
) -> Result<Json<Taken>, Refusal> {
    let taken = platform.blocking(move |platform| {
        // Signatures are checked before the store's turn is taken: they need none of it.
        let instruction = Instruction::verify(platform, &instruction)?;
        platform.store.call(|tx| instruction.take(platform, tx))
    });
    taken.await.map(Json)
}

/// An instruction whose signatures fit the keys in their headers.
struct Instruction {
    hash: [u8; 32],
    /// Thumbprints of the keys that signed.
    device: [u8; 32],
    passcode: [u8; 32],
    iat: i64,
    inner: Inner,
}

/// What was said about an instruction, as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done {
        act: String,
        seq: i64,
        result: Map<String, Value>,
    },
    /// Signed in at this time; the tokens are made again.
    SignedIn {
        account: String,
        seq: i64,
        at: i64,
    },
    Refused(Refusal),
}

impl Instruction {
    fn verify(platform: &Platform, token: &str) -> Result<Self, Refusal> {
        let invalid = |_: BadJwt| Refusal::invalid_request();
        let outer = jwt::verify_self_signed::<Outer>(token, "eid-instruction+jwt").map_err(invalid)?;
        let inner = jwt::verify_self_signed::<Inner>(&outer.claims.inner, "eid-act+jwt").map_err(invalid)?;
        let is_ours = outer.claims.aud == platform.base_url && inner.claims.aud == platform.base_url;
        if !is_ours || inner.claims.seq < 1 {
            return Err(Refusal::invalid_request());
        }
        Ok(Self {
            hash: sha256(token.as_bytes()),
            iat: outer.claims.iat,
            device: jwt::thumbprint(&outer.key),
            passcode: jwt::thumbprint(&inner.key),
            inner: inner.claims,
        })
    }

    /// The checks in the order of the protocol, and then the act.
    fn take(&self, platform: &Platform, tx: &Transaction<'_>) -> Result<Taken, Refusal> {
        let now = platform.clock.seconds();
        let (account, is_active) = find_device(tx, &self.device)?;
        let state = PasscodeState::load(tx, &self.device)?;
        if let Some((_, outcome)) = state.last.as_ref().filter(|(hash, _)| *hash == self.hash) {
            let outcome: Outcome = serde_json::from_str(outcome).map_err(|_| Refusal::fault())?;
            return self.answer(platform, outcome);
        }
        if !is_active {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, Code::DEVICE_SUPERSEDED));
        }
        if self.inner.sub != account || !platform.is_fresh(self.iat) {
            return Err(Refusal::invalid_request());
        }
        if !challenge::is_good(&platform.secrets.challenges, &self.inner.challenge, now) {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, Code::INSTRUCTION_STALE));
        }
        if self.inner.seq <= state.seq {
            return Err(Refusal::new(StatusCode::CONFLICT, Code::INSTRUCTION_REPLAYED));
        }
        if self.inner.seq.saturating_sub(state.seq) > LARGEST_GAP {
            return Err(Refusal::invalid_request());
        }
        state.check_door(now)?;
        let counted = state.count(tx, &self.device, self.passcode == state.key, now)?;
        let outcome = match counted.and_then(|()| self.perform(platform, tx, account, now)) {
            Ok(outcome) => outcome,
            Err(fault) if fault.is_fault() => return Err(fault),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let noted = serde_json::to_string(&outcome).map_err(|_| Refusal::fault())?;
        PasscodeState::note(tx, &self.device, self.inner.seq, &self.hash, &noted)?;
        self.answer(platform, outcome)
    }

    fn perform(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        account: String,
        now: i64,
    ) -> Result<Outcome, Refusal> {
        let Inner { seq, act, params, .. } = &self.inner;
        AccountState::of(platform, tx, &account)?.require_active()?;
        let guarded = GuardedAct::from_name(act).ok_or(Refusal::invalid_request())?;
        // Both keys signed this very instruction.
        let at = UnixTime::from_seconds(now);
        let shown = [Factor::DeviceKey, Factor::Passcode].map(|factor| Evidence { factor, at });
        if !auth_rule(tx, guarded)?.is_met(&shown, at) {
            return Err(LEVEL_TOO_LOW);
        }
        let done = |result: Map<String, Value>| Outcome::Done { act: act.clone(), seq: *seq, result };
        match guarded {
            GuardedAct::SignIn => {
                tx.prepare_cached("UPDATE devices SET last_seen_at = ? WHERE key = ?")?
                    .execute(params![now, self.device])?;
                let session = Session::new(account.clone(), self.device, TWO_FACTORS, now, &self.hash);
                session.give(platform, tx, &self.hash, true)?;
                Ok(Outcome::SignedIn { account, seq: *seq, at: now })
            }
            GuardedAct::ChangePasscode => self.change_passcode(platform, tx, params).map(done),
            GuardedAct::Lock => {
                super::lock::lock_account(tx, &account)?;
                Ok(done(Map::from_iter([("account_state".to_owned(), "self_locked".into())])))
            }
            GuardedAct::Unlink => {
                super::account::unbind(tx, &account, &self.device)?;
                Ok(done(Map::new()))
            }
            _ => Err(Refusal::invalid_request()),
        }
    }

    fn change_passcode(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        params: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let invalid = Refusal::invalid_request();
        let epoch = params.get("epoch").and_then(Value::as_u64).and_then(|epoch| u32::try_from(epoch).ok());
        let (epoch, binding) = (epoch.ok_or(invalid)?, params.get("passcode_binding").and_then(Value::as_str));
        let key = passcode::verify_binding(platform, binding.ok_or(invalid)?, &self.inner.challenge)?;
        let present = "SELECT passcode_epoch FROM devices WHERE key = ?";
        let present: u32 = tx.query_row(present, [self.device], |row| row.get(0))?;
        if present.checked_add(1) != Some(epoch) {
            return Err(Refusal::new(StatusCode::CONFLICT, Code::PASSCODE_EPOCH_REFUSED));
        }
        passcode::register(tx, &self.device, &key)?;
        tx.execute("UPDATE devices SET passcode_epoch = ? WHERE key = ?", params![epoch, self.device])?;
        Ok(Map::from_iter([("passcode_epoch".to_owned(), epoch.into())]))
    }

    fn answer(&self, platform: &Platform, outcome: Outcome) -> Result<Taken, Refusal> {
        match outcome {
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Done { act, seq, result } => Ok(Taken { act, seq, result }),
            Outcome::SignedIn { account, seq, at } => {
                let session = Session::new(account, self.device, TWO_FACTORS, at, &self.hash);
                match serde_json::to_value(session.derive(platform, &self.hash, true)) {
                    Ok(Value::Object(result)) => Ok(Taken { act: "sign_in".to_owned(), seq, result }),
                    _ => Err(Refusal::fault()),
                }
            }
        }
    }
}

/// The account that a device was bound to, and whether it still is.
fn find_device(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<(String, bool), Refusal> {
    let mut columns = tx.prepare_cached(
        "SELECT account, accounts.device = devices.key FROM devices JOIN accounts ON account = id WHERE key = ?",
    )?;
    let row = columns.query_row([device], |row| Ok((row.get(0)?, row.get(1)?)));
    row.optional()?.ok_or(Refusal::new(StatusCode::UNAUTHORIZED, Code::SESSION_REFUSED))
}
