//! The states of an update, and what moves it.

use core::fmt;

use eid_model::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{Checked, Form};

/// What an authority asked for, until it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What it says it needs.
    pub reason: Reason,
    /// Until when it can be sent.
    pub due_at: UnixTime,
}

/// Where an update stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being written; may be incomplete and wrong.
    Draft,
    /// Checked offline, and nothing is wrong.
    Validated,
    /// Evidence is attached.
    Evidenced,
    /// The citizen signed the instruction.
    Signed,
    /// It waits to be sent.
    Queued,
    /// The platform confirmed that all of it arrived.
    Received,
    /// The authority looks at it.
    Checking {
        /// Until when it means to decide.
        due_at: Option<UnixTime>,
    },
    /// The authority needs more (bổ sung hồ sơ): as a draft, of what [`Update::asked`](super::Update::asked) says.
    Supplement,
    /// The authority took it over; its new record follows.
    Accepted,
    /// The authority refused it.
    Refused {
        /// Why, and what can be done.
        reason: Reason,
        /// Until when an appeal (khiếu nại) is possible.
        appeal_until: Option<UnixTime>,
    },
    /// The citizen gave it up before it was received.
    Withdrawn,
}

/// Why an authority asks for more or refuses. `Debug` shows the code only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The number of a [`Code`](eid_model::Code); one that this version does not know is kept.
    pub code: u16,
    /// The field it is about, if one.
    pub path: Option<crate::Path>,
    /// What the authority says besides.
    pub note: Option<String>,
}

/// A piece of evidence, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// SHA-256 of the bytes that are sent.
    pub sha256: [u8; 32],
    /// How many they are.
    pub bytes: u64,
}

/// What the platform confirmed: the caller verified its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The dossier's number (mã hồ sơ).
    pub dossier: String,
    /// Which round it confirms.
    pub round: u32,
    /// When it arrived.
    pub received_at: UnixTime,
    /// The evidence that arrived.
    pub evidence: Vec<[u8; 32]>,
}

/// What happens to an update.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// The citizen changes the form: it is a draft again, or stays a supplement.
    Edit(&'a Form),
    /// The form was checked; it counts if nothing is wrong and it is the update's own form.
    Validate(&'a Checked),
    /// Evidence was attached, in place of what was.
    Attach(Vec<Evidence>),
    /// The citizen signed: the record's present "as of" must be the one that the update was begun on.
    Sign {
        /// [`Record::as_of`](crate::Record::as_of) at this moment.
        present: Option<UnixTime>,
    },
    /// The signed instruction lies in the outbox.
    Enqueue,
    /// The citizen saw both values of a conflict and goes on from the record as it is now.
    Rebase {
        /// [`Record::as_of`](crate::Record::as_of) at this moment.
        present: Option<UnixTime>,
    },
    /// The platform confirmed.
    Receive(&'a Receipt),
    /// A step of the authority.
    Authority {
        /// Its number: each is higher than the one before.
        step: u32,
        /// What it says.
        says: Says,
    },
    /// The platform did not take what was sent, and has kept nothing of it: it is written, and signed, again.
    Return,
    /// The citizen gives up.
    Withdraw,
}

/// What an authority says about an update it received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// It has begun.
    Checking {
        /// Until when it means to decide.
        due_at: Option<UnixTime>,
    },
    /// It needs more.
    Supplement(Asked),
    /// It agrees.
    Accepted,
    /// It refuses.
    Refused {
        /// Why.
        reason: Reason,
        /// Until when an appeal is possible.
        appeal_until: Option<UnixTime>,
    },
}

/// What an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Something is different now and is to be stored.
    On,
    /// It was so already, or something newer was heard before.
    Not,
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({})", self.code)
    }
}
