//! What a card that was read is worth, and whose it is: one judgement for both sides. The phone says early and clearly what is
//! wrong; the platform judges the files that it was sent by the same rules, and decides.
//!
//! Passive authentication believes the files, Active Authentication the chip. Chip Authentication and the way in are seen by
//! the reader alone, so a platform's judgement leaves them out.

use core::fmt;

use eid_model::{Code, Date, PartialDate, UnixTime};

use crate::{
    ChipError,
    aa::{self, CHALLENGE},
    cross_check::{Declared, Disagreement, Source, Sources},
    lds::{DataGroup, Dg1, Dg2, Dg13, Dg14, Dg15, FaceImage, LdsFile},
    mrz::Mrz,
    pa::{CardSecurity, Sod, Strength, TrustList, VerifiedSod},
    reader::{ChipEvidence, ChipProof, FileId},
};

/// A card as it was presented: by a reading, or by somebody who sent its files.
pub struct Presented<'a> {
    files: Vec<(FileId, &'a [u8])>,
    refused: Vec<FileId>,
    active: Option<([u8; CHALLENGE], &'a [u8])>,
    reader: Option<Witness>,
}

/// What only the reader saw.
struct Witness {
    chip: Option<ChipProof>,
    card_access_confirmed: Option<bool>,
}

/// The verdicts, each of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// In the order in which they tell most: the chip, the signature, the files.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub subject: Subject,
    /// Whether it is in order.
    pub verdict: Verdict,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The chip holds the key of DG14, or of EF.CardSecurity.
    ChipAuthentication,
    /// The chip holds the key of DG15.
    ActiveAuthentication,
    /// DG14 confirms the ways in that the unsigned EF.CardAccess named.
    CardAccess,
    /// EF.CardSecurity is signed; looked at only where the chip's proof rests on it.
    CardSecurity,
    /// A trusted state signed EF.SOD.
    Signature,
    /// The state that signed is the one that DG1 names.
    State,
    /// A file is the one that was signed.
    File(DataGroup),
}

/// Whether something is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Passed,
    /// It is not.
    Failed(ChipError),
    /// The card, or this side, has no way to tell.
    NotPossible,
}

/// Whose card it is. To be believed only after [`Judgement::accept`].
pub struct Holder<'a> {
    /// The machine-readable zone of DG1.
    pub lines: Mrz,
    /// DG13.
    pub data: Dg13,
    /// The best picture of DG2.
    pub face: FaceImage<'a>,
}

/// Why a card is not the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// A file does not parse, or is not there.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// It is another person's.
    #[error("another person's card")]
    OtherPerson,
    /// The files of the card contradict each other, signed as they are.
    #[error("{0:?} differs")]
    Contradiction(Disagreement),
    /// What was declared about the holder, or stands in a register, is not what the card says.
    #[error("{0:?} differs")]
    Declared(Disagreement),
    /// The card is past its last day.
    #[error("card has expired")]
    Expired,
}

/// What a citizen can read of a card; fingerprints and iris images are not among them.
const GROUPS: [(FileId, u32); 7] = [
    (FileId::Dg1, 1),
    (FileId::Dg2, 2),
    (FileId::Dg11, 11),
    (FileId::Dg12, 12),
    (FileId::Dg13, 13),
    (FileId::Dg14, 14),
    (FileId::Dg15, 15),
];

/// What a card must show to be accepted as an identity card of Vietnam.
const NEEDED: [FileId; 6] = [FileId::Sod, FileId::Dg1, FileId::Dg2, FileId::Dg13, FileId::Dg14, FileId::Dg15];

impl<'a> Presented<'a> {
    /// What this side read itself.
    pub fn read(evidence: &'a ChipEvidence) -> Self {
        Self {
            files: evidence.files.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect(),
            refused: evidence.refused.iter().map(|(id, _)| *id).collect(),
            active: evidence.active_proof.as_ref().map(|proof| (proof.challenge, proof.signature.as_slice())),
            reader: Some(Witness { chip: evidence.chip_proof, card_access_confirmed: evidence.card_access_confirmed }),
        }
    }

