//! What a reading is worth: each check with its own verdict.

use eid_chip::{
    ChipError,
    lds::{DataGroup, Dg1, Dg14, LdsFile},
    pa::{Sod, Strength, TrustList, VerifiedSod},
    reader::{ChipEvidence, FileId},
};
use eid_model::{Code, UnixTime};
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

impl Verdict {
    fn of(result: Result<(), ChipError>) -> Self {
        result.err().map_or(Self::Passed, |error| Self::failed(error.code()))
    }

    fn failed(code: Code) -> Self {
        Self::Failed { code: code.number() }
    }
}

/// Passive authentication of all files, and what the chip proved. `trust` and `now` decide who may sign.
pub fn judge(evidence: &ChipEvidence, trust: &TrustList, now: UnixTime) -> Vec<Check> {
    let mut checks = vec![
        Check { check: "chip authentication", verdict: chip_authentication(evidence) },
        Check { check: "active authentication", verdict: active_authentication(evidence) },
        Check { check: "card access confirmed", verdict: card_access(evidence) },
    ];
    let Some(sod) = evidence.file(FileId::Sod) else { return checks };
    let verified = Sod::parse(sod).and_then(|sod| sod.verify(trust, now, Strength::Present));
    checks.push(Check {
        check: "signature",
        verdict: Verdict::of(verified.as_ref().map(|_| ()).map_err(|error| *error)),
    });
    let Ok(sod) = verified else { return checks };
    if let Some(dg1) = evidence.file(FileId::Dg1) {
        let state = Dg1::parse(dg1).and_then(|dg1| sod.check_state(&dg1.mrz));
        checks.push(Check { check: "state", verdict: Verdict::of(state) });
    }
    checks.extend(GROUPS.iter().filter_map(|group| check_group(group, evidence, &sod)));
    checks
}

struct Group {
    name: &'static str,
    id: FileId,
    number: u32,
}

/// What a citizen can read of a card; fingerprints and iris images are not among them.
const GROUPS: [Group; 7] = [
    Group { name: "DG1", id: FileId::Dg1, number: 1 },
    Group { name: "DG2", id: FileId::Dg2, number: 2 },
    Group { name: "DG11", id: FileId::Dg11, number: 11 },
    Group { name: "DG12", id: FileId::Dg12, number: 12 },
    Group { name: "DG13", id: FileId::Dg13, number: 13 },
    Group { name: "DG14", id: FileId::Dg14, number: 14 },
    Group { name: "DG15", id: FileId::Dg15, number: 15 },
];

/// A file must be the signed one; one that was asked for and refused must not have been signed.
fn check_group(group: &Group, evidence: &ChipEvidence, sod: &VerifiedSod) -> Option<Check> {
    let number = DataGroup::new(group.number)?;
    let refused = evidence.refused.iter().any(|(id, _)| *id == group.id);
    let hidden = refused && sod.security_object().find(number).is_some();
    let verdict = match evidence.file(group.id) {
        Some(file) => Verdict::of(sod.check(number, file)),
        None if hidden => Verdict::failed(ChipError::FileRefused.code()),
        None => return None,
    };
    Some(Check { check: group.name, verdict })
}

fn chip_authentication(evidence: &ChipEvidence) -> Verdict {
    let infos = evidence.file(FileId::Dg14).map(Dg14::parse);
    match (evidence.chip_proof, infos) {
        (Some(_), _) => Verdict::Passed,
        (None, Some(Ok(dg14))) if !dg14.infos.keys.is_empty() => {
            Verdict::failed(ChipError::ChipAuthenticationFailed.code())
        }
        (None, Some(Err(error))) => Verdict::failed(error.code()),
        (None, _) => Verdict::NotPossible,
    }
}

fn active_authentication(evidence: &ChipEvidence) -> Verdict {
    match (&evidence.active_proof, evidence.file(FileId::Dg15)) {
        (Some(_), _) => Verdict::Passed,
        (None, Some(_)) => Verdict::failed(ChipError::ActiveAuthenticationFailed.code()),
        (None, None) => Verdict::NotPossible,
    }
}

/// EF.CardAccess is unsigned; DG14 must name the same ways in.
fn card_access(evidence: &ChipEvidence) -> Verdict {
    match evidence.card_access_confirmed {
        Some(true) => Verdict::Passed,
        Some(false) => Verdict::failed(ChipError::SignatureWrong(LdsFile::Dg(DataGroup::DG14)).code()),
        None => Verdict::NotPossible,
    }
}
