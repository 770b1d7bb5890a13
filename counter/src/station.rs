use eid_model::{Code, UnixTime};
use eid_proof::{MemoryReplayCache, Outcome, Policy, ReplayCache, Scan, StatusSnapshot, TrustList, Verdict, Verifier};

use crate::{
    CounterError, Input, Report,
    report::{Detail, Shown, StatusFacts, StatusState, TrustFacts, Words, age},
    time::Rfc3339,
    words,
};

/// One service counter (quầy): whom it believes, what it takes, and which proofs it has seen.
pub struct Station {
    /// Whom to believe.
    pub trust: TrustList,
    /// What was revoked; without it every status is unknown.
    pub status: Option<StatusSnapshot>,
    /// What this counter takes.
    pub policy: Policy,
    /// Which proofs were used.
    pub replay: Box<dyn ReplayCache + Send>,
}

impl Station {
    /// A counter without status lists whose record of used proofs lives as long as it does.
    pub fn new(trust: TrustList, policy: Policy) -> Self {
        Self { trust, status: None, policy, replay: Box::<MemoryReplayCache>::default() }
    }

    /// Verifies one input. `scan` tells the time and the challenge that was shown.
    pub fn verify(&mut self, input: &Input, scan: &Scan<'_>) -> Report {
        let verifier = Verifier { trust: &self.trust, status: self.status.as_ref(), policy: &self.policy };
        let verdict = match input {
            Input::Text(text) => verifier.verify_text(text, scan, &mut *self.replay),
            Input::Proof(bytes) => verifier.verify_bytes(bytes, scan, &mut *self.replay),
        };
        let proof = verdict.proof.as_ref();
        Report {
            outcome: verdict.outcome,
            code: verdict.code,
            reason: Words::of(verdict.code),
            detail: Detail::of(&verdict.detail, scan.now),
            must_do: proof.map(|proof| words::must_do(proof, verdict.outcome != Outcome::Valid)),
            shown: proof.map(Shown::of),
            trust: Some(self.trust_facts(scan.now)),
            status: Some(self.status_facts(&verdict, scan.now)),
        }
    }

    /// The report for an input that could not be read.
    pub fn report_fault(&self, error: CounterError, now: UnixTime) -> Report {
        Report { trust: Some(self.trust_facts(now)), ..error.into() }
    }

    fn trust_facts(&self, now: UnixTime) -> TrustFacts {
        TrustFacts {
            environment: self.trust.environment().to_owned(),
            version: self.trust.version(),
            age_s: self.trust.issued_at().map(|at| age(now, at)),
            next_update: self.trust.next_update().map(Rfc3339),
        }
    }

    fn status_facts(&self, verdict: &Verdict, now: UnixTime) -> StatusFacts {
        let state = match verdict.code {
            Code::Q00_VALID if verdict.proof.as_ref().is_some_and(|proof| proof.status().is_some()) => {
                StatusState::Valid
            }
            Code::Q00_VALID | Code::W16_STATUS_UNKNOWN => StatusState::Unknown,
            Code::Q14_REVOKED => StatusState::Revoked,
            Code::Q15_SUSPENDED => StatusState::Suspended,
            _ => StatusState::NotChecked,
        };
        let told = match verdict.detail {
            eid_proof::Detail::StatusList { issued_at } => issued_at,
            _ => verdict.proof.as_ref().and_then(|proof| proof.status()).map(|(_, as_of)| as_of),
        };
        let snapshot = || self.status.as_ref().and_then(StatusSnapshot::as_of);
        StatusFacts { state, age_s: told.or_else(snapshot).map(|at| age(now, at)) }
    }
}

impl core::fmt::Debug for Station {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Station").field("trust", &self.trust).field("policy", &self.policy).finish_non_exhaustive()
    }
}
