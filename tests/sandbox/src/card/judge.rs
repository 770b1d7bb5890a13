//! The verdicts on a reading, as the report has them.

use eid_chip::{
    judge::{self, Presented},
    pa::TrustList,
    reader::ChipEvidence,
};
use eid_model::UnixTime;
use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub check: &'static str,
    /// Whether it is in order.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether something is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Passed,
    /// It is not.
    Failed {
        /// The stable code, as a number.
        code: u16,
    },
    /// The card gives no way to tell.
    NotPossible,
}

/// Passive authentication of all files, and what the chip proved. `trust` and `now` decide who may sign.
pub fn judge(evidence: &ChipEvidence, trust: &TrustList, now: UnixTime) -> Vec<Check> {
    let form = |check: judge::Check| Check {
        check: check.subject.name(),
        verdict: match check.verdict {
            judge::Verdict::Passed => Verdict::Passed,
            judge::Verdict::Failed(error) => Verdict::Failed { code: error.code().number() },
            judge::Verdict::NotPossible => Verdict::NotPossible,
        },
    };
    Presented::read(evidence).judge(trust, now).checks.into_iter().map(form).collect()
}
