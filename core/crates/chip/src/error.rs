use eid_crypto::CryptoError;
use eid_model::Code;

/// Why a chip could not be read or was not believed. Never carries what a chip or a citizen said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChipError {
    /// The chip refuses the card access number. How many tries are left is unknown: a chip that blocks says nothing.
    #[error("card access number refused")]
    WrongCan,
    /// The chip refuses document number, birth date and expiry date.
    #[error("machine-readable zone refused")]
    WrongMrz,
    /// A card access number is not six digits, or the fields of an MRZ have not their form.
    #[error("access data has the wrong form")]
    AccessDataInvalid,
    /// Neither PACE nor BAC was accepted, for another reason than wrong access data.
    #[error("access refused")]
    AccessRefused,
    /// The link to the chip was lost and not found again.
    #[error("link lost")]
    LinkLost,
    /// An answer breaks the rules of its encoding or of the protocol.
    #[error("chip answer is malformed")]
    Malformed,
    /// A secured answer has a wrong checksum or is not secured at all.
    #[error("secured channel is broken")]
    ChannelBroken,
    /// The chip does not prove that it holds the private key of its DG14 (Chip Authentication) or of EF.CardSecurity (PACE-CAM).
    #[error("chip authentication failed")]
    ChipAuthenticationFailed,
    /// The signature over the challenge is not made by the key of DG15.
    #[error("active authentication failed")]
    ActiveAuthenticationFailed,
    /// After a lost link another chip answers.
    #[error("another chip")]
    ChipChanged,
    /// The chip asks for an algorithm, curve or format that this build does not know or does not accept.
    #[error("unsupported algorithm or format")]
    Unsupported,
    /// The phone's reader cannot carry messages as long as this chip needs.
    #[error("reader takes too short messages")]
    ReaderTooShort,
    /// A file that every document has is missing or cannot be read.
    #[error("file refused")]
    FileRefused,
    /// A file says that it is longer than its kind can be.
    #[error("file too large")]
    FileTooLarge,
    /// The caller broke the order of the calls: a defect of ours.
    #[error("call out of order")]
    OutOfOrder,
    /// Randomness failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl ChipError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::WrongCan => Code::CHIP_WRONG_CAN,
            Self::WrongMrz => Code::CHIP_WRONG_MRZ,
            Self::AccessDataInvalid => Code::CHIP_ACCESS_DATA_INVALID,
            Self::AccessRefused => Code::CHIP_ACCESS_REFUSED,
            Self::LinkLost => Code::CHIP_LINK_LOST,
            Self::Malformed => Code::CHIP_MALFORMED,
            Self::ChannelBroken => Code::CHIP_CHANNEL_BROKEN,
            Self::ChipAuthenticationFailed => Code::CHIP_AUTHENTICATION_FAILED,
            Self::ActiveAuthenticationFailed => Code::CHIP_ACTIVE_AUTHENTICATION_FAILED,
            Self::ChipChanged => Code::CHIP_CHANGED,
            Self::Unsupported => Code::CHIP_UNSUPPORTED,
            Self::ReaderTooShort => Code::CHIP_READER_TOO_SHORT,
            Self::FileRefused => Code::CHIP_FILE_REFUSED,
            Self::FileTooLarge => Code::CHIP_FILE_TOO_LARGE,
            Self::OutOfOrder => Code::INTERNAL,
            Self::Crypto(error) => error.code(),
        }
    }
}
