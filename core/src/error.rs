use eid_chip::{ChipError, judge::Objection};
use eid_crypto::CryptoError;
use eid_evidence::EvidenceError;
use eid_model::{AccountState, Code, CodeInfo, Kind, ModelError};
use eid_platform::PlatformError;
use eid_proof::ProofError;
use eid_record::RecordError;
use eid_vault::VaultError;

use crate::ports::{ChipLinkError, ClockError, SecureKeyError};

/// Why an act of the citizen did not succeed. [`Self::code`] gives the stable number; its table says what to do now.
///
/// No variant holds text or personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This phone has not been activated.
    #[error("not activated")]
    NotActivated,
    /// The account may not be used: it is locked or closed, the holder's card has expired, or another phone has it. What this phone
    /// holds stays sealed, and is not lost.
    #[error("account is {0:?}")]
    AccountStopped(AccountState),
    /// The platform's share does not open this phone's store: it is not the one that was left there.
    #[error("recovery share is wrong")]
    RecoveryShareWrong,
    /// There is nothing on this phone with which a forgotten passcode could be replaced.
    #[error("no recovery on this phone")]
    RecoveryMissing,
    /// This phone is activated already.
    #[error("already activated")]
    AlreadyActivated,
    /// The app is locked: by the citizen, by time without use, or in the background.
    #[error("locked")]
    Locked,
    /// The configuration that the shell gave cannot be used.
    #[error("configuration is unusable")]
    ConfigInvalid,
    /// The passcode was wrong.
    #[error("wrong passcode, {wrong_tries} in a row")]
    PasscodeWrong {
        /// Wrong tries in a row, this one included.
        wrong_tries: u8,
        /// Seconds until the next try is taken.
        wait_s: u64,
    },
    /// No passcode is taken yet.
    #[error("no passcode is taken for {wait_s} s")]
    PasscodeWait {
        /// Seconds until the next try is taken.
        wait_s: u64,
    },
    /// Ten wrong passcodes: its hardware keys are destroyed.
    #[error("passcode is destroyed")]
    PasscodeDestroyed,
    /// The record of passcode tries was lost; one try is left, later.
    #[error("record of tries was lost, no passcode is taken for {wait_s} s")]
    TriesLost {
        /// Seconds until the next try is taken.
        wait_s: u64,
    },
    /// The faces or fingers enrolled in the phone have changed since biometrics were turned on.
    #[error("enrolled biometrics have changed")]
    BiometricsChanged,
    /// Unlocking with biometrics is not turned on.
    #[error("biometrics are off")]
    BiometricsOff,
    /// No unused credential of this purpose is left.
    #[error("credentials are used up")]
    CredentialsUsedUp,
    /// All credentials of this purpose have expired.
    #[error("credentials have expired")]
    CredentialsExpired,
    /// This phone has no credential of this purpose, and the platform issues none.
    #[error("no credential of this purpose")]
    PurposeUnknown,
    /// The level-2 grant has expired.
    #[error("grant has expired")]
    GrantExpired,
    /// The activation that was under way does not open any more: damaged, or of another phone.
    #[error("unfinished activation is lost")]
    ActivationLost,
    /// Another activation was begun on this phone since.
    #[error("another activation was begun")]
    ActivationReplaced,
    /// This step of the activation is not due yet.
    #[error("step is not due")]
    StepNotDue,
    /// What was captured is no picture of a face that the platform takes.
    #[error("picture is unusable")]
    FaceUnusable,
    /// The act is done, too old, given up or replaced by another.
    #[error("act is over")]
    ActOver,
    /// The citizen has to sign in for this, or anew.
    #[error("sign-in needed")]
    SignInNeeded,
    /// This phone was activated before there was a passcode key: the platform takes no instruction from it.
    #[error("no passcode key")]
    PasscodeKeyMissing,
    /// A term is outside what can be chosen.
    #[error("term is out of range")]
    TermInvalid,
    /// What was agreed to is not what was shown, or not what the purpose needs.
    #[error("consent is not what was shown")]
    ConsentNotAsShown,
    /// The citizen was not told that data are sensitive.
    #[error("sensitive data was not pointed out")]
    ConsentSensitiveUnconfirmed,
    /// The purpose's text was replaced since it was shown.
    #[error("text of the consent has changed")]
    ConsentTextChanged,
    /// There is no such consent.
    #[error("no such consent")]
    ConsentUnknown,
    /// There is no such purpose to agree to.
    #[error("no such purpose of consent")]
    ConsentPurposeUnknown,
    /// There is no such request.
    #[error("no such request")]
    DataRequestUnknown,
    /// The request was sent and is no draft any more.
    #[error("request was sent")]
    DataRequestSent,
    /// This phone has no such record.
    #[error("no such record")]
    RecordUnknown,
    /// There is no such change of a record.
    #[error("no such update")]
    UpdateUnknown,
    /// Nothing more can be kept until something is settled.
    #[error("list is full")]
    ListFull,
    /// More was to be shown than a counter asked for.
    #[error("answer goes beyond the request")]
    AnswerBeyondRequest,
    /// An answer that was sent to a counter did not arrive, or was not taken.
    #[error("answer was not delivered")]
    AnswerNotDelivered,
    /// A task of ours broke off.
    #[error("internal fault")]
    Internal,
    /// What was typed does not have its form.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The store refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The platform refused or could not be reached.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A credential or proof is not as it must be.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A record or a change of one is not as it must be.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file cannot be evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The key hardware did not do it.
    #[error(transparent)]
    Key(#[from] SecureKeyError),
    /// The card could not be read, or is not genuine.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// The card is not the one that was asked for.
    #[error(transparent)]
    Card(#[from] Objection),
    /// The phone's reader did not do it.
    #[error(transparent)]
    ChipLink(#[from] ChipLinkError),
    /// The phone does not tell the time.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The cryptographic layer refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::NotActivated => Code::NOT_ACTIVATED,
            Self::AlreadyActivated => Code::ALREADY_ACTIVATED,
            Self::AccountStopped(state) => match state {
                AccountState::Active => Code::INTERNAL,
                AccountState::SelfLocked => Code::ACCOUNT_SELF_LOCKED_HERE,
                AccountState::Locked => Code::ACCOUNT_LOCKED_HERE,
                AccountState::CardExpired => Code::ACCOUNT_CARD_EXPIRED_HERE,
                AccountState::Closed => Code::ACCOUNT_CLOSED_HERE,
                AccountState::Superseded => Code::ACCOUNT_MOVED,
            },
            Self::RecoveryShareWrong => Code::RECOVERY_SHARE_WRONG,
            Self::RecoveryMissing => Code::RECOVERY_MISSING,
            Self::Locked => Code::KEY_SLOT_EMPTY,
            Self::ConfigInvalid => Code::CONFIG_INVALID,
            Self::PasscodeWrong { .. } => Code::PASSCODE_WRONG,
            Self::PasscodeWait { .. } => Code::PASSCODE_WAIT,
            Self::PasscodeDestroyed => Code::PASSCODE_DESTROYED,
            Self::TriesLost { .. } => Code::TRIES_LOST,
            Self::BiometricsChanged => Code::BIOMETRICS_CHANGED,
            Self::BiometricsOff => Code::BIOMETRICS_OFF,
            Self::CredentialsUsedUp => Code::CREDENTIALS_USED_UP,
            Self::CredentialsExpired => Code::CREDENTIAL_EXPIRED,
            Self::PurposeUnknown => Code::PURPOSE_UNKNOWN,
            Self::GrantExpired => Code::GRANT_EXPIRED,
            Self::ActivationLost => Code::ACTIVATION_LOST,
            Self::ActivationReplaced => Code::ACTIVATION_REPLACED,
            Self::StepNotDue => Code::STEP_OUT_OF_ORDER,
            Self::FaceUnusable => Code::FACE_UNUSABLE,
            Self::ActOver => Code::ACT_OVER,
            Self::SignInNeeded => Code::AUTH_LEVEL_TOO_LOW,
            Self::PasscodeKeyMissing => Code::PASSCODE_KEY_MISSING,
            Self::TermInvalid => Code::TERM_INVALID,
            Self::ConsentNotAsShown => Code::CONSENT_NOT_AS_SHOWN,
            Self::ConsentSensitiveUnconfirmed => Code::CONSENT_SENSITIVE_UNCONFIRMED,
            Self::ConsentTextChanged => Code::CONSENT_TEXT_CHANGED,
            Self::ConsentUnknown => Code::CONSENT_UNKNOWN,
            Self::ConsentPurposeUnknown => Code::CONSENT_PURPOSE_UNKNOWN,
            Self::DataRequestUnknown => Code::DATA_REQUEST_UNKNOWN,
            Self::DataRequestSent => Code::DATA_REQUEST_SENT,
            Self::RecordUnknown => Code::RECORD_UNKNOWN,
            Self::UpdateUnknown => Code::UPDATE_UNKNOWN,
            Self::ListFull => Code::LIST_FULL,
            Self::AnswerBeyondRequest => Code::ANSWER_BEYOND_REQUEST,
            Self::AnswerNotDelivered => Code::ANSWER_NOT_DELIVERED,
            Self::Internal => Code::INTERNAL,
            Self::Model(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Platform(error) => error.code(),
            Self::Proof(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::Evidence(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Chip(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::ChipLink(error) => error.code(),
            Self::Clock(error) => error.code(),
            Self::Crypto(error) => error.code(),
        }
    }

    /// What a screen can do about it.
    pub fn kind(&self) -> Kind {
        self.code().info().kind
    }

    /// The row of the code table: remedy in Vietnamese and English.
    pub fn info(&self) -> &'static CodeInfo {
        self.code().info()
    }
}
