use eid_crypto::CryptoError;
use eid_model::Code;

/// Why something could not be issued, held, or imported. A proof that is *verified* ends in a [`crate::Verdict`] instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A claim value does not have the form that the wire format gives it, or a claim that the purpose needs is absent.
    #[error("claim {} does not fit", .0.number())]
    ClaimInvalid(crate::Claim),
    /// A credential is malformed, wrongly signed, or for another key.
    #[error("credential is not valid")]
    CredentialInvalid,
    /// A credential's validity has ended.
    #[error("credential has expired")]
    CredentialExpired,
    /// An audience or challenge does not have its form.
    #[error("audience or challenge does not fit")]
    AudienceInvalid,
    /// The text does not fit a QR code of version 25-L.
    #[error("too much for one QR code")]
    QrTooLarge,
    /// A trust list is malformed, too large, or not signed by a known root.
    #[error("trust list is not valid")]
    TrustListInvalid,
    /// A status list is malformed, too large, or not signed by a trusted status key.
    #[error("status list is not valid")]
    StatusListInvalid,
    /// A draft of ours exceeds a limit of the format, such as a life longer than 31 days.
    #[error("draft exceeds a limit of the format")]
    DraftInvalid,
    /// What was scanned is no counter's code, or breaks its format.
    #[error("no counter's code")]
    CounterCodeUnreadable,
    /// No registrar of the trust list vouches for the counter.
    #[error("counter is not registered")]
    CounterUnregistered,
    /// The counter's registration is not valid yet, or has ended.
    #[error("counter's registration has ended")]
    RegistrationEnded,
    /// The counter's registration was withdrawn or suspended.
    #[error("counter was withdrawn")]
    CounterWithdrawn,
    /// The request is not signed by the registered counter.
    #[error("request is forged")]
    RequestForged,
    /// The request is too old, or from the future.
    #[error("request is stale")]
    RequestStale,
    /// The counter asks for what its registration does not allow.
    #[error("request is not allowed")]
    RequestNotAllowed,
    /// Signing or randomness failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl ProofError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::ClaimInvalid(_) => Code::CLAIM_INVALID,
            Self::CredentialInvalid => Code::CREDENTIAL_INVALID,
            Self::CredentialExpired => Code::CREDENTIAL_EXPIRED,
            Self::AudienceInvalid => Code::AUDIENCE_INVALID,
            Self::QrTooLarge => Code::QR_TOO_LARGE,
            Self::TrustListInvalid => Code::TRUST_LIST_INVALID,
            Self::StatusListInvalid => Code::STATUS_LIST_INVALID,
            Self::DraftInvalid => Code::INTERNAL,
            Self::CounterCodeUnreadable => Code::COUNTER_CODE_UNREADABLE,
            Self::CounterUnregistered => Code::COUNTER_NOT_REGISTERED,
            Self::RegistrationEnded => Code::COUNTER_REGISTRATION_ENDED,
            Self::CounterWithdrawn => Code::COUNTER_WITHDRAWN,
            Self::RequestForged => Code::REQUEST_FORGED,
            Self::RequestStale => Code::REQUEST_STALE,
            Self::RequestNotAllowed => Code::REQUEST_NOT_ALLOWED,
            Self::Crypto(error) => error.code(),
        }
    }
}

/// Bytes break a rule of the format. Which one does not matter to anybody who gets it: the answer is Q04.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;
