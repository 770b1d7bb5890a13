//! Sessions: access tokens and refresh tokens, each bound to the device key that they were given to.
//!
//! Tokens are derived from a secret of the platform and from what they were given for; only their hashes are stored. So an answer
//! that was lost is made again, and a stolen database signs nobody in.

use axum::http::{HeaderMap, StatusCode, header};
use eid_crypto::{VerifyingKey, hash::sha256};
use eid_model::{AuthLevel, Code, GuardedAct, UnixTime};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    calls::{account::refuse_superseded, configuration::auth_policy},
    citizen::AccountState,
    dpop,
    jwt::{self, encode},
    platform::Platform,
    problem::Refusal,
};

/// Life of an access token, in seconds.
const ACCESS_LIFE: i64 = 600;

/// How long an expired token is remembered as expired, in seconds.
const ACCESS_MEMORY: i64 = 86_400;

/// Life of a refresh token, in seconds.
const REFRESH_LIFE: i64 = 30 * 86_400;

/// How long a refresh token whose answer may have been lost gives the same answer again, in seconds.
const REPEAT: i64 = 60;

/// Who sends a request, and how sure the platform is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) account: String,
    /// The thumbprint of the device key.
    pub(crate) device: [u8; 32],
    /// 1: the device key alone. 2: device key and passcode key.
    pub(crate) auth_level: u8,
    /// When that was shown, in Unix seconds.
    pub(crate) auth_time: i64,
    /// The sign-in that it goes back to, which ends as a whole.
    family: [u8; 32],
}

/// The answer of the token endpoint, and of signing in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    access_token: String,
    #[schema(example = "DPoP")]
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    auth_level: u8,
    auth_time: i64,
}

impl Session {
    /// A session that device key and passcode key have opened: two factors.
    pub(crate) fn signed_in(account: String, device: [u8; 32], auth_time: i64, seed: &[u8; 32]) -> Self {
        const TWO_FACTORS: u8 = 2;
        Self::new(account, device, TWO_FACTORS, auth_time, seed)
    }

    /// A session of a device that has just signed in. `seed` names the sign-in: the same one gives the same tokens.
    pub(crate) fn new(account: String, device: [u8; 32], auth_level: u8, auth_time: i64, seed: &[u8; 32]) -> Self {
        Self { account, device, auth_level, auth_time, family: *seed }
    }

    /// Refuses an act that asks for more than this session has shown, or for something shown not so long ago.
    pub(crate) fn require(&self, platform: &Platform, tx: &Transaction<'_>, act: GuardedAct) -> Result<(), Refusal> {
        let rule = auth_policy(tx)?.rule(act);
        let level = AuthLevel::try_from(self.auth_level).map_err(|_| Refusal::fault())?;
        let is_met = rule.is_met_by_session(level, UnixTime::from_seconds(self.auth_time), platform.clock.now());
        if is_met { Ok(()) } else { Err(Refusal::new(StatusCode::FORBIDDEN, Code::AUTH_LEVEL_TOO_LOW)) }
    }

