//! What the register says of a citizen today, and what follows for the account.

use axum::http::StatusCode;
use eid_model::{Code, PhoneNumber, UnixTime};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Person, SandboxError, platform::Platform, problem::Refusal};

/// A person of the register with what happened since it was compiled in.
#[derive(Debug, Clone)]
pub(crate) struct Citizen {
    pub(crate) person: Person,
    pub(crate) card: CardState,
    pub(crate) closed: bool,
    pub(crate) locked: bool,
}

/// What became of an identity card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CardState {
    /// Nothing: it is good until its last day.
    #[default]
    Valid,
    /// It was taken back, or reported lost.
    Withdrawn,
    /// It has expired, whatever its last day.
    Expired,
}

/// A change in the register, for tests; what is not named stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RegisterChange {
    /// The phone number that one-time codes go to.
    #[schema(value_type = Option<String>)]
    pub phone: Option<PhoneNumber>,
    /// The identity card.
    pub card_state: Option<CardState>,
    /// The person has died, or gave the account up for good.
    pub closed: Option<bool>,
    /// An authority has locked the account.
    pub locked: Option<bool>,
}

/// Whether an account may be used. Where several reasons speak against it, the first one in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// The holder has died, or gave it up.
    Closed,
    /// An authority locked it.
    Locked,
    /// Its holder locked it.
    SelfLocked,
    /// The holder's identity card has expired.
    CardExpired,
    /// It may.
    Active,
}

impl Citizen {
    pub(crate) fn find(platform: &Platform, tx: &Transaction<'_>, pid: &str) -> Result<Option<Self>, SandboxError> {
        let Some(person) = platform.register.find(pid) else { return Ok(None) };
        let mut citizen = Self { person: person.clone(), card: CardState::Valid, closed: false, locked: false };
        let columns = "SELECT phone, card_state, closed, locked FROM register WHERE pid = ?";
        let mut changes = tx.prepare_cached(columns)?;
        let row = changes.query_row([pid], |row| {
            Ok((row.get::<_, Option<String>>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
        });
        if let Some((phone, card, closed, locked)) = row.optional()? {
            citizen.card = CardState::from_number(card);
            (citizen.closed, citizen.locked) = (closed, locked);
            if let Some(phone) = phone {
                citizen.person.phone = PhoneNumber::parse(&phone).map_err(|_| SandboxError::Register)?;
            }
        }
        Ok(Some(citizen))
    }

    /// True if the card's last day is over, in Vietnam.
    pub(crate) fn card_has_expired(&self, now: UnixTime) -> bool {
        let last = self.person.card.expires;
        let is_over = last.zip(now.date_in_vietnam().ok()).is_some_and(|(last, today)| last < today);
        is_over || self.card == CardState::Expired
    }

    /// What the register alone says of the account.
    pub(crate) fn state(&self, now: UnixTime) -> AccountState {
        match self {
            Self { closed: true, .. } => AccountState::Closed,
            Self { locked: true, .. } => AccountState::Locked,
            _ if self.card_has_expired(now) => AccountState::CardExpired,
            _ => AccountState::Active,
        }
    }
}

impl CardState {
    const fn number(self) -> i64 {
        match self {
            Self::Valid => 0,
            Self::Withdrawn => 1,
            Self::Expired => 2,
        }
    }

    const fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Withdrawn,
            2 => Self::Expired,
            _ => Self::Valid,
        }
    }
}

impl RegisterChange {
    pub(crate) fn store(&self, platform: &Platform, tx: &Transaction<'_>, pid: &str) -> Result<(), SandboxError> {
        let before = Citizen::find(platform, tx, pid)?.ok_or(SandboxError::PersonUnknown)?;
        tx.execute(
            "INSERT OR REPLACE INTO register (pid, phone, card_state, closed, locked) VALUES (?, ?, ?, ?, ?)",
            params![
                pid,
                self.phone.as_ref().unwrap_or(&before.person.phone).as_str(),
                self.card_state.unwrap_or(before.card).number(),
                self.closed.unwrap_or(before.closed),
                self.locked.unwrap_or(before.locked),
            ],
        )?;
        Ok(())
    }
}

impl AccountState {
    /// The state of an account today.
    pub(crate) fn of(platform: &Platform, tx: &Transaction<'_>, account: &str) -> Result<Self, SandboxError> {
        let mut columns = tx.prepare_cached("SELECT pid, self_locked FROM accounts WHERE id = ?")?;
        let (pid, self_locked): (String, bool) = columns.query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let citizen = Citizen::find(platform, tx, &pid)?.ok_or(SandboxError::PersonUnknown)?;
        let state = citizen.state(platform.clock.now());
        Ok(if self_locked { state.min(Self::SelfLocked) } else { state })
    }

    /// Refuses what only an active account may do.
    pub(crate) fn require_active(self) -> Result<(), Refusal> {
        let code = match self {
            Self::Active => return Ok(()),
            Self::Closed => Code::ACCOUNT_CLOSED,
            Self::Locked | Self::SelfLocked => Code::ACCOUNT_LOCKED,
            Self::CardExpired => Code::CARD_EXPIRED,
        };
        Err(Refusal::new(StatusCode::FORBIDDEN, code))
    }
}
