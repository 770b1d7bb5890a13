use eid_model::{Code, UnixTime};

use crate::{Claims, OtherCode, Purpose, Status};

/// One of the three states that an officer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything holds. The officer still compares the picture.
    Valid,
    /// Do not accept.
    NotValid,
    /// Something on this side, or in the reading, must be mended first.
    CannotTell,
}

/// The answer to one scanned code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which check decided: Q00 (valid) to W19.
    pub code: Code,
    /// What it means for the officer.
    pub outcome: Outcome,
    /// What else is known about the reason.
    pub detail: Detail,
    /// What was proven: for a valid proof, for W16, whose signatures are right, and for W19, which lacks the holder's.
    pub proof: Option<VerifiedProof>,
}

/// What a verdict says beyond its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    None,
    /// Which other code was scanned.
    OtherCode(OtherCode),
    /// Characters arrived that only a Vietnamese keyboard makes.
    Keyboard,
    /// Both clocks: when the phone says it signed, and the counter's time.
    Clocks {
        /// The phone's time of signing.
        proof: UnixTime,
        /// The counter's time.
        counter: UnixTime,
    },
    /// When the trust list was made.
    TrustList {
        /// Its time of issue; `None` for a key given by hand.
        issued_at: Option<UnixTime>,
    },
    /// When the status list was made; `None` if there is none for this token.
    StatusList {
        /// Its time of issue.
        issued_at: Option<UnixTime>,
    },
    /// When the proof, or an answer to the same challenge, was first seen.
    UsedBefore {
        /// The time.
        at: UnixTime,
    },
    /// The record of used codes could not be written.
    ReplayUnavailable,
}

/// What a proof proves. Made by the verifier only, after every check.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedProof {
    pub(crate) purpose: Purpose,
    pub(crate) claims: Claims,
    pub(crate) withheld: usize,
    pub(crate) issuer: String,
    pub(crate) issued_at: UnixTime,
    pub(crate) valid_until: UnixTime,
    pub(crate) signed_at: UnixTime,
    pub(crate) expires_at: UnixTime,
    pub(crate) open: bool,
    pub(crate) holder_proven: bool,
    pub(crate) status: Option<(Status, UnixTime)>,
}

impl VerifiedProof {
    /// What the proof is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The disclosed claims, the face among them if it was shown.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How many claims the holder did not show.
    pub fn withheld(&self) -> usize {
        self.withheld
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The day on which the data was issued, 00:00 UTC.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When the issued data ends to be valid.
    pub fn valid_until(&self) -> UnixTime {
        self.valid_until
    }

    /// True for what a phone signed; false for a paper, which anybody may hold.
    pub fn is_holder_proven(&self) -> bool {
        self.holder_proven
    }

    /// When the phone signed; for a paper the day of issue.
    pub fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// When the proof ends, apart from clock skew.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// True if the proof was made for any counter, false if for this one.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The token's status and when its list was made; `None` where policy allows an unknown status.
    pub fn status(&self) -> Option<(Status, UnixTime)> {
        self.status
    }
}

impl core::fmt::Debug for VerifiedProof {
    /// Outer facts only: the claims are personal data.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VerifiedProof").field("purpose", &self.purpose).field("claims", &self.claims.len()).finish()
    }
}
