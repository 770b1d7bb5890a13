use eid_crypto::CryptoError;
use eid_model::Code;

use crate::{
    lds::{DataGroup, LdsFile},
    mrz::MrzField,
};

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
    /// A machine-readable zone has a field of the wrong form.
    #[error("machine-readable zone: {0:?} has the wrong form")]
    MrzMalformed(MrzField),
    /// A machine-readable zone has a wrong check digit.
    #[error("machine-readable zone: check digit of {0:?} is wrong")]
    MrzCheckDigit(MrzField),
    /// A text is not the QR code of an identity card.
    #[error("not the QR code of an identity card")]
    CardQrFormat,
    /// A file is not what it should be, or exceeds a bound.
    #[error("{0:?} is malformed")]
    FileMalformed(LdsFile),
    /// A picture is of a kind that this build does not read.
    #[error("picture of unknown kind")]
    ImageUnsupported,
    /// A picture has more pixels or bytes than a portrait may have.
    #[error("picture too large")]
    ImageTooLarge,
    /// A picture does not decode.
    #[error("picture is damaged")]
    ImageDamaged,
    /// No trusted state certificate signed the certificate of the document's signer.
    #[error("unknown state certificate")]
    CscaUnknown,
    /// The document signer's certificate is not valid at the given time.
    #[error("document signer's certificate is not valid now")]
    SignerExpired,
    /// The state's certificate is not valid at the given time.
    #[error("state certificate is not valid now")]
    CscaExpired,
    /// The document signer's or the state's certificate was taken back.
    #[error("certificate was revoked")]
    SignerRevoked,
    /// A certificate is used for something that it is not made for.
    #[error("certificate is not for this use")]
    CertificateMisused,
    /// A signature does not verify.
    #[error("signature of {0:?} is wrong")]
    SignatureWrong(LdsFile),
    /// A file is not the one that the state signed.
    #[error("hash of {0:?} is wrong")]
    FileChanged(DataGroup),
    /// The state signed no hash for a file that is there.
    #[error("{0:?} is not signed")]
    FileNotSigned(DataGroup),
    /// An algorithm or key is too weak to be believed.
    #[error("algorithm or key is too weak")]
    AlgorithmWeak,
    /// A signature, hash or curve is not one that this build knows.
    #[error("unknown algorithm")]
    AlgorithmUnknown,
    /// A list of trusted certificates is not signed by anyone trusted, is outdated, or older than the one in use.
    #[error("trust list is not acceptable")]
    TrustListRefused,
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
            Self::MrzMalformed(_) => Code::MRZ_MALFORMED,
            Self::MrzCheckDigit(_) => Code::MRZ_CHECK_DIGIT,
            Self::CardQrFormat => Code::CARD_QR_FORMAT,
            Self::FileMalformed(LdsFile::TrustList | LdsFile::MasterList | LdsFile::RevocationList)
            | Self::SignatureWrong(LdsFile::TrustList | LdsFile::MasterList | LdsFile::RevocationList)
            | Self::TrustListRefused => Code::CHIP_TRUST_LIST_REFUSED,
            Self::FileMalformed(_) => Code::CHIP_FILE_MALFORMED,
            Self::ImageUnsupported => Code::CHIP_IMAGE_UNSUPPORTED,
            Self::ImageTooLarge => Code::CHIP_IMAGE_TOO_LARGE,
            Self::ImageDamaged => Code::CHIP_IMAGE_DAMAGED,
            Self::CscaUnknown => Code::CHIP_CSCA_UNKNOWN,
            Self::SignerExpired => Code::CHIP_SIGNER_EXPIRED,
            Self::CscaExpired => Code::CHIP_CSCA_EXPIRED,
            Self::SignerRevoked => Code::CHIP_SIGNER_REVOKED,
            Self::CertificateMisused => Code::CHIP_CERTIFICATE_MISUSED,
            Self::SignatureWrong(_) => Code::CHIP_SIGNATURE_WRONG,
            Self::FileChanged(_) => Code::CHIP_FILE_CHANGED,
            Self::FileNotSigned(_) => Code::CHIP_FILE_NOT_SIGNED,
            Self::AlgorithmWeak => Code::CHIP_ALGORITHM_WEAK,
            Self::AlgorithmUnknown => Code::CHIP_ALGORITHM_UNKNOWN,
            Self::OutOfOrder => Code::INTERNAL,
            Self::Crypto(error) => error.code(),
        }
    }

    /// The same reason with the file named, where it was only known that something is malformed.
    pub(crate) fn in_file(self, file: LdsFile) -> Self {
        if self == Self::Malformed { Self::FileMalformed(file) } else { self }
    }
}
