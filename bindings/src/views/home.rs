//! Views of the home screen: the account, the app's version, how many proofs are left.

use eid_core::{Readiness, RefillReport};
use eid_model::AccountLevel;

use super::{Purpose, count, redacted};

redacted!(AccountView);

/// The home screen in one call.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HomeView {
    /// The account.
    pub account: AccountView,
    /// How often each purpose can be shown offline.
    pub readiness: Vec<ReadinessView>,
}

/// The account on this phone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct AccountView {
    /// The account's name at the platform.
    pub account_id: String,
    /// Full name.
    pub name: String,
    /// Personal identification number (số định danh cá nhân), 12 digits.
    pub pid: String,
    /// The same with its middle hidden, for screens that others may see.
    pub pid_masked: String,
    /// Account level, 1 or 2.
    pub level: u32,
    /// Who granted it.
    pub issuer: String,
    /// When the grant ends: seconds since 1970.
    pub grant_expires_at: i64,
}

impl From<eid_core::AccountView> for AccountView {
    fn from(account: eid_core::AccountView) -> Self {
        let eid_core::AccountView { account_id, name, pid, level, issuer, grant_expires_at } = account;
        Self {
            account_id,
            name: name.as_str().to_owned(),
            pid: pid.as_str().to_owned(),
            pid_masked: pid.masked(),
            level: match level {
                AccountLevel::One => 1,
                AccountLevel::Two => 2,
            },
            issuer,
            grant_expires_at: grant_expires_at.seconds(),
        }
    }
}

/// What the platform says about this version of the app.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AppStatusView {
    /// How much this version should be updated.
    pub update: UpdateState,
    /// Maintenance that is under way or announced begins: seconds since 1970. During it only what works offline goes on.
    pub maintenance_from: Option<i64>,
    /// It ends.
    pub maintenance_to: Option<i64>,
    /// Version of the configuration that says so; none if there is none yet.
    pub configuration_version: Option<u32>,
    /// The code of the reason why the last configuration that was fetched was not taken, if it was not.
    pub refused: Option<u32>,
    /// How the account of this phone stands by the platform's last word, also while the app is locked; none if the phone is not
    /// activated or nothing is known.
    pub account: Option<AccountState>,
}

/// How an account stands. In every state but the first no new proof is made, and `unlock` is refused; what the phone holds stays
/// sealed and is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AccountState {
    /// It may be used.
    Active,
    /// Its holder locked it: `start_account_unlock` lifts that.
    SelfLocked,
    /// It is locked: by an authority, or the platform did not say by whom.
    Locked,
    /// The holder's identity card has expired. When it was renewed, the next `unlock` with a network lets in again.
    CardExpired,
    /// The holder has died, or gave it up.
    Closed,
    /// It is bound to another phone now: `start_activation` takes it back, `reset` gives it up here.
    Superseded,
}

impl From<eid_model::AccountState> for AccountState {
    fn from(state: eid_model::AccountState) -> Self {
        match state {
            eid_model::AccountState::Active => Self::Active,
            eid_model::AccountState::SelfLocked => Self::SelfLocked,
            eid_model::AccountState::Locked => Self::Locked,
            eid_model::AccountState::CardExpired => Self::CardExpired,
            eid_model::AccountState::Closed => Self::Closed,
            eid_model::AccountState::Superseded => Self::Superseded,
        }
    }
}

impl From<eid_core::AppStatus> for AppStatusView {
    fn from(status: eid_core::AppStatus) -> Self {
        let eid_core::AppStatus { update, maintenance, configuration_version, refused, account } = status;
        Self {
            update: update.into(),
            maintenance_from: maintenance.map(|window| window.from.seconds()),
            maintenance_to: maintenance.map(|window| window.to.seconds()),
            configuration_version,
            refused: refused.map(|code| code.number().into()),
            account: account.map(Into::into),
        }
    }
}

/// How much an update of the app matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum UpdateState {
    /// There is nothing to do.
    Fine,
    /// There is a better version: say so once.
    Recommended,
    /// This version will soon not be served: say so each time.
    Urgent,
    /// This version is not served: only what works offline goes on.
    Required,
    /// Exactly this version is not served, even if it is new.
    Blocked,
}

impl From<eid_core::UpdateState> for UpdateState {
    fn from(state: eid_core::UpdateState) -> Self {
        match state {
            eid_core::UpdateState::Fine => Self::Fine,
            eid_core::UpdateState::Recommended => Self::Recommended,
            eid_core::UpdateState::Urgent => Self::Urgent,
            eid_core::UpdateState::Required => Self::Required,
            eid_core::UpdateState::Blocked => Self::Blocked,
        }
    }
}

/// How often a purpose can be shown offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ReadinessView {
    /// The purpose.
    pub purpose: Purpose,
    /// Unused credentials that are valid now.
    pub unused: u32,
    /// When the last of them expires: seconds since 1970.
    pub valid_until: Option<i64>,
}

impl From<Readiness> for ReadinessView {
    fn from(readiness: Readiness) -> Self {
        let Readiness { purpose, unused, valid_until } = readiness;
        Self { purpose: purpose.into(), unused: count(unused), valid_until: valid_until.map(|at| at.seconds()) }
    }
}

/// What a refill did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RefillView {
    /// New credentials.
    pub fetched: Vec<PurposeCount>,
    /// Purposes that were refused.
    pub refused: Vec<PurposeRefusal>,
    /// Credentials removed: used, expired or withdrawn.
    pub removed: u32,
}

/// New credentials of one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct PurposeCount {
    /// The purpose.
    pub purpose: Purpose,
    /// How many.
    pub count: u32,
}

/// Why one purpose was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct PurposeRefusal {
    /// The purpose.
    pub purpose: Purpose,
    /// The stable code of the reason.
    pub code: u32,
}

impl From<RefillReport> for RefillView {
    fn from(report: RefillReport) -> Self {
        let RefillReport { fetched, refused, removed } = report;
        let fetched = fetched.into_iter().map(|(purpose, n)| PurposeCount { purpose: purpose.into(), count: count(n) });
        let refused = refused
            .into_iter()
            .map(|(purpose, code)| PurposeRefusal { purpose: purpose.into(), code: code.number().into() });
        Self { fetched: fetched.collect(), refused: refused.collect(), removed: count(removed) }
    }
}