    /// What somebody else read and sent: files, and the chip's signature over this side's challenge.
    pub fn sent(files: Vec<(FileId, &'a [u8])>, challenge: [u8; CHALLENGE], signature: &'a [u8]) -> Self {
        Self { files, refused: Vec::new(), active: Some((challenge, signature)), reader: None }
    }

    /// Judges. `trust` and `now` decide who may sign.
    pub fn judge(&self, trust: &TrustList, now: UnixTime) -> Judgement {
        let mut checks = Vec::new();
        let mut add = |subject, verdict| checks.push(Check { subject, verdict });
        add(Subject::ChipAuthentication, self.chip_authentication());
        add(Subject::ActiveAuthentication, self.active_authentication());
        add(Subject::CardAccess, self.card_access());
        if self.reader.as_ref().is_some_and(|reader| reader.chip == Some(ChipProof::Mapping)) {
            let file = self.file(FileId::CardSecurity).ok_or(ChipError::FileRefused);
            let verified = file.and_then(|file| CardSecurity::parse(file)?.verify(trust, now, Strength::Present));
            add(Subject::CardSecurity, Verdict::of(&verified));
        }
        let Some(sod) = self.file(FileId::Sod) else { return Judgement { checks } };
        let verified = Sod::parse(sod).and_then(|sod| sod.verify(trust, now, Strength::Present));
        add(Subject::Signature, Verdict::of(&verified));
        if let Ok(sod) = &verified {
            if let Some(dg1) = self.file(FileId::Dg1) {
                add(Subject::State, Verdict::of(&Dg1::parse(dg1).and_then(|dg1| sod.check_state(&dg1.mrz))));
            }
            checks.extend(GROUPS.iter().filter_map(|(id, number)| self.check_group(*id, *number, sod)));
        }
        Judgement { checks }
    }

    /// Says whose card it is, and whether it is the card of the person `asked` for, good on the day `today`.
    ///
    /// # Errors
    /// [`Objection`].
    pub fn identify(&self, asked: &Declared, today: Date) -> Result<Holder<'a>, Objection> {
        let file = |id| self.file(id).ok_or(ChipError::FileRefused);
        let lines = Dg1::parse(file(FileId::Dg1)?)?.mrz;
        let data = Dg13::parse(file(FileId::Dg13)?)?;
        let face = *Dg2::parse(file(FileId::Dg2)?)?.faces().first().ok_or(ChipError::FileRefused)?;
        let in_file = |group| ChipError::FileMalformed(LdsFile::Dg(group));
        let pids = [lines.pid().ok_or(in_file(DataGroup::DG1))?, data.pid().ok_or(in_file(DataGroup::DG13))?];
        if pids.iter().all(|pid| *pid != asked.pid) {
            return Err(Objection::OtherPerson);
        }
        let sources = Sources { dg1: Some(&lines), dg13: Some(&data), declared: Some(asked), ..Sources::default() };
        let found = sources.compare().disagreements;
        let of_card = |found: &&Disagreement| ![found.between.0, found.between.1].contains(&Source::Declared);
        if let Some(contradiction) = found.iter().find(of_card) {
            return Err(Objection::Contradiction(*contradiction));
        }
        if let Some(other) = found.first() {
            return Err(Objection::Declared(*other));
        }
        let holder = Holder { lines, data, face };
        if holder.expires(today).is_some_and(|day| day < today) { Err(Objection::Expired) } else { Ok(holder) }
    }

    fn file(&self, id: FileId) -> Option<&'a [u8]> {
        self.files.iter().find(|(file, _)| *file == id).map(|(_, bytes)| *bytes)
    }

    /// A file must be the signed one; one that was asked for and refused must not have been signed.
    fn check_group(&self, id: FileId, number: u32, sod: &VerifiedSod) -> Option<Check> {
        let group = DataGroup::new(number)?;
        let missing = self.refused.contains(&id) || (self.reader.is_none() && NEEDED.contains(&id));
        let hidden = missing && sod.security_object().find(group).is_some();
        let verdict = match self.file(id) {
            Some(file) => Verdict::of(&sod.check(group, file)),
            None if hidden => Verdict::Failed(ChipError::FileRefused),
            None => return None,
        };
        Some(Check { subject: Subject::File(group), verdict })
    }

    fn chip_authentication(&self) -> Verdict {
        let Some(reader) = &self.reader else { return Verdict::NotPossible };
        match (reader.chip, self.file(FileId::Dg14).map(Dg14::parse)) {
            (Some(_), _) => Verdict::Passed,
            (None, Some(Ok(dg14))) if !dg14.infos.keys.is_empty() => {
                Verdict::Failed(ChipError::ChipAuthenticationFailed)
            }
            (None, Some(Err(error))) => Verdict::Failed(error),
            (None, _) => Verdict::NotPossible,
        }
    }

    fn active_authentication(&self) -> Verdict {
        match (self.active, self.file(FileId::Dg15)) {
            (Some((challenge, signature)), Some(dg15)) => {
                let hint = self.file(FileId::Dg14).and_then(|dg14| Dg14::parse(dg14).ok());
                let hint = hint.and_then(|dg14| dg14.infos.active_authentication);
                let verified =
                    Dg15::parse(dg15).and_then(|dg15| aa::verify(&dg15.public_key, &challenge, signature, hint));
                Verdict::of(&verified)
            }
            (None, Some(_)) => Verdict::Failed(ChipError::ActiveAuthenticationFailed),
            (_, None) => Verdict::NotPossible,
        }
    }

    /// EF.CardAccess is unsigned; DG14 must name the same ways in.
    fn card_access(&self) -> Verdict {
        match self.reader.as_ref().and_then(|reader| reader.card_access_confirmed) {
            Some(true) => Verdict::Passed,
            Some(false) => Verdict::Failed(ChipError::SignatureWrong(LdsFile::Dg(DataGroup::DG14))),
            None => Verdict::NotPossible,
        }
    }
}

