//! Keys that take face or finger: which one a device has, from when it counts, and what it signed.

use axum::http::StatusCode;
use eid_crypto::hash::sha256;
use eid_model::Code;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Deserialize;

use super::passcode;
use crate::{
    jwt::{self, encode},
    platform::Platform,
    problem::Refusal,
};

/// How long a key that was registered without a face waits until it counts, in seconds: whoever has phone and passcode must not
/// lift himself to level 3 at once.
const WAIT: i64 = 86_400;

/// How long ago a face may have been shown for a key to count at once, in seconds.
pub(crate) const FACE_AGE: u32 = 900;

/// A third signature, which fits the key in its own header.
pub(crate) struct Shown {
    /// Thumbprint of the key.
    key: [u8; 32],
    challenge: String,
    /// It is for the act beside it.
    is_for_act: bool,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    challenge: String,
    act_hash: String,
}

impl Shown {
    /// Verifies a JWT of type `eid-biometric+jwt` that came with the JWT `act`.
    pub(crate) fn verify(platform: &Platform, token: &str, act: &str) -> Result<Self, Refusal> {
        let shown = jwt::verify_self_signed::<Claims>(token, "eid-biometric+jwt");
        let shown = shown.map_err(|_| Refusal::invalid_request())?;
        let Claims { aud, challenge, act_hash } = shown.claims;
        if aud != platform.base_url {
            return Err(Refusal::invalid_request());
        }
        let is_for_act = act_hash == encode(&sha256(act.as_bytes()));
        Ok(Self { key: jwt::thumbprint(&shown.key), challenge, is_for_act })
    }

    /// True if it counts now, false if it will later. Refuses one of another key, act or challenge.
    pub(crate) fn counts(
        &self,
        tx: &Transaction<'_>,
        device: &[u8; 32],
        challenge: &str,
        now: i64,
    ) -> Result<bool, Refusal> {
        match find(tx, device)? {
            Some((key, usable_from)) if key == self.key && self.is_for_act && self.challenge == challenge => {
                Ok(now >= usable_from)
            }
            _ => Err(Refusal::new(StatusCode::FORBIDDEN, Code::BIOMETRIC_KEY_WRONG)),
        }
    }
}

/// Makes the key of a binding the biometric key of a device; gives from when it counts. The same key again keeps its time, unless a
/// face was shown since.
pub(crate) fn register(
    platform: &Platform,
    tx: &Transaction<'_>,
    (device, passcode): (&[u8; 32], &[u8; 32]),
    (binding, challenge): (&str, &str),
    face_shown: bool,
) -> Result<i64, Refusal> {
    let key = passcode::verify_binding(platform, binding, "eid-biometric-binding+jwt", challenge)?;
    // A key that signs everything already is no further factor, and neither is one that lies in another phone.
    let elsewhere =
        "SELECT 1 FROM biometric_keys WHERE key = ?1 AND device <> ?2 UNION SELECT 1 FROM devices WHERE key = ?1
                     UNION SELECT 1 FROM tokens WHERE key = ?1";
    if key == *passcode || tx.prepare(elsewhere)?.exists(params![key, device])? {
        return Err(Refusal::invalid_request());
    }
    let now = platform.clock.seconds();
    let fresh = if face_shown { now } else { now.saturating_add(WAIT) };
    let usable_from = match find(tx, device)? {
        Some((held, usable_from)) if held == key => usable_from.min(fresh),
        _ => fresh,
    };
    let store = "INSERT OR REPLACE INTO biometric_keys (device, key, usable_from) VALUES (?, ?, ?)";
    tx.execute(store, params![device, key, usable_from])?;
    Ok(usable_from)
}

/// The biometric key of a device counts no more. Not an error if it has none.
pub(crate) fn forget(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<(), Refusal> {
    tx.execute("DELETE FROM biometric_keys WHERE device = ?", [device])?;
    Ok(())
}

fn find(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<Option<([u8; 32], i64)>, Refusal> {
    let mut columns = tx.prepare_cached("SELECT key, usable_from FROM biometric_keys WHERE device = ?")?;
    Ok(columns.query_row([device], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}
