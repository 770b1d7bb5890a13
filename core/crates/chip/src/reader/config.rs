use super::{ChipEvidence, ChipProfile, FileId, Progress};
use crate::{aa::CHALLENGE, kdf::Access};

/// What to read, and with what.
#[derive(Debug)]
pub struct Config {
    /// What opens the chip.
    pub access: Access,
    /// The platform's challenge for Active Authentication.
    pub challenge: [u8; CHALLENGE],
    /// The files, in order: usually [`FileId::IDENTITY`]. Chip Authentication follows DG14, Active Authentication DG15.
    pub files: Vec<FileId>,
    /// The longest command APDU that the phone's reader sends; 261 without extended lengths.
    pub max_command: usize,
    /// The longest response APDU that it receives, status word included; 258 without extended lengths.
    pub max_response: usize,
    /// What an earlier reading learnt.
    pub profile: ChipProfile,
}

/// What the caller does now.
#[derive(Debug)]
pub enum Step {
    /// Send this APDU; an answer within the time goes to [`super::Reader::feed`], none means [`super::Reader::link_lost`].
    Send {
        /// The command.
        apdu: Vec<u8>,
        /// How long to wait.
        timeout_ms: u32,
    },
    /// Show this and go on.
    Progress(Progress),
    /// Find the chip again, then call [`super::Reader::link_back`].
    Wait {
        /// Whether the chip is still there and has to be disconnected first, because it closed its channel.
        reset: bool,
    },
    /// The reading is over.
    Done(Box<ChipEvidence>),
}
