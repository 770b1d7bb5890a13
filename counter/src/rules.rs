use eid_model::{Code, UnixTime};
use eid_proof::{CounterRequest, Judgement, Outcome, Policy, Scan, StatusSnapshot, TrustList, Verdict, Verifier};

use crate::{
    CounterError, Input, Report,
    asking::policy_for,
    report::{Detail, Shown, StatusFacts, StatusState, TrustFacts, Words, age},
    time::Rfc3339,
    words,
};

/// What a counter goes by: whom it believes, what was revoked, what it takes.
#[derive(Debug)]
pub struct Rules {
    /// Whom to believe.
    pub trust: TrustList,
    /// What was revoked; without it every status is unknown.
    pub status: Option<StatusSnapshot>,
    /// What this counter takes.
    pub policy: Policy,
}

impl Rules {
    /// Rules without status lists.
    pub fn new(trust: TrustList, policy: Policy) -> Self {
        Self { trust, status: None, policy }
    }

    /// Checks one input; what is left to ask is whether it was used before. `scan` tells the time and the challenge that was
    /// shown.
    pub fn judge(&self, input: &Input, scan: &Scan<'_>) -> Judgement {
        self.judge_by(&self.policy, input, scan)
    }

    /// Checks an answer to a request of this counter: besides all else it must be made for this counter and this request, and be
    /// what was asked. Whether the request may still be answered, the caller knows.
    pub fn judge_answer(&self, input: &Input, request: &CounterRequest, now: UnixTime) -> Judgement {
        self.judge_by(&policy_for(&self.policy, request), input, &Scan { now, challenge: Some(request.nonce()) })
    }

    fn judge_by(&self, policy: &Policy, input: &Input, scan: &Scan<'_>) -> Judgement {
        let verifier = Verifier { trust: &self.trust, status: self.status.as_ref(), policy };
        match input {
            Input::Text(text) => verifier.judge_text(text, scan),
            Input::Proof(bytes) => verifier.judge_bytes(bytes, scan),
        }
    }

    /// The report of a verdict that was reached by these rules.
    pub fn report(&self, verdict: &Verdict, now: UnixTime) -> Report {
        let proof = verdict.proof.as_ref();
        Report {
            outcome: verdict.outcome,
            code: verdict.code,
            reason: Words::of(verdict.code),
            detail: Detail::of(&verdict.detail, now),
            must_do: proof.map(|proof| words::must_do(proof, verdict.outcome != Outcome::Valid)),
            shown: proof.map(Shown::of),
            trust: Some(self.trust_facts(now)),
            status: Some(self.status_facts(verdict, now)),
        }
    }

    /// The report for an input that could not be read.
    pub fn report_fault(&self, error: CounterError, now: UnixTime) -> Report {
        Report { trust: Some(self.trust_facts(now)), ..error.into() }
    }

    /// The trust list and its age.
    pub fn trust_facts(&self, now: UnixTime) -> TrustFacts {
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
