//! What goes out (views) and comes in (drafts). Every source is taken apart completely, so that a new field of the core does
//! not compile until somebody decided about it.

use eid_core::{
    ActivationState, CardAccess, CardProgress, Collection, HistoryEntry, LockCode, Page, PresentRequest, Readiness,
    RefillReport, Repaired,
};
use eid_model::{AccountLevel, Code};
use eid_proof::{Audience, Claim, Proof, ProofError, QrSymbol, Spelling};

use crate::EidError;

/// Most claims in a draft; there are fewer.
const MAX_CLAIMS: usize = 32;

/// Records that hold personal data say their name and nothing else: here, and in each language of the shells, which take
/// their text from [`core::fmt::Display`].
macro_rules! redacted {
    ($($record:ident),+) => {$(
        impl core::fmt::Display for $record {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($record), "(…)"))
            }
        }

        impl core::fmt::Debug for $record {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    )+};
}
pub(crate) use redacted;

redacted!(
    AccountView,
    ActivationView,
    CardDraft,
    CardLinesDraft,
    HistoryView,
    LockCodeView,
    PresentDraft,
    ProofView,
    QrView
);

/// Where an activation stands.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ActivationView {
    /// The personal number that was typed, 12 digits.
    pub pid: String,
    /// The phone number that was typed, in E.164.
    pub phone: String,
    /// What is due.
    pub step: ActivationStep,
    /// Until when the one-time code is good, once it was sent: seconds since 1970.
    pub code_expires_at: Option<i64>,
    /// Until when the other steps have to be done, once the code was right: seconds since 1970.
    pub expires_at: Option<i64>,
    /// Tries that the platform leaves for what is due, where it said so.
    pub tries_left: Option<u32>,
}

/// A step of an activation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ActivationStep {
    /// A one-time code has to be asked for, again: `send_code`.
    Start,
    /// The one-time code: `confirm_code`.
    Code,
    /// The card, or a voucher in its place: `read_card`, `use_voucher`.
    Card,
    /// The face: `submit_face`.
    Face,
    /// The passcode: `complete`.
    Passcode,
}

/// What opens the chip of the card. With nothing given it is the personal number that the activation began with.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct CardDraft {
    /// The card access number, six digits.
    #[uniffi(default = None)]
    pub can: Option<String>,
    /// The machine-readable lines, if not the access number.
    #[uniffi(default = None)]
    pub lines: Option<CardLinesDraft>,
}

/// What is needed of the machine-readable lines.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct CardLinesDraft {
    /// Document number: nine characters on a Vietnamese card.
    pub number: String,
    /// Birth date, `YYMMDD`.
    pub birth: String,
    /// Day of expiry, `YYMMDD`.
    pub expiry: String,
}

/// How far the reading of a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct CardProgressView {
    /// File bytes that are here.
    pub done: u32,
    /// File bytes in all; an estimate at first.
    pub expected: u32,
    /// The card has to be held against the phone, at first or again.
    pub waiting: bool,
}

/// What locks the account from any phone, for the holder alone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct LockCodeView {
    /// Three groups of six letters and digits.
    pub groups: Vec<String>,
}

impl From<LockCode> for LockCodeView {
    fn from(code: LockCode) -> Self {
        Self { groups: code.groups().to_vec() }
    }
}

impl From<ActivationState> for ActivationView {
    fn from(state: ActivationState) -> Self {
        let ActivationState { pid, phone, step, code_expires_at, expires_at, tries_left } = state;
        Self {
            pid: pid.as_str().to_owned(),
            phone: phone.as_str().to_owned(),
            step: step.into(),
            code_expires_at: code_expires_at.map(|at| at.seconds()),
            expires_at: expires_at.map(|at| at.seconds()),
            tries_left: tries_left.map(u32::from),
        }
    }
}

impl From<eid_core::ActivationStep> for ActivationStep {
    fn from(step: eid_core::ActivationStep) -> Self {
        match step {
            eid_core::ActivationStep::Start => Self::Start,
            eid_core::ActivationStep::Code => Self::Code,
            eid_core::ActivationStep::Card => Self::Card,
            eid_core::ActivationStep::Face => Self::Face,
            eid_core::ActivationStep::Passcode => Self::Passcode,
        }
    }
}

impl TryFrom<CardDraft> for CardAccess {
    type Error = EidError;

    fn try_from(draft: CardDraft) -> Result<Self, EidError> {
        let CardDraft { can, lines } = draft;
        match (can, lines) {
            (None, None) => Ok(Self::PersonalNumber),
            (Some(can), None) => Ok(Self::Can(can)),
            (None, Some(CardLinesDraft { number, birth, expiry })) => Ok(Self::Mrz { number, birth, expiry }),
            (Some(_), Some(_)) => Err(EidError::of(Code::CHIP_ACCESS_DATA_INVALID)),
        }
    }
}

impl From<CardProgress> for CardProgressView {
    fn from(progress: CardProgress) -> Self {
        let CardProgress { done, expected, waiting } = progress;
        Self { done: count(done), expected: count(expected), waiting }
    }
}

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
}

