use eid_model::Code;

/// Why a cryptographic operation failed. Deliberately coarse: nothing leaks by variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The tag of a sealed value does not fit key, place and bytes.
    #[error("sealed data does not open")]
    Damaged,
    /// A sealed value has a version or algorithm that this build does not know.
    #[error("sealed data has an unknown format")]
    UnknownFormat,
    /// Key bytes have the wrong length or are no point of the curve.
    #[error("malformed key")]
    KeyMalformed,
    /// A signature does not verify.
    #[error("signature does not verify")]
    SignatureInvalid,
    /// The system gave no random bytes.
    #[error("no random bytes")]
    RandomUnavailable,
    /// No key is in that slot.
    #[error("key slot is empty")]
    SlotEmpty,
    /// Argon2 could not run with these parameters, or memory ran out.
    #[error("key derivation could not run")]
    KdfUnavailable,
    /// A passcode is not six ASCII digits.
    #[error("passcode has the wrong form")]
    PasscodeFormat,
    /// A passcode is a run, one digit, or part of the holder's own data.
    #[error("passcode is too easy to guess")]
    PasscodeWeak,
}

impl CryptoError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Damaged => Code::SEALED_DATA_DAMAGED,
            Self::UnknownFormat => Code::SEALED_FORMAT_UNKNOWN,
            Self::KeyMalformed => Code::KEY_MALFORMED,
            Self::SignatureInvalid => Code::SIGNATURE_INVALID,
            Self::RandomUnavailable => Code::RANDOM_UNAVAILABLE,
            Self::SlotEmpty => Code::KEY_SLOT_EMPTY,
            Self::KdfUnavailable => Code::KDF_UNAVAILABLE,
            Self::PasscodeFormat => Code::PASSCODE_FORMAT,
            Self::PasscodeWeak => Code::PASSCODE_WEAK,
        }
    }
}
