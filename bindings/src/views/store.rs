//! Views of the store: its history, its repair, and how far a change of its passcode came.

use eid_core::{Collection, HistoryEntry, Page, Repaired};

use super::{count, redacted};

redacted!(HistoryView);

/// How far a change of the passcode came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PasscodeOutcome {
    /// The new passcode is in force; the old one opens nothing any more.
    Changed,
    /// The platform's answer got lost. Either passcode opens the app until [`crate::Unlocked::refill`] settles it, a minute later
    /// at the earliest if the platform did not take the new one: say so.
    Unsure,
}

impl From<eid_core::PasscodeOutcome> for PasscodeOutcome {
    fn from(outcome: eid_core::PasscodeOutcome) -> Self {
        match outcome {
            eid_core::PasscodeOutcome::Changed => Self::Changed,
            eid_core::PasscodeOutcome::Unsure => Self::Unsure,
        }
    }
}

/// What was found wrong with one part of the store, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct RepairView {
    /// Which part.
    pub part: StorePart,
    /// Records that are there now.
    pub kept: u64,
    /// Records that were there and are not any more.
    pub lost: u64,
    /// The stable code of what was found.
    pub code: u32,
}

impl From<Repaired> for RepairView {
    fn from(repaired: Repaired) -> Self {
        let Repaired { collection, kept, lost, code } = repaired;
        Self { part: collection.map_or(StorePart::History, StorePart::from), kept, lost, code: code.number().into() }
    }
}

/// A part of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum StorePart {
    /// The account.
    Account,
    /// Grants of an account level (giấy cấp mức độ).
    Grant,
    /// Credentials for proofs.
    Credential,
    /// Trust lists and other public data.
    TrustData,
    /// The holder's choices in the app.
    Setting,
    /// Personal records.
    Record,
    /// Party membership (đảng viên).
    PartyRecord,
    /// Health data (sức khỏe).
    HealthRecord,
    /// What the holder is writing (bản nháp).
    Draft,
    /// What is to be sent.
    Outbox,
    /// What the platform confirmed (biên nhận).
    Receipt,
    /// Attachments.
    Attachment,
    /// Names of hardware keys that are to be removed.
    HardwareKey,
    /// Consents (sự đồng ý).
    Consent,
    /// Requests under the data-protection law.
    DataRequest,
    /// The history (lịch sử).
    History,
}

impl From<Collection> for StorePart {
    fn from(collection: Collection) -> Self {
        match collection {
            Collection::Account => Self::Account,
            Collection::Grant => Self::Grant,
            Collection::Credential => Self::Credential,
            Collection::TrustData => Self::TrustData,
            Collection::Setting => Self::Setting,
            Collection::Record => Self::Record,
            Collection::PartyRecord => Self::PartyRecord,
            Collection::HealthRecord => Self::HealthRecord,
            Collection::Draft => Self::Draft,
            Collection::Outbox => Self::Outbox,
            Collection::Receipt => Self::Receipt,
            Collection::Attachment => Self::Attachment,
            Collection::HardwareKey => Self::HardwareKey,
            Collection::Consent => Self::Consent,
            Collection::DataRequest => Self::DataRequest,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Act {
    /// This phone was activated.
    Activated,
    /// An identity proof was shown.
    Presented,
    /// Credentials or records were fetched or changed.
    Updated,
    /// The store was repaired, or found to be an older copy.
    Repaired,
    /// The holder signed in (đăng nhập).
    SignedIn,
    /// The account was locked (khóa).
    AccountLocked,
    /// The account's lock was lifted (mở khóa).
    AccountUnlocked,
    /// A consent was given (đồng ý).
    Consented,
    /// A consent was withdrawn (rút lại sự đồng ý).
    Withdrawn,
    /// A request under the data-protection law was sent.
    Requested,
    /// A request under the data-protection law was answered.
    Answered,
    /// The history was written out for its holder.
    Exported,
    /// The holder erased entries that came before.
    Erased,
    /// An identity proof was sent to the counter that asked for it.
    Sent,
}

impl From<eid_core::Act> for Act {
    fn from(act: eid_core::Act) -> Self {
        match act {
            eid_core::Act::Activated => Self::Activated,
            eid_core::Act::Presented => Self::Presented,
            eid_core::Act::Updated => Self::Updated,
            eid_core::Act::Repaired => Self::Repaired,
            eid_core::Act::SignedIn => Self::SignedIn,
            eid_core::Act::AccountLocked => Self::AccountLocked,
            eid_core::Act::AccountUnlocked => Self::AccountUnlocked,
            eid_core::Act::Consented => Self::Consented,
            eid_core::Act::Withdrawn => Self::Withdrawn,
            eid_core::Act::Requested => Self::Requested,
            eid_core::Act::Answered => Self::Answered,
            eid_core::Act::Exported => Self::Exported,
            eid_core::Act::Erased => Self::Erased,
            eid_core::Act::Sent => Self::Sent,
        }
    }
}

/// Part of the history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryPage {
    /// The entries.
    pub items: Vec<HistoryView>,
    /// How many entries in this part do not open any more.
    pub damaged: u32,
    /// Where the next page begins; none at the end.
    pub next: Option<u64>,
}

impl From<Page<(u64, HistoryEntry)>> for HistoryPage {
    fn from(page: Page<(u64, HistoryEntry)>) -> Self {
        let Page { items, damaged, next } = page;
        Self { items: items.into_iter().map(HistoryView::from).collect(), damaged: count(damaged.len()), next }
    }
}

/// One entry of the history (lịch sử).
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HistoryView {
    /// Its number, from 1.
    pub position: u64,
    /// When: seconds since 1970.
    pub at: i64,
    /// What was done.
    pub act: Act,
    /// With whom; empty if nobody else took part.
    pub counterpart: String,
    /// Which fields, by name. Never their values.
    pub fields: Vec<String>,
    /// Why, as the holder was told.
    pub purpose: String,
    /// Why it was refused or failed; none if it was done.
    pub code: Option<u32>,
}

impl From<(u64, HistoryEntry)> for HistoryView {
    fn from((position, entry): (u64, HistoryEntry)) -> Self {
        let HistoryEntry { at, act, counterpart, fields, purpose, result } = entry;
        let code = result.map(|code| code.number().into());
        Self { position, at, act: act.into(), counterpart, fields, purpose, code }
    }
}
