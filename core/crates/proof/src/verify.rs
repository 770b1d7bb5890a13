use eid_crypto::hash::{sha256, sha256_parts};
use eid_model::{Code, UnixTime};

use crate::{
    Claim, Detail, KeyUse, Outcome, Purpose, ReplayCache, ReplayEntry, ReplayUnavailable, Seen, Status, StatusSnapshot,
    TextError, TrustList, Verdict, VerifiedProof,
    binding::{self, BindingToken},
    cose, disclosure,
    text::decode_text,
    time::from_secs,
    token::MAX_BYTES,
};

/// What a counter takes.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Seconds by which the clocks of phone and counter may differ.
    pub skew_s: u32,
    /// This counter's name, `rp/…`; without one, only open proofs pass.
    pub counter: Option<String>,
    /// Take proofs made for any counter.
    pub accept_open: bool,
    /// Purposes taken; empty takes all.
    pub accepted: Vec<Purpose>,
    /// Claims that must be shown, beyond those of the purpose: the face, say.
    pub required: Vec<Claim>,
    /// Take proofs whose status is unknown.
    pub allow_unknown_status: bool,
    /// Oldest status list that is believed, in seconds.
    pub status_max_age_s: u32,
    /// Oldest trust list that is believed, in seconds.
    pub trust_max_age_s: u32,
}

impl Default for Policy {
    /// 30 s of skew, open proofs of all purposes, status lists up to 7 days and trust lists up to 30 days old.
    fn default() -> Self {
        Self {
            skew_s: 30,
            counter: None,
            accept_open: true,
            accepted: Vec::new(),
            required: Vec::new(),
            allow_unknown_status: false,
            status_max_age_s: 7 * 86_400,
            trust_max_age_s: 30 * 86_400,
        }
    }
}

/// The circumstances of one scan.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// The counter's time.
    pub now: UnixTime,
    /// The challenge that this counter showed to this holder, if any.
    pub challenge: Option<&'a [u8]>,
}

/// Checks proofs. Pure: no I/O but what the replay cache does.
#[derive(Debug)]
pub struct Verifier<'a> {
    /// Whom to believe.
    pub trust: &'a TrustList,
    /// What was revoked.
    pub status: Option<&'a StatusSnapshot>,
    /// What this counter takes.
    pub policy: &'a Policy,
}

/// With a challenge the nonce shows freshness; the clocks may then differ by this much.
const CHALLENGED_SKEW_S: u32 = 600;

/// How long a replay entry is kept beyond the last moment at which the proof could pass.
const REPLAY_MARGIN_S: i64 = 60;

type Step<T> = Result<T, Refusal>;

