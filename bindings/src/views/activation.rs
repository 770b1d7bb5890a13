//! Views and drafts of an activation.

use eid_core::{ActivationState, CardAccess, CardProgress, LockCode};
use eid_model::Code;

use super::{count, redacted};
use crate::EidError;

redacted!(ActivationView, CardDraft, CardLinesDraft, LockCodeView);

/// Where an activation stands.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ActivationView {
    /// What it is for.
    pub purpose: ActivationPurpose,
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
    /// The account's lock, in place of a passcode: `lift_lock`.
    Lock,
}

/// What an activation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ActivationPurpose {
    /// To have this phone as the active one: `start_activation`.
    Activate,
    /// To replace a forgotten passcode on this phone: `start_recovery`.
    Recover,
    /// To lift the holder's own lock of an account: `start_account_unlock`.
    Unlock,
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

impl From<&LockCode> for LockCodeView {
    fn from(code: &LockCode) -> Self {
        Self { groups: code.groups().to_vec() }
    }
}

impl From<ActivationState> for ActivationView {
    fn from(state: ActivationState) -> Self {
        let ActivationState { purpose, pid, phone, step, code_expires_at, expires_at, tries_left } = state;
        Self {
            purpose: match purpose {
                eid_core::ActivationPurpose::Activate => ActivationPurpose::Activate,
                eid_core::ActivationPurpose::Recover => ActivationPurpose::Recover,
                eid_core::ActivationPurpose::Unlock => ActivationPurpose::Unlock,
            },
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
            eid_core::ActivationStep::Lock => Self::Lock,
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