impl From<eid_core::AppStatus> for AppStatusView {
    fn from(status: eid_core::AppStatus) -> Self {
        let eid_core::AppStatus { update, maintenance, configuration_version, refused } = status;
        Self {
            update: update.into(),
            maintenance_from: maintenance.map(|window| window.from.seconds()),
            maintenance_to: maintenance.map(|window| window.to.seconds()),
            configuration_version,
            refused: refused.map(|code| code.number().into()),
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

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Purpose {
    /// Age over 18, and nothing else.
    Age,
    /// Full identity (danh tính).
    Id,
    /// Health insurance (bảo hiểm y tế).
    Health,
    /// Any claims that the holder chooses.
    Flex,
    /// Residence (nơi cư trú).
    Residence,
    /// Driving licence (giấy phép lái xe).
    DrivingLicence,
    /// Check-in at a hospital.
    HospitalCheckIn,
    /// Check-in for a domestic flight.
    FlightCheckIn,
}

impl From<eid_proof::Purpose> for Purpose {
    fn from(purpose: eid_proof::Purpose) -> Self {
        use eid_proof::Purpose as P;
        match purpose {
            P::Age => Self::Age,
            P::Id => Self::Id,
            P::Health => Self::Health,
            P::Flex => Self::Flex,
            P::Residence => Self::Residence,
            P::DrivingLicence => Self::DrivingLicence,
            P::HospitalCheckIn => Self::HospitalCheckIn,
            P::FlightCheckIn => Self::FlightCheckIn,
        }
    }
}

impl From<Purpose> for eid_proof::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Age => Self::Age,
            Purpose::Id => Self::Id,
            Purpose::Health => Self::Health,
            Purpose::Flex => Self::Flex,
            Purpose::Residence => Self::Residence,
            Purpose::DrivingLicence => Self::DrivingLicence,
            Purpose::HospitalCheckIn => Self::HospitalCheckIn,
            Purpose::FlightCheckIn => Self::FlightCheckIn,
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

/// What the citizen chose to show, after seeing who asks and what for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct PresentDraft {
    /// What for.
    pub purpose: Purpose,
    /// The counter's identifier, `rp/…`; none shows it to anyone.
    #[uniffi(default = None)]
    pub counter: Option<String>,
    /// The counter's challenge, 8 to 32 bytes, if its code was scanned.
    #[uniffi(default = None)]
    pub challenge: Option<Vec<u8>>,
    /// Show the photo.
    #[uniffi(default = false)]
    pub photo: bool,
    /// Which claims to show, by name, for [`Purpose::Flex`] only.
    #[uniffi(default = [])]
    pub claims: Vec<String>,
    /// Take a credential that was shown before if no unused one is left: two counters could then tell that it was the same
    /// person.
    #[uniffi(default = false)]
    pub allow_reuse: bool,
}

impl TryFrom<PresentDraft> for PresentRequest {
    type Error = EidError;

    fn try_from(draft: PresentDraft) -> Result<Self, EidError> {
        let PresentDraft { purpose, counter, challenge, photo, claims, allow_reuse } = draft;
        let unknown = || EidError::of(Code::CLAIM_INVALID);
        if claims.len() > MAX_CLAIMS {
            return Err(unknown());
        }
        let claims: Option<Vec<Claim>> = claims.iter().map(|name| Claim::from_name(name)).collect();
        Ok(Self {
            purpose: purpose.into(),
            audience: counter.map_or(Audience::Anyone, Audience::Counter),
            challenge,
            photo,
            claims: claims.ok_or_else(unknown)?,
            allow_reuse,
        })
    }
}

/// A signed proof, ready for the screen.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ProofView {
    /// The text of the code.
    pub text: String,
    /// When it ends: seconds since 1970. Sign again before.
    pub expires_at: i64,
    /// The code itself.
    pub qr: QrView,
}

impl TryFrom<&Proof> for ProofView {
    type Error = EidError;

    fn try_from(proof: &Proof) -> Result<Self, EidError> {
        let text = proof.text(Spelling::Digits);
        let symbol = QrSymbol::encode(&text).map_err(|error: ProofError| EidError::of(error.code()))?;
        Ok(Self { expires_at: proof.expires_at().seconds(), qr: QrView::from(&symbol), text })
    }
}

/// A QR symbol without its quiet zone, which is four modules on each side.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct QrView {
    /// The version, 1 to 25.
    pub version: u32,
    /// Modules on each side.
    pub side: u32,
    /// One bit for each module, 1 is dark: row by row without padding between rows, the first module in the highest bit.
    pub modules: Vec<u8>,
}

impl From<&QrSymbol> for QrView {
    fn from(symbol: &QrSymbol) -> Self {
        let side = symbol.side();
        let dark: Vec<bool> = (0..side * side).map(|at| symbol.is_dark(at % side, at / side)).collect();
        let weigh = |(dark, weight): (&bool, u8)| if *dark { weight } else { 0 };
        let byte = |bits: &[bool]| bits.iter().zip([128, 64, 32, 16, 8, 4, 2, 1]).map(weigh).sum();
        let modules = dark.chunks(8).map(byte).collect();
        Self { version: symbol.version().into(), side: count(side), modules }
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

/// A count for the border; what a phone holds is far below its limit.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