impl Verifier<'_> {
    /// From the scanned text to the verdict.
    pub fn verify_text(&self, text: &str, scan: &Scan<'_>, replay: &mut dyn ReplayCache) -> Verdict {
        self.judge_text(text, scan).settle(replay)
    }

    /// From the bytes of a key-binding token to the verdict. The first failing check decides; cheap ones come first.
    pub fn verify_bytes(&self, proof: &[u8], scan: &Scan<'_>, replay: &mut dyn ReplayCache) -> Verdict {
        self.judge_bytes(proof, scan).settle(replay)
    }

    /// Like [`Self::verify_text`], without the last check: for counters that ask their record of used codes for many proofs
    /// at a time.
    pub fn judge_text(&self, text: &str, scan: &Scan<'_>) -> Judgement {
        let refusal = match decode_text(text) {
            Ok(bytes) => return self.judge_bytes(&bytes, scan),
            Err(TextError::NotOurs(other)) => not_valid(Code::Q01_NOT_OURS, Detail::OtherCode(other)),
            Err(TextError::Garbled { keyboard: true }) => cannot_tell(Code::Q02_TRANSPORT, Detail::Keyboard),
            Err(TextError::Garbled { keyboard: false }) => cannot_tell(Code::Q02_TRANSPORT, Detail::None),
            Err(TextError::TooLarge) => not_valid(Code::Q03_TOO_LARGE, Detail::None),
        };
        Judgement::Decided(refusal.into_verdict(None))
    }

    /// Like [`Self::verify_bytes`], without the last check.
    pub fn judge_bytes(&self, proof: &[u8], scan: &Scan<'_>) -> Judgement {
        self.check(proof, scan).unwrap_or_else(|refusal| Judgement::Decided(refusal.into_verdict(None)))
    }

    fn check(&self, bytes: &[u8], scan: &Scan<'_>) -> Step<Judgement> {
        if bytes.len() > MAX_BYTES {
            return Err(not_valid(Code::Q03_TOO_LARGE, Detail::None));
        }
        let proof = BindingToken::parse(bytes).map_err(|_| not_valid(Code::Q04_MALFORMED, Detail::None))?;
        let skew = self.check_times(&proof, scan)?;
        self.check_audience(&proof, scan)?;
        self.check_signatures(&proof, scan)?;
        let mut verified = disclose(&proof)?;
        let (status, issued_at) = self.status_of(&proof, scan);
        let list = Detail::StatusList { issued_at };
        match status {
            Some(Status::Revoked) => return Err(not_valid(Code::Q14_REVOKED, list)),
            Some(Status::Suspended) => return Err(not_valid(Code::Q15_SUSPENDED, list)),
            None if !self.policy.allow_unknown_status => {
                let verdict = cannot_tell(Code::W16_STATUS_UNKNOWN, list).into_verdict(Some(verified));
                return Ok(Judgement::Decided(verdict));
            }
            Some(Status::Valid) | None => verified.status = status.zip(issued_at),
        }
        self.check_profile(&verified)?;
        Ok(Judgement::UnlessUsed(Box::new(Unrecorded { entry: replay_entry(&proof, scan, skew), proof: verified })))
    }

    /// Q05 and Q06; gives the skew that applies.
    fn check_times(&self, proof: &BindingToken<'_>, scan: &Scan<'_>) -> Step<i64> {
        let answered = scan.challenge.is_some() && proof.body.challenge == scan.challenge;
        let skew = i64::from(if answered { self.policy.skew_s.max(CHALLENGED_SKEW_S) } else { self.policy.skew_s });
        let (signed, expires) = (i64::from(proof.body.signed_at), i64::from(proof.body.expires_at));
        let now = scan.now.seconds();
        let clocks = Detail::Clocks { proof: from_secs(proof.body.signed_at), counter: scan.now };
        if now > expires.saturating_add(skew) || expires.saturating_sub(signed) > i64::from(binding::MAX_LIFE_S) {
            return Err(not_valid(Code::Q05_STALE, clocks));
        }
        if signed > now.saturating_add(skew) {
            return Err(cannot_tell(Code::Q06_CLOCK, clocks));
        }
        Ok(skew)
    }

    /// Q07 and the part of Q08 that needs no memory.
    fn check_audience(&self, proof: &BindingToken<'_>, scan: &Scan<'_>) -> Step<()> {
        let ours = self.policy.counter.as_deref() == Some(proof.body.audience);
        let open = proof.body.audience == binding::ANYONE && self.policy.accept_open;
        if !ours && !open {
            return Err(not_valid(Code::Q07_AUDIENCE, Detail::None));
        }
        // Also the answer to a challenge that was never shown here, or not to this holder: held, or meant for another station.
        if proof.body.challenge != scan.challenge {
            return Err(not_valid(Code::Q08_CHALLENGE, Detail::None));
        }
        Ok(())
    }

    /// Q09 to Q12.
    fn check_signatures(&self, proof: &BindingToken<'_>, scan: &Scan<'_>) -> Step<()> {
        let token = &proof.token;
        let trust_list = Detail::TrustList { issued_at: self.trust.issued_at() };
        let too_old =
            self.trust.issued_at().is_some_and(|at| age(scan.now, at) > i64::from(self.policy.trust_max_age_s));
        let keys = || self.trust.find(KeyUse::Proof, &token.key_id, token.issuer);
        let Some(signer) = keys().next().filter(|_| !too_old) else {
            return Err(cannot_tell(Code::Q09_UNKNOWN_ISSUER, trust_list));
        };
        // A key id is a hash of the key: a list that has an id twice has one key with two times of validity.
        token.verify(&signer.key).map_err(|_| not_valid(Code::Q10_ISSUER_SIG, Detail::None))?;
        let body = &proof.body;
        let inside = token.issued_at <= body.signed_at && body.expires_at <= token.expires_at;
        if !inside || !keys().any(|key| key.is_valid_at(from_secs(token.issued_at))) {
            return Err(not_valid(Code::Q11_TOKEN_TIME, Detail::None));
        }
        proof.verify().map_err(|_| not_valid(Code::Q12_HOLDER_SIG, Detail::None))
    }

    /// The status and the time of its list; no status if there is no list that may be believed.
    fn status_of(&self, proof: &BindingToken<'_>, scan: &Scan<'_>) -> (Option<Status>, Option<UnixTime>) {
        let Some(pointer) = &proof.token.status else {
            // A token without a status entry cannot be revoked; its life is its only bound.
            return (Some(Status::Valid), None);
        };
        let entry = self.status.and_then(|lists| lists.find(proof.token.issuer, pointer.uri, pointer.index));
        let Some(entry) = entry else { return (None, None) };
        let fresh =
            age(scan.now, entry.as_of) <= i64::from(self.policy.status_max_age_s) && scan.now <= entry.expires_at;
        // An old list can still say "revoked": that does not become untrue.
        let believed = fresh || entry.status == Status::Revoked;
        (believed.then_some(entry.status), Some(entry.as_of))
    }

    /// Q17.
    fn check_profile(&self, verified: &VerifiedProof) -> Step<()> {
        let accepted = self.policy.accepted.is_empty() || self.policy.accepted.contains(&verified.purpose);
        let shown = |claim: &Claim| verified.claims.get(*claim).is_some();
        let complete = verified.purpose.claims().iter().chain(&self.policy.required).all(shown);
        if accepted && complete { Ok(()) } else { Err(not_valid(Code::Q17_PROFILE, Detail::None)) }
    }
}

