use core::fmt;

use super::{FileId, Reader};
use crate::{ChipError, Hash, PaceInfo, aa::CHALLENGE, ca::Method};

/// How the chip was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// By PACE.
    Pace(PaceInfo),
    /// By Basic Access Control.
    Bac,
}

/// How the chip proved that it holds the private key of a static key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChipProof {
    /// Chip Authentication with the key of DG14.
    ChipAuthentication(Method),
    /// PACE with chip authentication mapping and the key of EF.CardSecurity, whose signature is still to be verified.
    Mapping,
}

/// The chip's signature over the platform's challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveProof {
    /// The challenge.
    pub challenge: [u8; CHALLENGE],
    /// The signature as the chip gave it.
    pub signature: Vec<u8>,
    /// The hash that fitted.
    pub hash: Hash,
}

/// All that was read and proven: the files as raw bytes, for passive authentication and for the platform.
///
/// A proof here says that the chip holds the private key of the key *in the file*. That the file is genuine says passive
/// authentication alone, and so does the absence of a file: a file in `refused` that the SOD lists means that the chip hid it.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipEvidence {
    /// How the chip was opened.
    pub opened: Opened,
    /// EF.CardAccess, if the chip handed it out.
    pub card_access: Option<Vec<u8>>,
    /// Whether DG14 names the PACE variants of EF.CardAccess too; none if one of them is not there. `Some(false)` means that
    /// somebody may have weakened EF.CardAccess on its way.
    pub card_access_confirmed: Option<bool>,
    /// The files, in the order in which they were asked for.
    pub files: Vec<(FileId, Vec<u8>)>,
    /// Files that the chip does not have or does not hand out, with its status word.
    pub refused: Vec<(FileId, u16)>,
    /// Whether and how the chip proved its static key.
    pub chip_proof: Option<ChipProof>,
    /// The signature over the challenge, verified with the key of DG15.
    pub active_proof: Option<ActiveProof>,
}

impl ChipEvidence {
    /// A file's bytes.
    pub fn file(&self, id: FileId) -> Option<&[u8]> {
        self.files.iter().find(|(file, _)| *file == id).map(|(_, bytes)| bytes.as_slice())
    }
}

impl fmt::Debug for ChipEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChipEvidence")
            .field("opened", &self.opened)
            .field("files", &self.files.iter().map(|(file, bytes)| (*file, bytes.len())).collect::<Vec<_>>())
            .field("refused", &self.refused)
            .field("chip_proof", &self.chip_proof)
            .field("active_proof", &self.active_proof.as_ref().map(|proof| proof.hash))
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// What was read and proven.
    pub(super) fn evidence(&self) -> Result<ChipEvidence, ChipError> {
        let mut evidence = ChipEvidence {
            opened: self.door.opened.clone().ok_or(ChipError::OutOfOrder)?,
            card_access: self.door.card_access.clone(),
            card_access_confirmed: self.card_access_confirmed(),
            files: Vec::new(),
            refused: Vec::new(),
            chip_proof: self.proofs.chip,
            active_proof: self.proofs.active.clone(),
        };
        for id in self.config.files.iter().chain(&[FileId::CardSecurity]) {
            let Some(file) = self.file(*id) else { continue };
            match (file.complete(), file.refused) {
                (Some(bytes), _) => evidence.files.push((*id, bytes.to_vec())),
                (None, Some(status)) => evidence.refused.push((*id, status)),
                (None, None) => {}
            }
        }
        Ok(evidence)
    }
}
