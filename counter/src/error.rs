use eid_model::Code;

/// Why a counter could not get as far as a verdict. All of them end in "cannot tell".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// The file named as input is not there or cannot be read.
    #[error("the input cannot be read")]
    InputUnreadable,
    /// The input is empty, or only white space.
    #[error("the input is empty")]
    InputEmpty,
    /// The input is neither text, nor a PNG picture, nor a raw proof.
    #[error("the input is neither text nor a PNG picture nor a proof")]
    InputUnknown,
    /// The file is larger than [`crate::MAX_FILE`], or its picture larger than [`crate::MAX_PIXELS`].
    #[error("the input is too large")]
    InputTooLarge,
    /// The PNG picture is damaged.
    #[error("the picture is damaged")]
    PictureDamaged,
    /// The search for QR symbols in the picture was given up: it took too long.
    #[error("the search for QR codes in the picture took too long")]
    PictureTooHard,
    /// No QR symbol was found in the picture.
    #[error("no QR code in the picture")]
    NoSymbol,
    /// The picture shows more than one identity proof, so that nobody can say whose it is.
    #[error("several identity proofs in one picture")]
    SeveralProofs,
    /// No trust list and no issuer key was given, or it cannot be read, is damaged or wrongly signed.
    #[error("no usable trust list")]
    TrustUnusable,
    /// This counter has seen a newer trust list than the one given.
    #[error("the trust list is older than one seen before")]
    TrustOlder,
    /// The status snapshot cannot be read, is damaged or wrongly signed.
    #[error("no usable status snapshot")]
    StatusUnusable,
    /// The record of used proofs cannot be opened or belongs to another program.
    #[error("no usable record of used codes")]
    ReplayUnusable,
    /// The portrait cannot be written to the file that was asked for.
    #[error("the portrait cannot be written")]
    PortraitUnwritable,
    /// The counter's key or registration is not there, damaged, or of another.
    #[error("no usable identity of the counter")]
    IdentityUnusable,
    /// The counter's registration does not allow the question, or its form is wrong.
    #[error("the counter may not ask this")]
    AskNotAllowed,
    /// The counter's registration names no host that takes answers.
    #[error("the registration names no host for answers")]
    NoAnswerHost,
    /// A picture of a code cannot be made.
    #[error("the picture cannot be made")]
    PictureUnwritable,
    /// The address to serve at is taken, or not one of this machine alone.
    #[error("cannot serve at this address")]
    NotServing,
}

impl CounterError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::InputUnreadable
            | Self::InputEmpty
            | Self::InputUnknown
            | Self::InputTooLarge
            | Self::PictureDamaged
            | Self::PictureTooHard
            | Self::NoSymbol => Code::COUNTER_INPUT_UNREADABLE,
            Self::SeveralProofs => Code::COUNTER_SEVERAL_PROOFS,
            Self::TrustUnusable => Code::COUNTER_TRUST_UNUSABLE,
            Self::TrustOlder => Code::COUNTER_TRUST_OLDER,
            Self::StatusUnusable => Code::COUNTER_STATUS_UNUSABLE,
            Self::ReplayUnusable => Code::COUNTER_REPLAY_UNUSABLE,
            Self::PortraitUnwritable => Code::COUNTER_PORTRAIT_UNWRITABLE,
            Self::IdentityUnusable | Self::NoAnswerHost => Code::COUNTER_IDENTITY_UNUSABLE,
            Self::AskNotAllowed => Code::COUNTER_ASK_NOT_ALLOWED,
            Self::PictureUnwritable => Code::INTERNAL,
            Self::NotServing => Code::COUNTER_NOT_SERVING,
        }
    }
    /// A short name for JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InputUnreadable => "input_unreadable",
            Self::InputEmpty => "input_empty",
            Self::InputUnknown => "input_unknown",
            Self::InputTooLarge => "input_too_large",
            Self::PictureDamaged => "picture_damaged",
            Self::PictureTooHard => "picture_too_hard",
            Self::NoSymbol => "no_symbol",
            Self::SeveralProofs => "several_proofs",
            Self::TrustUnusable => "trust_unusable",
            Self::TrustOlder => "trust_older",
            Self::StatusUnusable => "status_unusable",
            Self::ReplayUnusable => "replay_unusable",
            Self::PortraitUnwritable => "portrait_unwritable",
            Self::IdentityUnusable => "identity_unusable",
            Self::AskNotAllowed => "ask_not_allowed",
            Self::NoAnswerHost => "no_answer_host",
            Self::PictureUnwritable => "picture_unwritable",
            Self::NotServing => "not_serving",
        }
    }
}