    /// Gives an access token, and with `refreshes` a refresh token. The same `seed` gives the same tokens.
    pub(crate) fn give(
        &self,
        platform: &Platform,
        tx: &Transaction<'_>,
        seed: &[u8; 32],
        refreshes: bool,
    ) -> Result<TokenAnswer, Refusal> {
        let now = platform.clock.seconds();
        let given = self.derive(platform, seed, refreshes);
        tx.execute("DELETE FROM access_tokens WHERE expires_at <= ?", [now.saturating_sub(ACCESS_MEMORY)])?;
        tx.prepare_cached(
            "INSERT OR IGNORE INTO access_tokens (hash, account, device, auth_level, auth_time, family, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            sha256(given.access_token.as_bytes()),
            self.account,
            self.device,
            self.auth_level,
            self.auth_time,
            self.family,
            now.saturating_add(ACCESS_LIFE)
        ])?;
        if let Some(token) = &given.refresh_token {
            tx.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", [now])?;
            tx.prepare_cached(
                "INSERT OR IGNORE INTO refresh_tokens (hash, account, device, auth_level, auth_time, family, expires_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                sha256(token.as_bytes()),
                self.account,
                self.device,
                self.auth_level,
                self.auth_time,
                self.family,
                now.saturating_add(REFRESH_LIFE)
            ])?;
        }
        Ok(given)
    }

    /// The tokens of a seed, which are good only if they were given and not taken back since.
    pub(crate) fn derive(&self, platform: &Platform, seed: &[u8; 32], refreshes: bool) -> TokenAnswer {
        TokenAnswer {
            access_token: derive(platform, "access", seed),
            token_type: "DPoP",
            expires_in: ACCESS_LIFE,
            refresh_token: refreshes.then(|| derive(platform, "refresh", seed)),
            auth_level: self.auth_level,
            auth_time: self.auth_time,
        }
    }

    /// Takes a refresh token and gives new tokens. One that was used before ends the whole session, for somebody has copied
    /// it; unless its answer was lost, which shows in that nobody has used what it gave.
    pub(crate) fn refresh(
        platform: &Platform,
        tx: &Transaction<'_>,
        device: &[u8; 32],
        token: &str,
    ) -> Result<TokenAnswer, Refusal> {
        let ended = Refusal::new(StatusCode::BAD_REQUEST, Code::SESSION_ENDED).named("invalid_grant");
        let (hash, now) = (sha256(token.as_bytes()), platform.clock.seconds());
        let columns = "SELECT account, device, auth_level, auth_time, family, expires_at, used_at FROM refresh_tokens
                       WHERE hash = ?";
        let row = tx.query_row(columns, [hash], |row| {
            Ok((Self::read(row)?, row.get::<_, i64>(5)?, row.get::<_, Option<i64>>(6)?))
        });
        let (session, expires_at, used_at) = row.optional()?.ok_or(ended)?;
        if session.device != *device || now >= expires_at {
            return Err(ended);
        }
        let seed = sha256(&[b"refreshed".as_slice(), &hash].concat());
        AccountState::of(platform, tx, &session.account)?.require_active()?;
        if let Some(used_at) = used_at {
            let next = sha256(derive(platform, "refresh", &seed).as_bytes());
            let is_fresh = "SELECT 1 FROM refresh_tokens WHERE hash = ? AND used_at IS NULL";
            if now.saturating_sub(used_at) > REPEAT || !tx.prepare(is_fresh)?.exists([next])? {
                session.end(tx)?;
                return Err(ended);
            }
        }
        tx.execute("UPDATE refresh_tokens SET used_at = coalesce(used_at, ?) WHERE hash = ?", params![now, hash])?;
        session.give(platform, tx, &seed, true)
    }

    /// Ends the session that an access or refresh token belongs to (RFC 7009), if it is this device's.
    pub(crate) fn revoke(tx: &Transaction<'_>, device: &[u8; 32], token: &str) -> Result<(), Refusal> {
        let columns = "SELECT account, device, auth_level, auth_time, family FROM access_tokens WHERE hash = ?1
                       UNION SELECT account, device, auth_level, auth_time, family FROM refresh_tokens WHERE hash = ?1";
        let session = tx.query_row(columns, [sha256(token.as_bytes())], Self::read).optional()?;
        session.filter(|session| session.device == *device).map_or(Ok(()), |session| session.end(tx))
    }

    /// Ends every session of a device.
    pub(crate) fn end_all(tx: &Transaction<'_>, device: &[u8; 32]) -> Result<(), Refusal> {
        tx.execute("DELETE FROM access_tokens WHERE device = ?", [device])?;
        tx.execute("DELETE FROM refresh_tokens WHERE device = ?", [device])?;
        Ok(())
    }

    fn end(&self, tx: &Transaction<'_>) -> Result<(), Refusal> {
        tx.execute("DELETE FROM access_tokens WHERE family = ?", [self.family])?;
        tx.execute("DELETE FROM refresh_tokens WHERE family = ?", [self.family])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            account: row.get(0)?,
            device: row.get(1)?,
            auth_level: row.get(2)?,
            auth_time: row.get(3)?,
            family: row.get(4)?,
        })
    }
}

/// The token of a kind for a seed.
fn derive(platform: &Platform, kind: &str, seed: &[u8; 32]) -> String {
    encode(&platform.secrets.tokens.keyed_hash(&[kind.as_bytes(), b"\0", seed]))
}

/// Checks the access token and the DPoP proof of a request to a protected call, and that the account may be used; gives the device
/// key too.
pub(crate) fn check_session(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    method: &str,
    path: &str,
) -> Result<(Session, VerifyingKey), Refusal> {
    let (session, key) = find_session(platform, tx, headers, method, path)?;
    AccountState::of(platform, tx, &session.account)?.require_active()?;
    Ok((session, key))
}

/// The same, whatever the state of the account.
pub(crate) fn find_session(
    platform: &Platform,
    tx: &Transaction<'_>,
    headers: &HeaderMap,
    method: &str,
    path: &str,
) -> Result<(Session, VerifyingKey), Refusal> {
    let refused = |code| Refusal::new(StatusCode::UNAUTHORIZED, code).named("invalid_token");
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
        .map(|(_, token)| token)
        .ok_or(refused(Code::SESSION_REFUSED))?;
    let columns = "SELECT account, device, auth_level, auth_time, family, expires_at FROM access_tokens WHERE hash = ?";
    let row = tx.query_row(columns, [sha256(token.as_bytes())], |row| Ok((Session::read(row)?, row.get::<_, i64>(5)?)));
    let call = dpop::Call { method, path, access_token: Some(token) };
    let Some((session, expires_at)) = row.optional()? else {
        // The tokens of a phone that was superseded are gone: whoever has its key is told why.
        if let Ok(key) = dpop::check(platform, tx, headers, call) {
            refuse_superseded(tx, &jwt::thumbprint(&key)).map_err(|refusal| refusal.named("invalid_token"))?;
        }
        return Err(refused(Code::SESSION_REFUSED));
    };
    if platform.clock.seconds() >= expires_at {
        return Err(refused(Code::NONCE_STALE));
    }
    let key = dpop::check(platform, tx, headers, call)?;
    if jwt::thumbprint(&key) == session.device { Ok((session, key)) } else { Err(dpop::refusal()) }
}