impl Objection {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Chip(error) => error.code(),
            Self::OtherPerson => Code::CARD_NOT_HOLDERS,
            Self::Contradiction(_) => Code::CHIP_FILES_DISAGREE,
            Self::Declared(_) => Code::REGISTER_MISMATCH,
            Self::Expired => Code::CARD_EXPIRED,
        }
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|(id, bytes)| (*id, bytes.len())).collect();
        f.debug_struct("Presented").field("files", &files).field("refused", &self.refused).finish_non_exhaustive()
    }
}

impl Judgement {
    /// That this is a genuine identity card and not a copy: nothing that was looked at is wrong, a trusted state signed every
    /// file that such a card has, and the chip proved itself.
    ///
    /// # Errors
    /// The first check that failed; [`ChipError::FileRefused`] where a file is missing.
    pub fn accept(&self) -> Result<(), ChipError> {
        let failed = self.checks.iter().find_map(|check| match check.verdict {
            Verdict::Failed(error) => Some(error),
            Verdict::Passed | Verdict::NotPossible => None,
        });
        let passed = |subject| self.checks.contains(&Check { subject, verdict: Verdict::Passed });
        let groups = GROUPS.iter().filter(|(id, _)| NEEDED.contains(id)).map(|(_, number)| DataGroup::new(*number));
        let whole = groups.flatten().map(Subject::File).all(&passed);
        match failed {
            Some(error) => Err(error),
            None if whole && passed(Subject::Signature) && passed(Subject::ActiveAuthentication) => Ok(()),
            None => Err(ChipError::FileRefused),
        }
    }
}

impl Subject {
    /// In words, for a report.
    pub fn name(self) -> &'static str {
        const FILES: [&str; 16] = [
            "DG1", "DG2", "DG3", "DG4", "DG5", "DG6", "DG7", "DG8", "DG9", "DG10", "DG11", "DG12", "DG13", "DG14",
            "DG15", "DG16",
        ];
        match self {
            Self::ChipAuthentication => "chip authentication",
            Self::ActiveAuthentication => "active authentication",
            Self::CardAccess => "card access confirmed",
            Self::CardSecurity => "card security",
            Self::Signature => "signature",
            Self::State => "state",
            Self::File(group) => FILES.get(usize::from(group.number()).wrapping_sub(1)).copied().unwrap_or_default(),
        }
    }
}

impl Verdict {
    fn of<T>(result: &Result<T, ChipError>) -> Self {
        result.as_ref().err().map_or(Self::Passed, |error| Self::Failed(*error))
    }
}

impl Holder<'_> {
    /// The card's last day; none where the card has no expiry. `today` tells the century of the machine-readable zone.
    pub fn expires(&self, today: Date) -> Option<Date> {
        let in_lines = || match self.lines.expiry()?.as_expiry(today)? {
            PartialDate::Day(day) => Some(day),
            _ => None,
        };
        self.data.expires().or_else(in_lines)
    }
}

impl fmt::Debug for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts on a genuine card that somebody else read.
    fn genuine() -> Vec<Check> {
        let files =
            GROUPS.iter().filter(|(id, _)| NEEDED.contains(id)).filter_map(|(_, number)| DataGroup::new(*number));
        let subjects = [Subject::ActiveAuthentication, Subject::Signature, Subject::State];
        let passed = |subject| Check { subject, verdict: Verdict::Passed };
        let unseen = Check { subject: Subject::ChipAuthentication, verdict: Verdict::NotPossible };
        subjects.into_iter().chain(files.map(Subject::File)).map(passed).chain([unseen]).collect()
    }

    #[test]
    fn card_is_accepted_only_with_every_proof_that_a_genuine_one_gives() {
        assert_eq!(Judgement { checks: genuine() }.accept(), Ok(()));
        assert_eq!(Judgement { checks: Vec::new() }.accept(), Err(ChipError::FileRefused));
        for (place, check) in genuine().into_iter().enumerate() {
            let without = |verdict: Option<Verdict>| {
                let mut checks = genuine();
                match verdict {
                    Some(verdict) => checks[place].verdict = verdict,
                    None => drop(checks.remove(place)),
                }
                Judgement { checks }.accept()
            };
            let wrong = ChipError::ActiveAuthenticationFailed;
            assert_eq!(without(Some(Verdict::Failed(wrong))), Err(wrong), "{check:?}");
            // Chip Authentication is seen by the reader alone, and the state goes with DG1 and the signature.
            let spared = [Subject::ChipAuthentication, Subject::State].contains(&check.subject);
            let expected = if spared { Ok(()) } else { Err(ChipError::FileRefused) };
            assert_eq!(without(None), expected, "{check:?}");
            assert_eq!(without(Some(Verdict::NotPossible)), expected, "{check:?}");
        }
    }
}
