//! Status lists: whether a token is good, suspended or revoked.

use std::collections::BTreeMap;

use eid_crypto::{Random, random};
use eid_model::UnixTime;
use eid_proof::{Status, StatusListDraft, StatusReference, bundle_status_lists};
use rusqlite::{Transaction, params};

use crate::{
    SandboxError,
    citizen::AccountState,
    keys::{self, ISSUER, REGISTRAR, Role},
    platform::Platform,
};

/// Entries of one list; an index is two random bytes.
const LIST_LENGTH: usize = 1 << 16;

/// A list is full when half of it is used, so that a random place is found soon.
const LIST_FULL: i64 = 1 << 15;

/// How long a list is good, in seconds.
const LIST_LIFE: i64 = 7 * 86_400;

/// How long a list may be kept before it is fetched again, in seconds.
const LIST_TTL: u32 = 12 * 3600;

/// Where the list of counters is.
const COUNTERS_URI: &str = "https://r.example/t/1";

/// A place for a new token: random and never used.
pub(crate) fn find_place(tx: &Transaction<'_>, rng: &dyn Random) -> Result<(i64, u16), SandboxError> {
    let newest = newest_list(tx)?;
    let used: i64 = tx.query_row("SELECT count(*) FROM tokens WHERE list = ?", [newest], |row| row.get(0))?;
    let list = if used < LIST_FULL { newest } else { newest + 1 };
    let mut taken = tx.prepare_cached("SELECT 1 FROM tokens WHERE list = ? AND place = ?")?;
    loop {
        let place = u16::from_be_bytes(random(rng)?);
        if !taken.exists(params![list, place])? {
            return Ok((list, place));
        }
    }
}

/// A place for a new registration of a counter: random and never used.
pub(crate) fn find_counter_place(tx: &Transaction<'_>, rng: &dyn Random) -> Result<u16, SandboxError> {
    let mut taken = tx.prepare_cached("SELECT 1 FROM counters WHERE place = ?")?;
    loop {
        let place = u16::from_be_bytes(random(rng)?);
        if !taken.exists([place])? {
            return Ok(place);
        }
    }
}

/// The reference that goes into a registration.
pub(crate) fn counter_reference(place: u16) -> StatusReference {
    StatusReference { index: place.into(), uri: COUNTERS_URI.to_owned() }
}

/// The reference that goes into the token.
pub(crate) fn reference((list, place): (i64, u16)) -> StatusReference {
    StatusReference { index: place.into(), uri: uri(list) }
}

/// One list, signed; `None` if there is no such list.
pub(crate) fn sign_list(platform: &Platform, tx: &Transaction<'_>, list: i64) -> Result<Option<Vec<u8>>, SandboxError> {
    if list < 1 || list > newest_list(tx)? {
        return Ok(None);
    }
    let mut statuses = vec![Status::Valid; LIST_LENGTH];
    let mut rows = tx.prepare(
        "SELECT place, CASE WHEN superseded THEN 1 ELSE status END, account FROM tokens JOIN accounts ON account = id
         WHERE list = ?",
    )?;
    let stored =
        rows.query_map([list], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)))?;
    let mut actives = BTreeMap::<String, bool>::new();
    for row in stored {
        let (place, status, account) = row?;
        let active = match actives.get(&account) {
            Some(active) => *active,
            None => {
                let active = AccountState::of(platform, tx, &account)? == AccountState::Active;
                *actives.entry(account).or_insert(active)
            }
        };
        if let Some(entry) = statuses.get_mut(usize::from(place)) {
            *entry = match from_number(status) {
                Status::Valid if !active => Status::Suspended,
                status => status,
            };
        }
    }
    sign(platform, tx, ISSUER, &uri(list), &statuses).map(Some)
}

/// The list of counters. There is one: an office registers fewer than it has places.
fn sign_counters(platform: &Platform, tx: &Transaction<'_>) -> Result<Vec<u8>, SandboxError> {
    let mut statuses = vec![Status::Valid; LIST_LENGTH];
    let mut rows = tx.prepare("SELECT place, status FROM counters")?;
    let stored = rows.query_map([], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?)))?;
    for row in stored {
        let (place, status) = row?;
        if let Some(entry) = statuses.get_mut(usize::from(place)) {
            *entry = from_number(status);
        }
    }
    sign(platform, tx, REGISTRAR, COUNTERS_URI, &statuses)
}

fn sign(
    platform: &Platform,
    tx: &Transaction<'_>,
    issuer: &str,
    uri: &str,
    statuses: &[Status],
) -> Result<Vec<u8>, SandboxError> {
    let now = platform.clock.seconds();
    let draft = StatusListDraft {
        issuer,
        uri,
        statuses,
        issued_at: UnixTime::from_seconds(now),
        expires_at: UnixTime::from_seconds(now.saturating_add(LIST_LIFE)),
        ttl_s: LIST_TTL,
    };
    Ok(draft.sign(&keys::active(tx, Role::Status)?)?)
}

/// All lists as one snapshot.
pub(crate) fn sign_all(platform: &Platform, tx: &Transaction<'_>) -> Result<Vec<u8>, SandboxError> {
    let mut lists = Vec::new();
    for list in 1..=newest_list(tx)? {
        lists.extend(sign_list(platform, tx, list)?);
    }
    lists.push(sign_counters(platform, tx)?);
    Ok(bundle_status_lists(&lists))
}

/// The number under which a status is stored, and which it has in a status list.
pub(crate) const fn number(status: Status) -> i64 {
    match status {
        Status::Valid => 0,
        Status::Revoked => 1,
        Status::Suspended => 2,
    }
}

const fn from_number(number: i64) -> Status {
    match number {
        0 => Status::Valid,
        2 => Status::Suspended,
        _ => Status::Revoked,
    }
}

/// The list that is being filled; the first one exists before any token does.
fn newest_list(tx: &Transaction<'_>) -> Result<i64, SandboxError> {
    Ok(tx.query_row("SELECT coalesce(max(list), 1) FROM tokens", [], |row| row.get(0))?)
}

/// Short, because it is part of every QR code.
fn uri(list: i64) -> String {
    format!("https://{ISSUER}/t/{list}")
}
