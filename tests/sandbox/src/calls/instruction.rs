//! Instructions: what a citizen has the platform do, signed by passcode key and device key.

use axum::{Json, extract::State, http::StatusCode};
use eid_crypto::hash::sha256;
use eid_model::{Code, Evidence, Factor, GuardedAct, UnixTime};
use rusqlite::{OptionalExtension as _, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{act::Order, biometric::Shown, challenge, lock, own_face, passcode::PasscodeState};
use crate::{
    citizen::AccountState,
    extract::JsonBody,
    jwt::{self, BadJwt, encode},
    platform::{Platform, Shared},
    problem::{Problem, Refusal},
    session::Session,
};

/// How far the number of an instruction may be ahead of the last one: whoever has a device key and no passcode cannot use the
/// numbers up.
const LARGEST_GAP: i64 = 1 << 20;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(instruct))
}

#[derive(Deserialize, ToSchema)]
struct Envelope {
    /// A JWT of type `eid-instruction+jwt`, signed by the device key, around one of type `eid-act+jwt`, signed by the passcode
    /// key; where face or finger is shown, also around one of type `eid-biometric+jwt`, signed by the biometric key.
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
    biometric: Option<String>,
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
         description = "2010, 2011, 2012, 2033, 2047, 2051, 2052, 2053, 2054, 2055, 2056, 2059, 7012, 7013, 7020, 7021, 7023, 7025"),
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
    biometric: Option<Shown>,
    iat: i64,
    inner: Inner,
}

/// What was said about an instruction, as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
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
    /// The lock code is made again.
    LockCode {
        account: String,
        seq: i64,
    },
    Refused(Refusal),
}

impl Instruction {
    fn verify(platform: &Platform, token: &str) -> Result<Self, Refusal> {
        let invalid = |_: BadJwt| Refusal::invalid_request();
        let outer = jwt::verify_self_signed::<Outer>(token, "eid-instruction+jwt").map_err(invalid)?;
        let inner = jwt::verify_self_signed::<Inner>(&outer.claims.inner, "eid-act+jwt").map_err(invalid)?;
        let biometric = outer.claims.biometric.as_deref();
        let biometric = biometric.map(|shown| Shown::verify(platform, shown, &outer.claims.inner)).transpose()?;
        let is_ours = outer.claims.aud == platform.base_url && inner.claims.aud == platform.base_url;
        if !is_ours || inner.claims.seq < 1 {
            return Err(Refusal::invalid_request());
        }
        Ok(Self {
            hash: sha256(token.as_bytes()),
            iat: outer.claims.iat,
            device: jwt::thumbprint(&outer.key),
            passcode: jwt::thumbprint(&inner.key),
            biometric,
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
        let outcome = match counted.and_then(|()| self.perform(platform, tx, &account, now)) {
            Ok(outcome) => outcome,
            Err(fault) if fault.is_fault() => return Err(fault),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let noted = serde_json::to_string(&outcome).map_err(|_| Refusal::fault())?;
        PasscodeState::note(tx, &self.device, self.inner.seq, &self.hash, &noted)?;
        self.answer(platform, outcome)
    }

    fn perform(&self, platform: &Platform, tx: &Transaction<'_>, account: &str, now: i64) -> Result<Outcome, Refusal> {
        let Inner { seq, act, params, challenge, .. } = &self.inner;
        AccountState::of(platform, tx, account)?.require_active()?;
        let guarded = GuardedAct::from_name(act).ok_or(Refusal::invalid_request())?;
        let shown = shown(tx, &self.device, (self.biometric.as_ref(), challenge), now)?;
        let (device, passcode) = (&self.device, &self.passcode);
        let (seq, hash, shown) = (*seq, &self.hash, shown.as_slice());
        let order = Order { platform, tx, account, device, passcode, challenge, seq, hash, params, now, shown };
        order.check(guarded)?;
        order.carry_out(guarded)
    }

    fn answer(&self, platform: &Platform, outcome: Outcome) -> Result<Taken, Refusal> {
        match outcome {
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Done { act, seq, result } => Ok(Taken { act, seq, result }),
            Outcome::SignedIn { account, seq, at } => {
                let session = Session::signed_in(account, self.device, at, &self.hash);
                match serde_json::to_value(session.derive(platform, &self.hash, true)) {
                    Ok(Value::Object(result)) => Ok(Taken { act: "sign_in".to_owned(), seq, result }),
                    _ => Err(Refusal::fault()),
                }
            }
            Outcome::LockCode { account, seq } => {
                let code = lock::derive_code(platform, &account, &encode(&self.hash));
                let result = Map::from_iter([("lock_code".to_owned(), code.into())]);
                Ok(Taken { act: GuardedAct::LockCode.name().to_owned(), seq, result })
            }
        }
    }
}

/// What is shown of a sender by what device key and passcode key signed: these keys, a biometric key for this challenge, and a face
/// that was shown not long ago. Shown at `now`, and not when the clock is looked at again: what lies ahead counts for nothing.
pub(super) fn shown(
    tx: &Transaction<'_>,
    device: &[u8; 32],
    (biometric, challenge): (Option<&Shown>, &str),
    now: i64,
) -> Result<Vec<Evidence>, Refusal> {
    let at = UnixTime::from_seconds(now);
    let mut shown = [Factor::DeviceKey, Factor::Passcode].map(|factor| Evidence { factor, at }).to_vec();
    if let Some(biometric) = biometric
        && biometric.counts(tx, device, challenge, now)?
    {
        shown.push(Evidence { factor: Factor::PhoneBiometric, at });
    }
    shown.extend(own_face::last_matched(tx, device)?.map(|at| Evidence { factor: Factor::Face, at }));
    Ok(shown)
}

/// The account that a device was bound to, and whether it still is.
fn find_device(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<(String, bool), Refusal> {
    let mut columns = tx.prepare_cached(
        "SELECT account, accounts.device = devices.key FROM devices JOIN accounts ON account = id WHERE key = ?",
    )?;
    let row = columns.query_row([device], |row| Ok((row.get(0)?, row.get(1)?)));
    row.optional()?.ok_or(Refusal::new(StatusCode::UNAUTHORIZED, Code::SESSION_REFUSED))
}