/// Q13, and Q17 for a purpose that this version does not know.
fn disclose(proof: &BindingToken<'_>) -> Step<VerifiedProof> {
    let token = &proof.token;
    let mut claims = token.claims.clone();
    let withheld = disclosure::restore(&mut claims, &token.redactions, &token.disclosures)
        .map_err(|_| not_valid(Code::Q13_DISCLOSURE, Detail::None))?;
    Ok(VerifiedProof {
        purpose: token.purpose().ok_or_else(|| not_valid(Code::Q17_PROFILE, Detail::None))?,
        claims,
        withheld,
        issuer: token.issuer.to_owned(),
        issued_at: from_secs(token.issued_at),
        valid_until: from_secs(token.expires_at),
        signed_at: from_secs(proof.body.signed_at),
        expires_at: from_secs(proof.body.expires_at),
        open: proof.body.audience == binding::ANYONE,
        status: None,
    })
}

/// What the record of used codes is asked for, and then keeps.
fn replay_entry(proof: &BindingToken<'_>, scan: &Scan<'_>, skew: i64) -> ReplayEntry {
    let body = &proof.body;
    let keep = i64::from(body.expires_at).saturating_add(skew).saturating_add(REPLAY_MARGIN_S);
    ReplayEntry {
        proof: sha256_parts(&[
            &cose::thumbprint(&proof.token.holder_key),
            &body.signed_at.to_be_bytes(),
            body.challenge.unwrap_or_default(),
        ]),
        challenge: scan.challenge.map(sha256),
        seen_at: scan.now,
        keep_until: UnixTime::from_seconds(keep),
    }
}

/// A proof after every check but the one for a second use.
#[derive(Debug)]
pub enum Judgement {
    /// A check failed, or the proof's status is unknown; the record of used codes has nothing to say.
    Decided(Verdict),
    /// Every check passed. It is valid unless it was used before.
    UnlessUsed(Box<Unrecorded>),
}

impl Judgement {
    /// The verdict: asks the record, where that is left to do.
    pub fn settle(self, replay: &mut dyn ReplayCache) -> Verdict {
        match self {
            Self::Decided(verdict) => verdict,
            Self::UnlessUsed(unrecorded) => {
                let answer = replay.record(unrecorded.entry());
                unrecorded.settle(answer)
            }
        }
    }
}

/// A proof that is valid unless it was used before. It shows nothing until the record of used codes has answered.
#[derive(Debug)]
pub struct Unrecorded {
    entry: ReplayEntry,
    proof: VerifiedProof,
}

impl Unrecorded {
    /// What to ask the record.
    pub fn entry(&self) -> &ReplayEntry {
        &self.entry
    }

    /// The verdict, after the record's answer: Q00; Q18; Q08 for a challenge that was answered before; 5033 where the record
    /// cannot be written.
    pub fn settle(self, answer: Result<Seen, ReplayUnavailable>) -> Verdict {
        let refusal = match answer {
            Ok(Seen::First) => {
                let (code, outcome) = (Code::Q00_VALID, Outcome::Valid);
                return Verdict { code, outcome, detail: Detail::None, proof: Some(self.proof) };
            }
            Ok(Seen::Again { at }) => not_valid(Code::Q18_REPLAY, Detail::UsedBefore { at }),
            Ok(Seen::ChallengeSpent { at }) => not_valid(Code::Q08_CHALLENGE, Detail::UsedBefore { at }),
            Err(ReplayUnavailable) => cannot_tell(Code::COUNTER_REPLAY_UNUSABLE, Detail::ReplayUnavailable),
        };
        refusal.into_verdict(None)
    }
}

fn age(now: UnixTime, then: UnixTime) -> i64 {
    now.seconds().saturating_sub(then.seconds())
}

/// A check that failed.
struct Refusal {
    code: Code,
    outcome: Outcome,
    detail: Detail,
}

impl Refusal {
    fn into_verdict(self, proof: Option<VerifiedProof>) -> Verdict {
        Verdict { code: self.code, outcome: self.outcome, detail: self.detail, proof }
    }
}

fn not_valid(code: Code, detail: Detail) -> Refusal {
    Refusal { code, outcome: Outcome::NotValid, detail }
}

fn cannot_tell(code: Code, detail: Detail) -> Refusal {
    Refusal { code, outcome: Outcome::CannotTell, detail }
}
