//! Passcode keys: which one a device has, what was counted against it, and the last instruction that it signed.

use axum::http::StatusCode;
use eid_model::Code;
use rusqlite::{Transaction, params};
use serde::Deserialize;

use crate::{
    jwt,
    platform::Platform,
    problem::Refusal,
    tries::{Door, Tries},
};

/// The passcode key of one device.
pub(crate) struct PasscodeState {
    /// Its thumbprint.
    pub(crate) key: [u8; 32],
    pub(crate) tries: Tries,
    /// The number of the last instruction that was taken.
    pub(crate) seq: i64,
    /// That instruction's hash, and its outcome.
    pub(crate) last: Option<([u8; 32], String)>,
}

#[derive(Deserialize)]
struct BindingClaims {
    aud: String,
    iat: i64,
    nonce: String,
}

/// The type of the JWT by which a passcode key shows itself.
pub(crate) const BINDING: &str = "eid-passcode-binding+jwt";

/// Verifies a JWT of this type, by which a key shows itself, and gives the thumbprint of its key.
pub(crate) fn verify_binding(platform: &Platform, binding: &str, typ: &str, nonce: &str) -> Result<[u8; 32], Refusal> {
    let binding = jwt::verify_self_signed::<BindingClaims>(binding, typ).map_err(|_| Refusal::invalid_request())?;
    let BindingClaims { aud, iat, nonce: of } = binding.claims;
    if aud != platform.base_url || of != nonce || !platform.is_fresh(iat) {
        return Err(Refusal::invalid_request());
    }
    Ok(jwt::thumbprint(&binding.key))
}

/// Makes a key the passcode key of a device, with nothing counted against it and no instruction to be repeated. A device key signs everything already, so that it
/// is never a passcode key.
pub(crate) fn register(tx: &Transaction<'_>, device: &[u8; 32], key: &[u8; 32]) -> Result<(), Refusal> {
    if device == key {
        return Err(Refusal::invalid_request());
    }
    tx.execute("INSERT OR IGNORE INTO former_passcodes SELECT device, key FROM passcodes WHERE device = ?", [device])?;
    tx.execute(
        "INSERT INTO passcodes (device, key) VALUES (?1, ?2)
         ON CONFLICT (device) DO UPDATE SET key = ?2, wrong = 0, wait_until = 0, hash = NULL, outcome = NULL",
        params![device, key],
    )?;
    Ok(())
}

/// True if the key was a passcode key of this account before the present one: of this device, or of one it had earlier.
pub(crate) fn is_former(tx: &Transaction<'_>, account: &str, key: &[u8; 32]) -> Result<bool, Refusal> {
    let former = "SELECT 1 FROM devices
                  JOIN (SELECT device, key FROM former_passcodes UNION SELECT device, key FROM passcodes) AS held
                  ON held.device = devices.key WHERE account = ? AND held.key = ?";
    Ok(tx.prepare_cached(former)?.exists(params![account, key])?)
}

impl PasscodeState {
    /// The passcode key of a device, which each one registers when it is bound.
    pub(crate) fn load(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<Self, Refusal> {
        let mut columns =
            tx.prepare_cached("SELECT key, wrong, wait_until, seq, hash, outcome FROM passcodes WHERE device = ?")?;
        let state = columns.query_row([device], |row| {
            let last: Option<[u8; 32]> = row.get(4)?;
            Ok(Self {
                key: row.get(0)?,
                tries: Tries { wrong: row.get(1)?, wait_until: row.get(2)? },
                seq: row.get(3)?,
                last: last.zip(row.get(5)?),
            })
        });
        Ok(state?)
    }

    /// Refuses a try that has to wait, or comes too late for good.
    pub(crate) fn check_door(&self, now: i64) -> Result<(), Refusal> {
        match self.tries.door(now) {
            Door::Open => Ok(()),
            Door::Shut(seconds) => {
                let refusal = Refusal::new(StatusCode::FORBIDDEN, Code::PASSCODE_KEY_WAIT);
                Err(refusal.retry_after(seconds))
            }
            Door::Blocked => Err(BLOCKED),
        }
    }

    /// Counts a try, right or wrong, and says what a wrong one is told.
    pub(crate) fn count(
        &self,
        tx: &Transaction<'_>,
        device: &[u8; 32],
        is_right: bool,
        now: i64,
    ) -> Result<Result<(), Refusal>, Refusal> {
        let tries = if is_right { Tries::default() } else { self.tries.wrong(now) };
        if tries != self.tries {
            let count = "UPDATE passcodes SET wrong = ?, wait_until = ? WHERE device = ?";
            tx.prepare_cached(count)?.execute(params![tries.wrong, tries.wait_until, device])?;
        }
        let wrong = Refusal::new(StatusCode::FORBIDDEN, Code::PASSCODE_KEY_WRONG).tries_left(tries.left(now));
        Ok(match tries.door(now) {
            _ if is_right => Ok(()),
            Door::Open => Err(wrong),
            Door::Shut(seconds) => Err(wrong.retry_after(seconds)),
            Door::Blocked => Err(BLOCKED),
        })
    }

    /// Notes the last instruction and its outcome, for whoever sends it again.
    pub(crate) fn note(
        tx: &Transaction<'_>,
        device: &[u8; 32],
        seq: i64,
        hash: &[u8; 32],
        outcome: &str,
    ) -> Result<(), Refusal> {
        let note = "UPDATE passcodes SET seq = ?, hash = ?, outcome = ? WHERE device = ?";
        tx.prepare_cached(note)?.execute(params![seq, hash, outcome, device])?;
        Ok(())
    }
}

const BLOCKED: Refusal = Refusal::new(StatusCode::FORBIDDEN, Code::PASSCODE_KEY_BLOCKED);
