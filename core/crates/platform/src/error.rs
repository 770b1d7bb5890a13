use core::time::Duration;

use eid_crypto::CryptoError;
use eid_model::Code;

use crate::retry::Class;

/// Why a call of the platform did not give what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The platform's address is no bare `https` origin, or a CA certificate does not parse.
    #[error("platform settings are unusable")]
    ConfigInvalid,
    /// No connection came about: the platform did not get the request.
    #[error("platform cannot be reached")]
    Unreachable,
    /// The connection broke before the answer was complete: the platform may have acted on the request.
    #[error("connection broke off")]
    Interrupted,
    /// The answer did not come in time: the platform may have acted on the request.
    #[error("no answer in time")]
    Timeout,
    /// The other side did not prove to be the platform (TLS).
    #[error("other side is not the platform")]
    Untrusted,
    /// The platform, or a gateway before it, asks to come back later.
    #[error("platform asks to come back later")]
    Busy {
        /// [`Code::TOO_MANY_REQUESTS`] when this phone asked too often, else [`Code::PLATFORM_BUSY`].
        code: Code,
        /// How long to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// The platform refused and said why.
    #[error("platform refused ({code})")]
    Refused {
        /// The reason; [`Code::PLATFORM_REFUSED`] when this version does not know it.
        code: Code,
        /// Tries that are left, where the platform counts them.
        tries_left: Option<u8>,
        /// How long to wait, where that helps.
        retry_after: Option<Duration>,
    },
    /// The answer is not one of the protocol.
    #[error("platform's answer makes no sense: {0}")]
    Nonsense(Flaw),
    /// The level-2 grant must not be used.
    #[error("grant is not valid: {0}")]
    GrantInvalid(Flaw),
    /// The level-2 grant was good once.
    #[error("grant has expired")]
    GrantExpired,
    /// The signed configuration must not be used.
    #[error("configuration is not valid: {0}")]
    ConfigurationInvalid(Flaw),
    /// The signed configuration was good once.
    #[error("configuration has expired")]
    ConfigurationExpired,
    /// The signed configuration does not follow the one that is held: of a lower version, or for another platform.
    #[error("configuration is older than the one held")]
    ConfigurationOlder,
    /// What was typed as the one-time code is not six digits.
    #[error("one-time code has the wrong form")]
    OneTimeCodeFormat,
    /// What was typed as a voucher is not twelve characters of its alphabet.
    #[error("voucher has the wrong form")]
    VoucherFormat,
    /// What was typed as the lock code is not 18 characters of its alphabet.
    #[error("lock code has the wrong form")]
    LockCodeFormat,
    /// The phone's key did not sign; the code is the key hardware's own reason.
    #[error("key did not sign ({0})")]
    Signer(Code),
    /// A cryptographic operation of ours failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What is wrong with an answer or a token. For tests and reports; the citizen sees the error's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A redirect; they are never followed.
    #[error("redirect")]
    Redirect,
    /// A status that this call does not have.
    #[error("status")]
    Status,
    /// Another media type than the call's.
    #[error("media type")]
    MediaType,
    /// More bytes than [`crate::MAX_ANSWER`], or than [`crate::jws::MAX_TOKEN`] or [`crate::MAX_CONFIGURATION`] for a token.
    #[error("too large")]
    TooLarge,
    /// No JSON, or a field that is missing, doubled, of the wrong type or out of bounds.
    #[error("shape")]
    Shape,
    /// Not as many credentials as proofs, or a list that is too long.
    #[error("count")]
    Count,
    /// Names another issuer than the one expected.
    #[error("issuer")]
    Issuer,
    /// No compact ES256 JWS.
    #[error("token form")]
    TokenForm,
    /// A JWS of another `typ`.
    #[error("token type")]
    TokenType,
    /// The signature does not verify.
    #[error("token signature")]
    Signature,
    /// Issued in the future, or expires before it was issued.
    #[error("time")]
    Time,
    /// Not a grant of level 2.
    #[error("level")]
    Level,
    /// Bound to another device key.
    #[error("device key")]
    DeviceKey,
    /// Said by an authority that keeps no such records, or whose keys are not known.
    #[error("authority")]
    Authority,
    /// About another person, or about something else than what was asked.
    #[error("subject")]
    Subject,
}

impl PlatformError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::ConfigInvalid => Code::CONFIG_INVALID,
            Self::Unreachable => Code::NETWORK_UNREACHABLE,
            Self::Interrupted => Code::NETWORK_INTERRUPTED,
            Self::Timeout => Code::NETWORK_TIMEOUT,
            Self::Untrusted => Code::PLATFORM_UNTRUSTED,
            Self::Busy { code, .. } | Self::Refused { code, .. } | Self::Signer(code) => *code,
            Self::Nonsense(_) => Code::PLATFORM_NONSENSE,
            Self::GrantInvalid(_) => Code::GRANT_INVALID,
            Self::GrantExpired => Code::GRANT_EXPIRED,
            Self::ConfigurationInvalid(_) => Code::CONFIGURATION_INVALID,
            Self::ConfigurationExpired => Code::CONFIGURATION_EXPIRED,
            Self::ConfigurationOlder => Code::CONFIGURATION_OLDER,
            Self::OneTimeCodeFormat => Code::CODE_WRONG,
            Self::VoucherFormat => Code::VOUCHER_WRONG,
            Self::LockCodeFormat => Code::LOCK_CODE_WRONG,
            Self::Crypto(error) => error.code(),
        }
    }

    /// What a repeat could change, for [`crate::retry::Policy`].
    pub fn retry_class(&self) -> Class {
        match self {
            Self::Unreachable | Self::Interrupted | Self::Timeout => Class::Transient,
            // A phone that asked too often must not ask more often.
            Self::Busy { code, retry_after: None } if *code == Code::TOO_MANY_REQUESTS => Class::Final,
            Self::Busy { retry_after, .. } => Class::Busy { retry_after: *retry_after },
            _ => Class::Final,
        }
    }
}
