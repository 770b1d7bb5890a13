use eid_model::Code;

/// Why a file cannot be evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Neither a JPEG or PNG picture nor a PDF document, or one of a kind that nobody takes with a phone.
    #[error("not a picture or document that can be used")]
    Kind,
    /// Too many bytes or pixels.
    #[error("too large")]
    TooLarge,
    /// It breaks off, or contradicts itself.
    #[error("damaged")]
    Damaged,
    /// A document that asks for a password.
    #[error("document is encrypted")]
    Locked,
    /// A document that holds scripts, other files, or programs to start.
    #[error("document has active content")]
    Active,
}

impl EvidenceError {
    /// The stable code.
    pub const fn code(self) -> Code {
        match self {
            Self::Kind => Code::EVIDENCE_KIND,
            Self::TooLarge => Code::EVIDENCE_TOO_LARGE,
            Self::Damaged => Code::EVIDENCE_DAMAGED,
            Self::Locked => Code::EVIDENCE_LOCKED,
            Self::Active => Code::EVIDENCE_ACTIVE,
        }
    }
}
